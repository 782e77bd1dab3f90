"""The language in which a style is written on one line: `calm*0.5 + token:2*0.5`.

    spec    = [sign] term { sign term }         sign  = "+" | "-"
    term    = factor { "*" number } | number "*" factor
    factor  = "token:" number                   a style token of the checkpoint, counted from 0
            | name | "style:" name              a named style of the checkpoint; "neutral" changes nothing
            | "voice:" name                     the manner of a voice, as a call of the SDK names it
            | "clip:" path                      the manner of a recording; the prefix may be left out before a path or *.wav, ...
            | "(" spec ")"                      with "* number" behind it: an intensity for all that is inside

Names and paths with blanks or one of `*+()` stand in quotes: `voice:"Ada Lovelace"`. Blanks between the parts do not matter;
a minus directly between two letters belongs to a name. Without a number the weight is 1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from valetts_hf.voices.places import is_audio_name


MAX_CHARACTERS = 2000
MAX_TERMS = 64
MAX_WEIGHT = 2.0
MAX_TOTAL = 4.0
NEUTRAL = "neutral"
_MAX_DEPTH = 16
_EXAMPLE = 'write for example "token:3*0.7 + token:5*0.3" or "calm*0.5"'
_TOKEN = re.compile(
    r"""(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![^\W\d])
    |(?P<prefix>(?:token|voice|clip|style)\s*:)
    |(?P<string>"[^"]*"|'[^']*')
    |(?P<word>[^\W\d][\w.]*(?:-[^\W\d][\w.]*)*(?:/[\w./~-]*)?|[.~]{0,2}/[\w./~-]+)
    |(?P<sign>[-+*()])""",
    re.VERBOSE | re.IGNORECASE,
)
_VALUE = re.compile(r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<bare>[^\s*+()"']+))""")


class StyleError(ValueError):
    """A style that cannot be understood, is unknown, or does not belong to the checkpoint."""


@dataclass(frozen=True)
class StyleTerm:
    """One part of a style.

    Args:
        kind (`str`): "token", "style", "voice", "clip" or "vector".
        value: number of the token; name of the style; what a call takes as a voice; path or audio dictionary; numbers `(H,)`.
        weight (`float`): -2 to 2; below 0 away from it.
        checkpoint (`str`, *optional*): of a vector, the fingerprint of the checkpoint that made it.
    """

    kind: str
    value: Any
    weight: float = 1.0
    checkpoint: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weight(self.weight, self.shown()))

    def shown(self) -> str:
        """How the part is written, without its weight."""
        if self.kind == "vector":
            return "a style vector"
        if not isinstance(self.value, (str, int)):
            return f"a {self.kind}"
        name = str(self.value)
        if self.kind == "style" and re.fullmatch(r"[^\W\d]\w*(?:-[^\W\d]\w*)*", name):
            return name
        bare = re.fullmatch(r"[^\s*+()\"']+", name)
        quote = '"' if '"' not in name else "'"
        return f"{self.kind}:{name if bare else quote + name + quote}"


def checked_weight(weight: Any, what: str) -> float:
    """A weight as `float`.

    Raises:
        TypeError: no number. StyleError: NaN, infinite or out of range.
    """
    try:
        number = float(weight)
    except (TypeError, ValueError):
        raise TypeError(f"the weight of {what} must be a number, got {weight!r}.") from None
    if not math.isfinite(number):
        raise StyleError(
            f"the weight of {what} must be a finite number of -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {number}."
        )
    if abs(number) > MAX_WEIGHT:
        raise StyleError(
            f"the weight of {what} must be -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {number:g}: 1 is a clearly audible step, "
            "beyond 2 speech falls apart."
        )
    return number


def combine(terms: Any) -> tuple[StyleTerm, ...]:
    """Terms with those of the same thing put together and those without weight left out.

    Raises:
        StyleError: a weight out of range, or more than 4 in all.
    """
    merged: list[StyleTerm] = []
    for term in terms:
        for index, other in enumerate(merged):
            if other.kind == term.kind and (
                other.value is term.value or (isinstance(term.value, (str, int, tuple)) and other.value == term.value)
            ):
                merged[index] = StyleTerm(other.kind, other.value, other.weight + term.weight, other.checkpoint)
                break
        else:
            merged.append(term)
    kept = tuple(term for term in merged if term.weight != 0 and (term.kind, term.value) != ("style", NEUTRAL))
    if len(kept) > MAX_TERMS:
        raise StyleError(f"a style has at most {MAX_TERMS} parts, got {len(kept)}.")
    total = sum(abs(term.weight) for term in kept)
    if total > MAX_TOTAL + 1e-6:
        raise StyleError(
            f"the weights of a style may be {MAX_TOTAL:g} together (without their signs), got {total:g}: make them smaller."
        )
    return kept


def parse_style(spec: str) -> tuple[StyleTerm, ...]:
    """The terms of a style written on one line; see the top of this file.

    Args:
        spec (`str`): up to 2000 characters.

    Raises:
        TypeError: not a string. StyleError: not such a line; where and what to write instead.
    """
    if not isinstance(spec, str):
        raise TypeError(f"a style is written as a string, got {type(spec).__name__}.")
    if len(spec) > MAX_CHARACTERS:
        raise StyleError(f"a style is written with at most {MAX_CHARACTERS} characters, got {len(spec)}.")
    return combine(_Parser(spec).parse())


