"""`valetts say --timestamps` and `--pauses`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from valetts_hf import cli


@pytest.fixture
def say(tiny_checkpoint, tmp_path, monkeypatch):
    """Run `valetts say` in an empty folder with the tiny checkpoint; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: cli.main(["say", *words, "--model", str(tiny_checkpoint), "--quiet"])


@pytest.mark.parametrize("name", ["a.json", "a.srt", "a.vtt", "a.TextGrid"])
def test_timestamps_beside_the_audio(say, name):
    assert say("One two. Three!", "--output", "a.wav", "--seed", "1", "--timestamps", name) == 0
    assert sorted(os.listdir()) == sorted(["a.wav", name])
    text = Path(name).read_text(encoding="utf-8")
    assert "two." in text and "Three!" in text


def test_json_of_both_kinds_agree(say):
    assert say("One two. Three!", "-o", "a.wav", "--seed", "1", "--timestamps", "t.json", "--json", "j.json") == 0
    times, report = (json.loads(Path(name).read_text(encoding="utf-8")) for name in ("t.json", "j.json"))
    assert times["words"] == report["words"] and times["duration"] == report["duration"] and times["seed"] == 1
    assert times["text"] == report["text"] == "One two. Three!"


@pytest.mark.parametrize(("name", "message"), [("a.txt", "ends with none of .json"), ("no/a.srt", "does not exist")])
def test_a_bad_target_is_refused_before_anything_is_spoken(say, name, message, capsys):
    assert say("One.", "--output", "a.wav", "--timestamps", name) == 2
    assert message in capsys.readouterr().err
    assert os.listdir() == []


def test_pauses_can_be_left_to_the_punctuation(say):
    text = "We waited for the ferry all morning long, but it never came to the harbour."
    for pauses in ("model", "text"):
        assert say(text, "-l", "en-us", "-o", f"{pauses}.wav", "--seed", "1", "--pauses", pauses) == 0
    assert Path("model.wav").read_bytes() != Path("text.wav").read_bytes()
