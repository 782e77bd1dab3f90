"""Waveform discriminators: multi-period, multi-resolution spectrogram, multi-scale constant-Q.

The multi-period part is HiFi-GAN's (Kong et al., arXiv:2010.05646, section 2.3). The spectrogram part reads complex
short-time spectra at several resolutions, as in EnCodec (Defossez et al., arXiv:2210.13438, section 3.4), with
convolutions strided along frequency; magnitudes are compressed by a power so that quiet harmonics are seen as well.
Presets: `cpu` (0.30 M parameters, 0.5 GFLOP per second of audio) trains without an accelerator: forward and
backward of 8 x 12288 samples take about 0.17 s on one 2020s server core. `gpu` (11.1 M, 11.9 GFLOP) suits one
data-centre card; `medium` (3.0 M, 4.1 GFLOP) lies between in cost (what it costs in quality has not been measured).
`bigvgan_v2` judges as BigVGAN-v2 was judged, by periods and by constant-Q transforms (`constant_q_discriminator.py`) instead of
spectrograms; `bigvgan_v2_small` is the same at an eighth of the width.

B batch, S samples, W windows in a signal, K frequency bins, P period.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from valetts_hf.training.constant_q_discriminator import ConstantQDiscriminator
from valetts_hf.training.spectral import flatten_waveform, windowed_frames


_SLOPE = 0.1


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Sizes of the waveform discriminators.

    Args:
        periods (`tuple[int, ...]`): Periods in samples, one sub-discriminator each.
        period_channels (`tuple[int, ...]`): Width of each layer; all but the last layer stride by `period_stride`.
        period_kernel_size (`int`): Odd kernel along time.
        period_stride (`int`): Stride along time.
        resolutions (`tuple[tuple[int, int], ...]`): (window, hop) in samples, one sub-discriminator each.
        spectrogram_channels (`tuple[int, ...]`): Width of each layer; all but the last halve the frequency axis, the
            first divides it by `first_frequency_stride`.
        spectrogram_kernel_size (`tuple[int, int]`): Odd kernel along (windows, frequency).
        first_frequency_stride (`int`): Stride of the first layer along frequency.
        compression (`float`): Power that compresses the magnitudes, in (0, 1].
        constant_q (`tuple[tuple[int, int, int], ...]`): (hop in samples of twice the rate, octaves, bins of an octave), one
            sub-discriminator each.
        constant_q_channels (`int`): Their width.
        sampling_rate (`int`): In Hertz; only the constant-Q transforms know frequencies.
    """

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_channels: tuple[int, ...] = (32, 128, 256, 512, 512)
    period_kernel_size: int = 5
    period_stride: int = 3
    resolutions: tuple[tuple[int, int], ...] = ((512, 128), (1024, 256), (2048, 512))
    spectrogram_channels: tuple[int, ...] = (32, 32, 32, 32, 32)
    spectrogram_kernel_size: tuple[int, int] = (3, 9)
    first_frequency_stride: int = 2
    compression: float = 0.5
    constant_q: tuple[tuple[int, int, int], ...] = ()
    constant_q_channels: int = 128
    sampling_rate: int = 24000

    def __post_init__(self) -> None:
        if not self.periods and not self.resolutions and not self.constant_q:
            raise ValueError("a discriminator needs at least one period, one resolution or one constant-Q transform")
        if self.constant_q_channels < 1 or self.sampling_rate < 1:
            raise ValueError("`constant_q_channels` and `sampling_rate` must be positive")
        for name in ("periods", "period_channels", "spectrogram_channels"):
            if any(value < 1 for value in getattr(self, name)):
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name)}")
        if (self.periods and not self.period_channels) or (self.resolutions and not self.spectrogram_channels):
            raise ValueError("`period_channels` and `spectrogram_channels` need at least one layer each")
        for size in (self.period_kernel_size, *self.spectrogram_kernel_size):
            if size < 1 or size % 2 == 0:
                raise ValueError(f"kernel sizes must be odd and positive, got {size}")
        if self.period_stride < 1 or self.first_frequency_stride < 1:
            raise ValueError("strides must be >= 1")
        for window, hop in self.resolutions:
            if not 0 < hop <= window or window % 2:
                raise ValueError(f"`resolutions` need an even window and 0 < hop <= window, got {(window, hop)}")
        if not 0 < self.compression <= 1:
            raise ValueError(f"`compression` must be in (0, 1], got {self.compression}")


BIGVGAN_CONSTANT_Q = ((512, 9, 24), (256, 9, 36), (256, 9, 48))

PRESETS = {
    "cpu": DiscriminatorConfig(
        period_channels=(16, 32, 64, 96),
        period_stride=4,
        resolutions=((512, 256), (1024, 512), (2048, 1024)),
        spectrogram_channels=(16, 24, 32, 32),
        spectrogram_kernel_size=(3, 5),
        first_frequency_stride=4,
    ),
    "medium": DiscriminatorConfig(period_channels=(32, 64, 128, 256, 256), first_frequency_stride=4),
    "gpu": DiscriminatorConfig(),
    "bigvgan_v2": DiscriminatorConfig(
        period_channels=(32, 128, 512, 1024, 1024), resolutions=(), constant_q=BIGVGAN_CONSTANT_Q
    ),
    "bigvgan_v2_small": DiscriminatorConfig(
        period_channels=(8, 16, 64, 128, 128), resolutions=(), constant_q=BIGVGAN_CONSTANT_Q, constant_q_channels=16
    ),
}


