"""Recipes: every number of a training run in one typed object, read from a YAML file of overrides.

A file may name another one as its `base`, relative to itself, and then lists only what differs from it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml
from huggingface_hub.errors import StrictDataclassError
from transformers import PreTrainedConfig

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.training.data.augmentation_config import AugmentationConfig
from valetts_hf.training.discriminators import PRESETS
from valetts_hf.training.fast_path import check_compile_mode
from valetts_hf.training.frozen_parts import EVERYTHING, check_parts
from valetts_hf.training.objective import LossWeights
from valetts_hf.training.setting_checks import check_choices, check_ranges, convert_settings


# What a resumed run may do otherwise without being another run: it only looks at it more or less often.
REPORTING_KEYS = frozenset(
    {"save_every", "log_every", "sample_every", "evaluate_every", "num_samples", "keep_checkpoints"}
)
# What no run can change on its way: the checkpoint's tensors would not fit.
NETWORK_KEYS = frozenset({"model", "discriminator"})

_FRAMES = ("window_frames", "segment_frames", "reference_frames")
_RANGES = {
    "at least 0": (
        *("weight_decay", "warmup_steps", "sample_every", "evaluate_every", "keep_checkpoints"),
        *("seed", "speaker_exponent"),
    ),
    "at least 1": (
        *("batch_size", "gradient_accumulation", *_FRAMES, "length_buckets", "max_steps"),
        *("save_every", "log_every", "num_samples"),
    ),
    "greater than 0": ("learning_rate", "discriminator_learning_rate", "clip_norm"),
    "in [0, 1]": ("prior_share", "final_learning_rate"),
    "in [0, 1)": ("speech_only_share", "ema_decay"),
    "in (0, 1]": ("judged_share",),
}


@dataclass
class PretrainRecipe:
    """Joint VITS2 training.

    Args:
        model (`dict`): overrides of [`ValeTTSConfig`].
        losses (`dict`): overrides of [`LossWeights`].
        freeze (list of `str`): parts of the network that keep their weights, see `frozen_parts.PARTS`. If all but the
            decoder do, what was made for the rest stays right: durations, melody, voices, styles and sketches.
        smooth_gains (`bool`): hold the gains of the `istft` decoder to envelopes that are smooth over frequency, see
            `smooth_gains.py`.
        batch_size (`int`): windows per forward pass and process.
        gradient_accumulation (`int`): forward passes whose gradients are averaged into one step. A step sees
            `batch_size * gradient_accumulation * processes` windows.
        window_frames, segment_frames, reference_frames (`int`): frames of a window, of its decoded segment, and of the
            reference clip.
        length_buckets (`int`): groups of clips of similar length that batches are drawn from, see `BatchMaker`.
        augmentation (`dict`): overrides of [`AugmentationConfig`]; nothing is augmented without them.
        speech_only_share (`float`): share of each batch, in [0, 1), that comes from clips without transcript. They teach
            style encoder, posterior encoder and decoder how more people sound.
        prior_share (`float`): share of each batch that is decoded from the prior, see `GeneratorObjective`.
        learning_rate, discriminator_learning_rate (`float`), betas, weight_decay: AdamW.
        warmup_steps, max_steps (`int`), final_learning_rate (`float`), decay_steps (`int`): linear warm-up, then the
            learning rate stays and falls as a cosine to the fraction `final_learning_rate` in the last `decay_steps`
            steps before `max_steps`: -1 = it falls all the way from the warm-up on, 0 = it never falls. All of it counts
            steps, so that a run gives the same whether it is trained in one piece or in many.
        clip_norm (`float`): the generator's gradient norm is clipped here.
        adversarial_start (`int`): step from which the discriminators train and judge.
        discriminator (`str`): preset of the waveform discriminators.
        judged_share (`float`): share of the rows, in (0, 1], whose waveforms the discriminators judge.
        alignment_search_start (`int`): step from which durations are searched instead of taken from the corpus;
            negative = never.
        ema_decay (`float`): decay of the averaged weights that are exported.
        speaker_exponent (`float`), speaker_boosts (`dict`): how speakers share the batches, see `speaker_weights`.
        seed (`int`): of batches, noise and initial weights.
        mixed_precision (`str`): "no", "bf16" or "fp16".
        compile (`bool` or `str`): false, "default" or "reduce-overhead": compile the parts of fixed shapes, see
            `fast_path.py`.
        cuda_graphs (`bool`): record whole steps once for every shape of batch and replay them without Python, see
            `graphed_step.py`. Clips are then padded to the longest of their length bucket. On one GPU; elsewhere steps run as always.
        tf32 (`bool`): float32 products with factors of 10 bits, where the GPU can (not in the alignment search).
        log_every, save_every, sample_every, evaluate_every (`int`): steps between rows of the log, checkpoints, spoken
            samples, and calls of the evaluator; 0 = no samples, no evaluation.
        num_samples (`int`): held-out sentences that are spoken each time.
        keep_checkpoints (`int`): newest checkpoints to keep; 0 = all.
    """

    model: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    freeze: list[str] = field(default_factory=list)
    smooth_gains: bool = False
    batch_size: int = 16
    gradient_accumulation: int = 1
    window_frames: int = 160
    segment_frames: int = 40
    reference_frames: int = 192
    length_buckets: int = 1
    augmentation: dict[str, Any] = field(default_factory=dict)
    speech_only_share: float = 0.0
    prior_share: float = 0.0
    learning_rate: float = 5e-4
    discriminator_learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 0.01
    warmup_steps: int = 300
    max_steps: int = 40000
    final_learning_rate: float = 0.05
    decay_steps: int = -1
    clip_norm: float = 5.0
    adversarial_start: int = 2000
    discriminator: str = "cpu"
    judged_share: float = 1.0
    alignment_search_start: int = -1
    ema_decay: float = 0.999
    speaker_exponent: float = 0.7
    speaker_boosts: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    mixed_precision: str = "bf16"
    compile: bool | str = False
    cuda_graphs: bool = False
    tf32: bool = False
    log_every: int = 50
    save_every: int = 1000
    sample_every: int = 0
    evaluate_every: int = 0
    num_samples: int = 4
    keep_checkpoints: int = 3

    def __post_init__(self):
        convert_settings(self, "recipe")
        check_choices(self, "recipe", {"discriminator": PRESETS, "mixed_precision": ("no", "bf16", "fp16")})
        check_ranges(self, "recipe", _RANGES)
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"recipe: betas must be in [0, 1), got {self.betas}")
        if not all(boost >= 0 for boost in self.speaker_boosts.values()):
            raise ValueError(f"recipe: speaker_boosts must be at least 0, got {self.speaker_boosts}")
        if self.decay_steps < -1:
            raise ValueError(
                f"recipe: decay_steps must be -1 (all the way), 0 (never) or more, got {self.decay_steps}"
            )
        check_parts(self.freeze)
        if self.smooth_gains and {"decoder", EVERYTHING} & set(self.freeze):
            raise ValueError("recipe: smooth_gains changes the decoder, which freeze keeps: leave out one of them")
        check_compile_mode(self.compile)
        if self.cuda_graphs:
            self._check_graphable()
        if self.segment_frames > self.window_frames:
            raise ValueError(
                f"recipe: segment_frames {self.segment_frames} exceeds window_frames {self.window_frames}"
            )
        self.loss_weights, self.model_config, self.augmentation_config  # noqa: B018 - raises early on what is wrong

    def _check_graphable(self) -> None:
        """What a recorded step cannot do, since it takes Python or reads a number back."""
        refused = {
            "gradient_accumulation": self.gradient_accumulation > 1,
            "alignment_search_start": self.alignment_search_start >= 0,
            "compile": self.compile == "reduce-overhead",
            "mixed_precision": self.mixed_precision == "fp16",
        }
        for name, wrong in refused.items():
            if wrong:
                raise ValueError(f"recipe: cuda_graphs does not go with {name}: {getattr(self, name)!r}")

    @property
    def loss_weights(self) -> LossWeights:
        """The weights of the losses."""
        return loss_weights(self.losses)

    @property
    def model_config(self) -> ValeTTSConfig:
        """The configuration of the model."""
        return network_config(ValeTTSConfig, self.model, "model")

    @property
    def augmentation_config(self) -> AugmentationConfig:
        """What is done to the recordings of a batch."""
        return AugmentationConfig.from_dict(self.augmentation)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for logs and checkpoints."""
        return asdict(self)


