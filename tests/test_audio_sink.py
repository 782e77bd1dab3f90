"""Audio files written chunk by chunk: whole or not at all, and every error names the place."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from valetts_hf.commands.audio_sink import open_file, open_stdout
from valetts_hf.commands.common import CommandError
from valetts_hf.inference.speech import Speech


RATE = 24000
FORMATS = ("wav", "flac", "ogg", "opus", "mp3")


def chunk(seed: int = 0, seconds: float = 0.5) -> Speech:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return Speech((0.1 * noise).astype(np.float32), RATE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FORMATS)
def test_chunks_become_one_file(name):
    with open_file(f"a.{name}", None, RATE) as write:
        for seed in range(4):
            write(chunk(seed))
        assert not Path(f"a.{name}").exists(), "the name is taken only when the file is whole"
    samples, rate = soundfile.read(f"a.{name}")
    expected = np.concatenate([chunk(seed).waveform for seed in range(4)])
    assert rate == RATE and abs(len(samples) - len(expected)) <= 2400
    if name in ("wav", "flac"):
        np.testing.assert_allclose(samples, expected, atol=1e-4)
    assert os.listdir() == [f"a.{name}"]


def test_format_wins_over_the_ending():
    with open_file("a.bin", "flac", RATE) as write:
        write(chunk())
    assert soundfile.info("a.bin").format == "FLAC"


def test_unknown_ending():
    with pytest.raises(ValueError, match="aiff"):
        with open_file("a.aiff", None, RATE):
            pytest.fail("nothing may be made")
    assert os.listdir() == []


@pytest.mark.parametrize("error", [ValueError("text"), OSError("from the model"), KeyboardInterrupt()])
def test_an_error_meanwhile_leaves_the_old_file_and_stays_itself(error):
    Path("a.wav").write_bytes(b"precious")
    with pytest.raises(type(error)) as caught:
        with open_file("a.wav", None, RATE) as write:
            write(chunk())
            raise error
    assert caught.value is error
    assert Path("a.wav").read_bytes() == b"precious" and os.listdir() == ["a.wav"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_permissions():
    for name in ("new.wav", "old.wav"):
        if name == "old.wav":
            Path(name).write_bytes(b"")
            os.chmod(name, 0o640)
        with open_file(name, None, RATE) as write:
            write(chunk())
    Path("plain").write_bytes(b"")
    mode = {name: stat.S_IMODE(os.stat(name).st_mode) for name in os.listdir()}
    assert mode["new.wav"] == mode["plain"] and mode["old.wav"] == 0o640


@pytest.mark.parametrize("name", FORMATS)
def test_full_disk(name, capfd):
    resource = pytest.importorskip("resource", reason="limits of the process stand in for a full disk")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    Path(f"a.{name}").write_bytes(b"precious")
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(CommandError, match=rf"'a\.{name}' cannot be written: .*free space"):
            with open_file(f"a.{name}", None, RATE) as write:
                for seed in range(60):
                    write(chunk(seed, 1.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert Path(f"a.{name}").read_bytes() == b"precious" and os.listdir() == [f"a.{name}"]
    assert capfd.readouterr().err == "", "nothing may complain from C behind the error"


def test_missing_folder():
    with pytest.raises(CommandError, match="'nowhere/a.wav' cannot be written"):
        with open_file("nowhere/a.wav", None, RATE):
            pytest.fail("nothing may be made")


def test_stdout_gets_a_header_with_the_true_length(capfdbinary):
    with open_stdout(None, RATE) as write:
        write(chunk(1))
        write(chunk(2))
    data = capfdbinary.readouterr().out
    assert data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") == len(data) - 8
    assert len(data) == 44 + 2 * RATE


def test_stdout_gets_nothing_after_an_error(capfdbinary):
    with pytest.raises(ValueError):
        with open_stdout(None, RATE) as write:
            write(chunk())
            raise ValueError("late")
    assert capfdbinary.readouterr().out == b""


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
def test_a_pipe_or_device_is_written_to_and_stays(tmp_path):
    os.mkfifo("pipe")
    heard = []
    reader = threading.Thread(target=lambda: heard.append(Path("pipe").read_bytes()), daemon=True)
    reader.start()
    with open_file("pipe", "wav", RATE) as write:
        write(chunk(1))
    reader.join(10)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode) and os.listdir() == ["pipe"]
    assert len(heard[0]) == 44 + RATE and int.from_bytes(heard[0][4:8], "little") == len(heard[0]) - 8


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(there):
    Path("real").mkdir()
    if there:
        Path("real/a.wav").write_bytes(b"old")
    os.symlink("real/a.wav", "link.wav")
    with open_file("link.wav", None, RATE) as write:
        write(chunk())
    assert os.readlink("link.wav") == "real/a.wav" and soundfile.info("real/a.wav").frames == RATE // 2
    assert os.listdir("real") == ["a.wav"]
