"""`ProsodyPlan`: what the model is going to do with a text, before anything is decoded: words, phonemes, pitch and energy.

A page draws it, a person edits it (see `sketch`), and the same call with the same seed speaks it. F frames.
"""

from __future__ import annotations

import json
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
        """The predicted curves as a sketch: averages over phonemes, smoothed, in Hz and in dB from the mean of what is spoken
        in one go (a sentence as a rule), with the words.

        Args:
            energy (`bool`): the energy, too.

        Raises:
            SketchError: nothing in it is voiced.
        """
        if not any(hertz > 0 for hertz in self.pitch):
            raise SketchError("nothing in the text has a pitch to draw.")
        points = np.concatenate([np.empty((0, 3)), *map(self._coarse_points, self._stretches())])
        if not len(points):
            raise SketchError("no word of the text has a pitch to draw.")
        if len(points) == 1:
            points = points.repeat(2, axis=0)
        positions, log_pitch, level = points.T
        # to the edges of what is spoken, so that all of it can be edited
        positions[0] = min(positions[0], self.words[0].start / self.duration)
        positions[-1] = max(positions[-1], min(self.words[-1].end / self.duration, 1.0))
        places = tuple(positions.tolist())
        hertz = tuple(np.clip(np.exp(log_pitch), 40, 1000).tolist())
        decibels = tuple(np.clip(level, -30, 30).tolist())
        words = [
            SketchWord(word.text, word.start / self.duration, min(word.end / self.duration, 1.0))
            for word in self.words
        ]
        return Sketch(
            Curve(places, hertz, "hz"),
            Curve(places, decibels, "db") if energy else None,
            tuple(words),
        )

    def _stretches(self) -> list[list[PlanPhoneme]]:
        """The phonemes of each stretch that is spoken in one go; between them is silence."""
        stretches: list[list[PlanPhoneme]] = []
        for phoneme in self.phonemes:
            if not stretches or phoneme.start - stretches[-1][-1].end > self.frame_seconds / 2:
                stretches.append([])
            stretches[-1].append(phoneme)
        return stretches

    def _coarse_points(self, stretch: list[PlanPhoneme]) -> np.ndarray:
        """Position, log-F0 and dB from the mean of the stretch, of each phoneme with a pitch in a word, smoothed: [P, 3]."""

        def frames(start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
            part = slice(round(start / self.frame_seconds), round(end / self.frame_seconds))
            pitch = np.asarray(self.pitch[part])
            return np.log(pitch[pitch > 0]), np.asarray(self.energy[part])[pitch > 0]

        _, voiced_energy = frames(stretch[0].start, stretch[-1].end)
        points = []
        for phoneme in stretch:
            log_pitch, energy = frames(phoneme.start, phoneme.end)
            if phoneme.word is not None and len(log_pitch):
                position = (phoneme.start + phoneme.end) / 2 / self.duration
                points.append((position, log_pitch.mean(), energy.mean() - voiced_energy.mean()))
        if not points:
            return np.empty((0, 3))
        position, *curves = np.array(points).T
        return np.stack([position, *map(smoothed_values, curves)], axis=1)

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
