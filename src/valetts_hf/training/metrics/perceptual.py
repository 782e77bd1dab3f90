"""PESQ and STOI for copy synthesis: how a codec or vocoder changed a recording whose timing it kept. S samples."""

from __future__ import annotations

import numpy as np

from valetts_hf.training.metrics.audio_pairs import checked_pair


PESQ_RATES = {"wb": 16_000, "nb": 8_000}


def pesq_score(predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000, mode: str = "wb") -> float:
    """
    Perceptual evaluation of speech quality: ITU-T P.862.2 (wide band, at 16 kHz) or P.862 (narrow band, 8 kHz).

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1]; resampled to the mode's rate.
        sampling_rate (`int`): of both, in Hz.
        mode (`str`): "wb" or "nb".

    Returns:
        `float`: MOS-LQO, 1.04 (bad) to 4.64 ("wb"); NaN if one side has no speech.

    Raises:
        ImportError: the package pesq is missing.
        ValueError: unknown mode, lengths that differ, or waveforms that cannot be used.
    """
    try:
        import pesq
    except ImportError as error:
        raise ImportError("PESQ needs the package pesq (and a C compiler): pip install pesq") from error
    if mode not in PESQ_RATES:
        raise ValueError(f"mode={mode!r} is unknown; use 'wb' or 'nb'")
    pair = checked_pair(predicted, reference, same_length=True)
    if not all(waveform.any() for waveform in pair):  # the library divides by the loudest sample
        return float("nan")
    first, second = (_resampled(waveform, sampling_rate, PESQ_RATES[mode]) for waveform in pair)
    try:
        return float(pesq.pesq(PESQ_RATES[mode], second, first, mode))
    except (pesq.NoUtterancesError, pesq.BufferTooShortError):
        return float("nan")


def stoi_score(
    predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000, extended: bool = False
) -> float:
    """
    Short-time objective intelligibility (Taal et al. 2011), or the extended one (Jensen and Taal 2016).

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1], at least half a second of speech.
        sampling_rate (`int`): of both, in Hz.
        extended (`bool`): the extended one, which also hears modulated noise.

    Returns:
        `float`: about 0 (not intelligible) to 1.

    Raises:
        ImportError: the package pystoi is missing.
        ValueError: lengths that differ, or waveforms that cannot be used.
    """
    try:
        import pystoi
    except ImportError as error:
        raise ImportError("STOI needs the package pystoi: pip install pystoi") from error
    predicted, reference = checked_pair(predicted, reference, same_length=True)
    return float(pystoi.stoi(reference, predicted, sampling_rate, extended=extended))


def _resampled(waveform: np.ndarray, sampling_rate: int, target: int) -> np.ndarray:
    if sampling_rate == target:
        return waveform.astype(np.float32)
    import soxr

    return soxr.resample(waveform, sampling_rate, target).astype(np.float32)
