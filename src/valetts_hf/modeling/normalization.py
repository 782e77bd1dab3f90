"""Style-Adaptive Layer Normalisation (SALN): layer normalisation whose gain and bias are an affine map of the style.

Meta-StyleSpeech, arXiv 2106.03153, section 3.1. B batch, N positions, C channels, H style width.
"""

import torch
from torch import nn


class StyleAffine(nn.Linear):
    """The affine map of a style to gains and biases: an ordinary linear layer that starts at zero.

    A class of its own, since transformers initialises only modules that hold parameters themselves.
    """


class StyleAdaptiveNorm(nn.Module):
    """hidden_states [B, N, C], style [B, H] -> [B, N, C].

    The affine part is an `nn.Linear`, so adapters can target it. It starts as gain 1 and bias 0 (weights zero).
    """

    def __init__(self, hidden_size: int, style_size: int, eps: float = 1e-5):
        super().__init__()
        self.hidden_size = hidden_size
        self.eps = eps
        self.affine = StyleAffine(style_size, 2 * hidden_size)

    def forward(self, hidden_states: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        gain, bias = self.affine(style)[:, None].chunk(2, dim=-1)
        normalized = nn.functional.layer_norm(hidden_states, (self.hidden_size,), eps=self.eps)
        return normalized * (1 + gain) + bias
