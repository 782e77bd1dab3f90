"""Catalan: numbers and ordinals that agree with their noun, centuries, "de" and "d'" in front of currencies."""

import re

from .normalization_plural_forms import PluralFormsNormalizer


_FEMININE_ORDINALS = {"primer": "primera", "segon": "segona", "tercer": "tercera", "quart": "quarta"}


class CatalanNormalizer(PluralFormsNormalizer):
    """Catalan with the number format 1.234,56."""

    decimal_words = {",": "coma", ".": "punt"}
    minus, plus, percent = "menys", "més", "per cent"
    range_word, and_word, equals = "a", "i", "igual a"
    dot, at, slash, dash = "punt", "arrova", "barra", "guió"
    cents_joiner = time_joiner = "i"
    of_millions = "de"
    magnitude_forms = {10**6: ("milió",) + ("milions",) * 3}
    currency_forms = {"EUR": ("euro", "euros", "euros"), "USD": ("dòlar", "dòlars", "dòlars")}
    abbreviations = {
        "sr": "senyor", "sra": "senyora", "dr": "doctor", "dra": "doctora", "etc": "etcètera",
        "p. ex": "per exemple", "núm": "número", "pàg": "pàgina", "av": ".avinguda",
    }  # fmt: skip
    month_year_joiner = "de"
    feminine_units = frozenset(("h", "t", "lb", "lbs", "mi", "cal", "kcal"))

    def first_rules(self) -> list:
        return [(re.compile(r"(?<!\w)(?P<century>[Ss]egle)\s(?P<roman>[IVX]+)(?!\w)"), self._century)]

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else f"{match['century']} {self.cardinal(value)}"

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)\s?h(?!\w)", self._time, 0),
            *super().time_patterns(),
        ]

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (r"(?<![\w.,])(?P<n>\d{1,3})(?P<end>r|n|t|è|a)(?!\w)",
             lambda m: self.ordinal(int(m["n"]), m["end"] == "a"), 0),
        ]  # fmt: skip

    def ordinal(self, number: int, feminine: bool = False) -> str:
        words = super().ordinal(number)
        return (_FEMININE_ORDINALS.get(words) or re.sub("è$", "ena", words)) if feminine else words

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine or number >= 10**6:
            return words
        return re.sub(r"\bun$", "una", re.sub(r"\bdos(?=$|-cents)", "dues", words)).replace("cents", "centes")

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, None)
        return words and (words if year is None else f"{words} de {self.year(year)}")

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and re.sub(r"\bde (?=[aeiou])", "d'", words)
