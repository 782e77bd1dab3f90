"""The texts with directions that a document of SSML becomes, while it is read: text, spans, marks and pauses so far.

A section is one text in one voice and style. Positions are characters of its canonical form.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .directed_text import MAX_PAUSE_SECONDS, Delivery, DirectedText, Pause, Span
from .pause_lengths import PAUSE_SECONDS
from .text_cleaning import canonicalize
from .text_markup import Mark


PARAGRAPH_END = "\n\n"
_COMBINING = "".join(chr(code) for code in range(0x300, 0x370) if unicodedata.combining(chr(code)))


@dataclass
class Scope:
    """What an open element asks for, and where it began in the current section; `depth` elements are around it."""

    depth: int
    start: int
    delivery: Delivery | None = None
    contour: tuple[tuple[float, float], ...] = ()
    language: str | None = None
    voice: str | None = None
    style: str | None = None


class Sections:
    """The sections of one document: those that are complete (`done`) and the current one."""

    def __init__(self) -> None:
        self.done: list[DirectedText] = []
        self._after = ""  # what decided on the pause behind the last one: "asked", "paragraph", "voice" or its own end
        self._clear()

    def _clear(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.apart = False  # what comes next is another word
        self.spans: list[tuple[int, Span]] = []
        self.marks: list[Mark] = []
        self.pauses: dict[int, float] = {}

    def pause(self, seconds: float) -> None:
        """A pause at this place; several add up."""
        self.apart = True
        if self.length or not self.done:
            self.pauses[self.length] = min(self.pauses.get(self.length, 0.0) + seconds, MAX_PAUSE_SECONDS)
            return
        before = self.done[-1].pause_after if self._after == "asked" else None
        self._set_after(min((before or 0.0) + seconds, MAX_PAUSE_SECONDS), "asked")

    def end_paragraph(self) -> None:
        """The last section ends a paragraph."""
        if self.done and self._after != "asked":
            self._set_after(None, "paragraph")
            self.done[-1] = replace(self.done[-1], text=self.done[-1].text.rstrip() + PARAGRAPH_END)

    def end_sentence(self) -> None:
        """The last section ends a sentence, whoever was to go on with it."""
        if self._after == "voice":
            self._set_after(None, "")

    def append(self, text: str) -> int:
        """Add to the current text; returns where the addition begins."""
        marks = len(text) - len(text.lstrip(_COMBINING))
        if marks and self.parts:  # the accent of the letter in front of the tag
            before = self.parts.pop()
            self.parts.append(canonicalize(before + text[:marks]))
            self.length += len(self.parts[-1]) - len(before)
        text = canonicalize(text[marks:])
        if not self.length:
            text = text.lstrip()
        if text and self.apart:
            if self.length and self.parts[-1][-1].isalnum() and text[0].isalnum():
                self.parts.append(" ")
                self.length += 1
            self.apart = False
        start = self.length
        if text:
            self.parts.append(text)
            self.length += len(text)
        return start

    def note(self, scope: Scope) -> None:
        """Write down what an element asks for, for the current text from its beginning in it."""
        if scope.start >= self.length:
            return
        if scope.language is not None:
            self.marks.append(Mark(scope.start, self.length, language=scope.language))
        if scope.delivery not in (None, Delivery()) or scope.contour:
            delivery = scope.delivery or Delivery()
            self.spans.append((scope.depth, Span(scope.start, self.length, delivery, scope.contour)))

    def end_text(self, open_: Sequence[Scope], goes_on: bool) -> None:
        """End the current text, if there is one; with `goes_on` its sentence may have its end in another voice."""
        for scope in open_:
            self.note(scope)
            scope.start = 0
        text = "".join(self.parts).rstrip()
        if text:
            self.done.append(self._directed(text, open_, goes_on))
        leading = {} if text or self.done else self.pauses
        self._clear()
        self.pauses = leading

    def _directed(self, text: str, open_: Sequence[Scope], goes_on: bool) -> DirectedText:
        size = len(text)
        spans = [
            replace(span, end=min(span.end, size))
            for _, span in sorted(self.spans, key=lambda pair: (pair[1].start, pair[0]))
            if span.start < size
        ]
        marks = [replace(mark, end=min(mark.end, size)) for mark in self.marks if mark.start < size]
        last = [seconds for position, seconds in self.pauses.items() if position >= size]
        after: float | None = None
        self._after = ""
        if last:
            after, self._after = min(sum(last), MAX_PAUSE_SECONDS), "asked"
        elif goes_on and text[-1].isalnum():
            after, self._after = PAUSE_SECONDS["none"], "voice"
        return DirectedText(
            text,
            tuple(spans),
            tuple(Pause(position, seconds) for position, seconds in sorted(self.pauses.items()) if position < size),
            tuple(sorted(marks, key=lambda mark: (mark.start, -mark.end))),
            next((scope.voice for scope in reversed(open_) if scope.voice is not None), None),
            after,
            next((scope.style for scope in reversed(open_) if scope.style is not None), None),
        )

    def _set_after(self, seconds: float | None, reason: str) -> None:
        self.done[-1] = replace(self.done[-1], pause_after=seconds)
        self._after = reason
