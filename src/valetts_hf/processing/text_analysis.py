"""From a text to what is spoken: sentences, their languages, phonemes, and which phonemes each written word got.

    text -> canonical form, marks -> sentences -> language -> stretches of one language (script, <lang> marks)
         -> normalisation -> words and punctuation -> phonemes -> segments

Nothing is dropped on the way: the words of the segments, put together, are the text but for white space and tags.
"""

import re
from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache

from .directed_text import DirectedText
from .language_detection import DEFAULT_LANGUAGE, detect_languages, is_bulgarian, unread_languages
from .languages import LANGUAGES, registered_script, resolve_language
from .lexicon import Lexicon
from .normalization_base import Replacement
from .normalization_tables import UNITS
from .phonemization import phonemize_items
from .segments import Group, Segment, build_segments, group_items, with_silent_word
from .sentence_splitting import split_sentences
from .spoken_items import PLACEHOLDER, Item, mark_quotes, split_items
from .symbols import character_names
from .text_cleaning import canonicalize, clean, is_persian, readable_in, script_of
from .text_markup import Mark, parse_marks
from .text_normalization import apply_replacements, normalizer_for


MAX_TOKENS = 200  # of one segment: some ten to fifteen seconds of speech
# What was read of a text takes some 60 bytes a character: texts of at most this length, this many of them, so 30 MB at most.
_CACHED_CHARACTERS, _CACHED_TEXTS = 2000, 256
_SYMBOLS_IN_LATIN = re.compile(
    rf"(?<=\d)\s?(?:{'|'.join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))})(?![\w/])"
    r"|(?:R|US|U|A|C)\$(?=\s?\d)|(?<=\d)\s?(?:USD|EUR|GBP|RUB|INR|CHF)(?!\w)|(?:USD|EUR|GBP|RUB|INR|CHF)(?=\s?\d)"
)
_SPEAKABLE = re.compile(r"[^\W_]|[&%@$€£+=#°½⅓⅔¼¾⅛∞±×÷§©№µ²³]")


def analyze_text(
    text: str | DirectedText,
    language: str | None = None,
    default_language: str = DEFAULT_LANGUAGE,
    lexicon: Lexicon | None = None,
    max_tokens: int | None = MAX_TOKENS,
    known: frozenset[str] = frozenset(),
) -> list[Segment]:
    """Analyse a text of any length.

    Args:
        text: the text, with marks as in `text_markup`, or a directed text, whose marks are given and in which no others
            are looked for. The characters of words are those of the directed text.
        language: its language, any code `resolve_language` takes; detected sentence by sentence when not given.
            Stretches in a script the language is not written in are read in a language that is.
        default_language: the language of sentences that do not tell theirs.
        lexicon: the user's pronunciations.
        max_tokens: sentences with more tokens are cut at clauses, else between words; None for no limit, at least 20.
        known: additional IPA symbols.

    Returns:
        Segments in order, at least one.

    Raises:
        TypeError: `text` is neither a string nor a directed text.
        ValueError: a directed text is not in canonical form; there is nothing to read in the text; it has characters no supported language has a sound for; a
            mark is malformed; a language is not supported.
    """
    if max_tokens is not None and max_tokens < 20:
        raise ValueError(f"max_tokens must be at least 20, got {max_tokens}.")
    language = None if language is None else resolve_language(language)
    written, marks, breaks = text, None, ()
    if isinstance(text, DirectedText):
        written, marks, breaks = text.text, tuple(text.marks), _breaks(text)
        if canonicalize(written) != written:
            raise ValueError(
                f"The text {written[:40]!r} of a DirectedText is not in canonical form, so that its positions would not fit: "
                "make it with direct(...), or of canonicalize(text)."
            )
    arguments = (
        written,
        marks,
        breaks,
        language,
        resolve_language(default_language),
        lexicon or None,
        max_tokens,
        known,
    )
    if isinstance(written, str) and len(written) <= _CACHED_CHARACTERS:
        return list(_analyze_cached(*arguments))
    return list(_analyze(*arguments))


