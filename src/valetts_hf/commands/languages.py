"""`valetts languages`: what the text front end reads."""

from __future__ import annotations

import argparse
from typing import Any

from valetts_hf.commands.common import EXIT_OK, print_json, print_table


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "languages",
        help="list the languages",
        description=(
            "List the languages that can be read. Those marked full have rules for numbers, dates, money, units and "
            "abbreviations. How well a checkpoint speaks each of them is said in its model card."
        ),
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    from valetts_hf.processing.languages import LANGUAGES

    rows = [
        {
            "code": language.code,
            "name": language.name,
            "native_name": language.native_name,
            "support": "full" if language.promised else "basic",
        }
        for language in LANGUAGES.values()
    ]
    if args.json:
        print_json(rows)
    else:
        print_table(["CODE", "LANGUAGE", "OWN NAME", "SUPPORT"], [list(row.values()) for row in rows])
    return EXIT_OK
