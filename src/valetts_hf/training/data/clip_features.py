"""From one audio file to what training needs of it: 24 kHz, trimmed, one loudness, pitch, energy, and its measures."""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import (
    SILENT_PEAK,
    frame_levels,
    mix_down,
    resample,
    set_level,
    speech_bounds,
)
from valetts_hf.processing.audio_input import read_audio
from valetts_hf.training.data.feature_cache import digest
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE, extract_energy, extract_log_f0
from valetts_hf.voices.clip_measures import measure


VERSION = 1  # to be raised when the same settings give other features


@dataclass(frozen=True)
class AudioSettings:
    """
    How clips are prepared; part of the key they are cached under.

    Attributes:
        target_level (`float`): RMS of active speech, dBFS.
        trim (`bool`): cut silence at the ends.
        trim_padding (`float`): seconds of it that stay.
        min_seconds, max_seconds (`float`): of a clip. Longer ones without a transcript are cut at pauses.
        max_file_seconds (`float`): longer files are not decoded at all.
    """

    target_level: float = -23.0
    trim: bool = True
    trim_padding: float = 0.15
    min_seconds: float = 0.3
    max_seconds: float = 30.0
    max_file_seconds: float = 2400.0

    def __post_init__(self):
        if not 0 < self.min_seconds < self.max_seconds <= self.max_file_seconds:
            raise ValueError(
                f"min_seconds={self.min_seconds} < max_seconds={self.max_seconds} <= max_file_seconds="
                f"{self.max_file_seconds} is needed, all above 0"
            )


def audio_key(content: str, transcribed: bool, settings: AudioSettings) -> str:
    """Cache key of a clip: `content` is the digest of its audio; only clips without transcript may be cut."""
    return digest("audio", VERSION, content, transcribed, asdict(settings))


def content_digest(audio: Any) -> str:
    """Digest of the audio of a row: the bytes of a file, or samples with their rate."""
    if isinstance(audio, Path):
        return digest(audio.read_bytes())
    if isinstance(audio, dict):
        return digest(np.asarray(audio["array"]), audio["sampling_rate"])
    return digest(bytes(audio))


