"""Writing speech while it is made: memory does not grow with the text, and the file appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from valetts_hf.commands.common import EXIT_FAILED, CommandError, one_line


if TYPE_CHECKING:
    from valetts_hf.inference import Speech


@contextlib.contextmanager
def open_file(output: str, format: str | None, sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    """A function that adds a chunk to an audio file; the file takes its name when the context is left without an error.

    Args:
        output (`str`): path; what was there before stays until then.
        format (`str`, *optional*): "wav", "flac", "ogg", "opus" or "mp3"; default by the ending.
        sampling_rate (`int`): in Hz.

    Raises:
        `ValueError`: unknown format. `CommandError`: it cannot be written.
    """
    from valetts_hf.inference.audio_files import destination, is_device, resolve_format

    key = resolve_format(output, format)
    path = destination(output)
    if is_device(path):
        with _described(output):
            device = path.open("wb")
        with device, _made_elsewhere(device, output, key, sampling_rate) as write:
            yield write
        return
    # Beside its destination: a rename is atomic only inside one file system. Made by `open`, it obeys the umask.
    temporary = path.with_name(f".{path.name[:64]}.{os.getpid()}.part")
    encoder = _Encoder(output, temporary, key, sampling_rate)
    try:
        yield encoder.write
        encoder.close()
        with _described(output):
            if path.exists():
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError, CommandError):
            encoder.close()
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_stdout(format: str | None, sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    """A function that adds a chunk to what goes to standard output when the context is left without an error.

    Args:
        format (`str`, *optional*): "wav" (the default), "flac", "ogg", "opus" or "mp3".
        sampling_rate (`int`): in Hz.
    """
    sys.stdout.flush()
    with _made_elsewhere(sys.stdout.buffer, "standard output", format or "wav", sampling_rate) as write:
        yield write


@contextlib.contextmanager
def _made_elsewhere(target: BinaryIO, name: str, key: str, sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    """The file is made in a temporary folder and then copied: a pipe cannot be rewound to note the length in the header."""
    with tempfile.TemporaryDirectory(prefix="valetts-") as folder:
        path = Path(folder, "speech")
        encoder = _Encoder(folder, path, key, sampling_rate)
        try:
            yield encoder.write
        finally:
            encoder.close()
        with _described(name), path.open("rb") as file:
            shutil.copyfileobj(file, target)
            target.flush()


class _Encoder:
    """An audio file being written; its errors name `target`, the place a person knows it by."""

    def __init__(self, target: str, path: Path, key: str, sampling_rate: int):
        import soundfile

        from valetts_hf.inference.audio_files import FORMATS

        container, subtype = FORMATS[key]
        self._target = target
        with _described(target):
            self._raw = _File(path)
            self._file = soundfile.SoundFile(
                self._raw, "w", samplerate=sampling_rate, channels=1, format=container, subtype=subtype
            )
            self._raw.check()

    def write(self, chunk: Speech) -> None:
        with _described(self._target):
            self._file.write(chunk.waveform)
            self._raw.check()

    def close(self) -> None:
        """Write what is still held back; closing again does nothing."""
        with _described(self._target):
            self._file.close()
            self._raw.close()
            self._raw.check()


class _File:
    """What soundfile writes into: it calls this from C, where an exception would be lost, so errors wait for `check`."""

    def __init__(self, path: Path):
        self._file = path.open("wb+", buffering=0)
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first error there was."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def write(self, data: bytes) -> int:
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._error = self._error or error
        return len(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


@contextlib.contextmanager
def _described(target: str) -> Iterator[None]:
    """Errors of the file system and of libsndfile become one that names the target."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or one_line(error)
    except RuntimeError as error:
        if type(error).__module__.partition(".")[0] != "soundfile":
            raise
        reason = one_line(error)
    else:
        return
    raise CommandError(
        f"{target!r} cannot be written: {reason}; check permissions and free space, or choose another place.",
        EXIT_FAILED,
    )
