"""A ValeTTS model that computes in ONNX Runtime: what the SDK asks of `ValeTTSForSpeech`, over exported graphs.

The graphs hold the networks and the controls that work inside of them; here is what lies between: noise of seeds, whose
pitch is taken, sketches, gain, chunks. Equal to PyTorch up to rounding.
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
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.lengths import expansion_index, length_mask
from valetts_hf.modeling.modeling_valetts import ValeTTSModel
from valetts_hf.modeling.outputs import ValeTTSLatentOutput
from valetts_hf.modeling.prosody_controls import (
    TokenControls,
    checked_pauses,
    contour_over_frames,
    frame_gain,
    recentred_pitch,
    sample_gain,
)
from valetts_hf.modeling.prosody_predictor import ProsodyPrediction
from valetts_hf.modeling.random_noise import row_generators, row_noise
from valetts_hf.modeling.sketch_control import SketchControl, TokenSketch, drawn_prosody
from valetts_hf.voices.errors import VoiceMismatchError


class OnnxSpeechModel(nn.Module):
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

    # The same checks of the same arguments as in PyTorch.
    _checked_inputs = ValeTTSModel._checked_inputs
    _checked_style = ValeTTSModel._checked_style
    _durations_in_force = ValeTTSModel._durations_in_force

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
        bands = self.config.num_mel_bands
        if reference_mel.dim() != 3 or reference_mel.shape[-1] != bands or reference_mel.shape[1] == 0:
            raise ValueError(f"reference_mel must be [batch, frames, {bands}], got {tuple(reference_mel.shape)}")
        if reference_mask is None:
            reference_mask = torch.ones(reference_mel.shape[:2])
        style, embedding = self._run("style", reference_mel.float(), reference_mask.bool())
        return style if style_token_weights is None else embedding + style_token_weights.float() @ self.token_values

    def generate_latents(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        language_ids: torch.Tensor | None = None,
        reference_mel: torch.Tensor | None = None,
        reference_mask: torch.Tensor | None = None,
        style: torch.Tensor | None = None,
        style_token_weights: torch.Tensor | None = None,
        durations: torch.Tensor | None = None,
        pitch: torch.Tensor | None = None,
        energy: torch.Tensor | None = None,
        speaking_rate: float | torch.Tensor = 1.0,
        pitch_shift: float | torch.Tensor = 0.0,
        pitch_range: float | torch.Tensor = 1.0,
        energy_shift: float | torch.Tensor = 0.0,
        deliveries: torch.Tensor | None = None,
        pitch_contours: torch.Tensor | None = None,
        contour_tokens: torch.Tensor | None = None,
        pauses: torch.Tensor | None = None,
        manner_style: torch.Tensor | None = None,
        pitch_style: torch.Tensor | None = None,
        sketch_pitch: torch.Tensor | None = None,
        sketch_energy: torch.Tensor | None = None,
        sketch_pitch_range: torch.Tensor | None = None,
        sketch_energy_range: torch.Tensor | None = None,
        refine: str | None = None,
        noise_scale: float | None = None,
        duration_noise_scale: float | None = None,
        seed: int | list[int] | torch.Tensor | None = None,
    ) -> ValeTTSLatentOutput:
        """Everything but the decoding. Arguments, result and errors: see [`ValeTTSModel.forward`]."""
        config: Any = self.config
        mask, language_ids = self._checked_inputs(input_ids, attention_mask, language_ids)
        shape = tuple(mask.shape)
        noise_scale = config.noise_scale if noise_scale is None else noise_scale
        if duration_noise_scale is None:
            duration_noise_scale = config.duration_noise_scale
        controls = TokenControls.combined(mask, speaking_rate, pitch_shift, pitch_range, energy_shift, deliveries)
        pauses = checked_pauses(pauses, shape, self.device)
        sketch = TokenSketch.from_arguments(
            shape, self.device, sketch_pitch, sketch_energy, sketch_pitch_range, sketch_energy_range, refine
        )
        generators = row_generators(seed, len(input_ids))
        style = self._style(language_ids, style, reference_mel, reference_mask, style_token_weights)
        manner = style if manner_style is None else self._checked_style("manner_style", manner_style, len(style))
        if pitch_style is None or pitch_style is manner_style:
            center = style if pitch_style is None else manner
        else:
            center = self._checked_style("pitch_style", pitch_style, len(style))

        noise = row_noise(generators, mask.sum(dim=1), shape[1], config.duration.noise_size) * duration_noise_scale
        hidden_states, predicted = self._run(
            "text",
            input_ids,
            language_ids,
            mask,
            style,
            manner,
            noise,
            controls.speaking_rate,
            torch.full(shape, float("nan")) if pauses is None else pauses,
        )
        durations = self._durations_in_force(durations, mask, controls, pauses)
        durations = predicted if durations is None else durations
        if not bool(durations.any(dim=1).all()):
            raise ValueError("pauses of 0 seconds leave nothing of a row: leave its words to the model (NaN)")
        frame_lengths = durations.sum(dim=1)
        index = expansion_index(durations)
        frame_mask = length_mask(frame_lengths, index.shape[1])
        gain = frame_gain(controls.energy_shift, pauses, durations, index, frame_mask)
        prediction, frame_states = self._prosody(hidden_states, durations, frame_mask, manner, center)
        if sketch is not None:
            if pitch is not None or energy is not None:
                raise ValueError(
                    "a sketch is drawn over the predicted pitch and energy: pass either those or the sketch"
                )
            drawn = drawn_prosody(
                self.sketch, sketch, prediction, frame_states, manner, durations, index, frame_mask, generators, refine
            )
            pitch, energy = drawn.pitch, drawn.energy
            gain = drawn.gain if gain is None else gain * drawn.gain
        for name, value in (("pitch", pitch), ("energy", energy)):
            if value is not None and value.shape != frame_mask.shape:
                raise ValueError(
                    f"{name} must have one value per frame, {tuple(frame_mask.shape)}, got {tuple(value.shape)}: pass "
                    "`durations` too"
                )
        energy = prediction.energy if energy is None else energy
        contour = torch.zeros(frame_mask.shape)
        if pitch_contours is not None:
            contour = contour_over_frames(pitch_contours, contour_tokens, durations, index.shape[1])
        noise = row_noise(generators, frame_lengths, index.shape[1], config.latent_size) * noise_scale
        latents, pitch = self._run(
            "latents",
            hidden_states,
            durations,
            frame_mask,
            frame_states,
            style,
            prediction.pitch if pitch is None else pitch,
            energy,
            controls.pitch_shift,
            controls.pitch_range,
            contour,
            noise,
        )
        return ValeTTSLatentOutput(
            latents=latents,
            durations=durations,
            pitch=pitch,
            energy=energy * frame_mask,
            style=style,
            frame_lengths=frame_lengths,
            gain=gain,
        )

    def _style(self, language_ids, style, reference_mel, reference_mask, style_token_weights) -> torch.Tensor:
        """As `ValeTTSModel`: the stored style, else the reference's, else the default; tokens on top."""
        if style is None and reference_mel is not None:
            return self.encode_style(reference_mel, reference_mask, style_token_weights)
        if style is None:
            style = self.default_styles[language_ids[:, 0]]
        style = self._checked_style("style", style, len(language_ids))
        if style_token_weights is not None:
            style = style + style_token_weights.float() @ self.token_values
        return style

    def _prosody(self, hidden_states, durations, frame_mask, manner, center) -> tuple[ProsodyPrediction, torch.Tensor]:
        """What is predicted for `manner`, at the height of `center`, and the frame states [B, F, C]."""
        *values, states = self._run("prosody", hidden_states, durations, frame_mask, manner)
        predicted = ProsodyPrediction(*values)
        if manner is not center:
            *values, _ = self._run("prosody", hidden_states, durations, frame_mask, center)
            pitch = recentred_pitch(predicted.pitch, frame_mask, like=ProsodyPrediction(*values).pitch)
            predicted.log_pitch = torch.where(pitch > 0, pitch, predicted.log_pitch)
        return predicted, states

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
