"""ValeTTS: text and style to latents (`ValeTTSModel`), and on to speech (`ValeTTSForSpeech`).

VITS2 (arXiv 2307.16430) with Global Style Tokens (arXiv 1803.09017), style-adaptive layer normalisation (arXiv
2106.03153), explicit pitch and energy, and a source-filter inverse-STFT decoder (after Vocos, arXiv 2306.00814).
B batch, T tokens, F frames, S samples, C latent channels, H style width, K style tokens, R reference frames.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.utils import can_return_tuple
from transformers.utils.output_capturing import OutputRecorder, capture_outputs

from .argument_lists import takes_arguments_of
from .attention import RotaryAttention, StyleTransformerBlock
from .bigvgan import BigVGANGenerator, fuse_weight_norm
from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtBlock
from .decoders import HUB_OPTIONS, decoder_folder, exchange_decoder, make_decoder, read_decoder, save_decoder
from .duration_predictor import DurationPredictor
from .flow import Flow
from .istft_decoder import ISTFTDecoder
from .kernel_hooks import KernelHooks
from .lengths import expand_tokens, expansion_index, length_mask, position_in_token
from .normalization import StyleAffine
from .outputs import ValeTTSLatentOutput, ValeTTSOutput
from .posterior_encoder import PosteriorEncoder
from .prior import FrameEmbedding, FramePrior, TokenPrior
from .prosody_controls import (
    TokenControls,
    checked_pauses,
    contour_over_frames,
    directed_durations,
    directed_pitch,
    frame_gain,
    over_frames,
    recentred_pitch,
    sample_gain,
)
from .prosody_predictor import ProsodyPrediction, ProsodyPredictor, prosody_features
from .random_noise import row_generators, row_noise
from .sketch_control import SketchControl, TokenSketch, drawn_prosody
from .source import Excitation
from .style_encoder import GlobalStyleTokens, StyleEncoder
from .text_encoder import TextEncoder


class ValeTTSPreTrainedModel(KernelHooks, PreTrainedModel):
    """Initialisation, loading and saving shared by the ValeTTS models."""

    config_class = ValeTTSConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    input_modalities = ("text",)
    output_modalities = ("audio",)
    supports_gradient_checkpointing = True
    _no_split_modules = ["StyleTransformerBlock", "ConvNeXtBlock", "Coupling"]
    _supports_sdpa = True
    _supports_attention_backend = True
    _can_record_outputs = {
        "hidden_states": OutputRecorder(StyleTransformerBlock, layer_name="text_encoder.layers"),
        "attentions": OutputRecorder(RotaryAttention, index=1, layer_name="text_encoder.layers"),
    }

    def save_pretrained(self, save_directory, *args, **kwargs):
        """Save weights and configuration; a checkpoint that carries its code names both Auto classes."""
        if self._auto_class is not None:  # it holds one name only: the other model class is published here
            auto_map = dict(getattr(self.config, "auto_map", None) or {})
            auto_map.setdefault("AutoModel", "modeling_valetts.ValeTTSModel")
            auto_map.setdefault("AutoModelForTextToWaveform", "modeling_valetts.ValeTTSForSpeech")
            self.config.auto_map = auto_map
        return super().save_pretrained(save_directory, *args, **kwargs)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.utils.parametrize.ParametrizationList):
            # weight norm: the computed weight cannot be initialised, so fill the direction and fit the length to it
            init.normal_(module.original1, std=module.original1[0].numel() ** -0.5)
            init.copy_(module.original0, module.original1.flatten(1).norm(dim=1).view_as(module.original0))
        elif isinstance(module, StyleAffine):
            init.zeros_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, (nn.Linear, nn.Conv1d)):
            if not nn.utils.parametrize.is_parametrized(module, "weight"):
                init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, std=module.embedding_dim**-0.5)
            if module.padding_idx is not None and not getattr(module.weight, "_is_hf_initialized", False):
                init.zeros_(module.weight[module.padding_idx])
        elif isinstance(module, GlobalStyleTokens):
            init.normal_(module.tokens, std=0.5)
        elif isinstance(module, ConvNeXtBlock):
            init.constant_(module.scale, module.initial_scale)
        elif isinstance(module, Excitation):
            init.copy_(module.noise, Excitation.fixed_noise())
        if isinstance(module, ValeTTSModel):
            init.zeros_(module.default_styles)
            for coupling in module.flow.couplings:  # the flow starts as the identity
                init.zeros_(coupling.output.weight)
            init.normal_(module.frame_prior.output.weight, std=1e-3)
            init.normal_(module.token_prior.output.weight, std=1e-2)
            init.normal_(module.posterior_encoder.output.weight, std=0.1 * module.config.posterior.hidden_size**-0.5)
            init.constant_(module.duration_predictor.output.bias, 1.5)  # about 5 frames a token
        if isinstance(module, ISTFTDecoder):
            init.copy_(module.window, torch.hann_window(module.config.n_fft))
            init.normal_(module.head.weight, std=0.1 * module.config.decoder.hidden_size**-0.5)
            init.copy_(module.head.bias, module.initial_head_bias(module.config.n_fft // 2 + 1))
        if isinstance(module, BigVGANGenerator):
            module.initialize()


class ValeTTSModel(ValeTTSPreTrainedModel):
    """Text and style to latents: encoders, predictors, priors and flow (and the posterior encoder for training)."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__(config)
        self.text_encoder = TextEncoder(config)
        self.style_encoder = StyleEncoder(config)
        self.duration_predictor = DurationPredictor(config)
        self.token_prior = TokenPrior(config)
        self.frame_embedding = FrameEmbedding(config)
        self.prosody_predictor = ProsodyPredictor(config)
        self.frame_prior = FramePrior(config)
        self.flow = Flow(config)
        self.posterior_encoder = PosteriorEncoder(config)
        self.sketch = SketchControl(config) if config.sketch.enabled else None
        # style of each language's default voice, used when neither style nor reference is given
        self.register_buffer("default_styles", torch.zeros(len(config.languages), config.style.hidden_size))
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.text_encoder.embed_tokens

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.text_encoder.embed_tokens = value

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
        return self.style_encoder(reference_mel.to(self.dtype), reference_mask, style_token_weights)

    def _style_in_force(self, language_ids, style, reference_mel, reference_mask, style_token_weights) -> torch.Tensor:
        """The stored style, else the reference's, else the default of each row's first language; tokens on top."""
        if style is None and reference_mel is not None:
            return self.encode_style(reference_mel, reference_mask, style_token_weights)
        if style is None:
            style = self.default_styles[language_ids[:, 0]]
        style = self._checked_style("style", style, len(language_ids))
        if style_token_weights is not None:
            style = style + self.style_encoder.style_tokens.mix(style_token_weights.to(self.dtype))
        return style

    def _checked_style(self, name: str, style: torch.Tensor, rows: int) -> torch.Tensor:
        size = self.config.style.hidden_size
        if style.shape != (rows, size):
            raise ValueError(f"{name} must be [{rows}, {size}], got {tuple(style.shape)}")
        return style.to(self.dtype)

    def _checked_inputs(self, input_ids, attention_mask, language_ids) -> tuple[torch.Tensor, torch.Tensor]:
        """Boolean token mask [B, T] and language ids [B, T]."""
        if input_ids.dim() != 2 or input_ids.shape[1] == 0:
            raise ValueError(
                f"input_ids must be [batch, tokens] with at least one token, got {tuple(input_ids.shape)}"
            )
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if language_ids is None:
            language_ids = torch.zeros_like(input_ids)
        elif language_ids.dim() == 1:
            language_ids = language_ids[:, None].expand_as(input_ids)
        return attention_mask.bool(), language_ids

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
        durations = durations.long() * mask
        if bool((durations < 0).any()) or not bool((durations.sum(dim=1) > 0).all()):
            raise ValueError("durations must be 0 or more and give every row at least one frame")
        return durations

    @capture_outputs
    def forward(
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
        **kwargs,
    ) -> ValeTTSLatentOutput:
        r"""
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

        Returns:
            [`ValeTTSLatentOutput`]

        Raises:
            ValueError: on shapes, rates or seeds that do not fit, naming the value.
        """
        mask, language_ids = self._checked_inputs(input_ids, attention_mask, language_ids)
        noise_scale = self.config.noise_scale if noise_scale is None else noise_scale
        if duration_noise_scale is None:
            duration_noise_scale = self.config.duration_noise_scale
        device = input_ids.device
        controls = TokenControls.combined(mask, speaking_rate, pitch_shift, pitch_range, energy_shift, deliveries)
        pauses = checked_pauses(pauses, tuple(mask.shape), device)
        sketch = TokenSketch.from_arguments(
            tuple(mask.shape), device, sketch_pitch, sketch_energy, sketch_pitch_range, sketch_energy_range, refine
        )
        generators = row_generators(seed, len(input_ids))
        style = self._style_in_force(language_ids, style, reference_mel, reference_mask, style_token_weights)
        hidden_states = self.text_encoder(input_ids, language_ids, style, mask)

        manner = style if manner_style is None else self._checked_style("manner_style", manner_style, len(style))
        if pitch_style is None or pitch_style is manner_style:
            center = style if pitch_style is None else manner
        else:
            center = self._checked_style("pitch_style", pitch_style, len(style))
        noise = row_noise(generators, mask.sum(dim=1), mask.shape[1], self.config.duration.noise_size).to(device)
        durations = self._durations_in_force(durations, mask, controls, pauses)
        if durations is None:
            log_durations = self.duration_predictor(hidden_states, manner, mask, noise * duration_noise_scale)
            frame_rate = self.config.frame_rate
            durations = directed_durations(log_durations, mask, controls.speaking_rate, pauses, frame_rate)
        frame_lengths = durations.sum(dim=1)
        index = expansion_index(durations)
        frame_mask = length_mask(frame_lengths, index.shape[1])
        frame_states = self.frame_embedding(expand_tokens(hidden_states, index), position_in_token(durations, index))
        gain = frame_gain(controls.energy_shift, pauses, durations, index, frame_mask)
        if sketch is None:
            pitch, energy = self._prosody(frame_states, center, manner, frame_mask, pitch, energy)
        else:
            if pitch is not None or energy is not None:
                raise ValueError(
                    "a sketch is drawn over the predicted pitch and energy: pass either those or the sketch"
                )
            predicted = self._predicted_prosody(frame_states, center, manner, frame_mask)
            drawn = drawn_prosody(
                self.sketch, sketch, predicted, frame_states, manner, durations, index, frame_mask, generators, refine
            )
            pitch, energy = drawn.pitch, drawn.energy
            gain = drawn.gain if gain is None else gain * drawn.gain
        contour: torch.Tensor | float = 0.0
        if pitch_contours is not None:
            contour = contour_over_frames(pitch_contours, contour_tokens, durations, index.shape[1])
        pitch_shift = over_frames(controls.pitch_shift, index, frame_mask, contour)
        pitch = directed_pitch(pitch, frame_mask, pitch_shift, over_frames(controls.pitch_range, index, frame_mask))
        token_mean, _ = self.token_prior(hidden_states)
        mean, log_scale = self.frame_prior(
            frame_states,
            prosody_features(pitch, energy, self.config.prosody),
            expand_tokens(token_mean, index),
            style,
            frame_mask,
        )
        noise = row_noise(generators, frame_lengths, index.shape[1], self.config.latent_size).to(device)
        latents = self.flow(mean + noise * noise_scale * log_scale.exp(), style, frame_mask, inverse=True)
        return ValeTTSLatentOutput(
            latents=latents * frame_mask[..., None],
            durations=durations,
            pitch=pitch * frame_mask,
            energy=energy * frame_mask,
            style=style,
            frame_lengths=frame_lengths,
            gain=gain,
        )

    def _prosody(self, frame_states, center, manner, frame_mask, pitch, energy) -> tuple[torch.Tensor, torch.Tensor]:
        """Given or predicted pitch and energy [B, F]; predicted for `manner`, at the height of `center`."""
        shape = frame_states.shape[:2]
        for name, value in (("pitch", pitch), ("energy", energy)):
            if value is not None and value.shape != shape:
                raise ValueError(
                    f"{name} must have one value per frame, {tuple(shape)}, got {tuple(value.shape)}: pass `durations` too"
                )
        if pitch is None or energy is None:
            predicted = self._predicted_prosody(frame_states, center, manner, frame_mask)
            pitch = predicted.pitch if pitch is None else pitch
            energy = predicted.energy if energy is None else energy
        return pitch, energy

    def _predicted_prosody(self, frame_states, center, manner, frame_mask) -> ProsodyPrediction:
        """What is predicted for `manner`, at the height of `center`."""
        predicted = self.prosody_predictor(frame_states, manner, frame_mask)
        if manner is not center:
            own = self.prosody_predictor(frame_states, center, frame_mask)
            pitch = recentred_pitch(predicted.pitch, frame_mask, like=own.pitch)
            predicted.log_pitch = torch.where(pitch > 0, pitch, predicted.log_pitch)
        return predicted


