"""Is it a voice? Pitch by autocorrelation, and three numbers in which speech differs from noise and from music.

Autocorrelation with the window's own divided out, as in Boersma (1993), "Accurate short-term analysis of the fundamental
frequency and the harmonics-to-noise ratio of a sampled sound"; without its path search, which these statistics do not
need. S samples, N frames of 10 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from valetts_hf.processing.audio_cleanup import ACTIVE_RANGE, frame_levels, loud_level, resample


RATE = 8000
HOP = 80
WINDOW = 400  # 50 ms: three periods of 60 Hz
MIN_F0, MAX_F0 = 60.0, 500.0
VOICED = 0.6  # height of the autocorrelation's peak
# A note: this many semitones of play over this many seconds.
HELD_SEMITONES = 0.35
HELD_SECONDS = 0.2


@dataclass(frozen=True)
class Voicing:
    """
    Attributes:
        voiced (`float`): share of the active frames that have a pitch. Speech 0.4 to 0.95; noise and whispering near 0.
        held (`float`): share of the voiced frames whose pitch stays put for 0.2 s, as notes do and speech seldom does.
        pauses (`float`): share of frames at least 15 dB under the loud ones: speech has syllables, noise and most music none.
        median_pitch (`float`): log(Hz) in the middle of all voiced frames; nan if there are fewer than 20.
    """

    voiced: float
    held: float
    pauses: float
    median_pitch: float


def analyze_voicing(waveform: np.ndarray, sampling_rate: int) -> Voicing:
    """The numbers of a clip.

    Args:
        waveform (`np.ndarray` of shape `(S,)`, float32): trimmed, one channel.
        sampling_rate (`int`): in Hz.
    """
    strength, log_f0 = pitch_track(waveform, sampling_rate)
    levels = frame_levels(waveform, sampling_rate)
    loud = loud_level(levels)
    at = np.minimum(np.arange(len(strength)) * HOP / RATE / 0.02, len(levels) - 1).astype(int)
    active = levels[at] > loud - ACTIVE_RANGE
    voiced = active & (strength > VOICED)
    run = round(HELD_SECONDS * RATE / HOP)
    held = np.zeros(len(voiced), dtype=bool)
    if len(voiced) >= run:
        pitches = np.lib.stride_tricks.sliding_window_view(np.where(voiced, log_f0, np.nan), run)
        steady = pitches.max(axis=1) - pitches.min(axis=1) < HELD_SEMITONES * np.log(2.0) / 12.0  # False with a nan
        for start in np.flatnonzero(steady):
            held[start : start + run] = True
    return Voicing(
        voiced=float(voiced.sum() / max(active.sum(), 1)),
        held=float(held.sum() / max(voiced.sum(), 1)),
        pauses=float((levels < loud - 15.0).mean()),
        median_pitch=float(np.median(log_f0[voiced])) if voiced.sum() >= 20 else float("nan"),
    )


def pitch_track(waveform: np.ndarray, sampling_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Strength (N,) of the best period between 60 and 500 Hz, at most 1, and its log(Hz) (N,)."""
    sound = resample(np.ascontiguousarray(waveform, dtype=np.float32), sampling_rate, RATE)
    if len(sound) < WINDOW:
        sound = np.pad(sound, (0, WINDOW - len(sound)))
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window
    correlation = _autocorrelation(frames) / np.maximum(_autocorrelation(window[None]), 1e-3)
    shortest, longest = int(RATE / MAX_F0), int(RATE / MIN_F0)
    lags = np.arange(shortest, longest + 1)
    # A period's double is a period, too: the shorter one is meant.
    scores = correlation[:, shortest : longest + 1] * (
        1.0 - 0.1 * np.log2(lags / shortest) / np.log2(longest / shortest)
    )
    best = scores.argmax(axis=1)
    rows = np.arange(len(best))
    inner = np.clip(best, 1, len(lags) - 2)
    left, middle, right = (scores[rows, inner + step] for step in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    offset = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(bend == 0, 1.0, bend), 0.0)
    period = lags[inner] + np.clip(offset, -0.5, 0.5)
    # at the edge it is no peak but the slope of low noise
    strength = np.where(best == inner, correlation[rows, best + shortest], 0.0)
    return strength, np.log(RATE / period)


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Autocorrelation of each row at lags 0 to half its length, 1 at lag 0 (0 for silence)."""
    power = np.square(np.abs(np.fft.rfft(frames, 2 * WINDOW, axis=1)))
    values = np.fft.irfft(power, axis=1)[:, : WINDOW // 2]
    return values / np.maximum(values[:, :1], 1e-12)
