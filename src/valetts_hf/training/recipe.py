"""Recipes: every number of a training run in one typed object, read from a YAML file of overrides."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.training.discriminators import PRESETS
from valetts_hf.training.objective import LossWeights


@dataclass
class PretrainRecipe:
    """Joint VITS2 training.

    Args:
        model (`dict`): overrides of [`ValeTTSConfig`].
        losses (`dict`): overrides of [`LossWeights`].
        batch_size (`int`): windows per step and process.
        window_frames, segment_frames, reference_frames (`int`): frames of a window, of its decoded segment, and of the
            reference clip.
        prior_share (`float`): share of each batch that is decoded from the prior, see `GeneratorObjective`.
        learning_rate, discriminator_learning_rate (`float`), betas, weight_decay: AdamW.
        warmup_steps, max_steps (`int`), final_learning_rate (`float`): linear warm-up, then a cosine down to a fraction
            of the learning rate at `max_steps`.
        clip_norm (`float`): the generator's gradient norm is clipped here.
        adversarial_start (`int`): step from which the discriminators train and judge.
        discriminator (`str`): preset of the waveform discriminators.
        alignment_search_start (`int`): step from which durations are searched instead of taken from the corpus;
            negative = never.
        ema_decay (`float`): decay of the averaged weights that are exported.
        speaker_exponent (`float`), speaker_boosts (`dict`): how speakers share the batches, see `speaker_weights`.
        seed (`int`): of batches, noise and initial weights.
        mixed_precision (`str`): "no", "bf16" or "fp16".
        save_every, log_every (`int`): steps.
    """

    model: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    batch_size: int = 16
    window_frames: int = 160
    segment_frames: int = 40
    reference_frames: int = 192
    prior_share: float = 0.0
    learning_rate: float = 5e-4
    discriminator_learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 0.01
    warmup_steps: int = 300
    max_steps: int = 40000
    final_learning_rate: float = 0.05
    clip_norm: float = 5.0
    adversarial_start: int = 2000
    discriminator: str = "cpu"
    alignment_search_start: int = -1
    ema_decay: float = 0.999
    speaker_exponent: float = 0.7
    speaker_boosts: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    mixed_precision: str = "bf16"
    save_every: int = 1000
    log_every: int = 50

    def __post_init__(self):
        self.betas = tuple(self.betas)
        for name in ("batch_size", "window_frames", "segment_frames", "reference_frames", "max_steps", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"recipe: {name} must be at least 1, got {getattr(self, name)}")
        if self.discriminator not in PRESETS:
            raise ValueError(f"recipe: discriminator must be one of {sorted(PRESETS)}, got {self.discriminator!r}")
        if not 0 <= self.prior_share <= 1:
            raise ValueError(f"recipe: prior_share must be in [0, 1], got {self.prior_share}")
        if self.segment_frames > self.window_frames:
            raise ValueError(
                f"recipe: segment_frames {self.segment_frames} exceeds window_frames {self.window_frames}"
            )
        self.loss_weights, self.model_config  # noqa: B018 - raises early on unknown keys and wrong values

    @property
    def loss_weights(self) -> LossWeights:
        """The weights of the losses."""
        known = {item.name for item in fields(LossWeights)}
        if unknown := set(self.losses) - known:
            raise ValueError(f"recipe: unknown losses {sorted(unknown)}; known are {sorted(known)}")
        return LossWeights(**self.losses)

    @property
    def model_config(self) -> ValeTTSConfig:
        """The configuration of the model."""
        known = set(ValeTTSConfig().to_dict())
        if unknown := set(self.model) - known:
            raise ValueError(f"recipe: unknown model settings {sorted(unknown)}")
        return ValeTTSConfig(**self.model)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for logs and checkpoints."""
        return asdict(self)


def load_recipe(path: str | Path | None, **overrides: Any) -> PretrainRecipe:
    """Read a YAML file of overrides; keyword arguments that are not None win over it.

    Raises:
        ValueError: on a key that is not a setting, naming it and the known ones.
    """
    values: dict[str, Any] = {}
    if path is not None:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        if not isinstance(values, dict):
            raise ValueError(f"{path} must be a mapping of settings, got {type(values).__name__}")
    values.update({key: value for key, value in overrides.items() if value is not None})
    known = {item.name for item in fields(PretrainRecipe)}
    if unknown := set(values) - known:
        raise ValueError(f"recipe: unknown settings {sorted(unknown)}; known are {sorted(known)}")
    return PretrainRecipe(**values)
