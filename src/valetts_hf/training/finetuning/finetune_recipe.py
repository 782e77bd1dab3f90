"""Recipe of fine-tuning: that of pre-training with defaults for little data, and what only fine-tuning has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from valetts_hf.training.recipe import PretrainRecipe, load_recipe
from valetts_hf.training.setting_checks import check_choices, check_ranges
from valetts_hf.voices.adapters import METHODS as ADAPTER_METHODS
from valetts_hf.voices.adapters import PRESETS


METHODS = ("full", "peft")
_RANGES = {
    "at least 0": ("judge_warmup", "max_held_out"),
    "at least 1": ("evaluate_clips", "clips_per_voice"),
    "in [0, 1)": ("rehearsal_share", "held_out"),
}
JUDGEMENTS = ("adversarial", "feature_matching", "duration_adversarial")


@dataclass
class FinetuneRecipe(PretrainRecipe):
    """Fine-tuning; everything that is not listed here is as in [`PretrainRecipe`], with other defaults for some numbers.

    Args:
        method (`str`): "full" trains the network itself, "peft" an adapter beside it.
        preset (`str`), adapter_method (`str`): the adapter, see `voices.adapters.adapter_config`.
        freeze (list of `str`): also "all": everything but the rows of a new language and of new symbols. Only for the
            method "full".
        judge_warmup (`int`): steps during which fresh discriminators learn, but do not judge the generator yet.
        rehearsal_share (`float`): share of the batches' rows, in [0, 1), that comes from the rehearsal corpus if there is
            one.
        held_out (`float`), max_held_out (`int`): share of the clips that is held out where the data has no test or
            validation split, and at most how many.
        evaluate_clips (`int`): held-out clips that are spoken and measured before and after.
        clips_per_voice (`int`): longest clips of a speaker whose mean style becomes the voice.
    """

    batch_size: int = 8
    prior_share: float = 0.5
    learning_rate: float = 2e-4
    warmup_steps: int = 50
    max_steps: int = 2000
    final_learning_rate: float = 0.1
    adversarial_start: int = 0
    ema_decay: float = 0.99
    speaker_exponent: float = 0.5
    log_every: int = 20
    save_every: int = 250
    method: str = "full"
    preset: str = "default"
    adapter_method: str = "lora"
    freeze: list[str] = field(default_factory=lambda: ["style_encoder"])
    judge_warmup: int = 200
    rehearsal_share: float = 0.3
    held_out: float = 0.05
    max_held_out: int = 20
    evaluate_clips: int = 12
    clips_per_voice: int = 24

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, "recipe", {"method": METHODS, "preset": PRESETS, "adapter_method": ADAPTER_METHODS})
        if self.cuda_graphs:
            raise ValueError("recipe: cuda_graphs is for run_pretrain.py, leave it out")
        if self.model:
            raise ValueError(f"recipe: the network comes from the checkpoint, remove `model` ({sorted(self.model)})")
        if self.method == "peft" and self.smooth_gains:
            raise ValueError(
                "recipe: smooth_gains changes weights beside the adapter, leave it out with method 'peft'"
            )
        check_ranges(self, "recipe", _RANGES)

    def without_judgement(self) -> FinetuneRecipe:
        """The same recipe, but what the discriminators say does not count."""
        return replace(self, losses={**self.losses, **dict.fromkeys(JUDGEMENTS, 0.0)})


def load_finetune_recipe(path: str | Path | None, **overrides: Any) -> FinetuneRecipe:
    """Read a YAML file of overrides; keyword arguments that are not None win over it.

    Raises:
        FileNotFoundError: if the file or one of its bases is missing.
        ValueError: on a key that is not a setting or a value that cannot be one, naming it.
    """
    return load_recipe(path, FinetuneRecipe, **overrides)
