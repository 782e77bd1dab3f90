"""`valetts styles`: the named styles and style tokens of a checkpoint and what each does, without loading a model."""

from __future__ import annotations

import argparse
from typing import Any

from valetts_hf.commands.common import (
    EXIT_OK,
    CommandError,
    add_model_arguments,
    note,
    print_json,
    print_table,
    read_checkpoint_json,
)


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "styles",
        help="list the styles and style tokens of a checkpoint and what each does",
        description=(
            "List the named styles and the style tokens of a checkpoint, with what each was measured to do to the voices' own "
            "manner: factor of the speaking rate, semitones, factor of the pitch range, dB."
        ),
    )
    add_model_arguments(parser)
    parser.add_argument("--json", action="store_true", help="everything that was measured, as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    values = _read(args.model)
    if args.json:
        print_json(values)
        return EXIT_OK
    from valetts_hf.direction.style_table import StyleTable

    entries = StyleTable(values).entries()
    if entries:
        print_table(
            ["STYLE", "RATE", "PITCH", "RANGE", "ENERGY", "WHAT IT DOES", "MADE OF"],
            [[name, *_shown(entry), entry.get("spec", "")] for name, entry in entries.items()],
        )
    else:
        count = read_checkpoint_json(args.model, "config.json").get("style", {}).get("num_tokens", 0)
        note(
            f"nobody has measured the styles of this checkpoint (training_scripts/measure_styles.py does). It has the tokens "
            f"token:0 to token:{count - 1}."
        )
    note(
        'Mix them: valetts say TEXT --style "token:3*0.7 + token:5*0.3"; a recording is a style as well: --style FILE'
    )
    return EXIT_OK


def _read(model: str | None) -> dict[str, Any]:
    """The content of styles.json; empty where a checkpoint has none."""
    from huggingface_hub.errors import EntryNotFoundError

    from valetts_hf.direction.style_table import STYLES_FILE

    read_checkpoint_json(model, "config.json")  # it must be a checkpoint: otherwise its own error
    try:
        return read_checkpoint_json(model, STYLES_FILE)
    except CommandError as error:
        if isinstance(error.__cause__, (FileNotFoundError, EntryNotFoundError)):
            return {}
        raise


def _shown(entry: dict[str, Any]) -> list[str]:
    return [
        f"x {entry['rate']:.2f}",
        f"{_plain_zero(entry['pitch']):+.1f} st",
        f"x {entry['pitch_range']:.2f}",
        f"{_plain_zero(entry['energy']):+.1f} dB",
        entry.get("description") or entry["words"],
    ]


def _plain_zero(value: float) -> float:
    """Rounded to tenths, without the sign of a negative zero."""
    return round(value, 1) + 0.0
