"""Every number of a training of the sketch networks, read from a YAML file of overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from valetts_hf.training.setting_numbers import convert_numbers


@dataclass
class SketchSettings:
    """Training of predictor and refiner for one checkpoint.

    Args:
        steps (`int`): of the optimizer; the learning rate falls to zero over them.
        batch_clips (`int`): clips of a step.
        min_seconds, max_seconds (`float`): of the clips that are used.
        max_clips (`int`): at most so many, drawn with the seed: the base runs over each of them once.
        learning_rate, weight_decay (`float`): of AdamW. warmup_steps (`int`): linear.
        clip_norm (`float`): the gradient's norm is clipped here.
        ema_decay (`float`): of the average that is written.
        drop_curve (`float`): probability that pitch, and independently energy, is not drawn (DrawSpeech: 0.2).
        drop_sketch (`float`): probability that nothing is drawn: what classifier-free guidance compares with.
        partial (`float`): probability that only a stretch of the sentence is drawn.
        rough (`float`): probability that the curve is reduced to a few points, as a hand would draw it.
        noise_mean, noise_std (`float`): of the logarithm of the noise level in training (EDM, section 5).
        save_every (`int`): steps between two states.
        seed (`int`): of everything that is drawn.
    """

    steps: int = 6000
    batch_clips: int = 24
    min_seconds: float = 0.6
    max_seconds: float = 12.0
    max_clips: int = 6000
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    drop_curve: float = 0.2
    drop_sketch: float = 0.1
    partial: float = 0.3
    rough: float = 0.5
    noise_mean: float = -1.2
    noise_std: float = 1.2
    save_every: int = 500
    seed: int = 0

    def __post_init__(self):
        convert_numbers(self, "sketch training")
        for name in ("steps", "batch_clips", "max_clips", "save_every"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("learning_rate", "clip_norm", "noise_std"):
            self._require(getattr(self, name) > 0, name, "greater than 0")
        for name in ("drop_curve", "drop_sketch", "partial", "rough"):
            self._require(0 <= getattr(self, name) <= 1, name, "in [0, 1]")
        self._require(0 <= self.ema_decay < 1, "ema_decay", "in [0, 1)")
        for name in ("warmup_steps", "seed"):
            self._require(getattr(self, name) >= 0, name, "0 or more")
        self._require(0 < self.min_seconds < self.max_seconds, "min_seconds", f"in (0, {self.max_seconds})")

    def _require(self, condition: bool, name: str, rule: str) -> None:
        if not condition:
            raise ValueError(f"sketch training: {name} must be {rule}, got {getattr(self, name)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for the state and the records."""
        return asdict(self)


def load_sketch_settings(source: str | Path | Mapping[str, Any] | None = None, **overrides: Any) -> SketchSettings:
    """Settings out of a YAML file or a mapping; keyword arguments that are not None win over it.

    Raises:
        ValueError: a key that is no setting, or a value out of range, naming it.
    """
    values: Any = {}
    if isinstance(source, (str, Path)):
        values = yaml.safe_load(Path(source).read_text(encoding="utf-8")) or {}
    elif source is not None:
        values = dict(source)
    if not isinstance(values, dict):
        raise ValueError(f"{source} must be a mapping of settings, got {type(values).__name__}")
    values = values | {key: value for key, value in overrides.items() if value is not None}
    if unknown := set(values) - {item.name for item in fields(SketchSettings)}:
        known = sorted(item.name for item in fields(SketchSettings))
        raise ValueError(f"sketch training: unknown settings {sorted(unknown)}; known are {known}")
    return SketchSettings(**values)
