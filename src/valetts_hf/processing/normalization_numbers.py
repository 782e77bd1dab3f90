"""Numbers, amounts of money and quantities in words: the part of a `Normalizer` that counts.

The languages override how a cardinal agrees with its noun, how decimals and fractions are said, and so on.
"""

import re

from .normalization_tables import CURRENCIES, currency_words, unit_words
from .number_words import (
    MAX_DIGITS,
    WrittenNumber,
    digit_words,
    is_one_number,
    number_words,
    parse_number,
    roman_value,
)


_EQUALS = re.compile(r"\s*=")
_REST_OF_EQUATION = re.compile(r"[\d.,\sx×+-]{0,40}=")
_CONTENT = re.compile(r"(?:\s\d[\d.,]*)?\s?(?:[cm]?[lL]|k?g)(?!\w)")  # "3 x 50 cl"
_BEHIND_AMOUNT = re.compile(r"\d\s$")
_ONLY_BEHIND = frozenset(("zł", "kr", "руб.", "руб", "TL"))
_AMOUNT = r"\d[\d.,]*"
_MARK = "[%‰]|" + "|".join(re.escape(symbol) for symbol in sorted(CURRENCIES, key=len, reverse=True))
_MARKED_BEHIND = re.compile(rf"{_AMOUNT}\s?(?P<mark>{_MARK})$")
_MARKED_BEHIND_HERE = re.compile(rf"{_AMOUNT}\s?(?P<mark>{_MARK})(?!\w)")
_MARKED_BEFORE = re.compile(rf"(?<!\w)(?P<mark>{_MARK})\s?{_AMOUNT}$")
_MARKED_BEFORE_HERE = re.compile(rf"(?P<mark>{_MARK})\s?\d")
_FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8)}


