"""Numbers, dates, money, units, abbreviations and addresses written out, with the way back to the written characters."""

import threading
import unicodedata
from dataclasses import dataclass

from .languages import BUILT_IN, LANGUAGES, resolve_language
from .normalization_ar import ArabicNormalizer
from .normalization_base import Normalizer, Replacement
from .normalization_ca import CatalanNormalizer
from .normalization_de import GermanNormalizer
from .normalization_en import EnglishNormalizer
from .normalization_eo import EsperantoNormalizer
from .normalization_es import SpanishNormalizer
from .normalization_fa import PersianNormalizer
from .normalization_fr import FrenchNormalizer
from .normalization_hi import HindiNormalizer
from .normalization_it import ItalianNormalizer
from .normalization_nb import NorwegianNormalizer
from .normalization_nl import DutchNormalizer
from .normalization_pl import PolishNormalizer
from .normalization_pt import PortugueseNormalizer
from .normalization_ro import RomanianNormalizer
from .normalization_ru import RussianNormalizer
from .normalization_sv import SwedishNormalizer
from .normalization_sw import SwahiliNormalizer
from .normalization_tr import TurkishNormalizer
from .text_cleaning import canonicalize, clean


_CLASSES: dict[str, type[Normalizer]] = {
    "en-us": EnglishNormalizer,
    "en-gb": EnglishNormalizer,
    "pt-br": PortugueseNormalizer,
    "pt-pt": PortugueseNormalizer,
    "es": SpanishNormalizer,
    "de": GermanNormalizer,
    "fr": FrenchNormalizer,
    "it": ItalianNormalizer,
    "nl": DutchNormalizer,
    "pl": PolishNormalizer,
    "ru": RussianNormalizer,
    "tr": TurkishNormalizer,
    "sv": SwedishNormalizer,
    "hi": HindiNormalizer,
    "nb": NorwegianNormalizer,
    "sw": SwahiliNormalizer,
    "ar": ArabicNormalizer,
    "eo": EsperantoNormalizer,
    "fa": PersianNormalizer,
    "ca": CatalanNormalizer,
    "ro": RomanianNormalizer,
}
_normalizers: dict[str, Normalizer] = {}
_lock = threading.Lock()


def normalizer_for(language: str) -> Normalizer:
    """The rules of a language, built once."""
    normalizer = _normalizers.get(language)
    if normalizer is None:
        with _lock:
            normalizer = _normalizers.setdefault(language, _class_of(language)(language))
    return normalizer


class UnchangedText:
    """The rules of a language that was added to the built-in ones: none, espeak-ng reads its numbers and signs."""

    def __init__(self, language: str):
        self.language = language

    def find(self, text: str, taken: "list[tuple[int, int]] | None" = None) -> list[Replacement]:
        """Nothing to replace."""
        return []


def _class_of(language: str) -> type:
    return _CLASSES[language] if LANGUAGES[language].id < BUILT_IN else UnchangedText


@dataclass(frozen=True)
class Stretch:
    """Characters `start:end` of the normalised text stand for `written_start:written_end` of the written one."""

    start: int
    end: int
    written_start: int
    written_end: int
    replaced: bool


def apply_replacements(text: str, replacements: list[Replacement]) -> tuple[str, list[Stretch]]:
    """Put what is spoken in place of what is written.

    Args:
        text: cleaned text.
        replacements: in order, without overlap.

    Returns:
        The normalised text, in which replaced words are set off by spaces from letters next to them, and the
        stretches that map it back; together they cover it.
    """
    out: list[str] = []
    stretches: list[Stretch] = []
    length = position = 0

    def add(piece: str, start: int, end: int, replaced: bool) -> None:
        nonlocal length
        if piece:
            out.append(piece)
            stretches.append(Stretch(length, length + len(piece), start, end, replaced))
            length += len(piece)

    for item in replacements:
        add(text[position : item.start], position, item.start, False)
        spoken = item.spoken
        if spoken and out and _ends_word(out[-1][-1]) and spoken[0].isalnum():
            spoken = " " + spoken
        if spoken and item.end < len(text) and text[item.end].isalnum() and _ends_word(spoken[-1]):
            spoken += " "
        add(spoken or " ", item.start, item.end, True)
        position = item.end
    add(text[position:], position, len(text), False)
    return "".join(out), stretches


def _ends_word(c: str) -> bool:
    return c.isalnum() or unicodedata.category(c)[0] == "M"  # a vowel sign of Devanagari


def normalize(text: str, language: str) -> str:
    """A text as it is spoken, still in letters.

    Args:
        text: any text in one language.
        language: any code `resolve_language` takes.

    Returns:
        The text with numbers, dates, times, money, units, symbols, addresses and abbreviations written out and white
        space made single: `normalize("R$ 10", "pt-br") == "dez reais"`.

    Raises:
        ValueError: the language is not supported.
        TypeError: `text` is not a string.
    """
    cleaned = clean(canonicalize(text))
    replacements = normalizer_for(resolve_language(language)).find(cleaned)
    return " ".join(apply_replacements(cleaned, replacements)[0].split())
