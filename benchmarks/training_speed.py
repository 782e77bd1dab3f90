"""How fast ValeTTS trains, side by side with the VITS recipe of the field in one run (`vits_reference.py`).

    python benchmarks/training_speed.py --batch-size 4 --threads 1
    python benchmarks/training_speed.py --device cuda --batch-size 64 --steps 20 --precision bf16 --output speed.json

Systems take turns (A, B, A, B, ...), one step each, so that whatever else the machine does hits all alike. All train the
discriminators. Every system gets the same number of rows, of seconds of speech per row and of decoded seconds per row (0.37 s,
the 8192 samples of VITS):

- `valetts`: our default network against the `gpu` discriminators (or another preset);
- `valetts-graphs`: the same with whole steps recorded in CUDA graphs (on a GPU; without alignment search), whose parts cannot be
  told apart: all but `data` counts as `other`;
- `valetts-cpu`: the networks of `recipes/base_cpu.yaml`, against the `cpu` discriminators;
- `vits`: the published configuration.

Two numbers of seconds of audio per second come out, since a step encodes a long window and decodes a part of it: "window" counts
the speech that goes through posterior, flow and alignment, "decoded" the speech that is synthesised and judged. With equal
rows their ratio between systems is the same. A published VITS recipe would put whole utterances through the encoders; here
its rows are as long as ours. On a CPU the processor time of the process is what counts, so that other programs on the
machine do not; on a GPU the wall clock after waiting for the device.

Parts: `data` (making the batch), `encoder` (everything between text or spectrogram and latents, prosody and durations
included), `alignment`, `decoder`, `discriminators` (both turns), `losses` (spectral losses and the rest of the objective),
`optimizer` (both, with clipping and averaging). Backward passes count for the part whose gradients they compute.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine
from torch import Tensor
from vits_reference import HOP, SAMPLING_RATE, SEGMENT, VitsTraining

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.augmentation import make_augmenter
from valetts_hf.training.data.batches import BatchMaker, speaker_weights
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.fast_path import allow_tf32
from valetts_hf.training.graphed_step import GraphedStep
from valetts_hf.training.pretrainer import build_state, pretrain_step
from valetts_hf.training.recipe import PretrainRecipe, load_recipe
from valetts_hf.training.run.sharding import make_accelerator


PARTS = ("data", "encoder", "alignment", "decoder", "discriminators", "losses", "optimizer", "other")
RECIPES = Path(__file__).parents[1] / "training_scripts" / "recipes"
SYSTEMS = ("valetts", "valetts-graphs", "valetts-cpu", "vits")


class Timeline:
    """Marks on a clock; the time from one mark to the next belongs to the part that the first one names."""

    def __init__(self, device: torch.device):
        self.device = device
        self.marks: list[tuple[str, Any]] = []

    def mark(self, part: str) -> None:
        if self.device.type == "cuda":
            clock = torch.cuda.Event(enable_timing=True)
            clock.record()
        else:
            clock = time.process_time()
        self.marks.append((part, clock))

    def shares(self) -> dict[str, float]:
        """Seconds of every part since the last call."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        seconds: dict[str, float] = defaultdict(float)
        for (part, start), (_, stop) in zip(self.marks, self.marks[1:], strict=False):
            seconds[part] += start.elapsed_time(stop) / 1000 if self.device.type == "cuda" else stop - start
        self.marks.clear()
        return dict(seconds)

    def watch(self, owner: object, name: str, part: str, after: str, behind: str | None = None) -> None:
        """Mark the calls of `owner.name`: `part` while it runs, forward and backward, `after` when it has returned, and
        `behind` once the gradient of its first argument is there."""
        original: Callable = getattr(owner, name)

        def called(*arguments, **keywords):
            self.mark(part)
            if behind and arguments and isinstance(arguments[0], Tensor) and arguments[0].requires_grad:
                first = arguments[0].view_as(arguments[0])
                first.register_hook(lambda gradient: self.mark(behind))
                arguments = (first, *arguments[1:])
            result = original(*arguments, **keywords)
            for tensor in _tensors(result):
                if tensor.requires_grad:
                    tensor.register_hook(lambda gradient: self.mark(part))
            self.mark(after)
            return result

        object.__setattr__(owner, name, called)


