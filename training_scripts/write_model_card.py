#!/usr/bin/env python
"""Fill the model card of a checkpoint from measured numbers.

    python training_scripts/write_model_card.py --measurements model_cards/base.json --checkpoint DIR --output card.md

Size, number of parameters and voices are read from the checkpoint. Everything else comes from the JSON file, an object:

    date, checkpoint_name, status              str   when and with what the numbers were measured
    asr_judge, mos_judge, sim_judge            str   by which judges
    speed_note, training_note, languages_note, limits_note    str    Markdown
    quality_table      rows    system, sentences, WER %, CER %, predicted MOS, similarity, ...; human recordings first
    speed_table        rows    text, batch, threads, system, real-time factor, ...
    data_table         rows    corpus, language, speakers, minutes, licence

and, as far as it was measured (a section without its table does not appear):

    training_curve     rows    steps, and any of WER %, predicted MOS, similarity, ...: one row for each judged checkpoint
                               (`training_curve_note` says what all rows have in common)
    language_table     rows    language, and any measures of intelligibility, the same for human speech beside them;
    zero_shot_table    rows    speakers outside of the training data   (`zero_shot_note`)
    few_shot_table     rows    the same after adaptation               (`few_shot_note`)
    cross_lingual_table    rows    voices in languages they were not recorded in    (`cross_lingual_note`)

`rows` is a list of objects, column -> number or text; the columns of a table are all keys of its rows. Or it is the list
under a key of another file, relative to this one: {"file": "languages.json", "key": "languages", "columns": {"language":
"language", "synthesised_per": "phoneme error"}, "where": "judgeable"}, where "columns" (optional) chooses columns and names
them, and "where" (optional) leaves out rows in which that is false. A number that was not measured is left out and shows
as a dash. `language_table_note` says how the table of languages was obtained. Unknown keys are errors: a number under a
misspelt name would be lost without a word.

The card is written to the output and into the checkpoint as README.md, the curve beside both as training_curve.png.
"""

import argparse
import difflib
import json
import shutil
from pathlib import Path
from typing import Any

from valetts_hf.training.checkpoint_building import checkpoint_facts
from valetts_hf.training.model_card import (
    checked_rows,
    columns_of,
    curve_axis,
    markdown_table,
    plot_training_curve,
    render,
    write_atomically,
)
from valetts_hf.training.run.one_line_errors import one_line_errors


TEMPLATE = Path(__file__).parents[1] / "model_cards" / "templates" / "base.md"
CURVE_FILE = "training_curve.png"
TEXTS = {
    *("date", "checkpoint_name", "status", "asr_judge", "mos_judge", "sim_judge"),
    *("speed_note", "training_note", "languages_note", "limits_note"),
}
TABLES = {"quality_table", "speed_table", "data_table"}
OPTIONAL_TABLES = {"training_curve", "language_table", "zero_shot_table", "few_shot_table", "cross_lingual_table"}
OPTIONAL_TEXTS = {
    "training_curve_note",
    "language_table_note",
    "zero_shot_note",
    "few_shot_note",
    "cross_lingual_note",
}


def read_measurements(path: Path) -> dict[str, Any]:
    """The JSON file, checked.

    Raises:
        ValueError: it is no JSON object, has unknown keys, or lacks something that every card has; naming it.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must be a JSON object, see --help, got {type(values).__name__}")
    known = TEXTS | TABLES | OPTIONAL_TABLES | OPTIONAL_TEXTS
    for key in sorted(set(values) - known):
        close = difflib.get_close_matches(key, known, 1)
        raise ValueError(
            f"{path}: unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else ", see --help")
        )
    if missing := sorted((TEXTS | TABLES) - set(values)):
        raise ValueError(f"{path} lacks {missing}, see --help")
    for key in sorted((TEXTS | OPTIONAL_TEXTS) & set(values)):
        if not isinstance(values[key], str):
            raise ValueError(f"{path}: {key} must be text, got {values[key]!r}")
    for key in sorted((TABLES | OPTIONAL_TABLES) & set(values)):
        values[key] = checked_rows(f"{path}: {key}", _rows(values[key], path))
    if "training_curve" in values:
        curve_axis(values["training_curve"])
    return values


def _rows(value: Any, path: Path) -> Any:
    """Rows, or those of another file."""
    if not isinstance(value, dict):
        return value
    if not {"file", "key"} <= set(value) <= {"file", "key", "columns", "where"}:
        raise ValueError(f'{path}: rows of another file are {{"file": ..., "key": ...}}, got {value}')
    other = path.parent / value["file"]
    if not other.is_file():
        raise ValueError(f"{path}: there is no file {str(other)!r} to take rows from")
    content = json.loads(other.read_text(encoding="utf-8"))
    if value["key"] not in content:
        raise ValueError(f"{other} has no {value['key']!r}, only {sorted(content)}")
    rows, columns = content[value["key"]], value.get("columns")
    if where := value.get("where"):
        rows = [row for row in rows if row.get(where)]
    if not columns:
        return rows
    return [{name: row[key] for key, name in columns.items() if key in row} for row in rows]


def card(measurements: dict[str, Any], checkpoint: Path) -> str:
    """The text of the card."""
    facts = checkpoint_facts(checkpoint)
    defaults: dict[str, list[str]] = {}
    for language, name in facts["default_voices"].items():
        defaults.setdefault(name, []).append(language)
    voices = [
        {"voice": name, "description": entry["description"], "default of": ", ".join(defaults.get(name, []))}
        for name, entry in facts["voices"].items()
    ]
    values: dict[str, Any] = dict.fromkeys(OPTIONAL_TABLES | OPTIONAL_TEXTS, "")
    values |= {key: measurements[key] for key in (TEXTS | OPTIONAL_TEXTS) & set(measurements)}
    for key in (TABLES | OPTIONAL_TABLES) & set(measurements):
        values[key] = markdown_table(measurements[key], header=key != "data_table")
    if rows := measurements.get("training_curve"):
        axis = curve_axis(rows)
        values["training_curve_axis"] = axis
        values["training_curve_columns"] = ", ".join(name for name in columns_of(rows) if name != axis)
    values |= {
        "parameters": f"{facts['parameters'] / 1e6:.1f}",
        "size_mb": f"{facts['bytes'] / 1e6:.0f}",
        "voices_table": markdown_table(voices, ["voice", "description", "default of"]),
    }
    return render(TEMPLATE, values)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measurements", type=Path, required=True, help="JSON file, see above")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder; gets the card as README.md")
    parser.add_argument("--output", type=Path, required=True, help="Markdown file to write")
    return parser


def main(arguments: list[str] | None = None) -> None:
    parsed = make_parser().parse_args(arguments)
    measurements = read_measurements(parsed.measurements)
    text = card(measurements, parsed.checkpoint)
    if rows := measurements.get("training_curve"):
        humans = [row for row in measurements["quality_table"] if "human" in str(row.get("system", "")).lower()]
        picture = plot_training_curve(rows, parsed.output.parent / CURVE_FILE, humans)
        if parsed.output.parent.resolve() != parsed.checkpoint.resolve():
            shutil.copyfile(picture, parsed.checkpoint / CURVE_FILE)
    write_atomically(parsed.output, text)
    write_atomically(parsed.checkpoint / "README.md", text)


if __name__ == "__main__":
    with one_line_errors():
        main()
