"""What English shortens and its neighbours tell: weekdays, saints and streets, postcodes, spoons, codes, feet."""

import re
from collections.abc import Callable

from .normalization_numbers import NumberReader
from .normalization_weekdays import weekday_rules
from .number_words import parse_number


WEEKDAYS = dict(
    zip(
        "mon tue tues wed thu thur thurs fri sat sun".split(),
        "Monday Tuesday Tuesday Wednesday Thursday Thursday Thursday Friday Saturday Sunday".split(),
    )
)
_MONTHS = dict(
    zip(
        "Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec".split(),
        "January February March April May June July August September September October November December".split(),
    )
)
_LIFE = {"c": "circa", "b": "born", "d": "died"}
_SPOONS = {"tsp": "one teaspoon", "tbsp": "one tablespoon"}
_UNITS = {
    "pts": "points", "bps": "basis points", "mpg": "miles per gallon", "hp": "horsepower", "bpm": "beats per minute",
    "mg/dL": "milligrams per deciliter", "mmHg": "millimeters of mercury", "y/o": "year-old",
}  # fmt: skip
# In front of a number with a letter, which is no quantity: "exit 12A".
_LABELS = re.compile(
    r"(?<!\w)(?:exit|gate|seat|row|apt\.?|apartment|room|flat|unit|suite|route|section|form|platform|bus|grade|class|number|"
    r"no\.|model|line|lot|stand|rule)\s$",
    re.I,
)
_IN_STREET = re.compile(r"(?:\d\s|\b[Oo]n\s)(?:[A-Z]\w{1,20}\s){1,3}$")
_COUNTED = (
    "people|users|jobs|homes|views|followers|barrels|customers|subscribers|households|viewers|votes|children|workers"
)
_THOUSANDS = {"k": "thousand", "m": "million", "bn": "billion"}


