"""Words to phonemes: espeak-ng, punctuation, and which phonemes belong to which word."""

import json
import subprocess
import sys
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from valetts_hf.processing import phonemization
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.phonemization import clause_to_phonemes, phonemize, phonemize_batch, phonemize_items
from valetts_hf.processing.spoken_items import join_items, mark_quotes, split_items
from valetts_hf.processing.symbols import normalize_ipa, unknown_symbols
from valetts_hf.processing.word_alignment import align_words


SENTENCES = {
    "en-us": "The quick brown fox jumps over the lazy dog near the church; is it vision or measure?",
    "en-gb": "The quick brown fox jumps over the lazy dog near the church; is it vision or measure?",
    "pt-br": "Não põe o pão na mãe: coração, linguiça, trabalho, ninho, carro, rato, tio, dia, hoje.",
    "pt-pt": "Não põe o pão na mãe: coração, linguiça, trabalho, ninho, carro, rato, tio, dia, hoje.",
    "es": "El pingüino añoraba a su querido cachorro; ¿dónde está la llave? ¡Aquí!",
    "de": "Zwölf Boxkämpfer jagen Viktor quer über den großen Deich, Garage, Restaurant, ich, ach.",
    "fr": "Portez ce vieux whisky au juge blond qui fume ; un bon vin blanc, œuf, garçon.",
    "it": "Gli gnocchi della zia sono squisiti, ma lo zaino è già qui: pizza, mezzo, sciare.",
    "nl": "Pa's wijze lynx bezag vroom het fikse aquaduct; gracht, uil, neus, meisje.",
    "pl": "Chrząszcz brzmi w trzcinie, źdźbło, żółć, gęś, dzień, świat, ćma, łódź.",
    "ru": "Съешь ещё этих мягких французских булок, да выпей же чаю; щука, объявление.",
    "tr": "Pijamalı hasta yağız şoföre çabucak güvendi; kâğıt, ışık, büyük.",
    "sv": "Flygande bäckasiner söka hwila på mjuka tuvor; sjuksköterska, stjärna.",
    "hi": "मेरा नाम राम है। ज्ञान, श्रद्धा, पढ़ना, घोड़ा, फ़िल्म, ख़बर, ठंडा, झंडा।",
    "nb": "Vår sære Zulu fra badeøya spilte jo whist og quickstep i min taxi.",
    "sw": "Habari ya asubuhi, chakula, thelathini, ghali, mbwa, nyumba.",
    "ar": "صِف خَلقَ خَودٍ كَمِثلِ الشَمسِ، قلب، غرفة، ظهر، عين.",
    "eo": "Eble ĉiu kvazaŭ-deca fuŝĥoraĵo ĝojigos homtipon.",
    "fa": "سلام، حال شما چطور است؟ ژاله، قلم، غذا، عشق.",
    "ca": "Jove xef, porti whisky amb quinze glaçons d'hidrogen; cel·la.",
    "ro": "Gheorghe a reușit să obțină jucându-se un flux de o mie kilowațioră.",
}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_language_speaks_in_known_symbols(language):
    ipa = phonemize(SENTENCES[language], language)
    assert len(ipa) > 30 and "ˈ" in ipa
    assert not unknown_symbols(ipa)
    assert normalize_ipa(ipa) == ipa
    assert not any(c.isdigit() or c in "_-" for c in ipa)


@pytest.mark.parametrize(
    ("text", "language", "ipa"),
    [
        ("Hello, world.", "en-us", "həlˈoʊ, wˈɜːld."),
        ("Bom dia!", "pt", "bˈoŋ dʒˈiæ!"),
        ("¿Qué? ¡Sí!", "es", "¿kˈe? ¡sˈi!"),
        ("« Bonjour », dit-il : « ça va ? »", "fr", '"bɔ̃ʒˈuʁ", dˈitˈil: "sa vˈa?"'),
        ('He said: "Come here" (now)... Well — yes!!', "en", 'hiː sˈɛd: "kˈʌm hˈɪɹ" (nˈaʊ)… wˈɛl— jˈɛs!'),
        ("a - b -- c", "es", "ˈa— bˈe— θˈe"),
        ("", "en", ""),
        (" ~ ' ", "en", ""),
        ("...", "en", "…"),
    ],
)
def test_punctuation(text, language, ipa):
    assert phonemize(text, language) == normalize_ipa(ipa)


