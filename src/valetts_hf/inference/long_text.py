"""Text of any length as a sequence of pieces, each short enough for one pass of the model, and nothing lost between them.

The text is read lazily, a block (some sentences of one paragraph) at a time, so that speaking can begin before the end has
been looked at. A block's segments (see `ValeTTSProcessor.analyze`) become pieces: parts of one sentence in different
languages are joined again, sentences that are too long are cut at clauses, at words if there are none. T tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from valetts_hf.inference.errors import MissingWordsError, SpeechTextError
from valetts_hf.inference.joining import pause_kind
from valetts_hf.processing.languages import language_id
from valetts_hf.processing.symbols import END_ID, SPACE_ID, START_ID, SYMBOLS, ipa_to_ids


MAX_TOKENS = 240  # about 14 s of speech; the sentences of training data are hardly longer
_FIRST_BLOCK, _NEXT_BLOCK = 240, 1500  # characters
_PARAGRAPH = re.compile(r"(?:\r?\n|\r)[^\S\r\n]*(?:\r?\n|\r)\s*|\s*[\f\u2029]\s*")
# The end of a sentence, not of an abbreviation or initial: a longer word before the full stop, a capital or another
# script behind it.
_SENTENCE_END = re.compile(r"(?:[!?…。！？।؟]|(?<=[^\W\d_]{4})\.)[\"'»”’)\]]*\s+(?=[^a-z\s])")
_SPACE = re.compile(r"\s+")
_OPEN_TAG, _CLOSED_TAG = re.compile(r"<[A-Za-z][^<>]*[^<>/]>|<[A-Za-z]>"), re.compile(r"</[A-Za-z][^<>]*>")
_UNFINISHED = ("none", "comma", "clause")  # pauses inside a sentence
_STRONG, _WEAK = frozenset(".?!;:…—"), frozenset(',()"')


@dataclass(frozen=True)
class PieceWord:
    """A word of a piece: its tokens are `start <= index < end` of the piece's `input_ids`."""

    text: str
    start: int
    end: int
    language: str


@dataclass(frozen=True)
class Piece:
    """What the model speaks in one go.

    Args:
        input_ids (`list[int]` of length T): from `<s>` to `</s>`.
        language_ids (`list[int]` of length T): one for each token.
        words (`list[PieceWord]`): in order.
        pause (`str`): key of `joining.PAUSES`, what follows the piece.
        progress (`int`): characters of the text that are done when this piece is.
    """

    input_ids: list[int]
    language_ids: list[int]
    words: list[PieceWord]
    pause: str
    progress: int = 0

    @property
    def lead(self) -> int:
        """Number of tokens before the first word."""
        return min((word.start for word in self.words), default=1)

    @property
    def end(self) -> int:
        """Index of the first token after the last word."""
        return max((word.end for word in self.words), default=len(self.input_ids) - 1)


