"""Excitation of the decoder: a band-limited pulse train that follows the pitch, and a fixed white noise.

A source-filter vocoder needs far less training than one that must invent phase (compare NSF, arXiv 1810.11946, and
HiFTNet, arXiv 2309.09493). Both sources are deterministic, so equal latents give equal audio; training begins every row
at another place of the noise, so that discriminators cannot learn it by heart.
B batch, F frames, S samples = F * hop.
"""

import torch
from torch import nn


NOISE_LENGTH = 1 << 17  # samples before the noise repeats (5.5 s at 24 kHz)


def continuous_pitch(pitch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Fill unvoiced frames with the last voiced value (the first ones with the next).

    Args:
        pitch (`torch.Tensor` [B, F]): log-F0, 0 = unvoiced.

    Returns:
        F0 in Hz [B, F], positive everywhere (150 Hz where nothing is voiced), and the voicing mask [B, F].
    """
    voiced = pitch > 0
    position = torch.arange(pitch.shape[1], device=pitch.device)[None].expand_as(pitch)
    last = torch.cummax(torch.where(voiced, position, -1), dim=1).values
    first = torch.where(voiced, position, pitch.shape[1] - 1).amin(dim=1, keepdim=True)
    filled = pitch.gather(1, torch.where(last < 0, first, last))
    return torch.where(filled > 0, filled, torch.full_like(filled, 5.0106)).exp(), voiced


def pulse_train(pitch: torch.Tensor, hop_length: int, sampling_rate: int) -> torch.Tensor:
    """Band-limited pulse train of unit power where voiced, zero elsewhere.

    The sum of all harmonics below Nyquist in closed form (Dirichlet kernel): one sine quotient a sample.

    Args:
        pitch (`torch.Tensor` [B, F]): log-F0, 0 = unvoiced; frame t is centred at sample (t + 1/2) * hop_length.

    Returns:
        `torch.Tensor` [B, F * hop_length], float32.
    """
    frequency, voiced = continuous_pitch(pitch.float())
    # a grid far below what can be heard: rounding errors (of padding, of devices) must not add up in the phase
    frequency = torch.round(frequency * 64) / 64
    both = torch.stack([frequency, voiced.float()], dim=1)
    both = nn.functional.interpolate(both, scale_factor=hop_length, mode="linear", align_corners=False)
    frequency, voicing = both.unbind(dim=1)
    cycles = torch.cumsum(frequency.double() / sampling_rate, dim=1)
    cycles = (cycles - torch.round(cycles)).float()  # in [-1/2, 1/2]
    harmonics = torch.floor(0.5 * sampling_rate / frequency)
    denominator = torch.sin(torch.pi * cycles)
    small = denominator.abs() < 1e-4
    quotient = torch.sin((2 * harmonics + 1) * torch.pi * cycles) / torch.where(small, 1.0, denominator)
    kernel = 0.5 * (torch.where(small, 2 * harmonics + 1, quotient) - 1.0)
    return kernel * torch.rsqrt(0.5 * harmonics) * voicing


class Excitation(nn.Module):
    """pitch [B, F] -> harmonic source and noise source, both [B, F * hop_length]."""

    def __init__(self, hop_length: int, sampling_rate: int):
        super().__init__()
        self.hop_length = hop_length
        self.sampling_rate = sampling_rate
        self.register_buffer("noise", self.fixed_noise(), persistent=False)

    @staticmethod
    def fixed_noise() -> torch.Tensor:
        """White noise of unit variance [NOISE_LENGTH], always the same."""
        return torch.randn(NOISE_LENGTH, generator=torch.Generator(device="cpu").manual_seed(0), device="cpu")

    def forward(
        self, pitch: torch.Tensor, noise_start: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`noise_start` (`torch.Tensor` [B], int64): sample of the noise, below `NOISE_LENGTH`, that each row begins with."""
        harmonic = pulse_train(pitch, self.hop_length, self.sampling_rate)
        length = harmonic.shape[1]
        if noise_start is not None:
            position = noise_start[:, None] + torch.arange(length, device=pitch.device)
            return harmonic, self.noise.float()[position % NOISE_LENGTH]
        repeats = -(-length // NOISE_LENGTH)
        noise = self.noise.float().repeat(repeats)[:length] if repeats > 1 else self.noise.float()[:length]
        return harmonic, noise.expand(len(pitch), -1)
