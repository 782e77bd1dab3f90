"""Normalizing flow between posterior latents and the prior: mean-only couplings with a transformer in each (VITS2).

VITS, arXiv 2106.06103, section 2.2; VITS2, arXiv 2307.16430, section 2.3. Each coupling shifts one half of the
channels by a function of the other half, so the flow keeps volume and is inverted exactly.
B batch, F frames, C latent channels, H style width.
"""

import torch
from torch import nn
from transformers.masking_utils import create_bidirectional_mask

from .attention import StyleTransformerBlock
from .configuration_valetts import ValeTTSConfig
from .precision import computing_dtype


class GatedConvolutions(nn.Module):
    """WaveNet-like residual stack with weight normalisation: [B, C, F] and style [B, H] -> [B, C, F]."""

    def __init__(self, hidden_size: int, kernel_size: int, num_layers: int, style_size: int):
        super().__init__()
        weight_norm = nn.utils.parametrizations.weight_norm
        self.style_projection = nn.Linear(style_size, 2 * hidden_size * num_layers)
        self.inputs = nn.ModuleList(
            weight_norm(nn.Conv1d(hidden_size, 2 * hidden_size, kernel_size, padding=kernel_size // 2))
            for _ in range(num_layers)
        )
        self.outputs = nn.ModuleList(
            weight_norm(nn.Conv1d(hidden_size, 2 * hidden_size, 1)) for _ in range(num_layers)
        )

    def forward(self, hidden_states: torch.Tensor, style: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        skipped = torch.zeros_like(hidden_states)
        conditions = self.style_projection(style)[..., None].chunk(len(self.inputs), dim=1)
        for condition, gate, output in zip(conditions, self.inputs, self.outputs, strict=True):
            tanh, sigmoid = (gate(hidden_states) + condition).chunk(2, dim=1)
            residual, skip = output(torch.tanh(tanh) * torch.sigmoid(sigmoid)).chunk(2, dim=1)
            hidden_states = (hidden_states + residual) * mask
            skipped = skipped + skip
        return skipped * mask


class Coupling(nn.Module):
    """Shift for the second half of the channels, computed from the first half [B, F, C/2]."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        flow = config.flow
        half, style_size = config.latent_size // 2, config.style.hidden_size
        self.input = nn.Linear(half, flow.hidden_size)
        self.transformer = nn.ModuleList(
            StyleTransformerBlock(
                config, flow.hidden_size, flow.num_heads, 2 * flow.hidden_size, 3, flow.dropout, style_size
            )
            for _ in range(flow.num_transformer_layers)
        )
        self.convolutions = GatedConvolutions(flow.hidden_size, flow.kernel_size, flow.num_conv_layers, style_size)
        self.output = nn.Linear(flow.hidden_size, half)

    def forward(
        self, half: torch.Tensor, style: torch.Tensor, mask: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> torch.Tensor:
        hidden_states = self.input(half.to(computing_dtype(self.input))) * mask
        for block in self.transformer:
            hidden_states = block(hidden_states, style, mask, attention_mask)
        hidden_states = (hidden_states * mask).transpose(1, 2)
        hidden_states = self.convolutions(hidden_states, style, mask.transpose(1, 2)).transpose(1, 2)
        return (self.output(hidden_states) * mask).to(half.dtype)


class Flow(nn.Module):
    """Latents [B, F, C] <-> prior space [B, F, C]; `mask` [B, F]. The log-determinant is zero in both directions."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.config = config
        self.couplings = nn.ModuleList(Coupling(config) for _ in range(config.flow.num_couplings))

    def forward(
        self, latents: torch.Tensor, style: torch.Tensor, mask: torch.Tensor, inverse: bool = False
    ) -> torch.Tensor:
        """Posterior latents to prior space, or back with `inverse=True`."""
        attention_mask = create_bidirectional_mask(self.config, latents.to(style.dtype), mask)
        float_mask = mask[..., None].to(style.dtype)
        first, second = (latents * mask[..., None]).chunk(2, dim=-1)
        if inverse:
            for coupling in reversed(self.couplings):
                first, second = second, first  # undo the exchange that followed the shift
                second = second - coupling(first, style, float_mask, attention_mask)
        else:
            for coupling in self.couplings:
                second = second + coupling(first, style, float_mask, attention_mask)
                first, second = second, first
        return torch.cat([first, second], dim=-1)
