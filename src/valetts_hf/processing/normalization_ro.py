"""Romanian: numbers that agree with their noun, ordinals, and what stands between an amount and "lei"."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .number_words import number_words


_MASCULINE = frozenset(
    "leu an om metru kilometru centimetru milimetru litru kilogram gram minut euro dolar procent grad milion miliard ban "
    "copil bărbat student elev loc pas punct".split()
)


class RomanianNormalizer(PluralFormsNormalizer):
    """Romanian with the number format 1.234,56."""

    decimal_words = {",": "virgulă", ".": "punct"}
    minus, plus, percent = "minus", "plus", "la sută"
    range_word, and_word, equals = "la", "și", "egal cu"
    dot, at, slash, dash = "punct", "arond", "slash", "cratimă"
    cents_joiner = time_joiner = "și"
    of_millions = "de"
    magnitude_forms = {
        10**6: ("milion", "milioane", "de milioane", "milioane"),
        10**9: ("miliard", "miliarde", "de miliarde", "miliarde"),
    }  # fmt: skip
    magnitude_signs = {"mil.": 10**6, "mld.": 10**9, "mld": 10**9}
    currency_forms = {
        "RON": ("leu", "lei", "de lei"), "EUR": ("euro", "euro", "de euro"),
        "USD": ("dolar", "dolari", "de dolari"),
    }  # fmt: skip
    abbreviations = {
        "dl": "domnul", "d-na": "doamna", "dr": ".doctor", "etc": "et cetera", "ex": ".exemplu",
        "nr": "numărul", "str": ".strada",
    }  # fmt: skip
    feminine_units = frozenset(("h", "s", "t", "ms", "cal", "kcal"))

    def first_rules(self) -> list:
        amount = r"(?P<lei>\d{1,3}(?:\.\d{3})+|\d+)"
        return [
            (re.compile(rf"(?<![\w.,]){amount},(?P<bani>\d\d)\s(?:de\s)?lei(?!\w)"), self._lei),
            (re.compile(r"(?<![\w.,])1(?=\s(?:ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|"
                        r"octombrie|noiembrie|decembrie)(?!\w))"), lambda m: "întâi"),
            (re.compile(r"(?<!\w)(?P<article>al|a)\s(?P<n>\d{1,3}|[IVX]+)-(?P<end>lea|a)(?!\w)"), self._ordinal),
            (re.compile(r"(?<!\w)(?P<century>[Ss]ecolul|[Ss]ec\.)\s(?P<roman>[IVX]+)(?!\w|-)"), self._century),
        ]  # fmt: skip

    def _lei(self, match: re.Match) -> str:
        whole, cents = int(match["lei"].replace(".", "")), int(match["bani"])
        parts = [f"{self.counted(whole, 'lei')} {self.currency('RON', whole)[0]}"]
        if cents:
            one, many = ("ban", "bani") if cents < 20 else ("", "de bani")
            parts.append(f"{self.counted(cents, 'ban')} {one if cents == 1 else many}")
        return " și ".join(parts)

    def _ordinal(self, match: re.Match) -> str | None:
        number = int(match["n"]) if match["n"].isdigit() else self._roman_value(match["n"])
        if not number:
            return None
        if match["article"] == "al":
            return number_words(number, "ro", "ordinal")
        words = self.cardinal(number, feminine=True)
        return f"a {re.sub('ă$', '', words)}a" if number > 1 else None

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else f"secolul {self.cardinal(value)}"

    def _magnitude(self, match: re.Match) -> str:
        counts_money = re.match(r"\s(?:lei|euro|dolari)(?!\w)", match.string[match.end() : match.end() + 10])
        return super()._magnitude(match) + (" de" if counts_money else "")

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and words.replace(" de de ", " de ")  # the forms of the currency have it, too

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine:
            return words
        if number == 1:
            return "o"
        return re.sub(r"doi(?=$|sprezece$)", "două", re.sub(r"unu$", "una", words))

    def counted(self, number: int, following: str) -> str:
        if number == 1:
            return "un" if following in _MASCULINE else self.cardinal(1, following.endswith("ă"))
        return self.cardinal(number, number in (2, 12) and following.endswith(("e", "uri", "âni", "ini")))

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and re.sub(r"^unu ", "întâi ", words)
