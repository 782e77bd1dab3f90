"""Directions of a text as numbers for its tokens: what `ValeTTSForSpeech` takes as `deliveries`, `pauses`, `pitch_contours`.

Pure functions between words that know their characters and their tokens. T tokens, N contours, K points of a contour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .directed_text import Delivery, DirectedText, Span
from .symbols import SYMBOL_TO_ID


CONTOUR_POINTS = 33  # K
PREDICTED = math.nan  # a pause that is left to the model
NEUTRAL = (1.0, 0.0, 1.0, 0.0)
_PAUSE_MARKS = frozenset(SYMBOL_TO_ID[mark] for mark in ",.?!;:…—()")


class WordPlace(NamedTuple):
    """Where a word is: characters `start <= i < end` of the text, tokens `token_start <= i < token_end`."""

    start: int
    end: int
    token_start: int
    token_end: int


@dataclass(frozen=True)
class TokenDirections:
    """Directions for T tokens that are spoken in one go.

    Args:
        deliveries: of each token: speaking rate, pitch shift, pitch range, energy shift.
        pauses: seconds of silence that each token lasts, NaN where nothing is asked for.
        contours: first token, token behind the last, K semitones at equal steps between them.
        pause_before (*optional*): seconds asked for before the first word.
        breaks: seconds at speaking rate 1 of pauses that were predicted, NaN where there are none; scaled as pauses are.
    """

    deliveries: tuple[tuple[float, float, float, float], ...]
    pauses: tuple[float, ...]
    contours: tuple[tuple[int, int, tuple[float, ...]], ...] = ()
    pause_before: float | None = None
    breaks: tuple[float, ...] = ()

    @classmethod
    def neutral(cls, num_tokens: int) -> "TokenDirections":
        """Nothing is asked for."""
        return cls((NEUTRAL,) * num_tokens, (PREDICTED,) * num_tokens)


def token_directions(
    text: DirectedText, words: Sequence[WordPlace], num_tokens: int, after: int = -1
) -> TokenDirections:
    """Directions for the tokens of some neighbouring words of a text.

    A word has the deliveries of all spans that hold most of its letters; what stands between two words, of the spans that
    have both. A pause before a word is that of the tokens between it and the word before.

    Args:
        text ([`DirectedText`]): with its spans and pauses.
        words: at least one, in order.
        num_tokens (`int`): T.
        after (`int`): first character of the word before these, -1 if there is none: earlier pauses are not theirs.
    """
    spans = [span for span in text.spans if span.start < words[-1].end and span.end > words[0].start]
    held = [[number for number, span in enumerate(spans) if _holds(span, word, text.text)] for word in words]
    deliveries = [NEUTRAL] * num_tokens
    for number, word in enumerate(words):
        own = _combined(spans, held[number])
        if number == 0:
            _fill(deliveries, 0, word.token_start, own)
        _fill(deliveries, word.token_start, word.token_end, own)
        if number + 1 < len(words):
            both = [index for index in held[number] if index in held[number + 1]]
            _fill(deliveries, word.token_end, words[number + 1].token_start, _combined(spans, both))
        else:
            _fill(deliveries, word.token_end, num_tokens, own)
    pauses = [PREDICTED] * num_tokens
    before = None
    for start, seconds in _pauses_before_words(text, words, after).items():
        gap = _gap_before(start, words)
        if gap is None:
            before = seconds
        else:
            pauses[gap.start : gap.stop] = [seconds / len(gap)] * len(gap)
    contours = tuple(
        _contour(span, [word for word, numbers in zip(words, held) if number in numbers], words, text.text)
        for number, span in enumerate(spans)
        if span.contour and any(number in numbers for numbers in held)
    )
    return TokenDirections(tuple(deliveries), tuple(pauses), contours, before)


def whole_text_directions(text: DirectedText, words: Sequence[WordPlace], num_tokens: int) -> TokenDirections:
    """Directions for a text that is spoken in one go: pauses before and behind all words lie on the tokens there."""
    directions = token_directions(text, words, num_tokens)
    pauses = list(directions.pauses)
    last = max(word.token_end for word in words)
    edges = (
        (range(words[0].token_start), directions.pause_before),
        (range(last, num_tokens), pause_after_last(text, words[-1].start)),
    )
    for tokens, seconds in edges:
        if seconds is not None and len(tokens):
            pauses[tokens.start : tokens.stop] = [seconds / len(tokens)] * len(tokens)
    return replace(directions, pauses=tuple(pauses), pause_before=None)


def pause_after_last(text: DirectedText, last_start: int) -> float | None:
    """Seconds asked for behind the last word of a text, which begins at the character `last_start`; None without."""
    asked = [pause.seconds for pause in text.pauses if pause.position > last_start]
    return sum(asked) if asked else None


def pause_gaps(input_ids: Sequence[int], words: Sequence[WordPlace]) -> list[range]:
    """The tokens between words that hold a mark of punctuation which calls for a pause."""
    gaps, end = [], words[0].token_end
    for word in words[1:]:
        gap = range(end, word.token_start)
        if any(input_ids[token] in _PAUSE_MARKS for token in gap):
            gaps.append(gap)
        end = max(end, word.token_end)
    return gaps


def with_pause_scale(
    directions: TokenDirections,
    input_ids: Sequence[int],
    words: Sequence[WordPlace],
    scale: float,
    speaking_rate: float = 1.0,
) -> TokenDirections:
    """Directions in which predicted pauses and those at punctuation last `scale` times as long; explicit ones stay."""
    deliveries, pauses = list(directions.deliveries), list(directions.pauses)
    for token, seconds in enumerate(directions.breaks):
        if math.isnan(pauses[token]) and not math.isnan(seconds):
            pauses[token] = seconds * scale / speaking_rate
    if scale == 1:
        return replace(directions, pauses=tuple(pauses))
    for gap in pause_gaps(input_ids, words):
        for token in gap:
            if not math.isnan(pauses[token]):
                continue
            if scale == 0:
                pauses[token] = 0.0
            else:
                deliveries[token] = (deliveries[token][0] / scale, *deliveries[token][1:])
    return replace(directions, deliveries=tuple(deliveries), pauses=tuple(pauses))


def padded_directions(rows: Sequence[TokenDirections], num_tokens: int, left: bool = False) -> dict[str, np.ndarray]:
    """Arguments of the model for several texts.

    Args:
        rows: B directions of at most T tokens (longer ones are cut).
        num_tokens (`int`): T.
        left (`bool`): padding stands on the left.

    Returns:
        `deliveries` [B, T, 4], `pauses` [B, T], `pitch_contours` [B, N, K] and `contour_tokens` [B, N, 2].
    """
    deliveries = np.tile(np.array(NEUTRAL, np.float32), (len(rows), num_tokens, 1))
    pauses = np.full((len(rows), num_tokens), PREDICTED, np.float32)
    most = max(len(row.contours) for row in rows)
    contours = np.zeros((len(rows), most, CONTOUR_POINTS), np.float32)
    places = np.zeros((len(rows), most, 2), np.int64)
    for index, row in enumerate(rows):
        length = min(len(row.deliveries), num_tokens)
        first = num_tokens - length if left else 0
        deliveries[index, first : first + length] = row.deliveries[:length]
        pauses[index, first : first + length] = row.pauses[:length]
        for number, (start, end, points) in enumerate(row.contours):
            contours[index, number] = points
            places[index, number] = (min(start, length) + first, min(end, length) + first)
    return {"deliveries": deliveries, "pauses": pauses, "pitch_contours": contours, "contour_tokens": places}


def _holds(span: Span, word: WordPlace, text: str) -> bool:
    """Whether most letters (without any, most characters) of the word are in the span."""
    if span.start <= word.start and word.end <= span.end:
        return True
    places = [i for i in range(word.start, word.end) if text[i].isalnum()] or range(word.start, word.end)
    return 2 * sum(span.start <= i < span.end for i in places) > len(places)


def _combined(spans: list[Span], numbers: list[int]) -> tuple[float, float, float, float]:
    if not numbers:
        return NEUTRAL
    delivery = Delivery()
    for number in numbers:
        delivery = delivery.around(spans[number].delivery)
    return (delivery.speaking_rate, delivery.pitch_shift, delivery.pitch_range, delivery.energy_shift)


def _fill(deliveries: list, first: int, last: int, value: tuple[float, float, float, float]) -> None:
    if last > first:
        deliveries[first:last] = [value] * (last - first)


def _pauses_before_words(text: DirectedText, words: Sequence[WordPlace], after: int) -> dict[int, float]:
    """Number of a word -> seconds before it; several pauses in one place add up."""
    found: dict[int, float] = {}
    for pause in text.pauses:
        if after < pause.position <= words[-1].start:
            number = next(index for index, word in enumerate(words) if word.start >= pause.position)
            found[number] = found.get(number, 0.0) + pause.seconds
    return found


def _gap_before(number: int, words: Sequence[WordPlace]) -> range | None:
    """Tokens between a word and the one before; if those two are spoken as one, the next gap; None before the first word."""
    if number == 0:
        return None
    end = max(word.token_end for word in words[:number])
    for word in words[number:]:
        if word.token_start > end:
            return range(end, word.token_start)
        end = max(end, word.token_end)
    return None


def _contour(
    span: Span, held: list[WordPlace], words: Sequence[WordPlace], text: str
) -> tuple[int, int, tuple[float, ...]]:
    """The part of a span's contour that lies over its words here; a span that was cut goes on by its characters."""
    begin, end, length = 0.0, 1.0, span.end - span.start
    if held[0] is words[0] and any(char.isalnum() for char in text[span.start : words[0].start]):
        begin = (words[0].start - span.start) / length
    if held[-1] is words[-1] and any(char.isalnum() for char in text[words[-1].end : span.end]):
        end = (words[-1].end - span.start) / length
    positions, semitones = zip(*span.contour)
    points = np.interp(np.linspace(begin, end, CONTOUR_POINTS), positions, semitones)
    return held[0].token_start, max(word.token_end for word in held), tuple(points.tolist())
