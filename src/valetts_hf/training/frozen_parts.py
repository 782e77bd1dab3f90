"""Parts of the network that keep their weights while the others learn."""

from __future__ import annotations

from collections.abc import Sequence

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


# What can be frozen, by its name in `ValeTTSModel`, and the decoder.
PARTS = (
    "text_encoder",
    "style_encoder",
    "duration_predictor",
    "token_prior",
    "frame_embedding",
    "prosody_predictor",
    "frame_prior",
    "flow",
    "posterior_encoder",
    "decoder",
)
EVERYTHING = "all"


def check_parts(names: Sequence[str]) -> None:
    """Refuse names of parts that the network does not have.

    Raises:
        ValueError: naming them, and the parts there are.
    """
    unknown = sorted(set(names) - {*PARTS, EVERYTHING})
    if unknown:
        raise ValueError(f"recipe: freeze knows no {unknown}; the parts are {', '.join(PARTS)} and {EVERYTHING}")


def freeze_parts(model: ValeTTSForSpeech, names: Sequence[str]) -> None:
    """Let parts of the network keep their weights, and with them those that joint training never reaches.

    The networks for sketches and what emphasis adds to a voice's colour are trained or fitted on the finished base. Left
    trainable, they would get no gradient, which replicas on several processes wait for.

    Args:
        model: its `requires_grad` flags are changed.
        names: of `PARTS`, or "all".

    Raises:
        ValueError: there is no such part.
    """
    check_parts(names)
    for later in (model.model.sketch, getattr(model.decoder, "emphasis_color", None)):
        if later is not None:
            later.requires_grad_(False)
    for name in PARTS if EVERYTHING in names else names:
        part = model.decoder if name == "decoder" else getattr(model.model, name)
        part.requires_grad_(False)
