"""Text of any length as a sequence of pieces, each short enough for one pass of the model, and nothing lost between them.

The text is read lazily, a block at a time (see `text_blocks`), so that speaking can begin before its end has been looked at.
The segments of a block (see `ValeTTSProcessor.analyze`: a sentence, or the part of it that is in one language and short
enough) become pieces; parts of one sentence in different languages are joined again. T tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from valetts_hf.direction.sketch_tokens import TokenCurves
from valetts_hf.inference.errors import MissingWordsError, SpeechTextError
from valetts_hf.inference.joining import pause_kind
from valetts_hf.inference.text_blocks import text_blocks
from valetts_hf.processing.directed_text import DirectedText
from valetts_hf.processing.language_detection import guess_language
from valetts_hf.processing.languages import language_id
from valetts_hf.processing.symbols import END_ID, SPACE_ID, START_ID, SYMBOLS
from valetts_hf.processing.text_analysis import MAX_TOKENS
from valetts_hf.processing.text_cleaning import canonicalize, readable_in, script_of
from valetts_hf.processing.text_directions import TokenDirections, WordPlace, pause_after_last, token_directions


FIRST_TOKENS = 150  # of the very first piece, if it has a clause to end with: the first audio should not wait longer
_LEAST_FIRST_TOKENS = 40
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")  # all but white space
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKS = frozenset('.?!;:…—,)"')
_TELLING = 80  # characters whose language may choose the voice
_LOOK_AHEAD = 600  # characters that tell the language of a beginning that does not tell its own


@dataclass(frozen=True)
class PieceWord:
    """A word of a piece: its tokens are `start <= index < end` of the piece's `input_ids`.

    The text is empty where a very long word goes on that began in the piece before. `characters` (start, end) are those of
    the block it was read in.
    """

    text: str
    start: int
    end: int
    language: str
    characters: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Piece:
    """What the model speaks in one go.

    Args:
        input_ids (`list[int]` of length T): from `<s>` to `</s>`.
        language_ids (`list[int]` of length T): one for each token.
        words (`list[PieceWord]`): in order, at least one.
        pause (`str`): key of `joining.PAUSES`, what follows the piece.
        progress (`int`): characters of the text that are done when this piece is.
        pause_before (`float`, *optional*): seconds asked for between the piece before and this one, instead of `pause`.
        directions ([`TokenDirections`], *optional*): how its tokens are said.
        sketch ([`TokenCurves`], *optional*): what is drawn over them.
    """

    input_ids: list[int]
    language_ids: list[int]
    words: list[PieceWord]
    pause: str
    progress: int = 0
    pause_before: float | None = None
    directions: TokenDirections | None = None
    sketch: TokenCurves | None = None

    @property
    def places(self) -> list[WordPlace]:
        """Characters and tokens of the words."""
        return [WordPlace(*word.characters, word.start, word.end) for word in self.words]

    @property
    def lead(self) -> int:
        """Number of tokens before the first word."""
        return min(word.start for word in self.words)

    @property
    def end(self) -> int:
        """Index of the first token after the last word."""
        return max(word.end for word in self.words)


def check_text(text: object) -> str:
    """The text, if it is one, without control characters; lone surrogates, which no file can take, become U+FFFD.

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
    return LONE_SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


