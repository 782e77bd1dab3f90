"""Segments: words with their phonemes, put together and cut to a budget of tokens, with nothing lost."""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from .spoken_items import Item, separators


_CHUNK = re.compile(r"\S+")
_STRONG_MARKS, _WEAK_MARKS = frozenset(".?!;:…—)"), frozenset(",")


@dataclass(frozen=True)
class Word:
    """A written word and its place among the tokens.

    Args:
        text: as written, punctuation included; several words where they are spoken as one ("R$ 10"), empty where a
            very long one goes on in the next segment.
        token_start, token_end: tokens `token_start <= i < token_end` of the segment's `input_ids`, `<s>` being 0;
            at least one.
        start, end: characters `start <= i < end` of the plain text.
    """

    text: str
    token_start: int
    token_end: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Segment:
    """A sentence, or the part of it that is in one language and within the token budget.

    Args:
        text: as written.
        normalized: as spoken, in letters.
        language: key of `LANGUAGES`.
        phonemes: IPA with punctuation.
        words: the written words in order.
        sentence_end: whether the sentence ends with this segment.
    """

    text: str
    normalized: str
    language: str
    phonemes: str
    words: tuple[Word, ...]
    sentence_end: bool = True


@dataclass
class Group:
    """Items that belong to one written word (or to several that are spoken as one)."""

    start: int
    end: int
    items: list[Item]


def group_items(plain: str, start: int, end: int, items: list[Item]) -> list[Group]:
    """Put spoken items together by the written word they come from.

    Args:
        plain: the whole text.
        start, end: the stretch of it the items stand for.
        items: phonemised items, at least one of them a word.

    Returns:
        Groups whose `start:end` cover the stretch but for white space around them.
    """
    chunks = [(found.start(), found.end()) for found in _CHUNK.finditer(plain, start, end)]
    chunk_starts = [first for first, _ in chunks]
    groups: list[Group] = []
    opening: list[Item] = []
    previous = -1  # last chunk that is taken
    for item in items:
        if item.is_mark:
            if groups and not item.opens:
                groups[-1].items.append(item)
            else:
                opening.append(item)
            continue
        first = max(bisect_right(chunk_starts, item.start) - 1, 0)
        last = max(bisect_right(chunk_starts, item.end - 1) - 1, first)
        if groups and first <= previous:
            groups[-1].items += [*opening, item]
        else:
            groups.append(Group(chunks[previous + 1][0], 0, [*opening, item]))
            if previous + 1 < first and len(groups) > 1:  # silent chunks go to the word before
                groups[-2].end = chunks[first - 1][1]
                groups[-1].start = chunks[first][0]
        opening = []
        previous = max(previous, last)
        groups[-1].end = chunks[previous][1]
    groups[-1].end = chunks[-1][1]
    groups[-1].items += opening
    return _without_silent(groups)


def _sounds(items: list[Item]) -> bool:
    return any(item.phonemes for item in items if not item.is_mark)


def _without_silent(groups: list[Group]) -> list[Group]:
    """Words that got no sound of their own ("of the" spoken as one) join the word before, the first ones the next."""
    out: list[Group] = []
    for group in groups:
        sounds = _sounds(group.items)
        if out and (not sounds or not out[-1].end):
            start = out[-1].start
            out[-1] = Group(start, group.end if sounds or out[-1].end else 0, out[-1].items + group.items)
        else:
            out.append(Group(group.start, group.end if sounds else 0, group.items))
    return out


