"""Every message in docs/troubleshooting.md is one that the program gives."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from tests.docs.blocks import read
from valetts_hf import ValeTTS, cli
from valetts_hf.inference.onnx_sessions import onnx_runtime
from valetts_hf.voices.library import VoiceLibrary


# The parts of each message that the page quotes, "..." between them.
ROWS = re.findall(r"^\| ((?:`[^`]+`|\.\.\.| )+) \|", read("docs/troubleshooting.md"), re.MULTILINE)
QUOTED = [re.findall(r"`([^`]+)`", row) for row in ROWS]


@pytest.fixture(scope="module")
def tts(tiny_checkpoint):
    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")


@pytest.fixture
def provoke(tts, tmp_path, monkeypatch):
    """Message -> what makes it appear."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    soundfile.write("silent.wav", np.zeros(240_000), 24_000)
    soundfile.write("noise.wav", np.random.default_rng(0).standard_normal(24_000) * 0.1, 24_000)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text('{"model_type": "valetts"}')

    def enroll(consent: str) -> None:
        tts.enroll("noise.wav", name="maria", consent=consent)

    def keep_twice() -> None:
        voice = tts.mix([("ada", 1.0)], name="maria")
        for _ in range(2):
            VoiceLibrary().save(voice)

    def without(module: str, call: Callable) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            call()

    return {
        "the text is empty": lambda: tts(""),
        "has nothing to read": lambda: tts("!!!", language="en"),
        "Cannot read": lambda: tts("東京", language="en"),
        "is not supported. Choose one of": lambda: tts("Hi", language="xx"),
        "must be between": lambda: tts("Hi", speaking_rate=9),
        "SSML, line": lambda: tts("<speak><b>Hi</b></speak>", ssml=True),
        "unknown voice": lambda: tts("Hi", voice="nobody"),
        "is silent": lambda: tts("Hi", voice="silent.wav"),
        "these recordings do not make a good voice": lambda: enroll("my own voice"),
        "no consent was given": lambda: enroll(""),
        "there is a voice": keep_twice,
        "unknown style": lambda: tts("Hi", style="clam"),
        "there is no checkpoint folder": lambda: ValeTTS.from_pretrained("./nowhere"),
        "holds no config.json, so it is no checkpoint": lambda: ValeTTS.from_pretrained("./empty"),
        "holds no weights": lambda: ValeTTS.from_pretrained("./bare"),
        "is neither a folder here nor reachable on the Hub": lambda: ValeTTS.from_pretrained(
            "owner/nothing", local_files_only=True
        ),
        "is not a known audio format": lambda: tts("Hi", seed=1).save("x.xyz"),
        "does not exist; create it first": lambda: tts("Hi", seed=1).save("no/x.wav"),
        "device 'cuda' cannot be used here": lambda: ValeTTS.from_pretrained(device="cuda"),
        "needs the training libraries": lambda: without(
            "valetts_hf.training.adaptation.adapt_voice", lambda: tts.adapt("noise.wav", name="x", consent="my own")
        ),
        "ONNX models need ONNX Runtime": lambda: without("onnxruntime", onnx_runtime),
        "can be reached from other machines, and there are no API keys": lambda: cli.main(
            ["serve", "--host", "0.0.0.0", "--port", "0"]
        ),
    }


def test_all_messages_are_tried(provoke):
    assert {quoted[0] for quoted in QUOTED} == set(provoke)


@pytest.mark.parametrize("quoted", QUOTED)
def test_message(quoted, provoke, capsys):
    said = ""
    try:
        provoke[quoted[0]]()
    except (ValueError, TypeError, OSError, ImportError, RuntimeError) as error:
        said = str(error)
    said = " ".join((said + capsys.readouterr().err).split())
    for part in quoted:
        assert part in said, said
