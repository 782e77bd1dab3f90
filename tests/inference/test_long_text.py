"""Long text: blocks that lose nothing, pieces of bounded length, every word in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from valetts_hf.inference.errors import MissingWordsError, SpeechTextError
from valetts_hf.inference.long_text import (
    FIRST_TOKENS,
    MAX_TOKENS,
    Piece,
    TextPlan,
    check_nothing_lost,
    check_text,
    pieces_of,
    split_beginning,
)
from valetts_hf.inference.text_blocks import text_blocks
from valetts_hf.processing.symbols import END_ID, START_ID, ids_to_ipa, ipa_to_ids


@dataclass
class FakeWord:
    text: str
    token_start: int
    token_end: int
    start: int = 0
    end: int = 0


@dataclass
class FakeSegment:
    text: str
    language: str
    phonemes: str
    words: list[FakeWord]
    sentence_end: bool = True


def segment(text: str, language: str = "en-us", sentence_end: bool = True) -> FakeSegment:
    """Letters stand for their own phonemes."""
    words, position = [], 1
    for token in text.split(" "):
        letters = token.rstrip(",.;…?!")
        if letters:
            words.append(FakeWord(letters, position, position + len(letters)))
        position += len(token) + 1
    return FakeSegment(text, language, text, words, sentence_end)


def tokenizer(phonemes: str, is_phonemes: bool) -> dict[str, list[int]]:
    assert is_phonemes
    return {"input_ids": ipa_to_ids(phonemes)}


class FakeProcessor:
    """One segment per full stop; refuses text without letters, as the real one does."""

    tokenizer = staticmethod(tokenizer)

    def __init__(self):
        self.blocks: list[str] = []
        self.languages: list[str | None] = []

    def analyze(self, text, language=None):
        self.blocks.append(text)
        self.languages.append(language)
        if not any(char.isalnum() for char in text):
            raise ValueError(f"nothing to read in {text!r}")
        sentences = [part.strip() for part in text.replace("\n", " ").split(".")]
        return [segment(part + ".", language or "en-us") for part in sentences if part]


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


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_an_empty_line_ends_a_paragraph_and_a_line_does_not(line_end):
    text = line_end.join(["One", "two.", "", "Three", "", " ", "four."])
    blocks = [block.split() for block, _, _ in text_blocks(text)]
    assert blocks == [["One", "two."], ["Three"], ["four."]]


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
    expected = [word.strip(".") for word in text.split()]
    assert plan.asked == expected
    assert [word.text for piece in rest for word in piece.words] == expected
    assert [piece.progress for piece in rest] == sorted({piece.progress for piece in rest})
    assert rest[-1].progress == len(text)
    assert sum(piece.pause == "paragraph" for piece in rest) == 41


def test_ornaments_between_paragraphs_are_passed_over():
    plan = TextPlan("One.\n\n* * *\n\nTwo.", FakeProcessor())
    assert [word.text for piece in plan for word in piece.words] == ["One", "Two"]


def test_text_without_words_keeps_the_front_ends_error():
    with pytest.raises(ValueError, match="nothing to read"):
        list(TextPlan("* * *", FakeProcessor()))


def test_front_end_errors_about_words_are_not_hidden():
    class Refusing(FakeProcessor):
        def analyze(self, text, language=None):
            raise ValueError("cannot read this script")

    with pytest.raises(ValueError, match="cannot read this script"):
        list(TextPlan("word", Refusing()))


def test_words_lost_by_the_front_end_are_an_error():
    class Forgetful(FakeProcessor):
        def analyze(self, text, language=None):
            return super().analyze(text.replace("boats", ""), language)

    with pytest.raises(MissingWordsError, match="'boats'"):
        list(TextPlan("Three boats came.", Forgetful()))


def test_nothing_lost_looks_at_letters_only():
    check_nothing_lost("Ｏne —  *two*.", [segment("One two.")])
    check_nothing_lost("<b>ignored</b>", [segment("other")])
    with pytest.raises(MissingWordsError, match="'three'"):
        check_nothing_lost("one two three", [segment("one two")])
    with pytest.raises(MissingWordsError):
        check_nothing_lost("one two", [segment("two one")])


def test_doubtful_blocks_follow_their_neighbours():
    processor = FakeProcessor()
    list(TextPlan("7\n\nEine gute Nacht wünsche ich euch allen.\n\n7", processor))
    assert processor.languages[0] == "de" and processor.languages[1] is None
    assert processor.languages[2] is not None
    processor = FakeProcessor()
    list(TextPlan("The ferry leaves tonight.\n\n7\n\nEine gute Nacht wünsche ich euch allen.", processor))
    assert processor.languages[1] == "en-us", "the one before comes first"
    processor = FakeProcessor()
    list(TextPlan("7\n\n7", processor, language="fr"))
    assert processor.languages == ["fr", "fr"]


def test_the_voice_is_not_chosen_by_one_small_word():
    plan = TextPlan("Ok.\n\nEine gute Nacht wünsche ich euch allen, meine lieben Kinder.", FakeProcessor())
    next(iter(plan))
    assert plan.language_of_voice == "de"
    plan = TextPlan("Eine gute Nacht wünsche ich euch allen, meine lieben Kinder. " * 2, FakeProcessor())
    next(iter(plan))
    assert plan.language_of_voice == "en-us", "a long beginning is what the front end has read it as"


def test_languages_in_one_sentence_are_one_piece():
    (piece,) = pieces_of(
        [segment("they call it", sentence_end=False), segment("welt", "de", False), segment("and rest.")], tokenizer
    )
    assert ids_to_ipa(piece.input_ids) == "they call it welt and rest."
    assert len(piece.language_ids) == len(piece.input_ids) and len(set(piece.language_ids)) == 2
    assert [(w.text, w.language) for w in piece.words[3:5]] == [("welt", "de"), ("and", "en-us")]
    for word in piece.words:
        assert ids_to_ipa(piece.input_ids[word.start : word.end]) == word.text
    assert piece.input_ids[0] == START_ID and piece.input_ids[-1] == END_ID
    assert START_ID not in piece.input_ids[1:] and END_ID not in piece.input_ids[:-1]
    assert piece.pause == "sentence"


def test_long_sentences_in_two_languages_are_not_joined():
    long = "lorem ipsum dolor sit amet " * 6
    pieces = pieces_of([segment(long + "x", sentence_end=False), segment(long + "y.", "de")], tokenizer)
    assert [piece.pause for piece in pieces] == ["none", "sentence"]
    for length, count in ((MAX_TOKENS - 13, 1), (MAX_TOKENS - 12, 2)):  # "<s>", " eins zwei." and "</s>" are 13
        parts = [segment("x" * length, sentence_end=False), segment("eins zwei.", "de")]
        assert len(pieces_of(parts, tokenizer)) == count


def test_headings_and_sentences_stay_apart():
    pieces = pieces_of([segment("chapter one"), segment("it rained."), segment("es war nacht.", "de")], tokenizer)
    assert [piece.pause for piece in pieces] == ["sentence", "sentence", "sentence"]
    assert [len(piece.words) for piece in pieces] == [2, 2, 3]


def test_parts_of_one_long_sentence_keep_short_pauses():
    parts = [segment("one two,", sentence_end=False), segment("three", sentence_end=False), segment("four.")]
    pieces = pieces_of(parts, tokenizer, paragraph_ends=True)
    assert [piece.pause for piece in pieces] == ["comma", "none", "paragraph"]


def test_a_word_said_as_one_with_its_neighbour_is_not_lost():
    words = [FakeWord("I", 1, 4), FakeWord("am", 4, 4), FakeWord("here", 5, 8)]
    (piece,) = pieces_of([FakeSegment("i am here", "en-us", "aim hir", words)], tokenizer)
    assert [(word.text, word.start, word.end) for word in piece.words] == [("I", 1, 4), ("am", 1, 4), ("here", 5, 8)]
    with pytest.raises(MissingWordsError, match="'I', 'am'"):
        pieces_of([FakeSegment("I am", "en-us", "", [FakeWord("I", 1, 1), FakeWord("am", 1, 1)])], tokenizer)


def as_piece(text: str) -> Piece:
    (piece,) = pieces_of([segment(text)], tokenizer)
    return piece


def test_a_long_first_sentence_begins_with_its_first_clauses():
    clause = "lorem ipsum dolor sit amet consetetur,"
    whole = as_piece(" ".join([clause] * 5 + ["end."]))
    first, rest = split_beginning(whole)
    assert len(first.input_ids) <= FIRST_TOKENS and first.pause == "comma" and len(first.words) == 18
    assert len(rest.words) == 13 and rest.pause == "sentence"
    assert ids_to_ipa(rest.input_ids) == " ".join([clause] * 2 + ["end."])
    for part in (first, rest):
        assert len(part.language_ids) == len(part.input_ids)
        assert part.input_ids[0] == START_ID and part.input_ids[-1] == END_ID
        for word in part.words:
            assert ids_to_ipa(part.input_ids[word.start : word.end]) == word.text
    assert split_beginning(replace(whole, pause="paragraph"))[1].pause == "paragraph"
    for text in ("short one.", "no mark " * 30 + "end."):
        assert len(split_beginning(as_piece(text))) == 1


def test_edges_of_a_piece():
    piece = as_piece("ja, nein.")
    assert (piece.lead, piece.end) == (1, 9)


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


def test_control_characters_go():
    assert check_text("a\x00b\x07 c\td\x1b\r\n") == "ab c\td\r\n"
    assert check_text("a\ud800b") == "a\ufffdb"


def test_blocks_of_spaces_are_found_in_linear_time():
    spaces = " " * 400_000  # a quadratic rule would take hours
    assert "".join(block for block, *_ in text_blocks(f"a{spaces}b")).split() == ["a", "b"]
