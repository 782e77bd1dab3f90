"""What Swedish and Norwegian share: days of a month as ordinals, decades, times behind "kl.", prices with ",-"."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import month_names
from .number_words import number_words


class NordicNormalizer(PluralFormsNormalizer):
    """Rules shared by Swedish and Norwegian; the attributes are the words of each."""

    space_groups = True
    clock_word = ""  # "klockan"
    crowns = ""  # the plural of the currency at home

    def hundred_between(self, rest: int) -> str:
        """What stands between a century and the `rest` of its years in the name of a decade."""
        return "hundra"

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<!\w)[Kk]l(?=\s\d)"), lambda m: self.clock_word),
            (re.compile(r"(?<![\w.,])(?P<y>1[1-9]\d0)-?(?P<tal>tal\w*)"), self._decade),
            (re.compile(r"(?<=\d)(?:,-|:-)(?!\w)"), lambda m: f" {self.crowns}"),
        ]

    def _decade(self, match: re.Match) -> str:
        century, rest = divmod(int(match["y"]), 100)
        tens = number_words(rest, self.language) if rest else ""
        return number_words(century, self.language) + self.hundred_between(rest) + tens + match["tal"]

    def time_patterns(self) -> list:
        times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
        return [
            (rf"(?:(?<=\b[Kk]l\.\s)|(?<=\b[Kk]l\s)|(?<=\b{self.clock_word}\s)){times}", self._time, 0),
            *super().time_patterns(),
        ]

    def written_date_patterns(self) -> list:
        months = "|".join(month_names(self.language))
        if not months:
            return []
        return [(rf"(?<![\w/.,-])(?P<d>[12]?\d|3[01])(?=\s(?:{months})(?!\w))", self._day, 0)]

    def _day(self, match: re.Match) -> str | None:
        return self.ordinal(int(match["d"])) if int(match["d"]) else None

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and self.ordinal(day) + words[len(self.cardinal(day)) :]

    def year_patterns(self) -> list:
        return [self.century_year_pattern()]
