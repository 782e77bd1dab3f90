"""What a call is asked to say, whatever it was given as: sections, each in a voice and style of its own, as a sequence of pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from valetts_hf.direction.sketch import Sketch
from valetts_hf.direction.sketch_tokens import TokenSpan, token_curves
from valetts_hf.inference.errors import SpeechTextError
from valetts_hf.inference.long_text import LONE_SURROGATE, Piece, TextPlan, check_text
from valetts_hf.processing.directed_text import DirectedText
from valetts_hf.processing.ssml import Checks


@dataclass
class Script:
    """Iterates over the pieces of a text, each with the number of its section; reads it as it goes.

    Args:
        text (`str`): the plain text, for people.
        plans (`list[TextPlan]`): one per section.
        sections (`list[str | DirectedText]`): what the plans read.
        sketch ([`Sketch`], *optional*): drawn over all of the text; its words must be known, so that a script with a sketch
            is read to its end before the first piece comes.
    """

    text: str
    plans: list[TextPlan]
    sections: list[str | DirectedText]
    sketch: Sketch | None = None

    @classmethod
    def of(
        cls,
        text: Any,
        processor: Any,
        language: str | None = None,
        ssml: bool = False,
        sketch: Sketch | None = None,
        checks: Checks | None = None,
    ) -> Script:
        """The script of whatever a call takes as its text.

        Args:
            text: `str` (SSML if `ssml`), [`DirectedText`], or a list of those, spoken one after the other.
            processor (`ValeTTSProcessor`): reads it.
            language (`str`, *optional*): code; detected sentence by sentence when not given.
            sketch ([`Sketch`], *optional*): drawn over all of it.
            checks (*optional*): of the voices and styles that SSML names, see `parse_ssml`. Default: the processor's.

        Raises:
            `TypeError`: no text. `SpeechTextError`: nothing to say. `ValueError`: SSML that is not well formed, and so on.
        """
        if ssml:
            sections: list[Any] = list(processor.read_ssml(check_text(text), language, checks))
        elif isinstance(text, (list, tuple)):
            sections = list(text)
            for section in sections:
                if not isinstance(section, DirectedText):
                    raise TypeError(
                        f"a list of sections holds directed texts, got {type(section).__name__}: {str(section)[:60]!r}. For "
                        "several texts use batch(), for sections direct(...)."
                    )
        else:
            sections = [text]
        spoken = [section for section in sections if not isinstance(section, DirectedText) or section.text.strip()]
        if not spoken:
            raise SpeechTextError("the text is empty: pass some words.")
        checked = [_checked(section) for section in spoken]
        plans = [TextPlan(section, processor, language) for section in checked]
        whole = text if isinstance(text, str) and not ssml else " ".join(plan.plain.strip() for plan in plans)
        return cls(whole, plans, checked, sketch)

    def check_readable(self) -> None:
        """Refuse now what would be refused in a later sentence, see `TextPlan.check_readable`."""
        for plan in self.plans:
            plan.check_readable()

    @property
    def voices(self) -> list[Any]:
        """The voice each section asks for, None for that of the call."""
        return [section.voice if isinstance(section, DirectedText) else None for section in self.sections]

    @property
    def styles(self) -> list[Any]:
        """The style each section asks for, None for that of the call."""
        return [section.style if isinstance(section, DirectedText) else None for section in self.sections]

    def symbols(self, input_ids: list[int]) -> list[str]:
        """The symbols of some tokens."""
        return self.plans[0].processor.tokenizer.convert_ids_to_tokens(input_ids)

    @property
    def asked(self) -> list[str]:
        """The words read so far."""
        return [word for plan in self.plans for word in plan.asked]

    @property
    def language_of_voice(self) -> str:
        """The language of the beginning; known when the first piece is."""
        return self.plans[0].language_of_voice

    @property
    def length(self) -> int:
        """Characters in all."""
        return sum(len(plan.plain) for plan in self.plans)

    @property
    def pause_at_end(self) -> float | None:
        """Seconds of silence behind the last word, if they were asked for; known when the last piece is."""
        return _pause_behind(self.plans[-1], self.sections[-1])

    def __iter__(self) -> Iterator[tuple[int, Piece]]:
        if self.sketch is None:
            yield from self._pieces()
            return
        read = list(self._pieces())
        words = [[TokenSpan(word.text, word.start, word.end) for word in piece.words] for _, piece in read]
        curves = token_curves(self.sketch, words, [len(piece.input_ids) for _, piece in read])
        for (number, piece), drawn in zip(read, curves):
            yield number, replace(piece, sketch=drawn if drawn.drawn else None)

    def _pieces(self) -> Iterator[tuple[int, Piece]]:
        done, pause = 0, None
        for number, (plan, section) in enumerate(zip(self.plans, self.sections)):
            for piece in plan:
                before = _added(pause, piece.pause_before)
                yield number, replace(piece, progress=done + piece.progress, pause_before=before)
                pause = None
            done += len(plan.plain)
            pause = _pause_behind(plan, section)


def _checked(section: str | DirectedText) -> str | DirectedText:
    if not isinstance(section, DirectedText):
        return check_text(section)
    check_text(section.text)
    return replace(section, text=LONE_SURROGATE.sub("\ufffd", section.text))


def _pause_behind(plan: TextPlan, section: str | DirectedText) -> float | None:
    """Seconds asked for behind the last word of a section that has been read, None without."""
    return _added(plan.pause_at_end, section.pause_after if isinstance(section, DirectedText) else None)


def _added(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else first + second
