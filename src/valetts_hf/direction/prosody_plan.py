"""`ProsodyPlan`: what the model is going to do with a text, before anything is decoded: words, phonemes, pitch and energy.

A page draws it, a person edits it (see `sketch`), and the same call with the same seed speaks it. F frames.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from valetts_hf.direction.sketch import Sketch, SketchWord
from valetts_hf.direction.sketch_curve import Curve, SketchError, smoothed_values


FORMAT = "valetts-prosody"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class PlanWord:
    """A word and when it is said, in seconds."""

    text: str
    start: float
    end: float
    language: str | None = None


@dataclass(frozen=True)
class PlanPhoneme:
    """A symbol of the tokenizer, when it is said, and the index of its word (None between words)."""

    symbol: str
    start: float
    end: float
    word: int | None = None


@dataclass(frozen=True)
class ProsodyPlan:
    """Predicted prosody of a text.

    Args:
        text (`str`): as given.
        words (`tuple[PlanWord, ...]`), phonemes (`tuple[PlanPhoneme, ...]`): in order; times in seconds.
        frame_seconds (`float`): length of a frame.
        pitch (`tuple[float, ...]` of length F): Hz, 0 where unvoiced.
        energy (`tuple[float, ...]` of length F): dB.
        seed (`int`): speaks exactly this.
    """

    text: str
    words: tuple[PlanWord, ...]
    phonemes: tuple[PlanPhoneme, ...]
    frame_seconds: float
    pitch: tuple[float, ...]
    energy: tuple[float, ...]
    seed: int | None = None

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.pitch) * self.frame_seconds

    def sketch(self, energy: bool = True) -> Sketch:
        """The predicted curves as a sketch: averages over phonemes, smoothed, in Hz and dB, with the words.

        Args:
            energy (`bool`): the energy, too.

        Raises:
            SketchError: nothing in it is voiced.
        """
        pitch, loudness = np.asarray(self.pitch), np.asarray(self.energy)
        voiced = pitch > 0
        if not voiced.any():
            raise SketchError("nothing in the text has a pitch to draw.")
        middles, log_pitches, levels = [], [], []
        for phoneme in self.phonemes:
            frames = slice(*(round(time / self.frame_seconds) for time in (phoneme.start, phoneme.end)))
            own = voiced[frames]
            if phoneme.word is not None and own.any():
                middles.append((phoneme.start + phoneme.end) / 2 / self.duration)
                log_pitches.append(float(np.log(pitch[frames][own]).mean()))
                levels.append(float(loudness[frames][own].mean()))
        if not middles:
            raise SketchError("no word of the text has a pitch to draw.")
        places = [place for place, following in zip(middles, [*middles[1:], math.inf]) if following - place > 1e-9]
        kept = [number for number, place in enumerate(middles) if place in set(places)]
        hertz = np.clip(np.exp(smoothed_values(np.array(log_pitches)[kept])), 40, 1000)
        decibels = smoothed_values(np.array(levels)[kept])
        decibels = np.clip(decibels - loudness[voiced].mean(), -30, 30)
        # to the edges of what is spoken, so that all of it can be edited
        first, last = self.words[0].start / self.duration, min(self.words[-1].end / self.duration, 1.0)
        positions = [min(first, places[0]), *places[1:-1], max(last, places[-1])] if len(places) > 1 else [first, last]
        if len(places) == 1:
            hertz, decibels = np.repeat(hertz, 2), np.repeat(decibels, 2)
        words = [
            SketchWord(word.text, word.start / self.duration, min(word.end / self.duration, 1.0))
            for word in self.words
        ]
        return Sketch(
            Curve(tuple(positions), tuple(hertz.tolist()), "hz"),
            Curve(tuple(positions), tuple(decibels.tolist()), "db") if energy else None,
            tuple(words),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        content = {"format": FORMAT, "version": FORMAT_VERSION, **asdict(self)}
        content["pitch"] = [round(value, 2) for value in self.pitch]
        content["energy"] = [round(value, 2) for value in self.energy]
        for name in ("words", "phonemes"):
            for entry in content[name]:
                entry["start"], entry["end"] = round(entry["start"], 5), round(entry["end"], 5)
            content[name] = list(content[name])
        return content

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, content: Any) -> ProsodyPlan:
        """What `to_dict` gave.

        Raises:
            ValueError: it is not that.
        """
        if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (
            FORMAT,
            FORMAT_VERSION,
        ):
            raise ValueError(f"this is no {FORMAT!r} of version {FORMAT_VERSION}: {str(content)[:60]}")
        try:
            return cls(
                text=str(content["text"]),
                words=tuple(PlanWord(**word) for word in content["words"]),
                phonemes=tuple(PlanPhoneme(**phoneme) for phoneme in content["phonemes"]),
                frame_seconds=float(content["frame_seconds"]),
                pitch=tuple(float(value) for value in content["pitch"]),
                energy=tuple(float(value) for value in content["energy"]),
                seed=content.get("seed"),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"the plan lacks something or has too much: {error}") from error
