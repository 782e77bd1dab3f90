"""What Polish and Russian share: ordinals that decline in dates, years and hours, and numbers that agree with feminine nouns."""

import re
from abc import ABC, abstractmethod

from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import month_names


_WORD_BEFORE = re.compile(r"(\w+)\s*$")
_LETTER = re.compile(r"\w")
_YEAR = r"(?P<y>1\d{3}|20\d\d)"


class SlavicNormalizer(PluralFormsNormalizer, ABC):
    """Rules shared by Polish and Russian; the attributes are the words and endings of each."""

    space_groups = True
    feminine_units = frozenset(("min", "s", "ms", "t", "mi", "cal", "kcal", "мин"))
    feminine_nouns = "(?!)"  # nouns behind a number that ends in two
    feminine_two = ("", "")
    feminine_one = ("", "")
    last_one_agrees = False  # also in "twenty-one", not only alone
    year_words: dict[str, str] = {}  # "year" in each case -> the ending of the ordinal in front of it
    year_short, year_genitive, year_locative, inside = "", "", "", ""  # "r.", "roku", "roku", "w"
    century_words: dict[str, str] = {}
    genitive, locative = "", ""  # endings of ordinals

    @abstractmethod
    def inflected(self, number: int, ending: str) -> str:
        """The ordinal with the ending of a case in place of the one of the masculine nominative."""

    def written_date_patterns(self) -> list:
        months = "|".join(map(re.escape, month_names(self.language)))
        if not months:
            return []
        nouns = "|".join(map(re.escape, self.year_words))
        return [
            (rf"(?<![\w/.,-])(?P<d>\d{{1,2}})\s(?P<month>{months})(?!\w)"
             rf"(?:\s{_YEAR}(?!\w|[.,]\d)(?:\s?(?P<noun>{re.escape(self.year_genitive)}|{self.year_short}\.)(?!\w))?)?",
             self._written_date, re.I),
            (rf"(?<![\w/.,-]){_YEAR}\s?(?P<noun>(?:{nouns})(?!\w)|{self.year_short}\.)", self._year_of, 0),
            (rf"(?<!\w)(?P<roman>[IVX]+)(?P<gap>\s)(?P<noun>{'|'.join(self.century_words)})(?!\w)", self._century, 0),
        ]  # fmt: skip

    def _written_date(self, match: re.Match) -> str | None:
        months = [name.lower() for name in month_names(self.language)]
        spoken = self._checked_date(int(match["d"]), months.index(match["month"].lower()) + 1, match["y"])
        if spoken is None:
            return None
        return spoken + (f" {self._year_noun(match, self.year_genitive)}" if match["noun"] else "")

    def date(self, day: int, month: int, year: int | None) -> str | None:
        months = month_names(self.language)
        if not months:
            return None
        tail = "" if year is None else f" {self.inflected(year, self.genitive)}"
        return f"{self.inflected(day, self.genitive)} {months[month - 1]}{tail}"

    def _year_noun(self, match: re.Match, noun: str) -> str:
        """The word for the year, with the full stop of its abbreviation where that ends the text."""
        stop = match["noun"].endswith(".") and not _LETTER.search(match.string, match.end())
        return noun + ("." if stop else "")

    def _year_of(self, match: re.Match) -> str:
        inside = self._word_before(match) == self.inside
        if match["noun"].endswith("."):
            noun = self.year_locative if inside else self.year_genitive
        else:
            noun = match["noun"]
        ending = self.year_words[noun]
        if noun == self.year_locative == self.year_genitive and inside:
            ending = self.locative
        return f"{self.inflected(int(match['y']), ending)} {self._year_noun(match, noun)}"

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        if value is None:
            return None
        ending = self.century_words[match["noun"]]
        if ending == self.genitive and self.year_locative == self.year_genitive:
            ending = self.locative if self._word_before(match) == self.inside else ending
        return f"{self.inflected(value, ending)} {match['noun']}"

    def _word_before(self, match: re.Match) -> str:
        before = _WORD_BEFORE.search(match.string[max(0, match.start() - 20) : match.start()])
        return before[1].lower() if before else ""

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine:
            return words
        head, _, last = words.rpartition(" ")
        if last == self.feminine_one[0] and (number == 1 or self.last_one_agrees):
            last = self.feminine_one[1]
        elif last == self.feminine_two[0]:
            last = self.feminine_two[1]
        return f"{head} {last}".strip()

    def counted(self, number: int, following: str) -> str:
        feminine = number % 10 in (1, 2) and re.fullmatch(self.feminine_nouns, following) is not None
        return self.cardinal(number, feminine)
