"""`Sketch`: a rough curve for the melody and the loudness of a text, which the model turns into natural speech.

After DrawSpeech (arXiv 2501.04256). What sketches are made from lies in `sketch_strokes` and `sketch_sources`, how they meet
the tokens of a text in `sketch_tokens`.
"""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from valetts_hf.direction.json_file import write_json
from valetts_hf.direction.sketch_curve import UNITS, Curve, SketchError
from valetts_hf.voices.places import is_audio_name


__all__ = ["Curve", "Sketch", "SketchError", "SketchWord", "as_sketch"]

FORMAT = "valetts-sketch"
FORMAT_VERSION = 1
MAX_FILE_BYTES = 4_000_000
MAX_WORDS = 20_000
_IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True)
class SketchWord:
    """A word and where it lies under the curves: `start` and `end` are positions, shares of the text in [0, 1]."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Sketch:
    """A drawing over a text: pitch, energy, or both.

    Args:
        pitch, energy ([`Curve`], *optional*): at least one of them.
        words (`tuple[SketchWord, ...]`): the words it was drawn over, each with its place. A sketch with words is only for a
            text of as many words, and lies on them exactly; one without lies over the phonemes of any text.

    Raises:
        SketchError: no curve, a unit of the wrong kind, or words out of order.

    Example:

    ```python
    >>> from valetts_hf.direction.sketch import Sketch

    >>> rising = Sketch.from_values(pitch=[0.2, 0.3, 0.9])
    >>> Sketch.from_values(pitch=[180, 240], unit="hz", text="Is it true?", words=(2, 3))
    Sketch(pitch in hz over words 2-3 of 3)
    ```
    """

    pitch: Curve | None = None
    energy: Curve | None = None
    words: tuple[SketchWord, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.words))
        if self.pitch is None and self.energy is None:
            raise SketchError("a sketch needs a curve: draw the pitch, the energy, or both.")
        for name, curve in (("pitch", self.pitch), ("energy", self.energy)):
            if curve is not None and UNITS[curve.unit][0] not in ("both", name):
                fitting = [unit for unit, (kind, *_) in UNITS.items() if kind in ("both", name)]
                raise SketchError(f"the {name} cannot be drawn in {curve.unit!r}: use one of {', '.join(fitting)}.")
        end = 0.0
        for word in self.words:
            if not end - 1e-6 <= word.start <= word.end <= 1 + 1e-6:
                raise SketchError(
                    f"the word {word.text!r} lies from {word.start:g} to {word.end:g}, behind {end:g}: words of a sketch "
                    "follow each other within [0, 1]."
                )
            end = word.end

    @classmethod
    def from_values(
        cls,
        pitch: Iterable[float] | None = None,
        energy: Iterable[float] | None = None,
        unit: str = "relative",
        energy_unit: str = "relative",
        text: str | None = None,
        words: tuple[int, int] | None = None,
    ) -> Sketch:
        """A sketch through values at equal steps.

        Args:
            pitch, energy (*optional*): numbers, NaN or None for gaps.
            unit, energy_unit (`str`): of them, see [`Curve`].
            text (`str`, *optional*): what it is drawn over; needed for `words`.
            words (`tuple[int, int]`, *optional*): draw over the words `first <= i < last` alone.

        Raises:
            SketchError: no values, or no such words.
        """
        placed = equal_words(text.split()) if text is not None else ()
        start, stop = 0.0, 1.0
        if words is not None:
            start, stop = _stretch(placed, words)
        curves = [
            None if values is None else Curve.from_values(values, kind, start, stop)
            for values, kind in ((pitch, unit), (energy, energy_unit))
        ]
        return cls(*curves, words=placed if words is not None else ())

    @classmethod
    def from_strokes(cls, pitch: Any = None, energy: Any = None, **options: Any) -> Sketch:
        """A sketch of lines drawn by hand; see [`~valetts_hf.direction.sketch_strokes.sketch_of_strokes`]."""
        from valetts_hf.direction.sketch_strokes import sketch_of_strokes

        return sketch_of_strokes(pitch, energy, **options)

    @classmethod
    def from_image(cls, source: Any, **options: Any) -> Sketch:
        """A sketch of a picture of a line; see [`~valetts_hf.direction.sketch_sources.sketch_of_image`]."""
        from valetts_hf.direction.sketch_sources import sketch_of_image

        return sketch_of_image(source, **options)

    @classmethod
    def from_svg(cls, source: Any, **options: Any) -> Sketch:
        """A sketch of the lines of an SVG; see [`~valetts_hf.direction.sketch_svg.sketch_of_svg`]."""
        from valetts_hf.direction.sketch_svg import sketch_of_svg

        return sketch_of_svg(source, **options)

    @classmethod
    def from_recording(cls, source: Any, **options: Any) -> Sketch:
        """The melody and loudness of a recording; see [`~valetts_hf.direction.sketch_sources.sketch_of_recording`]."""
        from valetts_hf.direction.sketch_sources import sketch_of_recording

        return sketch_of_recording(source, **options)

    @classmethod
    def from_prosody(cls, plan: Any, energy: bool = True) -> Sketch:
        """What the model would do by itself, to be edited.

        Args:
            plan ([`~valetts_hf.direction.prosody_plan.ProsodyPlan`]): from `tts.predict_prosody`.
            energy (`bool`): its energy, too.
        """
        return plan.sketch(energy)

    def only(self, first: int, last: int) -> Sketch:
        """The part over the words `first <= i < last`.

        Raises:
            SketchError: the sketch has no words, or not these, or nothing is drawn over them.
        """
        start, stop = _stretch(self.words, (first, last))
        curves = []
        for curve in (self.pitch, self.energy):
            try:
                curves.append(None if curve is None else curve.only(start, stop))
            except SketchError:
                curves.append(None)
        if curves == [None, None]:
            raise SketchError(f"nothing is drawn over the words {first} to {last}.")
        return replace(self, pitch=curves[0], energy=curves[1])

    def smoothed(self, points: int = 64) -> Sketch:
        """Both curves smoothed, see [`Curve.smoothed`]."""
        curves = [None if curve is None else curve.smoothed(points) for curve in (self.pitch, self.energy)]
        return replace(self, pitch=curves[0], energy=curves[1])

    def __repr__(self) -> str:
        parts = [
            f"{name} in {curve.unit}" if curve.unit != "relative" else name
            for name, curve in (("pitch", self.pitch), ("energy", self.energy))
            if curve is not None
        ]
        if not self.words:
            return f"Sketch({' and '.join(parts)})"
        curves = [curve for curve in (self.pitch, self.energy) if curve is not None]
        low = min(curve.positions[0] for curve in curves)
        high = max(curve.positions[-1] for curve in curves)
        inside = [index for index, word in enumerate(self.words) if word.end > low + 1e-9 and word.start < high - 1e-9]
        span = f"{inside[0]}-{inside[-1] + 1} of " if inside and len(inside) < len(self.words) else ""
        return f"Sketch({' and '.join(parts)} over words {span}{len(self.words)})"

    def plot(self, plan: Any = None, axes: Any = None) -> Any:
        """A picture of the sketch over its words; see [`~valetts_hf.direction.sketch_plot.plot_sketch`]."""
        from valetts_hf.direction.sketch_plot import plot_sketch

        return plot_sketch(self, plan, axes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as it is saved."""
        content: dict[str, Any] = {"format": FORMAT, "version": FORMAT_VERSION}
        if self.words:
            content["words"] = [
                {"text": word.text, "start": round(word.start, 6), "end": round(word.end, 6)} for word in self.words
            ]
        for name, curve in (("pitch", self.pitch), ("energy", self.energy)):
            if curve is not None:
                content[name] = curve.to_dict()
        return content

    @classmethod
    def from_dict(cls, content: Any) -> Sketch:
        """What `to_dict` gave; `format` and `version` may be left out, and a curve may be a bare list of values in [0, 1].

        Raises:
            SketchError: it is not that, or of a newer version.
        """
        if not isinstance(content, Mapping):
            raise SketchError(f"a sketch is a dictionary with pitch, energy and words, got {type(content).__name__}.")
        version = content.get("version", FORMAT_VERSION)
        if content.get("format", FORMAT) != FORMAT or version != FORMAT_VERSION:
            raise SketchError(
                f"this is {content.get('format', FORMAT)!r} of version {version!r}; {FORMAT!r} of version {FORMAT_VERSION} "
                "can be read."
            )
        if unknown := set(content) - {"format", "version", "words", "pitch", "energy"}:
            raise SketchError(
                f"a sketch has no {', '.join(sorted(map(repr, unknown)))}: it has pitch, energy and words."
            )
        curves = []
        for name in ("pitch", "energy"):
            curve = content.get(name)
            if isinstance(curve, (list, tuple)):
                curve = {"values": list(curve)}
            curves.append(None if curve is None else Curve.from_dict(curve))
        return cls(*curves, words=_words_of(content.get("words") or ()))

    def save(self, path: str | os.PathLike) -> Path:
        """Write it as JSON, whole or not at all. Returns the path.

        Raises:
            OSError: it cannot be written.
        """
        return write_json(path, self.to_dict(), "sketch")

    @classmethod
    def load(cls, path: str | os.PathLike) -> Sketch:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: no such file. SketchError: it holds no sketch.
        """
        path = Path(path).expanduser()
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SketchError(f"{str(path)!r} is too large for a sketch (over {MAX_FILE_BYTES / 1e6:g} MB).")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise SketchError(f"{str(path)!r} is no JSON file: {error}.") from error
        return cls.from_dict(content)


def as_sketch(value: Any) -> Sketch:
    """A sketch of what a call was given: a [`Sketch`], a dictionary, or the path of a JSON, SVG, image or sound file.

    Raises:
        TypeError: something else. FileNotFoundError: no such file. SketchError: not usable.
    """
    if isinstance(value, Sketch):
        return value
    if isinstance(value, Mapping):
        return Sketch.from_dict(value)
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"a sketch is a Sketch, a dictionary or the path of a file, got {type(value).__name__}.")
    path = Path(os.path.expanduser(value))
    if not path.is_file():
        raise FileNotFoundError(f"there is no sketch {str(path)!r}.")
    ending = path.suffix.lower()
    if ending == ".svg":
        return Sketch.from_svg(path)
    if ending in _IMAGES:
        return Sketch.from_image(path)
    if is_audio_name(path.name):
        return Sketch.from_recording(path)
    return Sketch.load(path)


def equal_words(texts: Sequence[str]) -> tuple[SketchWord, ...]:
    """Words that share the text equally."""
    count = len(texts)
    return tuple(SketchWord(text, index / count, (index + 1) / count) for index, text in enumerate(texts))


def _stretch(words: Sequence[SketchWord], span: tuple[int, int]) -> tuple[float, float]:
    try:
        first, last = map(operator.index, span)
    except (TypeError, ValueError) as error:
        raise SketchError(f"words are given as a pair of numbers (first, last), got {span!r}.") from error
    if not words:
        raise SketchError("only a sketch with words can be drawn over some of them: give the text, too.")
    if not 0 <= first < last <= len(words):
        raise SketchError(f"there are no words {first} to {last} in a text of {len(words)}.")
    return words[first].start, words[last - 1].end


def _words_of(content: Any) -> tuple[SketchWord, ...]:
    if not isinstance(content, (list, tuple)) or len(content) > MAX_WORDS:
        raise SketchError(
            f"words of a sketch are a list of at most {MAX_WORDS} dictionaries with text, start and end."
        )
    words = []
    for entry in content:
        try:
            words.append(SketchWord(str(entry["text"]), float(entry["start"]), float(entry["end"])))
        except (TypeError, KeyError, ValueError) as error:
            raise SketchError(f"a word of a sketch has text, start and end, got {str(entry)[:80]}.") from error
    return tuple(words)
