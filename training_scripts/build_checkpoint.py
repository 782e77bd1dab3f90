#!/usr/bin/env python
"""Turn a trained model into a checkpoint folder to publish: default voices, half precision, processor, discriminators.

    python training_scripts/build_checkpoint.py --run runs/base --corpus corpus/ --voices voices.yaml --output DIR

What it adds to the trained weights:
- a named voice per chosen speaker (mean style of their clips) and the default voice of each language;
- corrections of the decoder's colour: bins that are louder than their neighbours whoever speaks (spectral_ripple.py), and
  the long-term spectrum of every voice (spectral_color.py), if the corpus has ten speakers or more;
- a correction of the predicted pitch, so that every voice keeps its height in other languages (voice_pitch.py), if the corpus
  has two languages or more;
- a correction of the speaking rate: exponentiated means of log durations are too short on average;
- for languages and symbols that the corpus does not have, the embedding of the nearest one that it has, so that they
  are spoken with a neighbour's sounds rather than with random weights.
The folder is written beside its target and moved into place when it is complete.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.symbols import SYMBOLS
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.training.checkpoint_building import (
    calibrate_durations,
    copy_rows,
    judges_of_run,
    read_voices_file,
    set_default_styles,
    speaker_style,
    token_counts,
    voice_entry,
    write_checkpoint,
)
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.spectral_color import FEWEST_SPEAKERS, fit_color, speakers_to_fit
from valetts_hf.training.spectral_ripple import remove_ripple
from valetts_hf.training.voice_pitch import keep_voice_pitch


RARE = 100  # occurrences below which a symbol borrows its neighbour's embedding


def lend_embeddings(model: ValeTTSForSpeech, corpus: PackedCorpus, plan: dict[str, Any]) -> None:
    """Copy embeddings of seen languages and symbols to unseen ones, as the plan says (codes and symbols by name)."""
    encoder, languages = model.model.text_encoder, model.config.languages
    named = plan.get("languages", {})
    rows = {languages.index(unseen): languages.index(seen) for unseen, seen in named.items()}
    copy_rows(encoder.embed_languages.weight, rows)
    counts = token_counts(corpus, model.config.vocab_size)
    pairs = [(SYMBOLS.index(unseen), SYMBOLS.index(seen)) for unseen, seen in plan.get("symbols", {}).items()]
    rows = {target: source for target, source in pairs if counts[target] < RARE <= counts[source]}
    copy_rows(encoder.embed_tokens.weight, rows)


def correct_colour(model: ValeTTSForSpeech, corpus: PackedCorpus) -> None:
    """Take out of the `istft` decoder what colours all voices alike, and give each voice the colour of its recordings."""
    print(f"a ripple of {remove_ripple(model, corpus):.1f} dB is taken out of the decoder")
    if not model.config.decoder.color_points:
        return
    found = len(speakers_to_fit(corpus))
    if found < FEWEST_SPEAKERS:
        print(f"colours of voices are left as trained: {found} speakers are too few to fit them")
        return
    fit = fit_color(model, corpus)
    print(
        f"long-term spectra of {fit.speakers} voices: {fit.before:.1f} dB from their recordings, now {fit.after:.1f}"
    )
    print(f"what emphasis adds to them: {fit.emphasis_before:.1f} dB, now {fit.emphasis_after:.1f}")


@torch.no_grad()
def build(
    run: Path,
    corpus: PackedCorpus,
    plan: dict[str, Any],
    output: Path,
    dtype: torch.dtype,
    with_code: bool = False,
    with_judges: bool = True,
) -> None:
    """Write the checkpoint folder; see the module's description."""
    model = ValeTTSForSpeech.from_pretrained(run / "model", dtype=torch.float32).eval()
    lend_embeddings(model, corpus, plan.get("lend", {}))
    for name, value in plan.get("inference", {}).items():
        if not hasattr(model.config, name):
            raise ValueError(f"voices file: {name!r} under `inference` is not a setting of the model")
        setattr(model.config, name, value)
    for name, value in plan.get("decoder", {}).items():
        if not hasattr(model.config.decoder, name):
            raise ValueError(f"voices file: {name!r} under `decoder` is not a setting of the decoder")
        setattr(model.config.decoder, name, value)
    voices, styles = {}, {}
    for name, entry in plan["voices"].items():
        style = speaker_style(model, corpus, entry["speaker"], plan.get("clips_per_voice", 24))
        styles[entry["speaker"]] = style
        voices[name] = voice_entry(style, entry["language"], entry["description"])
    set_default_styles(model, voices, plan["default_voices"])
    if model.config.decoder.type == "istft":
        correct_colour(model, corpus)
    if (fit := keep_voice_pitch(model, corpus)) is not None:
        print(
            f"heights of {fit.speakers} voices over all languages: {fit.before:.1f} semitones from their recordings, now "
            f"{fit.after:.1f}"
        )
    print(f"predicted durations are multiplied by {calibrate_durations(model, corpus, styles):.3f}")
    processor = ValeTTSProcessor(
        ValeTTSFeatureExtractor(), ValeTTSTokenizer(), voices=voices, default_voices=plan["default_voices"]
    )
    judges = judges_of_run(run, model.config.hidden_size) if with_judges else None
    write_checkpoint(output, model, processor, dtype, judges, with_code)


def main(arguments: list[str] | None = None) -> None:
    parsed = make_parser().parse_args(arguments)
    plan = read_voices_file(parsed.voices)
    corpus, dtype = PackedCorpus.load(parsed.corpus), getattr(torch, parsed.dtype)
    build(parsed.run, corpus, plan, parsed.output, dtype, parsed.with_code, not parsed.without_discriminators)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder written by run_pretrain.py")
    parser.add_argument(
        "--corpus", type=Path, required=True, help="packed corpus, as `valetts data prepare` writes it"
    )
    parser.add_argument("--voices", type=Path, required=True, help="YAML: voices, default_voices, lend")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--dtype", choices=("float16", "bfloat16", "float32"), default="float16")
    parser.add_argument("--with_code", action="store_true", help="add the code that `trust_remote_code` loads")
    parser.add_argument(
        "--without_discriminators",
        action="store_true",
        help="leave the discriminators out, for a checkpoint to bundle",
    )
    return parser


if __name__ == "__main__":
    with one_line_errors():
        main()
