"""The values of SSML attributes as numbers: times, rates, pitches, volumes, strengths, contours.

Every function takes what is written and raises a `ValueError` with the allowed forms when it is something else.
"""

import math
import re

from .directed_text import ENERGY_SHIFTS, MAX_PAUSE_SECONDS, PITCH_RANGES, PITCH_SHIFTS, SPEAKING_RATES, Delivery
from .pause_lengths import PAUSE_SECONDS


RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
RANGES = {"x-low": 0.25, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 2.0}
VOLUMES = {
    "silent": -20.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0,
}  # fmt: skip
EMPHASES = {
    "strong": Delivery(speaking_rate=0.85, pitch_shift=2.0, pitch_range=1.4, energy_shift=3.0),
    "moderate": Delivery(speaking_rate=0.92, pitch_shift=1.0, pitch_range=1.2, energy_shift=1.5),
    "none": Delivery(),
    "reduced": Delivery(speaking_rate=1.1, pitch_shift=-1.0, pitch_range=0.8, energy_shift=-2.0),
}
STRENGTHS = {
    "none": 0.0,
    "x-weak": PAUSE_SECONDS["none"],
    "weak": PAUSE_SECONDS["comma"],
    "medium": PAUSE_SECONDS["clause"],
    "strong": PAUSE_SECONDS["sentence"],
    "x-strong": PAUSE_SECONDS["paragraph"],
}
# Semitones need no voice; "+20Hz" does. It is taken as for a voice of 165 Hz, between the usual ones of men and women.
REFERENCE_F0 = 165.0
MAX_CONTOUR_POINTS = 100

_NUMBER = r"(?P<sign>[+-]?)(?P<number>\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})"
_TIME = re.compile(rf"{_NUMBER}\s*(?P<unit>ms|s)", re.IGNORECASE)
_MEASURE = re.compile(rf"{_NUMBER}\s*(?P<unit>%|st|hz|db|)", re.IGNORECASE)
_STYLE = re.compile(r"""[\w :*+().'"-]{1,200}""")
_OPENS = re.compile(r"\b(?:clip|voice)\s*:|\.(?!\d)", re.IGNORECASE)
_POINT = re.compile(r"\(\s*(?P<position>[^(),\s]+)\s*,\s*(?P<value>[^(),\s]+)\s*\)")


def parse_time(text: str) -> float:
    """Seconds of "500ms", "0.5s" or ".5s"."""
    found = _TIME.fullmatch(text.strip())
    if not found or found["sign"] == "-":
        raise ValueError('times are written as "500ms" or "0.5s"')
    seconds = float(found["number"]) * (0.001 if found["unit"].lower() == "ms" else 1.0)
    if seconds > MAX_PAUSE_SECONDS:
        raise ValueError(f"a pause is at most {MAX_PAUSE_SECONDS:g} s long: write a shorter one")
    return seconds


def parse_strength(text: str) -> float:
    """Seconds of the strength of a break."""
    return _named(text, STRENGTHS, f"strength is one of {', '.join(STRENGTHS)}")


def parse_emphasis(text: str) -> Delivery:
    """The delivery of a level of emphasis."""
    level = EMPHASES.get(text.strip().lower())
    if level is None:
        raise ValueError(f"level is one of {', '.join(EMPHASES)}")
    return level


def parse_style(text: str, degree: float = 1.0) -> str:
    """A style times a degree, of named styles and tokens alone: nothing in a document opens a file."""
    style = text.strip()
    if not _STYLE.fullmatch(style) or _OPENS.search(style):
        raise ValueError(
            'a style is named here as `valetts styles` lists it, or mixed as in "calm*0.5 + token:2*0.5"; files, '
            "recordings and other voices are not opened"
        )
    return style if degree == 1 else f"({style})*{degree:g}"


def parse_style_degree(text: str) -> float:
    """Factor on a style, 0.01 to 2."""
    found = _MEASURE.fullmatch(text.strip())
    degree = float(found["number"]) if found and not found["unit"] and found["sign"] != "-" else 0.0
    if not 0.01 <= degree <= 2.0:
        raise ValueError('styledegree is a number from 0.01 to 2, where "1" is the style as it is')
    return degree


def parse_rate(text: str) -> float:
    """Factor on the speed of "fast", "120%", "1.2" (each absolute) or "+20%" (relative, the same)."""
    return _factor(text, RATES, SPEAKING_RATES, '"slow", "120%", "+20%" or "1.2"')


