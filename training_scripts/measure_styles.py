#!/usr/bin/env python
"""Measure what the style tokens of a checkpoint do, and make its named styles.

    python training_scripts/measure_styles.py --checkpoint build/base
    python training_scripts/measure_styles.py --docs docs/styles.md

Writes styles.json into the checkpoint's folder (or to --output), which `valetts styles`, `tts.styles` and `style="calm"` read;
prints the table. With --docs, the tables between `<!-- styles -->` and `<!-- /styles -->` in a Markdown file become the new ones.
About two minutes on one processor core.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.commands.common import isatty, progress_bar
from valetts_hf.direction.style_table import STYLES_FILE, StyleTable
from valetts_hf.inference import ValeTTS
from valetts_hf.training.evaluation.markdown_blocks import replace_block
from valetts_hf.training.evaluation.style_measurement import SEEDS, Probe, default_probe, measure_styles
from valetts_hf.training.model_card import markdown_table, write_atomically
from valetts_hf.training.run.one_line_errors import one_line_errors


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=BASE_CHECKPOINT, help="folder or Hub id; default: the bundled one")
    parser.add_argument("--output", type=Path, help=f"default: {STYLES_FILE} in the checkpoint's folder")
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--voices", nargs="*", help="voices of the checkpoint; default: up to two of the language")
    parser.add_argument("--sentences", nargs="*", help="what to say; needed with a --language that is not English")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--docs", type=Path, help="Markdown file whose tables to renew")
    parsed = parser.parse_args(arguments)
    if parsed.output is None and not Path(parsed.checkpoint).is_dir():
        parser.error("--output is needed for a checkpoint that is no folder")
    if parsed.sentences is None and not parsed.language.startswith("en"):
        parser.error(f"--sentences are needed in the language {parsed.language!r}")
    return parsed


def rows_of(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The table of tokens and named styles: what was predicted, and in brackets what the audio shows."""
    rows = []
    for name, entry in StyleTable(values).entries().items():
        heard = entry["audio"]
        rows.append(
            {
                "style": f"`{name}`",
                "rate": f"x {entry['rate']:.2f}",
                "pitch, st": _both(entry, heard, "pitch"),
                "pitch range": f"x {entry['pitch_range']:.2f} ({heard['pitch_range']:.2f})",
                "energy, dB": _both(entry, heard, "energy"),
                "in words": entry["words"],
                "made of": f"`{entry['spec']}`" if "spec" in entry else "",
            }
        )
    return rows


def _both(predicted: dict[str, float], heard: dict[str, float], name: str) -> str:
    return f"{round(predicted[name], 1) + 0.0:+.1f} ({round(heard[name], 1) + 0.0:+.1f})"


def report(values: dict[str, Any]) -> str:
    """Markdown: how it was measured, both tables, diversity."""
    measured, diversity = values["measured"], values["diversity"]
    count = len(measured["sentences"]) * len(measured["voices"]) * len(measured["seeds"])
    rows = rows_of(values)
    named, tokens = rows[: len(values["styles"])], rows[len(values["styles"]) :]
    columns = ["style", "rate", "pitch, st", "pitch range", "energy, dB", "in words"]
    return "\n\n".join(
        [
            f"Checkpoint `{values['checkpoint']}`; {count} utterances for each row ({len(measured['sentences'])} sentences, voices "
            f"{', '.join(measured['voices'])}, {len(measured['seeds'])} seeds), each compared with the same utterance in the "
            "voice's own manner. In brackets what WORLD and the waveform's energy show of the audio.",
            markdown_table(named, [*columns, "made of"]),
            markdown_table(tokens, columns),
            f"In steps that a listener notices (5 % of tempo, a semitone, a quarter of range, 1 dB), two tokens are "
            f"{diversity['token_distance']:.1f} apart, a token and the voice's own manner {diversity['from_neutral']:.1f}, two "
            f"seeds of one sentence {diversity['seed_distance']:.1f}; in the audio {diversity['audio']['token_distance']:.1f}, "
            f"{diversity['audio']['from_neutral']:.1f} and {diversity['audio']['seed_distance']:.1f} (WORLD's own errors are "
            f"among the latter). Effective number of styles (Vendi score): {diversity['effective_styles']:.1f} of "
            f"{len(tokens) + 1}.",
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    tts = ValeTTS.from_pretrained(parsed.checkpoint)
    probe = default_probe(tts, parsed.language)
    probe = Probe(
        parsed.language,
        parsed.voices if parsed.voices else probe.voices,
        parsed.sentences if parsed.sentences else probe.sentences,
        parsed.seeds,
    )
    with progress_bar("measuring", isatty(sys.stderr)) as progress:
        values = measure_styles(tts, probe, progress)
    output = parsed.output or Path(parsed.checkpoint) / STYLES_FILE
    write_atomically(output, json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    text = report(values)
    if parsed.docs is not None:
        replace_block(parsed.docs, "styles", text)
    print(f"{text}\n\nwritten to {output}")


if __name__ == "__main__":
    with one_line_errors():
        main()
