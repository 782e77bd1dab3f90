"""Directions of a text as numbers for its tokens: which words a span holds, where pauses go, contours, padding."""

import math

import numpy as np
import pytest

from valetts_hf.processing.directed_text import Delivery, DirectedText, Pause, Span, direct, joined
from valetts_hf.processing.text_directions import (
    CONTOUR_POINTS,
    NEUTRAL,
    TokenDirections,
    padded_directions,
    pause_after_last,
    pause_gaps,
    token_directions,
    whole_text_directions,
    with_pause_scale,
)
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.processing.word_search import find_words


TEXT = "The ferry of the sea, it leaves at seven."


@pytest.fixture(scope="module")
def tokenizer() -> ValeTTSTokenizer:
    return ValeTTSTokenizer()


def read(tokenizer, text: DirectedText):
    """Words with their places, and the token ids."""
    return tokenizer.word_places(text, "en-us"), tokenizer(text, language="en-us")["input_ids"]


def directions_of(tokenizer, text: DirectedText) -> TokenDirections:
    words, ids = read(tokenizer, text)
    return token_directions(text, words, len(ids))


def test_words_know_their_characters_and_tokens(tokenizer):
    words, ids = read(tokenizer, direct(TEXT))
    assert [TEXT[word.start : word.end] for word in words] == TEXT.split()
    ipa = tokenizer.convert_ids_to_tokens(ids)
    assert "".join(ipa[words[-1].token_start : words[-1].token_end]) == "sˈɛvən"


def test_places_in_a_text_of_several_sentences_and_languages(tokenizer):
    text = direct("Good morning. <lang pt-br>Bom dia!</lang> It cost $5.")
    words, ids = tokenizer.word_places(text), tokenizer(text)["input_ids"]
    ipa = tokenizer.convert_ids_to_tokens(ids)
    assert [text.text[word.start : word.end] for word in words] == text.text.split()
    for word in words:
        sound = "".join(ipa[word.token_start : word.token_end])
        assert sound == sound.strip(" .!,") != ""
        assert ipa[word.token_start - 1] in (" ", "<s>")


def test_a_span_holds_the_words_with_most_of_their_letters_in_it(tokenizer):
    text = direct(TEXT)
    begin = TEXT.index("ry of")  # two of the five letters of "ferry"
    span = Span(begin, TEXT.index(", it"), Delivery(pitch_shift=2))
    directions = directions_of(tokenizer, DirectedText(text.text, spans=(span,)))
    words, _ = read(tokenizer, text)
    held = [directions.deliveries[word.token_start][1] == 2 for word in words]
    assert held == [False, False, True, True, True, False, False, False, False]
    assert directions.deliveries[words[3].token_end][1] == 2  # between two words of the span
    assert directions.deliveries[words[4].token_end] == NEUTRAL  # but not behind it


def test_spans_that_overlap_are_combined(tokenizer):
    text = (
        direct(TEXT).throughout(speaking_rate=0.5, energy_shift=3).on("leaves at", speaking_rate=1.5, energy_shift=-1)
    )
    directions = directions_of(tokenizer, text)
    words, ids = read(tokenizer, text)
    assert directions.deliveries[words[0].token_start] == (0.5, 0.0, 1.0, 3.0)
    assert directions.deliveries[words[6].token_start] == (0.75, 0.0, 1.0, 2.0)
    assert directions.deliveries[0] == directions.deliveries[len(ids) - 1] == (0.5, 0.0, 1.0, 3.0)


@pytest.mark.parametrize("place", ["of", "ferry", "sea"])
def test_a_pause_lies_between_words_never_inside(tokenizer, place):
    start, end = find_words(TEXT, place)
    for position in (end, start + 1):  # behind the word; inside of it, which moves it behind
        text = DirectedText(TEXT, pauses=(Pause(position, 0.4),))
        words, ids = read(tokenizer, text)
        directions = token_directions(text, words, len(ids))
        asked = [token for token, seconds in enumerate(directions.pauses) if not math.isnan(seconds)]
        number = TEXT.split().index(next(word for word in TEXT.split() if word.startswith(place)))
        assert asked == list(range(words[number].token_end, words[number + 1].token_start))
        assert sum(directions.pauses[token] for token in asked) == pytest.approx(0.4)


