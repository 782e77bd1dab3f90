"""`Style`: a manner of speaking, apart from who speaks.

What it does to a voice is in `style_effect`; how it is written on one line in `style_spec`. H width of the style vector.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.direction.json_file import write_json
from valetts_hf.direction.style_spec import (
    NEUTRAL,
    StyleError,
    StyleTerm,
    checked_weight,
    combine,
    parse_style,
)
from valetts_hf.voices.places import is_audio_name


__all__ = ["NEUTRAL", "Style", "StyleError", "StyleTerm"]

FORMAT_VERSION = 1
KINDS = ("token", "style", "voice", "clip", "vector")


@dataclass(frozen=True, eq=False)  # values may be arrays, which have no truth value
class Style:
    """A manner of speaking: a weighted sum of style tokens, named styles, and manners of other voices or recordings.

    Args:
        terms (`tuple[StyleTerm, ...]`): the parts; none is the voice's own manner.
        name (`str`, *optional*): what it is called, for people.

    Example:

    ```python
    >>> from valetts_hf import Style

    >>> Style.parse("token:3*0.7 + token:5*0.3")
    Style('token:3*0.7 + token:5*0.3')
    >>> Style.mix([("token:3", 0.5), (Style.token(2), 0.5)]) * 0.5
    Style('token:3*0.25 + token:2*0.25')
    ```
    """

    terms: tuple[StyleTerm, ...] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", combine(self.terms))

    @classmethod
    def parse(cls, spec: str, name: str | None = None) -> Style:
        """A style out of one line, such as "calm*0.5 + token:2*0.5"; the grammar is at the top of `style_spec`.

        Raises:
            StyleError: not such a line; where and what to write instead.
        """
        return cls(parse_style(spec), name)

    @classmethod
    def token(cls, number: int, weight: float = 1.0) -> Style:
        """One style token of the checkpoint, counted from 0."""
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 0:
            raise StyleError(f"a token has a whole number of 0 or more, got {number!r}.")
        return cls((StyleTerm("token", int(number), weight),))

    @classmethod
    def from_clip(cls, audio: Any, weight: float = 1.0) -> Style:
        """The manner of a recording (prosody transfer): path, URL or audio dictionary `{"array", "sampling_rate"}`; 3 s or more."""
        if isinstance(audio, os.PathLike):
            audio = os.fspath(audio)
        if not isinstance(audio, (str, Mapping)):
            raise TypeError(
                "a clip is a path, a URL or an audio dictionary {'array': ..., 'sampling_rate': ...}, got "
                f"{type(audio).__name__}."
            )
        return cls((StyleTerm("clip", audio, weight),))

    @classmethod
    def from_voice(cls, voice: Any, weight: float = 1.0) -> Style:
        """The manner of another voice: anything that a call takes as `voice`."""
        return cls((StyleTerm("voice", voice, weight),))

    @classmethod
    def from_vector(cls, vector: Any, checkpoint: str | None = None, weight: float = 1.0) -> Style:
        """The manner of a style vector `(H,)`, such as `tts.encode_voice` returns.

        Args:
            checkpoint (`str`, *optional*): fingerprint of the checkpoint that made it; others then refuse it.
        """
        return cls((StyleTerm("vector", _numbers(vector), weight, checkpoint),))

    @classmethod
    def of(cls, value: Any) -> Style:
        """Whatever a call takes as `style`.

        Args:
            value: [`Style`] | one line of the grammar | path of an audio file or of a style saved as JSON | audio
                dictionary | [`Voice`] | style vector `(H,)` | None (the voice's own manner).

        Raises:
            StyleError: unusable. TypeError: none of these kinds. OSError: a JSON file that cannot be read.
        """
        if value is None:
            return cls()
        if isinstance(value, cls):
            return value
        if isinstance(value, (str, os.PathLike)):
            return cls._of_text(value)
        if isinstance(value, Mapping):
            if "terms" in value:
                return cls.from_dict(value)
            if not {"array", "bytes", "path"} & set(value):
                raise StyleError(
                    f"a style given as a dictionary needs 'array' and 'sampling_rate' (audio) or 'terms', got {sorted(value)}."
                )
            return cls.from_clip(value)
        if hasattr(value, "style"):
            return cls.from_voice(value)
        if isinstance(value, (np.ndarray, list, tuple)) or callable(getattr(value, "detach", None)):
            return cls.from_vector(value)
        raise TypeError(
            'style must be a Style, a line such as "calm*0.5 + token:2*0.5", a path, an audio dictionary, a Voice or a style '
            f"vector, got {type(value).__name__}: {str(value)[:60]!r}."
        )

    @classmethod
    def _of_text(cls, value: str | os.PathLike) -> Style:
        name = os.fspath(value)
        is_file = False
        with suppress(OSError, ValueError, RuntimeError):  # too long for a path, a null character, no home folder
            is_file = Path(name).expanduser().is_file()
        is_path = isinstance(value, os.PathLike)
        if name.lower().endswith(".json") and not set(name) & set("*+()\"'"):
            return cls.load(name)
        if is_path or (is_file and (is_audio_name(name) or "/" in name or os.sep in name)):
            return cls.from_clip(name)
        try:
            return cls.parse(name)
        except StyleError:
            if is_audio_name(name) and not set(name) & set("*+()\"'"):
                return cls.from_clip(name)  # a missing file: its own error says so
            raise

    @classmethod
    def mix(cls, parts: Iterable[tuple[Any, float]], name: str | None = None) -> Style:
        """A style between styles: `Style.mix([("calm", 0.5), (Style.from_clip("lively.wav"), 0.5)])`.

        Args:
            parts: pairs (anything that [`Style.of`] takes, weight). Weights are not divided by their sum: with 0.5 alone the
                other half stays the voice's own manner.
            name (`str`, *optional*): of the result.

        Raises:
            StyleError: no pairs, or weights out of range.
        """
        parts = list(parts)
        if not parts or not all(isinstance(part, (tuple, list)) and len(part) == 2 for part in parts):
            raise StyleError('mixing takes pairs (style, weight), such as [("calm", 0.5), ("token:2", 0.5)].')
        styles = [(cls.of(style), weight) for style, weight in parts]
        return cls(tuple(term for style, weight in styles for term in (style * weight).terms), name)

    def __mul__(self, intensity: float) -> Style:
        """The same manner, weaker or stronger: every weight times `intensity` (-2 to 2)."""
        factor = checked_weight(intensity, "an intensity")
        return Style(
            tuple(StyleTerm(term.kind, term.value, factor * term.weight, term.checkpoint) for term in self.terms),
            self.name,
        )

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Style:
        """Both manners at once."""
        return Style(self.terms + Style.of(other).terms)

    def __str__(self) -> str:
        text = ""
        for term in self.terms:
            sign = (" - " if term.weight < 0 else " + ") if text else ("-" if term.weight < 0 else "")
            weight = abs(term.weight)
            text += sign + term.shown() + ("" if weight == 1 else f"*{weight:.4g}")
        return text or NEUTRAL

    def __repr__(self) -> str:
        return f"Style({str(self)!r}" + (f", name={self.name!r})" if self.name else ")")

    def to_dict(self) -> dict[str, Any]:
        """What [`from_dict`] reads, ready for JSON.

        Raises:
            StyleError: a part that exists in memory only; `tts.fix_style(style)` turns it into numbers.
        """
        entries = []
        for term in self.terms:
            if term.kind != "vector" and not isinstance(term.value, (str, int)):
                raise StyleError(
                    f"{term.shown()} in memory cannot be written to JSON: turn it into numbers first with "
                    "tts.fix_style(style)."
                )
            entry: dict[str, Any] = {term.kind: list(term.value) if term.kind == "vector" else term.value}
            entry["weight"] = term.weight
            if term.checkpoint is not None:
                entry["checkpoint"] = term.checkpoint
            entries.append(entry)
        return {"format_version": FORMAT_VERSION, "name": self.name, "terms": entries}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Style:
        """The style that [`to_dict`] described.

        Raises:
            StyleError: not such a description; which part of it.
        """
        version = values.get("format_version", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise StyleError(
                f"this style has the format {version!r}, this version of valetts-hf reads up to {FORMAT_VERSION}: update it."
            )
        entries = values.get("terms")
        if not isinstance(entries, list):
            raise StyleError(f"a style needs 'terms', a list, got {type(entries).__name__}.")
        return cls(tuple(_term(number, entry) for number, entry in enumerate(entries)), values.get("name"))

    def save(self, path: str | os.PathLike) -> Path:
        """Write the style as JSON, whole or not at all. Returns the path.

        Raises:
            StyleError: see [`to_dict`]. OSError: it cannot be written.
        """
        return write_json(path, self.to_dict(), "style")

    @classmethod
    def load(cls, path: str | os.PathLike) -> Style:
        """Read a style that [`save`] wrote.

        Raises:
            OSError: it cannot be read. StyleError: it is no style.
        """
        source = Path(path).expanduser()
        try:
            values = json.loads(source.read_text(encoding="utf-8"))
        except OSError as error:
            raise OSError(f"style {str(source)!r} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise StyleError(
                f"{str(source)!r} is no JSON file ({error}): give a file that Style.save wrote."
            ) from error
        if not isinstance(values, Mapping):
            raise StyleError(
                f"{str(source)!r} holds a {type(values).__name__}, not a style: give a file that Style.save wrote."
            )
        try:
            return cls.from_dict(values)
        except (StyleError, TypeError) as error:
            raise StyleError(f"{str(source)!r}: {error}") from error


def _term(number: int, entry: Any) -> StyleTerm:
    known = [kind for kind in KINDS if isinstance(entry, Mapping) and kind in entry]
    if len(known) != 1 or set(entry) - {known[0], "weight", "checkpoint"}:
        raise StyleError(
            f"term {number} of a style must have one of {', '.join(KINDS)} and a 'weight', got {str(entry)[:80]!r}."
        )
    kind, value = known[0], entry[known[0]]
    if kind == "vector":
        value = _numbers(value)
    elif kind == "token":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise StyleError(f"term {number} of a style: a token has a whole number of 0 or more, got {value!r}.")
    elif not isinstance(value, str) or not value.strip():
        raise StyleError(f"term {number} of a style: {kind} must be a name or path, got {value!r}.")
    return StyleTerm(kind, value, entry.get("weight", 1.0), entry.get("checkpoint"))


def _numbers(vector: Any) -> tuple[float, ...]:
    if callable(getattr(vector, "detach", None)):  # torch
        vector = vector.detach().cpu().float().numpy()
    try:
        array = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise StyleError(
            f"a style vector must be numbers of shape (H,): {error}. To mix styles write one line, or use Style.mix."
        ) from error
    if array.ndim == 2 and len(array) == 1:
        array = array[0]
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise StyleError(
            f"a style vector must be finite numbers of shape (H,), got shape {array.shape}: encode it again, or for audio give "
            "{'array': ..., 'sampling_rate': ...}."
        )
    return tuple(float(value) for value in array)