def short_form_rules(reader: NumberReader) -> list[tuple[re.Pattern, Callable[[re.Match], "str | None"]]]:
    """Patterns with what they say, in order of priority.

    Args:
        reader: says the numbers in them.
    """
    days, months = "|".join(name.capitalize() for name in WEEKDAYS), "|".join(_MONTHS)

    def postcode(match: re.Match) -> str:
        parts = re.findall(r"[A-Z]|\d+", match[0])
        return " ".join(reader.cardinal(int(part)) if part.isdigit() else part for part in parts)

    def feet(match: re.Match) -> str:
        count, inches = int(match["feet"]), int(match["inches"])
        words = f"{reader.cardinal(count)} {'foot' if count == 1 else 'feet'}"
        return f"{words} {reader.cardinal(inches)} {'inch' if inches == 1 else 'inches'}"

    def miles(match: re.Match) -> str:
        number = parse_number(match["n"], reader.decimal)
        return f"{reader.number(number)} {'mile' if match['n'] == '1' else 'miles'}"

    def label(match: re.Match) -> str | None:
        named = _LABELS.search(match.string[max(0, match.start() - 20) : match.start()])
        return f"{reader.cardinal(int(match['n']))} {match['letter']}" if named else None

    def drive(match: re.Match) -> str | None:
        return "Drive" if _IN_STREET.search(match.string[max(0, match.start() - 60) : match.start()]) else None

    def by_feet(match: re.Match) -> str:
        return f"{reader.cardinal(int(match['a']))} feet by {reader.cardinal(int(match['b']))} feet"

    rules: list[tuple[str, Callable, int]] = [
        (r"(?<![\w.,])(?P<n>\d{1,4})(?P<letter>[A-Z])(?!\w)", label, 0),
        (r"(?<=[a-z]\s)Dr(?:\.(?=,|\s[a-z])|(?=\.?$)|(?=[,\s]))(?!\.?\s[A-Z])", drive, re.M),
        (r"(?<![\w.,])(?P<a>\d{1,3})'\s?[xX×]\s?(?P<b>\d{1,3})'(?!\w)", by_feet, 0),
        (rf"(?<=\d)\s?(?P<unit>{'|'.join(_UNITS)})(?![\w/])", lambda m: f" {_UNITS[m['unit']]}", 0),
        (r"(?<!\w)[Nn]o\.(?=\sof\s)", lambda m: "number", 0),
        (r"(?<=\s)#(?=\s\d)", lambda m: "number", 0),
        (r"(?:(?<=\b[1-7]/[2-9]\s)|(?<=[½⅓⅔¼¾]\s))(?<!\d\s\d/\d\s)(?P<spoon>tsp|tbsp)(?!\w)(?:\.(?=,|\s[a-z]))?",
         lambda m: _SPOONS[m["spoon"]].removeprefix("one "), 0),
        (rf"(?<!\w)(?P<day>{days})\.?(?=,?\s(?:{months})\.?\s?\d)", lambda m: WEEKDAYS[m["day"].lower()], 0),
        (rf"(?:(?<=,\s)|^)(?P<day>{days})\.?(?=:?\s\d)", lambda m: WEEKDAYS[m["day"].lower()], re.M),
        (rf"(?<!\w)(?P<first>{months})\.?\s?[-—]\s?(?P<last>{months})(?!\w)\.?(?!\s?\d)",
         lambda m: f"{_MONTHS[m['first']]} to {_MONTHS[m['last']]}", 0),
        (r"(?<!\w)St\.(?=\s[A-Z])|(?<=[a-z]\s)(?<![A-Z][a-z]\s)St(?=\s[A-Z])", lambda m: "Saint", 0),
        (r"(?<!\w)(?P<name>[A-Z0-9]\w+\s)St\.?(?=[\s,.;:!?)]|$)(?!\s[A-Z])", lambda m: m["name"] + "Street", 0),
        (r"(?<!\w)(?P<name>[A-Z][a-z]+\s)v\.(?=\s[A-Z])", lambda m: m["name"] + "versus", 0),
        (r"(?<!\w)(?P<word>[cbd])\.(?=\s1\d{3}(?!\w))", lambda m: _LIFE[m["word"]], 0),
        (r"(?:(?<=\b[A-Z]{2}\s)|(?<=\bD\.C\.\s)|(?<=\bZIP\s))\d{5}(?:-\d{4})?(?![\w-])", reader.digits, 0),
        (r"(?<!\w)[A-Z]{1,2}\d{1,2}[A-Z]?\s\d[A-Z]{2}(?!\w)", postcode, 0),
        (r"(?:(?<=\b[Cc]ode\sis\s)|(?<=\b[Cc]ode:\s)|(?<=\bPIN\s))\d{4,8}(?!\w|[.,]\d)", reader.digits, 0),
        (r"(?:(?<=\b[Cc]all\s)|(?<=\b[Dd]ial\s))911(?!\w)|(?<!\w)1-8\d\d(?=-[A-Z])", reader.digits, 0),
        (r"(?<![\w.,$€£])\.(?P<fraction>\d+)(?!\w|\.\w)", lambda m: f"point {reader.decimals(m['fraction'])}", 0),
        (r"(?<![\w.,])1\s(?P<spoon>tsp|tbsp)(?!\w)\.?(?=\s[a-z])", lambda m: _SPOONS[m["spoon"]], 0),
        (r"(?<![\w.,])(?P<feet>\d)\s?ft\.?\s(?P<inches>\d{1,2})\s?in(?!\w)", feet, 0),
        (r"(?<=\d)'(?=\s(?:tall|high|long|wide|deep)(?!\w))", lambda m: " feet", 0),
        (r"(?<![\w.,])(?P<n>\d+(?:\.\d+)?)\s?mi(?![\w/])", miles, 0),
        (r"(?<=\d)\s?hr(?![\w.])", lambda m: " hour", 0),
        (rf"(?<=\d)(?P<sign>k|m|bn)(?=\s(?:{_COUNTED})(?!\w))", lambda m: f" {_THOUSANDS[m['sign']]}", 0),
        (r"(?<!\w)49ers(?!\w)", lambda m: "forty-niners", 0),
        (r"(?<!\w)(?P<letter>[CF])#(?!\w)", lambda m: f"{m['letter']} sharp", 0),
    ]  # fmt: skip
    compiled = [(re.compile(pattern, flags), say) for pattern, say, flags in rules]
    return [*weekday_rules(WEEKDAYS, "to", "to|and|through", capitals=True), *compiled]
