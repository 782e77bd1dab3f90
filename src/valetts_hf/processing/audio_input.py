"""Reading reference audio from whatever people hold: path, URL, bytes, file object, array, tensor, `datasets` item.

Decoding goes through libsndfile (WAV, FLAC, Ogg Vorbis / Opus, MP3, AIFF, ...), imported when first needed. S samples,
C channels.
"""

import io
import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .audio_cleanup import LEVEL_SECONDS, as_channels, as_float, check_samples, most_speech_start


RATES = (2000, 768000)  # Hz: outside of it the number is surely not a sampling rate (a slip such as 24 for 24 kHz)
URL_PREFIXES = ("http://", "https://")
URL_TIMEOUT = 20.0  # seconds
URL_MAX_BYTES = 200 * 1024 * 1024


def is_url(source: Any) -> bool:
    """Whether a source is an address that would be downloaded."""
    return isinstance(source, str) and source.lower().startswith(URL_PREFIXES)


def check_rate(sampling_rate: Any) -> int:
    """A sampling rate as an int.

    Raises:
        `TypeError`: not a whole number. `ValueError`: no plausible rate.
    """
    if isinstance(sampling_rate, bool) or not isinstance(sampling_rate, (int, float, np.integer, np.floating)):
        raise TypeError(f"sampling_rate must be a whole number in Hz such as 24000, got {sampling_rate!r}.")
    if sampling_rate != sampling_rate or int(sampling_rate) != sampling_rate:
        raise TypeError(f"sampling_rate must be a whole number in Hz such as 24000, got {sampling_rate!r}.")
    if not RATES[0] <= sampling_rate <= RATES[1]:
        raise ValueError(f"sampling_rate must be {RATES[0]} to {RATES[1]} Hz, got {sampling_rate}: 24 kHz is 24000.")
    return int(sampling_rate)


def read_audio(
    source: Any, sampling_rate: int | None = None, max_seconds: float = 60.0, keep_seconds: float = 30.0
) -> tuple[np.ndarray, int]:
    """Samples and rate of one clip.

    Args:
        source: path (`str`, `os.PathLike`), http(s) URL, the bytes of an audio file, a binary file object, an array, a
            tensor or a list of numbers of shape (samples,), (samples, channels) or (channels, samples), a dictionary
            with "array" and "sampling_rate", or with "bytes" or "path" (the items of an `Audio` column of `datasets`),
            or a decoder with `get_all_samples()`.
        sampling_rate (`int`, *optional*): in Hz. Needed for bare arrays. Files and dictionaries know their own rate; a
            different one given here is an error.
        max_seconds (`float`): longer clips are cut.
        keep_seconds (`float`): what is kept of them: the stretch with the most speech.

    Returns:
        samples (`np.ndarray` of shape `(S, C)`, float32) and their rate (`int`, Hz).

    Raises:
        `FileNotFoundError`, `IsADirectoryError`: no such file. `ConnectionError`: a URL cannot be fetched.
        `ValueError`: not an audio file, no or a contradicting sampling rate, an impossible shape, no samples, NaN.
        `TypeError`: no kind of audio.
    """
    declared = None if sampling_rate is None else check_rate(sampling_rate)
    if isinstance(source, Mapping):
        source, declared = _from_mapping(source, declared)
    if hasattr(source, "get_all_samples"):  # torchcodec's AudioDecoder, what `datasets` hands out
        decoded = source.get_all_samples()
        return read_audio(decoded.data, _agree(int(decoded.sample_rate), declared, "the decoder"))
    if is_url(source):
        name, source = source, _download(source)
        return _decode(source, name, declared, max_seconds, keep_seconds)
    if isinstance(source, (str, os.PathLike)):
        path = os.path.expanduser(os.fspath(source))
        if os.path.isdir(path):
            raise IsADirectoryError(f"{path!r} is a folder, not an audio file: name the file inside it.")
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no audio file at {path!r}: check the path (it is read from here).")
        return _decode(path, path, declared, max_seconds, keep_seconds)
    if isinstance(source, (bytes, bytearray)):
        return _decode(bytes(source), f"{len(source)} bytes", declared, max_seconds, keep_seconds)
    if callable(getattr(source, "read", None)):
        data = source.read()
        if not isinstance(data, bytes):
            raise TypeError(f"the file object gives {type(data).__name__}, not bytes: open it with mode 'rb'.")
        return _decode(data, str(getattr(source, "name", f"{len(data)} bytes")), declared, max_seconds, keep_seconds)
    samples = _as_array(source)
    if declared is None:
        raise ValueError(
            f"the sampling rate of the audio array of shape {samples.shape} is not known: pass sampling_rate=... in Hz, "
            'or {"array": ..., "sampling_rate": ...}.'
        )
    check_samples(samples)
    return _crop(as_float(as_channels(samples)), declared, max_seconds, keep_seconds), declared


