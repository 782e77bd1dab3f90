"""Audio files written while the speech is made: bytes come out as soon as the format allows, nothing is rewound.

FLAC alone comes when it is complete: its readers want to know the length first. It waits on the disk, not in memory.

WAV, PCM, FLAC, MP3 and Opus need nothing but libsndfile; AAC needs the program ffmpeg. S samples.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from valetts_hf.serving.errors import ServiceError


MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_LIBSNDFILE = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS")}
# Players guess the length of an MP3 from its first frames, so all frames have one size (64 kbit/s at 24 kHz).
_OPTIONS: dict[str, dict[str, Any]] = {"mp3": {"bitrate_mode": "CONSTANT", "compression_level": 0.6}}
_BLOCK = 1 << 16  # libsndfile's Ogg encoders overflow the stack when they get minutes in one call
_PIECE = 1 << 20
_UNKNOWN = 0xFFFFFFFF  # size of a WAV file whose end nobody knows yet


class Encoder(Protocol):
    def write(self, waveform: np.ndarray) -> bytes:
        """Take samples [S] in [-1, 1]; returns the bytes that are ready."""

    def finish(self) -> Iterator[bytes]:
        """The rest of the file, in pieces."""

    def close(self) -> None:
        """Give up what is held, finished or not."""


def make_encoder(format: str, sampling_rate: int) -> Encoder:
    """The encoder of a format.

    Args:
        format (`str`): key of `MEDIA_TYPES`.
        sampling_rate (`int`): in Hz.

    Raises:
        `ServiceError`: 400, "aac" without ffmpeg.
    """
    check_format(format)
    if format in ("wav", "pcm"):
        return _PlainEncoder(sampling_rate, header=format == "wav")
    if format == "flac":
        return _FlacEncoder(sampling_rate)
    if format == "aac":
        return _FfmpegEncoder(sampling_rate)
    return _LibsndfileEncoder(sampling_rate, *_LIBSNDFILE[format], **_OPTIONS.get(format, {}))


def check_format(format: str) -> None:
    """Raises `ServiceError` (400) where a format cannot be written here."""
    if format == "aac" and shutil.which("ffmpeg") is None:
        raise ServiceError(
            400,
            "unsupported_format",
            "response_format 'aac' needs the program ffmpeg, which this server does not have: ask for "
            f"{', '.join(name for name in MEDIA_TYPES if name != 'aac')}.",
        )


def wav_header(sampling_rate: int, data_bytes: int | None) -> bytes:
    """The 44 bytes before 16-bit mono samples; without `data_bytes` they say that the length is unknown."""
    size = _UNKNOWN if data_bytes is None else data_bytes
    whole = _UNKNOWN if data_bytes is None else min(data_bytes + 36, _UNKNOWN)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", whole, b"WAVE", b"fmt ", 16, 1, 1, sampling_rate, 2 * sampling_rate, 2, 16, b"data", size),
    )


def to_pcm(waveform: np.ndarray) -> bytes:
    """Samples [S] in [-1, 1] as 16-bit little-endian integers."""
    return np.round(np.clip(waveform, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


class _PlainEncoder:
    def __init__(self, sampling_rate: int, header: bool):
        self._head = wav_header(sampling_rate, None) if header else b""

    def write(self, waveform: np.ndarray) -> bytes:
        head, self._head = self._head, b""
        return head + to_pcm(waveform)

    def finish(self) -> Iterator[bytes]:
        yield self._head

    def close(self) -> None:
        pass


class _LibsndfileEncoder:
    def __init__(self, sampling_rate: int, container: str, subtype: str, **options: Any):
        import soundfile

        self._tape = _Tape()
        self._file = soundfile.SoundFile(
            self._tape, "w", samplerate=sampling_rate, channels=1, format=container, subtype=subtype, **options
        )

    def write(self, waveform: np.ndarray) -> bytes:
        for start in range(0, len(waveform), _BLOCK):
            self._file.write(waveform[start : start + _BLOCK])
        return self._tape.take()

    def finish(self) -> Iterator[bytes]:
        self._file.close()
        yield self._tape.take()

    def close(self) -> None:
        self._file.close()


class _FlacEncoder:
    def __init__(self, sampling_rate: int):
        import soundfile

        self._raw = tempfile.SpooledTemporaryFile(_PIECE)
        self._file = soundfile.SoundFile(
            self._raw, "w", samplerate=sampling_rate, channels=1, format="FLAC", subtype="PCM_16"
        )

    def write(self, waveform: np.ndarray) -> bytes:
        self._file.write(waveform)
        return b""

    def finish(self) -> Iterator[bytes]:
        self._file.close()
        self._raw.seek(0)
        while data := self._raw.read(_PIECE):
            yield data

    def close(self) -> None:
        self._file.close()
        self._raw.close()


class _Tape:
    """A file whose beginning leaves before its end is written: what comes late for the part that left is dropped.

    (Encoders go back to note the length in the header; a header without it is valid, too.)
    """

    def __init__(self) -> None:
        self._left = 0  # bytes that are gone
        self._kept = bytearray()
        self._place = 0

    def take(self) -> bytes:
        data = bytes(self._kept)
        self._left += len(data)
        self._kept.clear()
        return data

    def write(self, data: bytes) -> int:
        piece = bytes(data)
        late = max(0, min(self._left - self._place, len(piece)))
        start = self._place + late - self._left
        if late < len(piece):
            self._kept[start : start + len(piece) - late] = piece[late:]
        self._place += len(piece)
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._left + len(self._kept)}[whence]
        self._place = origin + offset
        return self._place

    def tell(self) -> int:
        return self._place


class _FfmpegEncoder:
    """AAC in ADTS frames, through a pipe."""

    def __init__(self, sampling_rate: int):
        options = f"-f s16le -ar {sampling_rate} -ac 1 -i pipe:0 -c:a aac -f adts pipe:1"
        self._process = subprocess.Popen(
            ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", *options.split()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ready = bytearray()
        self._lock = threading.Lock()
        # Both pipes have small buffers: without a reader of its own, writing would wait for reading for ever.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write(self, waveform: np.ndarray) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(to_pcm(waveform))
        self._process.stdin.flush()
        return self._take()

    def finish(self) -> Iterator[bytes]:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        if self._process.wait() != 0:
            raise RuntimeError(f"ffmpeg ended with {self._process.returncode}.")
        yield self._take()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:  # what was still to be written has nobody to read it
                    pass

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := self._process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
            with self._lock:
                self._ready += data

    def _take(self) -> bytes:
        with self._lock:
            data = bytes(self._ready)
            self._ready.clear()
        return data
