"""What the pipeline adds to the inputs of a text: directions, a drawn sketch, a style, a voice in both forms. Every text gets all
of them, neutral where nothing was asked for, so that any texts may meet in a batch; what nobody in a batch asked for is
taken out again.

B batch, T tokens, R reference frames, M mel bands, H style width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from valetts_hf.direction.sketch import Sketch
from valetts_hf.direction.sketch_tokens import TokenCurves, TokenSpan, padded_curves, token_curves
from valetts_hf.direction.style_effect import StyleEffect
from valetts_hf.inference.long_text import words_of
from valetts_hf.processing.text_directions import TokenDirections, padded_directions


_EFFECT = "style_effect"
_CURVES = ("sketch_pitch", "sketch_energy")
_RANGES = ("sketch_pitch_range", "sketch_energy_range")


def with_directions(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a text, directed or not, with all that directed ones have."""
    if "deliveries" not in inputs:
        size = inputs["input_ids"].shape[1]
        arrays = padded_directions([TokenDirections.neutral(size)], size)
        inputs.update((name, torch.from_numpy(array)) for name, array in arrays.items())
    return inputs


def with_sketch(inputs: dict[str, Any], curves: TokenCurves | None) -> dict[str, Any]:
    """The inputs of a text with what is drawn over its tokens."""
    arrays = padded_curves([curves], inputs["input_ids"].shape[1])
    inputs.update((name, torch.from_numpy(array)) for name, array in arrays.items())
    return inputs


def sketch_over(sketch: Sketch, tokenizer: Any, text: Any, language: str | None) -> TokenCurves:
    """A sketch over the tokens of a text that is spoken in one go.

    Raises:
        SketchError: it was drawn over another number of words.
    """
    spans, shift = [], 0
    for segment in tokenizer.analyze(text, language, max_tokens=None):
        spans += [TokenSpan(word.text, word.start + shift, word.end + shift) for word in words_of(segment)]
        shift += len(tokenizer.tokenize(segment.phonemes, is_phonemes=True)) + 1  # and the space behind it
    return token_curves(sketch, [spans], [shift + 1])[0]  # with `<s>` and, in the place of the last space, `</s>`


def with_style(inputs: dict[str, Any], effect: StyleEffect | None, size: int) -> dict[str, Any]:
    """The inputs of a text with the effect of its style; `size` is H."""
    if effect is None:
        inputs[_EFFECT] = torch.zeros(1, 2 * size + 1)
    else:
        share = torch.tensor([[effect.share]])
        inputs[_EFFECT] = torch.cat([share, effect.references.cpu().float(), effect.tokens.cpu().float()], dim=1)
    return inputs


def with_voice(inputs: dict[str, Any], size: int, bands: int) -> dict[str, Any]:
    """The inputs of a text with both a style vector (NaN where there is none) and a reference; H is `size`, M `bands`."""
    if "style" not in inputs:
        inputs["style"] = torch.full((1, size), float("nan"))
    if "reference_mel" not in inputs:
        inputs["reference_mel"] = torch.zeros(1, 1, bands)
        inputs["reference_mask"] = torch.zeros(1, 1, dtype=torch.long)
    return inputs


def take_voice(inputs: dict[str, Any], model: Any, exact_tokens: bool) -> None:
    """Leave the voices of a batch in one form: references if all texts have one, else style vectors, or nothing.

    Args:
        inputs (`dict`): of the batch; changed in place.
        model (`ValeTTSForSpeech`): hears references.
        exact_tokens (`bool`): weights of style tokens were given, which replace what is heard in a reference.

    Raises:
        ValueError: such weights for some references and some stored voices.
    """
    heard = inputs["reference_mask"].any(dim=1)
    style = inputs.pop("style")
    if bool(heard.all()):
        return
    mel, mask = inputs.pop("reference_mel"), inputs.pop("reference_mask")
    unknown = style.isnan().any(dim=1) & ~heard
    if bool(unknown.all()):
        return
    if bool(heard.any()):
        if exact_tokens:
            raise ValueError(
                "style_token_weights replace the manner of reference audio and are added to stored voices, so the two cannot "
                "share a batch: use batch_size=1."
            )
        style[heard] = model.encode_style(mel[heard], mask[heard]).to(style.dtype)
    style[unknown] = model.model.default_styles[inputs["language_ids"][unknown, 0]].to(style.dtype)
    inputs["style"] = style


def take_sketch(inputs: dict[str, Any]) -> dict[str, Tensor]:
    """Take the sketches [B, T] out of the inputs of a batch: the model's arguments, if any of its texts has one."""
    found = {name: inputs.pop(name) for name in (*_CURVES, *_RANGES) if name in inputs}
    padding = inputs["attention_mask"] == 0  # filled with zeros, which would be a drawing
    for name in _CURVES:
        if name in found:
            found[name] = found[name].masked_fill(padding, float("nan"))
    return found if any(not bool(found[name].isnan().all()) for name in _CURVES if name in found) else {}


def take_style(inputs: dict[str, Any], dtype: torch.dtype) -> StyleEffect | None:
    """Take the effect of the styles out of the inputs of a batch: one row for each text, None if nobody has one."""
    packed = inputs.pop(_EFFECT, None)
    if packed is None or not bool(packed.any()):
        return None
    size = (packed.shape[1] - 1) // 2
    share, references, tokens = packed.to(dtype).split([1, size, size], dim=1)
    return StyleEffect(share, references, tokens)
