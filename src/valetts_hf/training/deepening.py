"""More layers for a trained network: the new ones begin as the identity, so that it computes what it did before."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from valetts_hf.modeling.convnext import ConvNeXtBlock, ConvNeXtStack
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


# Parts that are stacks of ConvNeXt blocks, by the name of their sub-config: where their stack lies.
STACKS = {
    "posterior": "model.posterior_encoder.stack",
    "prosody": "model.prosody_predictor.stack",
    "prior": "model.frame_prior.stack",
    "decoder": "decoder.stack",
}


def check_depths(depths: Mapping[str, int]) -> None:
    """Refuse names of parts that cannot be deepened.

    Raises:
        ValueError: naming them, and the parts there are.
    """
    unknown = sorted(set(depths) - set(STACKS))
    if unknown:
        raise ValueError(f"recipe: deepen knows no {unknown}; the parts are {', '.join(STACKS)}")


@torch.no_grad()
def deepen(model: ValeTTSForSpeech, depths: Mapping[str, int]) -> int:
    """Append layers to stacks of a model, and say so in its configuration.

    Args:
        model ([`ValeTTSForSpeech`]): changed in place; its speech stays the same until it is trained.
        depths (mapping of `str` to `int`): layers that a part of `STACKS` shall have. A part that has them is left alone, so
            that a run can be resumed.

    Returns:
        `int`: layers that were added.

    Raises:
        ValueError: an unknown part, one that has more layers already, or a decoder without such a stack.
    """
    check_depths(depths)
    added = 0
    for name, depth in depths.items():
        settings = getattr(model.config, name)
        if name == "decoder" and settings.type != "istft":
            raise ValueError(f"only the 'istft' decoder can be deepened, this model has {settings.type!r}")
        if depth < settings.num_layers:
            raise ValueError(f"deepen: {name} has {settings.num_layers} layers already, {depth} are fewer")
        stack: ConvNeXtStack = model.get_submodule(STACKS[name])
        sizes = (settings.hidden_size, settings.intermediate_size, settings.kernel_size)
        while len(stack.blocks) < depth:
            block = ConvNeXtBlock(*sizes, model.config.style.hidden_size, layer_scale=0.0)
            for module in block.modules():
                model._init_weights(module)
            stack.blocks.append(block.to(stack.output_norm.affine.weight))
            stack.receptive_field += settings.kernel_size // 2
            added += 1
        settings.num_layers = depth
    return added