def check_text(text: object) -> str:
    """The text, if it is one.

    Raises:
        `TypeError`: not a string. `SpeechTextError`: empty, or nothing but white space and control characters.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}: {str(text)[:60]!r}.")
    if not any(char.isprintable() and not char.isspace() for char in text):
        what = (
            "is empty" if not text else f"holds nothing to say, only white space or control characters ({text[:20]!r})"
        )
        raise SpeechTextError(f"the text {what}: pass some words.")
    return text


@dataclass
class TextPlan:
    """Iterates over the pieces of a text, reading it as it goes.

    Args:
        text (`str`): what to say.
        processor (`ValeTTSProcessor`): reads it.
        language (`str`, *optional*): code; detected when not given.

    Attributes:
        asked (`list[str]`): the words read so far, complete when the iteration has ended.
        language_of_voice (`str`): the language of most of the first block; known when the first piece is.

    Raises:
        `SpeechTextError`: nothing in the text can be spoken. And the errors of the text front end.
    """

    text: str
    processor: Any
    language: str | None = None
    asked: list[str] = field(default_factory=list)
    language_of_voice: str | None = None

    def __iter__(self) -> Iterator[Piece]:
        refused: ValueError | None = None
        begun = 0
        for block, paragraph_ends, stop in text_blocks(self.text):
            try:
                segments = self.processor.analyze(block, language=self.language)
            except ValueError as error:
                if any(char.isalnum() for char in block):
                    raise
                refused = (
                    refused or error
                )  # an ornament between paragraphs is no reason to stop, unless there is no more
                continue
            pieces = pieces_of(segments, paragraph_ends)
            if not pieces:
                continue
            self.asked.extend(word.text for segment in segments for word in segment.words)
            if self.language_of_voice is None:
                self.language_of_voice = _main_language(segments)
            total, done = sum(len(piece.input_ids) for piece in pieces), 0
            for piece in pieces:
                done += len(piece.input_ids)
                progress = begun + (stop - begun) * done // total
                yield replace(piece, progress=progress)
            begun = stop
        if not self.asked:
            if refused is not None:
                raise refused
            raise SpeechTextError(f"the text {self.text[:40]!r} holds nothing that can be spoken: pass some words.")


def text_blocks(text: str) -> Iterator[tuple[str, bool, int]]:
    """Cut a text into blocks at paragraphs and, in long paragraphs, at sentences; never inside markup.

    Returns:
        Iterator of (block, whether a paragraph ends with it, number of characters of the text up to its end).
        The blocks together are the text.
    """
    begin, limit = 0, _FIRST_BLOCK
    paragraph: int | None = 0
    while begin < len(text):
        if paragraph is not None and paragraph <= begin:
            paragraph = _cut(_PARAGRAPH, text, begin, begin, len(text))
        end = len(text) if paragraph is None else paragraph
        stop = end
        if end - begin > limit:
            stop = _cut(_SENTENCE_END, text, begin, begin + limit // 2, min(end, begin + 2 * limit)) or end
            if stop == end and end - begin > 4 * limit:  # far longer than any sentence: at a space
                stop = _cut(_SPACE, text, begin, begin + 2 * limit, min(end, begin + 4 * limit)) or end
        yield text[begin:stop], stop == end, stop
        begin, limit = stop, _NEXT_BLOCK


def _cut(pattern: re.Pattern, text: str, begin: int, search: int, end: int) -> int | None:
    """End of the first match in [search, end) that does not cut markup which opened after `begin`."""
    open_tags, looked = 0, begin
    for match in pattern.finditer(text, search, end):
        part = text[looked : match.end()]
        if "<" in part:
            open_tags += len(_OPEN_TAG.findall(part)) - len(_CLOSED_TAG.findall(part))
        looked = match.end()
        if open_tags <= 0:
            return match.end()
    return None


def _main_language(segments: list) -> str:
    counts: dict[str, int] = {}
    for segment in segments:
        counts[segment.language] = counts.get(segment.language, 0) + len(segment.phonemes)
    return max(counts, key=lambda code: counts[code])


def pieces_of(segments: list, paragraph_ends: bool = False) -> list[Piece]:
    """Pieces of a block's segments, in order; segments without words are left out.

    Args:
        segments (`list[Segment]`): from `ValeTTSProcessor.analyze`.
        paragraph_ends (`bool`): the last piece is followed by the pause of a paragraph.
    """
    pieces: list[Piece] = []
    for segment in segments:
        if not segment.words:
            continue
        ids = ipa_to_ids(segment.phonemes)
        words = _words_of(segment)
        piece = Piece(ids, [language_id(segment.language)] * len(ids), words, pause_kind(segment.phonemes))
        last = pieces[-1] if pieces else None
        if last is None or last.pause not in _UNFINISHED:
            pieces.append(piece)
        elif last.words[-1].language == segment.language:  # a heading or the line of a list, without a mark at its end
            pieces[-1] = replace(last, pause="sentence" if last.pause == "none" else last.pause)
            pieces.append(piece)
        elif len(last.input_ids) + len(ids) <= MAX_TOKENS:
            pieces[-1] = _joined(last, piece)
        else:
            pieces.append(piece)
    parts = [part for piece in pieces for part in split_piece(piece)]
    if parts and paragraph_ends:
        parts[-1] = replace(parts[-1], pause="paragraph")
    return parts


def _words_of(segment: Any) -> list[PieceWord]:
    """Words with their tokens; one that melted into its neighbour ("I am" said as one) shares the neighbour's.

    Raises:
        `MissingWordsError`: the front end found no sound for any of them.
    """
    sounding = [word for word in segment.words if word.token_end > word.token_start]
    if not sounding:
        raise MissingWordsError([word.text for word in segment.words])
    words, last = [], sounding[0]
    for word in segment.words:
        last = word if word.token_end > word.token_start else last
        words.append(PieceWord(word.text, last.token_start, last.token_end, segment.language))
    return words


def _joined(first: Piece, second: Piece) -> Piece:
    """One piece out of two: `<s> a </s>` and `<s> b </s>` become `<s> a b </s>`."""
    shift = len(first.input_ids) - 1
    words = [PieceWord(w.text, w.start + shift, w.end + shift, w.language) for w in second.words]
    return Piece(
        first.input_ids[:-1] + [SPACE_ID] + second.input_ids[1:],
        first.language_ids[:-1] + second.language_ids,
        first.words + words,
        second.pause,
    )


def split_piece(piece: Piece, limit: int = MAX_TOKENS) -> list[Piece]:
    """Parts of at most `limit` tokens, cut where a speaker would breathe: after a clause, else between words, else anywhere.

    Args:
        piece ([`Piece`]): from `<s>` to `</s>`.
        limit (`int`): at least 8 tokens.
    """
    inner = len(piece.input_ids) - 2
    room = limit - 2
    if inner <= room:
        return [piece]
    parts, begin = [], 1
    while begin < len(piece.input_ids) - 1:
        left = len(piece.input_ids) - 1 - begin
        if left <= room:
            stop = begin + left
        else:
            aim = left / -(-left // room)  # parts of about equal length: no lonely last word
            stop = _best_cut(piece.input_ids, begin, begin + room, begin + aim)
        parts.append(_part(piece, begin, stop))
        begin = stop
    parts[-1] = replace(parts[-1], pause=piece.pause)
    return parts


def _best_cut(ids: list[int], begin: int, stop: int, aim: float) -> int:
    """Index in (begin, stop] to cut before: the nearest good place to `aim`."""

    def rank(cut: int) -> float | None:
        distance = abs(cut - aim)
        if ids[cut - 1] != SPACE_ID:
            return None
        mark = SYMBOLS[ids[cut - 2]] if cut - 2 >= begin else ""
        return distance + (0 if mark in _STRONG else 20 if mark in _WEAK and mark else 120)

    ranked = [(score, cut) for cut in range(begin + 2, stop + 1) if (score := rank(cut)) is not None]
    return min(ranked)[1] if ranked else stop


def _part(piece: Piece, begin: int, stop: int) -> Piece:
    ids = piece.input_ids[begin:stop]
    languages = piece.language_ids[begin:stop]
    while ids and ids[-1] == SPACE_ID:
        ids, languages = ids[:-1], languages[:-1]
    shift = 1 - begin
    words = [
        PieceWord(word.text, word.start + shift, min(word.end + shift, len(ids) + 1), word.language)
        for word in piece.words
        if begin <= word.start < stop
    ]
    kind = pause_kind(SYMBOLS[ids[-1]] if ids else "")
    return Piece([START_ID, *ids, END_ID], [piece.language_ids[0], *languages, piece.language_ids[-1]], words, kind)
