"""The adapter of a voice as part of the weights: graphs cannot switch, so an export speaks with one adapter or none.

Weight normalisation must be folded in before: a merged weight that is computed anew from its parametrisation would lose
the adapter without a word.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.voices.adapters import adapter_name, detach_adapter, load_voice_adapter, set_active
from valetts_hf.voices.voice import Voice, style_for
from valetts_hf.voices.voice_folder import load_voice


def fold_voice(network: ValeTTSForSpeech, voice: str | os.PathLike | Voice) -> dict[str, Any]:
    """Merge a voice's adapter into a model, in place.

    Args:
        network (`ValeTTSForSpeech`): its weight norm is folded in already.
        voice: a [`Voice`], or the folder or Hub repository of one; without an adapter nothing is merged.

    Returns:
        `dict`: "name", "language", "style" (list of H numbers) and "adapter" (its name, or None).

    Raises:
        ValueError: weight norm is not folded in; the voice belongs to another checkpoint.
        OSError: the folder of the voice is missing or damaged.
        ImportError: PEFT is not installed.
    """
    weighted = [name for name, module in network.named_modules() if nn.utils.parametrize.is_parametrized(module)]
    if weighted:
        raise ValueError(
            f"{weighted[0]!r} has weight normalisation, in which a merged adapter would get lost: call fuse_weight_norm() first"
        )
    voice = voice if isinstance(voice, Voice) else load_voice(voice)
    style = style_for(voice, network)
    name = load_voice_adapter(network, voice)
    if name is not None:
        set_active(network, name)
        merge_active_adapter(network)
        detach_adapter(network, name)
    return {
        "name": voice.name,
        "language": voice.language,
        "style": [float(value) for value in style],
        "adapter": adapter_name(voice),
    }


@torch.no_grad()
def merge_active_adapter(network: nn.Module) -> None:
    """Add the adapter in force to the weights below it.

    Raises:
        FloatingPointError: the sums are not finite.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for module in network.modules():
        if isinstance(module, BaseTunerLayer):
            try:
                module.merge(safe_merge=True)
            except ValueError as error:
                raise FloatingPointError(f"the adapter cannot be merged: {error}") from error
