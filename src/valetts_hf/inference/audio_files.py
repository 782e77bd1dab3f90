"""Writing audio: formats by file ending, whole files or nothing (temporary file + rename), errors with a remedy.

A link stays: the file it points to is replaced. Devices and pipes (`/dev/stdout`) are never replaced: they get the bytes.
Encoding goes through libsndfile (the `soundfile` package). S samples.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from valetts_hf.inference.errors import AudioFileError


# ending -> (libsndfile format, subtype)
FORMATS: dict[str, tuple[str, str]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
# libsndfile's Vorbis encoder overflows the stack when it gets minutes in one call.
_BLOCK = 1 << 16


def resolve_format(target: object, format: str | None = None) -> str:
    """The key of `FORMATS` for a target.

    Args:
        target: path (its ending decides) or file object (its `name`'s ending decides, else wav).
        format (`str`, *optional*): "wav", "flac", "ogg", "opus" or "mp3"; wins over the ending.

    Raises:
        `ValueError`: the format or ending is not one of these.
    """
    name = format
    if name is None:
        path = target if isinstance(target, (str, os.PathLike)) else getattr(target, "name", None)
        ending = Path(os.fspath(path)).suffix if isinstance(path, (str, os.PathLike)) else ""
        if not ending and not isinstance(target, (str, os.PathLike)):
            return "wav"
        name = ending
    key = str(name).lower().lstrip(".")
    key = {"wave": "wav", "oga": "ogg", "vorbis": "ogg"}.get(key, key)
    if key not in FORMATS:
        said = f"format {format!r}" if format is not None else f"the ending {str(name)!r} of {str(target)!r}"
        raise ValueError(f"{said} is not a known audio format: use one of {', '.join(FORMATS)}.")
    return key


def encode(waveform: np.ndarray, sampling_rate: int, format: str = "wav") -> bytes:
    """A complete audio file in memory.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        format (`str`): key of `FORMATS`.
    """
    import soundfile

    container, subtype = FORMATS[resolve_format(None, format)]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", samplerate=sampling_rate, channels=1, format=container, subtype=subtype
    ) as file:
        for start in range(0, len(waveform), _BLOCK):
            file.write(waveform[start : start + _BLOCK])
    return buffer.getvalue()


def write(target: str | os.PathLike | IO[bytes], waveform: np.ndarray, sampling_rate: int, format: str | None) -> None:
    """Write an audio file; at a path, either the whole file appears or nothing changes.

    Args:
        target: path, or binary file object (it need not be seekable: a pipe will do).
        waveform (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        format (`str`, *optional*): key of `FORMATS`; None goes by the ending.

    Raises:
        `ValueError`: unknown format. `TypeError`: the target is neither a path nor a binary file object.
        `AudioFileError`: the folder is missing or not writable, the path is a folder, the disk is full.
    """
    if not isinstance(target, (str, os.PathLike)):
        if not callable(getattr(target, "write", None)) or isinstance(target, io.TextIOBase):
            raise TypeError(f"save() takes a path or a binary file object, got {type(target).__name__}.")
        target.write(encode(waveform, sampling_rate, resolve_format(target, format)))
        return
    key = resolve_format(target, format)
    write_bytes(target, lambda: encode(waveform, sampling_rate, key))


def is_device(path: Path) -> bool:
    """Whether a path can be written to but not replaced: a device, a pipe, a socket."""
    return path.exists() and not path.is_file() and not path.is_dir()


def destination(target: str | os.PathLike) -> Path:
    """The file that a target stands for: the home folder filled in, links followed."""
    path = Path(target).expanduser()
    return path if is_device(path) else Path(os.path.realpath(path))


def write_bytes(target: str | os.PathLike, data: bytes | Callable[[], bytes], what: str = "audio") -> None:
    """Write a file; either all of it appears or nothing changes.

    Args:
        target: path.
        data (`bytes`, or what makes them): only made when the place is fit to write to.
        what (`str`): named in errors.

    Raises:
        `AudioFileError`: the folder is missing or not writable, the path is a folder, the disk is full.
    """
    path = destination(target)
    if path.is_dir():
        raise AudioFileError(f"cannot write {what} to {str(path)!r}: it is a folder; add a file name to it.")
    if not path.parent.is_dir():
        raise AudioFileError(
            f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist; create it first."
        )
    content = data() if callable(data) else data
    temporary = None
    try:
        if is_device(path):
            path.write_bytes(content)
            return
        # In the same folder: a rename is atomic only inside one file system.
        handle, temporary = tempfile.mkstemp(
            prefix=f".{path.stem[:32]}-", suffix=f"{path.suffix}.part", dir=path.parent
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AudioFileError(
            f"cannot write {str(path)!r}: {error.strerror or error}; check the permissions and the free space of "
            f"{str(path.parent)!r}."
        ) from error


def _umask() -> int:
    """The process's umask: what a plain `open(..., 'w')` would have obeyed (`mkstemp` makes private files)."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    except (OSError, StopIteration, ValueError):
        return 0o022  # reading it with os.umask would change it for other threads for a moment
