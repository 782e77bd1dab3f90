"""English (United States and United Kingdom): numbers, dates, times, money and abbreviations."""

import re

from .chat_words import chat_rules
from .normalization_base import Normalizer
from .normalization_en_short_forms import WEEKDAYS, short_form_rules
from .normalization_measures import code_rule
from .number_words import WrittenNumber, number_words


_MONTHS = ("January February March April May June July August September October November December").split()
_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?"
)
_CARDINAL_BEFORE_ROMAN = frozenset(
    "chapter part volume vol book act scene section type phase stage war bowl article appendix level class mark title "
    "episode season version unit figure table rocky final fantasy generation".split()
)


class EnglishNormalizer(Normalizer):
    """`language` is `"en-us"` (month first, no "and" in numbers) or `"en-gb"`."""

    decimal = "."
    decimal_words = {".": "point", ",": "comma"}
    range_word = score_word = "to"
    of_unit = "of a"
    minus, percent, permille = "minus", "percent", "per thousand"
    times_word, size_word = "times", "by"
    fold_words = ("time", "times")
    power_word = "to the power of"
    per_word = "per"
    per_nouns = r"(?:hour|day|night|week|month|year|person|hr|mo|yr)\b"
    dot, at, slash, dash, underscore, plus, equals = "dot", "at", "slash", "dash", "underscore", "plus", "equals"
    date_before = "on|by|until|till|thru|through|due|since|from|before|after"
    cents_joiner, and_word = "and", "and"
    powers = ("squared", "cubed")
    roman_contexts = "Chapter|Part|Volume|Vol\\.|Super Bowl|Book|Act|Scene|Section|Type|Phase|Stage|World War|Article|Appendix|chapter|part|volume|type"
    magnitudes = {
        "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "mn": 10**6, "bn": 10**9,
        "tn": 10**12, "k": 10**3, "K": 10**3, "M": 10**6, "m": 10**6, "B": 10**9, "b": 10**9, "T": 10**12,
    }  # fmt: skip
    currencies = {
        "USD": ("dollar", "dollars", "cent", "cents"),
        "EUR": ("euro", "euros", "cent", "cents"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "BRL": ("real", "reais", "centavo", "centavos"),
        "JPY": ("yen", "yen", "", ""),
        "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
        "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
        "INR": ("rupee", "rupees", "paisa", "paise"),
    }
    symbols = {
        "&": "and", "+": "plus", "=": "equals", "%": "percent", "@": "at", "°": "degrees", "±": "plus or minus",
        "×": "times", "÷": "divided by", "≈": "approximately", "≠": "is not equal to", "≤": "is at most",
        "≥": "is at least", "√": "square root of", "∞": "infinity", "§": "section", "©": "copyright", "№": "number",
        "µ": "micro", "€": "euros", "£": "pounds", "$": "dollars", "¥": "yen", "¢": "cents", "‰": "per thousand",
        "<": "less than", ">": "greater than", "→": "to", "*": "times", "#": "number", "?": "question mark",
        ":": "colon",
    }  # fmt: skip
    abbreviations = {
        "mr": "mister", "mrs": "missus", "ms": ".miz", "messrs": "messieurs", "dr": ".doctor", "prof": ".professor",
        "jr": ".junior", "sr": ".senior", "vs": "versus", "etc": "et cetera", "e.g": "for example", "i.e": "that is",
        "cf": ".compare", "approx": ".approximately", "dept": ".department", "no": ".#number", "nos": ".#numbers",
        "vol": ".#volume", "fig": ".#figure", "figs": ".#figures", "ch": ".#chapter", "p": ".#page", "pp": ".#pages",
        "sec": ".#section", "ave": ".avenue", "blvd": ".boulevard", "rd": ".road", "mt": ".mount", "gov": ".governor",
        "sen": ".senator", "rep": ".representative", "gen": ".general", "col": ".colonel", "capt": ".captain",
        "lt": ".lieutenant", "sgt": ".sergeant", "rev": ".reverend", "inc": ".incorporated", "ltd": "limited",
        "corp": ".corporation", "bros": ".brothers", "ph.d": "P H D", "a.k.a": "also known as", "w/o": "without", "w/out": "without",
        "hrs": "hours", "mins": "minutes", "secs": "seconds", "a.m": "AM", "p.m": "PM", "misc": ".miscellaneous", "est": ".#established", "tel": ".telephone",
        "apt": ".#apartment", "ext": ".#extension", "para": ".#paragraph", "art": ".#article", "tbsp": "tablespoons",
        "tsp": "teaspoons", "yrs": "years", "sq. ft": "square feet", "sq ft": "square feet", "fl. oz": "fluid ounces",
        "fl oz": "fluid ounces", "ste": ".#suite", "hwy": ".highway", "adm": ".admiral", "maj": ".major", "c/o": "care of",
    }  # fmt: skip

    def __init__(self, language: str):
        self.month_first = language == "en-us"
        super().__init__(language)

    def first_rules(self) -> list:
        return [
            *chat_rules("en"),
            *short_form_rules(self),
            (
                re.compile(
                    rf"(?<!\w)(?P<day>{'|'.join(WEEKDAYS)})\.?(?P<comma>,?)\s(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?![\w/])",
                    re.I,
                ),
                self._weekday_and_date,
            ),
            (
                re.compile(r"(?<!\w)(?:24/7|9/11)(?!\w)"),
                lambda m: {"2": "twenty-four seven", "9": "nine eleven"}[m[0][0]],
            ),
            (re.compile(r"(?<!\w)(?P<c>1[1-9]|20)(?P<d>\d0)'?s(?!\w)"), self._decade),
            (re.compile(r"(?<!\w)'?(?P<d>[2-9]0)'?s(?!\w)"), lambda m: _plural(number_words(int(m["d"]), "en-us"))),
            (
                re.compile(r"(?<![\w.,])(?P<n>\d)00s(?!\w)"),
                lambda m: f"{self.cardinal(int(m['n']))} hundreds".removeprefix("one "),
            ),
            (re.compile(r"(?<![\w.,])(?P<h>\d{1,2})\s?h\s?(?P<m>[0-5]?\d)\s?m(?!\w)"), self._duration),
            (
                re.compile(
                    r"(?:(?<=\d[ap]m)|(?<=noon)|(?<=\d))\s?[-—]\s?(?=\d{1,2}(?::\d\d)?\s?[ap]\.?m(?!\w))", re.I
                ),
                lambda m: f" {self.range_word} ",
            ),
            (re.compile(r"(?<![\w.,])(?P<f>\d)'\s?(?P<i>\d{1,2})(?:[\"\ue000\ue001]|(?!\w))"), self._feet),
            (re.compile(r"(?<!\w)w/(?!o(?:ut)?\b)(?=\s?\w)"), lambda m: "with "),
        ]

    def _weekday_and_date(self, match: re.Match) -> str | None:
        """ "Wed 3/15", by the order of the region unless only the other one is possible."""
        day, month = int(match["a"]), int(match["b"])
        if (self.month_first and day <= 12) or month > 12:
            day, month = month, day
        date = self._checked_date(day, month, None)
        return date and f"{WEEKDAYS[match['day'].lower()]}{match['comma']} {date}"

    def _duration(self, match: re.Match) -> str:
        counts = ((int(match["h"]), "hour"), (int(match["m"]), "minute"))
        return " ".join(f"{self.cardinal(count)} {name}{'' if count == 1 else 's'}" for count, name in counts)

    def _feet(self, match: re.Match) -> str:
        feet, inches = int(match["f"]), int(match["i"])
        name = "foot" if feet == 1 else "feet"
        return f"{self.cardinal(feet)} {name} {self.cardinal(inches)} {'inch' if inches == 1 else 'inches'}"

    def written_date_patterns(self) -> list:
        day, year = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?", r"(?P<y>1\d{3}|20\d\d)"
        to = r"\s?[-—]\s?(?P<to>\d{1,2})(?:st|nd|rd|th)?"
        return [
            (rf"(?<!\w)(?P<month>{_MONTH})\s+{day}{to}(?!\w|[.,:/-]\d)(?:,?\s+{year}(?!\w|[.,]\d))?", self._month_days, 0),
            (rf"(?<![\w.,/-])(?:the\s+)?{day}{to}(?:\s+of)?\s+(?P<month>{_MONTH})(?!\w)(?:,?\s+{year}(?!\w|[.,]\d))?",
             self._month_days, 0),
            (rf"(?<!\w)(?P<month>{_MONTH})\s+{day}(?!\w|[.,:]\d)(?:,?\s+{year}(?!\w|[.,]\d))?", self._month_day, 0),
            (rf"(?<![\w.,])(?P<the>the\s+)?{day}(?P<of>\s+of)?\s+(?P<month>{_MONTH})(?!\w)(?:,?\s+{year}(?!\w|[.,]\d))?",
             self._day_month, 0),
            (rf"(?<!\w)(?P<month>{_MONTH}),?\s+{year}(?!\w|[.,]\d)",
             lambda m: f"{self._month(m['month'])} {self.year(int(m['y']))}", 0),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        half = r"(?P<half>[ap])\.?m(?P<stop>\.?)(?!\w)"
        return [
            (
                rf"(?<![\w:.,])(?P<h>\d{{1,2}})(?:[:.](?P<m>[0-5]\d))?(?::(?P<s>[0-5]\d))?\s?{half}",
                self._half_day,
                re.I,
            ),
            (
                r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[:h](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]|[.,]\d)",
                self._time,
                0,
            ),
        ]

    def phone_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?:\+?1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])", self.digits, 0),
            *super().phone_patterns(),
            (*code_rule(self), 0),
        ]

    def ordinal_patterns(self) -> list:
        return [(r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)(?!\w)",
                 lambda m: self.ordinal(int(m["n"].replace(",", ""))), re.I)]  # fmt: skip

    def year_patterns(self) -> list:
        return [
            (
                r"(?<![\w.,$€£-])(?<!\d—)(?P<y>1\d{3}|20\d\d)(?![\w]|[.,:/]\d|-\w|—\d)",
                lambda m: self.year(int(m["y"])),
                0,
            )
        ]

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        return words and re.sub(
            r"(?<= of )a (?=[aeiou]|hour)", "an ", words.replace("one half ", "half a ") if not match["n"] else words
        )

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language)
        return words.replace(" and ", " ") if self.language == "en-us" else words

    def ordinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language, "ordinal")
        return words.replace(" and ", " ") if self.language == "en-us" else words

    def year(self, year: int) -> str:
        century, rest = divmod(year, 100)
        if year < 1000 or (century % 10 == 0 and rest < 10):
            return self.cardinal(year)
        if rest == 0:
            return f"{self.cardinal(century)} hundred"
        return f"{self.cardinal(century)} {'oh ' if rest < 10 else ''}{self.cardinal(rest)}"

    def _decade(self, match: re.Match) -> str:
        if match["d"] == "00":
            words = self.year(int(match["c"] + "00"))
            return words + "s"
        return f"{self.cardinal(int(match['c']))} {_plural(self.cardinal(int(match['d'])))}"

    def _month(self, name: str) -> str:
        return next(month for month in _MONTHS if month.startswith(name[:3]))

    def _month_day(self, match: re.Match) -> str | None:
        day = int(match["d"])
        if not 1 <= day <= 31:
            return None
        year = f", {self.year(int(match['y']))}" if match["y"] else ""
        return f"{self._month(match['month'])} {self.ordinal(day)}{year}"

    def _month_days(self, match: re.Match) -> str | None:
        first, last = int(match["d"]), int(match["to"])
        if not 1 <= first < last <= 31:
            return None
        month, year = self._month(match["month"]), f", {self.year(int(match['y']))}" if match["y"] else ""
        if match.start("month") < match.start("d"):
            return f"{month} {self.ordinal(first)} to {self.ordinal(last)}{year}"
        return f"the {self.ordinal(first)} to the {self.ordinal(last)} of {month}{year}"

    def _day_month(self, match: re.Match) -> str | None:
        if (
            not 1 <= int(match["d"]) <= 31
            or match["month"] == "May"
            and not (match["y"] or match["the"] or match["of"])
        ):
            return None
        year = f", {self.year(int(match['y']))}" if match["y"] else ""
        return f"the {self.ordinal(int(match['d']))} of {self._month(match['month'])}{year}"

    def date(self, day: int, month: int, year: int | None) -> str:
        tail = "" if year is None else f", {self.year(year)}"
        if self.month_first:
            return f"{_MONTHS[month - 1]} {self.ordinal(day)}{tail}"
        return f"the {self.ordinal(day)} of {_MONTHS[month - 1]}{tail}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = self.cardinal(hour)
        if minute:
            words += f" {'oh ' if minute < 10 else ''}{self.cardinal(minute)}"
        elif not second:
            words = "midnight" if hour == 0 else f"{words} o'clock" if hour <= 12 else f"{words} hundred"
        return words + (f" and {self.counted(second, '')} seconds" if second else "")

    def _half_day(self, match: re.Match) -> str | None:
        hour, minute = int(match["h"]), int(match["m"] or 0)
        if hour > 24:
            return None
        words = self.time(hour, minute, int(match["s"]) if match["s"] else None)
        words = words.removesuffix(" o'clock").removesuffix(" hundred")
        at_end = match["stop"] and not re.search(r"\w", match.string[match.end() :])
        return f"{words} {match['half'].upper()}M{'.' if at_end else ''}"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not 2 <= denominator <= 20 or numerator >= denominator or not numerator:
            return f"{self.cardinal(numerator)} over {self.cardinal(denominator)}"
        if denominator == 2:
            return "one half"
        name = "quarter" if denominator == 4 else self.ordinal(denominator)
        return f"{self.cardinal(numerator)} {name}{'s' if numerator > 1 else ''}"

    def roman(self, value: int, word: str) -> str:
        if word.split()[-1].lower().rstrip(".") in _CARDINAL_BEFORE_ROMAN:
            return self.cardinal(value)
        return f"the {self.ordinal(value)}"

    def range_number(self, number: WrittenNumber, following: str) -> str:
        if number.is_integer and len(number.whole) == 4 and 1000 < number.value <= 2099:
            return self.year(number.value)
        return self.number(number, following)


def _plural(words: str) -> str:
    return words[:-1] + "ies" if words.endswith("y") else words + "s"
