"""What `<say-as>` says: digits, letters, dates, times and amounts in words, whatever the text around them would suggest.

The words come from the rules of the language (`normalization_*`); formats follow the W3C note "SSML 1.0 say-as attribute
values" and what the large speech services agree on.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable

from .languages import LANGUAGES
from .normalization_base import Normalizer
from .normalization_tables import CURRENCIES, UNITS, month_names
from .number_words import digit_words, is_one_number, parse_number, roman_value
from .text_cleaning import canonicalize, clean
from .text_normalization import apply_replacements, normalizer_for


MAX_CHARACTERS = 200
DATE_FORMATS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y", "yyyymmdd")
TIME_FORMATS = ("hms12", "hms24")
_SIGNED = re.compile(r"([-+]?)\s*(.+)", re.DOTALL)
_TIME = re.compile(
    r"(?P<h>\d{1,2})(?:\s?[:h.]\s?(?P<m>[0-5]\d)(?:\s?[:.]\s?(?P<s>[0-5]\d))?|\s?h)?\s*(?P<half>[ap])?(?:\.?m\.?)?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?:(?P<whole>\d{1,9})\s*(?:\s|\+)\s*)?(?P<above>\d{1,6})\s*/\s*(?P<below>\d{1,6})")


def say_as(content: str, kind: str, language: str, format: str | None = None) -> str:
    """The words for a text that is to be read in a certain way.

    Args:
        content: what stands in the element.
        kind: a key of `KINDS`, the value of `interpret-as`.
        language: a key of `LANGUAGES`.
        format: of a date (`DATE_FORMATS`) or time (`TIME_FORMATS`).

    Returns:
        Words of the language.

    Raises:
        ValueError: unknown kind or format, or content that is not of the kind.
    """
    reader = KINDS.get(kind.strip().lower())
    if reader is None:
        raise ValueError(f"interpret-as is one of {', '.join(KINDS)}")
    if format is not None and reader not in (_date, _time):
        raise ValueError(f'only date and time have a format, not {kind}: leave format="{format}" out')
    normalizer = normalizer_for(language)
    if not isinstance(normalizer, Normalizer):
        raise ValueError(
            f"there are no rules for numbers and dates in the added language {LANGUAGES[language].name}: write the words out"
        )
    text = " ".join(clean(canonicalize(content)).split())
    if not text:
        raise ValueError("there is nothing in it to say: write the text between the tags")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"it holds {len(text)} characters, more than {MAX_CHARACTERS}: put only the part in it that needs it"
        )
    words = reader(text, normalizer) if format is None else reader(text, normalizer, format.strip().lower())
    return " ".join(words.split())


def _characters(text: str, normalizer: Normalizer) -> str:
    """Letters, digits and signs one by one."""
    words = []
    for c in text:
        if c.isdigit():
            words.append(digit_words(c, normalizer.language))
        elif c.isalpha():
            words.append(c.upper() if len(c.upper()) == 1 else c)
        elif unicodedata.category(c)[0] == "M" and words:
            words[-1] += c
        elif not c.isspace():
            words.append(_sign(c, normalizer))
    spoken = [word for word in words if word]
    if not spoken:
        raise ValueError(f"nothing in {text!r} has a name to spell: write letters or digits")
    return ", ".join(spoken)  # each a clause of its own: within one, "A" would be the article


def _sign(c: str, normalizer: Normalizer) -> str:
    named = {
        ".": normalizer.dot, "@": normalizer.at, "/": normalizer.slash, "-": normalizer.dash,
        "_": normalizer.underscore, "+": normalizer.plus, "=": normalizer.equals, "%": normalizer.percent,
    }  # fmt: skip
    return named.get(c) or normalizer.symbols.get(c, "")


def _digits(text: str, normalizer: Normalizer) -> str:
    if re.search(r"[^\d\s.,/()+-]", text) or not re.search(r"\d", text):
        raise ValueError(f"{text!r} is no row of digits: leave the other characters out, or use characters")
    return digit_words(text, normalizer.language)


def _telephone(text: str, normalizer: Normalizer) -> str:
    groups = re.findall(r"\d+|[^\W\d_]+", text)
    if not groups or re.search(r"[^\w\s.()+/#*-]", text):
        raise ValueError(
            f"{text!r} is no telephone number: write digits, with spaces, dots or hyphens between the groups"
        )
    plus = f"{normalizer.plus} " if text.startswith("+") and normalizer.plus else ""
    return plus + ", ".join(
        digit_words(group, normalizer.language) if group.isdigit() else _characters(group, normalizer)
        for group in groups
    )


def _cardinal(text: str, normalizer: Normalizer) -> str:
    sign, number = _SIGNED.fullmatch(text).groups()  # type: ignore[union-attr]
    value = roman_value(number)
    if value is not None:
        words = normalizer.cardinal(value)
    elif is_one_number(number):
        words = normalizer.number(parse_number(number, normalizer.decimal))
    else:
        raise ValueError(f"{text!r} is no number: write digits such as 1234")
    signs = {"-": normalizer.minus, "+": normalizer.plus, "": ""}
    return f"{signs[sign]} {words}"


def _ordinal(text: str, normalizer: Normalizer) -> str:
    found = re.fullmatch(r"(\d{1,15})(?:\s?[.ºªo]|st|nd|rd|th|er|re|ère|e|è|ème|de|ste|-(?:й|я|е))?", text)
    value = int(found[1]) if found else roman_value(text.rstrip("."))
    if value is None:
        raise ValueError(f"{text!r} is no ordinal number: write a whole number such as 3")
    return normalizer.ordinal(value, feminine=text.endswith(("ª", "я")))


def _date(text: str, normalizer: Normalizer, format: str | None = None) -> str:
    if format is not None and format not in DATE_FORMATS:
        raise ValueError(f"the format of a date is one of {', '.join(DATE_FORMATS)}")
    parts = re.findall(r"\d+", text)
    if re.search(r"[^\d\s./,-]", text):  # with the name of the month
        return _by_rules(text, normalizer, "a date", "2024-05-17")
    if format is None:
        if len(parts) != 3:
            raise ValueError(
                f"it takes a format to tell the day, month and year of {text!r}: one of {', '.join(DATE_FORMATS)}"
            )
        format = "ymd" if len(parts[0]) == 4 else "mdy" if normalizer.month_first else "dmy"
    if format == "yyyymmdd":
        if len(parts) != 1 or len(parts[0]) != 8:
            raise ValueError(f"{text!r} does not fit the format yyyymmdd: write eight digits such as 20240517")
        parts, format = [parts[0][:4], parts[0][4:6], parts[0][6:]], "ymd"
    if len(parts) != len(format):
        raise ValueError(f"{text!r} does not fit the format {format}: it needs {len(format)} number(s)")
    given = dict(zip(format, parts))
    return _spoken_date(text, normalizer, given)


def _spoken_date(text: str, normalizer: Normalizer, given: dict[str, str]) -> str:
    year = int(given["y"]) if "y" in given else None
    if year is not None and len(given["y"]) == 2:
        year += 2000 if year < 50 else 1900
    day, month = int(given.get("d", 1)), int(given.get("m", 1))
    try:
        datetime.date(2000 if year is None else min(max(year, 1), 9999), month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is no day of the calendar ({error}): check it and the format") from None
    if year is not None and not 1 <= year <= 9999:
        raise ValueError(f"the year of {text!r} must be between 1 and 9999")
    months = month_names(normalizer.language, alone=True)
    if set(given) == {"y"}:
        return normalizer.year(year or 0)
    if set(given) == {"d"}:
        return normalizer.ordinal(day)
    if not months:
        raise ValueError(f"the names of the months are not known in {normalizer.language}: write the date in words")
    if set(given) == {"m"}:
        return months[month - 1]
    if "d" not in given:
        return normalizer.month_and_year(month, year or 0) or ""
    spoken = normalizer.date(day, month, year)
    if spoken is None:
        raise ValueError(f"dates in figures are not known in {normalizer.language}: write the date in words")
    return spoken


def _time(text: str, normalizer: Normalizer, format: str | None = None) -> str:
    if format is not None and format not in TIME_FORMATS:
        raise ValueError(f"the format of a time is one of {', '.join(TIME_FORMATS)}")
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time: write it as 14:30, 14:30:05 or 2:30 pm")
    hour, minute, second = (int(found[name] or 0) for name in "hms")
    half = (found["half"] or "").lower()
    if hour > (12 if half or format == "hms12" else 24) or (half and hour == 0):
        raise ValueError(f"{text!r} has no such hour: it goes up to {12 if half or format == 'hms12' else 24}")
    if half:
        if normalizer.language.startswith("en"):
            return _by_rules(text, normalizer, "a time", "2:30 pm")
        hour = hour % 12 + (12 if half == "p" else 0)
    return normalizer.time(hour, minute, second or None)


def _currency(text: str, normalizer: Normalizer) -> str:
    if not any(symbol in text for symbol in CURRENCIES) or not re.search(r"\d", text):
        raise ValueError(f"{text!r} is no amount in a currency that is known: write it as € 5.20 or USD 10")
    return _by_rules(text, normalizer, "an amount of money", "€ 5.20 or USD 10")


def _unit(text: str, normalizer: Normalizer) -> str:
    found = re.fullmatch(r"[-+]?[\d.,' ]*\d\s?(.+)", text)
    units = found[1].split("/") if found and found[1] not in UNITS else [found[1]] if found else []
    if not units or any(unit not in UNITS and unit not in ("%", "‰") for unit in units):
        raise ValueError(f"{text!r} is no number with a unit that is known: write it as 5 km or 20 °C")
    return _by_rules(text, normalizer, "a quantity", "5 km")


def _fraction(text: str, normalizer: Normalizer) -> str:
    plain = unicodedata.normalize("NFKC", re.sub(r"(?<=\d)(?=[½⅓⅔¼¾⅛])", " ", text)).replace("\u2044", "/")
    found = _FRACTION.fullmatch(plain)
    if not found or not int(found["below"]):
        raise ValueError(f"{text!r} is no fraction: write it as 3/4 or 2 1/2")
    spoken = normalizer.fraction(int(found["above"]), int(found["below"]))
    if spoken is None:
        raise ValueError(f"fractions such as {text!r} are not known in {normalizer.language}: write it in words")
    return normalizer.mixed_number(int(found["whole"]), spoken) if found["whole"] else spoken


def _by_rules(text: str, normalizer: Normalizer, what: str, example: str) -> str:
    """What the rules for running text make of all of it; they must leave nothing unread."""
    found = normalizer.find(text)
    rest = text
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.end :]
    if not found or re.search(r"\d", rest) or any(symbol in rest for symbol in ("$", "€", "£", "¥", "%", "°")):
        raise ValueError(
            f"{text!r} is not understood as {what} in {normalizer.language}: write it as {example}, or in words"
        )
    return apply_replacements(text, found)[0]


# What `interpret-as` may be; the names of the W3C note, of its drafts and of speech services for the same thing.
KINDS: dict[str, Callable[..., str]] = {
    "characters": _characters,
    "spell-out": _characters,
    "verbatim": _characters,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "digits": _digits,
    "telephone": _telephone,
    "date": _date,
    "time": _time,
    "currency": _currency,
    "fraction": _fraction,
    "unit": _unit,
}
