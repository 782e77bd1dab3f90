"""Words that espeak-ng reads wrong: how they are spelled for it, or how they sound.

Only words and readings that leave no doubt belong here; pronunciations of one's own go into a `Lexicon`, which wins.
"""

from .languages import LANGUAGES
from .symbols import normalize_ipa


# Language, with or without its region -> word in small letters -> how espeak-ng must see it. Without the silent h it
# reads the letters of acronyms by the names of their accents ("i agudo").
_SPELLINGS: dict[str, dict[str, str]] = {
    "pt": {
        **{"í": "hí", "ú": "hú", "ê": "hê", "ô": "hô"},
        **{f"{stem}põem": f"{stem}põe" for stem in ("", "com", "de", "dis", "ex", "im", "o", "pro", "su")},
        "inexorável": "inezorável",
    },
    "pt-br": {
        "youtube": "iutúbi",
        "whatsapp": "uatsápi",
        "iphone": "aifone",
        "iphones": "aifones",
        "wifi": "uaifai",
        "wi-fi": "uaifai",
        "feedback": "fídbéque",
        "feedbacks": "fídbéques",
        "hacker": "ráquer",
        "hackers": "ráquers",
        "cookies": "cúquis",
        "streaming": "istrímim",
        "videogame": "videogueime",
        "videogames": "videogueimes",
    },
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
}
_ALONE: dict[str, dict[str, str]] = {"pt": {"é": "hé", "à": "há"}}  # a clause of one word
_SOUNDS: dict[str, dict[str, str]] = {
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
    return [table.get(word.lower(), word) for word in words] if table else words


def known_sounds(word: str, language: str) -> str | None:
    """IPA of a word that espeak-ng reads wrong however it is spelled, or None."""
    return _sounds.get(language, {}).get(word.lower())
