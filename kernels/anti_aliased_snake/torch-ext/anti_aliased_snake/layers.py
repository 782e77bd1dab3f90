"""Layers that stand in for a module with parameters `alpha`, `beta` (None: that of plain Snake) and a flag `logscale`.

Stateless, as the `kernels` library asks: `forward` alone is borrowed, and reads the parameters of the module it serves.
"""

import torch
from torch import nn

from .inference import anti_aliased_snake_inference
from .op import anti_aliased_snake


class AntiAliasedSnakeBeta(nn.Module):
    """Triton, forward and backward: for training, inference and `torch.compile`."""

    can_torch_compile = True
    has_backward = True

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        beta = self.alpha if self.beta is None else self.beta
        return anti_aliased_snake(hidden_states, self.alpha, beta, self.logscale)


class AntiAliasedSnakeBetaInference(nn.Module):
    """CUDA C++ where this build has it, else Triton; no backward."""

    can_torch_compile = True
    has_backward = False

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        beta = self.alpha if self.beta is None else self.beta
        return anti_aliased_snake_inference(hidden_states, self.alpha, beta, self.logscale)


__all__ = ["AntiAliasedSnakeBeta", "AntiAliasedSnakeBetaInference"]