def test_foreign_words_leave_no_language_flags():
    ipa = phonemize("software marketing shopping design playground", "fr") + phonemize("Der Designer surft", "de")
    assert "(" not in ipa and not any(flag in ipa for flag in ("en)", "fr)"))


def test_quotes_do_not_change_the_words_around():
    assert phonemize('a "big" house', "en-us") == 'ɐ "bˈɪɡ" hˈaʊs'
    assert phonemize('"one of" the best', "en-us").replace('"', "").replace(" ", "") == "wˈʌnʌvðəbˈɛst"


def test_initials_are_no_sentence_ends():
    assert "." not in phonemize("The U.S. economy", "en-us")
    assert phonemize("in the U.S.", "en-us").endswith(".")


def test_batch_is_the_same():
    texts = ["One.", "Two of them.", "One."]
    assert phonemize_batch(texts, "en") == [phonemize(text, "en") for text in texts]


def test_long_words_are_not_cut_off():
    short, long = phonemize("ba" * 20, "pt-br"), phonemize("ba" * 2000, "pt-br")
    assert long.count("b") == 2000 and short.count("b") == 20
    assert phonemize("casa " * 3000, "pt-br").count("k") == 3000


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en-us", "one of the best in the world", {"of": "ʌv", "the": "ðə", "world": "wˈɜːld"}),
        ("en-us", "I am in the U.S.A. now", {"I": "aɪ", "am": "ɐm", "U.S.A.": "jˌuːˌɛsˈeɪ"}),
        ("de", "Es ist so schön", {"Es": "ɛs", "ist": "ɪst", "so": "zoː"}),
        ("pl", "nie ma go", {"nie": "ɲʲˈɛ", "ma": "ma"}),
    ],
)
def test_words_that_espeak_joins_get_their_own_phonemes(language, text, expected):
    items = split_items(text)
    for item in items:
        item.language = language
    phonemize_items(items)
    got = {item.text: item.phonemes for item in items}
    assert {word: got[word] for word in expected} == expected


@example(["of", "the", "of"])
@given(st.lists(st.sampled_from("of the a in I am well-known 1,000 U.S.A is to and don't world".split()), min_size=1))
def test_alignment_loses_nothing(words):
    spoken = clause_to_phonemes(" ".join(words), "en-us")
    parts = align_words(words, spoken, lambda word: clause_to_phonemes(word, "en-us"))
    assert len(parts) == len(words)
    joined = "".join(part + ("" if glued else " ") for part, glued in parts)
    assert joined.replace(" ", "") == spoken.replace(" ", "")


@example([""], "a ˈ")
@given(st.lists(st.text("aeiou ˈːbdg", max_size=6), min_size=1, max_size=6), st.text("aeiou ˈːbdg", max_size=30))
def test_alignment_loses_nothing_of_any_reading(readings, spoken):
    spoken = " ".join(spoken.split())
    words = [f"w{i}" for i in range(len(readings))]
    table = {word: " ".join(reading.split()) for word, reading in zip(words, readings)}
    parts = align_words(words, spoken, table.__getitem__)
    assert len(parts) == len(words)
    assert "".join(part for part, _ in parts).replace(" ", "") == spoken.replace(" ", "")


@given(st.text("ab. ,!?\"'()…—-¿¡\n ", max_size=40))
def test_items_cover_all_letters(text):
    items = split_items(mark_quotes(text))
    assert [c for item in items if not item.is_mark for c in item.text if c.isalpha()] == [
        c for c in text if c.isalpha()
    ]
    assert all(text[item.start : item.end] == item.text for item in items if not item.is_mark)
    for item in items:
        item.phonemes = item.phonemes or "x"
    ipa = join_items(items)
    assert "  " not in ipa and ipa == ipa.strip()


def test_threads_and_languages_do_not_disturb_each_other():
    wanted = {code: phonemize(text, code) for code, text in SENTENCES.items()}
    phonemization._remembered_phonemes.cache_clear()
    wrong = []

    def read(codes):
        for code in codes:
            if phonemize(SENTENCES[code], code) != wanted[code]:
                wrong.append(code)

    codes = list(SENTENCES)
    threads = [threading.Thread(target=read, args=(codes[i:] + codes[:i],)) for i in range(0, len(codes), 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_missing_packages_are_named():
    program = (
        "import sys, json\n"
        "sys.modules['espeakng_loader'] = None\n"
        "from valetts_hf.processing.phonemization import phonemize\n"
        "try:\n    phonemize('Hello', 'en')\nexcept ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install phonemizer espeakng-loader" in json.loads(done.stdout.strip().splitlines()[-1])
