"""Mel-cepstral distortion, with dynamic time warping where the two have their own timing.

Kubichek, "Mel-cepstral distance measure for objective speech quality assessment" (1993): 10 / ln 10 * sqrt(2 * sum of
squared differences of coefficients 1 to 24), in dB, averaged over frames of 5 ms. The mel-cepstra are those of the field's
voice conversion and synthesis challenges: WORLD's spectral envelope (CheapTrick, Morise 2015), warped by a first-order
all-pass (Tokuda et al. 1994). Numbers of other envelopes (such as MFCC of a mel spectrogram) are on another scale.
S samples, F frames, K frequency bins, D order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from valetts_hf.training.data.pitch import extract_log_f0
from valetts_hf.training.metrics.audio_pairs import checked_pair, checked_waveform


FRAME_SECONDS = 0.005
ORDER = 24
# All-pass constants whose phase follows the mel scale best, as published with SPTK and Merlin.
WARPING = {16_000: 0.42, 22_050: 0.45, 24_000: 0.46, 44_100: 0.53, 48_000: 0.55}
DECIBELS = 10.0 / np.log(10.0) * np.sqrt(2.0)


def frame_hop(sampling_rate: int) -> int:
    """Samples between frames of 5 ms."""
    return round(sampling_rate * FRAME_SECONDS)


def mel_cepstrum(waveform: np.ndarray, sampling_rate: int = 24_000, order: int = ORDER) -> np.ndarray:
    """
    Mel-cepstra of WORLD's envelope; frame `t` is centred at sample `(t + 0.5) * hop`.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz, one of `WARPING`.
        order (`int`): D.

    Returns:
        `np.ndarray` of shape `(S // hop, D + 1)`, float64; column 0 is the level.

    Raises:
        ValueError: sampling rate without a known warping, or a waveform that cannot be used.
    """
    import pyworld

    if sampling_rate not in WARPING:
        raise ValueError(f"no warping is known for {sampling_rate} Hz; resample to one of {sorted(WARPING)}")
    waveform = checked_waveform(waveform)
    hop = frame_hop(sampling_rate)
    log_f0 = extract_log_f0(waveform, sampling_rate, hop, method="dio").astype(np.float64)
    if not len(log_f0):
        raise ValueError(f"a waveform of {len(waveform)} samples is shorter than one frame of {hop}")
    f0 = np.where(log_f0 > 0, np.exp(log_f0), 0.0)
    times = (np.arange(len(f0)) + 0.5) * hop / sampling_rate
    envelope = pyworld.cheaptrick(waveform, f0, times, sampling_rate)
    cepstrum = np.fft.irfft(np.log(envelope), axis=1)[:, : envelope.shape[1]]
    cepstrum[:, 0] /= 2.0
    cepstrum[:, -1] /= 2.0
    return cepstrum @ warping_matrix(envelope.shape[1], order, WARPING[sampling_rate]).T


@lru_cache(maxsize=8)
def warping_matrix(size: int, order: int, alpha: float) -> np.ndarray:
    """
    The linear map from a cepstrum to its frequency-warped one (Oppenheim and Johnson 1972).

    Args:
        size (`int`): coefficients given, 0 to `size - 1`.
        order (`int`): D, highest coefficient wanted.
        alpha (`float`): all-pass constant in (-1, 1).

    Returns:
        `np.ndarray` of shape `(D + 1, size)`, float64, read-only.
    """
    given = np.eye(size)
    warped = np.zeros((order + 1, size))
    for index in range(size - 1, -1, -1):
        last = warped.copy()
        warped[0] = given[index] + alpha * last[0]
        if order >= 1:
            warped[1] = (1.0 - alpha**2) * last[0] + alpha * last[1]
        for row in range(2, order + 1):
            warped[row] = last[row - 1] + alpha * (last[row] - warped[row - 1])
    warped.setflags(write=False)
    return warped


def warping_path(predicted: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """
    The cheapest monotonic path between two sequences of vectors (Sakoe and Chiba 1978; Euclidean, steps of one).

    Args:
        predicted (`np.ndarray` of shape `(F_1, D)`), reference (`np.ndarray` of shape `(F_2, D)`).

    Returns:
        `np.ndarray` of shape `(L, 2)`, int: pairs of frames from (0, 0) to (F_1 - 1, F_2 - 1).
    """
    import librosa

    _, path = librosa.sequence.dtw(np.ascontiguousarray(predicted.T), np.ascontiguousarray(reference.T))
    return path[::-1]


def cepstral_distance(predicted: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Distortion in dB of each of L pairs of mel-cepstra `(L, D + 1)`, level left out: `np.ndarray` of shape `(L,)`."""
    return DECIBELS * np.linalg.norm(predicted[:, 1:] - reference[:, 1:], axis=1)


def mel_cepstral_distortion(
    predicted: np.ndarray,
    reference: np.ndarray,
    sampling_rate: int = 24_000,
    align: bool = True,
    order: int = ORDER,
) -> float:
    """
    Mean distortion of one recording against another, in dB, >= 0; 0 is the same spectrum.

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        align (`bool`): warp the time axes onto each other; False compares frame by frame (same timing) and leaves out what
            one has more.
        order (`int`): D.
    """
    predicted, reference = checked_pair(predicted, reference)
    first = mel_cepstrum(predicted, sampling_rate, order)
    second = mel_cepstrum(reference, sampling_rate, order)
    if align:
        path = warping_path(first[:, 1:], second[:, 1:])
    else:
        path = np.arange(min(len(first), len(second)))[:, None].repeat(2, axis=1)
    return float(cepstral_distance(first[path[:, 0]], second[path[:, 1]]).mean())
