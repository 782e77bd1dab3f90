"""Rules that languages share for shops and forms: "2 tsk", "50 mg/dag", "2x4 m", "8.30-17", "6-3, 3-6", long numbers."""

import re
from collections.abc import Callable

from .normalization_numbers import NumberReader
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import UNITS
from .number_words import digit_words


_CODE = re.compile(r"(?<![\w.,+-])(?:(?!\d{4,16}0000(?!\d))\d{8,20}|\d{6,8}-\d{4}|\d{4}(?: \d{4}){3})(?![\w-]|[.,]\d)")
_NUMBER = r"\d{1,3}(?:[. ]\d{3})+(?!\d)|\d+(?:,\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True) if len(unit) > 1 or unit in "gml")
_HOURS = re.compile(
    r"(?<![\w.,:/])(?P<h>[01]?\d|2[0-3])[.:](?P<m>[0-5]\d)\s?[-—]\s?(?P<to_h>[01]?\d|2[0-4])(?:[.:](?P<to_m>[0-5]\d)"
    r")?(?:\s?h(?!\w))?"
    r"(?![\w%]|[.,:]\d|\s?[%€$₺]|\s(?:kr|TL|lei|kg|km|m)(?!\w))"
)
_SIZE = re.compile(
    r"(?<![\w.,])(?P<a>\d+(?:,\d+)?)\s?[xX×]\s?(?:(?P<b>\d+(?:,\d+)?)\s?[xX×]\s?)?(?P<c>\d+(?:,\d+)?)\s?"
    r"(?P<unit>[ckm]?m)(?![\w/²³])"
)
_Rule = tuple[re.Pattern, Callable[[re.Match], "str | None"]]


def measure_rule(normalizer: PluralFormsNormalizer, names: dict[str, tuple[str, str, str]]) -> _Rule:
    """The rule for amounts of a language's own measures.

    Args:
        normalizer: the rules of the language, with decimal comma.
        names: what is written behind the number -> its names for one, few, and many or other.

    Returns:
        A pattern with what it says. A full stop of the abbreviation goes unless a sentence ends there.
    """
    signs = "|".join(re.escape(sign) for sign in sorted(names, key=len, reverse=True))

    def say(match: re.Match) -> str:
        last = normalizer._parse(match["to"] or match["number"])
        forms = names[match["sign"]]
        count = last.value if last.is_integer else float(f"{last.value}.{last.fraction}")
        name = forms[normalizer._form(count)]
        noun = name.removeprefix("de ")
        words = normalizer.number(normalizer._parse(match["number"]), noun)
        if match["to"]:
            words = f"{words} {normalizer.range_word} {normalizer.number(last, noun)}"
        ends = match["stop"] and not re.search(r"\w", match.string[match.end() :])
        return f"{words} {name}{'.' if ends else ''}"

    after = rf"(?!\w|/(?!{normalizer.per_nouns or '(?!)'}))"
    pattern = (
        rf"(?<![\w.,/:-])(?P<number>{_NUMBER})(?:\s?[-—]\s?(?P<to>{_NUMBER}))?\s?(?P<sign>{signs})(?P<stop>\.?){after}"
    )
    return re.compile(pattern), say


def per_quantity_rule(normalizer: PluralFormsNormalizer) -> _Rule:
    """The rule for the quantity in "50 mg/dag": a unit of CLDR in front of "/" and one of `per_nouns`."""

    def say(match: re.Match) -> str | None:
        number = normalizer._parse(match["number"])
        name = normalizer.unit(match["unit"], number.value if number.is_integer else 2)
        return name and f"{normalizer.number(number, name.split()[0])} {name}"

    return re.compile(rf"(?<![\w.,/-])(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT})(?=/{normalizer.per_nouns})"), say


def hours_rule(normalizer: PluralFormsNormalizer) -> _Rule:
    """The rule for opening hours such as "8.30-17", in languages whose decimals have a comma."""

    def say(match: re.Match) -> str:
        first = normalizer.time(int(match["h"]), int(match["m"]), None)
        last = normalizer.time(int(match["to_h"]), int(match["to_m"] or 0), None)
        return f"{first} {normalizer.range_word} {last}"

    return _HOURS, say


def span_of_hours_rule(normalizer: NumberReader) -> _Rule:
    """The rule for "10-14 h"."""

    def say(match: re.Match) -> str:
        first, last = int(match["h"]), int(match["to"])
        name = normalizer.unit("h", last) or "h"
        feminine = "h" in normalizer.feminine_units
        words = [
            normalizer.cardinal(first, feminine),
            normalizer.range_word,
            normalizer.cardinal(last, feminine),
            name,
        ]
        return " ".join(words)

    return re.compile(r"(?<![\w.,:/-])(?P<h>\d{1,2})\s?[-—]\s?(?P<to>\d{1,2})\s?h(?![\w/])"), say


def sets_rule(normalizer: PluralFormsNormalizer, joiner: str) -> _Rule:
    """The rule for the sets of a match ("6-3, 3-6, 7-5"); lists of ranges are left alone."""

    def say(match: re.Match) -> str | None:
        sets = [[int(side) for side in re.split("[-—]", one)] for one in match[0].split(", ")]
        if all(first < second for first, second in sets):
            return None
        return ", ".join(f"{normalizer.cardinal(a)}{joiner}{normalizer.cardinal(b)}" for a, b in sets)

    return re.compile(r"(?<![\w.,-])\d{1,2}[-—]\d{1,2}(?:, \d{1,2}[-—]\d{1,2}){1,4}(?![\w-]|[.,]\d)"), say


def code_rule(normalizer: NumberReader) -> _Rule:
    """The rule for the long numbers of people, accounts and firms: digit by digit, in threes."""

    def say(match: re.Match) -> str:
        return ", ".join(
            digit_words(part, normalizer.language) if len(part) == 4 else normalizer._in_groups(part)
            for part in re.split("[- ]", match[0])
        )

    return _CODE, say


def secret_rule(reader: NumberReader, names: str) -> _Rule:
    """The rule for the digits of a code that is said behind its name ("Your code is 482913").

    Args:
        reader: says the digits.
        names: pattern of what stands in front of the digits, without the white space and colon between.
    """
    before = re.compile(rf"(?<!\w)(?:{names}):?\s$")

    def say(match: re.Match) -> str | None:
        named = before.search(match.string[max(0, match.start() - 40) : match.start()])
        return digit_words(match[0], reader.language) if named else None

    return re.compile(r"(?<![\w.,-])\d{4,8}(?![\w-]|[.,]\d)"), say


def size_rule(normalizer: NumberReader) -> _Rule:
    """The rule for "2x4 m" and "10 × 15 cm"."""

    def say(match: re.Match) -> str | None:
        name = normalizer.unit(match["unit"], 2)
        sides = [normalizer.number(normalizer._parse(side)) for side in match.group("a", "b", "c") if side]
        return name and f"{f' {normalizer.size_word} '.join(sides)} {name}"

    return _SIZE, say
