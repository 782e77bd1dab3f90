"""Spectral reconstruction losses on waveforms.

`MultiScaleMelLoss` is the mel loss of BigVGAN-v2 (NVIDIA BigVGAN release 2.0; the scales come from the Descript audio
codec, Kumar et al., arXiv:2306.06546): seven window lengths, log magnitudes only.
`multi_resolution_stft_loss` is the one of Parallel WaveGAN (Yamamoto et al., arXiv:1910.11480, section 2.2).
Both compute in float32 whatever autocast says, and can share the magnitudes of the resolutions they have in common.

B batch, S samples, N window length, K = N // 2 + 1 frequency bins, M mel bands, W windows in a signal.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.audio_utils import mel_filter_bank


DEFAULT_WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
DEFAULT_MELS = (5, 10, 20, 40, 80, 160, 320)
DEFAULT_RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))


def flatten_waveform(waveform: Tensor) -> Tensor:
    """[B, 1, S] or [B, S] to [B, S]."""
    if waveform.dim() == 3 and waveform.shape[1] == 1:
        waveform = waveform[:, 0]
    if waveform.dim() != 2:
        raise ValueError(f"a waveform must be [B, 1, S] or [B, S], got {tuple(waveform.shape)}")
    return waveform


def windowed_frames(waveform: Tensor, window: Tensor, hop_length: int) -> Tensor:
    """Cut [B, S] into overlapping windowed frames [B, W, N], reflecting N // 2 samples at both ends."""
    length = window.shape[0]
    if waveform.shape[-1] <= length // 2:
        raise ValueError(
            f"a waveform of {waveform.shape[-1]} samples is too short for a window of {length}: "
            f"use segments of at least {length // 2 + 1} samples or shorter windows"
        )
    padded = functional.pad(waveform[:, None], (length // 2, length // 2), mode="reflect")[:, 0]
    return padded.unfold(-1, length, hop_length) * window


def magnitude_spectrogram(waveform: Tensor, window: Tensor, hop_length: int) -> Tensor:
    """Magnitudes [B, W, K] of the short-time Fourier transform of [B, S]."""
    return torch.fft.rfft(windowed_frames(waveform, window, hop_length)).abs()


@lru_cache(maxsize=64)
def hann_window(length: int, device: torch.device) -> Tensor:
    """Hann window [N], made once per length and device."""
    with torch.inference_mode(False):
        return torch.hann_window(length, device=device)


class MagnitudePair:
    """Magnitude spectrograms of a prediction and its target; each resolution is computed once, however often asked for.

    Args:
        predicted (`Tensor` [B, 1, S] or [B, S]): Generated waveform in [-1, 1].
        target (`Tensor`, same shape): Recorded waveform; gets no gradient.
    """

    def __init__(self, predicted: Tensor, target: Tensor) -> None:
        predicted, target = flatten_waveform(predicted), flatten_waveform(target)
        if predicted.shape != target.shape:
            raise ValueError(
                f"predicted {tuple(predicted.shape)} and target {tuple(target.shape)} must have one shape"
            )
        self.predicted, self.target = predicted.float(), target.detach().float()
        self._known: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def __call__(self, length: int, hop_length: int) -> tuple[Tensor, Tensor]:
        """Magnitudes [B, W, K] of prediction and target under a Hann window of `length` samples; float32."""
        if (length, hop_length) not in self._known:
            with torch.autocast(device_type=self.predicted.device.type, enabled=False):
                window = hann_window(length, self.predicted.device)
                with torch.no_grad():
                    wanted = magnitude_spectrogram(self.target, window, hop_length)
                self._known[length, hop_length] = magnitude_spectrogram(self.predicted, window, hop_length), wanted
        return self._known[length, hop_length]


class MultiScaleMelLoss(nn.Module):
    """L1 distance of log10 mel spectrograms, summed over several window lengths (hop = window / 4).

    Args:
        sampling_rate (`int`): Hertz.
        windows (`Sequence[int]`): Window lengths in samples.
        mels (`Sequence[int]`): Mel bands for each window length.
        eps (`float`): Floor of the mel magnitudes before the logarithm.
    """

    def __init__(
        self,
        sampling_rate: int = 24000,
        windows: Sequence[int] = DEFAULT_WINDOWS,
        mels: Sequence[int] = DEFAULT_MELS,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if len(windows) != len(mels) or not windows:
            raise ValueError(f"`windows` and `mels` must pair up, got {len(windows)} windows and {len(mels)} mels")
        if any(window < 8 or window % 4 for window in windows):
            raise ValueError(f"`windows` must be multiples of 4, at least 8, got {tuple(windows)}")
        if eps <= 0:
            raise ValueError(f"`eps` must be > 0, got {eps}")
        self.windows = tuple(windows)
        self.eps = eps
        for length, bands in zip(windows, mels, strict=True):
            with warnings.catch_warnings():  # the narrowest bands of the published setting fall between two bins
                warnings.simplefilter("ignore")
                bank = mel_filter_bank(
                    num_frequency_bins=length // 2 + 1,
                    num_mel_filters=bands,
                    min_frequency=0.0,
                    max_frequency=sampling_rate / 2,
                    sampling_rate=sampling_rate,
                    norm="slaney",
                    mel_scale="slaney",
                )
            self.register_buffer(f"bank_{length}", torch.from_numpy(bank).float(), persistent=False)

    def log_mel(self, magnitudes: Tensor, length: int) -> Tensor:
        """log10 mel magnitudes [B, W, M] of magnitudes [B, W, K] of one of the configured window lengths."""
        return (magnitudes @ getattr(self, f"bank_{length}").float()).clamp_min(self.eps).log10()

    def forward(self, predicted: Tensor | MagnitudePair, target: Tensor | None = None) -> Tensor:
        """Distance between two batches of waveforms.

        Args:
            predicted (`Tensor` [B, 1, S] or [B, S], or `MagnitudePair`): Generated waveform in [-1, 1], or both.
            target (`Tensor`, same shape): Recorded waveform; gets no gradient.

        Returns:
            `Tensor` []: Sum over the scales of the mean absolute difference; float32, >= 0.
        """
        pair = predicted if isinstance(predicted, MagnitudePair) else MagnitudePair(predicted, target)
        with torch.autocast(device_type=pair.predicted.device.type, enabled=False):
            loss = pair.predicted.new_zeros(())
            for length in self.windows:
                got, wanted = pair(length, length // 4)
                loss = loss + functional.l1_loss(self.log_mel(got, length), self.log_mel(wanted, length))
            return loss


def multi_resolution_stft_loss(
    predicted: Tensor | MagnitudePair,
    target: Tensor | None = None,
    resolutions: Sequence[tuple[int, int]] = DEFAULT_RESOLUTIONS,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor]:
    """Spectral convergence and log-magnitude distance, each averaged over several resolutions.

    Args:
        predicted (`Tensor` [B, 1, S] or [B, S], or `MagnitudePair`): Generated waveform, or both.
        target (`Tensor`, same shape): Recorded waveform; gets no gradient.
        resolutions (sequence of `(window, hop)`): In samples.
        eps (`float`): Floor of the magnitudes.

    Returns:
        `tuple[Tensor, Tensor]`: Scalars; the relative Frobenius norm of the error (mean over the batch), and the mean
        absolute difference of the natural logarithms.
    """
    pair = predicted if isinstance(predicted, MagnitudePair) else MagnitudePair(predicted, target)
    with torch.autocast(device_type=pair.predicted.device.type, enabled=False):
        convergence, distance = pair.predicted.new_zeros(()), pair.predicted.new_zeros(())
        for length, hop in resolutions:
            got, wanted = (magnitudes.clamp_min(eps) for magnitudes in pair(length, hop))
            error = torch.linalg.vector_norm(wanted - got, dim=(1, 2))
            convergence = convergence + (error / torch.linalg.vector_norm(wanted, dim=(1, 2))).mean()
            distance = distance + functional.l1_loss(got.log(), wanted.log())
        return convergence / len(resolutions), distance / len(resolutions)
