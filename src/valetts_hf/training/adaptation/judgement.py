"""The discriminators that are published beside a checkpoint, as frozen listeners of an adaptation.

Spectral distances alone let a few seconds of speech pull the decoder to a dull average. Discriminators that have heard the
whole corpus do not: they are not trained on, so that they cannot learn the few clips by heart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import load_judges
from valetts_hf.training.losses import feature_matching_loss, generator_loss
from valetts_hf.voices.voice_folder import portable_base, resolve_base


def discriminator_beside(model: ValeTTSForSpeech) -> tuple[nn.Module | None, str | None]:
    """The waveform discriminator of the checkpoint that a model was loaded from, frozen and on its device.

    Returns:
        `tuple`: the discriminator, or None and why there is none.
    """
    name = getattr(model, "name_or_path", "")
    if not name:
        return None, "the model was not loaded from a checkpoint"
    try:
        judges = load_judges(resolve_base(portable_base(name)), model.config.hidden_size)
    except (ValueError, OSError) as error:
        return None, str(error)
    if judges is None:
        return None, f"there are none beside {name!r}"
    return judges.modules()["discriminator"].to(model.device).eval().requires_grad_(False), None


def judged(discriminator: nn.Module, generated: Tensor, target: Tensor) -> dict[str, Tensor]:
    """What the discriminator says of generated segments [B, S] beside the recorded ones, by the names of `LossWeights`."""
    with torch.no_grad():
        _, wanted = discriminator(target)
    scores, maps = discriminator(generated)
    return {"adversarial": generator_loss(scores), "feature_matching": feature_matching_loss(wanted, maps)}
