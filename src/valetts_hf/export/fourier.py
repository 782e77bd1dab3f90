"""The discrete Fourier transform of real frames as matrix products, for runtimes that lack it or lack it on some devices.

A real frame falls into an even and an odd half: the one meets only cosines, the other only sines, which halves the
arithmetic. N frame length, Q = N / 2 + 1 frequency bins.
"""

import torch
from torch import nn


class RealFourier(nn.Module):
    """`torch.fft.rfft` and `torch.fft.irfft` of frames of one even length N, in real arithmetic.

    Args:
        length (`int`): N.
    """

    def __init__(self, length: int):
        super().__init__()
        if length < 4 or length % 2:
            raise ValueError(f"frames must have an even number of at least 4 samples, got {length}")
        half = length // 2
        index = torch.arange(half + 1)
        # reduced before they become angles: products of large indices would cost precision
        angles = 2 * torch.pi * (index[:, None] * index[None] % length).double() / length
        # positions 0 and N / 2 have no mirror image; neither have the bins
        ends = torch.where(index % half == 0, 1.0, 2.0).double()[:, None]
        self.register_buffer("cosines", angles.cos().float(), persistent=False)  # [Q, Q]
        self.register_buffer("sines", angles.sin()[1:-1].float(), persistent=False)  # [Q - 2, Q]
        self.register_buffer("inverse_cosines", (ends * angles.cos() / length).float(), persistent=False)
        self.register_buffer("inverse_sines", (ends * angles.sin() / length)[:, 1:-1].float(), persistent=False)
        self.half = half

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames [..., N] -> real and imaginary parts, both [..., Q]."""
        half = self.half
        first, second = frames[..., 1:half], frames[..., half + 1 :].flip(-1)
        even = torch.cat([frames[..., :1], first + second, frames[..., half : half + 1]], dim=-1)
        return even @ self.cosines, (second - first) @ self.sines

    def inverse(self, real: torch.Tensor, imaginary: torch.Tensor) -> torch.Tensor:
        """Real and imaginary parts [..., Q] -> frames [..., N]; as in `irfft`, those of the first and last bin are real."""
        even, odd = real @ self.inverse_cosines, imaginary @ self.inverse_sines
        inner = even[..., 1:-1]
        return torch.cat([even[..., :1], inner - odd, even[..., -1:], (inner + odd).flip(-1)], dim=-1)