def _analyze(
    text: str,
    given: tuple[Mark, ...] | None,
    breaks: tuple[int, ...],
    language: str | None,
    default_language: str,
    lexicon: Lexicon | None,
    max_tokens: int | None,
    known: frozenset[str],
) -> tuple[Segment, ...]:
    if given is None:
        plain, marks = parse_marks(canonicalize(text), known)
    else:
        plain, marks = text, sorted(given, key=lambda mark: (mark.start, -mark.end))
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
            groups, stray = _groups(plain, cleaned, first, last, run_language, fixed, breaks)
            if not groups:
                if segments:
                    segments[-1] = with_silent_word(segments[-1], stray)
                else:
                    silent = f"{silent} {stray}".strip()
                continue
            parts = build_segments(plain, groups, run_language, max_tokens)
            if silent:
                parts[0] = with_silent_word(parts[0], silent, in_front=True)
                silent = ""
            if index < len(runs) - 1:
                parts[-1] = replace(parts[-1], sentence_end=False)
            segments += parts
    if not segments:
        raise ValueError(_nothing_to_read(text))
    return tuple(segments)


_analyze_cached = lru_cache(maxsize=_CACHED_TEXTS)(_analyze)


def _breaks(text: DirectedText) -> tuple[int, ...]:
    """Characters of a directed text before which a pause is wanted, behind the word where they are inside of one."""
    places = set()
    for pause in text.pauses:
        end = pause.position
        while 0 < end < len(text.text) and not text.text[end - 1].isspace() and not text.text[end].isspace():
            end += 1
        places.add(end)
    return tuple(sorted(places))


def _nothing_to_read(text: str) -> str:
    if not text:
        return "The text is empty: pass at least one word."
    if not text.strip():
        return f"The text {text[:40]!r} is only white space: pass at least one word."
    return f"The text {text[:40]!r} has nothing to read: punctuation, emoji and control characters are not spoken."


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
    languages = detect_languages(pieces, default)
    for piece, detected in zip(pieces, languages):
        if detected == "ru" and is_bulgarian(piece) and not registered_script("CYRILLIC"):
            raise ValueError(
                f"Cannot read {piece.strip()[:40]!r}: it appears to be Bulgarian, which is not supported. Supported: "
                f"{', '.join(LANGUAGES)}. Pass language='ru' to have it read as if it were Russian."
            )
    return languages


def _language_runs(text: str, start: int, end: int, language: str, marks: list[Mark]) -> list[tuple[int, int, str]]:
    """Cut a sentence into stretches of one language, by the user's marks and by script."""
    sentence = text[start:end]
    unreadable = [c for c in dict.fromkeys(sentence) if not readable_in(c)]
    greek = re.search("[\u0370-\u03ff\u1f00-\u1fff]{2,}", sentence)
    if greek and LANGUAGES[language].script != "GREEK":
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
            base[i], fixed[i] = mark.language or language, True
    symbols: set[int] = set()  # Latin letters of units and currencies in other scripts: "5 kg" is read in the language
    for mark in marks:
        if mark.ipa is not None:
            symbols.update(range(max(mark.start, start) - start, min(mark.end, end) - start))
    if LANGUAGES[language].script != "LATIN":
        for found in _SYMBOLS_IN_LATIN.finditer(sentence):
            symbols.update(range(*found.span()))
    runs: list[tuple[int, int, str]] = []
    begin, current, gap = 0, "", 0
    for i, c in enumerate(sentence):
        script = "" if i in symbols else script_of(c)
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
    taken = f" (taken for {LANGUAGES[language].name}, {language!r})"
    reason = f"no supported language has a sound for these {'/'.join(scripts)} characters"
    if scripts == ["CYRILLIC"]:  # another language than Russian, although nothing else here has that script
        taken = ""
        neighbours = unread_languages(sentence)
        if neighbours:
            reason = f"letters of {' or '.join(neighbours)}, which is not supported"
    return (
        f"Cannot read {shown} in {sentence.strip()[:40]!r}{taken}: {reason}. Supported: {', '.join(LANGUAGES)}. "
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
    plain: str,
    cleaned: str,
    start: int,
    end: int,
    language: str,
    fixed: list[tuple[int, int, str]],
    breaks: tuple[int, ...] = (),
) -> tuple[list[Group], str]:
    """The words of a stretch with their phonemes, apart where there are breaks; and its text if it has none."""
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
    for place in breaks:  # a mark without a sound: words are read on their own on both sides of it
        behind = next((i for i, item in enumerate(items) if item.start >= place and not item.is_mark), None)
        if start < place < end and behind:
            items.insert(behind, Item("", place, place, is_mark=True))
    phonemize_items(items)
    if not any(item.phonemes for item in items if not item.is_mark):
        return [], " ".join(plain[start:end].split())
    return group_items(plain, start, end, items), ""
