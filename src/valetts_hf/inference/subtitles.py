"""Subtitles out of the times of words: cues of at most two lines, cut where the sentence, a clause or a pause ends.

Limits follow what broadcasters agree on: 42 characters a line, two lines, seven seconds. Times are whole milliseconds, never
overlap and never go back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from valetts_hf.inference.speech import Word
from valetts_hf.processing.sentence_splitting import split_sentences


LINE = 42  # characters
LINES = 2
LONGEST_CUE = 7.0  # seconds
_PAUSE = 0.6  # seconds of silence that end a cue
_SENTENCE = 20  # characters from which the end of a sentence ends a cue
_MARKS = "?!…,;:—。।؟،؛"  # that may end a line; a full stop that ends no sentence belongs to an abbreviation
_CLOSERS = "\"'»”’)]}"


@dataclass(frozen=True)
class Cue:
    """What stands on the screen from `start` to `end` (whole milliseconds): one or two lines."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """A word, or what a line can hold of it, and whether a sentence ends with it."""

    text: str
    start: float
    end: float
    ends_sentence: bool


def subtitle_cues(words: Iterable[Word]) -> list[Cue]:
    """The cues of some words, in order."""
    groups: list[list[_Part]] = []
    current: list[_Part] = []
    for word in _parts(words):
        if current and _ends_before(current, word):
            kept = len(current) if _closed(current, word) else _best_cut(current)
            groups.append(current[:kept])
            current = current[kept:]
        current.append(word)
    if current:
        groups.append(current)
    cues: list[Cue] = []
    last = 0
    for group in groups:
        start = max(last, round(group[0].start * 1000))
        last = max(start + 1, round(group[-1].end * 1000))
        cues.append(Cue(start, last, tuple(_lines([word.text for word in group]) or ())))
    return cues


def _parts(words: Iterable[Word]) -> Iterator[_Part]:
    """Words with a text, in one piece a line can hold; longer ones in parts that share their time."""
    written = [(" ".join(word.text.split()), word) for word in words if word.text.strip()]
    for (text, word), ends in zip(written, _sentence_ends([text for text, _ in written])):
        parts = [text[i : i + LINE].strip() for i in range(0, len(text), LINE)]
        step = (word.end - word.start) / len(parts)
        for index, part in enumerate(parts):
            last = index + 1 == len(parts)
            yield _Part(part, word.start + index * step, word.start + (index + 1) * step, ends and last)


def _sentence_ends(texts: Sequence[str]) -> list[bool]:
    """Whether a sentence ends with each of some words."""
    ends = {end for _, end in split_sentences(" ".join(texts))}
    behind = accumulate(len(text) + 1 for text in texts)  # where the next word begins
    return [place in ends for place in behind]


def _closed(current: list[_Part], word: _Part) -> bool:
    """Whether something ends in front of a word: a sentence of some length, or sound before a silence."""
    if word.start - current[-1].end >= _PAUSE:
        return True
    return current[-1].ends_sentence and len(_text(current)) >= _SENTENCE


def _ends_before(current: list[_Part], word: _Part) -> bool:
    too_long = word.end - current[0].start > LONGEST_CUE
    return _closed(current, word) or too_long or _lines([item.text for item in (*current, word)]) is None


def _text(words: list[_Part]) -> str:
    return " ".join(word.text for word in words)


def _best_cut(words: list[_Part]) -> int:
    """How many words of a full cue to keep: up to a mark or a pause in its second half, else all."""

    def worth(count: int) -> float:
        last, pause = words[count - 1], words[count].start - words[count - 1].end
        mark = 2.0 if last.ends_sentence else float(last.text.rstrip(_CLOSERS).endswith(tuple(_MARKS)))
        return mark + min(pause, 0.5)

    places = [count for count in range(1, len(words)) if 2 * len(_text(words[:count])) >= len(_text(words))]
    best = max(places, key=lambda count: (worth(count), count), default=len(words))
    return best if best < len(words) and worth(best) >= 0.2 else len(words)


def _lines(texts: list[str]) -> list[str] | None:
    """The texts on as few lines as possible, the two of them as equal as possible; None if they do not fit."""
    whole = " ".join(texts)
    if len(whole) <= LINE:
        return [whole]
    best: tuple[int, list[str]] | None = None
    for count in range(len(texts) - 1, 0, -1):
        pair = [" ".join(texts[:count]), " ".join(texts[count:])]
        width = max(len(line) for line in pair)
        if width <= LINE and (best is None or width < best[0]):
            best = width, pair
    return None if best is None else best[1]


def clock(milliseconds: int, separator: str) -> str:
    """`01:02:03,004`, with the separator in front of the milliseconds."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{separator}{rest:03d}"
