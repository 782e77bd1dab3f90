"""Where a reader would pause within a sentence, and for how long: a small model of readers, learned from their silences.

A logistic model says whether there is a break at a place, a linear one says the logarithm of its length (both after the
prosodic phrasing models of the literature, from Wang & Hirschberg 1992 on); a stretch longer than one breath is divided at
its best place. The weights are in `pause_weights`, made by `training_scripts/train_pauses.py`. T tokens.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from .pause_features import Boundary, boundary_features, distances_to_mark, find_boundaries
from .pause_weights import BREAKS, BREATH, LENGTHS, THRESHOLD
from .text_directions import PREDICTED, TokenDirections, WordPlace


PAUSES = ("model", "text")  # what decides on pauses within sentences
SHORTEST, LONGEST = 0.12, 1.5  # seconds
_LEAST_STRETCH = 12  # phonemes that a breath leaves on either side of a place
_OFF_MIDDLE = 2.0  # logit that a place at the end of a breath is worse than one in the middle


@dataclass(frozen=True)
class PredictedPause:
    """A pause of `seconds` in the tokens `start <= i < end` between two words."""

    start: int
    end: int
    seconds: float


@dataclass(frozen=True)
class PauseModel:
    """Weights of the two models, by the names of `boundary_features`; names without a weight count nothing.

    Args:
        breaks: of the logit of a break.
        lengths: of the logarithm of its seconds.
        threshold: logit from which there is a break.
        breath: phonemes a reader says without a pause at most.
    """

    breaks: Mapping[str, float]
    lengths: Mapping[str, float]
    threshold: float
    breath: int

    def logit(self, features: Mapping[str, float]) -> float:
        """The logit of a break."""
        return sum(self.breaks.get(name, 0.0) * value for name, value in features.items())

    def seconds(self, features: Mapping[str, float]) -> float:
        """The expected length of a break."""
        logarithm = sum(self.lengths.get(name, 0.0) * value for name, value in features.items())
        return min(max(math.exp(min(logarithm, 3.0)), SHORTEST), LONGEST)

    def predict(
        self,
        input_ids: Sequence[int],
        languages: str | Sequence[str],
        asked: Mapping[int, float] | None = None,
        allowed: Collection[int] | None = None,
    ) -> list[PredictedPause]:
        """The pauses of a reader in T tokens that are spoken in one go.

        Args:
            input_ids: T tokens, from `<s>` to `</s>`.
            languages: key of `LANGUAGES`, one for all or one per token.
            asked (*optional*): token -> seconds: places where the user has decided; none is predicted there.
            allowed (*optional*): the first tokens behind a word where a pause may be; default: behind every word.
        """
        boundaries = find_boundaries(input_ids)
        codes = [languages if isinstance(languages, str) else languages[boundary.start] for boundary in boundaries]
        decided = [_decided(boundary, asked or {}) for boundary in boundaries]
        free = [
            choice is None and (allowed is None or boundary.start in allowed)
            for boundary, choice in zip(boundaries, decided)
        ]
        distances = distances_to_mark(boundaries)
        since = len(boundaries[0].before) if boundaries else 0
        logits, seconds, broken = [], [], []
        for index, boundary in enumerate(boundaries):
            features = boundary_features(boundary, since, distances[index], codes[index])
            logits.append(self.logit(features))
            seconds.append(self.seconds(features))
            broken.append(bool(decided[index]) or free[index] and logits[-1] > self.threshold)
            since = len(boundary.after) + (0 if broken[-1] else since)
        self._breathe(boundaries, logits, free, broken)
        return [
            PredictedPause(boundary.start, boundary.end, seconds[index])
            for index, boundary in enumerate(boundaries)
            if broken[index] and free[index]
        ]

    def _breathe(self, boundaries: list[Boundary], logits: list[float], free: list[bool], broken: list[bool]) -> None:
        """Divide what is longer than a breath, at the best of the free places that are not close to its ends."""
        if not boundaries:
            return
        # said[i]: phonemes of the words before place i; a stretch from place a to place b holds said[b] - said[a].
        said = [0, *accumulate([len(boundaries[0].before), *(len(boundary.after) for boundary in boundaries)])]
        ends = [-1, *(index for index, there in enumerate(broken) if there), len(boundaries)]
        pending = list(zip(ends, ends[1:]))
        while pending:
            first, last = pending.pop()
            begin, end = said[first + 1], said[last + 1]
            if end - begin <= self.breath:
                continue
            places = [
                index
                for index in range(first + 1, last)
                if free[index] and begin + _LEAST_STRETCH <= said[index + 1] <= end - _LEAST_STRETCH
            ]
            if places:
                middle, half = (begin + end) / 2, (end - begin) / 2
                worth = {index: logits[index] - _OFF_MIDDLE * abs(said[index + 1] - middle) / half for index in places}
                best = max(places, key=worth.__getitem__)
                broken[best] = True
                pending += [(first, best), (best, last)]


def with_reader_pauses(
    directions: TokenDirections,
    input_ids: Sequence[int],
    words: Sequence[WordPlace],
    languages: str | Sequence[str],
    model: PauseModel | None = None,
) -> TokenDirections:
    """Directions with the pauses that a reader would make between words, where the text itself asks for none.

    Args:
        directions: of the T tokens.
        input_ids: T tokens, from `<s>` to `</s>`.
        words: their words in order; what is spoken as one has one place.
        languages: key of `LANGUAGES`, one for all or one per token.
        model (*optional*): default: the one whose weights come with the code.
    """
    asked = {token: seconds for token, seconds in enumerate(directions.pauses) if not math.isnan(seconds)}
    allowed, end = set(), 0
    for word in words:
        if end and word.token_start > end:
            allowed.add(end)
        end = max(end, word.token_end)
    found = (model or default_pause_model()).predict(input_ids, languages, asked, allowed)
    if not found:
        return directions
    breaks = [PREDICTED] * len(input_ids)
    for pause in found:
        length = pause.end - pause.start
        breaks[pause.start : pause.end] = [pause.seconds / length] * length
    return replace(directions, breaks=tuple(breaks))


def _decided(boundary: Boundary, asked: Mapping[int, float]) -> float | None:
    """Seconds that the user wants between two words, None where nothing was said."""
    found = [asked[token] for token in range(boundary.start, boundary.end) if token in asked]
    return sum(found) if found else None


def check_pauses(pauses: object) -> None:
    """Raise `ValueError` for what is not in `PAUSES`."""
    if pauses not in PAUSES:
        raise ValueError(f"pauses must be one of {', '.join(map(repr, PAUSES))}, got {pauses!r}.")


@lru_cache(maxsize=1)
def default_pause_model() -> PauseModel:
    """The model whose weights come with the code."""
    return PauseModel(BREAKS, LENGTHS, THRESHOLD, BREATH)
