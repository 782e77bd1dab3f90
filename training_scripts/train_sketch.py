#!/usr/bin/env python
"""Train the sketch networks for a checkpoint and write them into it: about 20 minutes on one core of a CPU.

    python training_scripts/train_sketch.py --checkpoint checkpoints/base --corpus corpus --output runs/sketch

To be repeated when the base changes. Stopped by --max_minutes or Ctrl-C, it goes on from where it was; the checkpoint is
touched only when the last step is done, and by one replacement of its files.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from tqdm.auto import tqdm

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.run_command import reading
from valetts_hf.training.sketch.contours import ContourSet, usable_clips
from valetts_hf.training.sketch.settings import load_sketch_settings
from valetts_hf.training.sketch.sketch_run import SketchTraining, write_sketch


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, type=Path, help="folder of the base; gets the networks")
    parser.add_argument("--corpus", required=True, type=Path, help="packed corpus with durations")
    parser.add_argument("--output", required=True, type=Path, help="folder of the run: cache, state, records")
    parser.add_argument("--recipe", help="YAML file of SketchSettings")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--max_minutes", type=float, help="stop then; the same command goes on")
    parser.add_argument("--write_to", type=Path, help="write a copy of the checkpoint there instead of changing it")
    parser.add_argument("--no_write", action="store_true", help="train only")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    settings = load_sketch_settings(options.recipe, steps=options.steps, seed=options.seed)
    corpus = PackedCorpus.load(options.corpus)
    with reading(options.checkpoint):
        model = ValeTTSForSpeech.from_pretrained(options.checkpoint, dtype=torch.float32).eval()
    contours = {}
    for split in ("train", "test"):
        clips = usable_clips(corpus, split, settings)
        if split == "test" and not clips:
            continue
        with tqdm(total=len(clips), desc=f"base over {split} clips", disable=None) as bar:
            contours[split] = ContourSet.open(
                options.output / f"{split}.safetensors",
                model,
                corpus,
                clips,
                settings.seed,
                progress=lambda done, _, bar=bar: bar.update(done - bar.n),
            )
    training = SketchTraining(model.config, contours["train"], settings, options.output)
    records = options.output / "log.jsonl"
    with tqdm(total=settings.steps, initial=training.step, desc="sketch networks", disable=None) as bar:

        def log(step: int, losses: dict[str, float]) -> None:
            bar.update(step - bar.n)
            bar.set_postfix({name: f"{losses[name]:.3f}" for name in ("predictor", "refiner")})
            with records.open("a", encoding="utf-8") as file:
                file.write(
                    json.dumps({"step": step, **{key: round(value, 4) for key, value in losses.items()}}) + "\n"
                )

        try:
            finished = training.run(options.max_minutes, log)
        except KeyboardInterrupt:
            training.save()
            finished = False
    if not finished:
        print(f"stopped at step {training.step} of {settings.steps}; the same command goes on", flush=True)
        return 130
    if "test" in contours:
        held_out = {name: round(value, 4) for name, value in training.evaluate(contours["test"]).items()}
        print(f"held-out losses: {json.dumps(held_out)}")
    if not options.no_write:
        write_sketch(options.checkpoint, training.averaged(), options.write_to)
        print(f"sketch networks written into {options.write_to or options.checkpoint}")
    return 0


if __name__ == "__main__":
    with one_line_errors():
        sys.exit(main())
