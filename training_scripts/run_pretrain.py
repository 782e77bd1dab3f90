#!/usr/bin/env python
"""Joint VITS2 training of ValeTTS on a packed corpus (see docs/data.md), in one process or many.

    accelerate launch training_scripts/run_pretrain.py --corpus corpus --output runs/base --recipe recipes/base_gpu.yaml

Stops at `max_steps`, after `--max_minutes`, or on SIGTERM / Ctrl-C, always with a checkpoint; `--resume latest` goes on
exactly where the run stopped. The run folder explains itself in its README.md; the averaged generator is exported to
OUTPUT/model as a folder `from_pretrained` reads.
"""

from __future__ import annotations

import argparse

import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import Evaluator as HeldOutEvaluator
from valetts_hf.training.evaluation.evaluator import held_out_clips, load_callable
from valetts_hf.training.recipe import load_recipe
from valetts_hf.training.run.pretrain_run import Evaluator, PretrainRun
from valetts_hf.training.run.run_command import (
    add_run_arguments,
    conduct,
    reading,
    recipe_overrides,
    seeded_accelerator,
)


_LISTENERS = {"transcriber": "word and character error rates", "embedder": "speaker similarity"}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_arguments(parser, "PretrainRecipe", "checkpoints, logs, samples, model/")
    parser.add_argument("--init_from", help="folder or Hub id of a model whose weights to start from")
    parser.add_argument("--init_discriminators", help="checkpoint whose discriminators to start from")
    parser.add_argument("--evaluate_clips", type=int, default=0, help="measure the speech of so many held-out clips")
    for name, gives in _LISTENERS.items():
        parser.add_argument(f"--{name}", help=f"module:function that gives {gives} to these measurements")
    parser.add_argument("--evaluator", help="module:function (model, step) -> dict of numbers, instead of all that")
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
    recipe = load_recipe(parsed.recipe, **recipe_overrides(parsed))
    accelerator = seeded_accelerator(parsed, recipe)
    corpus = PackedCorpus.load(parsed.corpus)
    if parsed.init_from:
        with reading(parsed.init_from):
            model = ValeTTSForSpeech.from_pretrained(parsed.init_from, dtype=torch.float32)
    else:
        model = ValeTTSForSpeech(recipe.model_config)
    run = PretrainRun(recipe, corpus, model, parsed.output, accelerator, make_evaluator(parsed, corpus))
    if parsed.init_discriminators:
        run.start_judges_from(parsed.init_discriminators)
    return run


def main(arguments: list[str] | None = None) -> None:
    conduct(make_run, parse_arguments(arguments))


if __name__ == "__main__":
    main()