def parse_range(text: str) -> float:
    """Factor on the range of the pitch of "high", "150%", "1.5" or "+50%"."""
    return _factor(text, RANGES, PITCH_RANGES, '"high", "150%", "+50%" or "1.5"')


def parse_pitch(text: str) -> float:
    """Semitones of "high", "+2st", "-10%" or "+20Hz"."""
    forms = '"high", "+2st", "-10%" or "+20Hz"'
    if text.strip().lower() in PITCHES:
        return PITCHES[text.strip().lower()]
    number, unit, signed = _measure(text, forms)
    if unit == "hz" and not signed:
        raise ValueError(f"an absolute pitch depends on the voice: write a change of it, {forms}")
    if unit == "st":
        return _within(number, PITCH_SHIFTS, "st")
    if unit == "hz":
        factor = 1.0 + number / REFERENCE_F0
    elif unit == "%":
        factor = number / 100.0 + (1.0 if signed else 0.0)
    else:
        raise ValueError(f"pitch needs a unit: {forms}")
    if factor <= 0:
        raise ValueError(f"nothing is left of the pitch: write {forms}")
    return _within(12.0 * math.log2(factor), PITCH_SHIFTS, "st")


def parse_volume(text: str) -> float:
    """dB of "loud", "+6dB", "-20%" or, as in SSML 1.0, "50" out of 100; the softest is -20 dB."""
    forms = '"soft", "+6dB", "-20%" or "0" to "100"'
    if text.strip().lower() in VOLUMES:
        return VOLUMES[text.strip().lower()]
    number, unit, signed = _measure(text, forms)
    if unit == "db":
        return _within(number, ENERGY_SHIFTS, "dB")
    if unit not in ("", "%"):
        raise ValueError(f"volume is written as {forms}")
    if unit == "" and not signed and number > 100:
        raise ValueError("a volume without a unit goes from 0 to 100")
    factor = number / 100.0 + (1.0 if signed else 0.0)
    if factor < 0:
        raise ValueError(f"nothing is left of the volume: write {forms}")
    return _within(max(20.0 * math.log10(max(factor, 1e-9)), ENERGY_SHIFTS[0]), ENERGY_SHIFTS, "dB")


def parse_contour(text: str) -> tuple[tuple[float, float], ...]:
    """Points (position in [0, 1], semitones) of "(0%,+2st) (50%,-10%) (100%,+0st)"."""
    forms = 'a contour is written as "(0%,+2st) (50%,-10%) (100%,+0st)"'
    points: list[tuple[float, float]] = []
    end = 0
    for found in _POINT.finditer(text):
        if text[end : found.start()].strip(" \t\r\n,"):
            raise ValueError(forms)
        end = found.end()
        position, unit, signed = _measure(found["position"], forms)
        if unit != "%" or signed or position > 100:
            raise ValueError(f'the position "{found["position"]}" must be between 0% and 100%: {forms}')
        if points and position / 100 <= points[-1][0]:
            raise ValueError(f'the position "{found["position"]}" must come after the one before it: {forms}')
        try:
            points.append((position / 100, parse_pitch(found["value"])))
        except ValueError as error:
            raise ValueError(f'"{found["value"]}": {error}') from None
    if not points or text[end:].strip():
        raise ValueError(forms)
    if len(points) > MAX_CONTOUR_POINTS:
        raise ValueError(f"a contour has at most {MAX_CONTOUR_POINTS} points, this has {len(points)}: leave some out")
    return tuple(points)


def _named(text: str, names: dict[str, float], forms: str) -> float:
    value = names.get(text.strip().lower())
    if value is None:
        raise ValueError(forms)
    return value


def _measure(text: str, forms: str) -> tuple[float, str, bool]:
    """A signed number, its unit in lower case, and whether a sign was written."""
    found = _MEASURE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"write {forms}")
    number = float(found["number"])
    return (-number if found["sign"] == "-" else number), found["unit"].lower(), bool(found["sign"])


def _factor(text: str, names: dict[str, float], limits: tuple[float, float], forms: str) -> float:
    if text.strip().lower() in names:
        return names[text.strip().lower()]
    number, unit, signed = _measure(text, forms)
    if unit not in ("", "%") or (unit == "" and signed):
        raise ValueError(f"write {forms}")
    factor = number if unit == "" else number / 100.0 + (1.0 if signed else 0.0)
    return _within(factor, limits, "times")


def _within(value: float, limits: tuple[float, float], unit: str) -> float:
    if not limits[0] <= value <= limits[1]:
        raise ValueError(f"this is {value:.3g} {unit}; it may be between {limits[0]:g} and {limits[1]:g}")
    return value