def _tensors(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def synthetic_corpus(seconds: float, spread: float, clips: int = 64) -> PackedCorpus:
    """Clips of buzz and noise with 12 tokens a second, of two speakers; lengths are normal in seconds."""
    random = np.random.default_rng(0)
    frames = (93.75 * random.normal(seconds, spread, clips).clip(0.5 * seconds)).round().astype(np.int64)
    tokens = (frames * 12 / 93.75).astype(np.int64)
    durations = [np.diff(np.linspace(0, length, count + 1).astype(int)) for length, count in zip(frames, tokens)]
    time_axis = np.arange(frames.sum() * 256) / 24000
    waveform = 3000 * np.sign(np.sin(2 * np.pi * 120 * time_axis)) + random.normal(0, 300, len(time_axis))

    def offsets(lengths: np.ndarray) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(lengths)])

    return PackedCorpus(
        waveforms=waveform.astype(np.int16),
        sample_offsets=offsets(frames * 256),
        log_f0=np.full(frames.sum(), np.log(120), np.float32),
        energy=np.zeros(frames.sum(), np.float32),
        input_ids=random.integers(5, 200, tokens.sum()).astype(np.int16),
        token_offsets=offsets(tokens),
        durations=np.concatenate(durations).astype(np.int16),
        speaker_ids=(np.arange(clips) % 2).astype(np.int32),
        language_ids=np.zeros(clips, np.int32),
        texts=["buzz"] * clips,
        phonemes=["bʌz"] * clips,
        languages=["en-us"] * clips,
        splits=["train"] * clips,
        names=[f"clip{index}" for index in range(clips)],
        speakers=["ada", "rui"],
    )


class ValeTTSSystem:
    """Our training step on batches of a corpus."""

    def __init__(self, name: str, options: argparse.Namespace, corpus: PackedCorpus, timeline: Timeline):
        settings: dict[str, Any] = {
            "batch_size": options.batch_size,
            "window_frames": round(options.window_seconds * 93.75),
            "segment_frames": round(SEGMENT / SAMPLING_RATE * 93.75),
            "mixed_precision": options.precision,
            "adversarial_start": 0,
            "alignment_search_start": 0 if options.search else -1,
        }
        recipe: PretrainRecipe
        self.recorded = name == "valetts-graphs"
        if self.recorded:
            settings |= {"cuda_graphs": True, "alignment_search_start": -1}
        if name != "valetts-cpu":
            settings["tf32"] = options.tf32
            recipe = load_recipe(options.recipe, discriminator=options.discriminator, **settings)
        else:
            recipe = load_recipe(RECIPES / "base_cpu.yaml", discriminator="cpu", **settings)
        self.recipe, self.timeline = recipe, timeline
        self.accelerator = make_accelerator(recipe.mixed_precision, options.device == "cpu")
        torch.manual_seed(0)
        model = ValeTTSForSpeech(recipe.model_config)
        self.state = build_state(recipe, self.accelerator, model)
        self.state.objective.train()
        config, device = model.config, self.accelerator.device
        self.batches = BatchMaker(
            corpus,
            LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands),
            speaker_weights(corpus, recipe.speaker_exponent),
            recipe.batch_size,
            recipe.window_frames,
            recipe.reference_frames,
            device=device,
            length_buckets=recipe.length_buckets,
            pad_to_bucket=recipe.cuda_graphs,
            augmenter=make_augmenter(recipe.augmentation_config, config.sampling_rate, device),
        )
        self.window_seconds = recipe.window_frames / 93.75
        self.decoded_seconds = recipe.segment_frames / 93.75
        self.parameters = _count(model), _count(self.state.discriminator)
        self.graphed = GraphedStep(self.state, recipe, self.accelerator) if self.recorded else None
        if not self.recorded:
            self._watch(model)

    def _watch(self, model: ValeTTSForSpeech) -> None:
        watch = self.timeline.watch
        watch(self.state.objective, "forward", "encoder", after="losses")
        watch(self.state.objective, "_search", "alignment", after="encoder")
        watch(model.decoder, "forward", "decoder", after="losses", behind="encoder")
        watch(model.model.duration_predictor, "forward", "encoder", after="losses", behind="losses")
        for judge in (self.state.discriminator, self.state.duration_discriminator):
            watch(judge, "forward", "discriminators", after="discriminators", behind="losses")
        for optimizer in (self.state.generator_optimizer, self.state.discriminator_optimizer):
            watch(optimizer, "step", "optimizer", after="other")
        watch(self.accelerator, "clip_grad_norm_", "optimizer", after="optimizer")
        watch(self.state.ema, "update", "optimizer", after="other")

    def step(self) -> None:
        self.timeline.mark("data")
        batch = self.batches.batch(self.state.step)
        self.timeline.mark("other")
        if self.graphed is not None:
            self.graphed([batch])
            return
        pretrain_step(self.state, batch, self.recipe, self.accelerator)


