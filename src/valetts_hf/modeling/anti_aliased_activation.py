"""Anti-aliased periodic activation of BigVGAN (arXiv 2206.04658, section 3.2): upsample by 2, snake, downsample by 2.

Snake (arXiv 2006.08195) makes harmonics; at twice the rate those above the band can be filtered away instead of folding
back. Both filters are Kaiser-windowed sincs of 12 taps, as in the published models.
B batch, C channels, S samples.
"""

import math

import torch
from torch import nn


TAPS = 12
EPSILON = 1e-9


def kaiser_sinc_filter(cutoff: float = 0.25, half_width: float = 0.3, taps: int = TAPS) -> torch.Tensor:
    """Low-pass filter [taps] that sums to 1, float64.

    Args:
        cutoff (`float`): in cycles per sample, in (0, 0.5].
        half_width (`float`): half the width of the transition band, in cycles per sample.
        taps (`int`, even): length.
    """
    attenuation = 2.285 * (taps // 2 - 1) * math.pi * 4 * half_width + 7.95  # in dB; Kaiser and Schafer 1980
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    window = torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64, device="cpu")
    time = torch.arange(taps, dtype=torch.float64, device="cpu") - (taps - 1) / 2
    taps_at = window * torch.sinc(2 * cutoff * time)
    return taps_at / taps_at.sum()


def upsample(hidden_states: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """[B, C, S] -> [B, C, 2 S], its ends held."""
    channels, length = hidden_states.shape[1], taps.shape[0]
    padding = length // 2 - 1
    padded = nn.functional.pad(hidden_states, (padding, padding), mode="replicate")
    kernel = (2 * taps).expand(channels, 1, length)
    cut = 2 * padding + (length - 2) // 2
    return nn.functional.conv_transpose1d(padded, kernel, stride=2, groups=channels)[..., cut:-cut]


def downsample(hidden_states: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """[B, C, 2 S] -> [B, C, S], its ends held."""
    channels, length = hidden_states.shape[1], taps.shape[0]
    padded = nn.functional.pad(hidden_states, (length // 2 - 1, length // 2), mode="replicate")
    return nn.functional.conv1d(padded, taps.expand(channels, 1, length), stride=2, groups=channels)


def anti_aliased_snake(
    hidden_states: torch.Tensor,
    alpha: torch.Tensor,
    beta: torch.Tensor,
    up_filter: torch.Tensor,
    down_filter: torch.Tensor,
) -> torch.Tensor:
    """x + sin^2(alpha x) / beta at twice the rate.

    Args:
        hidden_states (`torch.Tensor` [B, C, S]), alpha, beta (`torch.Tensor` [C], no logarithms).
        up_filter, down_filter (`torch.Tensor` [taps]).
    """
    raised = upsample(hidden_states, up_filter.to(hidden_states.dtype))
    raised = raised + torch.sin(alpha[:, None] * raised).square() / (beta[:, None] + EPSILON)
    return downsample(raised, down_filter.to(hidden_states.dtype))


class AntiAliasedSnakeBeta(nn.Module):
    """Snake with a frequency and a strength per channel. [B, C, S] -> [B, C, S].

    Args:
        channels (`int`): C.
        logscale (`bool`): `alpha` and `beta` are stored as logarithms.
    """

    def __init__(self, channels: int, logscale: bool = True):
        super().__init__()
        self.logscale = logscale
        self.alpha = nn.Parameter(torch.zeros(channels) if logscale else torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels) if logscale else torch.ones(channels))
        self.register_buffer("up_filter", kaiser_sinc_filter().float(), persistent=False)
        self.register_buffer("down_filter", kaiser_sinc_filter().float(), persistent=False)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        alpha, beta = (self.alpha.exp(), self.beta.exp()) if self.logscale else (self.alpha, self.beta)
        return anti_aliased_snake(hidden_states, alpha, beta, self.up_filter, self.down_filter)


class AntiAliasedSnake(nn.Module):
    """Snake whose strength is the inverse of its frequency (`activation: snake`); arguments as `AntiAliasedSnakeBeta`."""

    def __init__(self, channels: int, logscale: bool = True):
        super().__init__()
        self.logscale = logscale
        self.alpha = nn.Parameter(torch.zeros(channels) if logscale else torch.ones(channels))
        self.register_buffer("up_filter", kaiser_sinc_filter().float(), persistent=False)
        self.register_buffer("down_filter", kaiser_sinc_filter().float(), persistent=False)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        alpha = self.alpha.exp() if self.logscale else self.alpha
        return anti_aliased_snake(hidden_states, alpha, alpha, self.up_filter, self.down_filter)
