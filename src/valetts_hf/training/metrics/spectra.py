"""Distances of spectrograms for speech with the timing of the recording (copy synthesis). S samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from valetts_hf.processing.audio_mel import log_mel_spectrogram
from valetts_hf.training.metrics.audio_pairs import checked_pair
from valetts_hf.training.spectral import DEFAULT_RESOLUTIONS, multi_resolution_stft_loss


def stft_distance(
    predicted: np.ndarray, reference: np.ndarray, resolutions: Sequence[tuple[int, int]] = DEFAULT_RESOLUTIONS
) -> dict[str, float]:
    """
    Multi-resolution STFT distance (Yamamoto et al., Parallel WaveGAN, arXiv:1910.11480, section 2.2).

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1], S above half of the longest window.
        resolutions (sequence of `(window, hop)`): in samples.

    Returns:
        `dict`: "spectral_convergence" (relative error of magnitudes, >= 0), "log_stft_distance" (mean absolute difference of
        natural logarithms, >= 0) and "stft_distance", their sum.

    Raises:
        ValueError: lengths that differ, or waveforms that cannot be used.
    """
    pair = [torch.from_numpy(waveform)[None] for waveform in checked_pair(predicted, reference, same_length=True)]
    convergence, distance = (float(value) for value in multi_resolution_stft_loss(*pair, resolutions=resolutions))
    return {
        "spectral_convergence": convergence,
        "log_stft_distance": distance,
        "stft_distance": convergence + distance,
    }


def mel_distance(predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000) -> float:
    """
    Mean absolute difference of the 100-band log-mel spectrograms (natural logarithm of magnitudes, floor 1e-5), >= 0.

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1], more than 384.
        sampling_rate (`int`): in Hz.

    Raises:
        ValueError: lengths that differ, or waveforms that cannot be used.
    """
    pair = checked_pair(predicted, reference, same_length=True)
    first, second = (log_mel_spectrogram(waveform, sampling_rate) for waveform in pair)
    return float(np.abs(first.astype(np.float64) - second).mean())
