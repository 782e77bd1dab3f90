"""What Polish and Russian share: ordinals that decline in dates, years and hours, and numbers that agree with feminine nouns."""

import re
from abc import ABC, abstractmethod

from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import month_names
from .number_words import WrittenNumber, is_one_number


_WORD_BEFORE = re.compile(r"(\w+)\.?\s*$")
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
    nominative, genitive, locative = "", "", ""  # endings of ordinals
    nominative_feminine = ""
    century_short = ""  # "w."
    short_months: dict[str, int] = {}  # without their full stop -> number
    month_locatives: tuple[str, ...] = ()
    from_day, to_day, last_day = "", "", ""  # "od", "do" and the ending of the last day of "1-15 maja"
    genitive_after: frozenset[str] = frozenset()  # words that numbers stand behind in the genitive
    genitive_singular: dict[str, str] = {}  # of currencies, where it is not the form for few
    score_word = ""
    unit_of_fraction = 1.5  # the genitive

    @abstractmethod
    def inflected(self, number: int, ending: str) -> str:
        """The ordinal with the ending of a case in place of the one of the masculine nominative."""

    @abstractmethod
    def genitive_cardinal(self, number: int, feminine: bool = False) -> str:
        """The cardinal in the genitive."""

    @abstractmethod
    def before_adjective(self, number: int) -> str:
        """What a cardinal becomes as the first part of a word ("12-letni")."""

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return self.inflected(number, self.nominative_feminine if feminine else self.nominative)

    def year(self, year: int) -> str:
        return self.ordinal(year)

    def month_and_year(self, month: int, year: int) -> str | None:
        words = super().month_and_year(month, year)
        return words and words.replace(self.year(year), self.inflected(year, self.genitive))

    def compound_rule(self) -> tuple:
        """The rule for words with a number as their first part."""

        def say(match: re.Match) -> str:
            return self.before_adjective(int(match["n"])) + match["rest"]

        return re.compile(r"(?<![\w.,-])(?P<n>[1-9]\d{0,2})-(?P<rest>[^\W\dA-Z_]{4,})"), say

    def written_date_patterns(self) -> list:
        months = "|".join(map(re.escape, month_names(self.language)))
        if not months:
            return []
        nouns = "|".join(map(re.escape, self.year_words))
        short = "|".join(self.short_months)
        return [
            (rf"(?<![\w/.,-])(?P<d>\d{{1,2}})\s(?P<month>{short})\.(?:\s{_YEAR}(?!\w|[.,]\d))?", self._short_date_of, 0),
            (rf"(?<=\b{self.inside}\s)(?P<month>{short})\.(?=\s\d{{4}}(?!\d))", self._month_inside, 0),
            (rf"(?<![\w/.,-])(?P<from>[12]?\d|3[01])(?P<to>\s?[-—]\s?|\s{self.to_day}\s)(?P<d>[12]?\d|3[01])(?=\s(?:{months})(?!\w))",
             self._days, re.I),
            (rf"(?<![\w/.,-])(?P<d>\d{{1,2}})\s(?P<month>{months})(?!\w)"
             rf"(?:\s{_YEAR}(?!\w|[.,]\d)(?:\s?(?P<noun>{re.escape(self.year_genitive)}|{self.year_short}\.)(?!\w))?)?",
             self._written_date, re.I),
            (rf"(?<![\w/.,-]){_YEAR}\s?(?P<noun>(?:{nouns})(?!\w)|{self.year_short}\.)", self._year_of, 0),
            (rf"(?<!\w)(?P<roman>[IVX]+)(?P<gap>\s)(?P<noun>{'|'.join(self.century_words)})(?!\w)", self._century, 0),
            (rf"(?<!\w)(?P<roman>[IVX]+)\s{self.century_short}\.(?!\w)", self._short_century, 0),
        ]  # fmt: skip

    def _short_date_of(self, match: re.Match) -> str | None:
        return self._checked_date(int(match["d"]), self.short_months[match["month"]], match["y"])

    def _month_inside(self, match: re.Match) -> str:
        return self.month_locatives[self.short_months[match["month"]] - 1]

    def _days(self, match: re.Match) -> str | None:
        first, last = int(match["from"]), int(match["d"])
        if not 0 < first < last:
            return None
        start = "" if self._word_before(match) == self.from_day else f"{self.from_day} "
        return f"{start}{self.inflected(first, self.genitive)} {self.to_day} {self.inflected(last, self.last_day)}"

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

    def _short_century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        if value is None:
            return None
        inside = self._word_before(match) == self.inside
        case = self.locative if inside else self.genitive
        noun = next(noun for noun, ending in self.century_words.items() if ending == case or noun == "wieku")
        stop = "" if _LETTER.search(match.string, match.end()) else "."
        return f"{self.inflected(value, case)} {noun}{stop}"

    def _in_genitive(self, match: re.Match, words: str | None) -> str | None:
        """The words for a match with its (first) number in the genitive, where the word in front asks for it."""
        if words is None or self._word_before(match) not in self.genitive_after:
            return words
        number = self._parse(match["number"])
        if not number.is_integer or len(number.whole) > 12 or number.whole.startswith("0"):
            return words
        for feminine in (False, True):
            spoken = self.cardinal(number.value, feminine)
            if words == spoken or words.startswith(f"{spoken} "):
                noun = self._noun_in_genitive(words[len(spoken) :].lstrip(), match, number.value)
                return f"{self.genitive_cardinal(number.value, feminine)} {noun}".rstrip()
        return words

    def _noun_in_genitive(self, words: str, match: re.Match, count: int) -> str:
        """Words that begin with a noun in the form for a count; the one for many is the genitive already."""
        form = self._form(count)
        if form == 2:
            return words
        pairs = [(forms[form], forms[2 if form else 3]) for forms in self.magnitude_forms.values()]
        for forms in self.currency_forms.values():
            pairs.append((forms[form], forms[2] if form else self.genitive_singular.get(forms[0], forms[1])))
        symbol = match.groupdict().get("unit") or match.groupdict().get("unit2")
        if symbol:
            pairs.append((self.unit(symbol, count) or "", self.unit(symbol, 5 if form else 1.5) or ""))
        for counted, genitive in pairs:
            if counted and words.startswith(counted):
                return genitive + words[len(counted) :]
        return words

    def _plain_number(self, match: re.Match) -> str:
        words = super()._plain_number(match)
        return self._in_genitive(match, words) or words if is_one_number(match["number"]) else words

    def _percent(self, match: re.Match) -> str | None:
        return self._in_genitive(match, super()._percent(match))

    def _quantity(self, match: re.Match) -> str | None:
        return self._in_genitive(match, super()._quantity(match))

    def _money(self, match: re.Match) -> str | None:
        return self._in_genitive(match, super()._money(match))

    def _magnitude(self, match: re.Match) -> str:
        words = super()._magnitude(match)
        return self._in_genitive(match, words) or words

    def _phone(self, match: re.Match) -> str:
        """The groups of a telephone number, each as a number."""
        groups = re.findall(r"\d+", match[0])
        plus = f"{self.plus} " if match[0].startswith("+") else ""
        return plus + ", ".join(self.number(WrittenNumber(group)) for group in groups)

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
