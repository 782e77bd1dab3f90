"""How fast BigVGAN runs here, in every way this package can run it, side by side in one process.

    python benchmarks/vocoder_speed.py                      # what fits this machine
    python benchmarks/vocoder_speed.py --preset 24khz_100band_256x --dtype float16 --output vocoder_speed.json

Systems: `published` (activations by zero-stuffed transposed convolutions, weight normalisation as it stands), `pytorch`
(ours: activations as the package chooses them, weight normalisation fused), `compiled` (torch.compile of that), `triton`
and `cuda` (fused kernels; `cuda` builds the CUDA C++ kernel, which needs nvcc), and the last two once more as CUDA graphs.
Rounds are interleaved and the fastest of each counts. Weights are random: speed does not depend on them. Reported: seconds
of audio per second, the time of a 64-frame chunk with its context, peak memory; the activation alone against the copy
bandwidth of the device; and a roofline: operations and bytes counted, against a matrix product and a copy measured here.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import json
import platform
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import MethodType

import torch
from machine import machine
from torch import nn

from valetts_hf.kernels import bundled_repository, kernelize
from valetts_hf.kernels.fixed_chunks import FixedChunkDecoder
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta
from valetts_hf.modeling.bigvgan import BigVGANGenerator
from valetts_hf.modeling.configuration_vocoder import PRESETS, ValeTTSVocoderConfig
from valetts_hf.modeling.resampling_filter import TAPS
from valetts_hf.modeling.weight_norm import fuse_weight_norm


SYSTEMS = ("published", "pytorch", "compiled", "triton", "cuda")
PROJECT = Path(__file__).resolve().parents[1] / "kernels" / "anti_aliased_snake"
CHUNK_FRAMES = 64
# Of one sample of an activation: 2 x 6 products upsampling, about 2 x 14 operations for the snake, 12 products downsampling.
ACTIVATION_FLOPS = 2 * 12 + 2 * 14 + 2 * 12
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class System:
    """One way to run the generator: `decode(frames [B, M, F])` and the decoder of fixed chunks."""

    def __init__(self, name: str, generator: BigVGANGenerator, runner: str = "eager"):
        self.name, self.generator = name, generator
        self.chunks = FixedChunkDecoder(generator, CHUNK_FRAMES, runner=runner)
        self.compiled = torch.compile(generator) if runner == "compile" else None

    def decode(self, frames: torch.Tensor) -> torch.Tensor:
        return (self.compiled or self.generator)(frames)

    def decode_chunk(self, frames: torch.Tensor) -> torch.Tensor:
        """One inner window; the decoder keeps its function."""
        return self.chunks._run(frames, self.chunks.context, self.chunks.context)

    def decode_in_chunks(self, frames: torch.Tensor) -> None:
        for _ in self.chunks.decode(frames):
            pass


def published_forward(layer: AntiAliasedSnakeBeta, x: torch.Tensor) -> torch.Tensor:
    """The activation as it was published, in the dtype of its input."""
    from torch.nn.functional import conv1d, conv_transpose1d, pad

    taps = torch.tensor(TAPS, dtype=x.dtype, device=x.device).expand(x.shape[1], 1, len(TAPS))
    alpha, beta = layer.alpha.exp()[:, None], layer.beta.exp()[:, None]
    x = 2 * conv_transpose1d(pad(x, (5, 5), mode="replicate"), taps, stride=2, groups=x.shape[1])[..., 15:-15]
    x = x + (1.0 / (beta + 1e-9)) * torch.pow(torch.sin(x * alpha), 2)
    return conv1d(pad(x, (5, 6), mode="replicate"), taps, stride=2, groups=x.shape[1])


def make_generator(config: ValeTTSVocoderConfig, device: str, dtype: torch.dtype, fused: bool) -> BigVGANGenerator:
    torch.manual_seed(0)
    generator = BigVGANGenerator(config.bigvgan, config.num_mel_bands).eval()
    generator.initialize()
    if fused:
        fuse_weight_norm(generator)
    return generator.to(device, dtype)


def make_systems(options: argparse.Namespace, config: ValeTTSVocoderConfig) -> tuple[list[System], dict[str, str]]:
    """What can run here, and why the rest cannot."""
    dtype, systems, missing = DTYPES[options.dtype], [], {}
    on_gpu = options.device == "cuda"
    for name in options.systems:
        generator = make_generator(config, options.device, dtype, fused=name != "published")
        if name == "published":
            for module in generator.modules():
                if isinstance(module, AntiAliasedSnakeBeta):
                    module.forward = MethodType(published_forward, module)
        if name in ("published", "pytorch"):
            systems.append(System(name, generator))
        elif name == "compiled":
            systems.append(System(name, generator, runner="compile"))
        else:
            try:
                source = bundled_repository() if name == "triton" else build_cuda_repository()
            except Exception as error:  # no compiler, no toolkit, ...: a benchmark goes on
                missing[name] = str(error).strip().splitlines()[0]
                continue
            report = kernelize(generator, source=str(source))
            if not report.used:
                missing[name] = str(report.reason)
                continue
            systems.append(System(name, generator))
            if on_gpu:
                systems.append(System(f"{name}+graph", generator, runner="graph"))
    return systems, missing


def build_cuda_repository() -> Path:
    """The CUDA C++ kernel, compiled for this torch."""
    if not torch.cuda.is_available():
        raise RuntimeError("no CUDA device")
    spec = importlib.util.spec_from_file_location("local_build", PROJECT / "local" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    destination = Path(tempfile.mkdtemp(prefix="anti-aliased-snake-"))
    module.build(destination)
    return destination


# --- measuring ----------------------------------------------------------------------------------------------------------


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def fastest(functions: dict[str, Callable[[], object]], device: str, repeats: int) -> dict[str, float]:
    """Seconds of each function: the fastest of interleaved rounds, after one to warm up.

    Processor seconds where one thread of a CPU works, which a busy machine disturbs less than the time on the wall.
    """
    best: dict[str, float] = {}
    clock = time.process_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    for function in functions.values():
        function()
    for _ in range(repeats):
        for name, function in functions.items():
            synchronize(device)
            begun = clock()
            function()
            synchronize(device)
            best[name] = min(best.get(name, float("inf")), clock() - begun)
    return best


class PeakMemory:
    """Most memory used at a time within the block, above what there was before, in MB."""

    def __init__(self, device: str):
        self.device, self.megabytes, self._running = device, 0.0, True

    def _resident(self) -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def _watch(self) -> None:
        while self._running:
            self.megabytes = max(self.megabytes, (self._resident() - self._before) / 1e6)
            time.sleep(0.01)

    def __enter__(self) -> PeakMemory:
        gc.collect()
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        else:
            self._before = self._resident()
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.device == "cuda":
            self.megabytes = torch.cuda.max_memory_allocated() / 1e6  # weights included: what a card must have
        else:
            self._running = False
            self._thread.join()


def measure_ceilings(device: str, dtype: torch.dtype) -> dict[str, float]:
    """Bytes per second of a copy and operations per second of a matrix product, as this device does them now."""
    size = 2**28 if device == "cuda" else 2**25
    source = torch.ones(size // dtype.itemsize, dtype=dtype, device=device)
    target = torch.empty_like(source)
    width = 8192 if device == "cuda" else 1024
    left = torch.randn(width, width, device=device).to(dtype)
    seconds = fastest({"copy": lambda: target.copy_(source), "product": lambda: left @ left}, device, 10)
    return {"bytes_per_second": 2 * size / seconds["copy"], "flops_per_second": 2 * width**3 / seconds["product"]}


@contextlib.contextmanager
def counting(generator: BigVGANGenerator) -> Iterator[dict[str, float]]:
    """Operations and bytes of layers that run within the block, each reading its input and writing its output once."""
    count, hooks = {"flops": 0.0, "bytes": 0.0}, []

    def after(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        count["bytes"] += (inputs[0].numel() + output.numel()) * output.element_size()
        if isinstance(module, AntiAliasedSnakeBeta):
            count["flops"] += ACTIVATION_FLOPS * output.numel()
        else:
            count["bytes"] += module.weight.numel() * output.element_size()
            positions = inputs[0] if isinstance(module, nn.ConvTranspose1d) else output
            count["flops"] += 2 * module.weight.numel() * positions.shape[0] * positions.shape[-1]

    for module in generator.modules():
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d, AntiAliasedSnakeBeta)):
            hooks.append(module.register_forward_hook(after))
    try:
        yield count
    finally:
        for hook in hooks:
            hook.remove()


# --- the tables ---------------------------------------------------------------------------------------------------------


def measure_decoding(systems: list[System], options: argparse.Namespace, config: ValeTTSVocoderConfig) -> list[dict]:
    rows = []
    for seconds, batch in ((s, b) for b in options.batch_sizes for s in options.seconds):
        if seconds * batch > options.most_audio:
            continue
        frames = made_frames(config, options, batch, round(seconds * config.frame_rate))
        functions = {}
        for system in systems:
            if system.name.endswith("+graph"):
                functions[system.name] = partial(system.decode_in_chunks, frames)
            else:
                functions[system.name] = partial(system.decode, frames)
        took = fastest(functions, options.device, options.repeats)
        for system in systems:
            with PeakMemory(options.device) as peak:
                functions[system.name]()
            rows.append(
                {
                    "system": system.name,
                    "seconds": seconds,
                    "batch": batch,
                    "times_real_time": seconds * batch / took[system.name],
                    "peak_mb": peak.megabytes,
                }
            )
            line = f"{seconds:6g} s x {batch:<3}{system.name:14}{rows[-1]['times_real_time']:10.2f}x real time"
            if "published" in took:
                line += f"{took['published'] / took[system.name]:8.2f}x published"
            print(f"{line}{peak.megabytes:10.0f} MB", flush=True)
    return rows


def made_frames(config: ValeTTSVocoderConfig, options: argparse.Namespace, batch: int, frames: int) -> torch.Tensor:
    return torch.randn(batch, config.num_mel_bands, frames, device=options.device).to(DTYPES[options.dtype])


def measure_chunks(
    systems: list[System], options: argparse.Namespace, config: ValeTTSVocoderConfig
) -> dict[str, float]:
    """Milliseconds of an inner window of 64 frames."""
    frames = made_frames(config, options, 1, systems[0].chunks.window)
    took = fastest(
        {system.name: partial(system.decode_chunk, frames) for system in systems},
        options.device,
        3 * options.repeats,
    )
    print(f"\na chunk of {CHUNK_FRAMES} frames ({CHUNK_FRAMES / config.frame_rate:.2f} s), in milliseconds:")
    for name, seconds in took.items():
        print(f"  {name:14}{1000 * seconds:10.2f}")
    return {name: 1000 * seconds for name, seconds in took.items()}


def measure_activation(
    systems: list[System], options: argparse.Namespace, config: ValeTTSVocoderConfig, ceilings: dict[str, float]
) -> list[dict]:
    """The activation alone at the widths of the stages, 1 s of audio (8 s on a GPU): one read and one write counted."""
    rows, seconds = [], 8 if options.device == "cuda" else 1
    print("\nthe activation alone: GB/s of one read and one write, and its share of a copy's")
    positions, channels = round(seconds * config.frame_rate), config.bigvgan.upsample_initial_channel
    per_stage = len(config.bigvgan.resblock_kernel_sizes)
    for stage, rate in enumerate(config.bigvgan.upsample_rates):
        positions, channels = positions * rate // 8 * 8, channels // 2
        x = torch.randn(1, channels, positions, device=options.device).to(DTYPES[options.dtype])
        layers = {
            system.name: system.generator.blocks[stage * per_stage].activations[0]
            for system in systems
            if "+" not in system.name and system.name != "compiled"
        }
        functions = {name: partial(layer, x) for name, layer in layers.items()}
        for name, took in fastest(functions, options.device, 3 * options.repeats).items():
            rate_of_bytes = 2 * x.numel() * x.element_size() / took
            share = rate_of_bytes / ceilings["bytes_per_second"]
            rows.append(
                {"system": name, "channels": channels, "samples": positions, "bytes_per_second": rate_of_bytes}
            )
            print(f"  [{channels:4}, {positions:7}] {name:14}{rate_of_bytes / 1e9:10.2f}{100 * share:8.1f} %")
    return rows


def measure_roofline(
    system: System, options: argparse.Namespace, config: ValeTTSVocoderConfig, ceilings: dict
) -> dict:
    seconds = 10 if options.device == "cuda" else 1
    frames = made_frames(config, options, 1, round(seconds * config.frame_rate))
    with counting(system.generator) as count:
        system.decode(frames)
    took = fastest({"decode": lambda: system.decode(frames)}, options.device, options.repeats)["decode"]
    floor = max(count["flops"] / ceilings["flops_per_second"], count["bytes"] / ceilings["bytes_per_second"])
    print(
        f"\nroofline of {system.name}, {seconds} s: {count['flops'] / 1e9:.0f} GFLOP and {count['bytes'] / 1e9:.2f} GB; a "
        f"copy moves {ceilings['bytes_per_second'] / 1e9:.1f} GB/s and a matrix product does "
        f"{ceilings['flops_per_second'] / 1e12:.3f} TFLOP/s here, so no less than {1000 * floor:.1f} ms; "
        f"it takes {1000 * took:.1f} ms ({100 * floor / took:.0f} %)"
    )
    return {"system": system.name, "seconds": seconds, **count, "floor_seconds": floor, "measured_seconds": took}


def main() -> None:
    on_gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), help="default: published on a GPU, small on a CPU")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if on_gpu else "cpu")
    parser.add_argument("--dtype", choices=sorted(DTYPES), help="default: float16 on a GPU, float32 on a CPU")
    parser.add_argument("--seconds", nargs="+", type=float, default=[1, 10, 60])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--most-audio", type=float, help="leave out cases with more seconds than this, of all rows")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, help="default: all on a GPU, the first two on a CPU")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of a CPU")
    parser.add_argument("--output", type=Path, default=Path("vocoder_speed.json"))
    options = parser.parse_args()
    on_gpu = options.device == "cuda"
    options.preset = options.preset or ("24khz_100band_256x" if on_gpu else "24khz_100band_256x_small")
    options.dtype = options.dtype or ("float16" if on_gpu else "float32")
    options.systems = options.systems or (SYSTEMS if on_gpu else SYSTEMS[:2])
    options.most_audio = options.most_audio or (640 if on_gpu else 10)
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = False  # every length is another shape
    warnings.filterwarnings("ignore", module="torch")

    config = ValeTTSVocoderConfig.preset(options.preset)
    device = torch.cuda.get_device_name() if on_gpu else f"{platform.processor() or platform.machine()} (CPU)"
    print(f"{options.preset}, {options.dtype}, {device}, torch {torch.__version__}\n")
    with torch.inference_mode():
        ceilings = measure_ceilings(options.device, DTYPES[options.dtype])
        systems, missing = make_systems(options, config)
        for name, reason in missing.items():
            print(f"{name}: not measured: {reason}", file=sys.stderr)
        if not systems:
            sys.exit("none of the systems can run here: choose others with --systems")
        report = {
            "machine": machine(),
            "preset": options.preset,
            "dtype": options.dtype,
            "device": device,
            "torch": torch.__version__,
            "ceilings": ceilings,
            "not_measured": missing,
            "decoding": measure_decoding(systems, options, config),
            "chunk_milliseconds": measure_chunks(systems, options, config),
            "activation": measure_activation(systems, options, config, ceilings),
            "roofline": [
                measure_roofline(system, options, config, ceilings) for system in systems if "+" not in system.name
            ],
        }
    options.output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
