"""Words to sounds: espeak-ng through `phonemizer`, with punctuation kept and words separated by single spaces.

espeak-ng comes as a wheel (`espeakng_loader`), no system package is needed. It is a C library full of global
state: every language gets its own copy of the library and its own lock, so that calls from threads are safe.
This file does not expand numbers or abbreviations (`text_normalization` does); what espeak-ng makes of them by itself
is what comes out.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache, partial

from .homographs_en import model_phrase
from .languages import LANGUAGES, resolve_language
from .pronunciations import known_sounds, spelled_for_espeak
from .spoken_items import Item, join_items, mark_quotes, split_items
from .symbols import IPA_CHARACTERS, normalize_ipa
from .text_cleaning import canonicalize, clean
from .word_alignment import align_words


_SWITCH = re.compile(r"\([a-z]{2,4}(?:-[a-z0-9-]+)?\)")  # "(en)", "(pt-br)": the voice changed for a foreign word
# What espeak-ng leaves in its IPA for phonemes that have no IPA name. Anything else unknown there has no sound.
_LEFTOVERS = {"r.": "ɽ", "[": "\u032a", "?": "ʔ", ":": "ː", "A": "ɑ", "N": "ŋ", "S": "ʃ", "X": "x", "Z": "ʒ"}
_LEFTOVER = re.compile(r"r\.|[\[?:ANSXZ]")
_NOT_IPA = re.compile(f"[^ {re.escape(IPA_CHARACTERS)}]|[|‖]")
# The only symbols espeak-ng gets to see: its reading of others ("©") mixes voices and can crash the library.
_READABLE_SYMBOLS = frozenset("'-.,·:/&%@$€£+=°#*")
_SYMBOL = re.compile(r"[&%@$€£+=°#*]")
# Signs in front of a word, all but the first of several, and hyphens that join no letters: espeak-ng crashes on a sign
# and a hyphen before Hindi letters.
_LOOSE_SIGNS = re.compile(
    r"(?<!\S)['\-.,·:/]*[-.,·:/](?=\S)|(?<=['\-.,·:/])['\-.,·:/]+"
    r"|(?<![^\s'\-.,·:/&%@$€£+=°#*])-|-(?![^\s'\-.,·:/&%@$€£+=°#*])"
)
# espeak-ng reads 800 bytes at a time, and its table of 300 words overflows where signs part letters ("a.a.a.a...").
_MAX_CLAUSE_BYTES, _MAX_CLAUSE_WORDS = 500, 60
# What is remembered are words and clauses of at most that size, some 500 bytes each with their phonemes: 10 MB, rarely 30.
_CACHED_CLAUSES = 16384

_STAND_INS = {
    "LATIN": ("baba", "aba"),
    "CYRILLIC": ("баба", "аба"),
    "DEVANAGARI": ("बाबा", "आबा"),
    "ARABIC": ("بابا", "ابا"),
}
_VOWELS = frozenset("aeiouyæøœɐɑɒɔəɚɛɜɨɪɯʉʊʌʏᵻ")

_voices: dict[str, "_EspeakVoice"] = {}
_voices_lock = threading.Lock()


class _EspeakVoice:
    """One copy of the espeak-ng library, set to one voice."""

    def __init__(self, voice: str):
        try:
            import espeakng_loader
            from phonemizer.backend.espeak.wrapper import EspeakWrapper
        except ImportError as error:
            raise ImportError(
                f"Reading text needs the packages phonemizer and espeakng-loader ({error}). "
                "Install them with: pip install phonemizer espeakng-loader"
            ) from error
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        self._wrapper = EspeakWrapper()
        self._wrapper.set_voice(voice)
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        with self._lock:
            return self._wrapper.text_to_phonemes(text)


def _voice(name: str) -> _EspeakVoice:
    voice = _voices.get(name)
    if voice is None:
        with _voices_lock:
            if name not in _voices:
                _voices[name] = _EspeakVoice(name)
            voice = _voices[name]
    return voice


def clause_to_phonemes(clause: str, language: str) -> str:
    """Phonemes of a stretch of words without punctuation.

    Args:
        clause: words as written, already normalised.
        language: a key of `LANGUAGES`.

    Returns:
        IPA with words separated by single spaces, as espeak-ng joins them ("of the" may be one word).
    """
    # A "word" has any length where somebody leaves the spaces out.
    return (_remembered_phonemes if len(clause) <= _MAX_CLAUSE_BYTES else _phonemes_of)(clause, language)


def _phonemes_of(clause: str, language: str) -> str:
    clause = "".join(c if c in _READABLE_SYMBOLS or unicodedata.category(c)[0] in "LMN" else " " for c in clause)
    if LANGUAGES[language].script != "LATIN":
        clause = _SYMBOL.sub(r" \g<0> ", clause.replace("'", ""))
    clause = _LOOSE_SIGNS.sub("", clause)
    phonemes = _SWITCH.sub("", _voice(LANGUAGES[language].espeak_voice)(clause).replace("_", ""))
    phonemes = normalize_ipa(_LEFTOVER.sub(lambda found: _LEFTOVERS[found.group()], phonemes))
    own = LANGUAGES[language].symbols
    phonemes = _NOT_IPA.sub(lambda found: found.group() if found.group() in own else "", phonemes)
    return " ".join(phonemes.split())


_remembered_phonemes = lru_cache(maxsize=_CACHED_CLAUSES)(_phonemes_of)


def dropped_sounds(text: str, espeak_voice: str) -> list[str]:
    """Characters in an espeak-ng voice's IPA for a text that have no token, most of them sounds of a new language.

    Args:
        text: a text in letters.
        espeak_voice: name of the voice.

    Returns:
        Letters, modifiers and combining marks, each once; digits and signs that espeak-ng leaves over do not count.
    """
    phonemes = _SWITCH.sub("", _voice(espeak_voice)(" ".join(text.split())[:_MAX_CLAUSE_BYTES]).replace("_", ""))
    phonemes = normalize_ipa(_LEFTOVER.sub(lambda found: _LEFTOVERS[found.group()], phonemes))
    found = dict.fromkeys(_NOT_IPA.findall(phonemes))
    return [c for c in found if unicodedata.category(c)[0] in "LM" and not c.isascii()]


def _stand_in(item: Item) -> str:
    """A word espeak-ng reads in place of one whose phonemes are given: its neighbours depend on how it begins."""
    consonant, vowel = _STAND_INS.get(LANGUAGES[item.language].script, _STAND_INS["LATIN"])
    return vowel if item.phonemes.lstrip("ˈˌ")[:1] in _VOWELS else consonant


def _readable_clauses(words: list[Item]) -> Iterator[list[Item]]:
    """Cut a clause so that espeak-ng can hold each part."""
    part: list[Item] = []
    size = count = 0
    for word in words:
        size += len(word.text.encode("utf-8", "replace")) + 1
        count += 1 + sum(not c.isalpha() for c in word.text)
        if part and (size > _MAX_CLAUSE_BYTES or count > _MAX_CLAUSE_WORDS):
            yield part
            part, size = [], len(word.text.encode("utf-8", "replace")) + 1
            count = 1 + sum(not c.isalpha() for c in word.text)
        part.append(word)
    if part:
        yield part


def _correct(words: list[Item], language: str) -> None:
    """Give the words of a clause that espeak-ng got wrong the sounds they have."""
    english = LANGUAGES[language].base == "en"
    written = [word.text.lower() for word in words]
    for index, word in enumerate(words):
        if word.fixed or not word.phonemes:
            continue
        sounds = known_sounds(word.text, language)
        phrase = model_phrase(written, index) if english and sounds is None else None
        if phrase is not None:
            sounds = clause_to_phonemes(phrase, language).split()[-1]
        word.phonemes = sounds or word.phonemes


def phonemize_items(items: list[Item]) -> None:
    """Fill in `phonemes` and `joined` of all words that have none yet, clause by clause.

    Args:
        items: words and marks; words with `fixed` keep their phonemes. `language` must be set on the others.
    """
    clause: list[Item] = []

    def flush():
        for words in _readable_clauses(clause):
            language = words[0].language
            if all(word.fixed for word in words):
                continue
            texts = [_stand_in(word) if word.fixed else word.text for word in words]
            texts = spelled_for_espeak(texts, language)
            spoken = clause_to_phonemes(" ".join(texts), language)
            parts = align_words(texts, spoken, partial(clause_to_phonemes, language=language))
            for word, (phonemes, joined) in zip(words, parts):
                if not word.fixed:
                    word.phonemes, word.joined = phonemes, joined
            _correct(words, language)
        clause.clear()

    for item in items:
        if item.is_quote:
            continue
        if item.is_mark or (clause and item.language != clause[0].language):
            flush()
        if not item.is_mark:
            clause.append(item)
    flush()
    for item, following in zip(items, items[1:]):
        if following.is_mark or following.fixed:
            item.joined = False


def phonemize(text: str, language: str) -> str:
    """Phonemes of a text in one language.

    Args:
        text: plain text, any length. Numbers and abbreviations should be written out already.
        language: any code `resolve_language` takes.

    Returns:
        IPA in NFD form: words separated by single spaces, stress marks kept, punctuation attached to the word before
        it (opening marks to the word behind it). Empty if the text holds nothing to read.

    Raises:
        ValueError: the language is not supported.
    """
    language = resolve_language(language)
    items = split_items(mark_quotes(clean(canonicalize(text)).strip()))
    for item in items:
        item.language = language
    phonemize_items(items)
    return join_items(items)


def phonemize_batch(texts: list[str], language: str) -> list[str]:
    """`phonemize` for many texts of one language; repeated clauses are looked up only once.

    Args:
        texts: list of N texts.
        language: their common language.

    Returns:
        list of N strings in IPA.
    """
    language = resolve_language(language)
    return [phonemize(text, language) for text in texts]
