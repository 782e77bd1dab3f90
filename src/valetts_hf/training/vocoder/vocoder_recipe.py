"""Recipe of vocoder training: that of pre-training with the numbers of BigVGAN-v2, and what to train."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valetts_hf.modeling.configuration_valetts import ValeTTSDecoderConfig
from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.recipe import PretrainRecipe, load_recipe, network_config
from valetts_hf.training.setting_checks import check_choices, check_ranges


TASKS = ("mel", "latents")
LOSSES = ("mel", "adversarial", "feature_matching")


@dataclass
class VocoderRecipe(PretrainRecipe):
    """Training of BigVGAN; everything that is not listed here is as in [`PretrainRecipe`], with other defaults.

    Args:
        task (`str`): "mel" trains a [`ValeTTSVocoder`] on log-mels of recordings, "latents" the `bigvgan` decoder on the
            latents of a frozen checkpoint.
        preset (`str`): configuration of the vocoder, see `ValeTTSVocoderConfig.preset`; only for "mel".
        bigvgan (`dict`): overrides of [`ValeTTSBigVGANConfig`], over those of the preset or of the default decoder.
        context_frames (`int`): only for "latents": frames decoded on either side of a segment and thrown away.
        judge_clip_norm (`float`): the gradient norm of the discriminators is clipped here.

    For "mel" whole windows are decoded and judged (`window_frames`); for "latents" segments of them (`segment_frames`).
    """

    task: str = "mel"
    preset: str = "24khz_100band_256x"
    bigvgan: dict[str, Any] = field(default_factory=dict)
    context_frames: int = 8
    judge_clip_norm: float = 500.0
    batch_size: int = 32
    window_frames: int = 256
    segment_frames: int = 64
    reference_frames: int = 192
    prior_share: float = 0.25
    learning_rate: float = 1e-4
    discriminator_learning_rate: float = 1e-4
    warmup_steps: int = 0
    decay_steps: int = 0
    max_steps: int = 1_000_000
    clip_norm: float = 500.0
    adversarial_start: int = 0
    discriminator: str = "bigvgan_v2"

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, "recipe", {"task": TASKS})
        if self.cuda_graphs:
            raise ValueError("recipe: cuda_graphs is for run_pretrain.py, leave it out")
        self._check_used()
        if self.model:
            raise ValueError(
                f"recipe: `preset` and `bigvgan` name the network here, remove `model` ({sorted(self.model)})"
            )
        check_ranges(self, "recipe", {"at least 0": ("context_frames",), "greater than 0": ("judge_clip_norm",)})
        if self.task == "mel" and self.sample_every:
            raise ValueError("recipe: a vocoder speaks no sentences, leave sample_every out of the task 'mel'")
        self.vocoder_config if self.task == "mel" else self.decoder_config  # noqa: B018 - raises early on wrong values

    def _check_used(self) -> None:
        """Refuse settings of pre-training that would do nothing here."""
        refused = {
            "freeze": bool(self.freeze),
            "smooth_gains": self.smooth_gains,
            "judged_share": self.judged_share < 1,
            "alignment_search_start": self.alignment_search_start >= 0,
        }
        for name, wrong in refused.items():
            if wrong:
                raise ValueError(f"recipe: {name} does nothing for a vocoder, leave it out: {getattr(self, name)!r}")
        if unused := sorted(set(self.losses) - set(LOSSES)):
            raise ValueError(f"recipe: a vocoder learns from the losses {', '.join(LOSSES)} only, remove {unused}")

    @property
    def vocoder_config(self) -> ValeTTSVocoderConfig:
        """Configuration of the vocoder to train.

        Raises:
            ValueError: it is not made for the sampling rate and hop of corpora.
        """
        preset = ValeTTSVocoderConfig.preset(self.preset)
        settings = preset.to_diff_dict() | {"bigvgan": preset.bigvgan.to_dict() | self.bigvgan}
        config = network_config(ValeTTSVocoderConfig, settings, "vocoder")
        if (config.sampling_rate, config.hop_length) != (SAMPLING_RATE, HOP_LENGTH):
            raise ValueError(
                f"recipe: corpora have {SAMPLING_RATE} Hz and frames of {HOP_LENGTH} samples, preset {self.preset!r} needs "
                f"{config.sampling_rate} Hz and {config.hop_length}: choose a preset that begins with 24khz"
            )
        return config

    @property
    def decoder_config(self) -> ValeTTSDecoderConfig:
        """Configuration of the decoder to train."""
        small = ValeTTSDecoderConfig(type="bigvgan").bigvgan.to_dict()
        return network_config(ValeTTSDecoderConfig, {"type": "bigvgan", "bigvgan": small | self.bigvgan}, "decoder")


def load_vocoder_recipe(path: str | Path | None, **overrides: Any) -> VocoderRecipe:
    """Read a YAML file of overrides; keyword arguments that are not None win over it.

    Raises:
        FileNotFoundError: if the file or one of its bases is missing.
        ValueError: on a key that is not a setting or a value that cannot be one, naming it.
    """
    return load_recipe(path, VocoderRecipe, **overrides)