def test_words_that_would_be_said_as_one_are_apart_around_a_pause(tokenizer):
    plain = tokenizer("It is of the sea.", language="en-us")["input_ids"]
    text = direct("It is of the sea.").pause(0.3, after="of")
    words, ids = read(tokenizer, text)
    assert len(words) == 5 and words[3].token_start > words[2].token_end
    assert len(ids) >= len(plain)


def test_pauses_at_the_edges_and_several_in_one_place(tokenizer):
    text = DirectedText(TEXT, pauses=(Pause(0, 0.5), Pause(4, 0.1), Pause(4, 0.2), Pause(len(TEXT), 0.7)))
    words, ids = read(tokenizer, text)
    directions = token_directions(text, words, len(ids))
    assert directions.pause_before == 0.5 and pause_after_last(text, words[-1].start) == 0.7
    assert np.nansum(directions.pauses) == pytest.approx(0.3)
    assert token_directions(text, words, len(ids), after=0).pause_before is None  # those of the words before
    whole = whole_text_directions(text, words, len(ids))
    assert np.nansum(whole.pauses) == pytest.approx(1.5) and whole.pauses[0] == 0.5


def test_a_contour_lies_over_its_words_and_goes_on_where_it_is_cut(tokenizer):
    text = direct(TEXT).on("it leaves at seven", contour=[(0, 0), (0.5, 4), (1, 2)])
    words, ids = read(tokenizer, text)
    ((first, last, points),) = token_directions(text, words, len(ids)).contours
    assert (first, last, len(points)) == (words[5].token_start, words[8].token_end, CONTOUR_POINTS)
    assert points[0] == 0 and max(points) == 4 and points[-1] == 2
    ((_, _, points),) = token_directions(text, words[:7], len(ids)).contours
    ((_, _, rest),) = token_directions(text, words[7:], len(ids)).contours
    assert points[0] == 0 and points[-1] == pytest.approx(rest[0], abs=0.7) and rest[-1] == 2


def test_pause_scale_reaches_punctuation_and_predicted_breaks(tokenizer):
    text = direct(TEXT).pause(0.4, after="of")
    words, ids = read(tokenizer, text)
    (gap,) = pause_gaps(ids, words)
    assert tokenizer.convert_ids_to_tokens(ids[gap.start]) == ","
    directions = token_directions(text, words, len(ids))
    double = with_pause_scale(directions, ids, words, 2.0)
    assert [row[0] for row in double.deliveries].count(0.5) == len(gap)
    assert np.nansum(double.pauses) == pytest.approx(0.4)  # an explicit one stays
    none = with_pause_scale(directions, ids, words, 0.0)
    assert [none.pauses[token] for token in gap] == [0.0] * len(gap)
    breaks = [math.nan] * len(ids)
    breaks[words[6].token_end] = 0.3
    predicted = TokenDirections(directions.deliveries, directions.pauses, breaks=tuple(breaks))
    scaled = with_pause_scale(predicted, ids, words, 2.0, speaking_rate=1.5)
    assert scaled.pauses[words[6].token_end] == pytest.approx(0.4)


def test_rows_of_different_length(tokenizer):
    directed = directions_of(tokenizer, direct(TEXT).on("seven", pitch_shift=1, contour=[(0, 1), (1, 2)]))
    size = len(directed.deliveries)
    for left in (False, True):
        arrays = padded_directions([directed, TokenDirections.neutral(5)], size + 3, left)
        assert arrays["deliveries"].shape == (2, size + 3, 4) and arrays["pauses"].shape == (2, size + 3)
        assert arrays["pitch_contours"].shape == (2, 1, CONTOUR_POINTS) and not arrays["contour_tokens"][1].any()
        first, last = arrays["contour_tokens"][0, 0]
        assert (arrays["deliveries"][0, first:last, 1] == 1).all()
    cut = padded_directions([directed], 10)
    assert cut["deliveries"].shape == (1, 10, 4) and cut["contour_tokens"].max() <= 10


