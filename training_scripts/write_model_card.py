#!/usr/bin/env python
"""Fill the model card of a checkpoint from measured numbers.

    python training_scripts/write_model_card.py --measurements model_cards/base.json --checkpoint DIR --output card.md

The JSON file holds the numbers and notes (its keys are those of the template, tables as lists of objects); size, number
of parameters and voices are read from the checkpoint. A number that was not measured is left out of the JSON file and
shows as a dash. The card is written to the output and into the checkpoint as README.md.
"""

import argparse
import json
import math
import os
import tempfile
from pathlib import Path
from string import Template

from safetensors import safe_open


TEMPLATE = Path(__file__).parents[1] / "model_cards" / "templates" / "base.md"


def table(rows: list[dict], columns: list[str]) -> str:
    """A Markdown table; missing values are dashes."""
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        lines.append("| " + " | ".join(str(row.get(column, "-")) for column in columns) + " |")
    return "\n".join(lines)


def columns_of(rows: list[dict]) -> list[str]:
    """All keys of the rows in the order they first appear."""
    return list(dict.fromkeys(key for row in rows for key in row))


def checkpoint_facts(checkpoint: Path) -> dict[str, str]:
    """Parameters, size and voices of a checkpoint folder."""
    weights = checkpoint / "model.safetensors"
    with safe_open(weights, "pt") as file:
        parameters = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())
    processor = json.loads((checkpoint / "processor_config.json").read_text(encoding="utf-8"))
    defaults: dict[str, list[str]] = {}
    for language, name in processor["default_voices"].items():
        defaults.setdefault(name, []).append(language)
    voices = [
        {"voice": name, "description": entry["description"], "default of": ", ".join(defaults.get(name, ["-"]))}
        for name, entry in processor["voices"].items()
    ]
    size = sum(path.stat().st_size for path in checkpoint.iterdir() if path.is_file())
    return {
        "parameters": f"{parameters / 1e6:.1f}",
        "size_mb": f"{size / 1e6:.0f}",
        "voices_table": table(voices, ["voice", "description", "default of"]),
    }


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def card(measurements: dict, checkpoint: Path) -> str:
    """The text of the card.

    Raises:
        KeyError: if the measurements lack something that the template asks for, naming it.
    """
    values = dict(measurements) | checkpoint_facts(checkpoint)
    for name in ("quality_table", "speed_table"):
        values[name] = table(values[name], columns_of(values[name]))
    values["data_table"] = "\n".join(table(values["data_table"], columns_of(values["data_table"])).splitlines()[2:])
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measurements", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parsed = parser.parse_args(arguments)
    text = card(json.loads(parsed.measurements.read_text(encoding="utf-8")), parsed.checkpoint)
    write_atomically(parsed.output, text)
    write_atomically(parsed.checkpoint / "README.md", text)


if __name__ == "__main__":
    main()
