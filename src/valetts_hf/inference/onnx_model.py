"""A ValeTTS model that computes in ONNX Runtime: what the SDK asks of `ValeTTSForSpeech`, over exported graphs.

The graphs hold the networks and the controls that work inside of them; what lies between is that of PyTorch
(`LatentSynthesis`), but for the chunks of the decoder. Equal to PyTorch up to rounding.
B batch, T tokens, F frames, S samples, C latent channels, H style width, K style tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from valetts_hf.inference.onnx_profiles import graphs_by_name
from valetts_hf.inference.onnx_sessions import run_session
from valetts_hf.modeling.argument_lists import takes_arguments_of
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.latent_synthesis import LatentSynthesis
from valetts_hf.modeling.lengths import length_mask
from valetts_hf.modeling.outputs import ValeTTSLatentOutput
from valetts_hf.modeling.prosody_controls import refuse_empty_rows, sample_gain
from valetts_hf.modeling.prosody_predictor import ProsodyPrediction
from valetts_hf.modeling.sketch_control import SketchControl
from valetts_hf.voices.errors import VoiceMismatchError


class OnnxSpeechModel(LatentSynthesis, nn.Module):
    """Graphs of one checkpoint, with the interface that the SDK uses. Tensors in and out are on the CPU.

    Args:
        config (`ValeTTSConfig`): of the checkpoint.
        manifest (`dict`): `export.json`.
        sessions (`dict`): name of a graph -> session of ONNX Runtime.
        styles (`dict`): "default_styles" [L, H], "token_values" [K, H], "token_offsets" [K, H].
        sketch (`dict`, *optional*): weights of the networks for drawn prosody, which run in PyTorch.
    """

    takes_adapters = False

    def __init__(
        self,
        config: ValeTTSConfig,
        manifest: Mapping[str, Any],
        sessions: Mapping[str, Any],
        styles: Mapping[str, torch.Tensor],
        sketch: Mapping[str, torch.Tensor] | None = None,
    ):
        super().__init__()
        self.config = config
        self.manifest = manifest
        self.sessions = dict(sessions)
        self._graphs = graphs_by_name(manifest["graphs"])
        self.default_styles = styles["default_styles"].float()
        self.token_values = styles["token_values"].float()
        self.token_offsets = styles["token_offsets"].float()
        self.sketch: SketchControl | None = None
        if sketch is not None:
            self.sketch = SketchControl(config)
            self.sketch.load_state_dict(sketch)
            self.sketch.requires_grad_(False)

    @property
    def model(self) -> OnnxSpeechModel:
        """Where a `ValeTTSForSpeech` has its default styles."""
        return self

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32

    @property
    def name_or_path(self) -> str:
        return self.config._name_or_path

    def check_adapter(self, voice: Any) -> None:
        """Accept the one voice whose adapter the graphs contain.

        Raises:
            VoiceMismatchError: another adapter; what to do about it.
        """
        from valetts_hf.voices.adapters import adapter_name

        folded = self.manifest.get("voice") or {}
        if folded.get("adapter") is not None and folded["adapter"] == adapter_name(voice):
            return
        there = f"these graphs contain that of {folded['name']!r}" if folded else "these graphs contain none"
        raise VoiceMismatchError(
            f"voice {voice.name!r} has an adapter, which ONNX graphs cannot switch to ({there}): export the voice with "
            "`valetts export onnx SRC DST --voice FOLDER`, speak with PyTorch, or use voice.without_adapter()"
        )

    def encode_style(
        self,
        reference_mel: torch.Tensor,
        reference_mask: torch.Tensor | None = None,
        style_token_weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Style of reference speech: reference_mel [B, R, M], reference_mask [B, R] -> [B, H]."""
        reference_mel = self._checked_reference(reference_mel)
        if reference_mask is None:
            reference_mask = torch.ones(reference_mel.shape[:2])
        style, embedding = self._run("style", reference_mel, reference_mask.bool())
        return style if style_token_weights is None else embedding + self._mixed_tokens(style_token_weights)

    @takes_arguments_of(LatentSynthesis.synthesize)
    def generate_latents(self, input_ids: torch.Tensor, *args: Any, **kwargs: Any) -> ValeTTSLatentOutput:
        """Everything but the decoding. Arguments, result and errors: see [`LatentSynthesis.synthesize`]."""
        kwargs.setdefault("decode", self.decode)
        return self.synthesize(input_ids, *args, **kwargs)

    def _mixed_tokens(self, style_token_weights: torch.Tensor) -> torch.Tensor:
        return style_token_weights.float() @ self.token_values

    def _read_text(self, input_ids, language_ids, mask, style, manner, noise, speaking_rate, pauses, with_durations):
        pauses = torch.full(mask.shape, float("nan")) if pauses is None else pauses
        inputs = (input_ids, language_ids, mask, style, manner, noise, speaking_rate, pauses)
        hidden_states, durations = self._run("text", *inputs)
        if with_durations:
            refuse_empty_rows(durations)
        return hidden_states, durations

    def _expand(self, hidden_states, durations, index, frame_mask, manner):
        *values, states = self._run("prosody", hidden_states, durations, frame_mask, manner)

        def predict(style: torch.Tensor) -> ProsodyPrediction:
            if style is manner:
                return ProsodyPrediction(*values)
            return ProsodyPrediction(*self._run("prosody", hidden_states, durations, frame_mask, style)[:-1])

        return states, predict

    def _draw_latents(self, frames, style, pitch, energy, controls, contour, noise):
        given = (frames.hidden_states, frames.durations, frames.mask, frames.states, style, pitch, energy)
        return self._run("latents", *given, controls.pitch_shift, controls.pitch_range, contour, noise)

    def decode(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        frame_lengths: torch.Tensor | None = None,
        gain: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Waveform [B, F * hop_length]; see [`ValeTTSForSpeech.decode`]."""
        return next(self.decode_in_chunks(latents, pitch, style, frame_lengths, gain, latents.shape[1]))

    def decode_in_chunks(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        frame_lengths: torch.Tensor | None = None,
        gain: torch.Tensor | None = None,
        chunk_frames: int = 96,
    ) -> Iterator[torch.Tensor]:
        """Pieces [B, <= chunk_frames * hop_length] of the waveform; see [`ValeTTSForSpeech.decode_in_chunks`]."""
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        length = latents.shape[1]
        lengths = torch.full((len(latents),), length) if frame_lengths is None else frame_lengths
        mask = length_mask(lengths, length)
        factors = None if gain is None else sample_gain(gain, self.config.hop_length).view(*mask.shape, -1)
        harmonic, noise = self._run("source", pitch, mask)
        context = self.manifest["decoder_context"]
        for start in range(0, length, chunk_frames):
            stop = min(start + chunk_frames, length)
            wide = slice(max(start - context, 0), min(stop + context, length))
            stretch = (latents[:, wide], pitch[:, wide], style, mask[:, wide], harmonic[:, wide], noise[:, wide])
            (waveform,) = self._run("decoder", *stretch)
            waveform = waveform[:, start - wide.start : stop - wide.start]
            if factors is not None:
                waveform = waveform * factors[:, start:stop]
            yield waveform.flatten(1)

    def _run(self, name: str, *inputs: torch.Tensor) -> list[torch.Tensor]:
        """The outputs of a graph, for inputs in the order of its ports."""
        ports = self._graphs[name]["inputs"]
        feeds = {
            port["name"]: np.ascontiguousarray(value.detach().numpy(), dtype=port["dtype"])
            for port, value in zip(ports, inputs, strict=True)
        }
        return [torch.from_numpy(value) for value in run_session(self.sessions[name], feeds)]
