"""Constant-Q transform by octaves (Schoerkhuber and Klapuri 2010), differentiable; equal to `librosa.cqt` up to its filters.

The kernels of the highest octave serve all: after each octave the signal is low-passed and decimated by two, so that the
long windows of the low octaves become short. Values are scaled as librosa and nnAudio scale them (`scale=True`).
B batch, S samples, W frames = S // hop + 1, K bins = octaves * bins per octave.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from valetts_hf.training.spectral import flatten_waveform


LOWEST_NOTE = 32.7031956626  # C1, in Hz
HALF_BAND_TAPS = 127  # 1 + 2 * odd: every second tap but the middle one is zero


def half_band_filter(taps: int = HALF_BAND_TAPS, beta: float = 8.0) -> Tensor:
    """Kaiser-windowed sinc that keeps the lower half of the band, float64 [taps], sum 1; -80 dB beyond its transition."""
    time = torch.arange(taps, dtype=torch.float64) - taps // 2
    window = torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64)
    response = window * torch.sinc(time / 2)
    return response / response.sum()


class ConstantQ(nn.Module):
    """Waveform [B, S] to complex bins as two channels [B, 2, W, K], float32; bin k is at `lowest * 2 ** (k / bins)` Hz.

    Args:
        sampling_rate (`int`): Hertz.
        hop_length (`int`): samples between frames; divisible by 2 ** (octaves - 1) after `oversample`.
        octaves (`int`), bins (`int`): octaves, and bins of each.
        lowest (`float`): frequency of the first bin, in Hz.
        oversample (`bool`): interpolate the signal to twice the rate first, so that the highest octave may reach the band's
            end; frames are then `hop_length / 2` samples of the signal apart, as in BigVGAN-v2.
    """

    def __init__(
        self,
        sampling_rate: int,
        hop_length: int = 512,
        octaves: int = 9,
        bins: int = 24,
        lowest: float = LOWEST_NOTE,
        oversample: bool = False,
    ) -> None:
        super().__init__()
        self.hop_length, self.octaves, self.bins, self.oversample = hop_length, octaves, bins, oversample
        rate = sampling_rate * (2 if oversample else 1)
        if octaves < 1 or bins < 1:
            raise ValueError(f"`octaves` and `bins` must be at least 1, got {octaves} and {bins}")
        if hop_length < 1 or hop_length % 2 ** (octaves - 1):
            raise ValueError(
                f"`hop_length` must be a multiple of {2 ** (octaves - 1)} ({octaves} octaves), got {hop_length}"
            )
        highest = lowest * 2 ** (octaves - 1 / bins)
        quality = (2.0 ** (2.0 / bins) + 1.0) / (
            2.0 ** (2.0 / bins) - 1.0
        )  # neighbouring bins meet at half their width
        if highest * (1 + 1 / quality) > rate / 2:
            raise ValueError(
                f"the highest bin, {highest:.0f} Hz, does not fit a sampling rate of {rate} Hz: use fewer octaves"
            )
        frequencies = lowest * 2.0 ** (octaves - 1 + torch.arange(bins, dtype=torch.float64) / bins)
        lengths = quality * rate / frequencies
        size = 2 * math.ceil(float(lengths.max()) / 2) + 1
        time = torch.arange(size, dtype=torch.float64) - size // 2
        window = torch.where(
            time.abs() <= lengths[:, None] / 2, 0.5 + 0.5 * torch.cos(2 * math.pi * time / lengths[:, None]), 0.0
        )
        window = window / window.sum(dim=1, keepdim=True)
        phase = 2 * math.pi * frequencies[:, None] * time / rate
        kernels = torch.cat([window * torch.cos(phase), -window * torch.sin(phase)])  # [2 * bins, size]
        self.register_buffer("kernels", kernels[:, None].float(), persistent=False)
        self.register_buffer("half_band", half_band_filter()[None, None].float(), persistent=False)
        lengths = quality * rate / (lowest * 2.0 ** (torch.arange(octaves * bins, dtype=torch.float64) / bins))
        self.register_buffer("scale", lengths.sqrt().float(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """
        Args:
            waveform (`Tensor` [B, 1, S] or [B, S]): in [-1, 1].

        Returns:
            `Tensor` [B, 2, W, K]: real and imaginary part; frame w is centred at sample w * hop of the (oversampled) signal.
        """
        waveform = flatten_waveform(waveform)
        with torch.autocast(device_type=waveform.device.type, enabled=False):
            signal = waveform.float()[:, None]
            if self.oversample:
                signal = self._interpolated(signal)
            frames = signal.shape[-1] // self.hop_length + 1
            kernels, parts, hop = self.kernels.float(), [], self.hop_length
            reach, lead = kernels.shape[-1] // 2, 0  # lead: samples of the signal before its beginning
            for octave in range(self.octaves):
                if octave:
                    signal, lead = self._decimated(signal, lead)
                    hop //= 2
                # the first frame begins `reach` before the beginning, the last ends where it must
                needed = (frames - 1) * hop + reach + 1 + lead
                padded = functional.pad(signal, (reach - lead, needed - signal.shape[-1]))
                parts.append(functional.conv1d(padded, kernels, stride=hop).unflatten(1, (2, self.bins)))
            result = torch.cat(parts[::-1], dim=2) * self.scale.float()[:, None]  # low octaves first
            return result.transpose(2, 3)

    def _decimated(self, signal: Tensor, lead: int) -> tuple[Tensor, int]:
        """Low-passed, every second sample; what rings beyond the ends is kept."""
        before = HALF_BAND_TAPS // 2 + 1 + lead % 2
        padded = functional.pad(signal, (before + HALF_BAND_TAPS // 2, HALF_BAND_TAPS))
        return functional.conv1d(padded, self.half_band.float(), stride=2), (lead + before) // 2

    def _interpolated(self, signal: Tensor) -> Tensor:
        padding = HALF_BAND_TAPS // 2
        return functional.conv_transpose1d(
            signal, 2 * self.half_band.float(), stride=2, padding=padding, output_padding=1
        )
