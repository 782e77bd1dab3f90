"""ValeTTS: text and style to latents (`ValeTTSModel`), and on to speech (`ValeTTSForSpeech`).

VITS2 (arXiv 2307.16430) with Global Style Tokens (arXiv 1803.09017), style-adaptive layer normalisation (arXiv
2106.03153), explicit pitch and energy, and a source-filter inverse-STFT decoder (after Vocos, arXiv 2306.00814).
B batch, T tokens, F frames, S samples, C latent channels, H style width, K style tokens, R reference frames.
"""

from collections.abc import Iterator

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.utils import can_return_tuple
from transformers.utils.output_capturing import OutputRecorder, capture_outputs

from .attention import RotaryAttention, StyleTransformerBlock
from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtBlock
from .duration_predictor import DurationPredictor
from .flow import Flow
from .istft_decoder import ISTFTDecoder
from .lengths import expand_tokens, expansion_index, length_mask, position_in_token, round_durations
from .normalization import StyleAdaptiveNorm
from .outputs import ValeTTSLatentOutput, ValeTTSOutput
from .posterior_encoder import PosteriorEncoder
from .prior import FrameEmbedding, FramePrior, TokenPrior
from .prosody_predictor import ProsodyPredictor, prosody_features
from .random_noise import row_generators, row_noise
from .source import Excitation
from .style_encoder import GlobalStyleTokens, StyleEncoder
from .text_encoder import TextEncoder


DECODERS = {"istft": ISTFTDecoder}


