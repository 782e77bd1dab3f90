"""The Triton kernels against float64, forward and backward: on a GPU where there is one, else by Triton's interpreter.

The interpreter takes seconds per row, so a CPU sees short rows; `TRITON_INTERPRET=1` must be set before Triton is loaded.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import torch


ON_GPU = torch.cuda.is_available()
if not ON_GPU:
    os.environ["TRITON_INTERPRET"] = "1"
pytest.importorskip("triton")

BUILD = Path(os.environ.get("KERNEL_BUILD", Path(__file__).resolve().parents[1] / "build" / "torch-cuda"))
DEVICE = "cuda" if ON_GPU else "cpu"
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
LENGTHS = [1, 2, 3, 7, 8, 9, 31, 127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097] if ON_GPU else [1, 9, 18]


def load(build: Path):
    spec = importlib.util.spec_from_file_location("anti_aliased_snake_under_test", build / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


kernel = load(BUILD)


def reference(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool = True) -> torch.Tensor:
    """The published computation: a transposed convolution over zeros, the sine, a convolution with stride."""
    from torch.nn.functional import conv1d, conv_transpose1d, pad

    half = [0.0020289665553718805, 0.009389463812112808, -0.025543464347720146]
    half += [-0.05765737593173981, 0.12857261300086975, 0.44320979714393616]
    taps = torch.tensor(half + half[::-1], dtype=x.dtype, device=x.device).expand(x.shape[1], 1, 12)
    alpha, beta = (alpha.exp(), beta.exp()) if logscale else (alpha, beta)
    u = 2 * conv_transpose1d(pad(x, (5, 5), mode="replicate"), taps, stride=2, groups=x.shape[1])[..., 15:-15]
    v = u + torch.sin(u * alpha[:, None]) ** 2 / (beta[:, None] + 1e-9)
    return conv1d(pad(v, (5, 6), mode="replicate"), taps, stride=2, groups=x.shape[1])


def made(batch: int, channels: int, samples: int, dtype: torch.dtype) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(samples)
    x = torch.randn(batch, channels, samples, generator=generator)
    alpha, beta = torch.randn(2, channels, generator=generator) / 2
    return [tensor.to(DEVICE, dtype) for tensor in (x, alpha, beta)]


def close(result: torch.Tensor, expected: torch.Tensor) -> None:
    scale = float(expected.detach().abs().max())
    torch.testing.assert_close(
        result.double(), expected, rtol=0, atol=scale * max(4e-6, 2 * torch.finfo(result.dtype).eps)
    )


@pytest.mark.parametrize("samples", LENGTHS)
def test_forward_and_backward(samples: int):
    dtypes = DTYPES if ON_GPU else DTYPES[:1]
    for dtype in dtypes:
        inputs = made(3 if ON_GPU else 1, 5 if ON_GPU else 1, samples, dtype)
        exact = [tensor.double().requires_grad_() for tensor in inputs]
        inputs = [tensor.requires_grad_() for tensor in inputs]
        result, expected = kernel.anti_aliased_snake(*inputs), reference(*exact)
        close(result, expected)
        gradient = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1)).to(DEVICE, dtype)
        for ours, theirs in zip(
            torch.autograd.grad(result, inputs, gradient), torch.autograd.grad(expected, exact, gradient.double())
        ):
            close(ours, theirs)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_half_precision_and_strides(dtype: torch.dtype):
    x, alpha, beta = made(1, 1, 10, dtype)
    strided = torch.stack([x, x], dim=-1)[..., 0]
    assert strided.stride(-1) == 2
    with torch.no_grad():
        result = kernel.anti_aliased_snake(strided, alpha, beta, False)
    close(result, reference(x.double(), alpha.double(), beta.double(), False))


def test_what_it_refuses():
    x, alpha, beta = made(1, 2, 4, torch.float32)
    with pytest.raises(TypeError, match="float32, float16 or bfloat16, got torch.float64"):
        kernel.anti_aliased_snake(x.double(), alpha, beta)
    with pytest.raises(ValueError, match=r"\[batch, 2, samples\] with at least one sample, got \(1, 2, 0\)"):
        kernel.anti_aliased_snake(x[..., :0], alpha, beta)
    with pytest.raises(ValueError, match="contiguous and of one shape"):
        kernel.anti_aliased_snake(x, alpha, beta[:1])
    assert kernel.anti_aliased_snake(x[:0], alpha, beta).shape == (0, 2, 4)


@pytest.mark.skipif(not ON_GPU, reason="needs a GPU: the compiler and large inputs")
def test_compiled_layer_and_large_grids():
    layer = kernel.layers.AntiAliasedSnakeBeta
    x, alpha, beta = made(2, 70_000, 9, torch.float32)  # more rows than a second grid axis may have

    def forward(x, alpha, beta):
        return kernel.anti_aliased_snake(x, alpha, beta)

    assert layer.can_torch_compile and layer.has_backward
    close(torch.compile(forward, fullgraph=True)(x, alpha, beta), reference(x.double(), alpha.double(), beta.double()))


@pytest.mark.skipif(not kernel.HAS_CUDA_KERNEL or not ON_GPU, reason="KERNEL_BUILD names no compiled build, or no GPU")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("samples", LENGTHS)
def test_cuda_kernel(samples: int, dtype: torch.dtype):
    x, alpha, beta = made(3, 5, samples, dtype)
    with torch.inference_mode():
        close(
            kernel.anti_aliased_snake_inference(x, alpha, beta), reference(x.double(), alpha.double(), beta.double())
        )
        turned = x.transpose(1, 2).contiguous().transpose(1, 2)
        close(
            kernel.anti_aliased_snake_inference(turned, alpha, beta),
            reference(x.double(), alpha.double(), beta.double()),
        )
