"""A saved checkpoint carries its code: it loads with `trust_remote_code=True` where the package is not installed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hub.loopback import run_python
from hub.speaking import SPEAK, TEXT
from transformers import AutoModelForTextToWaveform, AutoProcessor, pipeline

import valetts_hf


ROOMS = Path(valetts_hf.__file__).parent


def code_files(room: str) -> set[str]:
    return {path.name for path in (ROOMS / room).glob("*.py")} - {"__init__.py"}


def test_the_two_rooms_can_lie_in_one_folder():
    assert not code_files("modeling") & code_files("processing")


def test_saving_writes_code_and_auto_map(tiny_checkpoint):
    saved = {path.name for path in tiny_checkpoint.glob("*.py")}
    assert saved <= code_files("modeling") | code_files("processing")
    entries = {
        "configuration_valetts.py",
        "modeling_valetts.py",
        "tokenization_valetts.py",
        "feature_extraction_valetts.py",
        "processing_valetts.py",
    }
    assert entries <= saved
    config = json.loads((tiny_checkpoint / "config.json").read_text())
    assert config["auto_map"] == {
        "AutoConfig": "configuration_valetts.ValeTTSConfig",
        "AutoModel": "modeling_valetts.ValeTTSModel",
        "AutoModelForTextToWaveform": "modeling_valetts.ValeTTSForSpeech",
    }
    processor = json.loads((tiny_checkpoint / "processor_config.json").read_text())
    assert processor["auto_map"]["AutoProcessor"] == "processing_valetts.ValeTTSProcessor"
    extractor = processor["feature_extractor"]["auto_map"]
    assert extractor["AutoFeatureExtractor"] == "feature_extraction_valetts.ValeTTSFeatureExtractor"
    tokenizer = json.loads((tiny_checkpoint / "tokenizer_config.json").read_text())
    assert tokenizer["auto_map"]["AutoTokenizer"][0] == "tokenization_valetts.ValeTTSTokenizer"
    assert "auto_map" not in processor.get("voices", {})


def test_weights_are_safetensors_only(tiny_checkpoint):
    unsafe = [
        path.name for path in tiny_checkpoint.iterdir() if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
    ]
    assert (tiny_checkpoint / "model.safetensors").is_file() and not unsafe


def test_round_trip_is_bit_exact(tiny_checkpoint, tmp_path):
    first = AutoModelForTextToWaveform.from_pretrained(tiny_checkpoint)
    processor = AutoProcessor.from_pretrained(tiny_checkpoint)
    first.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    second = AutoModelForTextToWaveform.from_pretrained(tmp_path)
    assert first.state_dict().keys() == second.state_dict().keys()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert (tmp_path / "model.safetensors").read_bytes() == (tiny_checkpoint / "model.safetensors").read_bytes()
    inputs = processor(TEXT, return_tensors="pt")
    with torch.inference_mode():
        assert torch.equal(first(**inputs, seed=1).waveform, second(**inputs, seed=1).waveform)
    again = tmp_path / "again"
    second.save_pretrained(again)
    AutoProcessor.from_pretrained(tmp_path).save_pretrained(again)
    for name in ("config.json", "processor_config.json", "tokenizer_config.json"):
        assert (again / name).read_bytes() == (tmp_path / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_folder_speaks_without_the_package(tiny_checkpoint, tmp_path):
    model, out = str(tiny_checkpoint), str(tmp_path / "audio.npy")
    code = f"""
model, out = {model!r}, {out!r}
try:
    pipeline("text-to-speech", model=model)
except ValueError as error:
    assert "trust_remote_code=True" in str(error), error
else:
    raise AssertionError("code ran without being trusted")

tts = speak(model, out, trust_remote_code=True)

from transformers import AutoModel
assert type(AutoModel.from_pretrained(model, trust_remote_code=True)).__name__ == "ValeTTSModel"

# saving what was loaded keeps the code
again = pathlib.Path("again")
tts.model.save_pretrained(again)
tts.processor.save_pretrained(again)
first = {{path.name: path.read_bytes() for path in pathlib.Path(model).iterdir() if path.suffix in (".py", ".safetensors")}}
second = {{path.name: path.read_bytes() for path in again.iterdir() if path.suffix in (".py", ".safetensors")}}
assert first == second, [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)]
speak(str(again), out + ".again", trust_remote_code=True)
"""
    run_python(SPEAK + code, home=tmp_path / "home", package=False)
    expected = pipeline("text-to-speech", model=model)(TEXT, forward_params={"seed": 3})["audio"]
    np.testing.assert_allclose(np.load(out), expected, atol=1e-5)
    np.testing.assert_array_equal(np.load(out), np.load(out + ".again.npy"))
