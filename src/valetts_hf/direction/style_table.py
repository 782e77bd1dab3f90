"""What is known about the styles of a checkpoint: `styles.json` beside its weights, written by `training_scripts/measure_styles.py`.

    format_version, checkpoint                    of which weights (fingerprint)
    measured       {language, voices, sentences, seeds}: what was spoken to measure
    neutral        {rate, pitch_hz, pitch_range, energy_range}: of the voices' own manner
    tokens         [{effect...}, ...] in their order, of weight 1
    styles         {name: {spec, description, effect...}}
    diversity      how different the tokens are

An effect is relative to the voice's own manner: `rate` (factor), `pitch` (semitones), `pitch_range` (factor), `energy` (dB),
`energy_range` (factor), the same as heard in the audio under `audio`, and `words` for people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valetts_hf.direction.style_spec import NEUTRAL, StyleError, StyleTerm, parse_style


STYLES_FILE = "styles.json"
FORMAT_VERSION = 1
MEASURES = ("rate", "pitch", "pitch_range", "energy", "energy_range")


@dataclass(frozen=True)
class StyleTable:
    """The named styles of a checkpoint and what its tokens do.

    Args:
        values (`dict`): the content of `styles.json`; empty where nothing was measured.

    Raises:
        StyleError: not such a content.
    """

    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        version = self.values.get("format_version", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise StyleError(
                f"{STYLES_FILE} has the format {version!r}, this version of valetts-hf reads up to {FORMAT_VERSION}: update it."
            )
        if not isinstance(self.values.get("tokens", []), list) or not isinstance(
            self.values.get("styles", {}), Mapping
        ):
            raise StyleError(
                f"{STYLES_FILE} is damaged: 'tokens' must be a list and 'styles' an object; measure it again."
            )

    @property
    def checkpoint(self) -> str:
        """Fingerprint of the measured checkpoint; empty without measurements."""
        return str(self.values.get("checkpoint", ""))

    @property
    def names(self) -> list[str]:
        """The named styles; "neutral" is always there and not among them."""
        return list(self.values.get("styles", {}))

    def entries(self) -> dict[str, dict[str, Any]]:
        """Named styles and tokens by what a call takes as `style`: "calm", "token:0", ...; the effect of each."""
        styles = {name: dict(entry) for name, entry in self.values.get("styles", {}).items()}
        tokens = {f"token:{number}": dict(entry) for number, entry in enumerate(self.values.get("tokens", []))}
        return styles | tokens

    def terms(self, name: str) -> tuple[StyleTerm, ...]:
        """What a named style consists of.

        Raises:
            KeyError: no such style. StyleError: it is damaged.
        """
        if name == NEUTRAL:
            return ()
        terms = parse_style(self.values["styles"][name]["spec"])
        if any(term.kind != "token" for term in terms):
            raise StyleError(
                f"the named style {name!r} of {STYLES_FILE} must consist of tokens: measure the styles again."
            )
        return terms

    @classmethod
    def load(cls, folder: str | os.PathLike) -> StyleTable:
        """The table of a checkpoint's folder; an empty one if it has none.

        Raises:
            StyleError: the file is damaged. OSError: it cannot be read.
        """
        path = Path(folder) / STYLES_FILE
        if not path.is_file():
            return cls()
        return cls.read(path)

    @classmethod
    def read(cls, path: str | os.PathLike) -> StyleTable:
        """The table in a file.

        Raises:
            StyleError: the file is damaged. OSError: it cannot be read.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise StyleError(f"{str(path)!r} is no JSON file ({error}): measure the styles again.") from error
        if not isinstance(values, Mapping):
            raise StyleError(
                f"{str(path)!r} holds a {type(values).__name__}, not a table of styles: measure them again."
            )
        return cls(values)
