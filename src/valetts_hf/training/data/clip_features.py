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
    mix_down,
    resample,
    set_level,
    speech_bounds,
)
from valetts_hf.processing.audio_input import read_audio
from valetts_hf.training.data.feature_cache import digest
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE, extract_energy, extract_log_f0
from valetts_hf.voices.clip_measures import measure


VERSION = 2  # to be raised when the same settings give other features


@dataclass(frozen=True)
class AudioSettings:
    """
    How clips are prepared; part of the key they are cached under.

    Attributes:
        target_level (`float`): RMS of active speech, dBFS.
        trim (`bool`): cut silence at the ends.
        trim_padding (`float`): seconds of it that stay.
        min_seconds, max_seconds (`float`): of a clip. Longer recordings are split at pauses, see `splitting`.
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


def audio_key(content: str, settings: AudioSettings) -> str:
    """Cache key of a clip; `content` is the digest of its audio."""
    return digest("audio", VERSION, content, asdict(settings))


def content_digest(audio: Any) -> str:
    """Digest of the audio of a row: the bytes of a file, or samples with their rate."""
    if isinstance(audio, Path):
        return digest(audio.read_bytes())
    if isinstance(audio, dict):
        return digest(np.asarray(audio["array"]), audio["sampling_rate"])
    return digest(bytes(audio))


def prepare_clip(audio: Any, settings: AudioSettings) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """
    Features of one clip.

    Args:
        audio: `Path`, bytes of a file, or a dictionary with `array` and `sampling_rate`; at most `max_seconds` long.
        settings ([`AudioSettings`]).

    Returns:
        `meta`: `{"pieces": [measures]}`, see `prepare_piece`.
        `arrays`: `waveform` int16, `log_f0` and `energy` float32.

    Raises:
        ValueError, OSError: the clip cannot be used; the message is for the person who has the file.
    """
    samples, rate = read_audio(audio, max_seconds=math.inf)
    seconds = len(samples) / rate
    if seconds < settings.min_seconds:
        raise ValueError(f"only {seconds:.2f} s long, at least {settings.min_seconds} s are needed")
    if seconds > settings.max_seconds:
        raise ValueError(f"{seconds:.0f} s long, which its header does not say: write the file anew")
    if float(np.abs(mix_down(samples)).max()) < SILENT_PEAK:
        raise ValueError("there is nothing in it but silence")
    prepared = prepare_piece(samples, rate, settings)
    if prepared is None:
        raise ValueError("there is no speech in it: nothing stands out of the noise")
    return {"pieces": [prepared[0]]}, prepared[1]


def prepare_piece(
    samples: np.ndarray, sampling_rate: int, settings: AudioSettings, start: float = 0.0
) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """
    Features of a clip, or of a stretch of a longer recording.

    Args:
        samples (`np.ndarray` of shape `(S, C)`, float32): as recorded.
        sampling_rate (`int`): in Hz.
        settings ([`AudioSettings`]).
        start (`float`): seconds at which the stretch begins in its recording.

    Returns:
        What `clip_measures.measure` gives and `start`, `frames`, `prepared_seconds`, `f0` (median, Hz; 0 if unvoiced),
        `voiced` (share), `digest` (of the samples) and `contour` (32 levels in dB, to find copies by); and arrays as for
        `prepare_clip`. None if there is no speech in it.
    """
    waveform = mix_down(samples)
    features = _piece(waveform, sampling_rate, settings)
    if features is None:
        return None
    described = {**measure(samples, waveform, sampling_rate), **_describe(*features)}
    return {"start": round(start, 3), **described}, dict(zip(("waveform", "log_f0", "energy"), features))


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
    shortest = int(settings.min_seconds * SAMPLING_RATE) // HOP_LENGTH * HOP_LENGTH
    if len(waveform) < shortest or float(np.abs(waveform).max()) < SILENT_PEAK:
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


def length_of(audio: Any, settings: AudioSettings) -> float:
    """
    Seconds of a recording by its header, before hours of samples are in memory; 0 if it cannot be read.

    Raises:
        ValueError: longer than `max_file_seconds`.
    """
    import soundfile

    if isinstance(audio, dict):
        seconds = max(np.shape(audio["array"]), default=0) / audio["sampling_rate"]
    else:
        try:
            seconds = soundfile.info(str(audio) if isinstance(audio, Path) else io.BytesIO(audio)).duration
        except (RuntimeError, OSError):
            return 0.0  # reading it says better what is wrong
    if seconds > settings.max_file_seconds:
        raise ValueError(
            f"{seconds / 60:.0f} minutes long, files above {settings.max_file_seconds / 60:.0f} minutes are not read: "
            "cut it into parts first"
        )
    return seconds
