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
from pathlib import Path

from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.run.run_command import add_run_arguments, conduct, recipe_overrides, seeded_accelerator
from valetts_hf.training.vocoder.vocoder_recipe import load_vocoder_recipe
from valetts_hf.training.vocoder.vocoder_run import VocoderRun, model_to_train


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_arguments(parser, "VocoderRecipe", "checkpoints, logs, model/")
    parser.add_argument(
        "--checkpoint",
        help="task latents: the ValeTTS checkpoint whose latents to decode; task mel: a vocoder to go on with",
    )
    parser.add_argument(
        "--store", action="store_true", help="put the trained decoder into the folder of --checkpoint at the end"
    )
    return parser.parse_args(arguments)


def make_run(parsed: argparse.Namespace) -> VocoderRun:
    """Everything that the arguments name, wired."""
    recipe = load_vocoder_recipe(parsed.recipe, **recipe_overrides(parsed))
    if parsed.store and (recipe.task != "latents" or not parsed.checkpoint or not Path(parsed.checkpoint).is_dir()):
        raise ValueError("--store needs the task 'latents' and a --checkpoint that is a folder here")
    accelerator = seeded_accelerator(parsed, recipe)
    corpus = PackedCorpus.load(parsed.corpus)
    return VocoderRun(recipe, corpus, model_to_train(recipe, parsed.checkpoint), parsed.output, accelerator)


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)

    def store(run: VocoderRun) -> None:
        if parsed.store and run.accelerator.is_main_process:
            print(f"stored {run.store_decoder(parsed.checkpoint)}")

    conduct(make_run, parsed, store)


if __name__ == "__main__":
    main()