# -- texts with directions


def test_words_are_found_as_a_reader_would():
    text = "Seven times seven, Mr. O'Neill's co-op: sevenths, çapulçu."
    assert find_words(text, "seven") == (0, 5) and find_words(text, "SEVEN", 2) == (12, 17)
    assert find_words(text, "seven", -1) == (12, 17)
    assert text[slice(*find_words(text, "mr. o'neill's  co-op"))] == "Mr. O'Neill's co-op"
    assert find_words("I don’t know.", "don't") == find_words("I don't know.", "don’t") == (2, 7)
    assert text[slice(*find_words(text, "c\u0327apulc\u0327u"))] == "çapulçu"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eight",), "the text has no 'eight'; its words are one, two, Three"),
        (("one", 2), r"'one' is 1 time\(s\) in the text, so there is no occurrence 2"),
        (("one", 0), "occurrence must be 1 for the first"),
        (("  ",), "no word to look for"),
    ],
)
def test_words_that_are_not_there(arguments, message):
    with pytest.raises(ValueError, match=message):
        direct("one two. Three!").on(*arguments, pitch_shift=1)


def test_directions_are_added_without_changing_the_text():
    text = direct("One <lang pt-br>dois</lang> [[θɹˈiː]].")
    assert text.text == "One dois [[θɹˈiː]]." and len(text.marks) == 2
    more = text.on("dois", pitch_shift=1).pause(0.2, before="dois").pause(0.1, after="one")
    assert not text.spans and not text.pauses
    assert more.spans[0].delivery.pitch_shift == 1 and [pause.position for pause in more.pauses] == [3, 4]
    part = more.part(4, len(more.text))
    assert part.text.startswith("dois") and part.marks[0].start == 0 and [p.position for p in part.pauses] == [0]


def test_bad_directions():
    text = direct("One two.")
    with pytest.raises(ValueError, match="speaking_rate must be between 0.25 and 4, got 9"):
        text.on("two", speaking_rate=9)
    with pytest.raises(TypeError, match="speed"):
        text.on("two", speed=9)
    with pytest.raises(ValueError, match='one place: after="some words"'):
        text.pause(0.3)
    with pytest.raises(ValueError, match="seconds of a pause must be between 0 and 10, got 11"):
        text.pause(11, after="two")
    with pytest.raises(ValueError, match="must rise within"):
        text.on("two", contour=[(0.5, 1), (0.5, 2)])
    with pytest.raises(ValueError, match="contour must be between -24 and 24, got nan"):
        text.on("two", contour=[(0.5, math.nan)])


def test_sections_become_one_text():
    first = DirectedText("One.", (Span(0, 3, Delivery(pitch_shift=1)),), voice="ada", pause_after=0.7)
    second = DirectedText("Two.", (Span(0, 3, Delivery(pitch_shift=2)),), (Pause(2, 0.1),), voice="ada", pause_after=1)
    both = joined([first, second])
    assert both.text == "One.\n\nTwo." and both.voice == "ada"
    assert both.text[both.spans[1].start : both.spans[1].end] == "Two"
    assert [(pause.position, pause.seconds) for pause in both.pauses] == [(6, 0.7), (8, 0.1), (10, 1)]
    with pytest.raises(ValueError, match="one text can have one voice, got ada, None"):
        joined([first, DirectedText("Two.")])


def test_a_directed_text_must_be_canonical(tokenizer):
    with pytest.raises(ValueError, match="not in canonical form.*direct"):
        tokenizer(DirectedText("cafe\u0301"))
    with pytest.raises(TypeError, match="text must be a string"):
        tokenizer(5)
    with pytest.raises(TypeError, match="a directed text is no IPA"):
        tokenizer(direct("a"), is_phonemes=True)
