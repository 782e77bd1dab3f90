"""What the languages with few rules share: names of amounts by plural form, decimals said as one number.

Each of them lists its words as attributes and overrides what it says otherwise, in `normalization_<code>.py`.
"""

import re

from .normalization_base import Normalizer
from .normalization_tables import CURRENCIES, plural_form
from .number_words import WrittenNumber


_LETTER = re.compile(r"\w")
_PLACES = {"one": 0, "few": 1}  # of a plural category among the forms; all others come third


class PluralFormsNormalizer(Normalizer):
    """Rules for words in the plural forms of CLDR: for one, few, and many or other.

    Args:
        language: a key of `LANGUAGES`.
    """

    currency_forms: dict[str, tuple[str, str, str]] = {}  # code -> everyday names; Babel has those of the others
    cent_forms: dict[str, tuple[str, str, str]] = {}  # code -> names of its hundredth, for amounts below one
    magnitude_forms: dict[int, tuple[str, str, str, str]] = {}  # factor -> names; the fourth is for decimals
    magnitude_signs: dict[str, int] = {}  # behind a number; the names themselves count only in front of a currency
    percent_first = False
    ordinal_ending = ""  # pattern of what follows the digits of an ordinal
    of_millions = ""  # in front of the currency: "due milioni DI euro"
    time_joiner = ""  # between hour and minute

    def __init__(self, language: str):
        signs = {"&": self.and_word, "+": self.plus, "=": self.equals, "@": self.at, "%": self.percent}
        self.symbols = signs | self.symbols
        names = self.magnitude_forms
        self.magnitudes = {name.split()[-1]: factor for factor in names for name in names[factor]}
        self.magnitudes |= self.magnitude_signs
        super().__init__(language)

    def currency(self, symbol: str, count: "int | float") -> tuple[str, str | None]:
        forms = self.currency_forms.get(CURRENCIES[symbol])
        if forms is None:
            return super().currency(symbol, count)
        return forms[self._form(min(count, 10**12))], None

    def money(self, amount, to, symbol, magnitude) -> str | None:
        forms = self.cent_forms.get(CURRENCIES[symbol])
        cents = int(amount.fraction or 0)
        if (
            forms is None
            or to is not None
            or magnitude is not None
            or amount.value
            or len(amount.fraction) != 2
            or not cents
        ):
            return super().money(amount, to, symbol, magnitude)
        name = forms[self._form(cents)]
        return f"{self.counted(cents, name)} {name}"

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        return self.magnitude_forms[factor][self._form(count.value) if count.is_integer else 3]

    def _form(self, count: "int | float") -> int:
        return _PLACES.get(plural_form(self.language, count), 2)

    def between_amount_and_currency(self, count: int) -> str:
        return f"{self.of_millions} " if self.of_millions and count >= 10**6 and count % 10**5 == 0 else ""

    def _magnitude(self, match: re.Match) -> str:
        """A number and the abbreviation of "thousand", "million", ... behind it."""
        number = self._parse(match["number"])
        name = self.magnitude_name(self.magnitudes[match["sign"]], number)
        stop = match["sign"].endswith(".") and not _LETTER.search(match.string, match.end())
        return f"{self.number(number, following=name)} {name}" + ("." if stop else "")

    def decimals(self, fraction: str) -> str:
        if len(fraction) > 2 or fraction.startswith("0"):
            return super().decimals(fraction)
        return self.cardinal(int(fraction))

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = [self.cardinal(hour)]
        if minute:
            words += [self.time_joiner, self.cardinal(minute)]
        return " ".join(filter(None, [*words, *self.seconds(second)]))

    def seconds(self, second: int | None) -> list[str]:
        """What is said for the seconds of a time of day."""
        if not second:
            return []
        return [
            self.and_word,
            self.cardinal(second, feminine="s" in self.feminine_units),
            self.unit("s", second) or "",
        ]

    def ordinal_patterns(self) -> list:
        patterns = self.magnitude_patterns()
        if self.ordinal_ending:
            digits = rf"(?<![\w.,])(?P<n>\d{{1,3}}){self.ordinal_ending}"
            patterns.append((digits, lambda m: self.ordinal(int(m["n"])), 0))
        return patterns

    def magnitude_patterns(self) -> list:
        """Abbreviations of "thousand", "million", ... behind a number."""
        if not self.magnitude_signs:
            return []
        signs = "|".join(re.escape(sign) for sign in sorted(self.magnitude_signs, key=len, reverse=True))
        return [(rf"(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*)\s?(?P<sign>{signs})(?!\w)", self._magnitude, 0)]

    def century_year_pattern(self) -> tuple:
        """The rule for years whose hundreds are counted ("nineteen hundred")."""
        return r"(?<![\w.,-])(?<!\d—)(?P<y>1[1-9]\d\d)(?!\w|[.,:/]\d|[-—]\d|-\w)", lambda m: self.year(int(m["y"])), 0

    def _percent(self, match: re.Match) -> str | None:
        words = super()._percent(match)
        if words and self.percent_first:
            return f"{self.percent} {words.removesuffix(' ' + self.percent)}"
        return words
