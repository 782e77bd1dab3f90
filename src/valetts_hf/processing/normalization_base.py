"""The rules that write out numbers, dates, times, money, units, addresses and symbols, common to all languages.

A `Normalizer` finds stretches of a text that are not read as they are spelled and says what is spoken instead. The
languages derive from it: they fill in tables (`decimal`, `symbols`, `abbreviations`, ...) and override how a date, a
time or an amount is said. Positions are kept, so that a spoken word can be traced to the characters it came from.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .normalization_tables import CURRENCIES, UNITS, currency_words, month_names, unit_words
from .number_words import (
    MAX_DIGITS,
    WrittenNumber,
    digit_words,
    is_one_number,
    number_words,
    parse_number,
    roman_value,
)


@dataclass(frozen=True)
class Replacement:
    """The characters `start` to `end` are spoken as `spoken` (several words, perhaps with commas)."""

    start: int
    end: int
    spoken: str


Rule = tuple[re.Pattern, Callable[[re.Match], "str | None"]]

_NUMBER = r"\d+(?:[.,']\d+)*"
_CURRENCY = "|".join(re.escape(s) for s in sorted(CURRENCIES, key=len, reverse=True))
_CURRENCY_SIGN = "|".join(re.escape(s) for s in sorted(CURRENCIES, key=len, reverse=True) if not s.isalpha())
_UNIT = "|".join(re.escape(s) for s in sorted(UNITS, key=len, reverse=True))
_LONG_UNIT = "|".join(
    re.escape(s) for s in sorted(UNITS, key=len, reverse=True) if len(s) > 1 and s not in ("mi", "ha")
)
_MIXED_UNIT = re.compile(r"(?<![\w/])(?P<unit>km/h|m/s|km²|m²|m³|kWh|°C|°F|mph)(?![\w/])")
_TOP_LEVEL = (
    "com|org|net|edu|gov|info|io|dev|app|ai|br|pt|de|fr|es|it|nl|pl|ru|uk|us|eu|ar|mx|ch|at|be|se|no|tr|in|tv|me|co"
)
_FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8)}
_NEEDS_RULES = re.compile(r"[\d@#&%$€£¥₹₽₺+=/<>°§©®™№‰×÷±≈≠≤≥→√∞½⅓⅔¼¾⅛²³µºª*~_\\|^.-]|[IVXLC]{2}")


class Normalizer:
    """How one language reads what is not written in letters. Also the generic rules for languages without their own.

    Args:
        language: a key of `LANGUAGES`.
    """

    decimal = ","
    space_groups = False  # "1 234 567"
    month_first = False
    decimal_words = {",": "", ".": ""}  # spoken separators; where empty, num2words' own decimals are used
    range_word = ""
    minus = "minus"
    percent = ""
    permille = ""
    times_word = ""
    per_word = ""
    per_nouns = ""  # words that "/" stands in front of with the meaning "per"
    dot, at, slash, dash, underscore, plus, equals = "", "", "", "", "", "", ""
    date_joiner = " "
    date_before = r""  # words in front of a date without year ("am", "em")
    symbols: dict[str, str] = {}
    abbreviations: dict[str, str] = {}
    magnitudes: dict[str, int] = {}
    currencies: dict[str, tuple[str, str, str, str]] = {}
    month_spellings: dict[str, int] = {}
    roman_contexts = r""
    unit_overrides: dict[str, tuple[str, str]] = {}
    feminine_units: frozenset[str] = frozenset()
    spelled: frozenset[str] = frozenset()

    def __init__(self, language: str):
        self.language = language
        self._abbreviations = {key.rstrip(".").lower(): value for key, value in self.abbreviations.items()}
        self.rules: list[Rule] = [*self.first_rules(), *self._common_rules()]

    # --- entry -------------------------------------------------------------------------------------------------

    def find(self, text: str, taken: "list[tuple[int, int]] | None" = None) -> list[Replacement]:
        """All stretches to replace, in order and without overlap.

        Args:
            text: cleaned text (`clean`) of one language.
            taken: stretches `(start, end)` that must be left alone.
        """
        if not (self.abbreviations or self.spelled) and not _NEEDS_RULES.search(text):
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
        amount = rf"(?P<sign>(?<![\w.,)])[-+])?{number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
        rules: list[tuple[str, Callable, int]] = [
            (r"(?<!\S)(?:<3|[:;]-?[()DPp])(?!\S)|[-=]>|<-|[™®]", lambda m: "", 0),
            (r"(?<![\w@.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", self._address, 0),
            (r"(?:https?://|www\.)[^\s<>\"()]+[\w/=#]", self._address, re.I),
            (rf"(?<![\w.@/])(?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL})(?:/[^\s<>\"()]*[\w/])?(?![\w@]|\.\w)", self._address, 0),
            (r"(?<!\w)@(?P<name>\w[\w.]*\w)", lambda m: f"{self.at} {self._spell_address(m['name'])}", 0),
            (r"(?<!\w)#(?P<name>[^\W\d]\w*)", lambda m: f"hashtag {m['name'].replace('_', ' ')}", 0),
            (r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?![\w-])", self._numeric_date, 0),
            (r"(?<![\w/.-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d\d)(?![\w/-]|\.\d)",
             self._numeric_date, 0),
            (rf"(?<!\w)(?P<before>{self.date_before})(?P<space>\s+)(?P<a>\d{{1,2}})(?P<sep>/)(?P<b>\d{{1,2}})(?![\w/])",
             self._short_date, re.I) if self.date_before else ("(?!)", None, 0),
            *self.written_date_patterns(),
            *self.time_patterns(),
            (rf"(?P<sign>(?<![\w.,)])[-+])?(?<!\w)(?P<currency>{_CURRENCY})\s?{number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
             rf"(?:\s?(?P<magnitude>{self._magnitude_pattern()})(?!\w))?(?![\d])", self._money, 0),
            (rf"{amount}(?:\s?(?P<magnitude>{self._magnitude_pattern()}))?\s?(?P<currency>{_CURRENCY})(?!\w)",
             self._money, 0),
            *self.phone_patterns(),
            (rf"{amount}\s?(?P<mark>%|‰)", self._percent, 0),
            *self.ordinal_patterns(),
            (rf"(?P<sign>(?<![\w.,)])[-+])?(?<![\w.,]){number}(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
             rf"(?:(?P<unit>{_UNIT})|\s(?P<unit2>{_LONG_UNIT}|[mgLlhVW](?=[\s,.;:!?)]|$)))"
             r"(?:/(?P<per>s|h|min|kg|l|L|ml|m²))?(?![\w/²³])", self._quantity, 0),
            (_MIXED_UNIT.pattern, lambda m: self.unit(m["unit"], 1 if "/" not in m["unit"] else 2), 0),
            (rf"(?<![\w.])(?P<word>{self.roman_contexts})(?P<space>\s+)(?P<roman>[IVXLC]+)(?!\w)", self._roman, 0)
            if self.roman_contexts else ("(?!)", None, 0),
            (r"(?<![\w.])(?P<word>[A-ZÀ-Þ][\w']+)(?P<space>\s+)(?P<roman>[IVX]{2,})(?!\w)", self._roman, 0),
            (r"(?<![\w.,])(?:(?P<n>\d+)\s?)?(?P<fraction>[½⅓⅔¼¾⅛])", self._unicode_fraction, 0),
            (r"(?<![\w./,-])(?P<a>\d{1,2})/(?P<b>\d{1,3})(?![\w/]|[.,]\d)", self._slash_fraction, 0),
            (r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w.]*\d)", self._version, 0),
            (r"(?<=\w)[²³]", lambda m: self.power(m[0]), 0),
            *self.year_patterns(),
            (rf"(?<![\w.,])(?P<number>{_NUMBER})\s?[xX×]\s?(?P<to>{_NUMBER})(?!\w)", self._product, 0),
            (r"\d{9}(?=\d{12,})|(?<=\d{9})\d{12,20}(?!\d)", lambda m: f"{self._in_groups(m[0])},", 0),
            (rf"(?<![\w.,-])(?P<number>{_NUMBER})\s?[-—]\s?(?P<to>{_NUMBER})(?![\w-]|[.,]\d)", self._range, 0),
            (rf"(?P<sign>(?<![^\s(\"=\ue000])[-+])?{number}", self._plain_number, 0),
            *self._abbreviation_patterns(),
            *self._symbol_patterns(),
        ]  # fmt: skip
        return [(re.compile(pattern, flags), say) for pattern, say, flags in rules if say is not None]

    def _number_pattern(self) -> str:
        if self.space_groups:
            return rf"(?:\d{{1,3}}(?: \d{{3}})+(?![ \d]*\d)(?:[.,]\d+)?|{_NUMBER})"
        return _NUMBER

    def _magnitude_pattern(self) -> str:
        return "|".join(re.escape(word) for word in sorted(self.magnitudes, key=len, reverse=True)) or "(?!)"

    # --- hooks for the languages -------------------------------------------------------------------------------

    def written_date_patterns(self) -> list:
        """Dates with the name of the month."""
        return []

    def time_patterns(self) -> list:
        """Times of day."""
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]|[.,]\d)", self._time, 0)
        ]

    def phone_patterns(self) -> list:
        """Telephone numbers and other strings of digits that are read one by one."""
        return [
            (r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?!\w)", self.digits, 0),
            (r"(?<![\w.,-])(?<!\d )0\d+(?:[ -]\d{2,})+(?![\w-]|[.,]\d)", self.digits, 0),
            (r"(?<![\w.,-])(?<!\d )\d{3}[ -]\d{4}(?![\w-]|[.,]\d)", self.digits, 0),
            (r"(?<![\w.,-])\(?\d{2,4}\)?[ -]\d{3,5}-\d{4}(?![\w-])", self.digits, 0),
        ]

    def ordinal_patterns(self) -> list:
        """Ordinal numbers written with digits."""
        return []

    def year_patterns(self) -> list:
        """Years where they are read unlike other numbers."""
        return []

    def cardinal(self, number: int, feminine: bool = False) -> str:
        """A cardinal number in words."""
        return number_words(number, self.language)

    def ordinal(self, number: int, feminine: bool = False) -> str:
        """An ordinal number in words."""
        return number_words(number, self.language, "ordinal")

    def counted(self, number: int, following: str) -> str:
        """A cardinal in front of the word `following` (it may have to agree with it)."""
        return self.cardinal(number)

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

    def time(self, hour: int, minute: int, second: int | None) -> str:
        """A time of day."""
        parts = [self.cardinal(hour)] + ([self.cardinal(minute)] if minute or second else [])
        return " ".join(parts + ([self.cardinal(second)] if second else []))

    def fraction(self, numerator: int, denominator: int) -> str | None:
        """A common fraction; None leaves it to the other rules."""
        return None

    def power(self, sign: str) -> str:
        """What `²` or `³` says behind a letter or a number."""
        return "2" if sign == "²" else "3"

    def decimals(self, fraction: str) -> str:
        """The digits behind the decimal separator."""
        return digit_words(fraction, self.language)

    def roman(self, value: int, word: str) -> str:
        """A Roman numeral behind `word`."""
        return self.cardinal(value)

    # --- saying ------------------------------------------------------------------------------------------------

    def number(self, number: WrittenNumber, following: str = "", feminine: bool = False) -> str:
        """Any number with or without decimals."""
        if len(number.whole) > MAX_DIGITS:
            return self._in_groups(number.whole)
        if number.is_integer:
            if number.whole.startswith("0") and len(number.whole) > 1:
                return digit_words(number.whole, self.language)
            if feminine:
                return self.cardinal(number.value, feminine=True)
            return self.counted(number.value, following)
        separator = self.decimal_words.get(number.separator) or self.decimal_words.get(self.decimal)
        if not separator:
            return f"{self.cardinal(number.value)}{number.separator}{number.fraction}"
        return f"{self.cardinal(number.value, feminine)} {separator} {self.decimals(number.fraction)}"

    def _in_groups(self, digits: str) -> str:
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        return ", ".join(digit_words(group, self.language) for group in groups)

    def digits(self, match: re.Match) -> str | None:
        """Digits one by one, a pause between the groups as written."""
        if re.fullmatch(r"1\d{3}-(?:1\d{3}|20\d\d)|20\d\d-20\d\d", match[0]):
            return None  # years
        plus = f"{self.plus} " if match[0].startswith("+") and self.plus else ""
        return plus + ", ".join(digit_words(group, self.language) for group in re.findall(r"\d+", match[0]))

    def unit(self, symbol: str, count: "int | float") -> str | None:
        """The name of a unit for a count."""
        if symbol in self.unit_overrides:
            return self.unit_overrides[symbol][0 if count == 1 else 1]
        return unit_words(symbol, self.language, count)

    def currency(self, symbol: str, count: "int | float") -> tuple[str, str | None]:
        """Names of the currency and of its hundredth for a count (None where there is no hundredth)."""
        code = CURRENCIES[symbol]
        names = self.currencies.get(code)
        if names is None:
            return currency_words(code, self.language, count) or code, None
        return names[0 if count == 1 else 1], None

    def _parse(self, text: str) -> WrittenNumber:
        return parse_number(text, self.decimal)

    def _following(self, match: re.Match) -> str:
        following = re.match(r"\s+([^\W\d_]+)", match.string[match.end() : match.end() + 40])
        return following[1] if following else ""

    def _signed(self, match: re.Match, words: str) -> str:
        sign = match.groupdict().get("sign")
        if sign == "-" and self.minus:
            return f"{self.minus} {words}"
        return f"{self.plus} {words}" if sign == "+" and self.plus else words

    def _upto(self, match: re.Match, first: str, feminine: bool = False) -> str:
        to = match.groupdict().get("to")
        if not to:
            return first
        return f"{first} {self.range_word} {self.number(self._parse(to), feminine=feminine)}".replace("  ", " ")

    def _plain_number(self, match: re.Match) -> str:
        if not is_one_number(match["number"]):
            return re.sub(r"[.,']", ", ", re.sub(r"\d+", lambda m: self.number(WrittenNumber(m[0])), match["number"]))
        number = self._parse(match["number"])
        glued = match.start() > 0 and match.string[match.start() - 1].isalnum()
        return self._signed(match, self.number(number, "" if glued else self._following(match)))

    def _range(self, match: re.Match) -> str | None:
        if not self.range_word:
            return None
        first, last = self._parse(match["number"]), self._parse(match["to"])
        if "." in match[0] and first.is_integer != last.is_integer:
            return None
        following = self._following(match)
        return f"{self.range_number(first, following)} {self.range_word} {self.range_number(last, following)}"

    def range_number(self, number: WrittenNumber, following: str) -> str:
        """One end of a range."""
        return self.number(number, following)

    def _product(self, match: re.Match) -> str | None:
        if not self.times_word:
            return None
        return f"{self.number(self._parse(match['number']))} {self.times_word} {self.number(self._parse(match['to']))}"

    def _percent(self, match: re.Match) -> str | None:
        word = self.percent if match["mark"] == "%" else self.permille
        if not word:
            return None
        return f"{self._signed(match, self._upto(match, self.number(self._parse(match['number']))))} {word}"

    def _quantity(self, match: re.Match) -> str | None:
        symbol = match["unit"] or match["unit2"]
        last = self._parse(match["to"] or match["number"])
        count = last.value if last.is_integer else float(f"{last.value}.{last.fraction}")
        name = self.unit(symbol, count)
        if name is None:
            return None
        feminine = symbol in self.feminine_units
        first = self._parse(match["number"])
        words = self.number(first, following=name.split()[0], feminine=feminine)
        if match["per"]:
            if not self.per_word or self.unit(match["per"], 1) is None:
                return None
            name = f"{name} {self.per_word} {self.unit(match['per'], 1)}"
        return f"{self._signed(match, self._upto(match, words, feminine))} {name}"

    def _money(self, match: re.Match) -> str | None:
        symbol, magnitude = match["currency"], match.groupdict().get("magnitude")
        first = self._parse(match["number"])
        last = self._parse(match["to"]) if match["to"] else first
        if symbol == "kr" and self.language == "nb":
            symbol = "NOK"
        words = self.money(first, last if match["to"] else None, symbol, magnitude)
        return None if words is None else self._signed(match, words)

    def money(self, amount: WrittenNumber, to: WrittenNumber | None, symbol: str, magnitude: str | None) -> str | None:
        """An amount of money; `to` is the end of a range, `magnitude` a word such as "million"."""
        last = to or amount
        cents = self.currencies.get(CURRENCIES[symbol])
        if cents and to is None and magnitude is None and len(amount.fraction) == 2 and cents[2]:
            return self.money_with_cents(amount, cents)
        factor = self.magnitudes.get(magnitude, 1) if magnitude else 1
        count = last.value * factor if last.is_integer else 2 * factor
        name, _ = self.currency(symbol, count)
        words = self.number(amount, following=name.split()[0])
        if to is not None:
            words = f"{words} {self.range_word} {self.number(to, following=name.split()[0])}"
        if factor > 1:
            words = f"{words} {self.magnitude_name(factor, last)}"
        if cents is None and to is None and factor == 1 and len(amount.fraction) == 2:
            tail = f" {self.cents_joiner} {self.cardinal(int(amount.fraction))}" if int(amount.fraction) else ""
            return f"{self.counted(amount.value, name.split()[0])} {name}{tail}".replace("  ", " ")
        return f"{words} {self.between_amount_and_currency(count)}{name}".replace("  ", " ")

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        """The word for a thousand, a million, ... behind a count."""
        return next(word for word, value in self.magnitudes.items() if value == factor)

    def between_amount_and_currency(self, count: int) -> str:
        """A preposition in front of the currency ("dois milhões DE reais"), with a space behind it."""
        return ""

    def money_with_cents(self, amount: WrittenNumber, names: tuple[str, str, str, str]) -> str:
        """An amount with two decimals."""
        cents = int(amount.fraction)
        parts = []
        if amount.value or not cents:
            name = names[0 if amount.value == 1 else 1]
            joiner = self.between_amount_and_currency(amount.value)
            parts.append(f"{self.counted(amount.value, name)} {joiner}{name}")
        if cents:
            name = names[2 if cents == 1 else 3]
            parts.append(f"{self.counted(cents, name)} {name}")
        return f" {self.cents_joiner} ".join(parts).replace("  ", " ")

    cents_joiner = ""

    def _numeric_date(self, match: re.Match) -> str | None:
        groups = match.groupdict()
        if "d" in groups:
            return self._checked_date(int(groups["d"]), int(groups["m"]), groups["y"])
        day, month = int(groups["a"]), int(groups["b"])
        if (self.month_first and groups["sep"] == "/" and day <= 12) or month > 12:
            day, month = month, day
        return self._checked_date(day, month, groups["y"])

    def _short_date(self, match: re.Match) -> str | None:
        day, month = int(match["a"]), int(match["b"])
        if self.month_first and day <= 12:
            day, month = month, day
        spoken = self._checked_date(day, month, None)
        return None if spoken is None else f"{match['before']} {spoken}"

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

    def _roman_value(self, numeral: str) -> int | None:
        return roman_value(numeral)

    def _roman(self, match: re.Match) -> str | None:
        value = roman_value(match["roman"])
        if value is None or match["word"].isupper():
            return None
        return f"{match['word']} {self.roman(value, match['word'])}"

    def _unicode_fraction(self, match: re.Match) -> str | None:
        spoken = self.fraction(*_FRACTIONS[match["fraction"]])
        if spoken is None:
            return None
        return f"{self.cardinal(int(match['n']))} {self.and_word} {spoken}" if match["n"] else spoken

    and_word = ""

    def _slash_fraction(self, match: re.Match) -> str | None:
        return self.fraction(int(match["a"]), int(match["b"]))

    def _version(self, match: re.Match) -> str | None:
        if not self.dot or is_one_number(match[0]):
            return None
        joiner = self.dot if match[0].count(".") > 2 else self.decimal_words.get(".") or self.dot
        return f" {joiner} ".join(self.number(WrittenNumber(part)) for part in match[0].split("."))

    # --- addresses, abbreviations, symbols ---------------------------------------------------------------------

    def _address(self, match: re.Match) -> str | None:
        if not self.dot:
            return None
        return self._spell_address(re.sub(r"^https?://", "", match[0], flags=re.I))

    def _spell_address(self, address: str) -> str:
        marks = {".": self.dot, "@": self.at, "/": self.slash, "-": self.dash, "_": self.underscore, "+": self.plus,
                 "=": self.equals, ":": self.symbols.get(":", ""), "&": self.symbols.get("&", ""),
                 "#": self.symbols.get("#", ""), "%": self.percent, "?": self.symbols.get("?", "")}  # fmt: skip
        words = []
        for part in re.findall(r"[^\W\d_]+|\d+|[^\w]|_", address.rstrip("/")):
            if part.isdigit():
                words.append(self.number(WrittenNumber(part)) if len(part) < 5 else digit_words(part, self.language))
            elif part.isalpha():
                words.append(self._spell_part(part))
            elif marks.get(part):
                words.append(marks[part])
        return " ".join(words)

    def _spell_part(self, part: str) -> str:
        return " ".join(part.upper()) if len(part) == 2 and part.islower() else part

    def _abbreviation_patterns(self) -> list:
        patterns = []
        if self._abbreviations:
            names = "|".join(
                re.escape(name).replace(r"\ ", r"\s?") for name in sorted(self._abbreviations, key=len, reverse=True)
            )
            patterns.append((rf"(?<![\w.])(?P<name>{names})(?P<stop>\.?)(?![\w'])", self._abbreviation, re.I))
        if self.spelled:
            names = "|".join(sorted(self.spelled, key=len, reverse=True))
            patterns.append((rf"(?<![\w.])(?:{names})(?!\w)", lambda m: " ".join(m[0]), 0))
        return patterns

    def _abbreviation(self, match: re.Match) -> str | None:
        key = re.sub(r"(?<=\.)\s", "", match["name"].lower())
        value = self._abbreviations.get(key) or self._abbreviations.get(match["name"].lower())
        if value is None:
            return None
        if value.startswith("."):  # only with its full stop
            if not match["stop"]:
                return None
            value = value[1:]
        if value.startswith("#"):  # only in front of a number
            if not re.match(r"\s?\d", match.string[match.end() :]):
                return None
            value = value[1:]
        at_end = match["stop"] and not re.search(r"\w", match.string[match.end() :])
        return value + ("." if at_end else "")

    def _symbol_patterns(self) -> list:
        if not self.symbols:
            return []
        signs = "".join(re.escape(sign) for sign in self.symbols if sign not in "?:#/")
        return [
            (
                r"(?P<sign>[^\w\s.,!?;:()\"…])(?:\s?(?P=sign)){2,}",
                lambda m: "",
                0,
            ),  # rulers such as "=====" and "* * *"
            (r"(?<![\w*])\*{1,2}(?=\w)|(?<=[\w.!?])\*{1,2}(?![\w*])", lambda m: "", 0),  # *bold*
            (rf"[{signs}]", lambda m: self.symbols[m[0]], 0),
            *([(rf"(?<=\w)/(?={self.per_nouns})", lambda m: f" {self.per_word} ", re.I)] if self.per_nouns else []),
            (r"#(?=\d)", lambda m: self.symbols.get("#"), 0),
            (r"(?<=\w)/(?=\w)", lambda m: " ", 0),
        ]
