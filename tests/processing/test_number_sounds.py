"""Number words of Arabic, Persian, Hindi and Swahili sound as people say them, and no sign is read in English."""

import pytest

from valetts_hf.processing.number_sounds_ar import NUMBER_SOUNDS
from valetts_hf.processing.number_words_ar import arabic_number, arabic_ordinal, in_front_of_noun, oblique
from valetts_hf.processing.number_words_hi import hindi_number
from valetts_hf.processing.number_words_sw import swahili_number
from valetts_hf.processing.phonemization import phonemize
from valetts_hf.processing.text_normalization import normalize


@pytest.mark.parametrize("feminine", [False, True])
def test_every_arabic_number_word_has_its_vowels(feminine):
    numbers = [*range(1200), 2000, 5000, 11_000, 20_000, 200_000, 10**6, 3 * 10**6, 11 * 10**6, 5 * 10**9]
    said = [arabic_number(number, feminine) for number in numbers]
    said += [arabic_ordinal(number, feminine) for number in range(1, 100)]
    words = {
        word for words in said for form in (words, oblique(words), in_front_of_noun(words)) for word in form.split()
    }
    assert words - NUMBER_SOUNDS.keys() == set()


@pytest.mark.parametrize(
    ("language", "text", "sounds"),
    [
        ("ar", "25", "χˈamsa waʕiʃrˈuːn"),
        ("ar", "ثلاثة وستون", "θalˈaːθa wasitːˈuːn"),
        ("ar", "الثالثة", "ʔaθːˈaːliθa"),
        ("fa", "25", "bist o pˈandʒ"),
        ("fa", "من و تو", "man vˈa tˈo"),
        ("hi", "67.2", "sˈʌɽsəʈʰ dəʃˈʌmləʋ dˈoː"),
        ("sw", "1000000", "mˌiliˈoni mˈoɟa"),
    ],
)
def test_sounds(language, text, sounds):
    assert phonemize(normalize(text, language), language) == sounds


@pytest.mark.parametrize("language", ["hi", "ar", "fa", "sw", "eo"])
def test_no_fraction_is_left_to_be_read_in_english(language):
    assert not set("½⅓⅔¼¾⅛×") & set(normalize("½ ⅓ ⅔ ¼ ¾ ⅛ 1½ 2 × 3", language))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "शून्य"), (100, "सौ"), (101, "एक सौ एक"), (10**7, "एक करोड़"), (10_05_000, "दस लाख पाँच हज़ार")],
)
def test_hindi(number, words):
    assert hindi_number(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "sifuri"),
        (10, "kumi"),
        (11, "kumi na moja"),
        (1001, "elfu moja na moja"),
        (250_000, "laki mbili elfu hamsini"),
    ],
)
def test_swahili(number, words):
    assert swahili_number(number) == words
