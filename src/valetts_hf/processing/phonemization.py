"""Words to sounds: espeak-ng through `phonemizer`, with punctuation kept and words separated by single spaces.

espeak-ng comes as a wheel (`espeakng_loader`), no system package is needed. It is a C library full of global
state: every language gets its own copy of the library and its own lock, so that calls from threads are safe.
This file does not expand numbers or abbreviations (`text_normalization` does); what espeak-ng makes of them by itself
is what comes out.
"""

import re
import threading
import unicodedata
from functools import lru_cache

from .languages import LANGUAGES, resolve_language
from .symbols import IPA_CHARACTERS, normalize_ipa


# Written punctuation -> the marks that are tokens. What is missing here and in `symbols` makes no sound and no pause.
PUNCTUATION_SPELLINGS = {
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "„": '"',
    "‟": '"',
    "‹": '"',
    "›": '"',
    "「": '"',
    "」": '"',
    "［": "(",
    "］": ")",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    "（": "(",
    "）": ")",
    "–": "—",
    "―": "—",
    "⸺": "—",
    "−": "-",
    "‐": "-",
    "‑": "-",
    "，": ",",
    "、": ",",
    "、": ",",
    "‚": ",",
    "،": ",",
    "؛": ";",
    "；": ";",
    "؟": "?",
    "？": "?",
    "！": "!",
    "：": ":",
    "。": ".",
    "．": ".",
    "।": ".",
    "॥": ".",
    "۔": ".",
    "‘": "'",
    "’": "'",
    "‛": "'",
    "ʼ": "'",
    "`": "'",
    "´": "'",
    "\u00a0": " ",
    "\u00ad": "",
    "\u200b": "",
    "\u2060": "",
    "\ufeff": "",
}
_OPEN, _CLOSE = "\ue000", "\ue001"  # quotation marks whose direction is known
_QUOTES = f"[{_OPEN}{_CLOSE}]"
_UNQUOTE = str.maketrans({_OPEN: " ", _CLOSE: " "})
_SPELLINGS = str.maketrans(PUNCTUATION_SPELLINGS)

# Where a clause ends. Marks inside numbers, times, initials and addresses ("3.14", "U.S.A.", "10:30") do not count.
_BREAK = re.compile(
    rf"""(\.{{3,}} | … | — | [()¿¡!?;] | (?<=\s)-{{1,3}}(?=\s) | -{{2,}} | ,(?!\d) | (?<!\d),
        | [.:](?=[\s)…—{_OPEN}{_CLOSE}]|$))""",
    re.VERBOSE,
)
_SWITCH = re.compile(r"\([a-z]{2,4}(?:-[a-z0-9-]+)?\)")  # "(en)", "(pt-br)": the voice changed for a foreign word
# What espeak-ng leaves in its IPA for phonemes that have no IPA name. Anything else unknown there has no sound.
_LEFTOVERS = {"r.": "ɽ", "[": "\u032a", "?": "ʔ", ":": "ː", "A": "ɑ", "N": "ŋ", "S": "ʃ", "X": "x", "Z": "ʒ"}
_LEFTOVER = re.compile(r"r\.|[\[?:ANSXZ]")
_NOT_IPA = re.compile(f"[^ {re.escape(IPA_CHARACTERS)}]|[|‖]")
# The only symbols espeak-ng gets to see: its reading of others ("©") mixes voices and can crash the library.
_READABLE_SYMBOLS = frozenset("'-.,·:/&%@$€£+=°#*")
_NO_SOUND = re.compile("[^\\w\u0300-\u036f]*")

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


@lru_cache(maxsize=65536)
def clause_to_phonemes(clause: str, language: str) -> str:
    """Phonemes of a stretch of words without punctuation.

    Args:
        clause: words as written, already normalised.
        language: a key of `LANGUAGES`.

    Returns:
        IPA with words separated by single spaces, as espeak-ng joins them ("of the" may be one word).
    """
    clause = "".join(c if c in _READABLE_SYMBOLS or unicodedata.category(c)[0] in "LMN" else " " for c in clause)
    phonemes = _SWITCH.sub("", _voice(LANGUAGES[language].espeak_voice)(clause).replace("_", ""))
    phonemes = normalize_ipa(_LEFTOVER.sub(lambda found: _LEFTOVERS[found.group()], phonemes))
    return " ".join(_NOT_IPA.sub("", phonemes).split())


def clean_punctuation(text: str) -> str:
    """Unicode NFC, every punctuation mark in the spelling of the symbol table, no invisible characters."""
    text = unicodedata.normalize("NFC", text).translate(_SPELLINGS)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c for c in text)


def _mark_quotes(text: str) -> str:
    """Replace every `"` by OPEN or CLOSE: by the white space around it, else in turn."""
    out, inside = [], False
    for i, c in enumerate(text):
        if c == '"':
            before = text[i - 1 : i].isspace() or i == 0 or text[i - 1] in "(¿¡—"
            after = text[i + 1 : i + 2].isspace() or i + 1 == len(text) or text[i + 1] in ",.?!;:…—)"
            inside = before if before != after else not inside
            c = _OPEN if inside else _CLOSE
        out.append(c)
    return "".join(out)


def _phonemize_clause(clause: str, language: str) -> str:
    """Phonemes of one clause, which may hold quotation marks but no other punctuation."""
    if _OPEN not in clause and _CLOSE not in clause:
        return clause_to_phonemes(clause, language)
    written = [w for w in clause.translate(_UNQUOTE).split() if not _NO_SOUND.fullmatch(w)]
    spoken = clause_to_phonemes(" ".join(written), language).split(" ")
    if len(written) != len(spoken):  # espeak-ng joined some words: read the quoted parts apart
        spoken = [clause_to_phonemes(part, language) for part in re.split(_QUOTES, clause)]
        marks = re.findall(_QUOTES, clause) + [""]
        joined = "".join(f" {part} {mark} " for part, mark in zip(spoken, marks))
    else:
        words = iter(spoken)
        parts = re.split(f"({_QUOTES}|\\s+)", clause)
        joined = " ".join(p if _NO_SOUND.fullmatch(p) else next(words) for p in parts)
    return _tidy(joined)


def _tidy(ipa: str) -> str:
    """Single spaces; closing marks attached to the word before, opening marks to the word behind."""
    ipa = " ".join(ipa.split())
    ipa = re.sub(f" (?=[,.?!;:…—){_CLOSE}])", "", ipa)
    return re.sub(f"(?<=[(¿¡{_OPEN}]) ", "", ipa)


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
    text = _mark_quotes(clean_punctuation(text).strip())
    out: list[str] = []
    for index, part in enumerate(_BREAK.split(text)):
        if index % 2:  # the mark between two clauses
            out.append(re.sub(r"-+", "—", re.sub(r"\.{3,}", "…", part)))
        elif not _NO_SOUND.fullmatch(part):
            out.append(_phonemize_clause(part, language))
        else:
            out.extend(re.findall(_QUOTES, part))
    ipa = _tidy(" ".join(out))
    return ipa.replace(_OPEN, '"').replace(_CLOSE, '"')


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
