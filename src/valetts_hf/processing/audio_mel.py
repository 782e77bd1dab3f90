"""The log-mel of reference audio in numpy: the same convention as the model's own spectrogram (BigVGAN-v2, 24 kHz).

Frames of n_fft samples every hop, magnitude spectrum, Slaney mel bands from 0 Hz to Nyquist, natural log clamped at 1e-5;
the waveform is reflect-padded so that S samples give F = S // hop frames. S samples, F frames, M mel bands.
"""

from functools import lru_cache

import numpy as np
from transformers.audio_utils import mel_filter_bank


LOG_FLOOR = 1e-5  # smallest magnitude: -11.5 in the log, what silence looks like


@lru_cache(maxsize=4)
def mel_filters(sampling_rate: int = 24000, n_fft: int = 1024, num_mel_bands: int = 100) -> np.ndarray:
    """Slaney-normalised mel filters from 0 Hz to Nyquist.

    Args:
        sampling_rate (`int`): in Hz.
        n_fft (`int`): samples of one spectrum.
        num_mel_bands (`int`): number of bands M.

    Returns:
        `np.ndarray` of shape `(n_fft // 2 + 1, M)`, float64, read-only.
    """
    filters = mel_filter_bank(
        num_frequency_bins=n_fft // 2 + 1,
        num_mel_filters=num_mel_bands,
        min_frequency=0.0,
        max_frequency=sampling_rate / 2,
        sampling_rate=sampling_rate,
        norm="slaney",
        mel_scale="slaney",
    )
    filters.setflags(write=False)
    return filters


def log_mel_spectrogram(
    waveform: np.ndarray,
    sampling_rate: int = 24000,
    n_fft: int = 1024,
    hop_length: int = 256,
    num_mel_bands: int = 100,
) -> np.ndarray:
    """Log-mel spectrogram of one waveform.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): samples in [-1, 1]; S > (n_fft - hop_length) / 2.
        sampling_rate (`int`): in Hz.
        n_fft (`int`): samples of one spectrum, also the length of the (periodic) Hann window.
        hop_length (`int`): samples between frames.
        num_mel_bands (`int`): number of bands M.

    Returns:
        `np.ndarray` of shape `(S // hop_length, M)`, float32, natural log of magnitudes.

    Raises:
        `ValueError`: the waveform is not one-dimensional or too short to be padded by reflection.
    """
    if waveform.ndim != 1:
        raise ValueError(f"log_mel_spectrogram takes a waveform of shape (samples,), got shape {waveform.shape}.")
    padding = (n_fft - hop_length) // 2
    if len(waveform) <= padding:
        raise ValueError(f"a spectrogram needs more than {padding} samples, got {len(waveform)}: use longer audio.")
    padded = np.pad(np.asarray(waveform, dtype=np.float64), padding, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)
    spectrum = np.fft.rfft(frames * window)
    magnitude = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)
    mel = magnitude @ mel_filters(sampling_rate, n_fft, num_mel_bands)
    return np.log(np.maximum(mel, LOG_FLOOR)).astype(np.float32)


__all__ = ["LOG_FLOOR", "log_mel_spectrogram", "mel_filters"]
