"""Mel-cepstra for aligning speech with its phonemes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


CEPSTRA = 13
FEATURES = 3 * CEPSTRA
FFT_LENGTH = 1024
# Shorter than the model's 1024 samples: closures and bursts of stops are 20-40 ms.
WINDOW_LENGTH = 600
BANDS = 40
# Some sources end at 6-8 kHz.
MAX_FREQUENCY = 7000.0
DYNAMIC_RANGE = 1e-6  # power below the loudest, -60 dB
FRAMES_AT_ONCE = 4096  # bounds the memory of spectra


def alignment_features(waveform: np.ndarray) -> np.ndarray:
    """
    Mel-cepstra with first and second differences; frame `t` is centred at sample `(t + 0.5) * 256`.

    Args:
        waveform (`np.ndarray` of shape `(S,)`, float32): 24 kHz.

    Returns:
        `np.ndarray` of shape `(S // 256, 39)`, float32; column 0 is loudness, high = loud.
    """
    return cepstra_of(mel_powers(waveform))


def mel_powers(waveform: np.ndarray) -> np.ndarray:
    """
    Power in the mel bands of each frame, a block at a time.

    Args:
        waveform (`np.ndarray` of shape `(S,)`, float32): 24 kHz.

    Returns:
        `np.ndarray` of shape `(S // 256, 40)`, float32. Each depends on its own and on the neighbouring frames' samples.
    """
    frames = len(waveform) // HOP_LENGTH
    left = (WINDOW_LENGTH - HOP_LENGTH) // 2
    padded = np.pad(np.asarray(waveform, dtype=np.float32), (left, WINDOW_LENGTH))
    emphasised = np.concatenate([padded[:1], padded[1:] - 0.9 * padded[:-1]])
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, WINDOW_LENGTH)[::HOP_LENGTH][:frames]
    mel = np.empty((frames, BANDS), dtype=np.float32)
    for start in range(0, frames, FRAMES_AT_ONCE):
        block = slice(start, start + FRAMES_AT_ONCE)
        spectrum = np.abs(np.fft.rfft(windows[block] * _window(), FFT_LENGTH, axis=1)).astype(np.float32) ** 2
        mel[block] = spectrum @ _filters()
    return mel


def cepstra_of(mel: np.ndarray) -> np.ndarray:
    """
    Mel-cepstra with first and second differences.

    Args:
        mel (`np.ndarray` of shape `(F, 40)`, float32): see `mel_powers`.

    Returns:
        `np.ndarray` of shape `(F, 39)`, float32.
    """
    logs = np.log(mel + max(float(mel.max(initial=0.0)) * DYNAMIC_RANGE, 1e-10))
    cepstra = logs @ _cosines()
    first = _difference(cepstra)
    return np.concatenate([cepstra, first, _difference(first)], axis=1).astype(np.float32)


def normalize_by_speaker(features: Sequence[np.ndarray], speakers: Sequence[int]) -> list[np.ndarray]:
    """
    Shift and scale every speaker's features to zero mean and unit variance.

    Args:
        features (sequence of `np.ndarray` of shape `(F_i, D)`).
        speakers (sequence of `int`): speaker of each.
    """
    groups: dict[int, list[int]] = {}
    for i, speaker in enumerate(speakers):
        groups.setdefault(int(speaker), []).append(i)
    normalised: list[np.ndarray] = [np.zeros((0, 0), dtype=np.float32)] * len(features)
    for members in groups.values():
        frames = np.concatenate([features[i] for i in members])
        mean, deviation = frames.mean(0, dtype=np.float64), frames.std(0, dtype=np.float64)
        for i in members:
            normalised[i] = ((features[i] - mean) / np.maximum(deviation, 1e-5)).astype(np.float32)
    return normalised


def _difference(values: np.ndarray) -> np.ndarray:
    """Slope over five frames."""
    padded = np.pad(values, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10.0


@lru_cache(maxsize=1)
def _window() -> np.ndarray:
    return np.hanning(WINDOW_LENGTH + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _filters() -> np.ndarray:
    def to_mel(frequency):
        return 1127.0 * np.log1p(frequency / 700.0)

    edges = np.linspace(to_mel(80.0), to_mel(MAX_FREQUENCY), BANDS + 2)
    bins = to_mel(np.arange(FFT_LENGTH // 2 + 1) * SAMPLING_RATE / FFT_LENGTH)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    band = np.arange(BANDS)[:, None] + 0.5
    return (np.cos(np.pi / BANDS * band * np.arange(CEPSTRA)) * np.sqrt(2.0 / BANDS)).astype(np.float32)
