"""Which launch suits the device: every number of lanes and warps for every shape of BigVGAN, and the best beside the built-in.

    KERNEL_BUILD=path/to/build/torch-cuda python benchmarks/autotune.py [--dtype float16] [--output autotune.json]

A lane computes eight samples, so a program of L lanes computes 8 L. Every launch is checked against the built-in one before
it is timed. `benchmark.py` has the shapes and the clock.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from benchmark import BUILD, SHAPES, load, seconds_of


LANES = (16, 32, 64, 128, 256)
WARPS = (1, 2, 4, 8)
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def launches(lanes_of: Callable[[int], int], samples: int) -> list[tuple[int, int]]:
    """Pairs (lanes, warps) worth trying, the built-in one first: a warp has 32 lanes, and half of one is the least."""
    own = lanes_of(samples)
    first = (own, max(1, own // 32))
    others = [(lanes, warps) for lanes in LANES for warps in WARPS if warps <= max(1, lanes // 32)]
    return [first, *(pair for pair in others if pair != first)]


def sweep(kernel, dtype: torch.dtype, channels: int, samples: int, device: str = "cuda", clock=seconds_of) -> dict:
    """Seconds of every launch of the forward kernel for one shape.

    Args:
        kernel: the loaded kernel package.
        dtype (`torch.dtype`), channels (`int`), samples (`int`), device (`str`): of the input `[1, channels, samples]`.
        clock: from a function to the seconds of a call.

    Returns:
        `dict`: "shape", "dtype", "seconds" ("LANESxWARPS" -> seconds, the built-in one first) and "best".
    """
    x = torch.randn(1, channels, samples, device=device).to(dtype)
    alpha, beta = torch.randn(2, channels, device=device)
    expected, z = kernel.op.launch_forward(x, alpha, beta, True), torch.empty_like(x)

    def launch(lanes: int, warps: int) -> None:
        programs = -(-samples // (8 * lanes))
        grid = (channels * programs,)
        kernel.triton_kernels.forward_kernel[grid](
            x, alpha, beta, z, channels, samples, *x.stride(), programs, True, lanes, num_warps=warps
        )

    seconds = {}
    for lanes, warps in launches(kernel.op._lanes, samples):
        z.zero_()
        launch(lanes, warps)
        torch.testing.assert_close(z, expected)
        seconds[f"{lanes}x{warps}"] = clock(lambda lanes=lanes, warps=warps: launch(lanes, warps))
    best = min(seconds, key=seconds.__getitem__)
    return {"shape": [1, channels, samples], "dtype": str(dtype)[6:], "seconds": seconds, "best": best}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=DTYPES, action="append", help="may be repeated (default: all)")
    parser.add_argument("--output", type=Path, help="JSON file with the time of every launch")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        sys.exit("this benchmark needs a CUDA device: there is none here, so there is nothing to tune for")
    kernel = load(BUILD)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {BUILD.name}; lanes x warps, us")
    rows = []
    for name in options.dtype or DTYPES:
        for channels, samples in SHAPES:
            row = sweep(kernel, DTYPES[name], channels, samples)
            rows.append(row)
            own, best = next(iter(row["seconds"])), row["best"]
            times = row["seconds"]
            gain = times[own] / times[best]
            print(
                f"{name:9}[{channels:4}, {samples:7}]  built-in {own:>6} {1e6 * times[own]:7.1f}  best {best:>6} "
                f"{1e6 * times[best]:7.1f}  x {gain:.2f}",
                flush=True,
            )
    if options.output is not None:
        facts = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": rows}
        options.output.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