class NumberReader:
    """Says numbers in one language; the attributes are the words it needs.

    Args:
        language: a key of `LANGUAGES`.
    """

    decimal = ","
    space_groups = False  # "1 234 567"
    decimal_words: dict[str, str] = {",": "", ".": ""}  # how the separators are said
    score_word: str | None = None  # between the sides of "3:1" and "16:9"; None leaves them alone
    range_word, times_word, size_word, per_word, and_word, cents_joiner = "", "", "", "", "", ""
    minus, plus, percent, permille, dot = "minus", "", "", "", ""
    powers = ("2", "3")  # what `²` and `³` say behind a letter or a number
    magnitudes: dict[
        str, int
    ] = {}  # words and signs for a thousand, a million, ... behind an amount; full words first
    currencies: dict[str, tuple[str, str, str, str]] = {}  # code -> one, many, one hundredth, many hundredths
    halves: tuple[str, str] | None = None  # before or behind a unit, by its gender: "un kilo y MEDIO", "MEDIA hora"
    of_unit = ""  # between a fraction and its unit: "un quart DE litre"
    unit_of_fraction: "int | float" = 1  # the count whose form of the unit stands behind a fraction
    currency_codes: dict[str, str] = {}  # of signs that mean another currency here ("kr")
    fold_words: tuple[str, str] = ("", "")  # what "x" says behind 1 and behind other numbers ("10x faster")
    unit_overrides: dict[str, tuple[str, str]] = {}  # unit -> one, many
    feminine_units: frozenset[str] = frozenset()

    def __init__(self, language: str):
        self.language = language

    # --- patterns ----------------------------------------------------------------------------------------------

    def phone_patterns(self) -> list:
        """Telephone numbers and other strings of digits that are read one by one."""
        return [
            (r"(?<!\w)\(0\d{1,3}\)[ -]?\d{3,8}(?:[ -]\d{2,4})*(?![\w-]|[.,]\d)", self.digits, 0),
            (r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?!\w)", self.digits, 0),
            (r"(?<![\w.,-])97[89]-?\d{1,5}-?\d{1,7}-?\d{1,7}-?\d(?![\w-])", self.digits, 0),  # ISBN
            (r"(?<!\w)(?P<country>[A-Z]{2})\d\d(?: ?\d{4}){3,7}(?: ?\d{1,4})?(?!\w)", self._account, 0),
            (r"(?<![\w.,-])(?<!\d )0\d+(?:[ -]\d{2,})+(?![\w-]|[.,]\d)", self.digits, 0),
            (r"(?<![\w.,-])(?<!\d )\d{3}[ -]\d{4}(?![\w-]|[.,]\d)", self.digits, 0),
            (r"(?<![\w.,-])\(?\d{2,4}\)?[ -]\d{3,5}-\d{4}(?![\w-])", self.digits, 0),
        ]

    def _magnitude_pattern(self) -> str:
        return "|".join(re.escape(word) for word in sorted(self.magnitudes, key=len, reverse=True)) or "(?!)"

    # --- what the languages change ------------------------------------------------------------------------------

    def cardinal(self, number: int, feminine: bool = False) -> str:
        """A cardinal number in words."""
        return number_words(number, self.language)

    def ordinal(self, number: int, feminine: bool = False) -> str:
        """An ordinal number in words."""
        return number_words(number, self.language, "ordinal")

    def counted(self, number: int, following: str) -> str:
        """A cardinal in front of the word `following` (it may have to agree with it)."""
        return self.cardinal(number)

    def decimals(self, fraction: str) -> str:
        """The digits behind the decimal separator."""
        return digit_words(fraction, self.language)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        """A common fraction; None leaves it to the other rules."""
        return None

    def mixed_number(self, whole: int, fraction: str) -> str:
        """A whole number with a fraction in words behind it ("2½", "2 1/2")."""
        return f"{self.cardinal(whole)} {self.and_word} {fraction}"

    def roman(self, value: int, word: str) -> str:
        """A Roman numeral behind `word`."""
        return self.cardinal(value)

    def unit(self, symbol: str, count: "int | float") -> str | None:
        """The name of a unit for a count."""
        count = _plural_count(count)
        if symbol in self.unit_overrides:
            return self.unit_overrides[symbol][0 if count == 1 else 1]
        return unit_words(symbol, self.language, count)

    # --- numbers -----------------------------------------------------------------------------------------------

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

    def _long_digits(self, match: re.Match) -> str:
        return self._in_groups(match[0]) + (", " if match.string[match.end() : match.end() + 1].isdigit() else "")

    def digits(self, match: re.Match) -> str | None:
        """Digits one by one, a pause between the groups as written."""
        if re.fullmatch(r"1\d{3}-(?:1\d{3}|20\d\d)|20\d\d-20\d\d", match[0]):
            return None  # years
        plus = f"{self.plus} " if match[0].startswith("+") and self.plus else ""
        return plus + ", ".join(digit_words(group, self.language) for group in re.findall(r"\d+", match[0]))

    def _account(self, match: re.Match) -> str:
        """An international bank account number (IBAN)."""
        digits = re.sub(r"\D", "", match[0])
        groups = [digits[:2], *(digits[i : i + 4] for i in range(2, len(digits), 4))]
        return f"{' '.join(match['country'])}, " + ", ".join(digit_words(group, self.language) for group in groups)

    def range_number(self, number: WrittenNumber, following: str) -> str:
        """One end of a range."""
        return self.number(number, following)

    def _parse(self, text: str) -> WrittenNumber:
        return parse_number(text, self.decimal)

    def _following(self, match: re.Match) -> str:
        following = re.match(r"\s+([^\W\d_]+)", match.string[match.end() : match.end() + 40])
        return following[1] if following else ""

    @staticmethod
    def _in_equation(match: re.Match) -> bool:
        return _EQUALS.match(match.string, match.end()) is not None

    def _signed(self, match: re.Match, words: str) -> str:
        groups = match.groupdict()
        sign = groups.get("sign") or groups.get("inner_sign")
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

    def _ratio(self, match: re.Match) -> str | None:
        """A score or a proportion."""
        if self.score_word is None or not is_one_number(match["to"]) or self._in_equation(match):
            return None
        sides = self.number(self._parse(match["number"])), self.number(self._parse(match["to"]))
        return f" {self.score_word} ".join(sides).replace("  ", " ")

    def _range(self, match: re.Match) -> str | None:
        first, last = self._parse(match["number"]), self._parse(match["to"])
        if "." in match[0] and first.is_integer != last.is_integer:
            return None
        following = self._following(match)
        if self.minus and self._in_equation(match):  # "5 - 3 = 2"
            return f"{self.number(first)} {self.minus} {self.number(last)}"
        if not self.range_word:
            return None
        if self.score_word == "" and first.is_integer and last.is_integer and last.value <= first.value < 1000:
            return f"{self.number(first)} {self.number(last, following)}"  # "won 3-1"
        return f"{self.range_number(first, following)} {self.range_word} {self.range_number(last, following)}"

    def _range_of_amounts(self, match: re.Match) -> str | None:
        """The dash in "10%-20%", "$5-$10" and "5 € - 10 €": both ends have the same sign."""
        if not self.range_word:
            return None
        before = match.string[max(0, match.start() - 40) : match.start()]
        behind = match.string[match.end() : match.end() + 40]
        first, last = _MARKED_BEHIND.search(before), _MARKED_BEHIND_HERE.match(behind)
        if not (first and last):
            first, last = _MARKED_BEFORE.search(before), _MARKED_BEFORE_HERE.match(behind)
        return f" {self.range_word} " if first and last and first["mark"] == last["mark"] else None

    def _fold(self, match: re.Match) -> str | None:
        last = self._parse(match["to"])
        word = self.fold_words[0 if last.is_integer and last.value == 1 else 1]
        if not word:
            return None
        words = self.number(last, following=word)
        if match["number"]:
            words = f"{self.number(self._parse(match['number']), following=word)} {self.range_word} {words}"
        return f"{words} {word}"

    def _product(self, match: re.Match) -> str | None:
        word = self._times_or_by(match)
        if word is None:
            return None
        return f"{self.number(self._parse(match['number']))} {word} {self.number(self._parse(match['to']))}"

    def _times_or_by(self, match: re.Match) -> str | None:
        """What a cross says: "times" in an equation, "by" between the sides of something."""
        counts = _REST_OF_EQUATION.match(match.string, match.end()) or _CONTENT.match(match.string, match.end())
        return (self.times_word if counts else self.size_word or self.times_word) or None

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

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        """A part of a unit ("1/4 l", "1½ kg")."""
        above, below = _FRACTIONS[match["fraction"]] if match["fraction"] else (int(match["a"]), int(match["b"]))
        whole = int(match["n"] or 0)
        if self.halves and below == 2:
            half = self.halves[match["unit"] in self.feminine_units]
            name = self.unit(match["unit"], whole or 1)
            number = self.number(WrittenNumber(str(whole)), name or "", match["unit"] in self.feminine_units)
            return name and (f"{number} {name} {self.and_word} {half}" if whole else f"{half} {name}")
        spoken = self.fraction(above, below) if above < below else None
        name = self.unit(match["unit"], self.unit_of_fraction if whole == 0 or self.unit_of_fraction != 1 else 2)
        if spoken is None or name is None:
            return None
        if match["n"]:
            return f"{self.mixed_number(int(match['n']), spoken)} {name}"
        return f"{spoken} {self.of_unit if below > 2 else ''} {name}".replace("  ", " ")

    def _unicode_fraction(self, match: re.Match) -> str | None:
        spoken = self.fraction(*_FRACTIONS[match["fraction"]])
        if spoken is None:
            return None
        return self.mixed_number(int(match["n"]), spoken) if match["n"] else spoken

    def _mixed_number(self, match: re.Match) -> str | None:
        above, below = int(match["a"]), int(match["b"])
        spoken = self.fraction(above, below) if above < below else None
        return None if spoken is None else self.mixed_number(int(match["n"]), spoken)

    def _version(self, match: re.Match) -> str | None:
        if not self.dot or is_one_number(match[0]):
            return None
        joiner = self.dot if match[0].count(".") > 2 else self.decimal_words.get(".") or self.dot
        return f" {joiner} ".join(self.number(WrittenNumber(part)) for part in match[0].split("."))

    def _roman_value(self, numeral: str) -> int | None:
        return roman_value(numeral)

    def _roman(self, match: re.Match) -> str | None:
        value = roman_value(match["roman"])
        if value is None or match["word"].isupper():
            return None
        word = match["word"]
        return f"{self.abbreviation_words(word) or word} {self.roman(value, word)}"

    def abbreviation_words(self, word: str) -> str | None:
        """What an abbreviation with its full stop stands for, None for other words."""
        return None

    # --- money -------------------------------------------------------------------------------------------------

    def currency(self, symbol: str, count: "int | float") -> tuple[str, str | None]:
        """Names of the currency and of its hundredth for a count (None where there is no hundredth)."""
        code, count = CURRENCIES[symbol], _plural_count(count)
        names = self.currencies.get(code)
        if names is None:
            return currency_words(code, self.language, count) or code, None
        return names[0 if count == 1 else 1], None

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
            name, _ = self.currency(symbol, amount.value)
            return f"{self.counted(amount.value, name.split()[0])} {name}{tail}".replace("  ", " ")
        return f"{words} {self.between_amount_and_currency(count)}{name}".replace("  ", " ")

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

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        """The word for a thousand, a million, ... behind a count."""
        return next(word for word, value in self.magnitudes.items() if value == factor)

    def between_amount_and_currency(self, count: int) -> str:
        """A preposition in front of the currency ("dois milhões DE reais"), with a space behind it."""
        return ""

    def _money(self, match: re.Match) -> str | None:
        symbol, magnitude = match["currency"], match.groupdict().get("magnitude")
        belongs_before = match.groupdict().get("inner_sign") or (
            symbol in _ONLY_BEHIND and match.start("currency") < match.start("number")
        )
        if belongs_before and _BEHIND_AMOUNT.search(match.string, max(0, match.start() - 2), match.start()):
            return None  # "10 €-20 €", "10 zł 50 gr"
        symbol = self.currency_codes.get(symbol, symbol)
        first = self._parse(match["number"])
        last = self._parse(match["to"]) if match["to"] else first
        words = self.money(first, last if match["to"] else None, symbol, magnitude)
        return None if words is None else self._signed(match, words)


def _plural_count(count: "int | float") -> "int | float":
    """A smaller count with the same plural form: Babel refuses very large ones."""
    return count if count < 10**7 else 10**6 + count % 10**6
