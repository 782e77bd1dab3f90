"""Playing speech while it is being made: through sounddevice, or through a player of the system.

Players that take raw samples on their standard input start with the first chunk; the others get a temporary file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from valetts_hf.commands.common import EXIT_FAILED, CommandError, one_line


if TYPE_CHECKING:
    import numpy as np

    from valetts_hf.inference import Speech

# Commands that play 16-bit mono samples from standard input, best first.
_RAW_PLAYERS = (
    ("pw-cat", "--playback", "--raw", "--format", "s16", "--rate", "{rate}", "--channels", "1", "-"),
    ("paplay", "--raw", "--format=s16le", "--rate={rate}", "--channels=1"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "1", "-"),
    ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", "{rate}", "-c", "1", "-"),
    ("ffplay", "-loglevel", "error", "-nodisp", "-autoexit", "-f", "s16le", "-ar", "{rate}", "-i", "-"),
)
# Commands that play a file.
_FILE_PLAYERS = (("afplay", "{path}"),)
_HOW = "pip install sounddevice, or install aplay, paplay, ffplay or sox; or write a file with --output"


def find_player() -> str | None:
    """What would play: "sounddevice", the name of a command, or None."""
    if _sounddevice() is not None:
        return "sounddevice"
    return next((command[0] for command in (*_RAW_PLAYERS, *_FILE_PLAYERS) if shutil.which(command[0])), None)


def require_player() -> str:
    """`find_player()`.

    Raises:
        `CommandError`: nothing here can play.
    """
    name = find_player()
    if name is None:
        raise CommandError(f"--play: no sound output was found: {_HOW}.", EXIT_FAILED)
    return name


@contextlib.contextmanager
def open_player(sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    """A function that plays one chunk; leaving the context waits until everything has been heard.

    Args:
        sampling_rate (`int`): in Hz.

    Raises:
        `CommandError`: nothing here can play, or the player failed.
    """
    name = require_player()
    if name == "sounddevice":
        context = _sounddevice_player(sampling_rate)
    elif any(name == command[0] for command in _RAW_PLAYERS):
        context = _pipe_player(name, sampling_rate)
    else:
        context = _file_player(name, sampling_rate)
    with context as play:
        yield play


@contextlib.contextmanager
def _sounddevice_player(sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    module = _sounddevice()
    try:
        stream = module.OutputStream(samplerate=sampling_rate, channels=1, dtype="float32")
    except module.PortAudioError as error:
        raise CommandError(
            f"--play: the sound device cannot be opened ({one_line(error)}): {_HOW}.", EXIT_FAILED
        ) from error
    with stream:
        yield lambda chunk: stream.write(chunk.waveform.reshape(-1, 1))
        # Leaving the stream waits for what is still in its buffer.


@contextlib.contextmanager
def _pipe_player(name: str, sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    command = next(command for command in _RAW_PLAYERS if command[0] == name)
    process = subprocess.Popen(
        [part.format(rate=sampling_rate) for part in command], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    stdin, stderr = process.stdin, process.stderr
    assert stdin is not None and stderr is not None

    def play(chunk: Speech) -> None:
        stdin.write(_pcm16(chunk.waveform))
        stdin.flush()

    try:
        broken = False
        try:
            yield play
            stdin.close()
        except BrokenPipeError:
            broken = True  # the player has gone; what it said and its status explain why
        said = one_line(stderr.read().decode(errors="replace") or "no message")
        if process.wait() != 0 or broken:
            raise CommandError(f"--play: {name} failed ({said}, status {process.returncode}): {_HOW}.", EXIT_FAILED)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        with contextlib.suppress(OSError):
            stdin.close()
        stderr.close()


@contextlib.contextmanager
def _file_player(name: str, sampling_rate: int) -> Iterator[Callable[[Speech], None]]:
    from valetts_hf.inference import Speech

    chunks: list[Speech] = []
    yield chunks.append
    if not chunks:
        return
    command = next(command for command in _FILE_PLAYERS if command[0] == name)
    handle, path = tempfile.mkstemp(suffix=".wav")
    os.close(handle)
    try:
        Speech.concatenate(chunks).save(path)
        done = subprocess.run([part.format(path=path) for part in command], stderr=subprocess.PIPE, check=False)
    finally:
        os.unlink(path)
    if done.returncode != 0:
        said = one_line(done.stderr.decode(errors="replace")) or str(done.returncode)
        raise CommandError(f"--play: {name} failed ({said}): {_HOW}.", EXIT_FAILED)


def _pcm16(waveform: np.ndarray) -> bytes:
    return (waveform * 32768).round().clip(-32768, 32767).astype("<i2").tobytes()


def why_not_sounddevice() -> tuple[str, str]:
    """What keeps sounddevice from playing here, and the remedy."""
    try:
        _open_sounddevice()
    except ImportError:
        return "sounddevice is not installed", "pip install sounddevice"
    except OSError as error:
        return f"sounddevice: {error}", "apt-get install libportaudio2 (Debian, Ubuntu)"
    except Exception as error:  # PortAudioError cannot be named when the import is what fails
        return f"sounddevice: {error}", "connect an output device"
    return "sounddevice plays", "nothing to do"


def _open_sounddevice():
    """The module.

    Raises:
        ImportError: not installed. OSError: without the PortAudio library. PortAudioError: no output device.
    """
    import sounddevice

    sounddevice.query_devices(kind="output")
    return sounddevice


def _sounddevice():
    """The module, or None where it cannot play."""
    try:
        return _open_sounddevice()
    except Exception:
        return None
