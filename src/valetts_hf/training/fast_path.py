"""What makes a training step faster without making it another one: compiled networks, lower-precision products.

The decoder and the waveform discriminators see the same shapes in every step (segments of a fixed length), so that a
compiler can fuse their kernels, and CUDA graphs can replay them without Python. The encoders see sentences of any length
and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


COMPILE_MODES = (False, "default", "reduce-overhead")


def check_compile_mode(mode: bool | str) -> None:
    """Refuse what is not one of `COMPILE_MODES`."""
    if mode not in COMPILE_MODES:
        raise ValueError(f"recipe: compile must be false, default or reduce-overhead, got {mode!r}")


def compile_fixed_shapes(modules: list[nn.Module], mode: bool | str, backend: str = "inductor") -> None:
    """Compile modules in place, so that names of parameters, checkpoints and wrappers stay what they are.

    Args:
        modules: networks whose inputs always have the same shapes.
        mode (`False`, `"default"` or `"reduce-overhead"`): nothing, fused kernels, or these in CUDA graphs (GPU only; on a
            CPU the same as `"default"`). The first steps are slow: three versions of the judges are compiled.
        backend (`str`): compiler of torch.

    Raises:
        ValueError: another mode.
    """
    check_compile_mode(mode)
    if mode:
        for module in modules:
            module.compile(mode=None if mode == "default" else mode, backend=backend, dynamic=False)


def begin_step(mode: bool | str) -> None:
    """Tell CUDA graphs that results of the last step are no longer needed."""
    if mode == "reduce-overhead" and torch.cuda.is_available():
        torch.compiler.cudagraph_mark_step_begin()


def allow_tf32(allowed: bool) -> None:
    """Let products of float32 matrices round their factors to 10 bits (TF32), where the GPU can."""
    if allowed:
        torch.set_float32_matmul_precision("high")


@contextmanager
def full_precision() -> Iterator[None]:
    """Products of float32 matrices keep all bits, whatever `allow_tf32` said: large terms that cancel need them."""
    before = torch.get_float32_matmul_precision()
    if before == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
