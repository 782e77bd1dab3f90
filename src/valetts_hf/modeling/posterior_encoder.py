"""Posterior encoder (training and adaptation only): log-mel frames to a Gaussian over latents.

VITS, arXiv 2106.06103, section 2.1, with a mel input as in VITS2 and ConvNeXt blocks. B batch, F frames, M mel bands.
"""

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtStack
from .mel import standardized
from .prior import mean_and_log_scale


class PosteriorEncoder(nn.Module):
    """mel [B, F, M], style [B, H], mask [B, F] -> mean and log standard deviation, both [B, F, latent_size]."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.stack = ConvNeXtStack(config.num_mel_bands, config.posterior, config.style.hidden_size)
        self.output = nn.Linear(config.posterior.hidden_size, 2 * config.latent_size)

    def forward(self, mel: torch.Tensor, style: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden_states = self.stack(standardized(mel), style, mask[..., None].to(mel.dtype))
        return mean_and_log_scale(self.output(hidden_states))
