"""Words that espeak-ng reads wrong: how they are spelled for it, or how they sound.

Only words and readings that leave no doubt belong here; pronunciations of one's own go into a `Lexicon`, which wins.
"""

from .homographs_pt import unmistakable
from .languages import LANGUAGES
from .loan_words_pt import LOAN_WORDS
from .number_sounds_ar import NUMBER_SOUNDS
from .symbols import normalize_ipa


_BARE = str.maketrans("éêóô", "eeoo")
# Portuguese words with the accent that tells espeak-ng whether their vowel is open.
_VOWELS_PT = (
    "colhéres córos fonséca fórnos gérson isadóra méta métas quarésma socórros "
    "chôros concêrto concêrtos consêrtos crôsta crôstas desinterêsse desprêzos destrôço entêrros lacêrda môlhos "
    "namôros rebêlo rôlos sôpros tôpos tôrre trôcos"
)
_ENDINGS_PT = "e em i ia iam ida idas ido idos indo ir irá iram iu"  # of verbs whose u is silent

# Language, with or without its region -> word in small letters -> how espeak-ng must see it. Without the silent h it
# reads the letters of acronyms by the names of their accents ("i agudo").
_SPELLINGS: dict[str, dict[str, str]] = {
    "pt": {
        **{"í": "hí", "ú": "hú", "ê": "hê", "ô": "hô"},
        **{f"{stem}põem": f"{stem}põe" for stem in ("", "com", "de", "dis", "ex", "im", "o", "pro", "su")},
        **{spelled.translate(_BARE): spelled for spelled in _VOWELS_PT.split()},
        **{f"{verb}u{end}": f"{verb}h{end}" for verb in ("disting", "exting") for end in _ENDINGS_PT.split()},
        "hera": "éra",
        "inexorável": "inezorável",
        "maximizar": "massimizar",
        "obséquio": "obzéquio",
    },
    "pt-br": {**LOAN_WORDS, **{f"fech{end}": f"fêch{end}" for end in ("o", "a", "as", "am", "e", "es", "em")}},
    "de": {"meeting": "mieting", "meetings": "mietings", "wert": "weert"},
    "fr": {
        "vas-y": "vas-i",
        "allez-y": "allez-i",
        "allons-y": "allons-i",
        "pensez-y": "pensez-i",
        "restez-y": "restez-i",
        "bruxelles": "brusselles",
        "auxerre": "ausserre",
        "metz": "mèsse",
    },
    "es": {"youtube": "yutub", "whatsapp": "guatsap", "oaxaca": "oajaca", "texas": "tejas"},
    "hi": dict(  # the silent vowel within a number
        zip(
            "तिरपन पचपन उनसठ इकसठ तिरसठ सड़सठ अड़सठ उनहत्तर इकहत्तर पचहत्तर सतहत्तर अठहत्तर दशमलव बजकर".split(),
            "तिर्पन पच्पन उन्सठ इक्सठ तिर्सठ सड़्सठ अड़्सठ उन्हत्तर इक्हत्तर पच्हत्तर सत्हत्तर अठ्हत्तर दशम्लव बज्कर".split(),
        )
    ),
}
_ALONE: dict[str, dict[str, str]] = {"pt": {"é": "hé", "à": "há"}}  # a clause of one word
_SOUNDS: dict[str, dict[str, str]] = {
    "pt-br": {
        f"{stem}língue{s}": f"{ipa}lˈiŋɡwy{s}" for stem, ipa in (("bi", "bˌi"), ("tri", "trˌi")) for s in ("", "s")
    },
    "en": {"buffet": "bəfˈeɪ", "unesco": "juːnˈɛskoʊ"},
    "en-gb": {"buffet": "bˈʊfeɪ", "unesco": "juːnˈɛskəʊ"},
    "de": {
        "analyse": "analˈyːzə",
        "august": "aʊɡˈʊst",
        "holunder": "hoːlˈʊndɜ",
        "journalist": "ʒʊɾnalˈɪst",
        "journalisten": "ʒʊɾnalˈɪstən",
        "journalistin": "ʒʊɾnalˈɪstɪn",
        "orange": "orˈɑ̃ʒə",
        "orangen": "orˈɑ̃ʒən",
        "rathaus": "rˈɑːthaʊs",
        "gasthaus": "ɡˈasthaʊs",
        "gasthof": "ɡˈasthoːf",
        "youtube": "jˈuːtjuːp",
    },
    "ar": NUMBER_SOUNDS,
    "fa": {"و\u064f": "o"},  # "and" within a number
}


def _table(tables: dict[str, dict[str, str]], language: str) -> dict[str, str]:
    return {**tables.get(LANGUAGES[language].base, {}), **tables.get(language, {})}


_spellings = {code: _table(_SPELLINGS, code) for code in LANGUAGES}
_alone = {code: _table(_ALONE, code) for code in LANGUAGES}
_sounds = {code: {word: normalize_ipa(ipa) for word, ipa in _table(_SOUNDS, code).items()} for code in LANGUAGES}


def spelled_for_espeak(words: list[str], language: str) -> list[str]:
    """The words of a clause as espeak-ng must see them to read them right.

    Args:
        words: N words as written.
        language: a key of `LANGUAGES`.

    Returns:
        N words, most of them unchanged.
    """
    table = _spellings.get(language)
    if len(words) == 1 and _alone.get(language):
        table = {**(table or {}), **_alone[language]}
    if not table:
        return words
    written = [word.lower() for word in words]
    spelled = [table.get(as_written, word) for as_written, word in zip(written, words)]
    if LANGUAGES[language].base == "pt":
        if spelled[-1].endswith("-o"):  # "faça-o": espeak-ng says the name of a last letter
            spelled[-1] = f"{spelled[-1][:-1]}u"
        spelled = [unmistakable(written, index) or word for index, word in enumerate(spelled)]
    return spelled


def known_sounds(word: str, language: str) -> str | None:
    """IPA of a word that espeak-ng reads wrong however it is spelled, or None."""
    return _sounds.get(language, {}).get(word.lower())