def prepare_clip(
    audio: Any, transcribed: bool, settings: AudioSettings
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """
    Features of one recording, in one piece or, if it is long and has no transcript, in several.

    Args:
        audio: `Path`, bytes of a file, or a dictionary with `array` and `sampling_rate`.
        transcribed (`bool`): whether there is a text for it.
        settings ([`AudioSettings`]).

    Returns:
        `meta`: `{"pieces": [...]}`, each the measures of `clip_measures.measure` and `start` (seconds in the
        recording), `frames`, `prepared_seconds`, `f0` (median, Hz; 0 if unvoiced), `voiced` (share), `digest` (of the
        samples) and `contour` (32 levels in dB, to find copies by).
        `arrays`: `waveform` int16, `log_f0` and `energy` float32 of all pieces end to end.

    Raises:
        ValueError, OSError: the clip cannot be used; the message is for the person who has the file.
    """
    _check_length(audio, transcribed, settings)
    samples, rate = read_audio(audio, max_seconds=math.inf)
    waveform = mix_down(samples)
    seconds = len(waveform) / rate
    if seconds < settings.min_seconds:
        raise ValueError(f"only {seconds:.2f} s long, at least {settings.min_seconds} s are needed")
    if float(np.abs(waveform).max()) < SILENT_PEAK:
        raise ValueError("there is nothing in it but silence")
    pieces, parts = [], []
    spans = [(0, len(waveform))]
    if seconds > settings.max_seconds:
        _refuse_long(seconds, transcribed, settings)
        spans = cut_at_pauses(waveform, rate, settings.max_seconds)
    for start, stop in spans:
        features = _piece(waveform[start:stop], rate, settings)
        if features is not None:
            packed, log_f0, energy = features
            parts.append(features)
            described = measure(samples[start:stop], waveform[start:stop], rate)
            pieces.append({"start": round(start / rate, 3), **described, **_describe(packed, log_f0, energy)})
    if not parts:
        raise ValueError("there is no speech in it: nothing stands out of the noise")
    names = ("waveform", "log_f0", "energy")
    return {"pieces": pieces}, {name: np.concatenate(arrays) for name, arrays in zip(names, zip(*parts))}


def _piece(
    waveform: np.ndarray, rate: int, settings: AudioSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """int16 waveform, log-F0 and energy of a stretch; None if it is too short or silent."""
    if settings.trim:
        start, stop = speech_bounds(waveform, rate)
        padding = round(settings.trim_padding * rate)
        waveform = waveform[max(0, start - padding) : stop + padding] if stop > start else waveform[:0]
    waveform = resample(waveform, rate, SAMPLING_RATE) if len(waveform) else waveform
    waveform = waveform[: len(waveform) // HOP_LENGTH * HOP_LENGTH]
    if len(waveform) < settings.min_seconds * SAMPLING_RATE or float(np.abs(waveform).max()) < SILENT_PEAK:
        return None
    waveform = set_level(waveform, SAMPLING_RATE, settings.target_level)
    packed = np.round(np.clip(waveform, -1.0, 1.0) * 32767.0).astype(np.int16)
    waveform = packed.astype(np.float32) / 32767.0
    return packed, extract_log_f0(waveform), extract_energy(waveform)


def _describe(packed: np.ndarray, log_f0: np.ndarray, energy: np.ndarray) -> dict[str, Any]:
    voiced = log_f0 > 0
    ends = np.linspace(0, len(energy), 33).astype(int)
    contour = [float(energy[a : max(b, a + 1)].mean()) for a, b in zip(ends, ends[1:])]
    return {
        "frames": len(log_f0),
        "prepared_seconds": round(len(packed) / SAMPLING_RATE, 3),
        "f0": round(float(np.exp(np.median(log_f0[voiced]))), 1) if voiced.any() else 0.0,
        "voiced": round(float(voiced.mean()), 3),
        "digest": digest(packed),
        "contour": [round(value * 20.0 / math.log(10.0), 1) for value in contour],
    }


def cut_at_pauses(waveform: np.ndarray, sampling_rate: int, max_seconds: float) -> list[tuple[int, int]]:
    """
    Stretches of a long recording, cut in the quietest place of the second half of each.

    Returns:
        `list` of `(start, stop)` in samples, end to end, each at most `max_seconds` long.
    """
    size = max(1, round(0.02 * sampling_rate))
    levels = frame_levels(waveform, sampling_rate)
    smooth = np.convolve(levels, np.ones(15) / 15.0, mode="same")  # 0.3 s: a pause, not a closure
    limit = max(2, int(max_seconds / 0.02))
    spans, begin = [], 0
    while len(levels) - begin > limit:
        search = smooth[begin + limit // 2 : begin + limit]
        end = begin + limit // 2 + int(search.argmin())
        spans.append((begin * size, end * size))
        begin = end
    return [*spans, (begin * size, len(waveform))]


def _check_length(audio: Any, transcribed: bool, settings: AudioSettings) -> None:
    """Refuse long files by their header, before hours of samples are in memory."""
    import soundfile

    if isinstance(audio, dict):
        seconds = max(np.shape(audio["array"]), default=0) / audio["sampling_rate"]
    else:
        try:
            seconds = soundfile.info(str(audio) if isinstance(audio, Path) else io.BytesIO(audio)).duration
        except (RuntimeError, OSError):
            return  # reading it says better what is wrong
    if seconds > settings.max_file_seconds:
        raise ValueError(
            f"{seconds / 60:.0f} minutes long, files above {settings.max_file_seconds / 60:.0f} minutes are not read: "
            "cut it into clips first"
        )
    if seconds > settings.max_seconds:
        _refuse_long(seconds, transcribed, settings)


def _refuse_long(seconds: float, transcribed: bool, settings: AudioSettings) -> None:
    if transcribed:
        raise ValueError(
            f"{seconds:.0f} s with one transcript, clips above {settings.max_seconds:.0f} s are not aligned: cut audio "
            "and text into sentences (audio without a transcript is cut here)"
        )
