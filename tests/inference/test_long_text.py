"""Long text: blocks that lose nothing, pieces of bounded length, every word in its place."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from valetts_hf.inference.errors import MissingWordsError, SpeechTextError
from valetts_hf.inference.long_text import (
    MAX_TOKENS,
    Piece,
    PieceWord,
    TextPlan,
    check_text,
    pieces_of,
    split_piece,
    text_blocks,
)
from valetts_hf.processing.symbols import END_ID, SPACE_ID, START_ID, ids_to_ipa


@dataclass
class FakeWord:
    text: str
    token_start: int
    token_end: int


@dataclass
class FakeSegment:
    text: str
    language: str
    phonemes: str
    words: list[FakeWord]


def segment(text: str, language: str = "en-us") -> FakeSegment:
    """Letters stand for their own phonemes."""
    words, position = [], 1
    for token in text.split(" "):
        letters = token.rstrip(",.;…?!")
        if letters:
            words.append(FakeWord(letters, position, position + len(letters)))
        position += len(token) + 1
    return FakeSegment(text, language, text, words)


class FakeProcessor:
    """One segment per full stop; refuses text without letters, as the real one does."""

    def __init__(self):
        self.blocks: list[str] = []

    def analyze(self, text, language=None):
        self.blocks.append(text)
        if not any(char.isalnum() for char in text):
            raise ValueError(f"nothing to read in {text!r}")
        sentences = [part.strip() for part in text.replace("\n", " ").split(".")]
        return [segment(part.lower() + ".", language or "en-us") for part in sentences if part]


PARAGRAPHS = (
    "The ferry leaves the harbour. Nobody on board has slept. Rain had fallen over the hills since the early morning. "
    "Three small boats were tied to the pier. They would have to wait until the tide came in.\n\n"
    "The old captain looked at the sky.\r\n\r\nThe end. "
)


def test_blocks_are_the_text():
    text = PARAGRAPHS * 30
    blocks = list(text_blocks(text))
    assert "".join(block for block, _, _ in blocks) == text
    assert [stop for _, _, stop in blocks][-1] == len(text)
    assert len(blocks[0][0]) < 400
    assert sum(ends for _, ends, _ in blocks) >= 60
    for block, ends, _ in blocks[:-1]:
        assert ends or block.rstrip()[-1] == "."


def test_blocks_keep_abbreviations_and_markup_whole():
    name = "It was Mr. Smith and Dr. Jones of the St. Mary ward who came to see J. R. R. Tolkien that day, and " * 6
    for block, _, _ in text_blocks(name):
        assert not block.rstrip().endswith(("Mr.", "Dr.", "St.", "J.", "R."))
    marked = '<lang code="de">' + "Das ist ein langer Satz. Und noch einer.\n\n" * 20 + "</lang> Then the rest. " * 30
    (first, _, _), *rest = text_blocks(marked)
    assert first.startswith("<lang") and "</lang>" in first
    assert len(rest) >= 1


@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 20_000, "word\n" * 2000, ". . . " * 1000, "a<b " * 3000])
def test_blocks_of_odd_texts(text):
    blocks = list(text_blocks(text))
    assert "".join(block for block, _, _ in blocks) == text
    if text.startswith("word "):
        assert max(len(block) for block, _, _ in blocks) <= 6000


def test_plan_reads_lazily_and_counts_words():
    processor = FakeProcessor()
    text = PARAGRAPHS * 20
    plan = TextPlan(text, processor)
    pieces = iter(plan)
    first = next(pieces)
    assert len(processor.blocks) == 1 and len(processor.blocks[0]) < 400
    assert first.pause == "sentence" and plan.language_of_voice == "en-us"
    rest = [first, *pieces]
    expected = [word.strip(".").lower() for word in text.split()]
    assert plan.asked == expected
    assert [word.text for piece in rest for word in piece.words] == expected
    assert [piece.progress for piece in rest] == sorted(piece.progress for piece in rest)
    assert rest[-1].progress == len(text)
    assert sum(piece.pause == "paragraph" for piece in rest) == 41


def test_ornaments_between_paragraphs_are_passed_over():
    plan = TextPlan("One.\n\n* * *\n\nTwo.", FakeProcessor())
    assert [word.text for piece in plan for word in piece.words] == ["one", "two"]


def test_text_without_words_keeps_the_front_ends_error():
    with pytest.raises(ValueError, match="nothing to read"):
        list(TextPlan("* * *", FakeProcessor()))


def test_front_end_errors_about_words_are_not_hidden():
    class Refusing(FakeProcessor):
        def analyze(self, text, language=None):
            raise ValueError("cannot read this script")

    with pytest.raises(ValueError, match="cannot read this script"):
        list(TextPlan("word", Refusing()))


def test_segments_without_words_are_no_pieces():
    class Silent(FakeProcessor):
        def analyze(self, text, language=None):
            return [FakeSegment("…", "en-us", "…", [])]

    with pytest.raises(SpeechTextError, match="holds nothing that can be spoken"):
        list(TextPlan("word", Silent()))


def test_languages_in_one_sentence_are_one_piece():
    (piece,) = pieces_of([segment("they call it"), segment("weltschmerz", "de"), segment("and sigh.")])
    assert ids_to_ipa(piece.input_ids) == "they call it weltschmerz and sigh.".replace("g", "ɡ")
    assert len(piece.language_ids) == len(piece.input_ids) and len(set(piece.language_ids)) == 2
    assert [(w.text, w.language) for w in piece.words[3:5]] == [("weltschmerz", "de"), ("and", "en-us")]
    for word in piece.words:
        assert ids_to_ipa(piece.input_ids[word.start : word.end]) == word.text.replace("g", "ɡ")
    assert piece.input_ids[0] == START_ID and piece.input_ids[-1] == END_ID
    assert START_ID not in piece.input_ids[1:] and END_ID not in piece.input_ids[:-1]


def test_headings_and_sentences_stay_apart():
    pieces = pieces_of([segment("chapter one"), segment("it rained."), segment("es war nacht.", "de")])
    assert [piece.pause for piece in pieces] == ["sentence", "sentence", "sentence"]
    assert [len(piece.words) for piece in pieces] == [2, 2, 3]


def test_a_word_said_as_one_with_its_neighbour_is_not_lost():
    joined = FakeSegment(
        "i am here", "en-us", "aim hir", [FakeWord("I", 1, 4), FakeWord("am", 4, 4), FakeWord("here", 5, 8)]
    )
    (piece,) = pieces_of([joined])
    assert [(word.text, word.start, word.end) for word in piece.words] == [("I", 1, 4), ("am", 1, 4), ("here", 5, 8)]
    with pytest.raises(MissingWordsError, match="'I', 'am'"):
        pieces_of([FakeSegment("I am", "en-us", "", [FakeWord("I", 1, 1), FakeWord("am", 1, 1)])])


def long_piece(rng: random.Random, words: int) -> Piece:
    text = " ".join(
        "".join(rng.choices("abdefhiklmnoprstuvz", k=rng.randint(1, 12))) + rng.choice(["", "", "", "", ",", ";"])
        for _ in range(words)
    )
    return as_piece(segment(text + "."))


def as_piece(seg: FakeSegment) -> Piece:
    from valetts_hf.processing.symbols import ipa_to_ids

    ids = ipa_to_ids(seg.phonemes)
    words = [PieceWord(word.text, word.token_start, word.token_end, seg.language) for word in seg.words]
    return Piece(ids, [0] * len(ids), words, "sentence")


@pytest.mark.parametrize("seed", range(20))
def test_split_pieces_hold_every_word_once(seed):
    rng = random.Random(seed)
    piece = long_piece(rng, rng.randint(1, 300))
    limit = rng.choice([20, 60, MAX_TOKENS])
    parts = split_piece(piece, limit)
    assert all(len(part.input_ids) <= limit for part in parts)
    assert [word.text for part in parts for word in part.words] == [word.text for word in piece.words]
    for part in parts:
        assert part.input_ids[0] == START_ID and part.input_ids[-1] == END_ID
        assert len(part.language_ids) == len(part.input_ids)
        for word in part.words:
            assert ids_to_ipa(part.input_ids[word.start : word.end]) == word.text
    assert parts[-1].pause == "sentence"
    sounds = [i for part in parts for i in part.input_ids[1:-1] if i != SPACE_ID]
    assert sounds == [i for i in piece.input_ids[1:-1] if i != SPACE_ID]


def test_splits_prefer_clauses():
    text = " ".join(
        ["lorem ipsum dolor sit amet", "consetetur sadipscinɡ elitr;", "sed diam nonumy eirmod tempor"] * 5
    )
    parts = split_piece(as_piece(segment(text + ".")), 120)
    assert [part.pause for part in parts[:-1]] == ["clause"] * (len(parts) - 1)


def test_one_endless_word_is_cut_anywhere():
    piece = as_piece(segment("a" * 1000))
    parts = split_piece(piece)
    assert all(len(part.input_ids) <= MAX_TOKENS for part in parts)
    assert sum(len(part.input_ids) - 2 for part in parts) == 1000
    assert [word.text for part in parts for word in part.words] == ["a" * 1000]


def test_edges_of_a_piece():
    piece = as_piece(segment("ja, nein."))
    assert (piece.lead, piece.end) == (1, 9)
    assert replace(piece, words=[]).end == len(piece.input_ids) - 1


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", SpeechTextError, "the text is empty: pass some words"),
        (" \n\t ", SpeechTextError, "only white space or control characters"),
        ("\x00\x07\x1b", SpeechTextError, "only white space or control characters"),
        (None, TypeError, "text must be a string, got NoneType"),
        (b"hello", TypeError, "text must be a string, got bytes"),
        (["a"], TypeError, "text must be a string, got list"),
    ],
)
def test_check_text(text, error, message):
    with pytest.raises(error, match=message):
        check_text(text)
