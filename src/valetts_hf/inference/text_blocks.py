"""Cutting a long text into blocks that can be read one after the other: at paragraphs, in long paragraphs at sentences.

Reading (normalising, detecting languages, phonemising) a whole book before the first word is spoken would take seconds; a
block takes milliseconds. Blocks never cut the markup of the text front end (`<lang ...>`, `<phoneme ...>`, `[[ipa]]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from valetts_hf.processing.sentence_splitting import split_sentences


FIRST_BLOCK, NEXT_BLOCK = 240, 1500  # characters; the first audio waits for the first block
_PARAGRAPH = re.compile(r"(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*[\r\n]\s*|[\f\u2029]\s*")
_SPACE = re.compile(r"\s+")
_OPENED = re.compile(r"<[A-Za-z](?:[^<>]*[^<>/])?>|\[\[")
_CLOSED = re.compile(r"</[A-Za-z][^<>]*>|\]\]")


def text_blocks(text: str, whole: Sequence[tuple[int, int]] | None = None) -> Iterator[tuple[str, bool, int]]:
    """Cut a text into blocks.

    Args:
        text (`str`): what to cut.
        whole (*optional*): stretches (start, end) to keep whole, in order; None looks for markup in the text instead.

    Returns:
        Iterator of (block, whether a paragraph ends with it, number of characters of the text up to its end).
        The blocks together are the text.
    """
    first_whole = partial(_first_whole, text) if whole is None else partial(_first_outside, whole)
    begin, limit = 0, FIRST_BLOCK
    paragraph: int | None = 0
    while begin < len(text):
        if paragraph is not None and paragraph <= begin:
            paragraph = first_whole(begin, (match.end() for match in _PARAGRAPH.finditer(text, begin)))
        end = len(text) if paragraph is None else paragraph
        stop = end
        if end - begin > limit:
            window = text[begin : min(end, begin + 2 * limit)]
            ends = (begin + stop for _, stop in split_sentences(window)[:-1])
            stop = first_whole(begin, (place for place in ends if place > begin + limit // 2)) or end
            if stop == end and end - begin > 4 * limit:  # far longer than any sentence: at a space
                spaces = _SPACE.finditer(text, begin + 2 * limit, begin + 4 * limit)
                stop = first_whole(begin, (match.end() for match in spaces)) or end
        yield text[begin:stop], stop == end, stop
        begin, limit = stop, NEXT_BLOCK


def markup_is_open(text: str) -> bool:
    """Whether markup of the text front end begins in a text and goes on behind it."""
    return len(_OPENED.findall(text)) > len(_CLOSED.findall(text))


def _first_outside(whole: Sequence[tuple[int, int]], begin: int, places: Iterable[int]) -> int | None:
    """The first of the places that lies in none of some stretches; None if there is none."""
    return next((place for place in places if not any(start < place < end for start, end in whole)), None)


def _first_whole(text: str, begin: int, places: Iterable[int]) -> int | None:
    """The first of the places (ascending) that does not cut markup which opened after `begin`; None if there is none."""
    still_open, looked = 0, begin
    for place in places:
        part = text[looked:place]
        if "<" in part or "[[" in part or still_open:
            still_open += len(_OPENED.findall(part)) - len(_CLOSED.findall(part))
        looked = place
        if still_open <= 0:
            return place
    return None
