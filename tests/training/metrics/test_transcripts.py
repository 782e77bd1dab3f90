"""Error rates of transcripts and phones, against a plain edit distance."""

import random
import sys

import pytest

from valetts_hf.training.metrics.phonemes import (
    fold_phones,
    fold_tokens,
    phoneme_error_rate,
    phones_of_ids,
    phones_of_ipa,
)
from valetts_hf.training.metrics.transcripts import normalize_transcript, transcript_error_rates


def edit_distance(first, second) -> int:
    if not first or not second:
        return len(first) + len(second)
    return min(
        edit_distance(first[1:], second) + 1,
        edit_distance(first, second[1:]) + 1,
        edit_distance(first[1:], second[1:]) + (first[0] != second[0]),
    )


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It's 10 o'clock, 'dear' Mr. Brown!", "en-us", "it's ten o'clock dear mister brown"),
        ("Custa 3 reais — já.", "pt-br", "custa três reais já"),
        ("Straße; Ärger", "de", "strasse ärger"),
        ("It’s   DONE_now", None, "it's done now"),
        ("Room 10", None, "room 10"),
        ("كَتَبَ", "ar", "كتب"),
        ("हिन्दी", "hi", "हिन्दी"),
        ("İstanbul IŞIK", "tr", "istanbul ışık"),
        ("Istanbul", "en-us", "istanbul"),
        ("...", None, ""),
    ],
)
def test_normalisation_leaves_the_words(text, language, expected):
    assert normalize_transcript(text, language) == expected


def test_word_and_character_error_rates_agree_with_a_plain_edit_distance():
    letters = random.Random(0)
    heard = [" ".join(letters.choices(["aa", "b", "cc"], k=letters.randint(1, 4))) for _ in range(12)]
    wanted = [" ".join(letters.choices(["aa", "b", "cc"], k=letters.randint(1, 4))) for _ in range(12)]
    heard[3] = ""
    rates = transcript_error_rates(heard, wanted)
    pairs = list(zip(heard, wanted, strict=True))
    words = sum(edit_distance(h.split(), w.split()) for h, w in pairs) / sum(len(w.split()) for w in wanted)
    short = pairs[:4]
    assert rates["wer"] == pytest.approx(words)
    characters = sum(edit_distance(h[:7], w[:7]) for h, w in short) / sum(len(w[:7]) for _, w in short)
    cut = transcript_error_rates([h[:7] for h, _ in short], [w[:7] for _, w in short])
    assert cut["cer"] == pytest.approx(characters, abs=0.1)  # a cut may end in a space, which is stripped


def test_numbers_count_as_their_words_in_each_language():
    rates = transcript_error_rates(["three", "três"], ["3", "3"], ["en-us", "pt-br"])
    assert rates == {"wer": 0.0, "cer": 0.0}
    assert transcript_error_rates(["three"], ["3"])["wer"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], []), "1 predictions cannot be compared with 0 references"),
        (([], []), "0 predictions"),
        ((["a"], ["?!"]), "reference 0, '\\?!', has no word"),
        ((["a"], ["a"], ["de", "fr"]), "2 languages are given for 1 references"),
    ],
)
def test_transcripts_that_cannot_be_compared(arguments, message):
    with pytest.raises(ValueError, match=message):
        transcript_error_rates(*arguments)


def test_missing_libraries_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(ImportError, match="pip install jiwer"):
        transcript_error_rates(["a"], ["a"])
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(ImportError, match="rapidfuzz, which comes with jiwer"):
        phoneme_error_rate([["a"]], [["a"]])


@pytest.mark.parametrize(
    ("ipa", "phones"),
    [
        ("hˈɛləʊ, wˈɜːld!", ["h", "ɛ", "l", "ə", "ʊ", "w", "ə", "l", "d"]),
        ("bɔ̃ mɛ̃", ["b", "ɔ\u0303", "m", "ɛ\u0303"]),
        ("ɪç", ["ɪ", "ç"]),
        ("hˈakːa at tu", ["h", "a", "k", "a", "t", "u"]),
        ("rɾ t͡ʃ", ["ɾ", "t", "ʃ"]),
        ("ˈ . ", []),
    ],
)
def test_folding(ipa, phones):
    assert phones_of_ipa(ipa) == phones


def test_folding_of_tokens_keeps_one_entry_a_token():
    from valetts_hf.processing.symbols import SYMBOLS, ipa_to_ids

    ids = ipa_to_ids("bɔ̃ː aː.")
    folded = fold_tokens([SYMBOLS[i] for i in ids])
    assert folded == [None, "b", "ɔ\u0303", "ɔ\u0303", "ɔ\u0303", None, "a", "a", None, None]
    assert phones_of_ids(ids) == fold_phones(folded) == ["b", "ɔ\u0303", "a"]
    assert fold_tokens(["ː"]) == [None]


def test_phoneme_error_rate_agrees_with_a_plain_edit_distance():
    draws = random.Random(1)
    heard = [draws.choices("abc", k=draws.randint(0, 6)) for _ in range(20)]
    wanted = [draws.choices("abc", k=draws.randint(1, 6)) for _ in range(20)]
    errors = sum(edit_distance(h, w) for h, w in zip(heard, wanted, strict=True))
    assert phoneme_error_rate(heard, wanted) == pytest.approx(errors / sum(map(len, wanted)))


def test_phones_that_cannot_be_compared():
    with pytest.raises(ValueError, match="1 hypotheses cannot be compared with 2 references"):
        phoneme_error_rate([["a"]], [["a"], ["b"]])
    with pytest.raises(ValueError, match="no phone"):
        phoneme_error_rate([["a"]], [[]])
