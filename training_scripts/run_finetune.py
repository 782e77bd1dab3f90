#!/usr/bin/env python
"""Fine-tune a ValeTTS checkpoint on your own recordings: one speaker, many, or a new language.

    accelerate launch training_scripts/run_finetune.py --data my_recordings --output runs/me --voice_name me
    ... --method peft                                         an adapter (a voice of 1 MB) instead of a checkpoint
    ... --new_language gl --espeak_voice pt --language gl     a language that the checkpoint does not have
    ... --push_to_hub me/my-voice --license cc-by-4.0 --consent "I recorded myself"

`--data` takes what `valetts data prepare` takes (audio folder, LJSpeech or Common Voice layout, Hub id, ...) or a packed
corpus. Held-out clips are measured before and after. OUTPUT/checkpoint (or OUTPUT/voice) is the result, with a card.
The run stops after `--max_minutes` or on SIGTERM / Ctrl-C with a checkpoint; `--resume latest` goes on with it.
docs/finetuning.md walks through it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.training.checkpoint_building import load_judges
from valetts_hf.training.data.columns import mapping_from
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.evaluation.evaluator import load_callable
from valetts_hf.training.finetuning.finetune_data import (
    is_packed,
    left_out,
    retokenized,
    texts_of,
    with_held_out,
    with_rehearsal,
)
from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe, load_finetune_recipe
from valetts_hf.training.finetuning.finetune_run import FinetuneRun
from valetts_hf.training.finetuning.growth import (
    Growth,
    check_known,
    check_new,
    describe_language,
    grow,
    nearest_language,
)
from valetts_hf.training.finetuning.parts import speakers_of
from valetts_hf.training.finetuning.results import (
    HeldOutEvaluation,
    Provenance,
    card_text,
    finetuned_voice,
    push_folder,
    save_json,
    set_pace,
    write_finetuned,
)
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.run_command import add_machine_arguments, reading, seeded_accelerator
from valetts_hf.training.run.run_folder import RunFolder
from valetts_hf.voices.voice import check_name


CARD = Path(__file__).parents[1] / "model_cards" / "templates" / "finetuned.md"
RECIPES = Path(__file__).parent / "recipes"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True, nargs="+", help="recordings with transcripts, or one packed corpus")
    add("--output", required=True, type=Path, help="run folder; gets checkpoint/ or voice/")
    add(
        "--base", default=BASE_CHECKPOINT, help="checkpoint to start from: folder or Hub id (default: the bundled one)"
    )
    add("--recipe", type=Path, default=RECIPES / "finetune.yaml", help="YAML file of overrides of FinetuneRecipe")
    add("--method", choices=("full", "peft"), help="overrides the recipe")
    add("--preset", help="size of the adapter: tiny, default or max")
    add("--freeze", nargs="*", metavar="PART", help="parts that keep their weights; overrides the recipe")
    add("--max_steps", type=int, help="overrides the recipe")
    add("--batch_size", type=int, help="overrides the recipe")
    add("--learning_rate", type=float, help="overrides the recipe")
    add("--init_discriminators", help="checkpoint with discriminators, if not those beside the base")
    add("--rehearsal", help="packed corpus that is mixed in, so that less is forgotten")
    add("--resume", help="'latest' or a checkpoint folder")
    add("--allow_changes", action="store_true", help="resume although schedule, losses or data of the recipe differ")
    add("--max_minutes", type=float, help="stop with a checkpoint after this time")
    add_machine_arguments(parser)
    group = parser.add_argument_group("data")
    add = group.add_argument
    add("--language", help="of all recordings")
    add("--speaker", help="of all recordings; gives the voice its name unless --voice_name does")
    add("--columns", nargs="*", default=[], metavar="ROLE=NAME", help="audio=, text=, speaker=, language=, split=")
    add("--num_proc", type=int, default=1, help="processes that prepare data")
    add("--voice_name", help="name of the voice of the speaker with most speech")
    group = parser.add_argument_group("a new language")
    add = group.add_argument
    add("--new_language", metavar="CODE", help="code of a language that the checkpoint does not have")
    add("--espeak_voice", help="espeak-ng voice that reads it (default: the code)")
    add("--language_name", default="", help="its name in English")
    add("--nearest", metavar="CODE", help="language that it starts from (default: whose reading is most alike)")
    add("--new_symbols", default="", help="IPA characters to add besides those that the voice is found to use")
    group = parser.add_argument_group("evaluation and card")
    add = group.add_argument
    add(
        "--transcriber",
        metavar="MODULE:NAME",
        help="callable (waveform, rate, language) -> text, for word error rates",
    )
    add("--embedder", metavar="MODULE:NAME", help="callable (waveform, rate) -> vector, for speaker similarity")
    add("--license", default="other", help="identifier of the licence of the result")
    add("--dataset", nargs="*", default=[], help="Hub ids of the data, for the card")
    add("--data_note", default="", help="where the data comes from, for the card")
    add("--consent", default="", help="how the speakers agreed")
    add("--push_to_hub", metavar="OWNER/NAME", help="upload the result to this repository")
    add("--private", action="store_true", help="a new repository is private")
    return parser


def make_recipe(parsed: argparse.Namespace) -> FinetuneRecipe:
    names = ("method", "preset", "freeze", "max_steps", "batch_size", "learning_rate")
    return load_finetune_recipe(parsed.recipe, **{name: getattr(parsed, name) for name in names})


def source_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """Options of the data sources."""
    options: dict[str, Any] = {"language": parsed.language or parsed.new_language, "speaker": parsed.speaker}
    if parsed.columns:
        options["columns"] = mapping_from(parsed.columns)
    return {name: value for name, value in options.items() if value is not None}


def load_base(parsed: argparse.Namespace) -> tuple[ValeTTSForSpeech, ValeTTSProcessor, Growth | None]:
    """The checkpoint, with a new language if one is asked for."""
    model = ValeTTSForSpeech.from_pretrained(parsed.base, dtype=torch.float32)
    processor = ValeTTSProcessor.from_pretrained(parsed.base)
    if not parsed.new_language:
        check_known(parsed.language)
        return model, processor, None
    code = parsed.new_language
    options = source_options(parsed)
    options.pop("language", None)  # the reader comes only now
    texts = texts_of(parsed.data, code, **options)
    voice = parsed.espeak_voice or code
    entry = describe_language(code, voice, texts, parsed.language_name, symbols=parsed.new_symbols)
    nearest = parsed.nearest or nearest_language(texts, code, model.config.languages)
    processor, growth = grow(model, processor, entry, nearest)
    print(
        f"{code} is read by the espeak-ng voice {voice!r} and starts from {nearest}; symbols: {growth.symbols or 'no new ones'}"
    )
    return model, processor, growth


def load_corpus(
    parsed: argparse.Namespace, options: dict[str, Any], recipe: FinetuneRecipe, model, processor
) -> PackedCorpus:
    """The data with the checkpoint's tokens and a test split."""
    if is_packed(parsed.data[0]):
        corpus = PackedCorpus.load(parsed.data[0])
    else:
        from valetts_hf.training.data.preparation import prepare_corpus

        folder = parsed.output / "corpus"
        made = prepare_corpus(
            parsed.data,
            folder,
            num_proc=parsed.num_proc,
            load_model=lambda: model,
            **options,
        )
        corpus = made.corpus
        print(f"{len(corpus)} of {len(made.clips)} clips, {corpus.hours * 60:.1f} minutes, aligner: {made.aligner}")
        print(left_out(corpus), end="")
    return with_held_out(retokenized(corpus, processor.tokenizer), recipe.held_out, recipe.max_held_out)