class _Parser:
    """Recursive descent; factors multiply on the way out, so that weights are checked as they take effect."""

    def __init__(self, spec: str):
        self.spec = spec
        self.position = 0

    def parse(self) -> list[StyleTerm]:
        if not self.spec.strip():
            self._fail(f'a style cannot be empty: {_EXAMPLE}, or "{NEUTRAL}"', 0)
        parts = self._sum(0)
        if (found := self._peek()) is not None:
            self._fail(f'expected "+" or "-" between two parts, got {found[1]!r}', found[2])
        return [self._term(kind, value, weight, where) for kind, value, weight, where in parts]

    def _term(self, kind: str, value: Any, weight: float, where: int) -> StyleTerm:
        try:
            return StyleTerm(kind, value, weight)
        except StyleError as error:
            self._fail(str(error).rstrip("."), where)

    def _sum(self, depth: int) -> list[tuple[str, Any, float, int]]:
        parts: list[tuple[str, Any, float, int]] = []
        sign = 1.0
        found = self._peek()
        if found is not None and found[1] in ("+", "-"):
            sign = -1.0 if self._take()[1] == "-" else 1.0
        while True:
            parts += [(kind, value, sign * weight, where) for kind, value, weight, where in self._product(depth)]
            found = self._peek()
            if found is None or found[1] not in ("+", "-"):
                return parts
            sign = -1.0 if self._take()[1] == "-" else 1.0

    def _product(self, depth: int) -> list[tuple[str, Any, float, int]]:
        factor = 1.0
        kind, text, where = self._take(_EXAMPLE)
        while kind == "number":
            factor *= float(text)
            self._expect_times(text)
            kind, text, where = self._take(f'expected a part after "*": {_EXAMPLE}')
        parts = self._factor(kind, text, where, depth)
        while (found := self._peek()) is not None and found[1] == "*":
            self._take()
            factor *= self._number()
        return [(kind, value, weight * factor, at) for kind, value, weight, at in parts]

    def _factor(self, kind: str, text: str, where: int, depth: int) -> list[tuple[str, Any, float, int]]:
        if text == "(":
            if depth >= _MAX_DEPTH:
                self._fail(f"more than {_MAX_DEPTH} brackets inside each other", where)
            parts = self._sum(depth + 1)
            closing = self._peek()
            if closing is None or closing[1] != ")":
                self._fail('the bracket "(" is not closed: add ")"', where)
            self._take()
            return parts
        if kind == "prefix":
            return [self._prefixed(text.rstrip(": \t").lower(), where)]
        if kind == "word":
            is_clip = "/" in text or is_audio_name(text)
            return [("clip" if is_clip else "style", text, 1.0, where)]
        if kind == "string":
            name = text[1:-1]
            if not name.strip():
                self._fail("a name cannot be empty", where)
            return [("clip" if is_audio_name(name) else "style", name, 1.0, where)]
        self._fail(f"expected a token, a name or a clip, got {text!r}: {_EXAMPLE}", where)

    def _prefixed(self, kind: str, where: int) -> tuple[str, Any, float, int]:
        match = _VALUE.match(self.spec, self.position)
        if match is None:
            self._fail(
                f'nothing follows "{kind}:"; write for example {kind}:{"3" if kind == "token" else "name"}',
                self.position,
            )
        start = match.start("string" if match["string"] else "bare")
        value = match["string"][1:-1] if match["string"] else match["bare"]
        if kind == "token":
            digits = re.match(r"\d+", value)
            if digits is None or (match["bare"] and value[digits.end() :][:1] not in ("", "-")):
                self._fail(f"a token has a whole number of 0 or more, got {value!r}", start)
            self.position = start + digits.end() + (2 if match["string"] else 0)
            return kind, int(digits[0]), 1.0, where
        if not value.strip():
            self._fail(f'nothing follows "{kind}:"', start)
        self.position = match.end()
        return kind, value, 1.0, where

    def _expect_times(self, before: str) -> None:
        found = self._peek()
        if found is None or found[1] != "*":
            where = self.position if found is None else found[2]
            self._fail(f'expected "*" and a part behind the number {before}: {_EXAMPLE}', where)
        self._take()

    def _number(self) -> float:
        sign = 1.0
        kind, text, where = self._take('expected a number after "*"')
        if text in ("+", "-"):
            sign = -1.0 if text == "-" else 1.0
            kind, text, where = self._take("expected a number after the sign")
        if kind != "number":
            self._fail(f'expected a number after "*", got {text!r}: a weight is a finite number such as 0.7', where)
        return sign * float(text)

    def _peek(self) -> tuple[str, str, int] | None:
        while self.position < len(self.spec) and self.spec[self.position].isspace():
            self.position += 1
        if self.position >= len(self.spec):
            return None
        match = _TOKEN.match(self.spec, self.position)
        if match is None:
            character = self.spec[self.position]
            quoted = character in "\"'"
            reason = "this quote is not closed" if quoted else f"{character!r} has no meaning here"
            self._fail(f"{reason}: {_EXAMPLE}; names with other characters stand in quotes", self.position)
        return str(match.lastgroup), match[0], match.start()

    def _take(self, expected: str = _EXAMPLE) -> tuple[str, str, int]:
        found = self._peek()
        if found is None:
            self._fail(f"it ends too early: {expected}", len(self.spec))
        self.position = found[2] + len(found[1])
        return found

    def _fail(self, reason: str, where: int) -> NoReturn:
        shown = self.spec if len(self.spec) <= 80 else f"{self.spec[:77]}..."
        raise StyleError(f"style {shown!r}, character {where + 1}: {reason}.")
