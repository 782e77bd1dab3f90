"""Shortened names of weekdays: in pairs ("Mon-Fri", "lun. a vie."), and with their full stop in front of a number."""

import re
from collections.abc import Callable


def weekday_rules(names: dict[str, str], joiner: str, words_between: str) -> list[tuple[re.Pattern, Callable]]:
    """The rules of a language.

    Args:
        names: short name in small letters -> full name.
        joiner: what is said for the dash between two of them ("to").
        words_between: pattern of the words that may stand between two of them ("to|and").

    Returns:
        Patterns with what they say; both cases of the first letter are known.
    """
    short = "|".join(sorted((form for name in names for form in (name, name.capitalize())), key=len, reverse=True))

    def pair(match: re.Match) -> str:
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
                rf"(?<![\w.])(?<!\d\s)(?P<day>{short})\.(?=,?\s(?:\d{{1,2}}(?:[:.h]\d|\.\s\d|\s?[-—]\s?\d|\s?(?:h|Uhr|uur)(?!\w))))"
            ),
            lambda m: names[m["day"].lower()],
        ),
    ]
