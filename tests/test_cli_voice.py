"""`valetts voice`: enrol, list, show, remove, export; questions that are asked, and refusals."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import voice_like
from valetts_hf import cli
from valetts_hf.voices.voice import Voice


@pytest.fixture
def valetts(tiny_checkpoint, tmp_path, monkeypatch):
    """Run a command line in an empty folder with the tiny checkpoint and an empty library; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))

    def run(*arguments: object, answer: str | None = None) -> int:
        stdin = io.StringIO("" if answer is None else answer + "\n")
        stdin.isatty = lambda: answer is not None
        monkeypatch.setattr(sys, "stdin", stdin)
        words = [str(argument) for argument in arguments]
        if words[0] in ("say", "voices") or words[1] in ("enroll", "list"):
            words += ["--model", str(tiny_checkpoint)]
        try:
            return cli.main(words)
        except SystemExit as leaving:
            return leaving.code

    return run


@pytest.fixture
def enrolled(valetts, voice_wav, capsys):
    assert valetts("voice", "enroll", "ana", voice_wav, "--consent", "Ana agreed", "-l", "pt-br") == 0
    capsys.readouterr()
    return valetts


def error_of(capsys) -> str:
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("valetts: error: "), line
    return line


def test_from_a_recording_to_speech(valetts, voice_wav, capsys):
    assert valetts("voice", "enroll", "ana", voice_wav, "--consent", "Ana agreed", "--source", "a test") == 0
    said = capsys.readouterr().err
    assert "made 'ana' of" in said and "valetts say TEXT --voice ana" in said
    assert valetts("voice", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["ada", "rui", "ana"] and rows[2]["description"] == "yours: a test"
    assert valetts("voices") == 0 and "ana" in capsys.readouterr().out
    assert valetts("say", "Good morning.", "--voice", "ana", "-o", "a.wav", "-q") == 0
    assert soundfile.info("a.wav").frames > 0
    assert valetts("voice", "show", "ana") == 0
    out = capsys.readouterr().out
    assert "consent: Ana agreed" in out and "adapter: none" in out and "speech_seconds: 6.0" in out
    assert valetts("voice", "show", "ana", "--json") == 0
    assert json.loads(capsys.readouterr().out)["source"] == "a test"


def test_consent_is_asked_for(valetts, voice_wav, capsys):
    assert valetts("voice", "enroll", "ana", voice_wav) == 2
    assert "no consent was given: say how the speaker agreed" in error_of(capsys)
    assert valetts("voice", "enroll", "ana", voice_wav, answer="  ") == 2
    assert "no consent was given, so no voice was made" in error_of(capsys)
    assert valetts("voice", "enroll", "ana", voice_wav, answer="my own voice") == 0
    assert "A voice belongs to a person" in capsys.readouterr().err
    assert Voice.from_pretrained(Path("home/voices/ana")).consent == "my own voice"


def test_names_that_are_taken(enrolled, voice_wav, capsys):
    assert enrolled("voice", "enroll", "ana", voice_wav, "--consent", "Ana agreed") == 2
    assert "add --overwrite" in error_of(capsys)
    assert enrolled("voice", "enroll", "ana", voice_wav, "--consent", "again", "--overwrite") == 0
    assert enrolled("voice", "enroll", "ada", voice_wav, "--consent", "Ana agreed") == 2
    assert "the checkpoint has a voice 'ada' itself" in error_of(capsys)
    assert enrolled("voice", "enroll", voice_wav.name, voice_wav, "--consent", "Ana agreed") == 2
    assert "looks like a recording: the name of the voice comes first" in error_of(capsys)
    assert enrolled("voice", "enroll", "a/b", voice_wav, "--consent", "Ana agreed") == 2
    assert "a voice's name" in error_of(capsys)


def test_poor_recordings(valetts, tmp_path, capsys):
    soundfile.write("short.wav", voice_like(2.0, 24000), 24000)
    assert valetts("voice", "enroll", "ana", "short.wav", "--consent", "mine") == 2
    assert "s of speech in 1 clip" in error_of(capsys) and not Path("home/voices/ana").exists()
    assert valetts("voice", "enroll", "ana", "short.wav", "--consent", "mine", "--accept-quality", "-o", "out") == 0
    assert "note: there are" in capsys.readouterr().err and Path("out/voice.json").is_file()
    assert valetts("voice", "enroll", "ana", "gone.wav", "--consent", "mine") == 2
    assert "there is no audio file" in error_of(capsys)


def test_removing(enrolled, capsys):
    assert enrolled("voice", "remove", "ana") == 2
    assert "add --yes" in error_of(capsys)
    assert enrolled("voice", "remove", "ana", answer="no") == 130 and Path("home/voices/ana").exists()
    assert enrolled("voice", "remove", "ana", answer="yes") == 0 and not Path("home/voices/ana").exists()
    assert enrolled("voice", "remove", "ana", "--yes") == 2
    assert "there is no voice 'ana'" in error_of(capsys)


def test_exporting(enrolled, capsys, monkeypatch):
    assert enrolled("voice", "export", "ana", "given/away") == 0
    style = Voice.from_pretrained(Path("given/away")).style
    np.testing.assert_array_equal(style, Voice.from_pretrained(Path("home/voices/ana")).style)
    assert enrolled("voice", "show", "given/away") == 0
    assert enrolled("voice", "export", "ana") == 2
    assert "say where to" in error_of(capsys)
    assert enrolled("voice", "export", "ana", "given/away") == 2
    assert "there is a voice in 'given/away' already" in error_of(capsys)
    assert enrolled("voice", "export", "ana", "given/away", "--overwrite") == 0
    assert enrolled("voice", "export", "ana", "x", "--hub", "o/n") == 2
    pushed = []
    monkeypatch.setattr(Voice, "push_to_hub", lambda voice, repo, private: pushed.append((repo, private)) or "address")
    assert enrolled("voice", "export", "ana", "--hub", "owner/ana", "--private") == 0
    assert pushed == [("owner/ana", True)] and "shared: address" in capsys.readouterr().err
    assert enrolled("voice", "show", "nobody") == 2
    assert "there is no voice 'nobody'" in error_of(capsys)


def test_voices_that_the_checkpoint_brings(valetts, capsys):
    assert valetts("voice", "show", "kathleen", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["language"] == "en-us" and facts["default_for"] == "en-us" and "bundled" in facts["base"]
    assert valetts("voice", "export", "kathleen", "away") == 2
    assert "is a voice of the checkpoint itself" in error_of(capsys) and not Path("away").exists()


def test_cache(valetts, tmp_path, capsys, monkeypatch, voice_wav):
    assert valetts("voice", "cache") == 0 and "switched off" in capsys.readouterr().err
    monkeypatch.setenv("VALETTS_CACHE", str(tmp_path / "cache"))
    assert valetts("voice", "enroll", "ana", voice_wav, "--consent", "mine") == 0
    assert valetts("voice", "cache") == 0 and ": 1 entries" in capsys.readouterr().out
    assert valetts("voice", "cache", "--clear") == 0 and "deleted 1 entries" in capsys.readouterr().err
