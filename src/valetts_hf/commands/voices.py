"""`valetts voices`, the same as `valetts voice list`: the voices of a checkpoint and this user's own, without loading a model."""

from __future__ import annotations

import argparse
from typing import Any

from valetts_hf.commands.common import (
    EXIT_OK,
    add_model_arguments,
    note,
    print_json,
    print_table,
    read_checkpoint_json,
)


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    return add_list(subparsers, "voices")


def add_list(subparsers: Any, name: str) -> argparse.ArgumentParser:
    """The parser under either of its two names."""
    parser = subparsers.add_parser(
        name,
        help="list the voices of a checkpoint and your own" + (" (valetts voice list)" if name == "voices" else ""),
        description="List the voices a checkpoint brings, and your own (`valetts voice enroll` makes them). Any recording of "
        "5-6 seconds is a voice, too: say --voice FILE.",
    )
    add_model_arguments(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    rows = list_voices(args.model) + own_voices()
    if args.json:
        print_json(rows)
        return EXIT_OK
    if rows:
        table = [[row["name"], row["language"], ", ".join(row["default_for"]), row["description"]] for row in rows]
        print_table(["VOICE", "LANGUAGE", "DEFAULT FOR", "DESCRIPTION"], table)
    else:
        note("this checkpoint brings no named voices.")
    note("A recording of 5-6 seconds is a voice as well: valetts say TEXT --voice my_voice.wav")
    return EXIT_OK


def list_voices(model: str | None) -> list[dict[str, Any]]:
    """One dictionary per voice: name, language, default_for (languages it is the default of), description.

    Args:
        model (`str`, *optional*): folder or Hub repository; None is the bundled checkpoint.
    """
    settings = read_checkpoint_json(model, "processor_config.json")
    defaults: dict[str, list[str]] = {}
    for language, name in (settings.get("default_voices") or {}).items():
        defaults.setdefault(name, []).append(language)
    return [
        {
            "name": name,
            "language": info.get("language") or "",
            "default_for": defaults.get(name, []),
            "description": info.get("description") or "",
        }
        for name, info in (settings.get("voices") or {}).items()
    ]


def own_voices() -> list[dict[str, Any]]:
    """The same of the voices that this user has made, with the checkpoint each was made for."""
    from valetts_hf.voices.library import VoiceLibrary

    library = VoiceLibrary()
    rows: list[dict[str, Any]] = []
    for name in library.names():
        facts = library.facts(name)
        kind = "yours, adapted" if facts.get("adapter") else "yours"
        source = facts.get("source") or ""
        rows.append(
            {
                "name": name,
                "language": facts.get("language") or "",
                "default_for": [],
                "description": f"{kind}: {source}" if source else kind,
                "checkpoint": facts.get("checkpoint") or "",
            }
        )
    return rows
