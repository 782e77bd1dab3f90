"""Duration discriminator of VITS2 (Kong et al., arXiv:2307.16430, section 2.1).

Tells, token by token, durations that came out of the alignment from predicted ones, given the text. Time-step-wise
scores let the predictor learn from every token of a sentence of any length.

B batch, T tokens, C channels of the text encoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class _ConvBlock(nn.Module):
    """Convolution over tokens, layer norm, leaky relu; padding is kept at zero."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.norm = nn.LayerNorm(out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden_states: Tensor, mask: Tensor) -> Tensor:
        hidden_states = self.conv((hidden_states * mask).transpose(1, 2)).transpose(1, 2)
        return self.dropout(functional.leaky_relu(self.norm(hidden_states), 0.1))


class DurationDiscriminator(nn.Module):
    """Scores the duration of every token.

    Args:
        hidden_size (`int`): Channels C of the text encoder.
        channels (`int`): Width of the convolutions.
        kernel_size (`int`): Odd kernel over tokens.
        dropout (`float`): In [0, 1).
    """

    def __init__(self, hidden_size: int, channels: int = 192, kernel_size: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be odd, got {kernel_size}")
        self.text = nn.ModuleList(
            [_ConvBlock(width, channels, kernel_size, dropout) for width in (hidden_size, channels)]
        )
        self.duration = nn.Linear(1, channels)
        self.joint = nn.ModuleList(
            [_ConvBlock(width, channels, kernel_size, dropout) for width in (2 * channels, channels)]
        )
        self.head = nn.Linear(channels, 1)

    def forward(self, hidden_states: Tensor, log_durations: Tensor, token_mask: Tensor) -> Tensor:
        """Judge real or predicted durations.

        Args:
            hidden_states (`Tensor` [B, T, C]): Output of the text encoder; gets no gradient.
            log_durations (`Tensor` [B, T]): Natural log of the frames per token.
            token_mask (`Tensor` [B, T]): True or 1 for real tokens.

        Returns:
            `Tensor` [B, T]: Scores (about 1 = real, 0 = predicted), 0 at padding.
        """
        if tuple(log_durations.shape) != tuple(hidden_states.shape[:2]):
            raise ValueError(
                f"log_durations {tuple(log_durations.shape)} must match hidden_states {tuple(hidden_states.shape)}"
            )
        hidden_states = hidden_states.detach()
        mask = token_mask[:, :, None].to(hidden_states.dtype)
        for block in self.text:
            hidden_states = block(hidden_states, mask)
        durations = self.duration(log_durations[:, :, None].to(hidden_states.dtype))
        hidden_states = torch.cat((hidden_states, durations), -1)
        for block in self.joint:
            hidden_states = block(hidden_states, mask)
        return self.head(hidden_states).squeeze(-1) * mask[:, :, 0]