RecipeKind = TypeVar("RecipeKind")  # a dataclass that checks itself
NetworkConfig = TypeVar("NetworkConfig", bound=PreTrainedConfig)


def loss_weights(losses: Mapping[str, float]) -> LossWeights:
    """The weights of the losses, over those of the defaults.

    Raises:
        ValueError: a loss that there is not, or a negative weight.
    """
    _check_known("losses", losses, [item.name for item in fields(LossWeights)])
    if negative := {name: weight for name, weight in losses.items() if weight < 0}:
        raise ValueError(f"recipe: weights of losses must be at least 0, got {negative}")
    return LossWeights(**losses)


def network_config(kind: type[NetworkConfig], settings: Mapping[str, Any], where: str) -> NetworkConfig:
    """The configuration of a network with these settings over its defaults.

    Args:
        kind (`type`): class of the configuration.
        settings (mapping): overrides, nested as the configuration is.
        where (`str`): what errors call them, such as "model".

    Raises:
        ValueError: a setting that there is not, at any depth, or a value that cannot be one.
    """
    _check_network(kind, settings, where)
    try:
        return kind(**settings)
    except (StrictDataclassError, TypeError, ValueError) as error:
        raise ValueError(f"recipe: {where}: {error.__cause__ or error}") from error


def _check_network(kind: type[PreTrainedConfig], settings: Mapping[str, Any], where: str) -> None:
    _check_known(f"{where} settings", settings, list(kind().to_dict()))
    for name, part in kind.sub_configs.items():
        if isinstance(settings.get(name), Mapping):
            _check_network(part, settings[name], f"{where}.{name}")


