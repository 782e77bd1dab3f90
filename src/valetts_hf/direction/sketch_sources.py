"""Sketches out of pictures of a line, and out of recordings ("say it like this").

A recording is laid over the text in proportion to its speech: its words are not known here, so between its first and its
last sound every moment stands for the same share of the text. S samples, N frames of 10 ms, P pixels.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from valetts_hf.direction.sketch import Sketch, SketchWord
from valetts_hf.direction.sketch_curve import Curve, SketchError, smoothed_values
from valetts_hf.direction.sketch_strokes import COLUMNS, curve_of_columns
from valetts_hf.processing.audio_cleanup import ACTIVE_RANGE, frame_levels, loud_level, mix_down, speech_bounds
from valetts_hf.processing.audio_input import read_audio
from valetts_hf.voices.voicing import VOICED, pitch_track


MAX_PIXELS = 40_000_000
_INK = 60  # of 255: how far a pixel of the line is from the background
_POINTS_PER_SECOND = 14.0  # about as many as phonemes: a sketch is no copy
_LEAST_VOICED = 10  # frames
_OUTLIER = 0.9  # natural log: pitches further than this from the median are errors of the tracker


def sketch_of_image(
    source: Any,
    curve: str = "pitch",
    limits: tuple[float, float] | None = None,
    words: Sequence[SketchWord] = (),
) -> Sketch:
    """A sketch of a picture of a line on a plain background; the whole picture is the box.

    In each column the middle of what differs from the background counts, so that a line which goes back or stands upright
    gives its middle height. Columns without are gaps.

    Args:
        source: path, bytes, binary file object, or a `PIL.Image.Image`.
        curve (`str`): "pitch" or "energy".
        limits (`tuple[float, float]`, *optional*): Hz (or dB) at the bottom and the top edge; default: relative.
        words: what was drawn over, see [`Sketch`].

    Raises:
        ImportError: Pillow is not installed. FileNotFoundError: no such file.
        SketchError: no picture, one that is too large, or one without a line.
    """
    if curve not in ("pitch", "energy"):
        raise SketchError(f"curve is 'pitch' or 'energy', got {curve!r}.")
    grey = _grey(source)
    background = float(np.median(grey))
    ink = np.abs(grey - background) > _INK
    if ink.mean() > 0.5 or not ink.any():
        raise SketchError("there is no line on a plain background in the picture.")
    rows = np.linspace(1, 0, grey.shape[0])[:, None] if grey.shape[0] > 1 else np.array([[0.5]])
    counts = ink.sum(axis=0)
    heights = np.where(counts > 0, (ink * rows).sum(axis=0) / np.maximum(counts, 1), np.nan)
    # pixels to columns: the mean of what falls into each
    place = (np.arange(len(heights)) * COLUMNS / len(heights)).astype(int)
    used = ~np.isnan(heights)
    sums = np.bincount(place[used], heights[used], COLUMNS)
    numbers = np.bincount(place[used], minlength=COLUMNS)
    columns = np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)
    if len(heights) < COLUMNS:  # a narrow picture leaves columns between its pixels
        known = np.flatnonzero(numbers)
        near = np.interp(np.arange(COLUMNS), known, columns[known])
        close = np.abs(np.arange(COLUMNS)[:, None] - known).min(axis=1) <= COLUMNS / len(heights)
        columns = np.where(close, near, np.nan)
    drawn = curve_of_columns(columns, "hz" if curve == "pitch" else "db", limits)
    return Sketch(**{curve: drawn}, words=tuple(words))


def _grey(source: Any) -> np.ndarray:
    """Brightness [height, width] in [0, 255]; transparent parts are white."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImportError("sketches out of pictures need Pillow: pip install pillow") from error
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    try:
        image = source if isinstance(source, Image.Image) else Image.open(source)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise SketchError(
                f"the picture has {width} x {height} pixels, over {MAX_PIXELS / 1e6:g} million: make it smaller."
            )
        whole = image.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise SketchError(f"this is no picture that can be read: {error}.") from error
    except (OSError, SyntaxError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise SketchError(f"the picture is damaged: {error}.") from error
    white = Image.new("RGBA", whole.size, "white")
    return np.asarray(Image.alpha_composite(white, whole).convert("L"), dtype=np.float32)


def sketch_of_recording(
    source: Any,
    sampling_rate: int | None = None,
    energy: bool = True,
    unit: str = "relative",
    words: Sequence[SketchWord] = (),
) -> Sketch:
    """The melody and loudness of a recording, over any text.

    Args:
        source: path, URL, bytes, audio dictionary or array, as reference audio.
        sampling_rate (`int`, *optional*): of a bare array, in Hz.
        energy (`bool`): the loudness, too.
        unit (`str`): of the pitch: "relative" takes the shape alone, "semitones" its movement around the mean, "hz" the
            very pitch of the speaker.
        words: of the text to say it with, with their places in time, such as `tts.predict_prosody(text).sketch().words`:
            the recording is then laid over the predicted time rather than over phonemes.

    Raises:
        SketchError: an unknown unit, or no voice in the recording. And the errors of reading audio.
    """
    if unit not in ("relative", "semitones", "hz"):
        raise SketchError(f"the unit of a recording's pitch is relative, semitones or hz, got {unit!r}.")
    samples, rate = read_audio(os.path.expanduser(source) if isinstance(source, str) else source, sampling_rate)
    waveform = mix_down(samples)
    start, stop = speech_bounds(waveform, rate)
    waveform = waveform[start:stop]
    if len(waveform) < rate // 5:
        raise SketchError("there is too little speech in the recording to take a melody from.")
    strength, log_f0 = pitch_track(waveform, rate)
    levels = np.interp(np.linspace(0, 1, len(strength)), *_evenly(frame_levels(waveform, rate)))
    voiced = (strength > VOICED) & (levels > loud_level(levels) - ACTIVE_RANGE)
    if voiced.sum() >= _LEAST_VOICED:
        voiced &= np.abs(log_f0 - np.median(log_f0[voiced])) < _OUTLIER
    if voiced.sum() < _LEAST_VOICED:
        raise SketchError("there is no voice with a pitch in the recording.")
    points = max(8, round(len(waveform) / rate * _POINTS_PER_SECOND))
    pitch = coarse_points(log_f0, voiced, points)
    loudness = coarse_points(levels, voiced, points)
    if unit == "relative":
        values = to_unit_interval(pitch)
    elif unit == "hz":
        values = np.clip(np.exp(pitch), 40, 1000)
    else:
        values = np.clip((pitch - pitch.mean()) * 12 / np.log(2), -24, 24)
    return Sketch(
        Curve.from_values(values.tolist(), unit),
        Curve.from_values(to_unit_interval(loudness).tolist()) if energy else None,
        tuple(words),
    )


def coarse_points(values: np.ndarray, counted: np.ndarray, points: int) -> np.ndarray:
    """Averages of the counted values in `points` equal stretches, gaps filled, smoothed as in DrawSpeech: [N] -> [points]."""
    place = np.minimum((np.arange(len(values)) * points / len(values)).astype(int), points - 1)
    counts = np.bincount(place[counted], minlength=points)
    sums = np.bincount(place[counted], values[counted], points)
    known = np.flatnonzero(counts)
    return smoothed_values(np.interp(np.arange(points), known, sums[known] / counts[known]))


def to_unit_interval(values: np.ndarray) -> np.ndarray:
    """Lowest value to 0 and highest to 1; 0.5 everywhere where they are equal."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high - low > 1e-9 else np.full_like(values, 0.5)


def _evenly(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0, 1, len(values)), values
