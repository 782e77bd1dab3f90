"""Text and style to latents, step by step, whoever computes the steps: PyTorch (`ValeTTSModel`) or exported graphs.

What lies between the networks is here: checks, noise of seeds, whose pitch is taken, sketches, gain.
B batch, T tokens, F frames, C latent channels, H style width, K style tokens, R reference frames, M mel bands.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch

from .configuration_valetts import ValeTTSConfig
from .lengths import expand_tokens, expansion_index, length_mask
from .outputs import ValeTTSLatentOutput
from .prosody_controls import TokenControls, checked_pauses, contour_over_frames, frame_gain, recentred_pitch
from .prosody_predictor import ProsodyPrediction
from .random_noise import row_generators, row_noise
from .sketch_control import SketchControl, TokenSketch, drawn_prosody
from .sketch_loudness import Decode, energy_heard


Predict = Callable[[torch.Tensor], ProsodyPrediction]


class Frames(NamedTuple):
    """Tokens laid out over frames: hidden_states [B, T, C], durations [B, T], and for each frame the index of its token, whether
    it is there, and its state: index, mask [B, F], states [B, F, C].
    """

    hidden_states: torch.Tensor
    durations: torch.Tensor
    index: torch.Tensor
    mask: torch.Tensor
    states: torch.Tensor


class LatentSynthesis(ABC):
    """Mixin for a module that has `config`, `device`, `dtype`, `default_styles` [L, H] and `sketch`, and computes five steps."""

    config: ValeTTSConfig
    device: torch.device
    dtype: torch.dtype
    default_styles: torch.Tensor
    sketch: SketchControl | None

    # --- steps -------------------------------------------------------------------------------------------------

    @abstractmethod
    def encode_style(
        self,
        reference_mel: torch.Tensor,
        reference_mask: torch.Tensor | None = None,
        style_token_weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Style of reference speech: reference_mel [B, R, M], reference_mask [B, R] -> [B, H]."""

    @abstractmethod
    def _mixed_tokens(self, style_token_weights: torch.Tensor) -> torch.Tensor:
        """Weights [B, K] of the style tokens -> what they add to a style [B, H]."""

    @abstractmethod
    def _read_text(
        self,
        input_ids: torch.Tensor,
        language_ids: torch.Tensor,
        mask: torch.Tensor,
        style: torch.Tensor,
        manner: torch.Tensor,
        noise: torch.Tensor,
        speaking_rate: torch.Tensor,
        pauses: torch.Tensor | None,
        with_durations: bool,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Hidden states [B, T, C] and, unless they are given anyway, whole durations [B, T]."""

    @abstractmethod
    def _expand(
        self,
        hidden_states: torch.Tensor,
        durations: torch.Tensor,
        index: torch.Tensor,
        frame_mask: torch.Tensor,
        manner: torch.Tensor,
    ) -> tuple[torch.Tensor, Predict]:
        """Frame states [B, F, C], and what predicts their prosody for a style, which is `manner` at first."""

    @abstractmethod
    def _draw_latents(
        self,
        frames: Frames,
        style: torch.Tensor,
        pitch: torch.Tensor,
        energy: torch.Tensor,
        controls: TokenControls,
        contour: torch.Tensor,
        noise: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents [B, F, C] and the pitch [B, F] as directed, zero past the ends of rows."""

    # --- the whole ---------------------------------------------------------------------------------------------

    def synthesize(
        self,
        input_ids: torch.LongTensor,
        attention_mask: torch.Tensor | None = None,
        language_ids: torch.LongTensor | None = None,
        reference_mel: torch.FloatTensor | None = None,
        reference_mask: torch.Tensor | None = None,
        style: torch.FloatTensor | None = None,
        style_token_weights: torch.FloatTensor | None = None,
        durations: torch.LongTensor | None = None,
        pitch: torch.FloatTensor | None = None,
        energy: torch.FloatTensor | None = None,
        speaking_rate: float | torch.Tensor = 1.0,
        pitch_shift: float | torch.Tensor = 0.0,
        pitch_range: float | torch.Tensor = 1.0,
        energy_shift: float | torch.Tensor = 0.0,
        deliveries: torch.FloatTensor | None = None,
        pitch_contours: torch.FloatTensor | None = None,
        contour_tokens: torch.LongTensor | None = None,
        pauses: torch.FloatTensor | None = None,
        manner_style: torch.FloatTensor | None = None,
        pitch_style: torch.FloatTensor | None = None,
        sketch_pitch: torch.FloatTensor | None = None,
        sketch_energy: torch.FloatTensor | None = None,
        sketch_pitch_range: torch.FloatTensor | None = None,
        sketch_energy_range: torch.FloatTensor | None = None,
        refine: str | None = None,
        noise_scale: float | None = None,
        duration_noise_scale: float | None = None,
        seed: int | list[int] | torch.Tensor | None = None,
        decode: Decode | None = None,
        **kwargs,
    ) -> ValeTTSLatentOutput:
        r"""Everything but the decoding.

        Args:
            input_ids (`torch.LongTensor` of shape `(batch, tokens)`): symbols from [`ValeTTSTokenizer`].
            attention_mask (`torch.Tensor` of shape `(batch, tokens)`, *optional*): 1 for tokens, 0 for padding.
            language_ids (`torch.LongTensor` of shape `(batch, tokens)` or `(batch,)`, *optional*): index into
                `config.languages` for each token; default 0.
            reference_mel (`torch.FloatTensor` of shape `(batch, reference_frames, mel_bands)`, *optional*): log-mel of
                speech whose style to take.
            reference_mask (`torch.Tensor` of shape `(batch, reference_frames)`, *optional*): its valid frames.
            style (`torch.FloatTensor` of shape `(batch, style_size)`, *optional*): a stored style; wins over
                `reference_mel`. With neither, the default voice of the first token's language speaks.
            style_token_weights (`torch.FloatTensor` of shape `(batch, style_tokens)`, *optional*): explicit weights of
                the global style tokens: replace the reference's own attention, or are added to a stored style.
            durations (`torch.LongTensor` of shape `(batch, tokens)`, *optional*): frames per token, instead of the
                predicted ones; excludes `speaking_rate` and `pauses`.
            pitch (`torch.FloatTensor` of shape `(batch, frames)`, *optional*): log-F0 to use, 0 = unvoiced; needs
                `durations`.
            energy (`torch.FloatTensor` of shape `(batch, frames)`, *optional*): log energy to use; needs `durations`.
            speaking_rate (`float`, or tensor `(batch,)` or `(batch, tokens)`): 2.0 speaks twice as fast.
            pitch_shift (the same): semitones added to the pitch, given or predicted.
            pitch_range (the same): factor on the distance of the pitch (log-F0) from the row's mean; 0 is monotone.
            energy_shift (the same): dB by which the waveform gets louder.
            deliveries (`torch.FloatTensor` of shape `(batch, tokens, 4)`, *optional*): these four for each token, as the
                processor reads them from a directed text; rates and ranges multiply, shifts add up.
            pitch_contours (`torch.FloatTensor` of shape `(batch, contours, points)`, *optional*): further shifts in
                semitones along stretches, at equal steps of their duration.
            contour_tokens (`torch.LongTensor` of shape `(batch, contours, 2)`, *optional*): the first token of each contour
                and the one behind its last.
            pauses (`torch.FloatTensor` of shape `(batch, tokens)`, *optional*): seconds of silence that a token lasts;
                NaN leaves it to the model.
            manner_style (`torch.FloatTensor` of shape `(batch, style_size)`, *optional*): style of the durations, the pitch
                movement and the energy, while `style` keeps the voice and the mean of its pitch.
            pitch_style (`torch.FloatTensor` of shape `(batch, style_size)`, *optional*): style whose predicted pitch the
                mean pitch is taken of, where it is not `style`.
            sketch_pitch, sketch_energy (`torch.FloatTensor` of shape `(batch, tokens)`, *optional*): drawn curves in
                [0, 1], NaN where nothing is drawn; the other controls come on top. They exclude `pitch` and `energy`.
            sketch_pitch_range (`torch.FloatTensor` of shape `(batch, 2)`, *optional*): log-F0 of 0 and 1, or, below 3, its
                distances from the sentence's mean. Default, or NaN: lowest and highest point that the coarse pitch of this
                voice would reach in the sentence.
            sketch_energy_range (the same): distances of the log energy from the sentence's mean.
            refine (`str`, *optional*): how contours are made of sketches, also where nothing is drawn: "diffusion",
                "predictor" or "shift". Default: diffusion (shift, if the checkpoint has no networks for it) in rows with
                a sketch, nothing in others.
            noise_scale (`float`, *optional*): standard deviation of the prior's noise; 0 is deterministic.
            duration_noise_scale (`float`, *optional*): the same for the durations.
            seed (`int`, or one per row, *optional*): equal seeds give equal speech, alone or in a batch.
            decode (callable, *optional*): latents, pitch, style and frame lengths to a waveform. Drawn energy is measured on
                it, at the price of decoding once more; [`ValeTTSForSpeech`] gives its own. Without, the predicted energy
                has to do.

        Returns:
            [`ValeTTSLatentOutput`]

        Raises:
            ValueError: on shapes, rates or seeds that do not fit, naming the value.
        """
        mask, language_ids = self._checked_inputs(input_ids, attention_mask, language_ids)
        shape, device = tuple(mask.shape), input_ids.device
        noise_scale = self._noise_scale_in_force("noise_scale", noise_scale)
        duration_noise_scale = self._noise_scale_in_force("duration_noise_scale", duration_noise_scale)
        controls = TokenControls.combined(mask, speaking_rate, pitch_shift, pitch_range, energy_shift, deliveries)
        pauses = checked_pauses(pauses, shape, device)
        sketch = TokenSketch.from_arguments(
            shape, device, sketch_pitch, sketch_energy, sketch_pitch_range, sketch_energy_range, refine
        )
        if sketch is not None and (pitch is not None or energy is not None):
            raise ValueError("a sketch is drawn over the predicted pitch and energy: pass either those or the sketch")
        durations = self._durations_in_force(durations, mask, controls, pauses)
        generators = row_generators(seed, len(input_ids))
        first_languages = language_ids.gather(1, mask.long().argmax(dim=1, keepdim=True))[:, 0]
        style = self._style_in_force(first_languages, style, reference_mel, reference_mask, style_token_weights)
        manner = style if manner_style is None else self._checked_style("manner_style", manner_style, len(style))
        if pitch_style is None or pitch_style is manner_style:
            center = style if pitch_style is None else manner
        else:
            center = self._checked_style("pitch_style", pitch_style, len(style))

        noise = row_noise(generators, mask.sum(dim=1), shape[1], self.config.duration.noise_size).to(device)
        noise = expand_tokens(noise, (mask.cumsum(dim=1) - 1).clamp(min=0))  # wherever the padding is
        given = durations is not None
        rate, scaled = controls.speaking_rate, noise * duration_noise_scale
        hidden_states, predicted = self._read_text(
            input_ids, language_ids, mask, style, manner, scaled, rate, pauses, not given
        )
        durations = durations if given else predicted
        frame_lengths = durations.sum(dim=1)
        index = expansion_index(durations)
        frame_mask = length_mask(frame_lengths, index.shape[1])
        frame_states, predict = self._expand(hidden_states, durations, index, frame_mask, manner)
        gain = frame_gain(controls.energy_shift, pauses, durations, index, frame_mask)
        if sketch is None:
            pitch, energy = self._prosody_in_force(pitch, energy, predict, manner, center, frame_mask)
        else:
            prediction = _predicted(predict, manner, center, frame_mask)
            drawn = drawn_prosody(
                self.sketch, sketch, prediction, frame_states, manner, durations, index, frame_mask, generators, refine
            )
            pitch, energy = drawn.pitch, drawn.energy
        contour = torch.zeros(frame_mask.shape, device=device)
        if pitch_contours is not None:
            contour = contour_over_frames(pitch_contours, contour_tokens, durations, index.shape[1])
        noise = row_noise(generators, frame_lengths, index.shape[1], self.config.latent_size).to(device) * noise_scale
        frames = Frames(hidden_states, durations, index, frame_mask, frame_states)
        latents, pitch = self._draw_latents(frames, style, pitch, energy, controls, contour, noise)
        if sketch is not None and bool(drawn.loudness.drawn.any()):
            heard = prediction.energy
            if decode is not None:
                heard = energy_heard(decode(latents, pitch, style, frame_lengths), self.config)
            loudness = drawn.loudness.gain(heard)
            gain = loudness if gain is None else gain * loudness
        return ValeTTSLatentOutput(
            latents=latents,
            durations=durations,
            pitch=pitch,
            energy=energy * frame_mask,
            style=style,
            frame_lengths=frame_lengths,
            gain=gain,
        )

    # --- checks ------------------------------------------------------------------------------------------------

    def _checked_reference(
        self, reference_mel: torch.Tensor, reference_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        bands = self.config.num_mel_bands
        if reference_mel.dim() != 3 or reference_mel.shape[-1] != bands or reference_mel.shape[1] == 0:
            raise ValueError(f"reference_mel must be [batch, frames, {bands}], got {tuple(reference_mel.shape)}")
        if reference_mask is not None:
            _check_shape("reference_mask", reference_mask, tuple(reference_mel.shape[:2]))
        return reference_mel.to(self.dtype)

    def _noise_scale_in_force(self, name: str, value: float | None) -> float:
        """The value given, checked, else the configuration's."""
        value = getattr(self.config, name) if value is None else float(value)
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be a finite number, 0 or more, got {value:g}")
        return value

    def _style_in_force(
        self, first_languages, style, reference_mel, reference_mask, style_token_weights
    ) -> torch.Tensor:
        """The stored style, else the reference's, else the default of each row's first language; tokens on top."""
        rows = len(first_languages)
        if style_token_weights is not None:
            _check_shape("style_token_weights", style_token_weights, (rows, self.config.style.num_tokens))
        if style is None and reference_mel is not None:
            if len(reference_mel) not in (1, rows):
                raise ValueError(f"reference_mel must have 1 row or {rows}, as input_ids, got {len(reference_mel)}")
            heard = self.encode_style(reference_mel, reference_mask, style_token_weights).expand(rows, -1)
            return self._checked_style("style of reference_mel", heard, rows)
        if style is None:
            style = self.default_styles[first_languages]
        style = self._checked_style("style", style, rows)
        if style_token_weights is not None:
            style = style + self._mixed_tokens(style_token_weights)
        return style

    def _checked_style(self, name: str, style: torch.Tensor, rows: int) -> torch.Tensor:
        size = self.config.style.hidden_size
        if style.shape != (rows, size):
            raise ValueError(f"{name} must be [{rows}, {size}], got {tuple(style.shape)}")
        if not bool(torch.isfinite(style).all()):
            raise ValueError(f"{name} must be finite numbers, got nan or inf")
        return style.to(self.dtype)

    def _checked_inputs(self, input_ids, attention_mask, language_ids) -> tuple[torch.Tensor, torch.Tensor]:
        """Boolean token mask [B, T] and language ids [B, T]."""
        if input_ids.dim() != 2 or input_ids.shape[1] == 0:
            raise ValueError(
                f"input_ids must be [batch, tokens] with at least one token, got {tuple(input_ids.shape)}"
            )
        shape = tuple(input_ids.shape)
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        _check_shape("attention_mask", attention_mask, shape)
        if language_ids is None:
            language_ids = torch.zeros_like(input_ids)
        elif language_ids.dim() == 1:
            language_ids = language_ids[:, None].expand(-1, shape[1])
        _check_shape("language_ids", language_ids, shape)
        _check_ids("input_ids", input_ids, self.config.vocab_size)
        _check_ids("language_ids", language_ids, len(self.config.languages))
        return attention_mask.bool().expand(shape), language_ids.expand(shape)

    def _durations_in_force(
        self, durations: torch.Tensor | None, mask: torch.Tensor, controls: TokenControls, pauses: torch.Tensor | None
    ) -> torch.Tensor | None:
        """The durations given [B, T], checked; None where they are to be predicted."""
        if durations is None:
            return None
        if bool((controls.speaking_rate != 1).any()):
            raise ValueError("durations already say how fast everything is: leave speaking_rate at 1")
        if pauses is not None and not bool(torch.isnan(pauses).all()):
            raise ValueError("durations already say how long everything lasts: leave pauses out, or NaN")
        _check_shape("durations", durations, tuple(mask.shape))
        durations = durations.long() * mask
        if bool((durations < 0).any()) or not bool((durations.sum(dim=1) > 0).all()):
            raise ValueError("durations must be 0 or more and give every row at least one frame")
        return durations

    def _prosody_in_force(
        self,
        pitch: torch.Tensor | None,
        energy: torch.Tensor | None,
        predict: Predict,
        manner: torch.Tensor,
        center: torch.Tensor,
        frame_mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Given or predicted pitch and energy [B, F], the former checked."""
        for name, value in (("pitch", pitch), ("energy", energy)):
            if value is not None and value.shape != frame_mask.shape:
                raise ValueError(
                    f"{name} must have one value per frame, {tuple(frame_mask.shape)}, got {tuple(value.shape)}: pass "
                    "`durations` too"
                )
        highest = math.log(self.config.sampling_rate / 2)
        if pitch is not None and not bool((pitch.abs() <= highest).all()):  # NaN is not, either
            raise ValueError(
                "pitch must be log-F0, the natural logarithm of Hz, and 0 where unvoiced, got values up to "
                f"{float(pitch.max()):g}: take torch.log of Hz where voiced"
            )
        if energy is not None and not bool(torch.isfinite(energy).all()):
            raise ValueError("energy must be finite numbers, got nan or inf")
        if pitch is not None and energy is not None:
            return pitch, energy
        predicted = _predicted(predict, manner, center, frame_mask)
        return predicted.pitch if pitch is None else pitch, predicted.energy if energy is None else energy


def _check_shape(name: str, value: torch.Tensor, shape: tuple[int, ...]) -> None:
    """Refuse (`ValueError`) a value that has neither this shape nor that of one row for all."""
    if tuple(value.shape) not in (shape, (1, *shape[1:])):
        raise ValueError(f"{name} must be {list(shape)}, got {list(value.shape)}")


def _check_ids(name: str, ids: torch.Tensor, size: int) -> None:
    """Refuse (`ValueError`) ids outside of a table; a GPU would only stop working."""
    wrong = ids[(ids < 0) | (ids >= size)]
    if len(wrong):
        raise ValueError(f"{name} must be 0 to {size - 1}, got {int(wrong[0])}: use the processor of this checkpoint")


def _predicted(
    predict: Predict, manner: torch.Tensor, center: torch.Tensor, frame_mask: torch.Tensor
) -> ProsodyPrediction:
    """What is predicted for `manner`, at the height of `center`."""
    predicted = predict(manner)
    if manner is not center:
        pitch = recentred_pitch(predicted.pitch, frame_mask, like=predict(center).pitch)
        predicted.log_pitch = torch.where(pitch > 0, pitch, predicted.log_pitch)
    return predicted
