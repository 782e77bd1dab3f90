"""Priors over flow-space latents: a Gaussian per token (for alignment) refined to a Gaussian per frame (for synthesis).

The token prior is VITS' text prior; the frame prior adds position inside the token, pitch and energy, so that
prosody given from outside reaches the speech. B batch, T tokens, F frames, C channels, Z latent channels.
"""

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtStack


def mean_and_log_scale(output: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's output [..., 2Z] as mean and bounded log standard deviation of a Gaussian [..., Z], float32."""
    mean, log_scale = output.float().chunk(2, dim=-1)
    return mean, log_scale.clamp(-7.0, 3.0)


class TokenPrior(nn.Module):
    """hidden_states [B, T, C] -> mean and log standard deviation, both [B, T, Z]."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.output = nn.Linear(config.hidden_size, 2 * config.latent_size)

    def forward(self, hidden_states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return mean_and_log_scale(self.output(hidden_states))


class FrameEmbedding(nn.Module):
    """Expanded hidden_states [B, F, C] plus position in token [B, F, 2] -> frame states [B, F, C]."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.position = nn.Linear(2, config.hidden_size)

    def forward(self, expanded: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        return expanded + self.position(position.to(expanded.dtype))


class FramePrior(nn.Module):
    """Frame states [B, F, C], prosody features [B, F, 3], style, mask -> mean and log standard deviation [B, F, Z].

    The mean is the token prior's (expanded, [B, F, Z]) plus a learned correction.
    """

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.prosody = nn.Linear(3, config.hidden_size)
        self.stack = ConvNeXtStack(config.hidden_size, config.prior, config.style.hidden_size)
        self.output = nn.Linear(config.prior.hidden_size, 2 * config.latent_size)

    def forward(
        self,
        frame_states: torch.Tensor,
        prosody: torch.Tensor,
        token_mean: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        states = frame_states + self.prosody(prosody.to(frame_states.dtype))
        states = self.stack(states, style, mask[..., None].to(states.dtype))
        correction, log_scale = mean_and_log_scale(self.output(states))
        return token_mean + correction, log_scale
