"""Audio files that are sent while they are made: complete, playable, early."""

from __future__ import annotations

import io
import os
import stat

import numpy as np
import pytest
import soundfile

from tests.conftest import voice_like
from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.stream_encoders import MEDIA_TYPES, make_encoder, to_pcm, wav_header


RATE = 24000
AUDIO = voice_like(5.0, RATE)


def pieces_of(format: str) -> list[bytes]:
    encoder = make_encoder(format, RATE)
    pieces = [encoder.write(AUDIO[start : start + RATE // 2]) for start in range(0, len(AUDIO), RATE // 2)]
    pieces.extend(encoder.finish())
    encoder.close()
    return pieces


@pytest.mark.parametrize("format, error", [("wav", 1e-4), ("flac", 1e-4), ("mp3", 0.1), ("opus", 0.1)])
def test_the_file_is_the_speech(format, error):
    audio, rate = soundfile.read(io.BytesIO(b"".join(pieces_of(format))))
    assert rate == RATE and abs(len(audio) - len(AUDIO)) < 0.12 * RATE
    # Lossy encoders delay; the loudness of each tenth of a second tells whether all of it is there.
    length = min(len(audio), len(AUDIO)) // 2400 * 2400
    loudness = [np.sqrt((x[:length].reshape(-1, 2400) ** 2).mean(1)) for x in (audio, AUDIO)]
    assert np.abs(loudness[0] - loudness[1]).max() < error


@pytest.mark.parametrize("format", ["wav", "pcm", "mp3", "opus"])
def test_the_first_chunk_brings_bytes(format):
    assert len(pieces_of(format)[0]) > 100


def test_pcm_is_bare():
    assert b"".join(pieces_of("pcm")) == to_pcm(AUDIO)
    assert to_pcm(np.array([-2.0, -1.0, 0.0, 1.0])) == np.array([-32767, -32767, 0, 32767], "<i2").tobytes()


def test_a_header_with_and_without_a_length():
    data = to_pcm(AUDIO)
    for header in (wav_header(RATE, len(data)), wav_header(RATE, None)):
        assert len(header) == 44 and soundfile.info(io.BytesIO(header + data)).frames == len(AUDIO)


@pytest.mark.parametrize("format", [format for format in MEDIA_TYPES if format != "aac"])
def test_nothing_said_is_no_crash(format):
    encoder = make_encoder(format, RATE)
    assert isinstance(b"".join(encoder.finish()), bytes)
    encoder.close()
    encoder.close()


def test_aac_needs_ffmpeg(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServiceError, match="needs the program ffmpeg") as refused:
        make_encoder("aac", RATE)
    assert refused.value.status_code == 400


@pytest.fixture
def pretended_ffmpeg(tmp_path, monkeypatch):
    """Passes samples through: what is tested is the pipe."""

    def make(script: str):
        program = tmp_path / "ffmpeg"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return make


def test_aac_goes_through_ffmpeg(pretended_ffmpeg):
    pretended_ffmpeg("exec cat")
    assert b"".join(pieces_of("aac")) == to_pcm(AUDIO)


def test_an_ffmpeg_that_fails_is_noticed(pretended_ffmpeg):
    pretended_ffmpeg("cat > /dev/null; exit 3")
    with pytest.raises(RuntimeError, match="ended with 3"):
        pieces_of("aac")


def test_an_unfinished_ffmpeg_is_ended(pretended_ffmpeg):
    pretended_ffmpeg("exec cat")
    encoder = make_encoder("aac", RATE)
    encoder.write(AUDIO)
    encoder.close()
    assert encoder._process.returncode is not None
