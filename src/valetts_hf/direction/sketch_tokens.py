"""How a sketch lies on the tokens of a text: one value per token of every piece that the model speaks in one go.

With words, each word's part of the curve is spread evenly over its tokens. Without, all tokens of words share the axis
equally, as DrawSpeech (arXiv 2501.04256) resamples a curve to the number of phonemes. T tokens of a piece, B rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from valetts_hf.direction.sketch import Sketch, SketchError
from valetts_hf.direction.sketch_curve import Curve


_SEMITONE = math.log(2) / 12
_DECIBEL = math.log(10) / 20
_NOT_GIVEN = (math.nan, math.nan)


class TokenSpan(NamedTuple):
    """A word's tokens `start <= i < end` in its piece; an empty text continues the word before."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class TokenCurves:
    """A sketch over the tokens of one piece, as `ValeTTSModel.forward` takes it.

    Args:
        pitch, energy (`np.ndarray` [T], float32): in [0, 1], NaN where nothing is drawn.
        pitch_range, energy_range (`tuple[float, float]`): values of 0 and 1, NaN for the model's own.
    """

    pitch: np.ndarray
    energy: np.ndarray
    pitch_range: tuple[float, float] = _NOT_GIVEN
    energy_range: tuple[float, float] = _NOT_GIVEN

    @property
    def drawn(self) -> bool:
        """Whether anything is drawn over this piece."""
        return not (np.isnan(self.pitch).all() and np.isnan(self.energy).all())


def token_curves(
    sketch: Sketch, pieces: Sequence[Sequence[TokenSpan]], num_tokens: Sequence[int]
) -> list[TokenCurves]:
    """Cut a sketch to pieces.

    Args:
        sketch ([`Sketch`]): over the whole text.
        pieces: for each piece of the text, in order, its words.
        num_tokens (sequence of `int`): tokens T of each piece.

    Returns:
        One [`TokenCurves`] for each piece.

    Raises:
        SketchError: the sketch was drawn over another number of words.
    """
    words = sum(1 for piece in pieces for span in piece if span.text)
    if sketch.words and len(sketch.words) != words:
        drawn_over = " ".join(word.text for word in sketch.words)
        if len(drawn_over) > 60:
            drawn_over = drawn_over[:57] + "..."
        raise SketchError(
            f"the sketch was drawn over {len(sketch.words)} words ({drawn_over!r}), but the text has {words}: draw it over "
            "this text, or leave its words out to stretch it over any."
        )
    total = sum(end - start for piece in pieces for start, end in _distinct(piece))
    counted, number = 0, -1
    results = []
    pitch_values, pitch_range = _normalizer(sketch.pitch)
    energy_values, energy_range = _normalizer(sketch.energy)
    for piece, length in zip(pieces, num_tokens, strict=True):
        positions = np.full(length, np.nan)
        own: dict[tuple[int, int], list[int]] = {}
        for span in piece:
            number += 1 if span.text or number < 0 else 0
            own.setdefault((span.start, span.end), []).append(number)
        for start, end in sorted(own):
            count = end - start
            if count == 0:
                continue
            if sketch.words:
                numbers = own[start, end]
                begin, stop = sketch.words[numbers[0]].start, sketch.words[numbers[-1]].end
            else:
                begin, stop = counted / total, (counted + count) / total
                counted += count
            positions[start:end] = begin + (np.arange(count) + 0.5) / count * (stop - begin)
        positions = _bridged(positions)
        results.append(TokenCurves(pitch_values(positions), energy_values(positions), pitch_range, energy_range))
    return results


def padded_curves(rows: Sequence[TokenCurves | None], longest: int) -> dict[str, np.ndarray]:
    """Arguments of the model for B rows padded, or cut, to `longest` tokens: `sketch_pitch`, `sketch_energy` [B, T] and their ranges
    [B, 2], float32; a row without sketch is NaN."""
    arrays = {f"sketch_{name}": np.full((len(rows), longest), np.nan, np.float32) for name in ("pitch", "energy")}
    ranges = {f"sketch_{name}_range": np.full((len(rows), 2), np.nan, np.float32) for name in ("pitch", "energy")}
    for number, row in enumerate(rows):
        if row is not None:
            for name in ("pitch", "energy"):
                values = getattr(row, name)
                arrays[f"sketch_{name}"][number, : len(values)] = values[:longest]
                ranges[f"sketch_{name}_range"][number] = getattr(row, f"{name}_range")
    return arrays | ranges


def _distinct(piece: Sequence[TokenSpan]) -> list[tuple[int, int]]:
    return list(dict.fromkeys((span.start, span.end) for span in piece))


def _bridged(positions: np.ndarray) -> np.ndarray:
    """Positions of the tokens between words (spaces, marks) from their neighbours; those at the ends stay NaN."""
    known = np.flatnonzero(~np.isnan(positions))
    if not len(known):
        return positions
    filled = np.interp(np.arange(len(positions)), known, positions[known])
    filled[: known[0]] = np.nan
    filled[known[-1] + 1 :] = np.nan
    return filled


def _normalizer(curve: Curve | None):
    """A function from positions to values in [0, 1], and the values of 0 and 1 in the units of the model."""
    if curve is None:
        return lambda positions: np.full(len(positions), np.nan, np.float32), _NOT_GIVEN
    if curve.unit == "relative":
        limits, low, span = _NOT_GIVEN, 0.0, 1.0
        physical = np.asarray
    else:
        physical = {"hz": np.log, "semitones": lambda v: v * _SEMITONE, "db": lambda v: v * _DECIBEL}[curve.unit]
        values = physical(np.asarray(curve.values))
        low = float(np.nanmin(values))
        span = float(np.nanmax(values)) - low
        limits = (low, low + span)

    def at(positions: np.ndarray) -> np.ndarray:
        values = physical(curve.at(np.where(np.isnan(positions), -1.0, positions)))
        values = (values - low) / span if span > 1e-9 else np.where(np.isnan(values), np.nan, 0.5)
        return np.clip(values, 0, 1).astype(np.float32)

    return at, limits
