"""Texts that nobody should send and somebody will: each gives speech or one clear error, never rubbish or a crash."""

from __future__ import annotations

import itertools

import pytest

from valetts_hf.inference.long_text import MAX_TOKENS, TextPlan


@pytest.mark.parametrize("text", ["😀🎉", "…", "***", "---", "\u200b\u200d", "?!", "<>", "\ufffd"])
def test_nothing_to_say_is_one_clear_error(tts, text):
    with pytest.raises(ValueError) as caught:
        tts(text, seed=0)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "text",
    [
        "Hello 😀 world",
        "Hello\x00 wor\x07ld",
        "Hello\u200b world\ufeff",
        "Hello\r\nworld",
        "HELLO WORLD!!!!!!!",
        "hello ...... world",
        "Hello, привет, world",
        "Hello \ud800 world",
        "e\u0301te\u0301 hello world",
        "Hello & world 100 % <b>",
    ],
)
def test_odd_characters_among_words(tts, text):
    speech = tts(text, seed=0)
    spoken = " ".join(word.text for word in speech.words).lower()
    assert "hello" in spoken and "world" in spoken
    spoken.encode()
    assert 0 < speech.duration < 60


def test_unreadable_script_is_refused(tts):
    with pytest.raises(ValueError, match="(?i)script|language"):
        tts("漢字を読む", seed=0)


def test_100_000_characters_lose_no_word(tts):
    sentence = "The ferry leaves the harbour at seven, and nobody on board has slept. "
    text = (sentence * (100_000 // len(sentence) + 1))[:100_000].rsplit(" ", 1)[0]
    plan = TextPlan(text, tts.processor, "en-us")
    spoken = [word.text for piece in plan for word in piece.words]
    assert len(spoken) == len(text.split()) == len(plan.asked)
    chunks = list(itertools.islice(tts.stream(text, language="en", seed=0), 3))
    assert len(chunks) == 3


def test_one_word_of_5_000_letters_is_cut_into_pieces(tts):
    plan = TextPlan("a" * 5_000, tts.processor, "en-us")
    pieces = list(plan)
    assert len(pieces) > 5 and all(len(piece.input_ids) <= MAX_TOKENS for piece in pieces)
    assert tts.batch(["b" * 250], language="en", seed=0)[0].duration > 1


def test_a_paragraph_without_marks_is_spoken_whole(tts):
    text = "word after word " * 50
    speech = tts(text, language="en", seed=0)
    assert len(speech.words) == 150


def test_a_character_without_a_sound_is_refused_before_anything_is_spoken(tts, monkeypatch):
    text = "The ferry leaves the harbour at seven. " * 60 + "Then 漢字 comes."
    monkeypatch.setattr(tts, "_generate", lambda *_: pytest.fail("spoke first"))
    with pytest.raises(ValueError, match="漢"):
        tts(text, seed=0)
    with pytest.raises(ValueError, match="λ"):
        tts.batch(["Fine.", text.replace("漢字", "λόγος")], seed=0)
