"""Every number of a few-shot adaptation in one typed object, read from a YAML file of overrides or given as a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from valetts_hf.training.objective import LossWeights
from valetts_hf.training.setting_checks import as_number, convert_settings
from valetts_hf.voices.adapters import METHODS, PRESETS


MAX_STEPS = 100


@dataclass
class AdaptationSettings:
    """Few-shot adaptation of one voice.

    Args:
        preset, method (`str`): of the adapter, see `voices.adapters`.
        max_steps (`int`): 0 to 100; 0 keeps the averaged style.
        batch_size, window_frames, segment_frames (`int`): windows per step, frames of a window and of what is decoded of it.
        prior_share (`float`): share of each batch with text that is decoded from the prior, as in speaking.
        learning_rate, style_learning_rate (`float`): of the adapter (AdamW) and of the style vector.
        weight_decay (`float`): pulls the adapter to zero, that is to the base model.
        warmup_steps (`int`), final_learning_rate (`float`): linear warm-up, then a cosine down to this fraction.
        clip_norm (`float`): the gradient's norm is clipped here.
        losses (`dict`): overrides of `LossWeights`.
        judged (`bool`): whether the discriminators that lie beside the checkpoint, if there are any, judge what is learned.
        preservation, pace, pitch_level (`float`): weights of prior preservation, see `PriorPreservation`.
        held_out_share (`float`): share of each clip that only judges when to stop.
        evaluate_every (`int`), patience (`int`): steps between two judgements; judgements without progress until it stops.
        seed (`int`): of windows, noise and the adapter's first weights.
    """

    preset: str = "default"
    method: str = "lora"
    max_steps: int = 100
    batch_size: int = 4
    window_frames: int = 96
    segment_frames: int = 64
    prior_share: float = 0.75
    learning_rate: float = 1e-3
    style_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 5
    final_learning_rate: float = 0.1
    clip_norm: float = 20.0
    losses: dict[str, float] = field(default_factory=lambda: {"kl": 0.2, "token_kl": 0.05, "stft": 4.0})
    judged: bool = True
    preservation: float = 10.0
    pace: float = 5.0
    pitch_level: float = 5.0
    held_out_share: float = 0.15
    evaluate_every: int = 10
    patience: int = 4
    seed: int = 0

    def __post_init__(self):
        convert_settings(self, "adaptation")
        for name, known in (("preset", PRESETS), ("method", METHODS)):
            if getattr(self, name) not in known:
                raise ValueError(f"adaptation: {name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        if not 0 <= self.max_steps <= MAX_STEPS:
            raise ValueError(f"adaptation: max_steps must be 0 to {MAX_STEPS}, got {self.max_steps}")
        for name in ("batch_size", "window_frames", "segment_frames", "evaluate_every", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"adaptation: {name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "style_learning_rate", "clip_norm"):
            if getattr(self, name) <= 0:
                raise ValueError(f"adaptation: {name} must be greater than 0, got {getattr(self, name)}")
        for name in ("warmup_steps", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"adaptation: {name} must not be negative, got {getattr(self, name)}")
        for name, top in (("prior_share", 1.0), ("held_out_share", 0.5)):
            if not 0 <= getattr(self, name) <= top:
                raise ValueError(f"adaptation: {name} must be in [0, {top:g}], got {getattr(self, name)}")
        self.loss_weights  # noqa: B018 - raises early on unknown losses

    @property
    def loss_weights(self) -> LossWeights:
        """The weights of the losses of the support."""
        known = {item.name for item in fields(LossWeights)}
        if unknown := set(self.losses) - known:
            raise ValueError(f"adaptation: unknown losses {sorted(unknown)}; known are {sorted(known)}")
        return LossWeights(
            **{name: as_number(f"adaptation: losses.{name}", value, float) for name, value in self.losses.items()}
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for the voice's metadata."""
        return asdict(self)


def load_settings(
    source: str | Path | Mapping[str, Any] | AdaptationSettings | None = None, **overrides: Any
) -> AdaptationSettings:
    """Settings out of a YAML file or a mapping; keyword arguments that are not None win over it.

    Raises:
        ValueError: a key that is no setting, or a value out of range, naming it.
    """
    if source is None:
        values: Any = {}
    elif isinstance(source, AdaptationSettings):
        values = source.to_dict()
    elif isinstance(source, (str, Path)):
        values = yaml.safe_load(Path(source).read_text(encoding="utf-8")) or {}
    else:
        values = dict(source)
    if not isinstance(values, dict):
        raise ValueError(f"{source} must be a mapping of settings, got {type(values).__name__}")
    values = values | {key: value for key, value in overrides.items() if value is not None}
    known = {item.name for item in fields(AdaptationSettings)}
    if unknown := set(values) - known:
        raise ValueError(f"adaptation: unknown settings {sorted(unknown)}; known are {sorted(known)}")
    return AdaptationSettings(**values)
