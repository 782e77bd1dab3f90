"""Turkish: "yüzde" in front of the number, times behind "saat", centuries in Roman numerals."""

import re

from .normalization_plural_forms import PluralFormsNormalizer


class TurkishNormalizer(PluralFormsNormalizer):
    """Turkish with the number format 1.234,56."""

    percent_first = True
    decimal_words = {",": "virgül", ".": "nokta"}
    minus, plus, percent = "eksi", "artı", "yüzde"
    range_word, and_word, equals = "ile", "ve", "eşittir"
    dot, at, slash, dash = "nokta", "et", "bölü", "tire"
    ordinal_ending = r"\.(?=\s+[a-zçğıöşü])"
    magnitude_forms = {10**3: ("bin",) * 4, 10**6: ("milyon",) * 4, 10**9: ("milyar",) * 4}
    magnitude_signs = {"mn": 10**6, "mr": 10**9}
    currency_forms = {"TRY": ("lira",) * 3, "USD": ("dolar",) * 3, "EUR": ("avro",) * 3}
    abbreviations = {
        "dr": ".doktor", "prof": ".profesör", "vb": ".ve benzeri", "vs": ".vesaire", "örn": ".örneğin",
        "sn": ".sayın", "no": ".#numara", "tl": "#lira",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [(re.compile(r"(?<!\w)(?P<roman>[IVX]+)\.(?=\s[Yy]üzyıl)"), self._roman_ordinal)]

    def _roman_ordinal(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value)

    def time_patterns(self) -> list:
        times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
        return [(rf"(?:(?<=\bsaat\s)|(?<=\bSaat\s)){times}", self._time, 0), *super().time_patterns()]
