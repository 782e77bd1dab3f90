"""The parts of the model that become ONNX graphs, each a small module around those of `modeling/`.

    style    reference_mel, reference_mask                                   -> style, embedding
    text     tokens, languages, styles, noise, rate, pauses                  -> hidden_states, durations
    prosody  hidden_states, durations, frame_mask, style                     -> log_pitch, voicing_logit, energy, frame_states
    latents  all of these, pitch, energy, shifts and ranges of pitch, noise  -> latents, pitch
    source   pitch, mask                                                     -> harmonic, noise (samples)
    decoder  latents, pitch, style, mask and sources of any stretch          -> waveform

What lies between them (choosing who decides the pitch, drawing noise, joining chunks) is left to whoever runs them, so
that pitch and energy can be changed or replaced on the way.
B batch, T tokens, F frames, R reference frames, M mel bands, C channels, Z latent channels, N noise channels, H style
width, P samples of a frame (hop).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from valetts_hf.export.fourier import RealFourier
from valetts_hf.modeling.istft_decoder import ISTFTDecoder
from valetts_hf.modeling.lengths import expand_tokens, expansion_index, position_in_token, round_durations
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech, ValeTTSModel
from valetts_hf.modeling.prosody_controls import LEAST_SOUND_SECONDS, directed_pitch, over_frames, paced_durations
from valetts_hf.modeling.prosody_predictor import prosody_features
from valetts_hf.modeling.source import NOISE_LENGTH, pulse_train


@dataclass(frozen=True)
class Port:
    """An input or output of a graph: name, and the letter or size of each dimension."""

    name: str
    shape: tuple[str | int, ...]
    dtype: str = "float32"

    def example(self, sizes: dict[str, int]) -> torch.Tensor:
        """Values of this shape that no part of the model refuses."""
        shape = [sizes[size] if isinstance(size, str) else size for size in self.shape]
        return torch.ones(shape, dtype=getattr(torch, self.dtype))

    def entry(self) -> dict[str, Any]:
        """What `export.json` says about it."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


