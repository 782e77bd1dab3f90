"""The activation as torch operators: checks, launches, shapes for the compiler, and the way back for autograd.

B batch, C channels, S samples.
"""

import contextlib

import torch
import triton

from ._ops import add_op_namespace_prefix
from .triton_kernels import backward_kernel, forward_kernel


DTYPES = (torch.float32, torch.float16, torch.bfloat16)
EPSILON = 1e-9


def check_inputs(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor) -> None:
    """Raise a ValueError or TypeError that names what does not fit."""
    if x.dtype not in DTYPES:
        raise TypeError(f"hidden_states must be float32, float16 or bfloat16, got {x.dtype}")
    if x.dim() != 3 or x.shape[1] != alpha.shape[0] or x.shape[2] == 0:
        raise ValueError(
            f"hidden_states must be [batch, {alpha.shape[0]}, samples] with at least one sample, got {tuple(x.shape)}"
        )
    if alpha.dim() != 1 or alpha.shape != beta.shape or not (alpha.is_contiguous() and beta.is_contiguous()):
        raise ValueError(
            f"alpha and beta must be contiguous and of one shape [channels], got {tuple(alpha.shape)}, {tuple(beta.shape)}"
        )
    if not (x.device == alpha.device == beta.device):
        raise ValueError(f"hidden_states is on {x.device}, alpha on {alpha.device}, beta on {beta.device}")


def _lanes(samples: int) -> int:
    """Lanes of a program, eight samples each: enough warps to hide latency, few idle lanes on short rows."""
    return min(128, max(16, triton.next_power_of_2(triton.cdiv(samples, 8))))


def _on_device_of(x: torch.Tensor) -> contextlib.AbstractContextManager:
    return torch.cuda.device(x.device) if x.is_cuda else contextlib.nullcontext()


def launch_forward(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool) -> torch.Tensor:
    """The result [B, C, S], contiguous. Any strides of x."""
    check_inputs(x, alpha, beta)
    batch, channels, samples = x.shape
    z = torch.empty_like(x, memory_format=torch.contiguous_format)
    if not z.numel():
        return z
    lanes = _lanes(samples)
    programs = triton.cdiv(samples, 8 * lanes)
    with _on_device_of(x):
        forward_kernel[(batch * channels * programs,)](
            x, alpha, beta, z, channels, samples, *x.stride(), programs, logscale, lanes, num_warps=max(1, lanes // 32)
        )
    return z


def launch_backward(
    gradient: torch.Tensor, x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of x [B, C, S], alpha [C] and beta [C], from that of the result."""
    check_inputs(x, alpha, beta)
    batch, channels, samples = x.shape
    of_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    lanes = _lanes(samples)
    programs = triton.cdiv(samples, 8 * lanes)
    shares = x.new_empty(2, batch, channels, programs, dtype=torch.float32)
    if x.numel():
        with _on_device_of(x):
            backward_kernel[(batch * channels * programs,)](
                gradient.contiguous(), x, alpha, beta, of_x, shares[0], shares[1],
                channels, samples, *x.stride(), programs, logscale, lanes, num_warps=max(1, lanes // 32),
            )  # fmt: skip
    of_alpha, of_inverse_beta = shares.sum(dim=(1, 3))
    magnitude = beta.float().exp() if logscale else beta.float()
    of_beta = -of_inverse_beta / (magnitude + EPSILON).square()
    if logscale:
        of_alpha, of_beta = of_alpha * alpha.float().exp(), of_beta * magnitude
    return of_x, of_alpha.to(alpha.dtype), of_beta.to(beta.dtype)


@torch.library.custom_op(add_op_namespace_prefix("forward"), mutates_args=())
def forward(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool) -> torch.Tensor:
    return launch_forward(x, alpha, beta, logscale)


@torch.library.custom_op(add_op_namespace_prefix("backward"), mutates_args=())
def backward(
    gradient: torch.Tensor, x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return launch_backward(gradient, x, alpha, beta, logscale)


@forward.register_fake
def _(x, alpha, beta, logscale):
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@backward.register_fake
def _(gradient, x, alpha, beta, logscale):
    return torch.empty_like(x, memory_format=torch.contiguous_format), torch.empty_like(alpha), torch.empty_like(beta)


def _setup_context(ctx, inputs, output):
    *tensors, ctx.logscale = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx, gradient):
    return *backward(gradient, *ctx.saved_tensors, ctx.logscale), None


forward.register_autograd(_backward, setup_context=_setup_context)


def anti_aliased_snake(
    hidden_states: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool = True
) -> torch.Tensor:
    """Upsample by two, x + sin^2(alpha x) / beta, downsample by two, in one pass over memory; differentiable once.

    Args:
        hidden_states (`torch.Tensor` of shape `(batch, channels, samples)`): float32, float16 or bfloat16, any strides.
        alpha (`torch.Tensor` of shape `(channels,)`): frequency of the sine; its logarithm if `logscale`.
        beta (`torch.Tensor` of shape `(channels,)`): inverse magnitude of the sine; its logarithm if `logscale`.
        logscale (`bool`): whether alpha and beta are logarithms.

    Returns:
        `torch.Tensor`: contiguous, shape and dtype of the input; arithmetic is float32.

    Raises:
        TypeError: for another dtype.
        ValueError: for shapes or devices that do not fit.
    """
    if torch.compiler.is_compiling() or torch.is_grad_enabled():
        return forward(hidden_states, alpha, beta, logscale)
    return launch_forward(hidden_states, alpha, beta, logscale)  # without the operator's overhead
