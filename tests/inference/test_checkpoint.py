"""Loading: a checkpoint that is not whole, or not ours, is refused with the reason and the remedy."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from valetts_hf import ValeTTSConfig, ValeTTSForSpeech
from valetts_hf.inference import CheckpointError, ValeTTS


@pytest.fixture
def checkpoint(tiny_checkpoint, tmp_path):
    """A copy to break."""
    return shutil.copytree(tiny_checkpoint, tmp_path / "voice model")


def refused(source, message: str, **options) -> None:
    with pytest.raises(CheckpointError, match=message):
        ValeTTS.from_pretrained(source, device="cpu", **options)


def test_loads_from_a_folder_with_a_space(checkpoint):
    tts = ValeTTS.from_pretrained(checkpoint, device="cpu")
    assert tts("Yes.", seed=0).duration > 0


def test_bundled_checkpoint_is_the_default(base_checkpoint):
    tts = ValeTTS.from_pretrained(device="cpu")
    assert str(base_checkpoint) in repr(tts)
    assert tts("Yes.", language="en", seed=0).duration > 0.05


def test_missing_folders(tmp_path):
    refused(tmp_path / "nowhere", "no checkpoint folder .*nowhere.*check the path")
    refused("./nowhere", "no checkpoint folder './nowhere'")
    refused("~/nowhere/at/all", "no checkpoint folder")
    refused(tmp_path, "holds no config.json")


def test_a_file_is_no_checkpoint(checkpoint):
    refused(checkpoint / "model.safetensors", "is a file; give the folder")


def test_another_model_type(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**config, "model_type": "vits"}))
    refused(checkpoint, "model of type 'vits', not 'valetts'")
    (checkpoint / "config.json").write_text("{}")
    refused(checkpoint, "model of type None, not 'valetts'")


def test_broken_config(checkpoint):
    (checkpoint / "config.json").write_text('{"model_type": ')
    refused(checkpoint, "config.json cannot be read.*Copy or download")
    (checkpoint / "config.json").write_text("[1, 2]")
    refused(checkpoint, "config.json cannot be read: it is no JSON object")


def test_impossible_config(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**config, "sampling_rate": -1}))
    refused(checkpoint, "config.json of .* is not valid: .*sampling_rate must be greater than 0")


def test_truncated_weights(checkpoint):
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    refused(checkpoint, "weights of .* cannot be loaded: .*Copy or download")
    weights.write_bytes(b"")
    refused(checkpoint, "cannot be loaded")


def test_weights_that_are_not_there(checkpoint):
    (checkpoint / "model.safetensors").rename(checkpoint / "model.bin")
    refused(checkpoint, "holds no weights")


def test_incomplete_weights(checkpoint, capfd):
    tensors = load_file(checkpoint / "model.safetensors")
    name = next(key for key in tensors if key.startswith("decoder."))
    del tensors[name]
    save_file(tensors, checkpoint / "model.safetensors", {"format": "pt"})
    refused(checkpoint, f"1 are missing, for example '{name}'")
    assert "LOAD REPORT" not in capfd.readouterr().err  # one error, no table before it


def test_weights_of_another_size(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    config["decoder"]["hidden_size"] = 24
    (checkpoint / "config.json").write_text(json.dumps(config))
    refused(checkpoint, r"do not fit its config.json: \d+ differ in shape, for example 'decoder.* should be")


def test_processor_files_are_missing(checkpoint):
    for path in checkpoint.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    refused(checkpoint, "text or audio settings of .* cannot be loaded")


def test_unreachable_repository(monkeypatch, tmp_path):
    refused(
        "nobody/nothing-of-this-name", "neither a folder here nor reachable", local_files_only=True, cache_dir=tmp_path
    )
    refused("not a name at all!", "neither a folder here nor reachable", cache_dir=tmp_path)


def test_devices_types_and_threads(tiny_checkpoint):
    for arguments, message in (
        ({"device": "toaster"}, "device 'toaster' cannot be used here.*use 'cpu'"),
        ({"device": "cuda:99"}, r"device 'cuda:99' cannot be used here \(torch finds cpu \(1\)"),
        ({"device": "hpu"}, "device 'hpu' cannot be used here"),
        ({"device": "meta"}, "device 'meta' cannot be used here"),
        ({"device": 3.5}, "device 3.5 cannot be used here"),
        ({"dtype": "int8"}, "dtype must be one of float32, bfloat16, float16.*got 'int8'"),
        ({"num_threads": 0}, "num_threads must be 1 or more"),
    ):
        with pytest.raises(ValueError, match=message):
            ValeTTS.from_pretrained(tiny_checkpoint, **arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'devise'"):
        ValeTTS.from_pretrained(tiny_checkpoint, devise="cpu")


def test_a_checkpoint_speaks_with_the_decoder_asked_for(checkpoint):
    from tests.modeling.test_decoders import TINY_BIGVGAN

    own = ValeTTSForSpeech.from_pretrained(checkpoint).config.to_dict()
    other = ValeTTSForSpeech(ValeTTSConfig.from_dict({**own, "decoder": TINY_BIGVGAN}))
    refused(checkpoint, "the 'bigvgan' decoder cannot be used: .*carries no 'bigvgan' decoder", decoder="bigvgan")
    other.save_decoder(checkpoint)

    def loaded(**options) -> ValeTTS:
        return ValeTTS.from_pretrained(checkpoint, device="cpu", **options)

    plain, same, exchanged = loaded(), loaded(decoder="istft"), loaded(decoder="bigvgan")
    assert [tts.model.config.decoder.type for tts in (plain, same, exchanged)] == ["istft", "istft", "bigvgan"]
    speeches = [tts("Good morning.", seed=0) for tts in (plain, same, exchanged)]
    assert (speeches[0].waveform == speeches[1].waveform).all()
    assert [word.text for word in speeches[2].words] == ["Good", "morning."] and speeches[2].duration > 0
    assert loaded(decoder="bigvgan", dtype="float16").model.decoder.style.weight.dtype == torch.float16
    weights = checkpoint / "decoder_bigvgan" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(checkpoint, "the 'bigvgan' decoder cannot be used: .*cannot be read", decoder="bigvgan")
    with pytest.raises(ValueError, match="decoder must be one of bigvgan, istft, got 'hifigan'"):
        loaded(decoder="hifigan")


def test_threads_are_set(tiny_checkpoint):
    before = torch.get_num_threads()
    try:
        ValeTTS.from_pretrained(tiny_checkpoint, device="cpu", num_threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16])
def test_half_precision_speaks(tiny_checkpoint, dtype):
    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu", dtype=dtype)
    assert tts.model.dtype == torch.bfloat16
    speech = tts("Good morning.", seed=0)
    assert speech.waveform.dtype == "float32" and abs(speech.waveform).max() > 0
