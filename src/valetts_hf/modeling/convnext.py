"""Style-adaptive ConvNeXt blocks over frames: the common backbone of posterior, prosody, prior and decoder.

ConvNeXt for audio as in Vocos (arXiv 2306.00814), its normalisations replaced by SALN. Padded frames are set to zero
before every convolution, so that a sequence gives the same result alone and in a padded batch.
B batch, F frames, C channels, H style width.
"""

import torch
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer

from .normalization import StyleAdaptiveNorm


class ConvNeXtBlock(GradientCheckpointingLayer):
    """Depthwise convolution, SALN, two-layer MLP with a learned layer scale; residual. [B, F, C] -> [B, F, C]."""

    def __init__(
        self, hidden_size: int, intermediate_size: int, kernel_size: int, style_size: int, layer_scale: float
    ):
        super().__init__()
        self.depthwise = nn.Conv1d(hidden_size, hidden_size, kernel_size, padding=kernel_size // 2, groups=hidden_size)
        self.norm = StyleAdaptiveNorm(hidden_size, style_size)
        self.up = nn.Linear(hidden_size, intermediate_size)
        self.down = nn.Linear(intermediate_size, hidden_size)
        self.initial_scale = layer_scale
        self.scale = nn.Parameter(torch.full((hidden_size,), layer_scale))

    def forward(self, hidden_states: torch.Tensor, style: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        residual = hidden_states
        hidden_states = (hidden_states * mask).transpose(1, 2)  # [B, C, F]
        hidden_states = self.depthwise(hidden_states).transpose(1, 2)  # [B, F, C]
        hidden_states = self.norm(hidden_states, style)
        hidden_states = self.down(nn.functional.gelu(self.up(hidden_states), approximate="tanh"))
        return residual + self.scale * hidden_states


class ConvNeXtStack(nn.Module):
    """Input convolution, `num_layers` blocks and a final SALN.

    Args:
        input_size (`int`): channels of the input.
        config: any sub-config with `hidden_size`, `intermediate_size`, `num_layers` and `kernel_size`.
        style_size (`int`): width H of the style vector.

    Returns:
        [B, F, hidden_size] for hidden_states [B, F, input_size], style [B, H] and mask [B, F, 1] (0/1 in the same dtype).
    """

    def __init__(self, input_size: int, config, style_size: int):
        super().__init__()
        kernel_size = config.kernel_size
        self.receptive_field = (kernel_size // 2) * (config.num_layers + 1)
        self.input = nn.Conv1d(input_size, config.hidden_size, kernel_size, padding=kernel_size // 2)
        self.input_norm = StyleAdaptiveNorm(config.hidden_size, style_size)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.hidden_size, config.intermediate_size, kernel_size, style_size, 1 / config.num_layers)
            for _ in range(config.num_layers)
        )
        self.output_norm = StyleAdaptiveNorm(config.hidden_size, style_size)

    def forward(self, hidden_states: torch.Tensor, style: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden_states = self.input((hidden_states * mask).transpose(1, 2)).transpose(1, 2)
        hidden_states = self.input_norm(hidden_states, style)
        for block in self.blocks:
            hidden_states = block(hidden_states, style, mask)
        return self.output_norm(hidden_states, style)
