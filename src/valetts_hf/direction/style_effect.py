"""What a `Style` does to a voice: from the vector that says who speaks to the one that says in which manner.

The model is conditioned by two vectors of one space: `style` [B, H] is whose voice it is (text encoder, prior, flow,
decoder), `manner_style` [B, H] how it speaks (durations, pitch, energy). Both act in the same way, through the gains and
biases of style-adaptive normalisation (SALN, arXiv 2106.03153), which is why a manner may be any point of the space:

    manner = identity + sum over references of weight * (reference - identity) + sum over tokens of weight * token offset

A reference (another voice, a recording) with weight 1 replaces the manner altogether, with 0.5 it lies halfway. A style
token (GST, arXiv 1803.09017) acts by the difference of its value to the mean of all tokens' values, so that all tokens
alike change nothing. Its unit is taken from the model: tokens of weight 1 move the gains and biases of the predictors by
0.15 on average (root mean square), about as far as one voice lies from the mean of all voices, and never farther than the
token itself. B batch, H style width, K tokens, N numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from valetts_hf.direction.style import Style
from valetts_hf.direction.style_spec import NEUTRAL, StyleError, StyleTerm, combine
from valetts_hf.direction.style_table import StyleTable
from valetts_hf.modeling.normalization import StyleAdaptiveNorm
from valetts_hf.processing.audio_input import is_url
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, style_fingerprint


TOKEN_STEP = 0.15


@dataclass(frozen=True)
class StyleEffect:
    """The effect of a style on any voice of a model.

    Args:
        share (`float`, or `torch.Tensor` [B, 1]): how much of the voice's own manner the references replace.
        references (`torch.Tensor` [1 or B, H]): sum of weight * reference.
        tokens (`torch.Tensor` [1 or B, H]): sum of weight * token offset.
    """

    share: float | Tensor
    references: Tensor
    tokens: Tensor

    def manner(self, identity: Tensor) -> Tensor:
        """identity [B, H] -> manner_style [B, H]."""
        return (1.0 - self.share) * identity + self.references + self.tokens

    def pitch(self, identity: Tensor) -> Tensor:
        """identity [B, H] -> pitch_style [B, H], whose mean pitch the speech keeps.

        Tokens may raise or lower a voice; the pitch of another speaker is that speaker's, not the manner's.
        """
        return identity + self.tokens

    def inputs(self, identity: Tensor) -> dict[str, Tensor]:
        """identity [B, H] -> the two arguments of the model, `manner_style` and `pitch_style`; one tensor where they agree."""
        manner = self.manner(identity)
        return {"manner_style": manner, "pitch_style": manner if self.by_tokens_alone else self.pitch(identity)}

    @property
    def by_tokens_alone(self) -> bool:
        """Whether no voice or recording has a part in it."""
        return not bool(torch.as_tensor(self.share).any()) and not bool(self.references.any())


@torch.no_grad()
def token_offsets(model: nn.Module) -> Tensor:
    """How each style token moves a manner at weight 1: float32 [K, H] on the model's device.

    Args:
        model (`ValeTTSForSpeech`): any.
    """
    exported = getattr(model, "token_offsets", None)  # a model without its networks carries the result
    if exported is not None:
        return exported
    network = model.model
    tokens = network.style_encoder.style_tokens
    # one-hot rows: each token alone, in all heads
    values = tokens.mix(torch.eye(len(tokens.tokens), device=tokens.tokens.device, dtype=tokens.tokens.dtype)).float()
    offsets = values - values.mean(dim=0)
    affine = torch.cat(
        [
            module.affine.weight.float()
            for part in (network.duration_predictor, network.prosody_predictor)
            for module in part.modules()
            if isinstance(module, StyleAdaptiveNorm)
        ]
    )
    movement = (offsets @ affine.T).square().mean().sqrt()  # of [K, N]
    return offsets * torch.clamp(TOKEN_STEP / movement.clamp(min=1e-9), max=1.0)


def resolve_style(
    style: Style, model: nn.Module, encode: Callable[[Any], Tensor], table: StyleTable
) -> StyleEffect | None:
    """What a style means for a model.

    Args:
        style ([`Style`]): any.
        model (`ValeTTSForSpeech`): what is to speak.
        encode: from what a call takes as a voice to its style vector [1, H].
        table ([`StyleTable`]): the named styles.

    Returns:
        [`StyleEffect`], or None where the style changes nothing.

    Raises:
        StyleError: unknown token or style; a recording or voice that cannot be used; a vector of another checkpoint.
    """
    terms = combine(part for term in style.terms for part in _expanded(term, model, table))
    if not terms:
        return None
    size = model.config.style.hidden_size
    share = 0.0
    references, tokens = torch.zeros(1, size, device=model.device), torch.zeros(1, size, device=model.device)
    offsets: Tensor | None = None
    for term in terms:
        if term.kind == "token":
            offsets = token_offsets(model) if offsets is None else offsets
            if term.value >= len(offsets):
                raise StyleError(
                    f"there is no token {term.value}: this checkpoint has the tokens 0 to {len(offsets) - 1}; `valetts "
                    "styles` lists what each does."
                )
            tokens = tokens + term.weight * offsets[term.value]
        else:
            share += term.weight
            references = references + term.weight * _vector(term, model, encode)
    return StyleEffect(share, references.to(model.dtype), tokens.to(model.dtype))


def fixed(style: Style, model: nn.Module, encode: Callable[[Any], Tensor]) -> Style:
    """The same style with voices and recordings turned into numbers, so that it can be saved and needs them no more.

    Args: see [`resolve_style`].
    """
    fingerprint = checkpoint_fingerprint(model)
    return Style(
        tuple(
            StyleTerm("vector", tuple(_vector(term, model, encode)[0].tolist()), term.weight, fingerprint)
            if term.kind in ("voice", "clip")
            else term
            for term in style.terms
        ),
        style.name,
    )


def _expanded(term: StyleTerm, model: nn.Module, table: StyleTable) -> tuple[StyleTerm, ...]:
    """A named style as its tokens; everything else as it is."""
    if term.kind != "style":
        return (term,)
    known = [*table.names, NEUTRAL]
    if term.value not in known:
        close = get_close_matches(term.value, known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        more = (
            ""
            if table.names
            else " This checkpoint has no named styles: training_scripts/measure_styles.py makes them."
        )
        raise StyleError(
            f"unknown style {term.value!r}. {hint}Named styles: {', '.join(known)}.{more} Tokens are token:0 to "
            f"token:{model.config.style.num_tokens - 1}; a recording is clip:FILE, a voice's manner voice:NAME."
        )
    if style_fingerprint(table.checkpoint) != style_fingerprint(checkpoint_fingerprint(model)):
        raise StyleError(
            f"the named styles ({', '.join(table.names)}) were made for the checkpoint {table.checkpoint or 'without a name'}, "
            f"this one is {checkpoint_fingerprint(model)}: run training_scripts/measure_styles.py for it."
        )
    return tuple(
        StyleTerm(part.kind, part.value, part.weight * term.weight, part.checkpoint)
        for part in table.terms(term.value)
    )


def _vector(term: StyleTerm, model: nn.Module, encode: Callable[[Any], Tensor]) -> Tensor:
    """The style vector [1, H] of a voice, a recording or numbers, float32."""
    size = model.config.style.hidden_size
    if term.kind == "vector":
        if len(term.value) != size:
            raise StyleError(
                f"the style has a vector of {len(term.value)} numbers, this checkpoint needs {size}: it was made for another "
                f"kind of checkpoint ({term.checkpoint or 'fingerprint not noted'}); make it again with this one."
            )
        here = checkpoint_fingerprint(model)
        if term.checkpoint is not None and style_fingerprint(term.checkpoint) != style_fingerprint(here):
            raise StyleError(
                f"the style was made with the checkpoint {term.checkpoint}, this one is {here} and hears manners differently: "
                "make it again with this one."
            )
        return torch.tensor([term.value], device=model.device)
    what = f"the {'clip' if term.kind == 'clip' else 'voice'} of the style"
    if term.kind == "clip" and isinstance(term.value, str) and not is_url(term.value):
        path = Path(term.value).expanduser()
        if not path.is_file():
            reason = "it is a folder: name the recording in it" if path.is_dir() else "there is no such file"
            raise StyleError(f"{what}, {term.shown()}, cannot be used: {reason}.")
    try:
        return encode(term.value).to(device=model.device, dtype=torch.float32)
    except ValueError as error:
        raise StyleError(f"{what}, {term.shown()}, cannot be used: {error}") from error