class VitsSystem:
    """The reference on the same seconds of the same corpus."""

    def __init__(self, name: str, options: argparse.Namespace, corpus: PackedCorpus, timeline: Timeline):
        self.options, self.corpus, self.timeline = options, corpus, timeline
        self.device = torch.device(options.device)
        precision = {"no": None, "bf16": torch.bfloat16}[options.precision]
        self.training = VitsTraining(self.device, precision)
        self.size = round(options.window_seconds * SAMPLING_RATE / HOP) * HOP
        self.tokens = max(round(12 * options.window_seconds), 1)
        self.count = 0
        self.window_seconds, self.decoded_seconds = self.size / SAMPLING_RATE, SEGMENT / SAMPLING_RATE
        self.parameters = _count(self.training.generator), _count(self.training.discriminator)
        watch, generator = timeline.watch, self.training.generator
        watch(generator, "forward", "encoder", after="losses")
        watch(generator, "search", "alignment", after="encoder")
        watch(generator.decoder, "forward", "decoder", after="losses", behind="encoder")
        watch(self.training.discriminator, "forward", "discriminators", after="discriminators", behind="losses")
        for optimizer in (self.training.generator_optimizer, self.training.discriminator_optimizer):
            watch(optimizer, "step", "optimizer", after="other")

    def step(self) -> None:
        self.timeline.mark("data")
        random = np.random.default_rng(self.count)
        starts = random.integers(0, len(self.corpus.waveforms) - self.size, self.options.batch_size)
        samples = np.stack([self.corpus.waveforms[start : start + self.size] for start in starts])
        waveform = torch.from_numpy(samples).to(self.device).float() / 32767
        input_ids = torch.from_numpy(random.integers(5, 200, (len(starts), self.tokens))).to(self.device)
        batch = self.training.batch(input_ids, waveform)
        self.timeline.mark("other")
        self.training.step(batch)
        self.count += 1


