"""Every number of a training of the sketch networks, read from a YAML file of overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from valetts_hf.training.recipe import read_overrides, recipe_from
from valetts_hf.training.setting_checks import check_ranges, convert_settings


_RANGES = {
    "at least 0": ("weight_decay", "warmup_steps", "seed"),
    "at least 1": ("steps", "batch_clips", "max_clips", "save_every"),
    "greater than 0": ("learning_rate", "clip_norm", "noise_std", "min_seconds"),
    "in [0, 1]": ("drop_curve", "drop_sketch", "partial", "rough"),
    "in [0, 1)": ("ema_decay",),
}


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
        convert_settings(self, "sketch training")
        check_ranges(self, "sketch training", _RANGES)
        if self.min_seconds >= self.max_seconds:
            raise ValueError(
                f"sketch training: min_seconds must be below max_seconds, {self.max_seconds}, got {self.min_seconds}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for the state and the records."""
        return asdict(self)


def load_sketch_settings(source: str | Path | Mapping[str, Any] | None = None, **overrides: Any) -> SketchSettings:
    """Settings out of a YAML file or a mapping; keyword arguments that are not None win over it.

    Raises:
        ValueError: a key that is no setting, or a value out of range, naming it.
    """
    values = read_overrides(source) if isinstance(source, (str, Path)) else dict(source or {})
    return recipe_from(values | {key: value for key, value in overrides.items() if value is not None}, SketchSettings)
