"""Weight normalisation folded into plain weights, for inference, and kept out of checkpoints."""

from torch import nn


def fuse_weight_norm(model: nn.Module) -> None:
    """Fold every weight normalisation of a model into a plain weight, in place, for faster inference."""
    for module in model.modules():
        if nn.utils.parametrize.is_parametrized(module, "weight"):
            shared = type(module)  # by deep copies of the module, and it is the class that is changed below
            module.__class__ = type(shared.__name__, shared.__bases__, dict(vars(shared)))
            nn.utils.parametrize.remove_parametrizations(module, "weight")
            module.weight_norm_fused = True


def refuse_fused(model: nn.Module) -> None:
    """Refuse to store a model after `fuse_weight_norm`.

    Raises:
        ValueError: weights are folded; loading would look for them under other names and begin with random ones.
    """
    if any(getattr(module, "weight_norm_fused", False) for module in model.modules()):
        raise ValueError(
            "the weight normalisation of this model is folded into plain weights (fuse_weight_norm), which could not be "
            "loaded again: save it before that, or load its checkpoint anew and save that"
        )
