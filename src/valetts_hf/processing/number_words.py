"""Numbers as words: num2words behind a cache and a lock, and numbers as people write them.

Languages that num2words does not know or gets wrong have words of their own. Where it is not installed, digits are left
as they are: espeak-ng reads them.
"""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache

from .number_words_ar import arabic_number
from .number_words_hi import hindi_number
from .number_words_sw import swahili_number


_NUM2WORDS_LANGUAGES = {
    "en-us": "en", "en-gb": "en", "pt-br": "pt_BR", "pt-pt": "pt", "es": "es", "de": "de", "fr": "fr", "it": "it",
    "nl": "nl", "pl": "pl", "ru": "ru", "tr": "tr", "sv": "sv", "nb": "no", "eo": "eo", "fa": "fa",
    "ca": "ca", "ro": "ro",
}  # fmt: skip
_OWN_WORDS = {"ar": arabic_number, "hi": hindi_number, "sw": swahili_number}
MAX_DIGITS = 15  # longer numbers are read digit by digit
_lock = threading.Lock()  # num2words keeps state in its converter objects


@dataclass(frozen=True)
class WrittenNumber:
    """A number taken apart: digits before and behind the separator that was written between them ("" if none)."""

    whole: str
    fraction: str = ""
    separator: str = ""

    @property
    def value(self) -> int:
        """The part in front of the separator."""
        return int(self.whole or "0")

    @property
    def is_integer(self) -> bool:
        """Whether nothing stands behind the separator."""
        return not self.fraction


def parse_number(text: str, decimal: str) -> WrittenNumber:
    """Read a number with grouping and decimal separators in either convention.

    Args:
        text: digits with `.`, `,`, `'` or spaces, for example `"1.234,56"`.
        decimal: the decimal separator of the language, `"."` or `","`. It decides only where both readings are
            possible: `"1.234"`.

    Returns:
        The parts. `"3.5"` in a language with decimal comma keeps the separator `"."`, to be read as it stands.
    """
    text = re.sub(r"[\s']", "", text)
    indian = _INDIAN_GROUPS.fullmatch(text)
    if indian:  # "1,23,456.78"
        return WrittenNumber(
            indian["whole"].replace(",", ""), indian["fraction"] or "", "." if indian["fraction"] else ""
        )
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return WrittenNumber(text)
    separator, other = text[last], "," if text[last] == "." else "."
    groups = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(separator)}\d{{3}})+", text)
    if groups and (separator != decimal or text.count(separator) > 1) and not text.startswith("0"):
        return WrittenNumber(text.replace(separator, ""))
    whole = text[:last].replace(other, "").replace(separator, "")
    return WrittenNumber(whole, text[last + 1 :], separator)


_INDIAN_GROUPS = re.compile(r"(?P<whole>[1-9]\d?(?:,\d\d)+,\d{3})(?:\.(?P<fraction>\d+))?")
_ONE_NUMBER = re.compile(
    r"\d+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:['\s]\d{3})+(?:[.,]\d+)?"
)


def is_one_number(text: str) -> bool:
    """Whether digits and separators make one number ("1,234.5", "1,23,456") and not several ("1,2,3")."""
    return (_ONE_NUMBER.fullmatch(text) or _INDIAN_GROUPS.fullmatch(text)) is not None


@lru_cache(maxsize=16384)
def number_words(number: int, language: str, kind: str = "cardinal") -> str:
    """A number in words.

    Args:
        number: any integer of at most 15 digits.
        language: a key of `LANGUAGES`.
        kind: `"cardinal"`, `"ordinal"` or `"year"`.

    Returns:
        Words; of the cardinal where num2words does not know the kind, and digits where it does not know that either.
    """
    own_words = _OWN_WORDS.get(language)
    if own_words is not None and 0 <= number < 10**MAX_DIGITS:
        return own_words(number)
    converter = _NUM2WORDS_LANGUAGES.get(language)
    if converter is None or len(str(abs(number))) > MAX_DIGITS:
        return str(number)
    try:
        from num2words import num2words
    except ImportError:
        return str(number)
    with _lock:
        try:
            words = num2words(number, lang=converter, to=kind)
        # Each language has its own author and its own way to fail: TypeError for negative ordinals, IndexError for a
        # Polish 0th, RecursionError for long Catalan ones, and what the next release brings.
        except Exception:
            words = None
    if words is None:
        return str(number) if kind == "cardinal" else number_words(number, language)
    return " ".join(words.replace(",", " ").split())


@lru_cache(maxsize=4096)
def declined_number(number: int, language: str, case: str, feminine: bool = False) -> str:
    """A cardinal in another case, where num2words knows cases (Russian); else as `number_words` says it.

    Args:
        number: not negative.
        language: a key of `LANGUAGES`.
        case: as num2words names it: `"g"` is the genitive, `"d"` the dative.
        feminine: whether the noun behind it is.
    """
    try:
        from num2words import num2words
    except ImportError:
        return str(number)
    with _lock:
        try:
            return num2words(number, lang=_NUM2WORDS_LANGUAGES[language], case=case, gender="f" if feminine else "m")
        except Exception:  # as in `number_words`
            pass
    return number_words(number, language)


def digit_words(digits: str, language: str) -> str:
    """Digits read one by one, separated by spaces."""
    return " ".join(number_words(int(c), language) for c in digits if c.isdigit())


_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman_value(numeral: str) -> int | None:
    """The value of a correctly formed Roman numeral, else None."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return None
    values = [_ROMAN_VALUES[c] for c in numeral]
    return sum(-v if v < following else v for v, following in zip(values, values[1:] + [0]))