def build_segments(plain: str, groups: list[Group], language: str, max_tokens: int | None) -> list[Segment]:
    """Segments of at most `max_tokens` tokens out of the words of a stretch in one language.

    Args:
        plain: the whole text.
        groups: its words, at least one.
        language: key of `LANGUAGES`.
        max_tokens: budget including `<s>` and `</s>`; None for a single segment.
    """
    if max_tokens is None:
        return [_segment(plain, groups, language)]
    room = max_tokens - 2
    pieces = [piece for group in groups for piece in _cut_group(group, room)]
    sizes = [_size(group.items) for group in pieces]
    total = sum(sizes)
    segments, first = [], 0
    while first < len(pieces):
        last = len(pieces)
        if total > room:
            aim = total / -(-total // room)
            last = _best_cut(pieces, sizes, first, room, aim)
        segments.append(replace(_segment(plain, pieces[first:last], language), sentence_end=last == len(pieces)))
        total -= sum(sizes[first:last])
        first = last
    return segments


def _size(items: list[Item]) -> int:
    return sum(len(item.phonemes) + (not item.is_mark or item.opens) for item in items)


def _best_cut(groups: list[Group], sizes: list[int], first: int, room: int, aim: float) -> int:
    """Index behind the last group of the next segment: at a clause near `aim`, else between words."""
    best, best_cost, size = first + 1, float("inf"), 0
    for i in range(first, len(groups)):
        size += sizes[i]
        if size > room and i > first:
            break
        mark = next((item.text for item in reversed(groups[i].items) if item.is_mark and not item.is_quote), "")
        mark = mark if groups[i].items[-1].is_mark else ""
        cost = abs(size - aim) + (0 if mark in _STRONG_MARKS and mark else 15 if mark in _WEAK_MARKS and mark else 90)
        if cost <= best_cost:
            best, best_cost = i + 1, cost
    return best


def _cut_group(group: Group, room: int) -> list[Group]:
    """A word longer than a whole segment, in parts."""
    if _size(group.items) <= room:
        return [group]
    parts: list[Group] = []
    items: list[Item] = []
    for item in group.items:
        full = _size([*items, item]) > room and not item.is_mark
        if full and _sounds(items):
            parts.append(Group(0, 0, items))
            items = []
        items.append(item)
    if parts and not _sounds(items):
        parts[-1].items += items
    else:
        parts.append(Group(0, 0, items))
    bounds = [group.start]
    for part in parts[1:]:
        bounds.append(min(max(bounds[-1], part.items[0].start), group.end))
        if bounds[-1] == bounds[-2] and len(bounds) > 2 or part.items[0].start <= group.start:
            bounds[-1] = group.end  # spoken in one: the first part carries the text
    for part, first, last in zip(parts, bounds, [*bounds[1:], group.end]):
        part.start, part.end = first, max(first, last)
    return parts


def _segment(plain: str, groups: list[Group], language: str) -> Segment:
    items = [item for group in groups for item in group.items]
    out: list[str] = []
    position = 1  # behind <s>
    places: dict[int, tuple[int, int]] = {}
    for item, space in zip(items, separators(items)):
        position += len(space)
        places[id(item)] = (position, position + len(item.phonemes))
        position += len(item.phonemes)
        out.append(space + item.phonemes)
    words = []
    for group in groups:
        spans = [places[id(item)] for item in group.items if not item.is_mark and item.phonemes]
        written = " ".join(plain[group.start : group.end].split())
        words.append(Word(written, spans[0][0], spans[-1][1], group.start, group.end))
    normal = "".join(
        (" " if space or not item.phonemes or i and items[i - 1].joined else "")
        + ('"' if item.is_quote else _spoken(item))
        for i, (item, space) in enumerate(zip(items, separators(items)))
    )
    return Segment(
        text=plain[groups[0].start : groups[-1].end],
        normalized=" ".join(normal.split()),
        language=language,
        phonemes="".join(out),
        words=tuple(words),
    )


def _spoken(item: Item) -> str:
    return f"[[{item.phonemes}]]" if item.fixed else item.text


def with_silent_word(segment: Segment, text: str, in_front: bool = False) -> Segment:
    """The segment with a word that has no sound, so that no written word is lost."""
    if not text:
        return segment
    first, last = segment.words[0], segment.words[-1]
    if in_front:
        words = (replace(first, text=f"{text} {first.text}"), *segment.words[1:])
        return replace(segment, text=f"{text} {segment.text}", words=words)
    words = (*segment.words[:-1], replace(last, text=f"{last.text} {text}"))
    return replace(segment, text=f"{segment.text} {text}", words=words)
