"""Self-attention with rotary positions, through transformers' attention interface, and the transformer block.

Rotary embeddings: RoFormer, arXiv 2104.09864. Feed-forward by convolutions as in FastSpeech / VITS.
B batch, N positions, C channels, H style width.
"""

import torch
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .normalization import StyleAdaptiveNorm


def rotary_angles(length: int, head_size: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [length, head_size] of the rotary embedding, float32."""
    frequencies = 10000.0 ** (-torch.arange(0, head_size, 2, device=device, dtype=torch.float32) / head_size)
    angles = torch.arange(length, device=device, dtype=torch.float32)[:, None] * frequencies
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def apply_rotary(states: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotate query or key states [B, heads, N, head_size]."""
    first, second = states.chunk(2, dim=-1)
    return (states * cos + torch.cat([-second, first], dim=-1) * sin).to(states.dtype)


def eager_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **kwargs,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention written out; differentiable twice on every device. Returns output [B, N, heads, head_size] and weights."""
    weights = torch.matmul(query, key.transpose(2, 3)) * scaling
    if attention_mask is not None:
        weights = weights + attention_mask
    weights = nn.functional.softmax(weights, dim=-1, dtype=torch.float32).to(query.dtype)
    weights = nn.functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


class RotaryAttention(nn.Module):
    """Bidirectional multi-head self-attention. hidden_states [B, N, C] -> ([B, N, C], weights or None).

    Args:
        config: the model's config; only its attention implementation is read.
        hidden_size (`int`), num_heads (`int`), dropout (`float`): size of the layer.
    """

    is_causal = False

    def __init__(self, config, hidden_size: int, num_heads: int, dropout: float):
        super().__init__()
        self.config = config
        self.num_heads = num_heads
        self.head_dim = hidden_size // num_heads
        self.num_key_value_groups = 1
        self.scaling = self.head_dim**-0.5
        self.attention_dropout = dropout
        self.q_proj = nn.Linear(hidden_size, hidden_size)
        self.k_proj = nn.Linear(hidden_size, hidden_size)
        self.v_proj = nn.Linear(hidden_size, hidden_size)
        self.o_proj = nn.Linear(hidden_size, hidden_size)

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        batch, length, _ = hidden_states.shape
        shape = (batch, length, self.num_heads, self.head_dim)
        query = self.q_proj(hidden_states).view(shape).transpose(1, 2)
        key = self.k_proj(hidden_states).view(shape).transpose(1, 2)
        value = self.v_proj(hidden_states).view(shape).transpose(1, 2)
        cos, sin = rotary_angles(length, self.head_dim, hidden_states.device)
        query, key = apply_rotary(query, cos, sin), apply_rotary(key, cos, sin)
        attention = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, eager_attention)
        output, weights = attention(
            self,
            query,
            key,
            value,
            attention_mask,
            dropout=self.attention_dropout if self.training else 0.0,
            scaling=self.scaling,
        )
        return self.o_proj(output.reshape(batch, length, -1)), weights


class StyleTransformerBlock(GradientCheckpointingLayer):
    """Pre-norm transformer block: SALN, attention, SALN, convolutional feed-forward. [B, N, C] -> [B, N, C].

    `mask` [B, N, 1] zeroes padded positions before the convolution.
    """

    def __init__(
        self,
        config,
        hidden_size: int,
        num_heads: int,
        intermediate_size: int,
        kernel_size: int,
        dropout: float,
        style_size: int,
    ):
        super().__init__()
        self.attention_norm = StyleAdaptiveNorm(hidden_size, style_size)
        self.attention = RotaryAttention(config, hidden_size, num_heads, dropout)
        self.feed_forward_norm = StyleAdaptiveNorm(hidden_size, style_size)
        self.up = nn.Conv1d(hidden_size, intermediate_size, kernel_size, padding=kernel_size // 2)
        self.down = nn.Linear(intermediate_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        hidden_states: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
        attention_mask: torch.Tensor | None,
    ) -> torch.Tensor:
        attended, _ = self.attention(self.attention_norm(hidden_states, style), attention_mask)
        hidden_states = hidden_states + self.dropout(attended)
        inner = (self.feed_forward_norm(hidden_states, style) * mask).transpose(1, 2)  # [B, C, N]
        inner = nn.functional.gelu(self.up(inner), approximate="tanh").transpose(1, 2)
        return hidden_states + self.dropout(self.down(self.dropout(inner)))
