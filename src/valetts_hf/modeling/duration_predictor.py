"""Duration predictor: log durations of tokens from hidden states, style and Gaussian noise.

VITS2, arXiv 2307.16430, section 2.1: a noise-driven generator, trained with an L2 loss and against a discriminator.
B batch, T tokens, C channels, Z noise channels.
"""

import math

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .normalization import StyleAdaptiveNorm


class DurationPredictor(nn.Module):
    """hidden_states [B, T, C], style [B, H], mask [B, T], noise [B, T, Z] -> log durations [B, T] (natural log of frames)."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        duration = config.duration
        sizes = [config.hidden_size + duration.noise_size] + [duration.hidden_size] * duration.num_layers
        self.max_log_frames = math.log(duration.max_frames)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(size_in, size_out, duration.kernel_size, padding=duration.kernel_size // 2)
            for size_in, size_out in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.norms = nn.ModuleList(
            StyleAdaptiveNorm(duration.hidden_size, config.style.hidden_size) for _ in range(duration.num_layers)
        )
        self.dropout = nn.Dropout(duration.dropout)
        self.output = nn.Linear(duration.hidden_size, 1)

    def forward(
        self, hidden_states: torch.Tensor, style: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        mask = mask[..., None].to(hidden_states.dtype)
        states = torch.cat([hidden_states, noise.to(hidden_states.dtype)], dim=-1)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            states = torch.relu(convolution((states * mask).transpose(1, 2)).transpose(1, 2))
            states = self.dropout(norm(states, style))
        return self.output(states)[..., 0].float().clamp(max=self.max_log_frames)
