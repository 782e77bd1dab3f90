"""From a text to what is spoken: sentences, their languages, phonemes, and which phonemes each written word got.

    text -> canonical form, marks -> sentences -> language -> stretches of one language (script, <lang> marks)
         -> normalisation -> words and punctuation -> phonemes -> segments

Nothing is dropped on the way: the words of the segments, put together, are the text but for white space and tags.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache

from .language_detection import DEFAULT_LANGUAGE, detect_languages
from .languages import LANGUAGES, resolve_language
from .lexicon import Lexicon
from .normalization_base import Replacement
from .phonemization import phonemize_items
from .sentence_splitting import split_sentences
from .spoken_items import PLACEHOLDER, Item, mark_quotes, separators, split_items
from .symbols import character_names
from .text_cleaning import canonicalize, clean, is_persian, readable_in, script_of
from .text_markup import Mark, parse_marks
from .text_normalization import apply_replacements, normalizer_for


MAX_TOKENS = 200  # of one segment: some ten to fifteen seconds of speech
_CACHED_CHARACTERS = 4000
_CHUNK = re.compile(r"\S+")
_SPEAKABLE = re.compile(r"[^\W_]|[&%@$€£+=#°½⅓⅔¼¾⅛∞±×÷§©№µ²³]")
_STRONG_MARKS, _WEAK_MARKS = frozenset(".?!;:…—)"), frozenset(",")


@dataclass(frozen=True)
class Word:
    """A written word and its place among the tokens.

    Args:
        text: as written, punctuation included; several words where they are spoken as one ("R$ 10"), empty where a
            very long one goes on in the next segment.
        token_start, token_end: tokens `token_start <= i < token_end` of the segment's `input_ids`, `<s>` being 0.
            Both are equal for a word without sound of its own.
    """

    text: str
    token_start: int
    token_end: int


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
class _Group:
    """Items that belong to one written word (or to several that are spoken as one)."""

    start: int
    end: int
    items: list[Item]


def analyze_text(
    text: str,
    language: str | None = None,
    default_language: str = DEFAULT_LANGUAGE,
    lexicon: Lexicon | None = None,
    max_tokens: int | None = MAX_TOKENS,
    known: frozenset[str] = frozenset(),
) -> list[Segment]:
    """Analyse a text of any length.

    Args:
        text: the text, with marks as in `text_markup`.
        language: its language, any code `resolve_language` takes; detected sentence by sentence when not given.
            Stretches in a script the language is not written in are read in a language that is.
        default_language: the language of sentences that do not tell theirs.
        lexicon: the user's pronunciations.
        max_tokens: sentences with more tokens are cut at clauses, else between words; None for no limit, at least 20.
        known: additional IPA symbols.

    Returns:
        Segments in order, at least one.

    Raises:
        TypeError: `text` is not a string.
        ValueError: there is nothing to read in the text; it has characters no supported language has a sound for; a
            mark is malformed; a language is not supported.
    """
    if max_tokens is not None and max_tokens < 20:
        raise ValueError(f"max_tokens must be at least 20, got {max_tokens}.")
    language = None if language is None else resolve_language(language)
    arguments = (text, language, resolve_language(default_language), lexicon or None, max_tokens, known)
    if isinstance(text, str) and len(text) <= _CACHED_CHARACTERS:
        return list(_analyze_cached(*arguments))
    return list(_analyze(*arguments))


def _analyze(
    text: str,
    language: str | None,
    default_language: str,
    lexicon: Lexicon | None,
    max_tokens: int | None,
    known: frozenset[str],
) -> tuple[Segment, ...]:
    plain, marks = parse_marks(canonicalize(text), known)
    cleaned = clean(plain)
    ipa_marks = [mark for mark in marks if mark.ipa is not None]
    masked = _masked(cleaned, ipa_marks)
    if not _SPEAKABLE.search(masked):
        raise ValueError(_nothing_to_read(text))
    sentences = _sounding_sentences(masked)
    languages = _sentence_languages(masked, sentences, marks, language, default_language)
    cleaned = mark_quotes(cleaned)
    segments: list[Segment] = []
    silent = ""
    for (start, end), code in zip(sentences, languages):
        here = [mark for mark in marks if mark.start < end and mark.end > start] if marks else []
        runs = _language_runs(masked, start, end, code, here)
        for index, (first, last, run_language) in enumerate(runs):
            fixed = _fixed_spans(cleaned, first, last, here, lexicon, run_language)
            groups, stray = _groups(plain, cleaned, first, last, run_language, fixed)
            if not groups:
                if segments:
                    segments[-1] = _with_silent_word(segments[-1], stray)
                else:
                    silent = f"{silent} {stray}".strip()
                continue
            parts = _segments(plain, groups, run_language, max_tokens)
            if silent:
                parts[0] = _with_silent_word(parts[0], silent, in_front=True)
                silent = ""
            if index < len(runs) - 1:
                parts[-1] = replace(parts[-1], sentence_end=False)
            segments += parts
    if not segments:
        raise ValueError(_nothing_to_read(text))
    return tuple(segments)


_analyze_cached = lru_cache(maxsize=2048)(_analyze)


def _nothing_to_read(text: str) -> str:
    if not text:
        return "The text is empty: pass at least one word."
    if not text.strip():
        return f"The text {text[:40]!r} is only white space: pass at least one word."
    return (
        f"The text {text[:40]!r} has nothing to read: emoji, symbols and control characters are not spoken. Add words."
    )


def _masked(cleaned: str, ipa_marks: list[Mark]) -> str:
    """The text with letters in place of hand-written phonemes, so that they cut no sentence and are no foreign script."""
    for mark in ipa_marks:
        cleaned = cleaned[: mark.start] + "x" * (mark.end - mark.start) + cleaned[mark.end :]
    return cleaned


def _sounding_sentences(text: str) -> list[tuple[int, int]]:
    """Sentences; those without anything to read are joined to the one before (the first ones to the one behind)."""
    spans: list[tuple[int, int]] = []
    pending = 0
    for start, end in split_sentences(text):
        if _SPEAKABLE.search(text, start, end):
            spans.append((pending if not spans else start, end))
        elif spans:
            spans[-1] = (spans[-1][0], end)
    return spans


def _sentence_languages(
    text: str, sentences: list[tuple[int, int]], marks: list[Mark], language: str | None, default: str
) -> list[str]:
    if language is not None:
        return [language] * len(sentences)
    skipped = [(mark.start, mark.end) for mark in marks]
    pieces = []
    for start, end in sentences:
        piece = text[start:end]
        for first, last in skipped:
            if first < end and last > start:
                a, b = max(first, start) - start, min(last, end) - start
                piece = piece[:a] + " " * (b - a) + piece[b:]
        pieces.append(piece)
    return detect_languages(pieces, default)


def _language_runs(text: str, start: int, end: int, language: str, marks: list[Mark]) -> list[tuple[int, int, str]]:
    """Cut a sentence into stretches of one language, by the user's marks and by script."""
    sentence = text[start:end]
    unreadable = [c for c in dict.fromkeys(sentence) if not readable_in(c)]
    greek = re.search("[\u0370-\u03ff\u1f00-\u1fff]{2,}", sentence)
    if greek:
        unreadable += [c for c in dict.fromkeys(greek[0]) if c not in unreadable]
    if unreadable:
        raise ValueError(_unreadable(unreadable, sentence, language))
    marked = [mark for mark in marks if mark.language is not None]
    scripts = {script_of(c) for c in set(sentence)} - {"", "GREEK"}
    if not marked and scripts <= {LANGUAGES[language].script}:
        return [(start, end, language)]
    base = [language] * (end - start)
    fixed = [False] * (end - start)
    for mark in marked:  # inner marks come later
        for i in range(max(mark.start, start) - start, min(mark.end, end) - start):
            base[i], fixed[i] = mark.language, True
    runs: list[tuple[int, int, str]] = []
    begin, current, gap = 0, "", 0
    for i, c in enumerate(sentence):
        script = script_of(c)
        if not script and not (fixed[i] and c.isalnum()):
            if c.isspace():
                gap = i + 1
            continue
        code = _readable_language(script, base[i], sentence)
        if not current:
            current = code
        elif code != current:
            cut = gap if gap > begin else i
            runs.append((start + begin, start + cut, current))
            begin, current = cut, code
        gap = 0
    runs.append((start + begin, end, current or language))
    return runs


