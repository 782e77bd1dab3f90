"""Model cards out of measured numbers: Markdown tables, a Jinja template, the training curve as a picture."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


# What the rows of a training curve may name their place in the run with, in order of preference.
CURVE_AXES = ("steps", "step", "hours")
Row = Mapping[str, Any]


def columns_of(rows: Sequence[Row]) -> list[str]:
    """All keys of the rows in the order they first appear."""
    return list(dict.fromkeys(key for row in rows for key in row))


def markdown_table(rows: Sequence[Row], columns: Sequence[str] | None = None, header: bool = True) -> str:
    """A Markdown table; what is missing, None or not a number is a dash."""
    columns = list(columns or columns_of(rows))
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"] if header else []
    for row in rows:
        lines.append("| " + " | ".join(_cell(row.get(column)) for column in columns) + " |")
    return "\n".join(lines)


def render(template: Path, values: Mapping[str, Any]) -> str:
    """Fill a Jinja template.

    Raises:
        ValueError: the template asks for something that the values lack, naming it.
    """
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return environment.from_string(template.read_text(encoding="utf-8")).render(**values)
    except jinja2.UndefinedError as error:
        raise ValueError(f"the card {template.name} needs more than was given: {error.message}") from error


def checked_rows(name: str, rows: Any) -> list[dict[str, Any]]:
    """Rows of a table.

    Raises:
        ValueError: they are no list of objects with at least one entry, naming the table and the row.
    """
    if not isinstance(rows, list) or not rows:
        raise ValueError(
            f"{name} must be a list of rows, got {str(rows)[:60]!r}: leave it out if nothing was measured"
        )
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not row:
            raise ValueError(f"{name}: row {number} must be an object of column -> value, got {str(row)[:60]!r}")
    return rows


def curve_axis(rows: Sequence[Row]) -> str:
    """The column that says where in the run the rows of a training curve were measured.

    Raises:
        ValueError: a row has none of `CURVE_AXES` as a number.
    """
    for axis in CURVE_AXES:
        if all(_number(row.get(axis)) is not None for row in rows):
            return axis
    raise ValueError(f"every row of a training curve needs a number of one of {', '.join(CURVE_AXES)}")


def plot_training_curve(rows: Sequence[Row], path: Path, references: Sequence[Row] = ()) -> Path:
    """Draw one panel for each measured column over the steps.

    Args:
        rows: one for each checkpoint, in any order, with a column of `CURVE_AXES`; other columns are drawn where they are
            numbers (or text that is one).
        path: PNG or SVG file.
        references: systems to compare with, each a row with a "system" and some of the columns: dashed lines.

    Raises:
        ValueError: the rows say not where in the run they belong, or nothing in them is a number.
    """
    from matplotlib.figure import Figure

    axis = curve_axis(rows)
    rows = sorted(rows, key=lambda row: _number(row[axis]) or 0.0)
    names = [name for name in columns_of(rows) if name not in (*CURVE_AXES, "sentences", "clips", "seed")]
    names = [name for name in names if any(_number(row.get(name)) is not None for row in rows)]
    if not names:
        raise ValueError(f"the training curve has no measured column, only {columns_of(rows)}")
    figure = Figure(figsize=(4.0 * len(names), 3.2), dpi=100, layout="constrained")
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        points = [(_number(row[axis]), _number(row.get(name))) for row in rows]
        points = [(x, y) for x, y in points if y is not None]
        panel.plot(*zip(*points, strict=True), marker="o", color="#1f6f8b")
        for row in references:
            value = _number(row.get(name))
            if value is not None:
                panel.axhline(value, linestyle="--", linewidth=1, color="#888888")
                panel.annotate(
                    str(row.get("system", "")),
                    (0.02, value),
                    xycoords=("axes fraction", "data"),
                    fontsize=7,
                    va="bottom",
                )
        panel.set_xlabel(axis)
        panel.set_title(name, fontsize=10)
        panel.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        figure.savefig(temporary, metadata={"Software": None} if path.suffix == ".png" else {"Date": None})
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _cell(value: Any) -> str:
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = " to ".join(map(str, value))
    return " ".join(str(value).split()).replace("|", "\\|")
