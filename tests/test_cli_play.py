"""`valetts say --play`: through which player, what it hears, and what is said when there is none."""

import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from valetts_hf import cli
from valetts_hf.commands import playback


@pytest.fixture
def speak(tiny_checkpoint, tmp_path, monkeypatch):
    """`valetts say` of a sentence with some options, in an empty folder; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda *options: cli.main(["say", "The ferry leaves.", *options, "--model", str(tiny_checkpoint)])


@pytest.fixture
def players(tmp_path, monkeypatch):
    """Only the commands put into this folder can play; returns a function that makes one from a shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(playback, "_sounddevice", lambda: None)
    monkeypatch.setenv("PATH", str(folder))

    def add(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return add


def test_play_streams_into_a_player(speak, players):
    players("aplay", 'echo "$@" > arguments; cat > heard.raw')
    assert speak("--play", "-o", "a.wav", "--seed", "2") == 0
    assert "-r 24000" in Path("arguments").read_text()
    written, _ = soundfile.read("a.wav", dtype="int16")
    heard = np.frombuffer(Path("heard.raw").read_bytes(), dtype="<i2")
    assert len(heard) == len(written) and np.abs(heard.astype(int) - written).max() <= 1


def test_play_alone_writes_no_file(speak, players):
    players("paplay", "cat > heard.raw")
    assert speak("--play") == 0
    assert Path("heard.raw").stat().st_size > 2400 and not Path("speech.wav").exists()


def test_play_through_a_file(speak, players):
    players("afplay", 'cp "$1" heard.wav')
    assert speak("--play") == 0
    assert soundfile.info("heard.wav").samplerate == 24000


def test_play_without_a_player(speak, players, capsys):
    assert speak("--play") == 1
    assert "sounddevice" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["echo no such card >&2; exit 3", "exec <&-; echo no such card >&2; exit 3"])
def test_play_with_a_player_that_fails(speak, players, capsys, script):
    players("aplay", script)
    assert speak("--play", "-o", "a.wav") == 1
    assert "no such card" in capsys.readouterr().err and not Path("a.wav").exists()
