"""Sentences out of pieces of text: as soon as they are certain, never cut, whatever the pieces are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valetts_hf.serving.live_text import LONGEST_SENTENCE, SentenceFeed


def test_a_sentence_comes_when_it_is_certain():
    feed = SentenceFeed()
    assert feed.add("Hel") == [] and feed.add("lo there.") == []  # "there.com"?
    assert feed.add(" ") == ["Hello there. "]
    assert feed.add("I paid 3.") == [] and feed.add("14 euros! ") == ["I paid 3.14 euros! "]
    assert feed.add("See No. ") == [] and feed.add("5 of Dr. ") == []
    assert feed.add("Who. One mo") == ["See No. 5 of Dr. Who. "]
    assert len(feed) == 6 and feed.flush() == "One mo" and feed.flush() == ""


def test_markup_stays_whole():
    feed = SentenceFeed()
    assert feed.add("It says <lang xml:lang='de'>Eins. Zwei. ") == []
    assert feed.add("Drei.</lang> And then. ") == ["It says <lang xml:lang='de'>Eins. Zwei. Drei.</lang> And then. "]


def test_a_text_without_an_end_is_cut_between_words():
    feed = SentenceFeed()
    found = feed.add("word " * 1000)
    assert all(len(one) <= LONGEST_SENTENCE and one.endswith("word ") for one in found)
    assert "".join(found) + feed.flush() == "word " * 1000
    assert [len(one) for one in feed.add("x" * 5000)] == [LONGEST_SENTENCE] * 2
    feed.clear()
    assert len(feed) == 0 and feed.flush() == ""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["One. ", "Two", " Three? ", "4", ".", " ", "\n\n", "Mr. ", "É", "! "]), max_size=40))
def test_pieces_make_no_difference(pieces):
    """Nothing is lost, and no word is cut."""
    whole = "".join(pieces)
    feed = SentenceFeed()
    found = [sentence for piece in pieces for sentence in feed.add(piece)]
    words = [word for sentence in [*found, feed.flush()] for word in sentence.split()]
    assert words == whole.split()


@pytest.mark.parametrize("text", ["x" * 200_000, ". " * 50_000, "<lang " * 20_000, "[[ a. " * 20_000])
def test_hostile_texts_take_no_time(text):
    feed = SentenceFeed()
    assert feed.add(text) is not None and len(feed) <= LONGEST_SENTENCE