def load_recipe(path: str | Path | None, kind: type[RecipeKind] = PretrainRecipe, /, **overrides: Any) -> RecipeKind:
    """Read a YAML file of overrides of a kind of recipe; keyword arguments that are not None win over it.

    Raises:
        FileNotFoundError: if the file or one of its bases is missing.
        ValueError: on a key that is not a setting or a value that cannot be one, naming the key.
    """
    values = {} if path is None else read_overrides(path)
    return recipe_from(values | {key: value for key, value in overrides.items() if value is not None}, kind)


def recipe_from(values: Mapping[str, Any], kind: type[RecipeKind], /) -> RecipeKind:
    """A recipe from plain data, e.g. what a run wrote beside its result; errors as in `load_recipe`."""
    _check_known("settings", values, [item.name for item in fields(kind)])
    return kind(**values)


def read_overrides(path: str | Path, _seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Settings of a recipe file over those of its `base`s; mappings (`model`, `losses`, ...) are merged key by key."""
    path = Path(path)
    if path.resolve() in _seen:
        raise ValueError(f"recipe: {path} is its own base: {' -> '.join(str(item.name) for item in _seen)}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no recipe {path}" + (f", the base of {_seen[-1]}" if _seen else ""))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must be a mapping of settings, got {type(values).__name__}")
    base = values.pop("base", None)
    if base is None:
        return values
    return _merged(read_overrides(path.parent / str(base), (*_seen, path.resolve())), values)


def recipe_differences(old: Mapping[str, Any], new: PretrainRecipe) -> dict[str, tuple[Any, Any]]:
    """Settings that differ between a stored recipe and this one: key to (old, new), mappings down to their keys.

    A setting that the stored recipe does not know yet counts as its default.
    """
    before = _flat(type(new)().to_dict() | dict(old))
    after = _flat(new.to_dict())
    keys = sorted(before.keys() | after.keys())
    pairs = {key: (before.get(key, "default"), after.get(key, "default")) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def check_same_run(old: Mapping[str, Any], new: PretrainRecipe, allow_changes: bool = False) -> list[str]:
    """Refuse to resume a run under another recipe.

    Args:
        old (mapping): `to_dict()` of the recipe that the checkpoint was made with.
        new: the recipe to go on with.
        allow_changes (`bool`): accept another schedule, data mix or loss: a new stage of the run. The networks
            (`NETWORK_KEYS`) can never differ; reporting (`REPORTING_KEYS`) always may.

    Returns:
        `list[str]`: one line for every accepted change that matters.

    Raises:
        ValueError: naming the keys with their old and new values.
    """
    found = {
        key: pair for key, pair in recipe_differences(old, new).items() if key.partition(".")[0] not in REPORTING_KEYS
    }
    lines = {key: f"{key}: {before!r} -> {after!r}" for key, (before, after) in found.items()}
    if networks := [line for key, line in lines.items() if key.partition(".")[0] in NETWORK_KEYS]:
        raise ValueError(
            "cannot resume: the checkpoint holds other networks (" + "; ".join(networks) + "). "
            "Use its recipe, or start a new run from its weights with --init_from"
        )
    if lines and not allow_changes:
        raise ValueError(
            "cannot resume: the recipe is not the checkpoint's (" + "; ".join(lines.values()) + "). "
            "Use its recipe, or accept these changes with --allow_changes"
        )
    return list(lines.values())


def _check_known(what: str, given: Mapping[str, Any], known: list[str]) -> None:
    unknown = sorted(str(key) for key in given if key not in known)
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"recipe: unknown {what} {unknown}; {hint}known are {sorted(known)}")


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        mappings = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(dict(result[key]), value) if mappings else value
    return result


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            result |= _flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = list(value) if isinstance(value, tuple) else value
    return result