def _readable_language(script: str, language: str, text: str) -> str:
    if script in ("", "GREEK", LANGUAGES[language].script):
        return language
    if script == "CYRILLIC":
        return "ru"
    if script == "DEVANAGARI":
        return "hi"
    if script == "ARABIC":
        return "fa" if is_persian(text) else "ar"
    return DEFAULT_LANGUAGE


def _unreadable(characters: list[str], sentence: str, language: str) -> str:
    scripts = sorted({script_of(c) or "symbol" for c in characters})
    shown = character_names(characters[:5]) + (f" and {len(characters) - 5} more" if len(characters) > 5 else "")
    return (
        f"Cannot read {shown} in {sentence.strip()[:40]!r} (taken for {LANGUAGES[language].name}, {language!r}): no "
        f"supported language has a sound for these {'/'.join(scripts)} characters. Supported: {', '.join(LANGUAGES)}. "
        'Leave them out or write how they sound: <phoneme ph="...">...</phoneme>.'
    )


def _fixed_spans(
    cleaned: str, start: int, end: int, marks: list[Mark], lexicon: Lexicon | None, language: str
) -> list[tuple[int, int, str]]:
    """Stretches whose phonemes are given, by the text itself or by the lexicon; offsets in the whole text."""
    spans = [(mark.start, mark.end, mark.ipa) for mark in marks if mark.ipa and start <= mark.start < end]
    if lexicon:
        found = lexicon.find(cleaned[start:end], language)
        for first, last, ipa in ((a + start, b + start, ipa) for a, b, ipa in found):
            if not any(first < other_end and last > other for other, other_end, _ in spans):
                spans.append((first, last, ipa))
    return sorted(spans)


