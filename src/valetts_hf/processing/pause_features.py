"""What a place between two words looks like to the pause model: the mark there, the words around it, how far the next ones are.

Everything is read from phonemes, so that all languages share one model: the little words that open clauses are known by
their sounds and, in languages without a table of them, by having no stress. T tokens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .symbols import PUNCTUATION, SPACE_ID, STRESS_AND_LENGTH, SYMBOLS


# Strongest first: what a place with several marks counts as.
MARKS = {"ellipsis": "…", "sentence": ".?!", "clause": ";:—", "comma": ",", "bracket": "()", "quote": '"¿¡'}
BREATH = 45.0  # phonemes, some four seconds
_SILENT = frozenset(STRESS_AND_LENGTH)
_STRESSES = frozenset("ˈˌ")


@dataclass(frozen=True)
class Boundary:
    """A place between two words.

    Args:
        start, end: tokens `start <= i < end` between the words: space and marks.
        mark: key of `MARKS`, or "space".
        quote: whether a quotation mark is among the marks.
        before, after: sounds of the two words, without stress marks.
        stressed_before, stressed_after: whether they have any stress.
    """

    start: int
    end: int
    mark: str
    quote: bool
    before: str
    after: str
    stressed_before: bool
    stressed_after: bool

    @property
    def kind(self) -> str:
        """Which weights count: "space", "comma" or "mark"."""
        return self.mark if self.mark in ("space", "comma") else "space" if self.mark == "quote" else "mark"


def _mark_of(marks: str) -> str:
    return next((name for name, signs in MARKS.items() if any(sign in signs for sign in marks)), "space")


def find_boundaries(input_ids: Sequence[int]) -> list[Boundary]:
    """The places between the words of T tokens, from `<s>` to `</s>`."""
    symbols = [SYMBOLS[index] if 0 <= index < len(SYMBOLS) else "?" for index in input_ids]
    silent = [index <= SPACE_ID or symbol in PUNCTUATION for index, symbol in zip(input_ids, symbols)]
    words: list[tuple[int, int]] = []
    start = None
    for place, quiet in enumerate([*silent, True]):
        if quiet and start is not None:
            words.append((start, place))
            start = None
        elif not quiet and start is None:
            start = place
    boundaries = []
    for (first, end), (start, last) in zip(words, words[1:]):
        before, after = symbols[first:end], symbols[start:last]
        marks = "".join(symbol for symbol in symbols[end:start] if symbol != " ")
        boundaries.append(
            Boundary(
                end,
                start,
                _mark_of(marks),
                '"' in marks,
                "".join(symbol for symbol in before if symbol not in _SILENT),
                "".join(symbol for symbol in after if symbol not in _SILENT),
                any(symbol in _STRESSES for symbol in before),
                any(symbol in _STRESSES for symbol in after),
            )
        )
    return boundaries


def distances_to_mark(boundaries: Sequence[Boundary]) -> list[int]:
    """Phonemes from each place to the next one with a mark, or to the end."""
    distances, rest = [0] * len(boundaries), 0
    for index in range(len(boundaries) - 1, -1, -1):
        rest += len(boundaries[index].after)
        distances[index] = rest
        if boundaries[index].mark not in ("space", "quote"):
            rest = 0
    return distances


def boundary_features(boundary: Boundary, since: int, until: int, language: str) -> dict[str, float]:
    """What the pause model sees of a place, by the names of its weights.

    Args:
        boundary: the place.
        since: phonemes since the last pause or the beginning.
        until: phonemes to the next mark or the end.
        language: key of `LANGUAGES`.
    """
    kind = boundary.kind
    features = {
        kind: 1.0,
        f"{kind}:since": math.log1p(since) - 3.0,
        f"{kind}:until": math.log1p(until) - 3.0,
        f"{kind}:breath": max(0.0, since / BREATH - 1.0),
        f"{kind}:middle": min(since, until) / max(since + until, 1),
        f"{kind}:short": 1.0 if min(since, until) < 6 else 0.0,
        f"{kind}:{language}": 1.0,
        f"{kind}:stress:{int(boundary.stressed_before)}{int(boundary.stressed_after)}": 1.0,
        "size:before": math.log1p(len(boundary.before)) - 1.5,
        "size:after": math.log1p(len(boundary.after)) - 1.5,
        f"before:{language}:{boundary.before}": 1.0,
        f"after:{language}:{boundary.after}": 1.0,
    }
    if boundary.mark != kind:
        features[f"mark:{boundary.mark}"] = 1.0
    if boundary.quote:
        features["mark:quoted"] = 1.0
    return features
