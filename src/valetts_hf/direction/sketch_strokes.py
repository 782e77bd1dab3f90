"""Lines drawn by hand as curves: what is drawn last counts, as with paint.

A stroke may run in any direction and cross itself or others. It is laid over a row of columns in the order of drawing;
every column keeps the last height that reached it. So a line that goes back overwrites, a vertical line leaves its end, and
two values for one time cannot remain. What leaves the box is moved to its edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from valetts_hf.direction.sketch import Sketch, SketchWord
from valetts_hf.direction.sketch_curve import MAX_POINTS, UNITS, Curve, SketchError


COLUMNS = 512
Box = tuple[float, float, float, float]


def sketch_of_strokes(
    pitch: Any = None,
    energy: Any = None,
    box: Box = (0.0, 0.0, 1.0, 1.0),
    y_down: bool = False,
    pitch_range: tuple[float, float] | None = None,
    energy_range: tuple[float, float] | None = None,
    words: Sequence[SketchWord] = (),
) -> Sketch:
    """A sketch of lines.

    Args:
        pitch, energy (*optional*): a stroke, that is a list of points (x, y) in the order of drawing, or a list of strokes.
        box (`tuple`): (left, top, right, bottom) of the drawing; left to right is the text from beginning to end.
        y_down (`bool`): y grows downwards, as on screens; the box's top is then its smaller y.
        pitch_range (`tuple[float, float]`, *optional*): Hz at the bottom and the top of the box (on a scale of semitones);
            default: the curve is relative.
        energy_range (`tuple[float, float]`, *optional*): dB at the bottom and the top, likewise.
        words: what was drawn over, see [`Sketch`].

    Raises:
        SketchError: no points, no numbers, or an impossible box.
    """
    return Sketch(
        curve_of_strokes(pitch, box, y_down, "hz", pitch_range),
        curve_of_strokes(energy, box, y_down, "db", energy_range),
        tuple(words),
    )


def curve_of_strokes(
    strokes: Any, box: Box, y_down: bool, unit: str = "hz", limits: tuple[float, float] | None = None
) -> Curve | None:
    """The curve of some strokes, None for None; without limits it is relative."""
    if strokes is None:
        return None
    lines = _checked_strokes(strokes)
    left, top, right, bottom = _four_numbers(box)
    if right <= left or top == bottom or (y_down and bottom < top):
        raise SketchError(f"the box of a drawing is (left, top, right, bottom) with some extent, got {box}.")
    if not y_down:
        top, bottom = max(top, bottom), min(top, bottom)
    heights = np.full(COLUMNS, np.nan)
    for line in lines:
        x = np.clip((line[:, 0] - left) / (right - left), 0, 1) * (COLUMNS - 1)
        y = np.clip((line[:, 1] - bottom) / (top - bottom), 0, 1)
        _paint(heights, x, y)
    return curve_of_columns(heights, unit, limits)


def curve_of_columns(heights: np.ndarray, unit: str, limits: tuple[float, float] | None) -> Curve:
    """A curve of heights in [0, 1] per column, NaN where there is none, with the values `limits` at 0 and 1."""
    if np.isnan(heights).all():
        raise SketchError("there is no line in the drawing.")
    if limits is None:
        unit, values = "relative", heights
        if not np.nanmax(values) > 0:  # a line along the bottom is a drawing, not an empty one
            values = np.where(np.isnan(values), np.nan, 1e-3)
    else:
        _, least, most = UNITS[unit]
        try:
            low, high = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            low = high = math.nan
        if not least <= low < high <= most:
            raise SketchError(f"a range in {unit} is low < high within [{least:g}, {most:g}], got {limits}.")
        values = low * (high / low) ** heights if unit == "hz" else low + heights * (high - low)
    used = np.flatnonzero(~np.isnan(values))
    kept = slice(used[0], used[-1] + 1)
    positions = np.linspace(0, 1, len(heights))[kept]
    values = values[kept]
    if len(values) == 1:  # a dot is as wide as its column
        positions = np.clip([positions[0] - 0.5 / len(heights), positions[0] + 0.5 / len(heights)], 0, 1)
        values = np.repeat(values, 2)
    return Curve(tuple(positions.tolist()), tuple(values.tolist()), unit)


def _four_numbers(box: Any) -> Box:
    try:
        left, top, right, bottom = (float(edge) for edge in box)
    except (TypeError, ValueError):
        left = top = right = bottom = math.nan
    if not all(math.isfinite(edge) for edge in (left, top, right, bottom)):
        raise SketchError(f"the box of a drawing is four finite numbers (left, top, right, bottom), got {box!r}.")
    return left, top, right, bottom


def _paint(heights: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Lay one line over the columns, in the order of its points."""
    heights[round(float(x[0]))] = y[0]
    for start, stop, low, high in zip(x, x[1:], y, y[1:]):
        first, last = (math.ceil(start), math.floor(stop)) if stop >= start else (math.floor(start), math.ceil(stop))
        step = 1 if stop >= start else -1
        columns = np.arange(first, last + step, step)
        if len(columns) and stop != start:
            heights[columns] = low + (high - low) * (columns - start) / (stop - start)
        heights[round(float(stop))] = high


def _checked_strokes(strokes: Any) -> list[np.ndarray]:
    try:
        several = len(strokes) > 0 and len(strokes[0]) > 0 and hasattr(strokes[0][0], "__len__")
        lines = [np.asarray(stroke, dtype=np.float64) for stroke in (strokes if several else [strokes])]
    except (TypeError, ValueError, KeyError) as error:
        raise SketchError("a stroke is a list of points (x, y) of numbers.") from error
    lines = [line for line in lines if line.size]
    if not lines:
        raise SketchError("the drawing is empty: draw a line, or leave the curve out.")
    if sum(len(line) for line in lines) > MAX_POINTS:
        raise SketchError(f"the drawing has more than {MAX_POINTS} points: thin it out.")
    for line in lines:
        if line.ndim != 2 or line.shape[1] != 2:
            raise SketchError(f"a stroke is a list of points (x, y), got an array of shape {line.shape}.")
        if not np.isfinite(line).all():
            raise SketchError("the points of a stroke must be finite numbers, got NaN or an infinite one.")
    return lines