@dataclass
class TextPlan:
    """Iterates over the pieces of a text, reading it as it goes.

    Args:
        text (`str` or [`DirectedText`]): what to say.
        processor (`ValeTTSProcessor`): reads it.
        language (`str`, *optional*): code; detected sentence by sentence when not given.

    Attributes:
        asked (`list[str]`): the words read so far, complete when the iteration has ended.
        language_of_voice (`str`): the language of the beginning; known when the first piece is.

    Raises:
        `SpeechTextError`: nothing in the text can be spoken. `MissingWordsError`: the front end lost a word. And the errors
        of the text front end.
    """

    text: str | DirectedText
    processor: Any
    language: str | None = None
    asked: list[str] = field(default_factory=list)
    language_of_voice: str = ""
    last_start: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        self.plain: str = self.text.text if isinstance(self.text, DirectedText) else self.text
        if self.language is None:  # a checkpoint may be meant for one
            self.language = getattr(getattr(self.processor, "tokenizer", None), "language", None)

    @property
    def pause_at_end(self) -> float | None:
        """Seconds of silence asked for behind the last word; known when the last piece is."""
        return pause_after_last(self.text, self.last_start) if isinstance(self.text, DirectedText) else None

    def check_readable(self) -> None:
        """Refuse now what would be refused after minutes of speech: reads all of a text with characters of doubtful sound.

        Raises:
            `ValueError`: some of them have none in any language.
        """
        if any(not readable_in(char) or script_of(char) == "GREEK" for char in set(self.plain)):
            for _ in replace(self, asked=[]):
                pass

    def __iter__(self) -> Iterator[Piece]:
        refused: ValueError | None = None
        begun, known = 0, ""
        for block, paragraph_ends, stop in self._blocks():
            written = self.text.part(begun, stop) if isinstance(self.text, DirectedText) else block
            try:
                segments = self.processor.analyze(written, language=self._language_of(block, stop, known))
            except ValueError as error:
                if any(char.isalnum() for char in block):
                    raise
                # An ornament between paragraphs is no reason to stop, unless there is nothing else.
                refused = refused or error
                begun = stop
                continue
            check_nothing_lost(block, segments)
            pieces = pieces_of(segments, self.processor.tokenizer, paragraph_ends and self._is_paragraph(stop))
            known = _main_language(segments)
            if not self.asked:
                self.language_of_voice = self._language_of_voice(block, known)
                pieces[:1] = split_beginning(pieces[0])
            self.asked.extend(word.text for piece in pieces for word in piece.words if word.text)
            total, done = sum(len(piece.input_ids) for piece in pieces), 0
            for piece in pieces:
                done += len(piece.input_ids)
                piece = replace(piece, progress=begun + (stop - begun) * done // total)
                yield self._directed(piece, begun)
            begun = stop
        if not self.asked:
            if refused is not None:
                raise SpeechTextError(str(refused)) from refused
            raise SpeechTextError(f"the text {self.plain[:40]!r} holds nothing that can be spoken: pass some words.")

    def _blocks(self) -> Iterator[tuple[str, bool, int]]:
        if not isinstance(self.text, DirectedText):
            return text_blocks(self.plain)
        return text_blocks(self.plain, [(mark.start, mark.end) for mark in self.text.marks if mark.ipa is not None])

    def _is_paragraph(self, stop: int) -> bool:
        """Whether a block that ends at `stop` is the end of a paragraph: of a directed text, which may be any section, only
        if it says so."""
        return isinstance(self.text, str) or stop < len(self.plain) or self.plain.endswith("\n\n")

    def _directed(self, piece: Piece, begun: int) -> Piece:
        """The piece with the directions for its tokens; `begun`: where in the text its block begins."""
        if not isinstance(self.text, DirectedText):
            return piece
        places = [place._replace(start=place.start + begun, end=place.end + begun) for place in piece.places]
        directions = token_directions(self.text, places, len(piece.input_ids), after=self.last_start)
        self.last_start = places[-1].start
        return replace(piece, directions=directions, pause_before=directions.pause_before)

    def _language_of(self, block: str, stop: int, known: str) -> str | None:
        """The language to read a block in; None leaves it to the front end, sentence by sentence.

        A block that does not tell ("OK.") goes with the one before, the first one with what follows: the front end sees
        one block at a time.
        """
        if self.language is not None or guess_language(block) is not None:
            return self.language
        return known or guess_language(self.plain[stop : stop + _LOOK_AHEAD])

    def _language_of_voice(self, block: str, known: str) -> str:
        """The language that chooses the default voice; a first word alone ("OK.") should not."""
        if self.language is not None or len(block) >= _TELLING:
            return known
        return guess_language(self.plain[:_LOOK_AHEAD]) or known


def check_nothing_lost(block: str, segments: list) -> None:
    """Hold the front end to its word: all letters and digits of a text without markup are in the words of its segments.

    Raises:
        `MissingWordsError`: they are not.
    """
    if "<" in block or "[[" in block:
        return
    plain = canonicalize(block)
    texts = [word.text for segment in segments for word in segment.words]
    if [char for char in plain if char.isalnum()] != [char for text in texts for char in text if char.isalnum()]:
        missing = Counter(plain.split()) - Counter(part for text in texts for part in text.split())
        raise MissingWordsError(list(missing) or [plain[:40]])


def _main_language(segments: list) -> str:
    counts: Counter[str] = Counter()
    for segment in segments:
        counts[segment.language] += len(segment.phonemes)
    return counts.most_common(1)[0][0]


def pieces_of(segments: list, tokenizer: Any, paragraph_ends: bool = False) -> list[Piece]:
    """Pieces of a block's segments, in order.

    Args:
        segments (`list[Segment]`): from `ValeTTSProcessor.analyze`, at least one.
        tokenizer (`ValeTTSTokenizer`): makes tokens of phonemes.
        paragraph_ends (`bool`): the last piece is followed by the pause of a paragraph.
    """
    pieces: list[Piece] = []
    number_of = getattr(tokenizer, "language_id", language_id)  # a checkpoint may have languages of its own
    unfinished = False  # whether the sentence of the last piece goes on
    for segment in segments:
        ids = list(tokenizer(segment.phonemes, is_phonemes=True)["input_ids"])
        pause = pause_kind(segment.phonemes)
        if segment.sentence_end and pause == "none":  # a heading, or the line of a list
            pause = "sentence"
        piece = Piece(ids, [number_of(segment.language)] * len(ids), words_of(segment), pause)
        last = pieces[-1] if unfinished else None
        if last is not None and last.words[-1].language != segment.language and _fit_together(last, piece):
            pieces[-1] = _joined(last, piece)
        else:
            pieces.append(piece)
        unfinished = not segment.sentence_end
    if paragraph_ends:
        pieces[-1] = replace(pieces[-1], pause="paragraph")
    return pieces


def words_of(segment: Any) -> list[PieceWord]:
    """Words with their tokens; one without a sound of its own ("I am" said as one) shares its neighbour's.

    Raises:
        `MissingWordsError`: the front end found no sound for any of them.
    """
    sounding = [word for word in segment.words if word.token_end > word.token_start]
    if not sounding:
        raise MissingWordsError([word.text for word in segment.words])
    words, last = [], sounding[0]
    for word in segment.words:
        last = word if word.token_end > word.token_start else last
        characters = (word.start, word.end)
        words.append(PieceWord(word.text, last.token_start, last.token_end, segment.language, characters))
    return words


def _fit_together(first: Piece, second: Piece) -> bool:
    return len(first.input_ids) + len(second.input_ids) - 1 <= MAX_TOKENS


def _joined(first: Piece, second: Piece) -> Piece:
    """One piece out of two: `<s> a </s>` and `<s> b </s>` become `<s> a b </s>`."""
    shift = len(first.input_ids) - 1
    words = [replace(word, start=word.start + shift, end=word.end + shift) for word in second.words]
    return Piece(
        first.input_ids[:-1] + [SPACE_ID] + second.input_ids[1:],
        first.language_ids[:-1] + second.language_ids,
        first.words + words,
        second.pause,
    )


def split_beginning(piece: Piece) -> list[Piece]:
    """The first clauses of a long piece, of at most `FIRST_TOKENS`, and the rest; only cut behind a punctuation mark."""
    ids = piece.input_ids
    if len(ids) <= FIRST_TOKENS:
        return [piece]
    starts = {word.start for word in piece.words if word.text}
    cuts = [
        cut
        for cut in range(_LEAST_FIRST_TOKENS, FIRST_TOKENS)
        if cut in starts
        and ids[cut - 1] == SPACE_ID
        and ids[cut - 2] < len(SYMBOLS)
        and SYMBOLS[ids[cut - 2]] in _MARKS
    ]
    if not cuts:
        return [piece]
    return [_part(piece, 1, cuts[-1]), replace(_part(piece, cuts[-1], len(ids) - 1), pause=piece.pause)]


def _part(piece: Piece, begin: int, stop: int) -> Piece:
    """The tokens [begin, stop) of a piece and their words as a piece of their own."""
    while piece.input_ids[stop - 1] == SPACE_ID:
        stop -= 1
    ids = piece.input_ids[begin:stop]
    shift = 1 - begin
    words = [
        replace(word, start=word.start + shift, end=word.end + shift)
        for word in piece.words
        if begin <= word.start < stop
    ]
    languages = [piece.language_ids[begin], *piece.language_ids[begin:stop], piece.language_ids[stop - 1]]
    return Piece([START_ID, *ids, END_ID], languages, words, pause_kind(SYMBOLS[ids[-1]]))
