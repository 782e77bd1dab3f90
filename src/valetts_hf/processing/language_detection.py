"""Which language a sentence is in, restricted to the languages ValeTTS reads.

Scripts decide first (Cyrillic, Devanagari, Arabic). Latin text is judged by its small words and letters
(`language_hints`); only where these leave doubt, py3langid (a naive Bayes model over byte n-grams) is loaded and asked.
A sentence that stays doubtful ("Paris", "OK.") follows its neighbours, and without any the default.
"""

import math
import re
import threading
from functools import lru_cache

from .language_hints import (
    BULGARIAN_WORDS,
    CYRILLIC_NEIGHBOURS,
    HINT_LETTERS,
    HINT_WORDS,
    NOT_BULGARIAN,
    TELLING_WORDS,
)
from .languages import resolve_language
from .text_cleaning import is_persian, readable_in, script_of


DEFAULT_LANGUAGE = "en-us"
_LANGID_CODES = {"en": "en", "pt": "pt", "es": "es", "de": "de", "fr": "fr", "it": "it", "nl": "nl", "pl": "pl", "tr": "tr",
                 "sv": "sv", "nb": "no", "sw": "sw", "eo": "eo", "ca": "ca", "ro": "ro"}  # fmt: skip
_SCRIPT_LANGUAGES = {"CYRILLIC": "ru", "DEVANAGARI": "hi"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_RARE = frozenset(("nb", "sw", "eo", "ca", "ro"))  # taken only with good evidence
_MAX_CHARACTERS = 2000  # more text adds time, not certainty
_CACHED_GUESSES = 1024  # texts of that length, so some megabytes at most
_CLEAR_SCORE, _LEAST_EVIDENCE, _LEAST_PROBABILITY = 2.0, 0.7, 0.45
_TELLING_WEIGHT = 2.5

_WEIGHTS: dict[str, dict[str, float]] = {}
for _language, _words in HINT_WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _WEIGHTS.setdefault(_word, {})[_language] = 0.0
for _shares in _WEIGHTS.values():
    for _language in _shares:
        _shares[_language] = 1.0 / len(_shares)
for _language, _words in TELLING_WORDS.items():
    _WEIGHTS |= {_word: {_language: _TELLING_WEIGHT} for _word in _words.split()}

# In Russian "ъ" stands in front of "е", "ё", "ю" and "я" alone, in old spelling at the end of words, too.
_BULGARIAN = re.compile(rf"ъ(?=[бвгджзйклмнпрстфхцчшщ])|(?<!\w)(?:{'|'.join(BULGARIAN_WORDS.split())})(?!\w)")

_lock = threading.Lock()
_identifier = None


def _langid():
    """The py3langid model, loaded once; None where the package is missing."""
    global _identifier
    if _identifier is None:
        with _lock:
            if _identifier is None:
                try:
                    from py3langid.langid import MODEL_FILE, LanguageIdentifier
                except ImportError:
                    _identifier = False
                else:
                    load = (
                        getattr(LanguageIdentifier, "from_model_file", None) or LanguageIdentifier.from_pickled_model
                    )
                    model = load(MODEL_FILE, norm_probs=True)
                    model.set_languages(list(_LANGID_CODES.values()))
                    _identifier = model
    return _identifier or None


def _hint_scores(text: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    for word in _WORD.findall(text.lower()):
        for language, weight in _WEIGHTS.get(word.replace("’", "'"), {}).items():
            scores[language] = scores.get(language, 0.0) + weight
    if "R$" in text:
        scores["pt"] = scores.get("pt", 0.0) + 1.0
    for letter in set(text.lower()) & HINT_LETTERS.keys():
        languages = HINT_LETTERS[letter]
        for language in languages:
            scores[language] = scores.get(language, 0.0) + 1.0 / len(languages)
    return scores


def guess_language(text: str) -> str | None:
    """The language of a sentence, or None where its own characters do not tell.

    Args:
        text: a sentence; only its first 2,000 characters are looked at.

    Returns:
        A key of `LANGUAGES` or None. Portuguese is taken for Brazilian, English for American.
    """
    return _guess(text[:_MAX_CHARACTERS])


@lru_cache(maxsize=_CACHED_GUESSES)
def _guess(text: str) -> str | None:
    counts: dict[str, int] = {}
    for c in text:
        script = script_of(c)
        if script:
            counts[script] = counts.get(script, 0) + 1
    if not counts:
        return None
    script = max(counts, key=lambda name: counts[name])
    if script == "ARABIC":
        return "fa" if is_persian(text) else "ar"
    if script in _SCRIPT_LANGUAGES:
        return _SCRIPT_LANGUAGES[script]
    if script != "LATIN":
        return None
    return _guess_latin(text)


def _guess_latin(text: str) -> str | None:
    scores = _hint_scores(text)
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    best, second = (ranked + [("", 0.0), ("", 0.0)])[:2]
    if best[1] >= _CLEAR_SCORE and best[1] >= 2 * second[1]:
        return resolve_language(best[0])
    letters = sum(map(str.isalpha, text))
    probabilities: dict[str, float] = {}
    model = _langid() if letters > 2 else None
    if model is not None:
        ranks = dict(model.rank(text))
        probabilities = {language: float(ranks.get(code, 0.0)) for language, code in _LANGID_CODES.items()}
    totals = {
        language: scores.get(language, 0.0)
        + 0.7 * math.log(probabilities.get(language, 0.0) + 0.02)
        - (1.0 if language in _RARE else 0.0)
        for language in _LANGID_CODES
    }
    winner = max(totals, key=lambda language: totals[language])
    evidence, probability = scores.get(winner, 0.0), probabilities.get(winner, 0.0)
    words = len(_WORD.findall(text))
    enough = evidence >= _LEAST_EVIDENCE or (probability >= _LEAST_PROBABILITY and (words > 1 or probability > 0.55))
    if winner in _RARE and not (evidence >= 1.0 or (words > 2 and probability > 0.7)):
        enough = False
    return resolve_language(winner) if enough else None


def unread_languages(text: str) -> list[str]:
    """Names of the languages that a text with Cyrillic letters beyond the Russian ones may be in; empty if none fits.

    Args:
        text: any text.
    """
    letters = {c for c in text.lower() if script_of(c) == "CYRILLIC" and c.isalpha()}
    foreign = {c for c in letters if not readable_in(c)}
    if not foreign:
        return []
    return [
        name
        for name, (own, missing) in CYRILLIC_NEIGHBOURS.items()
        if foreign <= set(own) and not letters & set(missing)
    ]


def is_bulgarian(text: str) -> bool:
    """Whether a text in Cyrillic letters has what only Bulgarian has: "ъ" as a vowel, or everyday words.

    Args:
        text: a text in letters that Russian has.
    """
    lower = text.lower()
    return _BULGARIAN.search(lower) is not None and not any(letter in lower for letter in NOT_BULGARIAN)


def detect_language(text: str, default: str = DEFAULT_LANGUAGE) -> str:
    """The language of a text, or `default` where the text does not tell (names, numbers, single letters).

    Args:
        text: any text.
        default: what to return in doubt; any code `resolve_language` takes.

    Returns:
        A key of `LANGUAGES`.
    """
    return guess_language(text) or resolve_language(default)


def detect_languages(sentences: list[str], default: str = DEFAULT_LANGUAGE) -> list[str]:
    """The language of each sentence of one text; doubtful sentences follow the sentence before, then the one behind.

    Args:
        sentences: N sentences in order.
        default: used where no sentence can be told.

    Returns:
        N keys of `LANGUAGES`.
    """
    guesses = [guess_language(sentence) for sentence in sentences]
    if len(sentences) > 1 and None in guesses:
        whole = guess_language(" ".join(sentences)) if not any(guesses) else None
        known = next((guess for guess in guesses if guess), None) or whole or resolve_language(default)
        for index, guess in enumerate(guesses):
            known = guess or known
            guesses[index] = known
    return [guess or resolve_language(default) for guess in guesses]
