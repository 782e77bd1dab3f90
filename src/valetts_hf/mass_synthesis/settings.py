"""What decides how the rows of a folder sound, apart from the rows themselves; kept with them, and compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from valetts_hf.inference.audio_files import resolve_format
from valetts_hf.inference.manner import Manner
from valetts_hf.processing.languages import resolve_language


@dataclass(frozen=True)
class SynthesisSettings:
    """
    Args:
        checkpoint (`str`): fingerprint of the model that speaks.
        format (`str`): "wav", "flac", "ogg", "opus" or "mp3".
        voice, language, style (`str`, *optional*): of rows that do not say theirs.
        seed (`int`): every row draws a seed of its own from it, its id and its text.
        ssml (`bool`): of rows that do not say.
        manner (`dict`): arguments of a call such as `speaking_rate`, of rows that do not say theirs.

    Raises:
        `ValueError`, `TypeError`: one of them cannot be.
    """

    checkpoint: str
    format: str = "wav"
    voice: str | None = None
    language: str | None = None
    style: str | None = None
    seed: int = 0
    ssml: bool = False
    manner: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "format", resolve_format(None, self.format))
        if self.language is not None:
            object.__setattr__(self, "language", resolve_language(self.language))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be a whole number of 0 or more, got {self.seed!r}.")
        for name in ("voice", "style"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(
                    f"{name} must be a name or a path for many rows, got {type(value).__name__}: save it first."
                )
        # What changes nothing is left out, so that saying a default is no other setting.
        neutral = Manner()
        asked = {name: value for name, value in self.manner.items() if Manner.of(**{name: value}) != neutral}
        object.__setattr__(self, "manner", dict(sorted(asked.items())))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self, other: dict[str, Any]) -> list[str]:
        """What another run's settings, as JSON, have otherwise: "format flac, not wav", ..."""
        mine = self.to_json()
        return [
            f"{name} {other.get(name)!r} there, {value!r} now"
            for name, value in mine.items()
            if other.get(name) != value
        ]
