"""`Curve`: a line over a text, for its pitch or its energy.

Values are in [0, 1] ("relative": from the lowest to the highest point that the voice would reach in the sentence, as the
sketches of DrawSpeech, arXiv 2501.04256) or in physical units. N points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


# unit -> what it can be a unit of, lowest and highest value
UNITS: dict[str, tuple[str, float, float]] = {
    "relative": ("both", 0.0, 1.0),
    "hz": ("pitch", 40.0, 1000.0),
    "semitones": ("pitch", -24.0, 24.0),
    "db": ("energy", -30.0, 30.0),
}
MAX_POINTS = 20_000
_WINDOWS = (7, 4)  # of the smoothing, as in DrawSpeech


class SketchError(ValueError):
    """A sketch that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Curve:
    """A line through points, straight between them; nothing is drawn before the first, behind the last and at gaps.

    Args:
        positions (`tuple[float, ...]` of length N): share of the text in [0, 1], strictly increasing.
        values (`tuple[float, ...]` of length N): NaN is a gap.
        unit (`str`): "relative" (0 to 1), "hz" (40 to 1000), "semitones" (-24 to 24, from the mean of the sentence) for
            pitch; "relative" or "db" (-30 to 30, from the mean of the sentence) for energy.

    Raises:
        SketchError: no points, two for one position, positions that go backwards, values out of the unit's limits, nothing
            but gaps, or nothing but zeros in [0, 1].
    """

    positions: tuple[float, ...]
    values: tuple[float, ...]
    unit: str = "relative"

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", _numbers("positions", self.positions))
        object.__setattr__(self, "values", _numbers("values", self.values))
        if self.unit not in UNITS:
            raise SketchError(f"the unit {self.unit!r} is unknown: use one of {', '.join(UNITS)}.")
        if len(self.positions) != len(self.values):
            raise SketchError(
                f"a curve has {len(self.positions)} positions and {len(self.values)} values: give as many."
            )
        if not self.values:
            raise SketchError("a curve needs at least one point: leave it out where nothing is drawn.")
        if len(self.values) > MAX_POINTS:
            raise SketchError(
                f"a curve of {len(self.values)} points is too long: resample it to {MAX_POINTS} or fewer."
            )
        self._check_positions()
        self._check_values()

    def _check_positions(self) -> None:
        for position in self.positions:
            if not 0 <= position <= 1:
                raise SketchError(f"positions are shares of the text in [0, 1], got {position:g}.")
        for first, second in zip(self.positions, self.positions[1:]):
            if first == second:
                raise SketchError(f"there are two values for the position {first:g}: keep one of them.")
            if second < first:
                raise SketchError(
                    f"the curve goes backwards from {first:g} to {second:g}: sort its points, or make it with from_strokes, "
                    "where what is drawn last counts."
                )

    def _check_values(self) -> None:
        drawn = [value for value in self.values if not math.isnan(value)]
        if not drawn:
            raise SketchError("every value of the curve is NaN: leave the curve out where nothing is drawn.")
        _, low, high = UNITS[self.unit]
        for value in drawn:
            if not low <= value <= high:
                raise SketchError(
                    f"a value of unit {self.unit!r} lies in [{low:g}, {high:g}], got {value:g}; other units are "
                    f"{', '.join(unit for unit in UNITS if unit != self.unit)}."
                )
        if self.unit == "relative" and not any(drawn):
            raise SketchError(
                "every value of the curve is 0, which looks like an empty drawing: leave the curve out, or give a flat line "
                "another height."
            )

    @classmethod
    def from_values(
        cls, values: Iterable[float], unit: str = "relative", start: float = 0.0, stop: float = 1.0
    ) -> Curve:
        """A curve through values at equal steps; a single one is a level.

        Args:
            values: numbers, NaN (or None) for a gap.
            unit (`str`): see the class.
            start, stop (`float`): positions of the first and the last value.

        Raises:
            SketchError: see the class.
        """
        try:
            listed = [math.nan if value is None else value for value in values]
        except TypeError as error:
            raise SketchError(f"values of a curve are a list of numbers, got {values!r}.") from error
        if len(listed) == 1:
            listed = listed * 2
        return cls(tuple(np.linspace(start, stop, len(listed)).tolist()), tuple(listed), unit)

    def at(self, positions: Sequence[float] | np.ndarray) -> np.ndarray:
        """Values at some positions, float64 of the same length; NaN where nothing is drawn."""
        asked = np.asarray(positions, dtype=np.float64)
        own, values = np.asarray(self.positions), np.asarray(self.values)
        if len(own) == 1:
            return np.where(np.isclose(asked, own[0]), values[0], np.nan)
        right = np.clip(np.searchsorted(own, asked, side="right"), 1, len(own) - 1)
        left = right - 1
        share = (asked - own[left]) / (own[right] - own[left])
        found = values[left] + (values[right] - values[left]) * share  # NaN beside a gap ...
        found = np.where(
            share <= 0, values[left], np.where(share >= 1, values[right], found)
        )  # ... but not on a point
        return np.where((asked < own[0]) | (asked > own[-1]), np.nan, found)

    def only(self, start: float, stop: float) -> Curve:
        """The part between two positions.

        Raises:
            SketchError: nothing is drawn there.
        """
        inside = [position for position in self.positions if start < position < stop]
        positions = np.array([start, *inside, stop])
        values = self.at(positions)
        if np.isnan(values).all():
            raise SketchError(f"nothing is drawn between the positions {start:g} and {stop:g}.")
        return Curve(tuple(positions.tolist()), tuple(values.tolist()), self.unit)

    def smoothed(self, points: int = 64) -> Curve:
        """The curve at equal steps, smoothed as the sketches of DrawSpeech: moving averages over 7 and 4 points.

        Args:
            points (`int`): at least 4; the fewer, the smoother.
        """
        if points < 4:
            raise SketchError(f"smoothing needs at least 4 points, got {points}.")
        positions = np.linspace(self.positions[0], self.positions[-1], points)
        values = self.at(positions)
        for run in _runs(~np.isnan(values)):
            values[run] = smoothed_values(values[run])
        if np.isnan(values).all():  # drawn only between the steps
            return self
        return Curve(tuple(positions.tolist()), tuple(values.tolist()), self.unit)

    def scaled(self, factor: float, shift: float = 0.0) -> Curve:
        """Values stretched around their mean by `factor` and moved by `shift`, kept within the limits of the unit."""
        if not (math.isfinite(factor) and math.isfinite(shift)):
            raise SketchError(f"a curve is scaled by finite numbers, got {factor} and {shift}.")
        values = np.asarray(self.values)
        mean = np.nanmean(values)
        _, low, high = UNITS[self.unit]
        changed = np.clip(mean + (values - mean) * factor + shift, low, high)
        return replace(self, values=tuple(changed.tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a gap is None."""
        values = [None if math.isnan(value) else round(value, 5) for value in self.values]
        return {"unit": self.unit, "positions": [round(position, 6) for position in self.positions], "values": values}

    @classmethod
    def from_dict(cls, content: Any) -> Curve:
        """What `to_dict` gave.

        Raises:
            SketchError: it is not that.
        """
        if not isinstance(content, dict) or set(content) - {"unit", "positions", "values"} or "values" not in content:
            raise SketchError(f"a curve is a dictionary with unit, positions and values, got {str(content)[:80]}.")
        values, positions = content["values"], content.get("positions")
        if not isinstance(values, list) or not (positions is None or isinstance(positions, list)):
            raise SketchError("positions and values of a curve are lists of numbers.")
        if len(values) > MAX_POINTS:
            raise SketchError(f"a curve of {len(values)} points is too long: resample it to {MAX_POINTS} or fewer.")
        unit = content.get("unit", "relative")
        if positions is None:
            return cls.from_values(values, unit)
        return cls(tuple(positions), tuple(math.nan if value is None else value for value in values), unit)


def smoothed_values(values: np.ndarray) -> np.ndarray:
    """Savitzky-Golay of order 1 twice (windows 7 and 4, ends repeated), [N] -> [N]."""
    for window in _WINDOWS:
        padded = np.pad(values, ((window - 1) // 2, window // 2), mode="edge")
        values = np.convolve(padded, np.full(window, 1 / window), mode="valid")
    return values


def _runs(wanted: np.ndarray) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(int), [0]])))
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2])]


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise SketchError(f"{name} of a curve must be numbers, got {str(values)[:80]}.") from error
    if any(math.isinf(number) for number in numbers):
        raise SketchError(f"{name} of a curve must be finite, got an infinite one.")
    if name == "positions" and any(math.isnan(number) for number in numbers):
        raise SketchError("positions of a curve must be numbers, got NaN; only values may have gaps.")
    return numbers