def _count(module: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All systems in turns; the result as plain data."""
    torch.set_num_threads(options.threads)
    allow_tf32(options.tf32)
    torch.set_flush_denormal(True)  # an untrained HiFi-GAN computes on denormals, which would flatter us
    device = torch.device(options.device)
    if options.corpus:
        corpus = PackedCorpus.load(options.corpus)
    else:  # a clip that is searched must lie in its window as a whole
        corpus = synthetic_corpus(*((options.window_seconds, 0.0) if options.search else (5.5, 1.0)))
    timelines = {name: Timeline(device) for name in options.systems}
    systems = {
        name: (VitsSystem if name == "vits" else ValeTTSSystem)(name, options, corpus, timelines[name])
        for name in options.systems
    }
    parts: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    for turn in range(options.warmup + options.steps):
        for name, system in systems.items():
            system.step()
            timelines[name].mark("end")
            shares = timelines[name].shares()
            if turn >= options.warmup:
                parts[name].append(shares)
            print(f"{name} step {turn}: {sum(shares.values()):.2f} s", flush=True)
    results = {name: _summary(systems[name], parts[name], options) for name in systems}
    return {
        "machine": machine(),
        "clock": "device time" if device.type == "cuda" else "processor time",
        "threads": options.threads,
        "batch_size": options.batch_size,
        "precision": options.precision,
        "tf32": options.tf32,
        "valetts_discriminator": options.discriminator,
        "alignment_search": "all systems" if options.search else "vits only",
        "systems": results,
    }


def _summary(system: Any, parts: list[dict[str, float]], options: argparse.Namespace) -> dict[str, Any]:
    totals = [sum(item.values()) for item in parts]
    seconds = float(np.median(totals))
    whole = sum(totals)
    return {
        "parameters_m": dict(zip(("generator", "discriminators"), (round(x, 2) for x in system.parameters))),
        "seconds_per_step": seconds,
        "steps": totals,
        "steps_per_second": 1 / seconds,
        "window_audio_seconds_per_second": options.batch_size * system.window_seconds / seconds,
        "decoded_audio_seconds_per_second": options.batch_size * system.decoded_seconds / seconds,
        "shares": {part: sum(item.get(part, 0.0) for item in parts) / whole for part in PARTS},
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    head = (
        "| system | G + D (M) | s/step | steps/s | window audio s/s | decoded audio s/s | " + " | ".join(PARTS) + " |"
    )
    rows = [head, "|" + " --- |" * (6 + len(PARTS))]
    for name, item in result["systems"].items():
        sizes = item["parameters_m"]
        cells = [
            name,
            f"{sizes['generator']:.1f} + {sizes['discriminators']:.1f}",
            f"{item['seconds_per_step']:.3g}",
            f"{item['steps_per_second']:.3g}",
            f"{item['window_audio_seconds_per_second']:.3g}",
            f"{item['decoded_audio_seconds_per_second']:.3g}",
            *(f"{100 * item['shares'][part]:.1f} %" for part in PARTS),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    if "vits" in result["systems"]:
        vits = result["systems"]["vits"]["window_audio_seconds_per_second"]
        rows.append("")
        for name, item in result["systems"].items():
            if name != "vits":
                ratio = item["window_audio_seconds_per_second"] / vits
                rows.append(f"{name}: {ratio:.1f} x the seconds of audio per second of vits")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, help="by default all that the device can run")
    parser.add_argument("--corpus", help="packed corpus; without it, buzzing clips are made up (speed is the same)")
    parser.add_argument("--recipe", help="recipe of `valetts`: YAML file of overrides")
    parser.add_argument("--discriminator", default="gpu", help="preset of the discriminators of `valetts`")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--window-seconds", type=float, default=1.7)
    parser.add_argument("--precision", choices=("no", "bf16"), default="no")
    parser.add_argument(
        "--search", action="store_true", help="let ValeTTS search alignments too, in clips of one window"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=1, help="turns that do not count (with graphs at least two)")
    parser.add_argument("--steps", type=int, default=3, help="turns that count")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    parser.add_argument("--tf32", action="store_true", help="float32 products with factors of 10 bits, in all systems")
    options = parser.parse_args(arguments)
    recordable = options.device == "cuda"
    options.systems = options.systems or [name for name in SYSTEMS if recordable or name != "valetts-graphs"]
    if "valetts-graphs" in options.systems and not recordable:
        parser.error("valetts-graphs needs --device cuda")
    result = measure(options)
    print(table(result))
    print(json.dumps({key: value for key, value in result.items() if key != "systems"}))
    if options.output:
        scratch = options.output.with_suffix(".tmp")
        scratch.write_text(json.dumps(result, indent=1), encoding="utf-8")
        os.replace(scratch, options.output)


if __name__ == "__main__":
    main()