def _groups(
    plain: str, cleaned: str, start: int, end: int, language: str, fixed: list[tuple[int, int, str]]
) -> tuple[list[_Group], str]:
    """The words of a stretch with their phonemes; and its text if it has none."""
    stretch = cleaned[start:end]
    taken = [(first - start, last - start) for first, last, _ in fixed]
    replacements = normalizer_for(language).find(stretch, taken)
    replacements += [Replacement(first, last, f" {PLACEHOLDER} ") for first, last in taken]
    normal, stretches = apply_replacements(stretch, sorted(replacements, key=lambda item: item.start))
    items = split_items(normal)
    given = iter(fixed)
    starts = [piece.start for piece in stretches]
    for item in items:
        item.language = language
        if item.text == PLACEHOLDER:
            item.fixed = True
            item.phonemes = next(given)[2]
        first = stretches[bisect_right(starts, item.start) - 1]
        last = stretches[bisect_right(starts, item.end - 1) - 1]
        item_start = first.written_start if first.replaced else item.start - first.start + first.written_start
        item_end = last.written_end if last.replaced else item.end - last.start + last.written_start
        item.start, item.end = item_start + start, item_end + start
    phonemize_items(items)
    if not any(item.phonemes for item in items if not item.is_mark):
        return [], " ".join(plain[start:end].split())
    return _grouped(plain, start, end, items), ""


def _grouped(plain: str, start: int, end: int, items: list[Item]) -> list[_Group]:
    chunks = [(found.start(), found.end()) for found in _CHUNK.finditer(plain, start, end)]
    chunk_starts = [first for first, _ in chunks]
    groups: list[_Group] = []
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
            groups.append(_Group(chunks[previous + 1][0], 0, [*opening, item]))
            if previous + 1 < first and len(groups) > 1:  # silent chunks go to the word before
                groups[-2].end = chunks[first - 1][1]
                groups[-1].start = chunks[first][0]
        opening = []
        previous = max(previous, last)
        groups[-1].end = chunks[previous][1]
    groups[-1].end = chunks[-1][1]
    groups[-1].items += opening
    return groups


def _segments(plain: str, groups: list[_Group], language: str, max_tokens: int | None) -> list[Segment]:
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
    return sum(len(item.phonemes) + (not item.is_mark) for item in items)


def _best_cut(groups: list[_Group], sizes: list[int], first: int, room: int, aim: float) -> int:
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


def _cut_group(group: _Group, room: int) -> list[_Group]:
    """A word longer than a whole segment, in parts."""
    if _size(group.items) <= room:
        return [group]
    parts: list[_Group] = []
    items: list[Item] = []
    for item in group.items:
        if items and _size([*items, item]) > room and not item.is_mark:
            parts.append(_Group(0, 0, items))
            items = []
        items.append(item)
    parts.append(_Group(0, 0, items))
    bounds = [group.start]
    for part in parts[1:]:
        bounds.append(min(max(bounds[-1], part.items[0].start), group.end))
        if bounds[-1] == bounds[-2] and len(bounds) > 2 or part.items[0].start <= group.start:
            bounds[-1] = group.end  # spoken in one: the first part carries the text
    for part, first, last in zip(parts, bounds, [*bounds[1:], group.end]):
        part.start, part.end = first, max(first, last)
    return parts


def _segment(plain: str, groups: list[_Group], language: str) -> Segment:
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
        spans = [places[id(item)] for item in group.items if not item.is_mark]
        sounding = [span for span in spans if span[1] > span[0]] or spans
        words.append(
            Word(" ".join(plain[group.start : group.end].split()), sounding[0][0], max(end for _, end in sounding))
        )
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


def _with_silent_word(segment: Segment, text: str, in_front: bool = False) -> Segment:
    """The segment with a word that has no sound, so that no written word is lost."""
    if not text:
        return segment
    first, last = segment.words[0], segment.words[-1]
    if in_front:
        words = (Word(f"{text} {first.text}", first.token_start, first.token_end), *segment.words[1:])
        return replace(segment, text=f"{text} {segment.text}", words=words)
    words = (*segment.words[:-1], Word(f"{last.text} {text}", last.token_start, last.token_end))
    return replace(segment, text=f"{segment.text} {text}", words=words)