def discriminator_preset(name: str) -> DiscriminatorConfig:
    """The configuration of that name in `PRESETS`."""
    if name not in PRESETS:
        raise ValueError(f"unknown discriminator preset {name!r}: choose one of {sorted(PRESETS)}")
    return PRESETS[name]


class PeriodDiscriminator(nn.Module):
    """Judges every P-th sample: the signal is folded to [S / P, P] and convolved along the first axis only."""

    def __init__(self, period: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.period = period
        kernel, padding = (config.period_kernel_size, 1), (config.period_kernel_size // 2, 0)
        layers, width, last = [], 1, len(config.period_channels) - 1
        for index, channels in enumerate(config.period_channels):
            stride = (1 if index == last else config.period_stride, 1)
            layers.append(weight_norm(nn.Conv2d(width, channels, kernel, stride, padding)))
            width = channels
        self.layers = nn.ModuleList(layers)
        self.head = weight_norm(nn.Conv2d(width, 1, (3, 1), 1, (1, 0)))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[B, S] to scores [B, N] and the feature map of every layer."""
        remainder = waveform.shape[-1] % self.period
        if remainder:
            waveform = functional.pad(waveform[:, None], (0, self.period - remainder), mode="reflect")[:, 0]
        hidden_states = waveform.view(waveform.shape[0], 1, -1, self.period)
        return _run(self.layers, self.head, hidden_states)


class SpectrogramDiscriminator(nn.Module):
    """Judges the compressed complex spectrogram of one resolution, real and imaginary part as two channels."""

    def __init__(self, window: int, hop_length: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.compression = config.compression
        # Divided by its norm, white noise of variance 1 gives bins of magnitude about 1 at every resolution.
        hann = torch.hann_window(window)
        self.register_buffer("window", hann / hann.square().sum().sqrt(), persistent=False)
        kernel = config.spectrogram_kernel_size
        padding = (kernel[0] // 2, kernel[1] // 2)
        layers, width, last = [], 2, len(config.spectrogram_channels) - 1
        for index, channels in enumerate(config.spectrogram_channels):
            stride = config.first_frequency_stride if index == 0 else 2
            if index == last and index > 0:
                layers.append(weight_norm(nn.Conv2d(width, channels, 3, 1, 1)))
            else:
                layers.append(weight_norm(nn.Conv2d(width, channels, kernel, (1, stride), padding)))
            width = channels
        self.layers = nn.ModuleList(layers)
        self.head = weight_norm(nn.Conv2d(width, 1, 3, 1, 1))

    def spectrogram(self, waveform: Tensor) -> Tensor:
        """[B, S] to [B, 2, W, K], float32."""
        with torch.autocast(device_type=waveform.device.type, enabled=False):
            frames = windowed_frames(waveform.float(), self.window.float(), self.hop_length)
            spectrum = torch.view_as_real(torch.fft.rfft(frames))
            # The small constant bounds the slope of the compression at silence.
            power = spectrum.square().sum(-1, keepdim=True) + 1e-5
            return (spectrum * power.pow(0.5 * (self.compression - 1.0))).permute(0, 3, 1, 2).contiguous()

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[B, S] to scores [B, N] and the feature map of every layer."""
        return _run(self.layers, self.head, self.spectrogram(waveform))


class Discriminator(nn.Module):
    """All period, spectrogram and constant-Q discriminators of a configuration."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        members: list[nn.Module] = [PeriodDiscriminator(period, config) for period in config.periods]
        members += [SpectrogramDiscriminator(window, hop, config) for window, hop in config.resolutions]
        members += [
            ConstantQDiscriminator(config.sampling_rate, hop, octaves, bins, config.constant_q_channels)
            for hop, octaves, bins in config.constant_q
        ]
        self.members = nn.ModuleList(members)

    def forward(self, waveform: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Judge a batch of waveforms.

        Args:
            waveform (`Tensor` [B, 1, S] or [B, S]): In [-1, 1]; S more than half the longest window.

        Returns:
            `tuple[list[Tensor], list[list[Tensor]]]`: Per member its scores [B, N] (about 1 = real, 0 = generated) and
            its feature maps [B, channels, ...].
        """
        waveform = flatten_waveform(waveform)
        results = [member(waveform) for member in self.members]
        return [scores for scores, _ in results], [maps for _, maps in results]


def _run(layers: nn.ModuleList, head: nn.Module, hidden_states: Tensor) -> tuple[Tensor, list[Tensor]]:
    feature_maps, hidden_states = [], hidden_states.to(head.bias.dtype)
    for layer in layers:
        hidden_states = functional.leaky_relu(layer(hidden_states), _SLOPE)
        feature_maps.append(hidden_states)
    return head(hidden_states).flatten(1), feature_maps
