"""The sub-band constant-Q discriminator of BigVGAN-v2: one resolution of the multi-scale one (Gu et al., arXiv:2311.14957).

Real and imaginary part of a constant-Q transform are two channels; each octave passes a convolution of its own, since bins of
different octaves are not comparable in time; the rest sees all octaves together.
B batch, S samples, W frames, K bins, octaves low to high.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from valetts_hf.training.constant_q import ConstantQ


KERNEL = (3, 9)  # along (frames, bins)
STRIDE = (1, 2)
DILATIONS = (1, 2, 4)  # along frames
SLOPE = 0.1


class ConstantQDiscriminator(nn.Module):
    """
    Args:
        sampling_rate (`int`): Hertz.
        hop_length (`int`), octaves (`int`), bins (`int`): of the transform, at twice the sampling rate.
        channels (`int`): width of all layers.
    """

    def __init__(self, sampling_rate: int, hop_length: int, octaves: int, bins: int, channels: int) -> None:
        super().__init__()
        self.transform = ConstantQ(sampling_rate, hop_length, octaves, bins, oversample=True)
        self.octave_layers = nn.ModuleList(nn.Conv2d(2, 2, KERNEL, padding=_same(KERNEL)) for _ in range(octaves))
        layers: list[nn.Module] = [nn.Conv2d(2, channels, KERNEL, padding=_same(KERNEL))]
        for dilation in DILATIONS:
            padding = (dilation * (KERNEL[0] // 2), KERNEL[1] // 2)
            layers.append(weight_norm(nn.Conv2d(channels, channels, KERNEL, STRIDE, padding, dilation=(dilation, 1))))
        layers.append(weight_norm(nn.Conv2d(channels, channels, 3, padding=1)))
        self.layers = nn.ModuleList(layers)
        self.head = weight_norm(nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[B, S] to scores [B, N] and the feature map of every layer."""
        spectrum = self.transform(waveform).to(self.head.bias.dtype)  # [B, 2, W, K]
        octaves = spectrum.chunk(len(self.octave_layers), dim=-1)
        hidden_states = torch.cat([layer(part) for layer, part in zip(self.octave_layers, octaves)], dim=-1)
        feature_maps = []
        for layer in self.layers:
            hidden_states = functional.leaky_relu(layer(hidden_states), SLOPE)
            feature_maps.append(hidden_states)
        return self.head(hidden_states).flatten(1), feature_maps


def _same(kernel: tuple[int, int]) -> tuple[int, int]:
    return kernel[0] // 2, kernel[1] // 2
