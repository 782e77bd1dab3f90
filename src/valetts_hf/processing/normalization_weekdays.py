"""Shortened names of weekdays and months: weekdays in pairs ("Mon-Fri", "lun. a vie."), and with their full stop in front of a number."""

import re
from collections.abc import Callable


def month_rule(short_names: dict[str, str], of: str = "") -> tuple[re.Pattern, Callable]:
    """The rule for months with their full stop, behind a day or in front of a year.

    Args:
        short_names: short name in small letters, without the stop -> full name.
        of: pattern of a word that may stand around them.
    """
    names = "|".join(sorted(short_names, key=len, reverse=True))
    between = rf"(?:{of}\s)?" if of else ""
    pattern = (
        rf"(?<!\w)(?:(?<=\d\s)(?P<name>{names})\.|(?P<before_year>{names})\.(?=\s{between}(?:1\d{{3}}|20\d\d)(?!\w)))"
    )
    return re.compile(pattern), lambda m: short_names[m["name"] or m["before_year"]]


def weekday_rules(
    names: dict[str, str], joiner: str, words_between: str, capitals: bool = False
) -> list[tuple[re.Pattern, Callable]]:
    """The rules of a language.

    Args:
        names: short name in small letters -> full name.
        joiner: what is said for the dash between two of them ("to").
        words_between: pattern of the words that may stand between two of them ("to|and").
        capitals: only with a capital letter are they weekdays ("sun and sat").

    Returns:
        Patterns with what they say.
    """
    forms = {name.capitalize() for name in names} | (set() if capitals else set(names))
    short = "|".join(sorted(forms, key=len, reverse=True))

    def pair(match: re.Match) -> str | None:
        if match["first"].lower() == match["last"].lower():
            return None  # "zo en zo"
        between = joiner if match["dash"] else match["word"]
        stop = "." if match[0].endswith(".") and not re.search(r"\w", match.string[match.end() :]) else ""
        return f"{names[match['first'].lower()]} {between} {names[match['last'].lower()]}{stop}"

    return [
        (
            re.compile(
                rf"(?<![\w.])(?P<first>{short})\.?(?:(?P<dash>\s?[-—]\s?)|\s(?P<word>{words_between})\s)"
                rf"(?P<last>{short})(?:\.|(?!\w))"
            ),
            pair,
        ),
        (
            re.compile(
                rf"(?<![\w.])(?<!\d\s)(?P<day>{short})\.(?=,?\s(?:\d{{1,2}}(?:[:.h]\d|\.\s\d|\s(?:de\s)?[a-zà-ÿ]{{3}}|\s?[-—]\s?\d|\s?(?:h|Uhr|uur)(?!\w))))"
            ),
            lambda m: names[m["day"].lower()],
        ),
    ]
