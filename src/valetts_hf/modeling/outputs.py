"""What the model returns. B batch, T tokens, F frames, S samples, C latent channels, H style width."""

from dataclasses import dataclass

import torch
from transformers.utils import ModelOutput


@dataclass
class ValeTTSLatentOutput(ModelOutput):
    """
    Latents ready for the decoder, with all that shaped them.

    Args:
        latents (`torch.FloatTensor` of shape `(batch, frames, latent_size)`): zero past the end of a row.
        durations (`torch.LongTensor` of shape `(batch, tokens)`): frames of each token.
        pitch (`torch.FloatTensor` of shape `(batch, frames)`): log-F0 (natural log of Hz), 0 where unvoiced.
        energy (`torch.FloatTensor` of shape `(batch, frames)`): log energy that conditioned the prior.
        style (`torch.FloatTensor` of shape `(batch, style_size)`): the style vector in force.
        frame_lengths (`torch.LongTensor` of shape `(batch,)`): frames of each row.
        gain (`torch.FloatTensor` of shape `(batch, frames)`, *optional*): factors on the waveform, of energy shifts and
            pauses; missing where nothing of the kind was asked for.
        hidden_states, attentions: of the text encoder's blocks, if asked for.
    """

    latents: torch.FloatTensor | None = None
    durations: torch.LongTensor | None = None
    pitch: torch.FloatTensor | None = None
    energy: torch.FloatTensor | None = None
    style: torch.FloatTensor | None = None
    frame_lengths: torch.LongTensor | None = None
    gain: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


@dataclass
class ValeTTSOutput(ModelOutput):
    """
    Speech.

    Args:
        waveform (`torch.FloatTensor` of shape `(batch, samples)`): mono audio, zero past the end of a row.
        waveform_lengths (`torch.LongTensor` of shape `(batch,)`): samples of each row.
        durations, pitch, energy, style, latents, frame_lengths, gain, hidden_states, attentions: see
            [`ValeTTSLatentOutput`].
    """

    waveform: torch.FloatTensor | None = None
    waveform_lengths: torch.LongTensor | None = None
    durations: torch.LongTensor | None = None
    pitch: torch.FloatTensor | None = None
    energy: torch.FloatTensor | None = None
    style: torch.FloatTensor | None = None
    latents: torch.FloatTensor | None = None
    frame_lengths: torch.LongTensor | None = None
    gain: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None
