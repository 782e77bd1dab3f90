"""A run of vocoder training in a folder: the loop, checkpoints and reports are those of pre-training."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.decoders import save_decoder
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.vocoder import ValeTTSVocoder
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.run.pretrain_run import PretrainRun
from valetts_hf.training.vocoder.vocoder_recipe import VocoderRecipe
from valetts_hf.training.vocoder.vocoder_step import VocoderState, build_vocoder_state, vocoder_step


class VocoderRun(PretrainRun):
    """One run in one folder; `model/` holds the averaged vocoder, or the whole model with its new decoder.

    Args: see [`PretrainRun`]; `model` comes from `model_to_train`.
    """

    recipe: VocoderRecipe
    state: VocoderState

    def store_decoder(self, checkpoint: str | Path, dtype: torch.dtype = torch.float16) -> Path:
        """Put the averaged decoder beside the checkpoint it was trained for, where `decoder="bigvgan"` finds it.

        Raises:
            ValueError: the run trains a vocoder, not a decoder.
        """
        model = self._averaged()
        if not isinstance(model, ValeTTSForSpeech):
            raise ValueError("this run trains a vocoder of its own: use its folder `model/`")
        return save_decoder(model, checkpoint, dtype)

    def _make_state(self, model: Any) -> Any:
        self._frozen = model.model.state_dict() if isinstance(model, ValeTTSForSpeech) else None
        return build_vocoder_state(self.recipe, self.accelerator, model)

    def _step(self, batches: list[TrainingBatch]) -> dict[str, torch.Tensor]:
        return vocoder_step(self.state, batches, self.recipe, self.accelerator)

    def _averaged(self, averages: dict[str, torch.Tensor] | None = None) -> Any:
        averages = averages if averages is not None else self.state.ema.state_dict()["average"]
        if self._frozen is None:
            model = ValeTTSVocoder(copy.deepcopy(self.config))
            model.load_state_dict(averages, strict=False)
            return model
        model = ValeTTSForSpeech(copy.deepcopy(self.config))
        model.model.load_state_dict(self._frozen)
        model.decoder.load_state_dict(averages, strict=False)
        return model


def model_to_train(recipe: VocoderRecipe, checkpoint: str | Path | None) -> ValeTTSVocoder | ValeTTSForSpeech:
    """A new vocoder or one to go on with; or a checkpoint of ValeTTS with a bigvgan decoder, new or the one it carries.

    Args:
        recipe: says which, and the sizes of what is new.
        checkpoint: a vocoder (ours or published) for the task "mel"; the ValeTTS checkpoint for "latents".

    Raises:
        ValueError: the task "latents" without checkpoint.
    """
    if recipe.task == "mel":
        if checkpoint is None:
            return ValeTTSVocoder(recipe.vocoder_config)
        return ValeTTSVocoder.from_pretrained(checkpoint, dtype=torch.float32)
    if checkpoint is None:
        raise ValueError("the task 'latents' needs a checkpoint of ValeTTS whose latents to decode: name it")
    base = ValeTTSForSpeech.from_pretrained(checkpoint, dtype=torch.float32)
    if base.config.decoder.type == "bigvgan":
        return base
    config = ValeTTSConfig.from_dict({**base.config.to_dict(), "decoder": recipe.decoder_config.to_dict()})
    model = ValeTTSForSpeech(config)
    model.model.load_state_dict(base.model.state_dict())
    return model