class ValeTTSForSpeech(ValeTTSPreTrainedModel):
    """Text and style to speech: [`ValeTTSModel`] and a waveform decoder."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__(config)
        self.model = ValeTTSModel(config)
        self.decoder = make_decoder(config)
        self.post_init()

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, *args, decoder: str | None = None, **kwargs):
        """Load a checkpoint, with its own decoder or another one that it carries (`decoders.py`).

        Args:
            pretrained_model_name_or_path, args, kwargs: as [`~transformers.PreTrainedModel.from_pretrained`] takes them.
            decoder (`str`, *optional*): "istft" or "bigvgan": which decoder makes the sound.

        Raises:
            ValueError: there is no such decoder. OSError: this checkpoint carries none of that kind.
        """
        if decoder is not None:
            decoder_folder(decoder)  # refuses unknown kinds before anything is loaded
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        if decoder is not None and decoder != model.config.decoder.type:
            options = {name: kwargs[name] for name in HUB_OPTIONS if name in kwargs}
            exchange_decoder(model, *read_decoder(pretrained_model_name_or_path, decoder, **options))
        return loaded

    def save_decoder(self, folder, dtype: torch.dtype | None = None) -> Path:
        """Store this model's decoder beside a checkpoint of the same latents; see [`~decoders.save_decoder`]."""
        return save_decoder(self, folder, dtype)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.model.set_input_embeddings(value)

    def encode_style(self, reference_mel, reference_mask=None, style_token_weights=None) -> torch.Tensor:
        """Style [B, H] of reference speech; see [`ValeTTSModel.encode_style`]."""
        return self.model.encode_style(reference_mel, reference_mask, style_token_weights)

    def generate_latents(self, input_ids: torch.LongTensor, **kwargs) -> ValeTTSLatentOutput:
        """Everything but the decoding; takes the arguments of [`ValeTTSModel.forward`]."""
        return self.model(input_ids, **kwargs)

    def _decoder_inputs(self, latents, pitch, style, frame_lengths) -> tuple[torch.Tensor, ...]:
        if frame_lengths is None:
            mask = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
        else:
            mask = length_mask(frame_lengths, latents.shape[1])
        return latents, pitch, style, mask

    def decode(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        frame_lengths: torch.Tensor | None = None,
        gain: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Waveform [B, F * hop_length] of what `generate_latents` returns.

        Args:
            latents [B, F, C], pitch [B, F] (log-F0, 0 = unvoiced), style [B, H], frame_lengths [B].
            gain (`torch.Tensor` [B, F], *optional*): factors on the waveform. Nothing is clipped here.
        """
        waveform = self.decoder(*self._decoder_inputs(latents, pitch, style, frame_lengths))
        return waveform if gain is None else waveform * sample_gain(gain, self.config.hop_length)

    def decode_in_chunks(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        frame_lengths: torch.Tensor | None = None,
        gain: torch.Tensor | None = None,
        chunk_frames: int = 96,
    ) -> Iterator[torch.Tensor]:
        """Like `decode`, but yields the waveform in pieces [B, <= chunk_frames * hop_length] with constant memory."""
        inputs = self._decoder_inputs(latents, pitch, style, frame_lengths)
        chunks = self.decoder.decode_in_chunks(*inputs, chunk_frames=chunk_frames)
        if gain is None:
            return chunks
        factors = sample_gain(gain, self.config.hop_length).split(chunk_frames * self.config.hop_length, dim=1)
        return (chunk * factor for chunk, factor in zip(chunks, factors, strict=True))

    def fuse_weight_norm(self) -> "ValeTTSForSpeech":
        """Fold weight normalisation into plain weights, in memory, for faster inference. Returns self.

        Save before fusing: a fused model has other parameter names than its checkpoint.
        """
        fuse_weight_norm(self)
        return self

    @can_return_tuple
    @takes_arguments_of(ValeTTSModel.forward)
    def forward(self, input_ids: torch.LongTensor, *args, **kwargs) -> ValeTTSOutput:
        r"""
        Speech for a batch of token sequences. Arguments: see [`ValeTTSModel.forward`].

        Returns:
            [`ValeTTSOutput`], the waveform first.

        Example:

        ```python
        >>> from transformers import AutoModelForTextToWaveform, AutoProcessor
        >>> import valetts_hf

        >>> processor = AutoProcessor.from_pretrained(valetts_hf.BASE_CHECKPOINT)
        >>> model = AutoModelForTextToWaveform.from_pretrained(valetts_hf.BASE_CHECKPOINT)
        >>> output = model(**processor("Bom dia!", return_tensors="pt"), seed=0)
        >>> output.waveform.shape[0]
        1
        ```
        """
        kwargs["return_dict"] = True
        found = self.model(input_ids, *args, **kwargs)
        waveform = self.decode(found.latents, found.pitch, found.style, found.frame_lengths, found.gain)
        return ValeTTSOutput(
            waveform=waveform,
            waveform_lengths=found.frame_lengths * self.config.hop_length,
            **found,
        )


__all__ = ["ValeTTSForSpeech", "ValeTTSModel", "ValeTTSPreTrainedModel"]
