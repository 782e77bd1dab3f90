#!/usr/bin/env python
"""Joint VITS2 training of ValeTTS on a packed corpus (see docs/data.md), in one process or many.

    accelerate launch training_scripts/run_pretrain.py --corpus corpus --output runs/base --recipe recipes/base_gpu.yaml

Stops at `max_steps`, after `--max_minutes`, or on SIGTERM / Ctrl-C, always with a checkpoint; `--resume latest` goes on
exactly where the run stopped. The run folder explains itself in its README.md; the averaged generator is exported to
OUTPUT/model as a folder `from_pretrained` reads.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import torch
from accelerate.utils import set_seed

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import Evaluator as HeldOutEvaluator
from valetts_hf.training.evaluation.evaluator import held_out_clips, load_callable
from valetts_hf.training.recipe import load_recipe
from valetts_hf.training.run.pretrain_run import Evaluator, OutOfMemoryError, PretrainRun
from valetts_hf.training.run.run_log import check_trackers
from valetts_hf.training.run.run_state import DiskFullError
from valetts_hf.training.run.sharding import make_accelerator


_LISTENERS = {"transcriber": "word and character error rates", "embedder": "speaker similarity"}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--output", required=True, type=Path, help="run folder: checkpoints, logs, samples, model/")
    parser.add_argument("--recipe", help="YAML file of overrides of PretrainRecipe")
    parser.add_argument("--init_from", help="folder or Hub id of a model whose weights to start from")
    parser.add_argument("--init_discriminators", help="checkpoint whose discriminators to start from")
    parser.add_argument("--resume", help="'latest' or a checkpoint folder")
    parser.add_argument(
        "--allow_changes", action="store_true", help="resume although schedule, losses or data of the recipe differ"
    )
    parser.add_argument("--max_steps", type=int, help="overrides the recipe")
    parser.add_argument("--batch_size", type=int, help="overrides the recipe")
    parser.add_argument("--gradient_accumulation", type=int, help="overrides the recipe")
    parser.add_argument("--stop_at_step", type=int, help="stop with a checkpoint at this step of the schedule")
    parser.add_argument("--max_minutes", type=float, help="stop with a checkpoint after this time")
    parser.add_argument("--tracker", action="append", default=[], help="tensorboard, trackio, ...; may be repeated")
    parser.add_argument("--evaluate_clips", type=int, default=0, help="measure the speech of so many held-out clips")
    for name, gives in _LISTENERS.items():
        parser.add_argument(f"--{name}", help=f"module:function that gives {gives} to these measurements")
    parser.add_argument("--evaluator", help="module:function (model, step) -> dict of numbers, instead of all that")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")
    return parser.parse_args(arguments)


def make_evaluator(parsed: argparse.Namespace, corpus: PackedCorpus) -> Evaluator | None:
    """What measures the averaged model every `evaluate_every` steps, as the arguments say."""
    if parsed.evaluator:
        return load_callable(parsed.evaluator)
    if not parsed.evaluate_clips:
        return None
    listeners = {name: load_callable(getattr(parsed, name)) for name in _LISTENERS if getattr(parsed, name)}
    return HeldOutEvaluator(corpus, held_out_clips(corpus, count=parsed.evaluate_clips), **listeners)


def make_run(parsed: argparse.Namespace) -> PretrainRun:
    """Everything that the arguments name, wired."""
    overrides = {name: getattr(parsed, name) for name in ("max_steps", "batch_size", "gradient_accumulation")}
    recipe = load_recipe(parsed.recipe, **overrides)
    trackers = check_trackers(parsed.tracker)
    corpus = PackedCorpus.load(parsed.corpus)
    accelerator = make_accelerator(
        recipe.mixed_precision, parsed.cpu, log_with=trackers or None, project_dir=parsed.output / "trackers"
    )
    set_seed(recipe.seed)
    if parsed.init_from:
        model = ValeTTSForSpeech.from_pretrained(parsed.init_from, dtype=torch.float32)
    else:
        model = ValeTTSForSpeech(recipe.model_config)
    run = PretrainRun(recipe, corpus, model, parsed.output, accelerator, make_evaluator(parsed, corpus))
    if parsed.init_discriminators:
        run.start_judges_from(parsed.init_discriminators)
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
    except (ValueError, ImportError, FileNotFoundError, OutOfMemoryError, DiskFullError) as error:
        raise SystemExit(f"error: {error}") from error
    run.accelerator.print(f"ended at step {run.state.step}, since {reason}; saved in {parsed.output}")
    run.accelerator.end_training()


if __name__ == "__main__":
    main()
