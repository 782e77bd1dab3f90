"""Pauses predicted within sentences: what places look like, what the model makes of them, breath, and what users decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import tiny_processor
from valetts_hf.processing.pause_features import boundary_features, distances_to_mark, find_boundaries
from valetts_hf.processing.pause_lengths import PAUSE_SECONDS
from valetts_hf.processing.pause_prediction import LONGEST, SHORTEST, PauseModel, default_pause_model
from valetts_hf.processing.symbols import IPA_CHARACTERS, PUNCTUATION, SYMBOLS, ipa_to_ids
from valetts_hf.processing.text_analysis import analyze_text


def ids_of(text: str, language: str = "en-us") -> list[int]:
    (segment,) = analyze_text(text, language, max_tokens=None)
    return ipa_to_ids(segment.phonemes)


def words(count: int) -> list[int]:
    return ipa_to_ids(" ".join(["ˈaba"] * count))


def test_boundaries_know_their_marks_and_words():
    found = find_boundaries(ipa_to_ids('ðə dˈɔɡ, "bˈɑːɹks": ɪt ɪz! lˈaʊd'))
    assert [boundary.mark for boundary in found] == ["space", "comma", "clause", "space", "sentence"]
    assert [boundary.kind for boundary in found] == ["space", "comma", "mark", "space", "mark"]
    assert [boundary.quote for boundary in found] == [False, True, True, False, False]
    assert (found[0].before, found[0].after) == ("ðə", "dɔɡ")
    assert (found[0].stressed_before, found[0].stressed_after) == (False, True)
    assert [distances_to_mark(found)[index] for index in (0, 1, 3, 4)] == [3, 5, 2, 4]
    (single,) = find_boundaries(ipa_to_ids('a "b'))
    assert (single.mark, single.kind) == ("quote", "space")


def test_features_name_language_words_and_distances():
    (boundary,) = find_boundaries(ipa_to_ids("bˈi ænd"))
    features = boundary_features(boundary, 100, 3, "en-us")
    assert features["space:en-us"] == features["before:en-us:bi"] == features["after:en-us:ænd"] == 1.0
    assert features["space:stress:10"] == 1.0 and features["space:breath"] > 1 and features["space:short"] == 1.0


def test_the_model_knows_commas_and_clauses():
    model = default_pause_model()
    ids = ids_of("We waited for the ferry all morning long, but it never came to the harbour.")
    (boundary,) = [boundary for boundary in find_boundaries(ids) if boundary.mark == "comma"]
    (pause,) = model.predict(ids, "en-us")
    assert (pause.start, pause.end) == (boundary.start, boundary.end)
    assert SHORTEST <= pause.seconds <= LONGEST

    def logit(after: str) -> float:
        (place,) = find_boundaries(ipa_to_ids(f"kˈæt {after}"))
        return model.logit(boundary_features(place, 40, 40, "en-us"))

    assert logit("bʌt") > logit("dˈɔɡ") > logit("ʌv"), "clauses open with 'but', nobody pauses before 'of'"


def test_no_pauses_without_words_between():
    assert default_pause_model().predict(ipa_to_ids("həlˈoʊ"), "en-us") == []
    assert default_pause_model().predict(ipa_to_ids("..."), "en-us") == []


NEVER = PauseModel({"space": -9.0}, {"space": -1.0}, 0.0, breath=40)
ALWAYS = PauseModel({"space": 9.0}, {"space": -1.0}, 0.0, breath=40)


def test_long_stretches_are_divided_into_breaths():
    ids = words(60)  # of three phonemes
    pauses = NEVER.predict(ids, "en-us")
    ends = [0, *(pause.start for pause in pauses), len(ids)]
    assert all(later - earlier <= 40 / 3 * 5 + 10 for earlier, later in zip(ends, ends[1:]))
    assert NEVER.predict(words(12), "en-us") == []


def test_the_user_has_the_last_word():
    ids = words(5)
    places = [boundary.start for boundary in find_boundaries(ids)]
    assert [pause.start for pause in ALWAYS.predict(ids, "en-us")] == places
    assert [pause.start for pause in ALWAYS.predict(ids, "en-us", asked={places[1]: 0.5})] == [places[0], *places[2:]]
    assert [pause.start for pause in ALWAYS.predict(ids, "en-us", asked={places[1]: 0.0})] == [places[0], *places[2:]]
    assert [pause.start for pause in ALWAYS.predict(ids, "en-us", allowed={places[2]})] == [places[2]]


def test_a_pause_of_the_user_is_a_breath():
    ids = words(20)  # 60 phonemes: more than a breath of 40
    places = [boundary.start for boundary in find_boundaries(ids)]
    assert len(NEVER.predict(ids, "en-us")) == 1
    assert NEVER.predict(ids, "en-us", asked={places[9]: 0.4}) == []


def test_lengths_stay_reasonable():
    for weight in (-50.0, 50.0):
        (pause,) = PauseModel({"space": 9.0}, {"space": weight}, 0.0, 40).predict(words(2), "en-us")
        assert SHORTEST <= pause.seconds <= LONGEST


def test_languages_per_token():
    ids = words(3)
    model = PauseModel({"space:de": 9.0, "space": -1.0}, {}, 0.0, 40)
    languages = ["en-us"] * 6 + ["de"] * (len(ids) - 6)
    assert [pause.start for pause in model.predict(ids, languages)] == [find_boundaries(ids)[1].start]


def test_lengths_of_marks_are_ordered():
    order = ("none", "comma", "clause", "sentence", "paragraph")
    seconds = [PAUSE_SECONDS[name] for name in order]
    assert seconds == sorted(seconds) and PAUSE_SECONDS["ellipsis"] >= PAUSE_SECONDS["sentence"]


@given(
    st.text(alphabet=[*"abs ", *PUNCTUATION, *IPA_CHARACTERS[:6]], max_size=200),
    st.sampled_from(["en-us", "pt-br", "sw"]),
)
def test_pauses_are_only_between_words(ipa, language):
    ids = ipa_to_ids(ipa)
    pauses = default_pause_model().predict(ids, language)
    for pause in pauses:
        assert 0 < pause.start < pause.end < len(ids)
        assert all(symbol in PUNCTUATION + " " for symbol in _symbols(ids[pause.start : pause.end]))
    assert pauses == sorted(pauses, key=lambda pause: pause.start)


def _symbols(ids: list[int]) -> list[str]:
    return [SYMBOLS[index] for index in ids]


@pytest.mark.parametrize("language", ["en-us", "pt-br", "fr", "hi"])
def test_readers_pause_at_the_comma_between_clauses(language):
    text = {
        "en-us": "When the rain had finally stopped, the children went out to the garden to play.",
        "pt-br": "Quando a chuva finalmente parou, as crianças foram brincar no jardim da escola.",
        "fr": "Quand la pluie eut enfin cessé, les enfants sortirent jouer dans le jardin de leur école.",
        "hi": "जब बारिश आखिरकार रुक गई, तो बच्चे स्कूल के बगीचे में खेलने के लिए बाहर चले गए।",
    }[language]
    ids = ids_of(text, language)
    comma = next(boundary for boundary in find_boundaries(ids) if boundary.mark == "comma")
    assert comma.start in [pause.start for pause in default_pause_model().predict(ids, language)]


def test_the_processor_phrases_on_demand():
    processor = tiny_processor()
    texts = ["We waited for the ferry all morning long, but it never came to the harbour.", "Hello"]
    assert "pauses" not in processor(texts, language="en-us", return_tensors="pt")
    inputs = processor(texts, language="en-us", return_tensors="pt", pauses="model", pause_scale=2.0)
    rows = inputs["pauses"]
    assert rows.shape == inputs["input_ids"].shape and bool(rows[1].isnan().all())
    (comma,) = [b for b in find_boundaries(inputs["input_ids"][0].tolist()) if b.mark == "comma"]
    spoken = rows[0].nan_to_num()
    assert 2 * SHORTEST < spoken[comma.start : comma.end].sum() == spoken.sum() < 2 * LONGEST
    with pytest.raises(ValueError, match="pauses must be one of 'model', 'text', got 'none'"):
        processor("Hello", pauses="none")