class ValeTTSPreTrainedModel(PreTrainedModel):
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
        elif isinstance(module, StyleAdaptiveNorm):
            init.zeros_(module.affine.weight)
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
        size = self.config.style.hidden_size
        if style.shape != (len(language_ids), size):
            raise ValueError(f"style must be [{len(language_ids)}, {size}], got {tuple(style.shape)}")
        style = style.to(self.dtype)
        if style_token_weights is not None:
            style = style + self.style_encoder.style_tokens.mix(style_token_weights.to(self.dtype))
        return style

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

    def predict_durations(
        self,
        hidden_states: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
        speaking_rate: float | torch.Tensor,
        noise: torch.Tensor,
    ) -> torch.Tensor:
        """Frames per token [B, T] for hidden_states [B, T, C]; `speaking_rate` is a number, [B] or [B, T]."""
        rate = torch.as_tensor(speaking_rate, dtype=torch.float32, device=hidden_states.device)
        if not bool(((rate > 0) & torch.isfinite(rate)).all()):
            raise ValueError(f"speaking_rate must be greater than 0, got {speaking_rate}")
        if rate.dim() == 1:
            rate = rate[:, None]
        log_durations = self.duration_predictor(hidden_states, style, mask, noise)
        return round_durations(log_durations.exp() / rate, mask)

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
        energy_scale: float | torch.Tensor = 1.0,
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
                predicted ones.
            pitch (`torch.FloatTensor` of shape `(batch, frames)`, *optional*): log-F0 to use, 0 = unvoiced; needs
                `durations`.
            energy (`torch.FloatTensor` of shape `(batch, frames)`, *optional*): log energy to use; needs `durations`.
            speaking_rate (`float`, or tensor `(batch,)` or `(batch, tokens)`): 2.0 speaks twice as fast.
            pitch_shift (`float`, or tensor `(batch,)`): semitones added to the pitch.
            energy_scale (`float`, or tensor `(batch,)`): factor on the energy.
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
        generators = row_generators(seed, len(input_ids))
        style = self._style_in_force(language_ids, style, reference_mel, reference_mask, style_token_weights)
        hidden_states = self.text_encoder(input_ids, language_ids, style, mask)

        noise = row_noise(generators, mask.sum(dim=1), mask.shape[1], self.config.duration.noise_size).to(device)
        if durations is None:
            durations = self.predict_durations(hidden_states, style, mask, speaking_rate, noise * duration_noise_scale)
        else:
            durations = durations.long() * mask
            if bool((durations < 0).any()) or not bool((durations.sum(dim=1) > 0).all()):
                raise ValueError("durations must be 0 or more and give every row at least one frame")
        frame_lengths = durations.sum(dim=1)
        index = expansion_index(durations)
        frame_mask = length_mask(frame_lengths, index.shape[1])
        frame_states = self.frame_embedding(expand_tokens(hidden_states, index), position_in_token(durations, index))
        pitch, energy = self._prosody(frame_states, style, frame_mask, pitch, energy, pitch_shift, energy_scale)
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
        )

    def _prosody(
        self, frame_states, style, frame_mask, pitch, energy, pitch_shift, energy_scale
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Given or predicted pitch and energy [B, F], shifted and scaled."""
        shape = frame_states.shape[:2]
        for name, value in (("pitch", pitch), ("energy", energy)):
            if value is not None and value.shape != shape:
                raise ValueError(
                    f"{name} must have one value per frame, {tuple(shape)}, got {tuple(value.shape)}: pass `durations` too"
                )
        if pitch is None or energy is None:
            predicted = self.prosody_predictor(frame_states, style, frame_mask)
            pitch = predicted.pitch if pitch is None else pitch
            energy = predicted.energy if energy is None else energy
        device = frame_states.device
        shift = torch.as_tensor(pitch_shift, dtype=torch.float32, device=device)
        scale = torch.as_tensor(energy_scale, dtype=torch.float32, device=device)
        if not bool(torch.isfinite(shift).all()):
            raise ValueError(f"pitch_shift must be a finite number of semitones, got {pitch_shift}")
        if not bool(((scale > 0) & torch.isfinite(scale)).all()):
            raise ValueError(f"energy_scale must be greater than 0, got {energy_scale}")
        shift = shift[:, None] if shift.dim() == 1 else shift
        scale = scale[:, None] if scale.dim() == 1 else scale
        semitone = 0.05776226504666211  # log(2) / 12
        return torch.where(pitch > 0, pitch + shift * semitone, pitch), energy + torch.log(scale)


class ValeTTSForSpeech(ValeTTSPreTrainedModel):
    """Text and style to speech: [`ValeTTSModel`] and a waveform decoder."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__(config)
        self.model = ValeTTSModel(config)
        self.decoder = DECODERS[config.decoder.type](config)
        self.post_init()

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
    ) -> torch.Tensor:
        """Latents [B, F, C], pitch [B, F] (log-F0, 0 = unvoiced) and style [B, H] -> waveform [B, F * hop_length]."""
        return self.decoder(*self._decoder_inputs(latents, pitch, style, frame_lengths))

    def decode_in_chunks(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        frame_lengths: torch.Tensor | None = None,
        chunk_frames: int = 96,
    ) -> Iterator[torch.Tensor]:
        """Like `decode`, but yields the waveform in pieces [B, <= chunk_frames * hop_length] with constant memory."""
        inputs = self._decoder_inputs(latents, pitch, style, frame_lengths)
        return self.decoder.decode_in_chunks(*inputs, chunk_frames=chunk_frames)

    def fuse_weight_norm(self) -> "ValeTTSForSpeech":
        """Fold weight normalisation into plain weights, in memory, for faster inference. Returns self.

        Save before fusing: a fused model has other parameter names than its checkpoint.
        """
        for module in self.modules():
            if nn.utils.parametrize.is_parametrized(module, "weight"):
                nn.utils.parametrize.remove_parametrizations(module, "weight")
        return self

    @can_return_tuple
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
        energy_scale: float | torch.Tensor = 1.0,
        noise_scale: float | None = None,
        duration_noise_scale: float | None = None,
        seed: int | list[int] | torch.Tensor | None = None,
        **kwargs,
    ) -> ValeTTSOutput:
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
        latent_output = self.model(
            input_ids,
            attention_mask=attention_mask,
            language_ids=language_ids,
            reference_mel=reference_mel,
            reference_mask=reference_mask,
            style=style,
            style_token_weights=style_token_weights,
            durations=durations,
            pitch=pitch,
            energy=energy,
            speaking_rate=speaking_rate,
            pitch_shift=pitch_shift,
            energy_scale=energy_scale,
            noise_scale=noise_scale,
            duration_noise_scale=duration_noise_scale,
            seed=seed,
            return_dict=True,
            **kwargs,
        )
        waveform = self.decode(
            latent_output.latents, latent_output.pitch, latent_output.style, latent_output.frame_lengths
        )
        return ValeTTSOutput(
            waveform=waveform,
            waveform_lengths=latent_output.frame_lengths * self.config.hop_length,
            **latent_output,
        )


__all__ = ["ValeTTSForSpeech", "ValeTTSModel", "ValeTTSPreTrainedModel"]
