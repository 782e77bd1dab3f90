"""The activation against a copy of the same tensor: what share of the device's bandwidth it reaches, and in what it differs.

    KERNEL_BUILD=path/to/build/torch-cuda python benchmarks/benchmark.py

Shapes are those of the stages of BigVGAN-v2 (24 kHz, 100 bands) for eight seconds of audio.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import torch


BUILD = Path(os.environ.get("KERNEL_BUILD", Path(__file__).resolve().parents[1] / "build" / "torch-cuda"))
SHAPES = [(768, 3008), (384, 12032), (192, 24064), (96, 48128), (48, 96256), (24, 192512)]


def load(build: Path):
    spec = importlib.util.spec_from_file_location("anti_aliased_snake_benchmark", build / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def seconds_of(function, repeats: int = 50) -> float:
    """Device seconds of one call: the fastest of `repeats`, each with a cache full of other data."""
    flush = torch.empty(2**26, device="cuda")
    function()
    best = float("inf")
    for _ in range(repeats):
        flush.zero_()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        function()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end) / 1000)
    return best


def measure(kernel, dtype: torch.dtype, channels: int, samples: int) -> str:
    """One line of the table."""
    x = torch.randn(1, channels, samples, device="cuda").to(dtype)
    alpha, beta = torch.randn(2, channels, device="cuda")
    target, moved = torch.empty_like(x), 2 * x.numel() * x.element_size()
    with torch.no_grad():
        copy = seconds_of(lambda: target.copy_(x))
        triton = seconds_of(lambda: kernel.anti_aliased_snake(x, alpha, beta))
        line = f"copy {moved / copy / 1e9:7.0f}  triton {moved / triton / 1e9:7.0f} ({100 * copy / triton:3.0f} %)"
        if kernel.HAS_CUDA_KERNEL:
            cuda = seconds_of(lambda: kernel.anti_aliased_snake_inference(x, alpha, beta))
            line += f"  cuda {moved / cuda / 1e9:7.0f} ({100 * copy / cuda:3.0f} %)"
    leaf, gradient = x.requires_grad_(), torch.randn_like(x)
    result = kernel.anti_aliased_snake(leaf, alpha, beta)
    backward = seconds_of(lambda: torch.autograd.grad(result, leaf, gradient, retain_graph=True))
    return f"{str(dtype)[6:]:9}[{channels:4}, {samples:7}]  {line}  backward {1e6 * backward:7.0f} us"


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("this benchmark needs a CUDA device")
    kernel = load(BUILD)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {BUILD.name}; GB/s (share of a copy)")
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for channels, samples in SHAPES:
            print(measure(kernel, dtype, channels, samples), flush=True)


if __name__ == "__main__":
    main()
