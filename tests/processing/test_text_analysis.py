"""The whole way from a text to segments: nothing lost, everything in its language, within the budget, linear in time."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valetts_hf.processing import text_analysis
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.lexicon import Lexicon
from valetts_hf.processing.sentence_splitting import split_sentences
from valetts_hf.processing.symbols import normalize_ipa, unknown_symbols
from valetts_hf.processing.text_analysis import analyze_text
from valetts_hf.processing.text_cleaning import canonicalize
from valetts_hf.processing.text_markup import parse_marks


def bare(text):
    return "".join(text.split())


def written(segments):
    return "".join(bare(word.text) for segment in segments for word in segment.words)


def phonemes_of(segment, index):
    word = segment.words[index]
    return segment.phonemes[word.token_start - 1 : word.token_end - 1]


def test_a_sentence():
    (segment,) = analyze_text('It costs "$5.99" — really? 😀')
    assert (segment.text, segment.language) == ('It costs "$5.99" — really? 😀', "en-us")
    assert segment.normalized == 'It costs "five dollars and ninety-nine cents"— really?'
    assert segment.phonemes == 'ɪt kˈɔsts "fˈaɪv dˈɑːlɚz ænd nˈaɪntinˈaɪn sˈɛnts"— ɹˈiəli?'
    assert [word.text for word in segment.words] == ["It", "costs", '"$5.99" —', "really? 😀"]
    assert phonemes_of(segment, 2) == "fˈaɪv dˈɑːlɚz ænd nˈaɪntinˈaɪn sˈɛnts"
    assert phonemes_of(segment, 3) == "ɹˈiəli" and segment.sentence_end


def test_brazilian_sentence():
    (segment,) = analyze_text("O Dr. Silva pagou R$ 1.234,56 em 25/12/2024, às 10h30.")
    assert segment.language == "pt-br"
    assert segment.normalized == (
        "O doutor Silva pagou mil duzentos e trinta e quatro reais e cinquenta e seis centavos em vinte e cinco de "
        "dezembro de dois mil e vinte e quatro, às dez e trinta."
    )
    assert [word.text for word in segment.words][3:6] == ["pagou", "R$ 1.234,56", "em"]


def test_sentences_and_languages():
    segments = analyze_text("Good morning, my friend. Bom dia, meu amigo! Guten Morgen, mein Freund.")
    assert [segment.language for segment in segments] == ["en-us", "pt-br", "de"]
    assert {segment.language for segment in analyze_text("Good morning. Bom dia!", language="de")} == {"de"}
    assert analyze_text("Paris", default_language="fr")[0].language == "fr"


def test_two_languages_in_one_sentence():
    segments = analyze_text('Das Wort "спасибо" heißt <lang pt>obrigado</lang> oder [[tˈak]], नमस्ते und سلام.')
    assert [(segment.text.strip(), segment.language) for segment in segments] == [
        ("Das Wort", "de"),
        ('"спасибо"', "ru"),
        ("heißt", "de"),
        ("obrigado", "pt-br"),
        ("oder [[tˈak]],", "de"),
        ("नमस्ते", "hi"),
        ("und", "de"),
        ("سلام.", "ar"),
    ]
    assert [segment.sentence_end for segment in segments] == [False] * 7 + [True]
    assert "tˈak" in segments[4].phonemes
    inside = analyze_text("<lang de>Wie geht es? Mir geht es <lang fr>bien</lang>.</lang> Yes, fine.")
    assert [segment.language for segment in inside] == ["de", "de", "fr", "de", "en-us"] or [
        segment.language for segment in inside
    ] == ["de", "de", "fr", "en-us"]


def test_latin_words_and_units_in_other_scripts():
    segments = analyze_text("Он сказал Hello и купил 5 kg яблок.")
    assert [segment.language for segment in segments] == ["ru", "en-us", "ru"]
    assert "пять килограмм" in segments[2].normalized


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text is empty"),
        (" \n\t", "is only white space"),
        ("😀👍🏽", "has nothing to read: punctuation, emoji and control characters"),
        ("... — !?", "has nothing to read"),
        ("\x00\x1b\u200b", "has nothing to read|only white space"),
        (
            "日本語です",
            r"Cannot read '日' \(U\+65E5 CJK UNIFIED IDEOGRAPH-65E5\), .* for these CJK/HIRAGANA characters",
        ),
        ("I like 漢字.", r"in 'I like 漢字.' \(taken for English \(United States\), 'en-us'\)"),
        ("สวัสดี", "THAI"),
        ("안녕", "HANGUL"),
        ("שלום", "HEBREW"),
        ("Ελλάδα", "GREEK"),
        ("Київ", "CYRILLIC SMALL LETTER YI"),
        ("Слава Україні!", "in 'Слава Україні!': letters of Ukrainian, which is not supported"),
        ("Прывітанне, ў мяне", "letters of Belarusian, which"),
        ("Ђорђе је у Београду", "letters of Serbian, which"),
        ("Љубав", "letters of Serbian or Macedonian, which"),
        ("The word їжа", "letters of Ukrainian, which"),
        ("Сайн уу, өөр", "in 'Сайн уу, өөр': no supported language has a sound for these CYRILLIC characters"),
        ("təˈmeɪtoʊ", r"Cannot read 'ə'"),
        ("<lang de>a", "never closed"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        analyze_text(text)


def test_other_errors():
    with pytest.raises(TypeError, match="text must be a string, got NoneType"):
        analyze_text(None)
    with pytest.raises(ValueError, match="Language 'klingon' is not supported. Choose one of: en-us"):
        analyze_text("a", language="klingon")
    with pytest.raises(ValueError, match="max_tokens must be at least 20, got 5"):
        analyze_text("a", max_tokens=5)
    with pytest.raises(ValueError, match="Cannot read 'Ж'|'ru'") as caught:
        analyze_text("漢", language="ru")
    assert "'ru'" in str(caught.value)


def test_unreadable_scripts_can_be_explained():
    (segment,) = analyze_text('<phoneme ph="niˈhoŋ">日本</phoneme> is Japan', language="en")
    assert segment.words[0].text == "日本" and phonemes_of(segment, 0) == "niˈhoŋ"


def test_greek_letters_are_named():
    assert analyze_text("α and β")[0].phonemes.startswith("ˈælfə")


def test_lexicon_wins():
    lexicon = Lexicon({"en": {"São Tomé": "sˈaʊ tomˈɛ", "5": "fˈoʊf"}})
    (segment,) = analyze_text("In São Tomé, 5 o'clock.", language="en", lexicon=lexicon)
    assert [(word.text, phonemes_of(segment, i)) for i, word in enumerate(segment.words)][1:3] == [
        ("São Tomé,", "sˈaʊ tomˈɛ"),
        ("5", "fˈoʊf"),
    ]
    assert segment.normalized == "In [[sˈaʊ tomˈɛ]], [[fˈoʊf]] o'clock."
    assert analyze_text("5", language="en")[0].phonemes == "fˈaɪv"  # the cache knows them apart


def test_long_sentences_are_cut_at_clauses():
    text = (
        "She came home early, made some tea, sat down, and then she read a book about ships, trains, and the sea; " * 3
    )
    segments = analyze_text(text.strip() + " the end.", language="en", max_tokens=120)
    assert len(segments) > 3
    assert all(len(segment.phonemes) + 2 <= 120 for segment in segments)
    assert all(segment.phonemes[-1] in ",;." for segment in segments)
    assert [segment.sentence_end for segment in segments] == [False] * (len(segments) - 1) + [True]
    assert len(analyze_text(text, language="en", max_tokens=None)) == 1
    many = analyze_text("word " * 500, language="en")
    assert all(len(segment.phonemes) + 2 <= 200 for segment in many) and written(many) == "word" * 500


@pytest.mark.parametrize(
    "text", ["a" * 5000, "1" * 5000, "ba" * 2500, "https://a.bc/" + "de/" * 800, "!?" * 500 + "a"]
)
def test_monsters(text):
    segments = analyze_text(text, language="en")
    assert written(segments) == text
    assert all(segment.phonemes and len(segment.phonemes) <= 250 for segment in segments)


def test_hundred_thousand_characters():
    sentence = "The ferry leaves the harbour at seven, with 25 people on board, and R2D2 waits. "
    times = []
    for count in (20_000, 100_000):
        text = (sentence * (count // len(sentence) + 1))[:count]
        tries = []
        for _ in range(2):
            start = time.thread_time()  # what other threads compute meanwhile is not counted
            segments = analyze_text(text)
            tries.append(time.thread_time() - start)
        times.append(min(tries))
        assert written(segments) == bare(text)
    assert times[1] < 5 * times[0] * 2.5 + 0.5


ATOMS = (
    "hello world the of a in Dr. St. e.g. etc. R$ $ € % 1 12 1.234,56 3ª 2nd 10h30 10:30 25/12/2024 km/h 5km m² ½ 1/2 II "
    "@user a@b.com www.x.com ( ) [ ] \" ' “ ” « » ‘ – — -- ... … , ; : . ! ? ¿ & + = / * _ # ™ ° 😀 1️⃣ \x00 \u200b \u00ad ﬁ "
    "Straße naïve coração łódź İzmir привет नमस्ते سلام 999999999999999999999999 -5 I'm rock'n'roll C++ :) -> ____ "
    "[[təmˈeɪ]] aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
).split(" ") + ["\n", "\n\n", "\t"]


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=14),
    st.sampled_from([" ", " ", ""]),
    st.sampled_from([None, *LANGUAGES]),
    st.sampled_from([None, 20, 40, 200]),
)
def test_nothing_is_ever_lost(atoms, glue, language, max_tokens):
    text = glue.join(atoms)
    try:
        segments = analyze_text(text, language, max_tokens=max_tokens)
    except ValueError as error:
        if "nothing to read" not in str(error) and "white space" not in str(error) and "The IPA" not in str(error):
            raise
        return
    assert written(segments) == bare(canonicalize(text))
    for segment in segments:
        assert segment.phonemes and segment.words and segment.normalized
        assert normalize_ipa(segment.phonemes) == segment.phonemes and not unknown_symbols(segment.phonemes)
        end = 1
        for word in segment.words:
            assert end <= word.token_start < word.token_end <= len(segment.phonemes) + 1
            end = word.token_end
        if max_tokens and len(segment.words) > 1:
            assert len(segment.phonemes) + 2 <= max_tokens


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        segments = analyze_text(text)
    except ValueError:
        return
    assert all(segment.phonemes for segment in segments)


def test_threads():
    texts = [f"Number {i} costs R$ {i},50 and weighs {i} kg, 'ok'? Das ist Nr. {i}." for i in range(30)]
    wanted = [analyze_text(text) for text in texts]
    text_analysis._analyze_cached.cache_clear()
    results = []
    threads = [threading.Thread(target=lambda: results.append([analyze_text(t) for t in texts])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [wanted] * 6


def test_what_clients_can_send_takes_linear_time():
    many = 400_000  # quadratic rules would take hours
    assert split_sentences("a" + "." * many + "b") == [(0, many + 2)]
    assert parse_marks("[[" * many)[0] == "[[" * many
