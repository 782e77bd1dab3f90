"""Swedish and Norwegian: days of a month as ordinals, centuries, times behind "kl.", "en" and "ett"."""

import re

from .normalization_other import OtherNormalizer
from .normalization_tables import month_names
from .number_words import number_words


_COMMON_GENDER = frozenset(
    "krona timme minut sekund kilometer meter centimeter millimeter liter deciliter dollar euro grad procent mil dag "
    "vecka månad gång person kvinna man miljon miljard bil bok".split()
)


class NordicNormalizer(OtherNormalizer):
    """`language` is `"sv"` or `"nb"`."""

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<!\w)[Kk]l(?=\s\d)"), lambda m: "klockan" if self.language == "sv" else "klokken"),
            (re.compile(r"(?<![\w.,])(?P<y>1[1-9]\d0)-?(?P<tal>tal\w*)"), self._decade),
            (re.compile(r"(?<=\d)(?:,-|:-)(?!\w)"), lambda m: " kronor" if self.language == "sv" else " kroner"),
        ]

    def _decade(self, match: re.Match) -> str:
        century, rest = divmod(int(match["y"]), 100)
        hundred = "hundra" if self.language == "sv" else "" if rest else "hundre"  # "nittenåttitallet"
        return (
            number_words(century, self.language)
            + hundred
            + (number_words(rest, self.language) if rest else "")
            + match["tal"]
        )

    def time_patterns(self) -> list:
        name = "klockan" if self.language == "sv" else "klokken"
        times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
        return [
            (rf"(?:(?<=\b[Kk]l\.\s)|(?<=\b[Kk]l\s)|(?<=\b{name}\s)){times}", self._time, 0),
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

    def counted(self, number: int, following: str) -> str:
        if self.language == "sv" and number == 1 and following in _COMMON_GENDER:
            return "en"
        return super().counted(number, following)
