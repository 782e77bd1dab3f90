"""Romanian and Catalan: numbers that agree with their noun, ordinals, and what stands between an amount and "lei"."""

import re

from .normalization_other import OtherNormalizer
from .number_words import number_words


_RO_MASCULINE = frozenset(
    "leu an om metru kilometru centimetru milimetru litru kilogram gram minut euro dolar procent grad milion miliard ban "
    "copil bărbat student elev loc pas punct".split()
)
_CA_ORDINALS = {"primer": "primera", "segon": "segona", "tercer": "tercera", "quart": "quarta"}


class RomanianNormalizer(OtherNormalizer):
    """Romanian with the number format 1.234,56."""

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

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine:
            return words
        if number == 1:
            return "o"
        return re.sub(r"doi(?=$|sprezece$)", "două", re.sub(r"unu$", "una", words))

    def counted(self, number: int, following: str) -> str:
        if number == 1:
            return "un" if following in _RO_MASCULINE else self.cardinal(1, following.endswith("ă"))
        return self.cardinal(number, number in (2, 12) and following.endswith(("e", "uri", "âni", "ini")))

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and re.sub(r"^unu ", "întâi ", words)


class CatalanNormalizer(OtherNormalizer):
    """Catalan with the number format 1.234,56."""

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
        return (_CA_ORDINALS.get(words) or re.sub("è$", "ena", words)) if feminine else words

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
