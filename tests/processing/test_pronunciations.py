"""Words that espeak-ng reads wrong: English homographs, loan words and names, vowels, letters with accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing.homographs_en import model_phrase
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.lexicon import Lexicon
from valetts_hf.processing.phonemization import phonemize
from valetts_hf.processing.pronunciations import known_sounds, spelled_for_espeak
from valetts_hf.processing.symbols import normalize_ipa, unknown_symbols
from valetts_hf.processing.text_analysis import analyze_text


CLOSE, NEAR = "klˈoʊz", "klˈoʊs"
HOMOGRAPHS = [
    ("Close the door.", CLOSE),
    ("Please close your eyes.", CLOSE),
    ("The doors close the moment it rains.", CLOSE),
    ("That was close the whole time.", NEAR),
    ("He came so close the dog barked.", NEAR),
    ("It is close to me.", NEAR),
    ("Use the stairs.", "jˈuːz"),
    ("Most people use the train.", "jˈuːz"),
    ("It is no use the way it is.", "jˈuːs"),
    ("During daily use the phone gets warm.", "jˈuːs"),
    ("Record the meeting.", "ɹᵻkˈɔːɹd"),
    ("In her record the best song is new.", "ɹˈɛkɚd"),
    ("Present your ticket.", "pɹɪzˈɛnt"),
    ("At present the door is shut.", "pɹˈɛzənt"),
    ("Present all week.", "pɹˈɛzənt"),
    ("Perfect every time!", "pˈɜːfɛkt"),
    ("Insert the card.", "ɪnsˈɜːt"),
    ("An increase the bank wants.", "ˈɪŋkɹiːs"),
    ("Separate the eggs.", "sˈɛpɚɹˌeɪt"),
    ("Tear the paper.", "tˈɛɹ"),
    ("A tear in her eye.", "tˈɪɹ"),
    ("Many people live here.", "lˈɪv"),
    ("Live your life.", "lˈɪv"),
    ("Live from London.", "lˈaɪv"),
    ("Excuse me.", "ɛkskjˈuːz"),
    ("That is no excuse.", "ɛkskjˈuːs"),
    ("She read the book.", "ɹˈɛd"),
    ("I read it two days ago.", "ɹˈɛd"),
    ("We read that last week.", "ɹˈɛd"),
    ("Did she read the book?", "ɹˈiːd"),
    ("Can he or she read it?", "ɹˈiːd"),
    ("Did you read it yesterday?", "ɹˈiːd"),
    ("I read every day.", "ɹˈiːd"),
    ("The pipe is made of lead.", "lˈɛd"),
    ("An old lead pipe.", "lˈɛd"),
    ("She took the lead.", "lˈiːd"),
    ("From A to Z.", "ˈeɪ"),
    ("The shops close at nine.", CLOSE),
    ("Markets close higher.", CLOSE),
    ("It came to a close.", CLOSE),
    ("Are the shops close to you?", NEAR),
    ("They are close friends.", NEAR),
    ("Prices increase every year.", "ɪŋkɹˈiːs"),
    ("A sales increase in May.", "ˈɪŋkɹiːs"),
    ("Students graduate in June.", "ɡɹˈædjuːˌeɪt"),
    ("They insult him daily.", "ɪnsˈʌlt"),
    ("Please wind the clock.", "wˈaɪnd"),
    ("The roads wind through the hills.", "wˈaɪnd"),
    ("The wind up here is cold.", "wˈɪnd"),
    ("There was a tear in his coat.", "tˈɛɹ"),
    ("The man tears the book apart.", "tˈɛɹz"),
    ("Her tears ran down.", "tˈɪɹz"),
    ("The actors took a bow.", "bˈaʊ"),
    ("The archer took his bow.", "bˈoʊ"),
    ("They had a terrible row.", "ɹˈaʊ"),
    ("Three times in a row.", "ɹˈoʊ"),
    ("The sow had piglets.", "sˈaʊ"),
    ("There were minute traces of it.", "mˈaɪnuːt"),
    ("The last minute change.", "mˈɪnɪt"),
    ("The invalid sat there.", "ˈɪnvɐlˌɪd"),
    ("The card is invalid.", "ɪnvˈælɪd"),
    ("They sell fresh produce.", "pɹˈɑːduːs"),
    ("He seemed content with it.", "kəntˈɛnt"),
    ("Household refuse is burned.", "ɹˈɛfjuːs"),
    ("He caught a bass.", "bˈæs"),
    ("The bass player caught a cold.", "bˈeɪs"),
    ("He dove into the water.", "dˈoʊv"),
    ("A white dove in the tree.", "dˈʌv"),
    ("He wound the clock.", "wˈaʊnd"),
    ("The wound in his leg.", "wˈuːnd"),
    ("Lead is a heavy metal.", "lˈɛd"),
    ("They lead the metal industry.", "lˈiːd"),
    ("Polish the shoes.", "pˈɑːlɪʃ"),
    ("Polish food is good.", "pˈoʊlɪʃ"),
]


@pytest.mark.parametrize(("text", "sound"), HOMOGRAPHS)
def test_english_homographs(text, sound):
    assert normalize_ipa(sound) in phonemize(text, "en-us").replace(".", "").replace("?", "").replace("!", "").split()


def test_homographs_of_british_english_have_its_sounds():
    assert phonemize("Close the door and record it.", "en-gb").split() == "klˈəʊz ðə dˈɔː and ɹɪkˈɔːd ɪt.".split()


@pytest.mark.parametrize(
    ("text", "language", "sound"),
    [
        ("i bê gê", "pt-br", "ˈi bˈe ʒˈe"),
        ("o í", "pt-br", "ˈi"),
        ("o ú", "pt-pt", "ˈu"),
        ("Sim, é.", "pt-br", "sˈiŋ, ˈɛ."),
        ("Ele é bom.", "pt-br", " ɛ bˈoŋ"),
        ("Eles põem", "pt-br", "pˈõj"),
        ("inexorável", "pt-br", "ezoɾˈave"),
        ("no YouTube ou no WhatsApp", "pt-br", "jˌutˈubi ow nʊ ˌuatsˈapi"),
        ("baixei o app no tablet", "pt-br", "ˈɛpi nʊ tˈabletʃy"),
        ("os likes", "pt-br", "lˈaɪkys"),
        ("no home office", "pt-br", "ˈɔfisy"),
        ("as leggings", "pt-br", "lˈɛɡiŋs"),
        ("o Thiago em Paraty", "pt-br", "tʃˌiˈaɡw ˈeɪŋ pˌaɾatʃˈi"),
        ("a torre", "pt-br", "tˈoxy"),
        ("bati a meta", "pt-br", "mˈɛtæ"),
        ("primeiros socorros", "pt-pt", "sˌukˈɔʁʊʃ"),
        ("ela distinguiu", "pt-br", "dʒˌistʃiŋɡˈiʊ"),
        ("sou bilíngue", "pt-br", "bˌilˈiŋɡwy"),
        ("ela fecha", "pt-br", "fˈeʃæ"),
        ("faça-o", "pt-br", "fˈasæˈu"),
        ("Vas-y !", "fr", "vˈazˈi!"),
        ("à Bruxelles", "fr", "bʁysˈɛl"),
        ("im August", "de", "aʊɡˈʊst"),
        ("das Rathaus", "de", "rˈɑːthaʊs"),
        ("ein Meeting", "de", "mˈiːtɪŋ"),
        ("en Texas", "es", "tˈexas"),
        ("the buffet", "en-gb", "bˈʊfeɪ"),
    ],
)
def test_words_and_names(text, language, sound):
    assert normalize_ipa(sound) in phonemize(text, language)


def test_acronyms_are_not_read_by_their_accents():
    (segment,) = analyze_text("O IBGE e o INSS.", "pt-br")
    assert segment.phonemes == normalize_ipa("ʊ ˈi bˈe ʒˈe ɛ i ʊ ˈi ˈenj ˈɛsj ˈɛsy.")
    assert segment.normalized == "O í bê gê é e o í êne ésse ésse."


def test_what_is_written_stays_in_the_normalized_text():
    (segment,) = analyze_text("Close the door.", "en-us")
    assert segment.normalized == "Close the door." and [word.text for word in segment.words] == [
        "Close",
        "the",
        "door.",
    ]


def test_the_lexicon_wins():
    lexicon = Lexicon({"en": {"close": "a"}, "de": {"Rathaus": "b"}})
    assert analyze_text("Close the door.", "en-us", lexicon=lexicon)[0].phonemes.split()[0] == "a"
    assert analyze_text("Das Rathaus.", "de", lexicon=lexicon)[0].phonemes.split()[-1] == "b."


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_known_sounds_are_in_the_vocabulary(language):
    for word in ("buffet", "unesco", "orange", "august", "journalist"):
        ipa = known_sounds(word, language)
        assert ipa is None or not unknown_symbols(ipa)
    assert len(spelled_for_espeak(["é", "YouTube", "vas-y"], language)) == 3


@given(
    st.lists(
        st.sampled_from(
            "close use read lead live wind tear tears bow minute dove wound a she i did to the your in yesterday last week".split()
        )
    )
)
def test_any_words_are_looked_at(words):
    assert all(phrase is None or phrase for phrase in (model_phrase(words, index) for index in range(len(words))))
