#!/usr/bin/env python
"""Train the small phoneme recogniser that judges languages without a speech recogniser, on human recordings only.

    python training_scripts/train_phoneme_recognizer.py --corpus corpus --output phoneme_recognizer --max_minutes 30

Uses the train split of the corpus; OUTPUT gets model.safetensors, config.json and validation.json: the phoneme error rate
of each language on held-out recordings (validation and test split), which must be low enough for the recogniser to judge
anybody. Runs on the CPU.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import held_out_clips
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer
from valetts_hf.training.evaluation.recognizer_training import (
    PhonemeTrainingRecipe,
    config_of_corpus,
    load_examples,
    train_phoneme_recognizer,
    training_clips,
)
from valetts_hf.training.metrics.phonemes import phoneme_error_rate, phones_of_ids
from valetts_hf.training.run.one_line_errors import one_line_errors


def validate(model: PhonemeRecognizer, corpus: PackedCorpus, count: int) -> dict[str, dict]:
    """Phoneme error rate of each language on its held-out recordings."""
    table = {}
    for language in model.config.languages:
        clips = held_out_clips(corpus, language=language, count=count, splits=("test", "validation"))
        if clips:
            heard = [model.transcribe(corpus.waveform(clip), language) for clip in clips]
            wanted = [phones_of_ids(corpus.input_ids[slice(*corpus.token_offsets[clip : clip + 2])]) for clip in clips]
            rate = round(phoneme_error_rate(heard, wanted), 4)
            table[language] = {"clips": len(clips), "phones": sum(map(len, wanted)), "per": rate}
    return table


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--max_minutes", type=float, default=30.0)
    parser.add_argument("--max_steps", type=int, default=4000)
    parser.add_argument("--learning_rate", type=float, default=PhonemeTrainingRecipe.learning_rate)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init_from", type=Path, help="recogniser whose training to go on with")
    parser.add_argument("--validation_clips", type=int, default=60, help="of each language, at most")
    parsed = parser.parse_args(arguments)

    recipe = PhonemeTrainingRecipe(
        max_steps=parsed.max_steps,
        max_minutes=parsed.max_minutes,
        learning_rate=parsed.learning_rate,
        seed=parsed.seed,
    )
    corpus = PackedCorpus.load(parsed.corpus)
    clips = training_clips(corpus)
    torch.manual_seed(recipe.seed)
    if parsed.init_from is None:
        model = PhonemeRecognizer(config_of_corpus(corpus, clips, recipe.min_phone_count))
    else:
        model = PhonemeRecognizer.from_pretrained(parsed.init_from)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{parameters} parameters, {len(model.config.phones)} phones: {' '.join(model.config.phones)}", flush=True)
    started = time.monotonic()
    examples = load_examples(model, corpus, clips)
    print(f"{len(clips)} clips in memory after {time.monotonic() - started:.0f} s", flush=True)

    def report(step: int, values: dict[str, float]) -> None:
        print(f"step {step} " + " ".join(f"{name} {value:.3f}" for name, value in values.items()), flush=True)
        if step % 500 == 0:
            model.save_pretrained(parsed.output)

    steps = train_phoneme_recognizer(model, examples, recipe, report)
    model.save_pretrained(parsed.output)
    minutes = float(np.sum(corpus.frame_lengths[clips]) / 93.75 / 60.0)
    summary = {
        "parameters": parameters,
        "steps": steps,
        "training_minutes_of_speech": round(minutes, 1),
        "languages": validate(model, corpus, parsed.validation_clips),
    }
    (parsed.output / "validation.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    with one_line_errors():
        main()
