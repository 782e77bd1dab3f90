"""How far two pitch contours are apart: F0 error and correlation, voicing, periodicity.

The set is the one of CARGAN (Morrison et al., arXiv:2110.10139, section 4): error of pitch in cents where both are voiced,
F1 of the voiced / unvoiced decision, RMSE of periodicity. Pitch is WORLD's (DIO and StoneMask); periodicity is the highest
normalised autocorrelation in the range of voices instead of that paper's neural one, so compare numbers only with each
other. S samples, F frames of 5 ms.
"""

from __future__ import annotations

import numpy as np

from valetts_hf.training.data.pitch import MAX_F0, MIN_F0, extract_log_f0
from valetts_hf.training.metrics.audio_pairs import checked_pair, checked_waveform
from valetts_hf.training.metrics.cepstra import frame_hop, mel_cepstrum, warping_path


def compare_f0(predicted: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """
    Compare two contours frame by frame.

    Args:
        predicted, reference (`np.ndarray` of shape `(F,)`): log(Hz), 0 = unvoiced.

    Returns:
        `dict`: over frames voiced in both "f0_rmse_hz" (Hz), "f0_rmse_cents" (1200 to the octave) and "f0_correlation"
        (Pearson, of log-F0, in [-1, 1]); over all frames "voicing_error" (share of frames, in [0, 1]) and "voicing_f1" (in
        [0, 1]). NaN where there is nothing to compare.

    Raises:
        ValueError: contours that are not one-dimensional and of one length.
    """
    predicted, reference = np.asarray(predicted, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if predicted.ndim != 1 or predicted.shape != reference.shape or not len(predicted):
        raise ValueError(
            f"contours must have one shape (F,), got {predicted.shape} and {reference.shape}; align first"
        )
    voiced, wanted = predicted > 0, reference > 0
    both = voiced & wanted
    nan = float("nan")
    result = {"f0_rmse_hz": nan, "f0_rmse_cents": nan, "f0_correlation": nan}
    if both.any():
        x, y = predicted[both], reference[both]
        result["f0_rmse_hz"] = float(np.sqrt(np.mean((np.exp(x) - np.exp(y)) ** 2)))
        result["f0_rmse_cents"] = float(1200.0 / np.log(2.0) * np.sqrt(np.mean((x - y) ** 2)))
        if len(x) > 1 and np.ptp(x) > 1e-9 and np.ptp(y) > 1e-9:
            result["f0_correlation"] = float(np.corrcoef(x, y)[0, 1])
    result["voicing_error"] = float(np.mean(voiced != wanted))
    result["voicing_f1"] = float(2.0 * both.sum() / (voiced.sum() + wanted.sum())) if (voiced | wanted).any() else nan
    return result


def periodicity(waveform: np.ndarray, sampling_rate: int = 24_000, hop_length: int | None = None) -> np.ndarray:
    """
    How periodic each frame is: the highest normalised correlation of 25 ms with the 25 ms that begin 1.8 to 16.7 ms later
    (550 to 60 Hz).

    Args:
        waveform (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        hop_length (`int`, *optional*): samples between frames; default 5 ms. Frame `t` is centred at `(t + 0.5) * hop`.

    Returns:
        `np.ndarray` of shape `(S // hop,)`, float64 in [0, 1]; 0 in silence (below -80 dB).
    """
    waveform = checked_waveform(waveform)
    hop = frame_hop(sampling_rate) if hop_length is None else hop_length
    count = len(waveform) // hop
    shortest, longest = int(sampling_rate / MAX_F0), int(np.ceil(sampling_rate / MIN_F0))
    window = round(0.025 * sampling_rate)
    whole = window + longest
    left = max(0, (whole - hop) // 2)
    padded = np.pad(waveform, (left, whole + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, whole)[::hop][:count]
    size = 1 << (whole + window).bit_length()
    heads = np.fft.rfft(frames[:, :window], size)
    products = np.fft.irfft(np.conj(heads) * np.fft.rfft(frames, size), size)[:, shortest : longest + 1]
    powers = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energies = (powers[:, window:] - powers[:, :-window])[:, : longest + 1]
    scale = np.sqrt(np.maximum(energies[:, :1], 0.0) * np.maximum(energies[:, shortest:], 0.0))
    correlation = np.where(scale > 1e-8 * window, products / np.maximum(scale, 1e-30), 0.0)
    return np.clip(correlation.max(axis=1, initial=0.0), 0.0, 1.0)


def periodicity_error(predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000) -> float:
    """
    RMSE of `periodicity` between two recordings with one timing, in [0, 1]; what one has more is left out.

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
    """
    pair = [periodicity(waveform, sampling_rate) for waveform in checked_pair(predicted, reference)]
    frames = min(len(values) for values in pair)
    return float(np.sqrt(np.mean((pair[0][:frames] - pair[1][:frames]) ** 2))) if frames else float("nan")


def voicing_f1(predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000) -> float:
    """
    F1 of the voiced / unvoiced decision between two recordings with one timing, in [0, 1]; NaN if none is voiced.

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
    """
    hop = frame_hop(sampling_rate)
    pair = [
        extract_log_f0(waveform, sampling_rate, hop, method="dio") for waveform in checked_pair(predicted, reference)
    ]
    frames = min(len(values) for values in pair)
    return compare_f0(pair[0][:frames], pair[1][:frames])["voicing_f1"]


def f0_error(
    predicted: np.ndarray, reference: np.ndarray, sampling_rate: int = 24_000, align: bool = True
) -> dict[str, float]:
    """
    Compare the pitch of two recordings.

    Args:
        predicted, reference (`np.ndarray` of shape `(S,)`): samples in [-1, 1].
        sampling_rate (`int`): in Hz.
        align (`bool`): warp the time axes onto each other by their mel-cepstra (for speech with its own timing); False
            compares frame by frame and leaves out what one has more.

    Returns:
        `dict`: the values of `compare_f0` and "periodicity_rmse" (in [0, 1]).
    """
    pair = checked_pair(predicted, reference)
    hop = frame_hop(sampling_rate)
    pitches = [extract_log_f0(waveform, sampling_rate, hop, method="dio") for waveform in pair]
    periodicities = [periodicity(waveform, sampling_rate, hop) for waveform in pair]
    if align:
        path = warping_path(*(mel_cepstrum(waveform, sampling_rate)[:, 1:] for waveform in pair))
    else:
        path = np.arange(min(len(pitch) for pitch in pitches))[:, None].repeat(2, axis=1)
    result = compare_f0(pitches[0][path[:, 0]], pitches[1][path[:, 1]])
    difference = periodicities[0][path[:, 0]] - periodicities[1][path[:, 1]]
    return result | {"periodicity_rmse": float(np.sqrt(np.mean(difference**2)))}
