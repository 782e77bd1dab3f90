"""The rules that write out numbers, dates, times, money, units, addresses and symbols, common to all languages.

A `Normalizer` finds stretches of a text that are not read as they are spelled and says what is spoken instead. The
languages derive from it: they fill in tables (`decimal`, `symbols`, `abbreviations`, ...) and override how a date, a
time or an amount is said. Positions are kept, so that a spoken word can be traced to the characters it came from.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .normalization_symbols import SymbolReader
from .normalization_tables import CURRENCIES, UNITS, month_names


@dataclass(frozen=True)
class Replacement:
    """The characters `start` to `end` are spoken as `spoken` (several words, perhaps with commas)."""

    start: int
    end: int
    spoken: str


Rule = tuple[re.Pattern, Callable[[re.Match], "str | None"]]

_NUMBER = r"\d+(?:[.,']\d+)*"
_START = r"(?<!\d)(?<!\d[.,'])"  # not inside a number: keeps the search linear
_NEW = r"(?<!\d')"  # likewise, behind another look for "." and ","
_SIGN = r"(?P<sign>(?<![\w.,)%‰€$£¥])[-+])?"  # behind an amount it is no sign
_CURRENCY = "|".join(re.escape(s) for s in sorted(CURRENCIES, key=len, reverse=True))
_UNIT = "|".join(re.escape(s) for s in sorted(UNITS, key=len, reverse=True))
_LONG_UNIT = "|".join(
    re.escape(s) for s in sorted(UNITS, key=len, reverse=True) if len(s) > 1 and s not in ("mi", "ha")
)
_TOP_LEVEL = (
    "com|org|net|edu|gov|info|io|dev|app|ai|br|pt|de|fr|es|it|nl|pl|ru|uk|us|eu|ar|mx|ch|at|be|se|no|tr|in|tv|me|co"
)
# A single letter behind one of these is a number, too. (Russian has its own.)
_RULERS = (
    "Carlos|Felipe|Alfonso|Enrique|Fernando|Sancho|Jorge|Pío|León|Charles|Henry|Henri|George|James|Edward|Philippe|Pie|"
    "Louis|Karl|Heinrich|Friedrich|Georg|Pius|Leo|Carlo|Enrico|Pio|Leone|Giorgio|Karel|Lodewijk|Karol|Henryk|Zygmunt"
)
_FILE_KINDS = "pdf|docx?|xlsx?|pptx?|csv|txt|zip|jpe?g|png|gif|mp[34]|wav|html?|exe"
_OF_THE = re.compile(r"\s+(?:de|del|des|da|do|das|dos)\s+[^\W\d]")
_NO_FRACTIONS = ((24, 7), (50, 50), (20, 20))
_NEEDS_RULES = re.compile(r"[\d@#&%$€£¥₹₽₺+=/<>°§©®™№‰×÷±≈≠≤≥→√∞½⅓⅔¼¾⅛²³µºª*~_\\|^.-]|[IVXLC]{2}")


class Normalizer(SymbolReader):
    """How one language reads what is not written in letters. Also the generic rules for languages without their own.

    Args:
        language: a key of `LANGUAGES`.
    """

    month_first = False
    date_before = r""  # words in front of a date without year ("am", "em")
    month_year_joiner = ""  # "dezembro DE 2024"
    roman_contexts = r""  # words that a Roman numeral of any length may follow

    def __init__(self, language: str):
        super().__init__(language)
        first = self.first_rules()
        self.rules: list[Rule] = [*first, *self._common_rules()]
        self._reads_letters = bool(first or self.abbreviations or self.spelled)

    # --- entry -------------------------------------------------------------------------------------------------

    def find(self, text: str, taken: "list[tuple[int, int]] | None" = None) -> list[Replacement]:
        """All stretches to replace, in order and without overlap.

        Args:
            text: cleaned text (`clean`) of one language.
            taken: stretches `(start, end)` that must be left alone.
        """
        if not self._reads_letters and not _NEEDS_RULES.search(text):
            return []
        busy = bytearray(len(text))
        for start, end in taken or []:
            busy[start:end] = b"\1" * (end - start)
        found = []
        for pattern, say in self.rules:
            for match in pattern.finditer(text):
                start, end = match.span()
                if start == end or busy.find(1, start, end) >= 0:
                    continue
                spoken = say(match)
                if spoken is not None:
                    busy[start:end] = b"\1" * (end - start)
                    found.append(Replacement(start, end, spoken))
        return sorted(found, key=lambda item: item.start)

    # --- the rules in order of priority ------------------------------------------------------------------------

    def first_rules(self) -> list[Rule]:
        """Rules of the language that go before all others."""
        return []

    def _common_rules(self) -> list[Rule]:
        number = rf"(?P<number>{self._number_pattern()})"
        amount = rf"{_SIGN}{_START}{number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
        rules: list[tuple[str, Callable | None, int]] = [
            (r"(?<!\S)(?:<3|[:;]-?[()DPp])(?!\S)|[-=]>|<-|[™®]", lambda m: "", 0),
            (r"(?<![\w@.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", self._address, 0),
            (r"(?:https?://|www\.)[^\s<>\"()]+[\w/=#]", self._address, re.I),
            (rf"(?<![\w.@/-])(?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL})(?:/[^\s<>\"()]*[\w/])?(?![\w@]|\.\w)", self._address, 0),
            (r"(?<!\w)@(?P<name>\w[\w.]*\w)", lambda m: f"{self.at} {self._spell_address(m['name'])}", 0),
            (r"(?<!\w)#(?P<name>[^\W\d]\w*)", lambda m: f"hashtag {self._hashtag_words(m['name'])}", 0),
            (rf"(?<![\w./@:\\-])(?P<name>[\w.-]{{1,80}})\.(?P<kind>{_FILE_KINDS})(?![\w@-]|\.\w)", self._file_name, 0),
            (r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?![\w-])", self._numeric_date, 0),
            (r"(?<![\w/.-])(?P<a>\d{1,2})º?(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d\d)(?![\w/-]|\.\d)",
             self._numeric_date, 0),
            (rf"(?<!\w)(?P<before>{self.date_before})(?P<space>\s+)(?P<a>\d{{1,2}})(?P<sep>/)(?P<b>\d{{1,2}})(?![\w/])",
             self._short_date, re.I) if self.date_before else ("(?!)", None, 0),
            (r"(?<![\w/.,-])(?P<m>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)(?![\w/]|[.,]\d)", self._month_year, 0),
            *self.written_date_patterns(),
            (r"(?<=\d[:h]\d\d)\s?[-—]\s?(?=\d{1,2}[:h]\d\d)|(?<=\dh)\s?[-—]\s?(?=\d{1,2}h)"
             r"|(?<=\d)\s?[-—]\s?(?=\d{1,2}(?:[:.]\d\d)?\s?(?:h|Uhr|uur)(?!\w))",
             (lambda m: f" {self.range_word} ") if self.range_word else None, 0),
            *self.time_patterns(),
            (rf"(?<![\w:.,/])(?P<number>\d{{1,3}}):(?P<to>{_NUMBER})(?![\w:])", self._ratio, 0),
            (r"(?<=[\d%‰€$£¥])(?P<gap>\s?)[-—](?P=gap)(?=[\d€$£¥₹A-Z])", self._range_of_amounts, 0),
            (rf"{_SIGN}(?<!\w)(?P<currency>{_CURRENCY})\s?(?P<inner_sign>-(?=\d))?{number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
             rf"(?:\s?(?P<magnitude>{self._magnitude_pattern()})(?!\w))?(?![\d])", self._money, 0),
            (rf"{amount}(?:\s?(?P<magnitude>{self._magnitude_pattern()}))?\s?(?P<currency>{_CURRENCY})(?!\w)",
             self._money, 0),
            *self.phone_patterns(),
            (rf"{amount}\s?(?P<mark>%|‰)", self._percent, 0),
            *self.ordinal_patterns(),
            (rf"(?<![\w.,]){_NEW}(?:(?P<number>{_NUMBER})[-—])?(?P<to>{_NUMBER})x(?!\w|\s?[-+=^*]|\s?/(?!{self.per_nouns or '(?!)'}))",
             self._fold, 0),
            (rf"(?<![\w./,-])(?:(?P<n>\d{{1,3}})\s?)?(?:(?P<a>[1-9])/(?P<b>[2-9]|10)|(?P<fraction>[½⅓⅔¼¾⅛]))\s?"
             rf"(?P<unit>{_LONG_UNIT}|[glhmмл])(?![\w/²³])", self._fraction_of_unit, 0),
            (rf"{_SIGN}(?:(?<![\w.,]){_NEW}|(?<=\dh)|(?<=\dmin)){number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
             rf"(?:(?P<unit>{_UNIT})|\s(?P<unit2>{_LONG_UNIT}|[mgLlhstVWмлчт](?=[\s,;:!?)]|/m²(?!\w)|\.(?!\w)|$)))"
             r"(?:/(?P<per>s|h|min|kg|l|L|ml|m²))?"
             r"(?:(?![\w²³]|/(?!\d))(?:\.(?=\s[^\W\dA-ZÀ-ÞА-ЯЁ_]))?|(?:(?<=\dh)|(?<=\dmin))(?=\d{1,2}\s?(?:min|s)(?!\w)))", self._quantity, 0),
            (r"(?<![\w/])(?P<unit>km/h|m/s|km²|m²|m³|kWh|°C|°F|mph)(?![\w/])", lambda m: self.unit(m["unit"], 1 if "/" not in m["unit"] else 2), 0),
            (rf"(?<=\b{self.per_word}\s)(?P<unit>kg|km|l|h|t|m²|m³)(?![\w/'])" if self.per_word else "(?!)",
             lambda m: self.unit(m["unit"], 1), 0),
            (rf"(?<![\w.])(?P<word>{self.roman_contexts})(?P<space>\s+)(?P<roman>[IVXLC]+)(?!\w|\.?\s?\d)", self._roman, 0)
            if self.roman_contexts else ("(?!)", None, 0),
            (r"(?<![\w.])(?P<word>[A-ZÀ-ÞĄ-ŻА-ЯЁ][\w']+)(?P<space>\s+)(?P<roman>[IVX]{2,})(?!\w)", self._roman, 0),
            (rf"(?<![\w.])(?P<word>{_RULERS})(?P<space>\s+)(?P<roman>[VX])(?!\w)", self._roman, 0),
            (r"(?<![\w.,])(?:(?P<n>\d+)\s?)?(?P<fraction>[½⅓⅔¼¾⅛])", self._unicode_fraction, 0),
            (r"(?<![\w./,-])(?P<n>\d{1,3})\s(?P<a>[1-9]\d?)/(?P<b>[2-9]|1[0-6])(?![\w/]|[.,]\d)", self._mixed_number, 0),
            (r"(?<![\w./,-])(?P<a>\d{1,2})/(?P<b>\d{1,3})(?![\w/]|[.,]\d)", self._slash_fraction, 0),
            (r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w.]*\d)", self._version, 0),
            (rf"(?<=\w){'(?<!/m)' if self.per_word else ''}[²³]", lambda m: f" {self.powers['²³'.index(m[0])]}", 0),
            *self.year_patterns(),
            (r"(?<=[\dmgl²] )[x×](?= \d)", self._times_or_by, 0),
            (rf"(?<![\w.,]){_NEW}(?P<number>{_NUMBER})\s?[xX×]\s?(?P<to>{_NUMBER})(?!\w)", self._product, 0),
            (r"\d{9}(?=\d{12})|(?<=\d{9})\d{12,20}(?!\d)", self._long_digits, 0),
            (rf"(?<![\w.,-]){_NEW}(?P<number>{_NUMBER})\s?[-—]\s?(?P<to>{_NUMBER})(?![\w-]|[.,]\d)", self._range, 0),
            (rf"(?P<sign>(?<![^\s(\"=^\ue000])[-+])?{number}", self._plain_number, 0),
            *self._abbreviation_patterns(),
            *self._symbol_patterns(),
        ]  # fmt: skip
        return [(re.compile(pattern, flags), say) for pattern, say, flags in rules if say is not None]

    def _number_pattern(self) -> str:
        if self.space_groups:
            return rf"(?:\d{{1,3}}(?: \d{{3}})+(?![ \d]{{0,30}}\d)(?:[.,]\d+)?|{_NUMBER})"
        return _NUMBER

    # --- hooks for the languages -------------------------------------------------------------------------------

    def written_date_patterns(self) -> list:
        """Dates with the name of the month."""
        return []

    def time_patterns(self) -> list:
        """Times of day."""
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]|[.,]\d)", self._time, 0)
        ]

    def ordinal_patterns(self) -> list:
        """Ordinal numbers written with digits."""
        return []

    def year_patterns(self) -> list:
        """Years where they are read unlike other numbers."""
        return []

    def year(self, year: int) -> str:
        """A year in words."""
        return self.cardinal(year)

    def date(self, day: int, month: int, year: int | None) -> str | None:
        """A date; None leaves it to the other rules."""
        months = month_names(self.language)
        if not months:
            return None
        parts = [self.cardinal(day), months[month - 1]] + ([self.year(year)] if year is not None else [])
        return " ".join(parts)

    def month_and_year(self, month: int, year: int) -> str | None:
        """A month without a day; None where the names of the months are not known."""
        months = month_names(self.language, alone=True)
        return " ".join(f"{months[month - 1]} {self.month_year_joiner} {self.year(year)}".split()) if months else None

    def time(self, hour: int, minute: int, second: int | None) -> str:
        """A time of day."""
        parts = [self.cardinal(hour)] + ([self.cardinal(minute)] if minute or second else [])
        return " ".join(parts + ([self.cardinal(second)] if second else []))

    # --- saying ------------------------------------------------------------------------------------------------

    def _numeric_date(self, match: re.Match) -> str | None:
        groups = match.groupdict()
        if "d" in groups:
            return self._checked_date(int(groups["d"]), int(groups["m"]), groups["y"])
        day, month = int(groups["a"]), int(groups["b"])
        if (self.month_first and groups["sep"] == "/" and day <= 12) or month > 12:
            day, month = month, day
        return self._checked_date(day, month, groups["y"])

    def _slash_fraction(self, match: re.Match) -> str | None:
        """A fraction, or a date without year that looks like none: with a zero in front ("15/03"), or "31/12"."""
        first, second = int(match["a"]), int(match["b"])
        if (first, second) in _NO_FRACTIONS:
            return f"{self.cardinal(first)} {self.cardinal(second)}"
        late = len(match["b"]) == 2 and 12 < first <= 31 and not self._in_equation(match)
        if match["a"].startswith("0") or match["b"].startswith("0") or late:
            swapped = (self.month_first and first <= 12) or second > 12
            spoken = self._checked_date(*((second, first) if swapped else (first, second)), None)
            if spoken is not None:
                return spoken
        return self.fraction(first, second)

    def _short_date(self, match: re.Match) -> str | None:
        day, month = int(match["a"]), int(match["b"])
        if day < month <= 10 and _OF_THE.match(match.string, match.end()):
            return None  # "el 1/3 de la población"
        if self.month_first and day <= 12:
            day, month = month, day
        spoken = self._checked_date(day, month, None)
        return None if spoken is None else f"{match['before']} {spoken}"

    def _month_year(self, match: re.Match) -> str | None:
        return self.month_and_year(int(match["m"]), int(match["y"]))

    def _checked_date(self, day: int, month: int, year: str | None) -> str | None:
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        value = None
        if year is not None:
            value = int(year)
            if len(year) == 2:
                value += 2000 if value < 50 else 1900
        return self.date(day, month, value)

    def _time(self, match: re.Match) -> str:
        groups = match.groupdict()
        second = int(groups["s"]) if groups.get("s") else None
        return self.time(int(groups["h"]), int(groups.get("m") or 0), second)