def _from_mapping(item: Mapping, declared: int | None) -> tuple[Any, int | None]:
    """Source and rate of a dictionary."""
    own = item.get("sampling_rate")
    if own is not None:
        declared = _agree(check_rate(own), declared, "the dictionary")
    for key in ("array", "bytes", "path"):
        if item.get(key) is not None:
            return item[key], declared
    raise ValueError(
        f'an audio dictionary needs "array" and "sampling_rate", or "bytes", or "path", got the keys {sorted(item)}.'
    )


def _agree(own: int, declared: int | None, owner: str) -> int:
    """The rate of a source that knows its own."""
    if declared is not None and declared != own:
        raise ValueError(f"sampling_rate={declared} was declared, but {owner} says {own} Hz: leave sampling_rate out.")
    return own


def _as_array(source: Any) -> np.ndarray:
    """Numpy view of an array, a tensor (any device, type) or a list of numbers."""
    if callable(getattr(source, "detach", None)):  # torch, without importing it
        source = source.detach().cpu()
        if str(source.dtype) == "torch.bfloat16":
            source = source.float()
        source = source.numpy()
    elif isinstance(source, (list, tuple)) or callable(getattr(source, "__array__", None)):
        try:
            source = np.asarray(source)
        except ValueError as error:  # ragged
            raise TypeError(
                "a clip must be numbers of one length per channel; pass several clips as a list."
            ) from error
    if not isinstance(source, np.ndarray) or source.dtype.kind in "OUSVMmbc":
        what = f"dtype {source.dtype}" if isinstance(source, np.ndarray) else type(source).__name__
        raise TypeError(
            f"{what} is not audio: pass a path, a URL, an array or tensor with sampling_rate=..., or a dictionary with "
            '"array" and "sampling_rate".'
        )
    return source


def _download(url: str) -> bytes:
    """The bytes behind an http(s) URL, at most 200 MB."""
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "valetts-hf"})
    try:
        with urllib.request.urlopen(request, timeout=URL_TIMEOUT) as response:
            data = response.read(URL_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise ConnectionError(f"cannot fetch reference audio from {url!r} ({error}): check the address.") from error
    if len(data) > URL_MAX_BYTES:
        raise ValueError(f"{url!r} holds more than {URL_MAX_BYTES >> 20} MB: reference audio of 5-30 s is enough.")
    return data


def _decode(
    source: str | bytes, name: str, declared: int | None, max_seconds: float, keep_seconds: float
) -> tuple[np.ndarray, int]:
    """Samples and rate of an audio file; of a long one only the kept stretch is held in memory."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise ImportError(
            "reading audio files needs soundfile: `pip install soundfile`, or pass the samples as an array."
        ) from error
    if len(source) == 0:
        raise ValueError(f"the audio ({name}) is empty: give at least 0.5 s of speech, best 5-6 s.")
    try:
        with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            rate = file.samplerate
            _agree(rate, declared, repr(name))
            if file.frames > max_seconds * rate:
                size = max(1, round(LEVEL_SECONDS * rate))
                blocks = file.blocks(blocksize=size, dtype="float32", always_2d=True)
                power = np.array([np.square(block, dtype=np.float64).max(axis=1).mean() for block in blocks])
                start = _kept_start(power, keep_seconds) * size
                _warn_long(file.frames / rate, start / rate, max_seconds, keep_seconds)
                file.seek(start)
                samples = file.read(round(keep_seconds * rate), dtype="float32", always_2d=True)
            else:
                samples = file.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f"cannot read {name!r} as audio ({error.error_string.rstrip('.')}): use WAV, FLAC, Ogg or MP3 (other formats: "
            "`ffmpeg -i input output.wav`), and check that the file is complete."
        ) from error
    check_samples(samples)
    return samples, rate


def _kept_start(power: np.ndarray, keep_seconds: float) -> int:
    levels = 10.0 * np.log10(np.nan_to_num(power) + 1e-12)
    return most_speech_start(levels, min(len(levels), round(keep_seconds / LEVEL_SECONDS)))


def _crop(samples: np.ndarray, rate: int, max_seconds: float, keep_seconds: float) -> np.ndarray:
    """The stretch with the most speech of a clip that is too long, else the clip."""
    if len(samples) <= max_seconds * rate:
        return samples
    size = max(1, round(LEVEL_SECONDS * rate))
    starts = np.arange(0, len(samples), size)
    power = np.add.reduceat(np.square(samples, dtype=np.float32).max(axis=1), starts, dtype=np.float64) / size
    start = _kept_start(power, keep_seconds) * size
    _warn_long(len(samples) / rate, start / rate, max_seconds, keep_seconds)
    return samples[start : start + round(keep_seconds * rate)]


def _warn_long(seconds: float, start: float, max_seconds: float, keep_seconds: float) -> None:
    warnings.warn(
        f"the reference audio is {seconds:.0f} s long (more than {max_seconds:.0f} s): only the {keep_seconds:.0f} s with "
        f"the most speech, from {start:.1f} s on, are used.",
        UserWarning,
        stacklevel=5,
    )