def voice_names(name: str | None, recipe: FinetuneRecipe, corpus: PackedCorpus) -> dict[str, str]:
    """Speaker -> name of the voice, where it is another one; refused before hours of training, not behind them."""
    speakers = speakers_of(corpus)
    if not speakers:
        return {}
    if name in speakers[1:]:
        raise ValueError(f"--voice_name {name!r} is another speaker of the data: choose a name that nobody else has")
    if recipe.method == "peft":
        check_name(name or speakers[0])
    return {speakers[0]: name} if name else {}


def finetune(parsed: argparse.Namespace) -> Path:
    """Train, measure and write; returns the folder of the result (of the run, on processes beside the main one)."""
    recipe, options = make_recipe(parsed), source_options(parsed)
    if not parsed.resume:
        RunFolder(parsed.output).check_free()
    if parsed.freeze and recipe.method == "peft":
        raise ValueError("--freeze is for the method full: an adapter leaves the whole network as it is")
    if parsed.new_language and recipe.method == "peft":
        raise ValueError("--new_language changes the network's tables: it needs --method full")
    if recipe.method == "peft" and parsed.push_to_hub and not parsed.consent.strip():
        raise ValueError(
            "a voice is not shared without a statement of its speaker: say how they agreed with --consent"
        )
    if is_packed(parsed.data[0]) and len(parsed.data) > 1:
        raise ValueError("--data takes one packed corpus, or any number of other sources")
    listeners = {
        name: load_callable(value)
        for name, value in (("transcriber", parsed.transcriber), ("embedder", parsed.embedder))
        if value
    }
    with reading(parsed.base):
        config = ValeTTSConfig.from_pretrained(parsed.base)
    if parsed.new_language:
        check_new(parsed.new_language, config.languages)
    judges_from = parsed.init_discriminators or parsed.base
    judges = load_judges(judges_from, config.hidden_size)
    if judges is None and parsed.init_discriminators:
        raise ValueError(f"there are no discriminators in {judges_from!r}")
    accelerator = seeded_accelerator(parsed, recipe)
    model, processor, growth = load_base(parsed)
    with accelerator.main_process_first():
        corpus = load_corpus(parsed, options, recipe, model, processor)
    names = voice_names(parsed.voice_name or parsed.speaker, recipe, corpus)
    rehearsal = retokenized(PackedCorpus.load(parsed.rehearsal), processor.tokenizer) if parsed.rehearsal else None
    share = recipe.rehearsal_share
    mixed, weights = with_rehearsal(corpus, rehearsal, share, recipe.speaker_exponent, recipe.speaker_boosts)
    measure = HeldOutEvaluation(corpus, recipe, **listeners)
    results, record = parsed.output / "evaluation.json", {}
    if parsed.resume and results.is_file():
        record = json.loads(results.read_text(encoding="utf-8"))
    if "before" not in record:
        record = {"before": measure(model) if accelerator.is_main_process else {}}
        parsed.output.mkdir(parents=True, exist_ok=True)
        if accelerator.is_main_process:
            save_json(results, record)
    run = FinetuneRun(recipe, mixed, weights, model, parsed.output, accelerator, judges, growth)
    say = accelerator.print
    say(
        "discriminators: "
        + ("trained ones" if run.warm else f"fresh ones, they judge from step {recipe.judge_warmup}")
    )
    if parsed.resume:
        run.resume(parsed.resume, parsed.allow_changes)
    command = shlex.join(sys.argv)
    for key, value in run.facts(command).items():
        say(f"{key}: {value}")
    reason = run.train(max_minutes=parsed.max_minutes, command=command)
    say(f"ended at step {run.state.step}, since {reason}")

    averaged = run.averaged_model()
    if averaged is None:  # not the main process
        return parsed.output
    say(f"predicted durations are multiplied by {set_pace(averaged, corpus, recipe):.3f}")
    record |= {"after": measure(averaged), "steps": run.state.step}
    save_json(results, record)
    provenance = Provenance(
        parsed.license,
        "" if parsed.base == BASE_CHECKPOINT else str(parsed.base),
        parsed.dataset,
        parsed.data_note,
        parsed.consent,
        parsed.push_to_hub or "",
    )
    if recipe.method == "peft":
        return write_voice(parsed, run, averaged, corpus, names, provenance)
    folder = parsed.output / "checkpoint"
    card = partial(card_text, CARD, corpus=corpus, recipe=recipe, steps=run.state.step, evaluation=record)
    card = partial(card, provenance=provenance, growth=growth)
    voices = write_finetuned(folder, averaged.cpu(), processor, corpus, recipe, names, growth, run.judges(), card)
    shown = [f"{name} (in place of the base's)" if name in processor.voices else name for name in voices]
    say(f"{folder} speaks with the new voices {', '.join(shown)}")
    if parsed.push_to_hub:
        say(f"pushed: {push_folder(folder, parsed.push_to_hub, parsed.private or None)}")
    return folder


def write_voice(parsed, run: FinetuneRun, averaged, corpus: PackedCorpus, names, provenance: Provenance) -> Path:
    """The adapter as a voice of the base."""
    plain = ValeTTSForSpeech.from_pretrained(parsed.base, dtype=torch.float32)
    voice = finetuned_voice(averaged, plain, run.adapter(averaged), corpus, run.recipe, names, parsed.base, provenance)
    folder = voice.save_pretrained(parsed.output / "voice")
    run.accelerator.print(f"{folder} is the voice {voice.name}")
    if parsed.push_to_hub:
        run.accelerator.print(f"pushed: {voice.push_to_hub(parsed.push_to_hub, private=parsed.private or None)}")
    return folder


def main(arguments: list[str] | None = None) -> None:
    parsed = make_parser().parse_args(arguments)
    with one_line_errors():
        finetune(parsed)


if __name__ == "__main__":
    main()
