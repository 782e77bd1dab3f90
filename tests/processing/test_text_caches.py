"""What the front end remembers of texts does not grow with their number or their length."""

import tracemalloc

import pytest

from valetts_hf.processing import language_detection, phonemization, text_analysis
from valetts_hf.processing.language_detection import guess_language
from valetts_hf.processing.phonemization import clause_to_phonemes
from valetts_hf.processing.text_analysis import analyze_text


CACHES = {
    "analyses": text_analysis._analyze_cached,
    "clauses": phonemization._remembered_phonemes,
    "guesses": language_detection._guess,
}


@pytest.fixture(autouse=True)
def empty_caches():
    for cache in CACHES.values():
        cache.cache_clear()
    yield
    for cache in CACHES.values():
        cache.cache_clear()


def test_thousands_of_texts_leave_what_the_stated_sizes_allow():
    for number in range(text_analysis._CACHED_TEXTS + 50):
        analyze_text(f"Train {number} leaves.", "en-us")
    for number in range(language_detection._CACHED_GUESSES + 50):
        guess_language(f"Der Zug {number} fährt.")
    assert CACHES["analyses"].cache_info().currsize == text_analysis._CACHED_TEXTS <= 512
    assert CACHES["guesses"].cache_info().currsize == language_detection._CACHED_GUESSES <= 2048
    assert 0 < CACHES["clauses"].cache_info().maxsize == phonemization._CACHED_CLAUSES <= 16384


def test_memory_of_the_front_end_stops_growing(monkeypatch):
    # The sounds are no part of this, and espeak-ng is slow under tracemalloc.
    monkeypatch.setattr(text_analysis, "phonemize_items", _sound_like_spelling)

    def read(first: int, last: int) -> int:
        for number in range(first, last):
            analyze_text(f"The train with number {number} leaves for the {number}th harbour. " * 2, "en-us")
        return tracemalloc.get_traced_memory()[0]

    full = text_analysis._CACHED_TEXTS
    tracemalloc.start()
    try:
        read(0, 20)
        half, filled, later = read(20, full // 2), read(full // 2, full + 20), read(full + 20, 2 * full)
    finally:
        tracemalloc.stop()
    assert filled - half > 200_000, "a cache that fills up is seen"
    assert later - filled < 0.5 * (filled - half), "and one that is full stays as it is"


def test_long_texts_are_read_and_not_kept():
    long = "The ferry leaves the harbour at seven. " * (text_analysis._CACHED_CHARACTERS // 39 + 1)
    assert len(analyze_text(long, "en-us")) > 10
    assert CACHES["analyses"].cache_info().currsize == 0
    before = CACHES["clauses"].cache_info().currsize
    assert clause_to_phonemes("na" * phonemization._MAX_CLAUSE_BYTES, "en-us")
    assert CACHES["clauses"].cache_info().currsize == before
    assert guess_language("Bom dia, meu amigo! " * 500) == guess_language("Bom dia, meu amigo! " * 900) == "pt-br"
    assert CACHES["guesses"].cache_info().currsize == 1, "what is looked at is what is kept"


def _sound_like_spelling(items):
    for item in items:
        if not item.is_mark and not item.is_quote:
            item.phonemes = "ta"
