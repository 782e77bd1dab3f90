#!/usr/bin/env python
"""Training of BigVGAN on a packed corpus (see docs/data.md and docs/vocoder.md), in one process or many.

    accelerate launch training_scripts/run_vocoder.py --corpus corpus --output runs/vocoder --recipe recipes/vocoder.yaml
    accelerate launch training_scripts/run_vocoder.py --corpus corpus --output runs/decoder --recipe recipes/decoder.yaml \
        --checkpoint build/base --store

The first trains a vocoder from log-mels to waveforms; the second the `bigvgan` decoder of a ValeTTS checkpoint, whose latents
stay as they are, so that its prior drives both decoders; `--store` puts the result beside the checkpoint's own.
Stops at `max_steps`, after `--max_minutes`, or on SIGTERM / Ctrl-C, always with a checkpoint; `--resume latest` goes on
exactly where the run stopped.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from accelerate.utils import set_seed

from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.run.pretrain_run import OutOfMemoryError
from valetts_hf.training.run.run_log import check_trackers
from valetts_hf.training.run.run_state import DiskFullError
from valetts_hf.training.run.sharding import make_accelerator
from valetts_hf.training.vocoder.vocoder_recipe import load_vocoder_recipe
from valetts_hf.training.vocoder.vocoder_run import VocoderRun, model_to_train


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--output", required=True, type=Path, help="run folder: checkpoints, logs, model/")
    parser.add_argument("--recipe", help="YAML file of overrides of VocoderRecipe")
    parser.add_argument(
        "--checkpoint",
        help="task latents: the ValeTTS checkpoint whose latents to decode; task mel: a vocoder to go on with",
    )
    parser.add_argument(
        "--store", action="store_true", help="put the trained decoder into the folder of --checkpoint at the end"
    )
    parser.add_argument("--resume", help="'latest' or a checkpoint folder")
    parser.add_argument("--allow_changes", action="store_true", help="resume although the recipe differs")
    parser.add_argument("--max_steps", type=int, help="overrides the recipe")
    parser.add_argument("--batch_size", type=int, help="overrides the recipe")
    parser.add_argument("--gradient_accumulation", type=int, help="overrides the recipe")
    parser.add_argument("--stop_at_step", type=int, help="stop with a checkpoint at this step of the schedule")
    parser.add_argument("--max_minutes", type=float, help="stop with a checkpoint after this time")
    parser.add_argument("--tracker", action="append", default=[], help="tensorboard, trackio, ...; may be repeated")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")
    return parser.parse_args(arguments)


def make_run(parsed: argparse.Namespace) -> VocoderRun:
    """Everything that the arguments name, wired."""
    overrides = {name: getattr(parsed, name) for name in ("max_steps", "batch_size", "gradient_accumulation")}
    recipe = load_vocoder_recipe(parsed.recipe, **overrides)
    if parsed.store and (recipe.task != "latents" or not parsed.checkpoint or not Path(parsed.checkpoint).is_dir()):
        raise ValueError("--store needs the task 'latents' and a --checkpoint that is a folder here")
    trackers = check_trackers(parsed.tracker)
    corpus = PackedCorpus.load(parsed.corpus)
    accelerator = make_accelerator(
        recipe.mixed_precision, parsed.cpu, log_with=trackers or None, project_dir=parsed.output / "trackers"
    )
    set_seed(recipe.seed)
    run = VocoderRun(recipe, corpus, model_to_train(recipe, parsed.checkpoint), parsed.output, accelerator)
    if parsed.resume:
        run.resume(parsed.resume, parsed.allow_changes)
    return run


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    try:
        run = make_run(parsed)
        for key, value in run.facts().items():
            run.accelerator.print(f"{key}: {value}")
        reason = run.train(parsed.stop_at_step, parsed.max_minutes, command=shlex.join(sys.argv))
        if parsed.store and run.accelerator.is_main_process:
            print(f"stored {run.store_decoder(parsed.checkpoint)}")
    except (ValueError, ImportError, FileNotFoundError, OutOfMemoryError, DiskFullError) as error:
        raise SystemExit(f"error: {error}") from error
    run.accelerator.print(f"ended at step {run.state.step}, since {reason}; saved in {parsed.output}")
    run.accelerator.end_training()


if __name__ == "__main__":
    main()
