"""Peak memory of one meta-gradient against the number of inner steps, with and without recomputing them.

    python benchmarks/meta_memory.py --output memory.json

Second-order MAML of ValeTTS (random clips, the adapter of a preset). Reports by how much the peak resident memory exceeds
what was there before, and processor seconds. On a GPU: the allocator's peak. Linux only on a CPU.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import time
from pathlib import Path

import numpy as np
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.meta.episodes import Episode, EpisodeTask
from valetts_hf.training.meta.meta_objective import episode_task
from valetts_hf.training.meta.meta_training import build_meta_state, make_batches
from valetts_hf.training.meta.outer import InnerLoop, task_loss
from valetts_hf.training.meta.recipe import MetaRecipe


def noise_corpus(clips: int, frames: int, tokens: int) -> PackedCorpus:
    """Clips of noise with made-up tokens."""
    random = np.random.default_rng(0)
    durations = np.full((clips, tokens), frames // tokens)
    durations[:, 0] += frames - durations.sum(axis=1)
    return PackedCorpus(
        waveforms=random.normal(0, 3000, clips * frames * 256).astype(np.int16),
        sample_offsets=np.arange(clips + 1) * frames * 256,
        log_f0=np.full(clips * frames, np.log(120), np.float32),
        energy=np.zeros(clips * frames, np.float32),
        input_ids=random.integers(5, 100, clips * tokens).astype(np.int16),
        token_offsets=np.arange(clips + 1) * tokens,
        durations=durations.flatten().astype(np.int16),
        speaker_ids=np.zeros(clips, np.int32),
        language_ids=np.zeros(clips, np.int32),
        texts=["noise"] * clips,
        phonemes=["noise"] * clips,
        languages=["en-us"] * clips,
        splits=["train"] * clips,
        names=[str(index) for index in range(clips)],
        speakers=["noise"],
    )


def resident(field: str) -> int:
    """Bytes of a field of /proc/self/status: VmRSS now, VmHWM at the peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in /proc/self/status")


def measure(run, device: torch.device) -> tuple[float, float]:
    """Extra peak memory in MiB and processor seconds (wall seconds on a GPU) of a call."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before, began = torch.cuda.memory_allocated(), time.perf_counter()
        run()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 2**20, time.perf_counter() - began
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, began = resident("VmRSS"), time.process_time()
    run()
    return (resident("VmHWM") - before) / 2**20, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder or Hub id; default: the bundled model")
    parser.add_argument("--steps", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--clips", type=int, default=5, help="support clips, and query clips")
    parser.add_argument("--window_frames", type=int, default=64)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    from valetts_hf import BASE_CHECKPOINT

    device = torch.device(options.device)
    model = ValeTTSForSpeech.from_pretrained(options.model or BASE_CHECKPOINT, dtype=torch.float32)
    recipe = MetaRecipe(
        preset=options.preset,
        window_frames=options.window_frames,
        segment_frames=options.window_frames // 2,
        inner_learning_rates=1e-3,
    )
    state = build_meta_state(recipe, model, device)
    mel = LogMelSpectrogram(24000, 1024, 256, 100)
    batches = make_batches(noise_corpus(2 * options.clips, options.window_frames, 20), recipe, mel, device)
    rows = np.arange(2 * options.clips)
    episode = Episode(EpisodeTask("noise", rows), rows[: options.clips], rows[options.clips :])
    task = episode_task(state.objective, batches, episode, seed=0)

    def gradient(steps: int, checkpoint: bool) -> None:
        loop = InnerLoop("maml", steps, checkpoint)
        task_loss(task, state.objective.start(), state.learning_rates, loop).loss.backward()

    gradient(1, True)  # buffers of gradients and libraries
    results = []
    print("| inner steps | recomputed, MiB | kept, MiB | recomputed, s | kept, s |\n| --- | --- | --- | --- | --- |")
    for steps in options.steps:
        memory, seconds = zip(*(measure(lambda c=c: gradient(steps, c), device) for c in (True, False)), strict=True)  # noqa: B023
        print(f"| {steps} | {memory[0]:.0f} | {memory[1]:.0f} | {seconds[0]:.1f} | {seconds[1]:.1f} |", flush=True)
        results.append({"steps": steps, "recomputed_mib": memory[0], "kept_mib": memory[1], "seconds": seconds})
    if options.output:
        settings = {key: str(value) for key, value in vars(options).items()}
        options.output.write_text(json.dumps({"settings": settings, "results": results}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
