"""Recipes of meta-training: every number of a run in one typed object, read from a YAML file of overrides."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from valetts_hf.training.meta.outer import InnerLoop
from valetts_hf.training.objective import LossWeights
from valetts_hf.training.recipe import load_recipe, loss_weights, recipe_from
from valetts_hf.training.setting_checks import as_number, check_choices, check_ranges, convert_settings
from valetts_hf.voices.adapters import METHODS as ADAPTER_METHODS
from valetts_hf.voices.adapters import PRESETS


ANIL_HEAD = ("style_offset", "*decoder.head.*")
_CHOICES = {"preset": PRESETS, "adapter_method": ADAPTER_METHODS, "mixed_precision": ("no", "bf16")}
_RANGES = {
    "at least 0": ("warmup_steps", "seed", "start_scale"),
    "at least 1": (
        *("support", "query", "tasks_per_batch", "clips_per_speaker", "minimum_clips", "window_frames"),
        *("segment_frames", "reference_frames", "max_steps", "save_every", "log_every"),
    ),
    "greater than 0": (
        *("learning_rate", "rates_learning_rate", "clip_norm", "max_clip_seconds", "max_inner_learning_rate"),
    ),
    "in [0, 1]": ("multi_step_share", "prior_share", "final_learning_rate"),
}


@dataclass
class MetaRecipe:
    """Meta-training of the start of few-shot adaptation.

    Args:
        method (`str`), inner_steps (`int`), checkpoint_inner_steps (`bool`): see `InnerLoop`.
        preset (`str`), adapter_method (`str`): the adapter, see `voices.adapters.adapter_config`.
        start_scale (`float`): noise in place of an adapter's zeros, see `with_meta_adapter`.
        head (list of `str`): patterns of the tensors that "anil" adapts.
        inner_learning_rates (`float` or mapping of pattern to `float`): values at the start.
        max_inner_learning_rate (`float`): ceiling of the learned ones.
        learn_inner_rates (`bool`), per_step_rates (`bool`): learn them, with a set for each inner step.
        multi_step_share (`float`): share of the run, in [0, 1], over which the weights of the query losses go from equal
            for all inner steps to the last step only; 0 weighs only the last from the beginning.
        support, query, tasks_per_batch (`int`), by_language (`bool`), minimum_clips (`int`): episodes.
        held_out (list of `str`): speakers that meta-training never sees.
        clips_per_speaker (`int`): at most so many clips of each speaker are kept in memory.
        max_clip_seconds (`float`): longer clips are not used; the text of a clip is always encoded as a whole.
        window_frames, segment_frames, reference_frames (`int`): frames of a clip's window, of its decoded segment, and of
            the reference.
        prior_share (`float`), losses (`dict`): the objective, as in pre-training.
        learning_rate, rates_learning_rate (`float`): Adam of the outer loop, for the start and for the inner learning rates.
        warmup_steps, max_steps, decay_steps (`int`), final_learning_rate (`float`): schedule, as in pre-training.
        clip_norm (`float`): of the meta-gradient.
        seed (`int`): of episodes, windows, noise and the adapter's initial weights.
        mixed_precision (`str`): "no" or "bf16", for the query loss; inner steps are float32.
        save_every, log_every (`int`): outer steps.
    """

    method: str = "maml"
    inner_steps: int = 5
    checkpoint_inner_steps: bool = True
    preset: str = "default"
    adapter_method: str = "lora"
    start_scale: float = 0.01
    head: list[str] = field(default_factory=lambda: list(ANIL_HEAD))
    inner_learning_rates: Any = 0.01
    max_inner_learning_rate: float = 0.1
    learn_inner_rates: bool = True
    per_step_rates: bool = False
    multi_step_share: float = 0.5
    support: int = 5
    query: int = 5
    tasks_per_batch: int = 4
    by_language: bool = False
    minimum_clips: int = 4
    held_out: list[str] = field(default_factory=list)
    clips_per_speaker: int = 60
    max_clip_seconds: float = 15.0
    window_frames: int = 96
    segment_frames: int = 40
    reference_frames: int = 192
    prior_share: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 1e-3
    rates_learning_rate: float = 1e-2
    warmup_steps: int = 20
    max_steps: int = 2000
    decay_steps: int = -1
    final_learning_rate: float = 0.1
    clip_norm: float = 10.0
    seed: int = 0
    mixed_precision: str = "no"
    save_every: int = 100
    log_every: int = 10

    def __post_init__(self):
        convert_settings(self, "recipe")
        self.inner_loop, self.loss_weights  # noqa: B018 - raises early on wrong values
        check_choices(self, "recipe", _CHOICES)
        check_ranges(self, "recipe", _RANGES)
        self.inner_learning_rates = self._checked_rates()
        if self.segment_frames > self.window_frames:
            raise ValueError(
                f"recipe: segment_frames {self.segment_frames} exceeds window_frames {self.window_frames}"
            )
        if self.minimum_clips > self.clips_per_speaker:
            raise ValueError(
                f"recipe: clips_per_speaker {self.clips_per_speaker} keeps fewer clips than the minimum_clips "
                f"{self.minimum_clips} that a speaker needs: no speaker would be left"
            )
        if self.method == "anil" and not self.head:
            raise ValueError("recipe: method anil needs patterns of the tensors to adapt in `head`")

    def _checked_rates(self) -> float | dict[str, float]:
        """`inner_learning_rates` as numbers; ValueError if one is none, or out of range."""
        given, patterns = self.inner_learning_rates, isinstance(self.inner_learning_rates, Mapping)
        if patterns and not given:
            raise ValueError("recipe: inner_learning_rates has no pattern: give a number, or {'*': 0.01}")
        rates = {
            key: as_number(f"recipe: inner_learning_rates.{key}", value, float)
            for key, value in (given if patterns else {"*": given}).items()
        }
        if wrong := {key: rate for key, rate in rates.items() if not 0 < rate <= self.max_inner_learning_rate}:
            raise ValueError(
                f"recipe: inner_learning_rates must be in (0, max_inner_learning_rate = {self.max_inner_learning_rate}], "
                f"got {wrong}"
            )
        return rates if patterns else rates["*"]

    @property
    def inner_loop(self) -> InnerLoop:
        """How tasks are adapted to."""
        return InnerLoop(self.method, self.inner_steps, self.checkpoint_inner_steps)

    @property
    def loss_weights(self) -> LossWeights:
        """The weights of the losses."""
        return loss_weights(self.losses)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for logs and checkpoints."""
        return asdict(self)


def load_meta_recipe(path: str | Path | None, **overrides: Any) -> MetaRecipe:
    """Read a YAML file of overrides; keyword arguments that are not None win over it.

    Raises:
        ValueError: on a key that is not a setting, naming it and the known ones.
    """
    return load_recipe(path, MetaRecipe, **overrides)


def meta_recipe_from(values: Mapping[str, Any]) -> MetaRecipe:
    """A recipe from plain data, e.g. what a run wrote beside its result."""
    return recipe_from(values, MetaRecipe)
