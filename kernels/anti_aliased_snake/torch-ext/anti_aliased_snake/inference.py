"""Inference by the CUDA C++ kernel of a compiled build; builds without one (`torch-cuda`) have Triton do it."""

import torch

from ._ops import add_op_namespace_prefix, ops
from .op import anti_aliased_snake, check_inputs


HAS_CUDA_KERNEL = hasattr(ops, "cuda_forward")

if HAS_CUDA_KERNEL:

    @torch.library.register_fake(add_op_namespace_prefix("cuda_forward"))
    def _(x, alpha, beta, logscale):
        return torch.empty_like(x, memory_format=torch.contiguous_format)


def anti_aliased_snake_inference(
    hidden_states: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool = True
) -> torch.Tensor:
    """As `anti_aliased_snake`, without gradients."""
    if not HAS_CUDA_KERNEL:
        return anti_aliased_snake(hidden_states, alpha, beta, logscale)
    check_inputs(hidden_states, alpha, beta)
    return ops.cuda_forward(hidden_states, alpha, beta, logscale)