class Graph(nn.Module):
    """A part of the model with named ports; `forward` takes the inputs in their order."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.onnx"

    def entry(self) -> dict[str, Any]:
        """What `export.json` says about it."""
        return {
            "name": self.name,
            "file": self.file,
            "inputs": [port.entry() for port in self.inputs],
            "outputs": [port.entry() for port in self.outputs],
        }


class StyleGraph(Graph):
    """The style of a recording, and the part of it that the style tokens did not add."""

    name = "style"

    def __init__(self, model: ValeTTSModel):
        super().__init__()
        self.encoder = model.style_encoder
        self.inputs = (
            Port("reference_mel", ("B", "R", model.config.num_mel_bands)),
            Port("reference_mask", ("B", "R"), "bool"),
        )
        size = model.config.style.hidden_size
        self.outputs = (Port("style", ("B", size)), Port("embedding", ("B", size)))

    def forward(self, reference_mel: torch.Tensor, reference_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        embedding = self.encoder.reference_encoder(reference_mel, reference_mask)
        tokens, _ = self.encoder.style_tokens.attend(embedding)
        return embedding + tokens, embedding


class TextGraph(Graph):
    """Tokens to hidden states and whole durations. `manner_style` is the style of the durations; NaN pauses are predicted."""

    name = "text"

    def __init__(self, model: ValeTTSModel):
        super().__init__()
        config = model.config
        self.encoder, self.predictor = model.text_encoder, model.duration_predictor
        self.frame_rate = config.frame_rate
        style = config.style.hidden_size
        self.inputs = (
            Port("input_ids", ("B", "T"), "int64"),
            Port("language_ids", ("B", "T"), "int64"),
            Port("attention_mask", ("B", "T"), "bool"),
            Port("style", ("B", style)),
            Port("manner_style", ("B", style)),
            Port("noise", ("B", "T", config.duration.noise_size)),
            Port("speaking_rate", ("B", "T")),
            Port("pauses", ("B", "T")),
        )
        self.outputs = (Port("hidden_states", ("B", "T", config.hidden_size)), Port("durations", ("B", "T"), "int64"))

    def forward(self, input_ids, language_ids, attention_mask, style, manner_style, noise, speaking_rate, pauses):
        hidden_states = self.encoder(input_ids, language_ids, style, attention_mask)
        log_durations = self.predictor(hidden_states, manner_style, attention_mask, noise)
        asked = ~torch.isnan(pauses)
        least = LEAST_SOUND_SECONDS * self.frame_rate
        durations = paced_durations(log_durations.exp(), attention_mask & ~asked, speaking_rate, least)
        frames = torch.where(asked, pauses * self.frame_rate, durations)
        return hidden_states, round_durations(frames, attention_mask, may_vanish=asked)


class ProsodyGraph(Graph):
    """What is predicted for each frame in a style; `frame_mask` says how many frames there are."""

    name = "prosody"

    def __init__(self, model: ValeTTSModel):
        super().__init__()
        config = model.config
        self.embedding, self.predictor = model.frame_embedding, model.prosody_predictor
        self.inputs = (
            Port("hidden_states", ("B", "T", config.hidden_size)),
            Port("durations", ("B", "T"), "int64"),
            Port("frame_mask", ("B", "F"), "bool"),
            Port("style", ("B", config.style.hidden_size)),
        )
        self.outputs = (
            Port("log_pitch", ("B", "F")),
            Port("voicing_logit", ("B", "F")),
            Port("energy", ("B", "F")),
            Port("frame_states", ("B", "F", config.hidden_size)),
        )

    def forward(self, hidden_states, durations, frame_mask, style):
        index = expansion_index(durations, frame_mask.shape[1])
        states = self.embedding(expand_tokens(hidden_states, index), position_in_token(durations, index))
        found = self.predictor(states, style, frame_mask)
        return found.log_pitch, found.voicing_logit, found.energy, states


class LatentsGraph(Graph):
    """Frame prior and inverse flow, with pitch as directed: shifts in semitones, factors on its range, and `noise` scaled."""

    name = "latents"

    def __init__(self, model: ValeTTSModel):
        super().__init__()
        config = model.config
        self.token_prior, self.frame_prior, self.flow = model.token_prior, model.frame_prior, model.flow
        self.prosody = config.prosody
        self.inputs = (
            Port("hidden_states", ("B", "T", config.hidden_size)),
            Port("durations", ("B", "T"), "int64"),
            Port("frame_mask", ("B", "F"), "bool"),
            Port("frame_states", ("B", "F", config.hidden_size)),
            Port("style", ("B", config.style.hidden_size)),
            Port("pitch", ("B", "F")),
            Port("energy", ("B", "F")),
            Port("pitch_shift", ("B", "T")),
            Port("pitch_range", ("B", "T")),
            Port("pitch_contour", ("B", "F")),
            Port("noise", ("B", "F", config.latent_size)),
        )
        self.outputs = (Port("latents", ("B", "F", config.latent_size)), Port("directed_pitch", ("B", "F")))

    def forward(
        self,
        hidden_states,
        durations,
        frame_mask,
        frame_states,
        style,
        pitch,
        energy,
        pitch_shift,
        pitch_range,
        pitch_contour,
        noise,
    ):
        index = expansion_index(durations, frame_mask.shape[1])
        shift = over_frames(pitch_shift, index, frame_mask, pitch_contour)
        pitch = directed_pitch(pitch, frame_mask, shift, over_frames(pitch_range, index, frame_mask))
        token_mean, _ = self.token_prior(hidden_states)
        features = prosody_features(pitch, energy, self.prosody)
        mean, log_scale = self.frame_prior(frame_states, features, expand_tokens(token_mean, index), style, frame_mask)
        latents = self.flow(mean + noise * log_scale.exp(), style, frame_mask, inverse=True)
        return latents * frame_mask[..., None], pitch * frame_mask


class SourceGraph(Graph):
    """Excitation of all frames at once: its phase runs on from the first to the last."""

    name = "source"

    def __init__(self, decoder: ISTFTDecoder):
        super().__init__()
        self.hop_length, self.sampling_rate = decoder.hop_length, decoder.config.sampling_rate
        self.register_buffer("noise", decoder.excitation.noise.float(), persistent=False)
        self.inputs = (Port("pitch", ("B", "F")), Port("mask", ("B", "F"), "bool"))
        self.outputs = (
            Port("harmonic", ("B", "F", self.hop_length)),
            Port("noise", ("B", "F", self.hop_length)),
        )

    def forward(self, pitch, mask):
        batch, frames = pitch.shape
        last = mask.sum(dim=1, keepdim=True).clamp(min=1) - 1
        held = pitch.gather(1, torch.minimum(torch.arange(frames)[None], last))
        harmonic = pulse_train(held, self.hop_length, self.sampling_rate)
        position = torch.arange(frames * self.hop_length) % NOISE_LENGTH
        audible = mask[..., None].float()
        harmonic = harmonic.reshape(batch, frames, self.hop_length) * audible
        return harmonic, self.noise[position].reshape(1, frames, self.hop_length) * audible


class ISTFTDecoderGraph(Graph):
    """The `istft` decoder over a stretch of frames; exact where `context` frames or an end of the speech lie on each side."""

    name = "decoder"

    def __init__(self, decoder: ISTFTDecoder):
        super().__init__()
        config = decoder.config
        self.decoder = decoder
        self.fourier = RealFourier(config.n_fft)
        self.hop_length, self.blocks = config.hop_length, config.n_fft // config.hop_length
        self.context = decoder.stack.receptive_field + self.blocks
        self.register_buffer("window", decoder.window.float(), persistent=False)
        self.inputs = (
            Port("latents", ("B", "F", config.latent_size)),
            Port("pitch", ("B", "F")),
            Port("style", ("B", config.style.hidden_size)),
            Port("mask", ("B", "F"), "bool"),
            Port("harmonic", ("B", "F", self.hop_length)),
            Port("noise", ("B", "F", self.hop_length)),
        )
        self.outputs = (Port("waveform", ("B", "F", self.hop_length)),)

    def forward(self, latents, pitch, style, mask, harmonic, noise):
        harmonic_gain, noise_gain, phase = self.decoder._spectrum(latents, pitch, style, mask)
        real, imaginary = self.fourier(self._framed(harmonic) * self.window)
        noise_real, noise_imaginary = self.fourier(self._framed(noise) * self.window)
        gain, noise_gain = harmonic_gain.exp(), noise_gain.exp()
        cosine, sine = gain * phase.cos(), gain * phase.sin()
        frames = self.fourier.inverse(
            real * cosine - imaginary * sine + noise_real * noise_gain,
            real * sine + imaginary * cosine + noise_imaginary * noise_gain,
        )
        weights = mask[..., None].float() * self.window
        waveform = self._overlapped(frames * weights) / self._overlapped(weights * self.window).clamp(min=1e-3)
        return waveform * mask[..., None]

    def _framed(self, samples: torch.Tensor) -> torch.Tensor:
        """Blocks [B, F, P] -> frames [B, F, N], each over its own block and as much on both sides; zeros outside."""
        batch, frames, hop = samples.shape
        padding = (self.blocks - 1) * hop // 2
        padded = nn.functional.pad(samples.reshape(batch, frames * hop), (padding, padding))
        padded = padded.reshape(batch, frames + self.blocks - 1, hop)
        return torch.cat([padded[:, block : block + frames] for block in range(self.blocks)], dim=-1)

    def _overlapped(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames [B, F, N] -> their sum over blocks [B, F, P]."""
        batch, count, _ = frames.shape
        parts = frames.unflatten(2, (self.blocks, self.hop_length)).unbind(dim=2)
        total = sum(
            nn.functional.pad(part, (0, 0, block, self.blocks - 1 - block)) for block, part in enumerate(parts)
        )
        padding = (self.blocks - 1) * self.hop_length // 2
        samples = total.reshape(batch, (count + self.blocks - 1) * self.hop_length)
        return samples[:, padding : samples.shape[1] - padding].reshape(batch, count, self.hop_length)


def graphs_of(network: ValeTTSForSpeech) -> list[Graph]:
    """The graphs of a model whose weight norm is folded in.

    Raises:
        ValueError: its decoder has no graph.
    """
    model, decoder = network.model, network.decoder
    if not isinstance(decoder, ISTFTDecoder):
        raise ValueError(
            f"the {network.config.decoder.type!r} decoder has no ONNX graph: export a checkpoint with the 'istft' decoder"
        )
    parts = [StyleGraph(model), TextGraph(model), ProsodyGraph(model), LatentsGraph(model)]
    return [*parts, SourceGraph(decoder), ISTFTDecoderGraph(decoder)]
