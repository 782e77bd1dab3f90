"""A curve over frequency for every style: what a voice has in all of its frames alike.

The long-term spectrum of a voice is the first thing that tells it from another, and a few dozen numbers describe it.
B batch, H style width, P points on the mel scale, Q = n_fft / 2 + 1 frequency bins.
"""

import torch
from torch import nn

from .precision import computing_dtype


def mel_points(points: int, bins: int, sampling_rate: int) -> torch.Tensor:
    """Weights [P, Q] that interpolate between points at equal distances on the mel scale, from 0 Hz to half the rate.

    Each bin's weights sum to 1, so that equal values at all points give a flat curve.
    """
    nyquist = sampling_rate / 2
    mel = torch.log1p(torch.arange(bins, dtype=torch.float64) * nyquist / (bins - 1) / 700)  # up to a factor
    place = mel / mel[-1] * (points - 1)
    return (1 - (place - torch.arange(points, dtype=torch.float64)[:, None]).abs()).clamp(min=0).float()


class StyleSpectrum(nn.Module):
    """style [B, H] -> logarithm of amplitude [B, 1, Q] (float32), 0 everywhere at the start.

    Args:
        style_size (`int`): width H.
        points (`int`): P.
        bins (`int`): Q.
        sampling_rate (`int`): Hz.
        limit (`float`): largest value to either side.
    """

    def __init__(self, style_size: int, points: int, bins: int, sampling_rate: int, limit: float):
        super().__init__()
        self.sampling_rate, self.limit = sampling_rate, limit
        self.affine = nn.Linear(style_size, points)
        self.register_buffer("basis", mel_points(points, bins, sampling_rate), persistent=False)

    def forward(self, style: torch.Tensor) -> torch.Tensor:
        at_points = self.affine(style.to(computing_dtype(self.affine))).float().clamp(-self.limit, self.limit)
        return (at_points @ self.basis.float())[:, None]
