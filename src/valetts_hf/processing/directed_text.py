"""A text with directions: which stretches are said how, and where to pause.

What markup is parsed into and what a program may write itself. Everything is relative to how the text would be said
anyway, and positions are characters of `DirectedText.text`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from .text_cleaning import canonicalize
from .text_markup import Mark, parse_marks
from .word_search import find_words


SPEAKING_RATES = (0.25, 4.0)
PITCH_SHIFTS = (-24.0, 24.0)
PITCH_RANGES = (0.0, 4.0)
ENERGY_SHIFTS = (-20.0, 20.0)
MAX_PAUSE_SECONDS = 10.0
_PARAGRAPH = "\n\n"


def check_number(name: str, value: object, limits: tuple[float, float], hint: str) -> float:
    """A finite number within limits, as `float`.

    Raises:
        TypeError: not a number. ValueError: out of the limits.
    """
    try:
        if isinstance(value, bool):
            raise TypeError("a truth value")
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a number, got {value!r} ({hint}).") from error
    if not (math.isfinite(number) and limits[0] <= number <= limits[1]):
        raise ValueError(f"{name} must be between {limits[0]:g} and {limits[1]:g}, got {value!r} ({hint}).")
    return number


@dataclass(frozen=True)
class Delivery:
    """How something is said, relative to how it would be said anyway; the defaults change nothing.

    Args:
        speaking_rate (`float`): 0.25 to 4; 2 is twice as fast.
        pitch_shift (`float`): -24 to 24 semitones.
        pitch_range (`float`): 0 to 4, factor on the distance of the pitch (in semitones) from its mean; 0 is monotone.
        energy_shift (`float`): -20 to 20 dB.
    """

    speaking_rate: float = 1.0
    pitch_shift: float = 0.0
    pitch_range: float = 1.0
    energy_shift: float = 0.0

    def __post_init__(self) -> None:
        for name, limits, hint in (
            ("speaking_rate", SPEAKING_RATES, "1.0 is the natural speed"),
            ("pitch_shift", PITCH_SHIFTS, "in semitones; 0 changes nothing"),
            ("pitch_range", PITCH_RANGES, "1.0 changes nothing, 0 is monotone"),
            ("energy_shift", ENERGY_SHIFTS, "in dB; 0 changes nothing"),
        ):
            object.__setattr__(self, name, check_number(name, getattr(self, name), limits, hint))

    def around(self, inner: "Delivery") -> "Delivery":
        """This delivery of a stretch and another one of a part of it, together: factors multiply, shifts add, both clamped."""
        return Delivery(
            _clamp(self.speaking_rate * inner.speaking_rate, SPEAKING_RATES),
            _clamp(self.pitch_shift + inner.pitch_shift, PITCH_SHIFTS),
            _clamp(self.pitch_range * inner.pitch_range, PITCH_RANGES),
            _clamp(self.energy_shift + inner.energy_shift, ENERGY_SHIFTS),
        )


def _clamp(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


@dataclass(frozen=True)
class Span:
    """How the characters `start <= i < end` are said. Spans may overlap or nest: their deliveries are combined.

    Args:
        start, end (`int`): characters of the text; a word belongs to the span that holds most of its letters.
        delivery ([`Delivery`]): of the stretch.
        contour (`tuple` of `(position, semitones)`, *optional*): pitch shift over the stretch, linear between points;
            positions in [0, 1], strictly increasing, are a share of its duration.
    """

    start: int
    end: int
    delivery: Delivery = Delivery()
    contour: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got {self.start} and {self.end}.")
        positions = [position for position, _ in self.contour]
        if any(not 0 <= position <= 1 for position in positions) or any(
            second <= first for first, second in zip(positions, positions[1:])
        ):
            raise ValueError(f"the positions of a contour must rise within [0, 1], got {positions}.")
        for _, semitones in self.contour:
            check_number("a point of the contour", semitones, PITCH_SHIFTS, "in semitones; 0 changes nothing")


@dataclass(frozen=True)
class Pause:
    """Silence of `seconds` (0 to 10) before the character `position`; inside a word it moves behind the word. 0 asks for none."""

    position: int
    seconds: float

    def __post_init__(self) -> None:
        check_number("seconds of a pause", self.seconds, (0.0, MAX_PAUSE_SECONDS), "0 asks for no pause")


@dataclass(frozen=True)
class DirectedText:
    """A stretch of text in one voice and style, with directions.

    Args:
        text (`str`): plain and canonical (see `canonicalize`): no markup in it is looked for.
        spans (`tuple[Span, ...]`): deliveries of stretches, outer ones first.
        pauses (`tuple[Pause, ...]`): in order of their positions.
        marks (`tuple[Mark, ...]`): languages and pronunciations of stretches.
        voice (`str`, *optional*): as in a call of the SDK; None is the voice of the call.
        pause_after (`float`, *optional*): seconds between this text and the next; None is what its punctuation calls for.
        style (`str`, *optional*): as in a call of the SDK; None is the style of the call.
    """

    text: str
    spans: tuple[Span, ...] = ()
    pauses: tuple[Pause, ...] = ()
    marks: tuple[Mark, ...] = ()
    voice: str | None = None
    pause_after: float | None = field(default=None)
    style: str | None = None

    def __post_init__(self) -> None:
        for span in self.spans:
            if span.end > len(self.text):
                raise ValueError(f"a span ends at character {span.end} of a text of {len(self.text)}.")
        for pause in self.pauses:
            if not 0 <= pause.position <= len(self.text):
                raise ValueError(f"a pause is at character {pause.position} of a text of {len(self.text)}.")

    def throughout(self, contour: Iterable[tuple[float, float]] = (), **delivery: float) -> "DirectedText":
        """This text with a delivery (see [`Delivery`]) and a contour (see [`Span`]) for all of it."""
        return self._with_span(0, len(self.text), contour, delivery)

    def on(
        self, words: str, occurrence: int = 1, contour: Iterable[tuple[float, float]] = (), **delivery: float
    ) -> "DirectedText":
        """This text with directions for a word, or several in a row.

        Args:
            words (`str`): as written, without looking at upper and lower case.
            occurrence (`int`): which one if they are there several times: 1 is the first, -1 the last.
            contour (*optional*): pitch shift along the words, points (share of their duration, semitones).
            delivery: `speaking_rate`, `pitch_shift`, `pitch_range`, `energy_shift`, see [`Delivery`].

        Raises:
            ValueError: the text has no such words, or not so many of them; a number out of range.
        """
        return self._with_span(*find_words(self.text, words, occurrence), contour, delivery)

    def pause(
        self, seconds: float, *, after: str | None = None, before: str | None = None, occurrence: int = 1
    ) -> "DirectedText":
        """This text with a pause behind or before some words of it (as in `on`); never inside of one.

        Raises:
            ValueError: both or neither of `after` and `before`; and those of `on`.
        """
        if (after is None) == (before is None):
            raise ValueError('a pause needs one place: after="some words" or before="some words".')
        words = after if before is None else before
        start, end = find_words(self.text, words or "", occurrence)
        pauses = sorted(
            (*self.pauses, Pause(start if after is None else end, seconds)), key=lambda each: each.position
        )
        return replace(self, pauses=tuple(pauses))

    def part(self, start: int, end: int) -> "DirectedText":
        """The characters `start <= i < end` with their marks and pauses, without spans, for the text front end."""
        marks = (mark for mark in self.marks if mark.start < end and mark.end > start)
        moved = (replace(m, start=max(m.start - start, 0), end=min(m.end, end) - start) for m in marks)
        pauses = (replace(p, position=p.position - start) for p in self.pauses if start <= p.position <= end)
        return DirectedText(self.text[start:end], pauses=tuple(pauses), marks=tuple(moved))

    def _with_span(self, start: int, end: int, contour: Iterable, delivery: dict[str, float]) -> "DirectedText":
        points = tuple((float(position), float(semitones)) for position, semitones in contour)
        return replace(self, spans=(*self.spans, Span(start, end, Delivery(**delivery), points)))


def joined(sections: Sequence[DirectedText]) -> DirectedText:
    """Sections as one text, for what speaks a text in one go; a paragraph ends with each.

    Raises:
        ValueError: none, or several voices or styles.
    """
    for what in ("voice", "style"):
        found = list(dict.fromkeys(getattr(section, what) for section in sections))
        if len(found) != 1:
            listed = ", ".join(map(str, found)) or "no section"
            raise ValueError(
                f"one text can have one {what}, got {listed}: speak the sections one by one, or with ValeTTS."
            )
    texts: list[str] = []
    spans: list[Span] = []
    pauses: list[Pause] = []
    marks: list[Mark] = []
    shift = 0
    for number, section in enumerate(sections, start=1):
        spans += [replace(span, start=span.start + shift, end=span.end + shift) for span in section.spans]
        marks += [replace(mark, start=mark.start + shift, end=mark.end + shift) for mark in section.marks]
        pauses += [replace(pause, position=pause.position + shift) for pause in section.pauses]
        texts.append(section.text)
        shift += len(section.text) + (len(_PARAGRAPH) if number < len(sections) else 0)
        if section.pause_after is not None:
            pauses.append(Pause(shift, section.pause_after))
    first = sections[0]
    text = _PARAGRAPH.join(texts)
    return DirectedText(text, tuple(spans), tuple(pauses), tuple(marks), first.voice, style=first.style)


def direct(text: str) -> DirectedText:
    """A text to give directions in, without counting characters.

    Args:
        text (`str`): may hold the marks of `text_markup` (`[[ipa]]`, `<phoneme ph="...">`, `<lang ...>`).

    Example:

    ```python
    >>> from valetts_hf import direct

    >>> text = direct("The ferry leaves at seven.").on("seven", pitch_shift=3).pause(0.4, after="ferry")
    ```
    """
    plain, marks = parse_marks(canonicalize(text))
    return DirectedText(plain, marks=tuple(marks))
