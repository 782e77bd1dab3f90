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
from .bigvgan import BigVGANGenerator
from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtBlock
from .decoders import HUB_OPTIONS, decoder_folder, exchange_decoder, make_decoder, read_decoder, save_decoder
from .duration_predictor import DurationPredictor
from .flow import Flow
from .istft_decoder import ISTFTDecoder
from .kernel_hooks import KernelHooks
from .latent_synthesis import Frames, LatentSynthesis, Predict
from .lengths import expand_tokens, length_mask, position_in_token
from .normalization import StyleAffine
from .outputs import ValeTTSLatentOutput, ValeTTSOutput
from .posterior_encoder import PosteriorEncoder
from .prior import FrameEmbedding, FramePrior, TokenPrior
from .prosody_controls import directed_durations, directed_pitch, over_frames, sample_gain
from .prosody_predictor import ProsodyPredictor, prosody_features
from .sketch_control import SketchControl
from .source import Excitation
from .style_encoder import GlobalStyleTokens, StyleEncoder
from .style_spectrum import StyleSpectrum, mel_points
from .text_encoder import TextEncoder
from .weight_norm import fuse_weight_norm, refuse_fused


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
        """Save weights and configuration; a checkpoint that carries its code names both Auto classes.

        Raises:
            ValueError: after `fuse_weight_norm`.
        """
        refuse_fused(self)
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
        if isinstance(module, StyleSpectrum):
            points, bins = module.basis.shape
            init.copy_(module.basis, mel_points(points, bins, module.sampling_rate))
            init.zeros_(module.affine.weight)
        if isinstance(module, BigVGANGenerator):
            module.initialize()


class ValeTTSModel(LatentSynthesis, ValeTTSPreTrainedModel):
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
        reference_mel = self._checked_reference(reference_mel, reference_mask)
        return self.style_encoder(reference_mel, reference_mask, style_token_weights)

    def _mixed_tokens(self, style_token_weights: torch.Tensor) -> torch.Tensor:
        return self.style_encoder.style_tokens.mix(style_token_weights.to(self.dtype))

    @capture_outputs
    @takes_arguments_of(LatentSynthesis.synthesize)
    def forward(self, input_ids: torch.LongTensor, *args, **kwargs) -> ValeTTSLatentOutput:
        r"""
        Latents for a batch of token sequences. Arguments, result and errors: see [`LatentSynthesis.synthesize`].
        """
        return self.synthesize(input_ids, *args, **kwargs)

    def _read_text(
        self, input_ids, language_ids, mask, style, manner, noise, speaking_rate, pauses, with_durations
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        hidden_states = self.text_encoder(input_ids, language_ids, style, mask)
        if not with_durations:
            return hidden_states, None
        log_durations = self.duration_predictor(hidden_states, manner, mask, noise)
        return hidden_states, directed_durations(log_durations, mask, speaking_rate, pauses, self.config.frame_rate)

    def _expand(self, hidden_states, durations, index, frame_mask, manner) -> tuple[torch.Tensor, Predict]:
        states = self.frame_embedding(expand_tokens(hidden_states, index), position_in_token(durations, index))
        return states, lambda style: self.prosody_predictor(states, style, frame_mask)

    def _draw_latents(
        self, frames: Frames, style, pitch, energy, controls, contour, noise
    ) -> tuple[torch.Tensor, torch.Tensor]:
        index, mask = frames.index, frames.mask
        pitch_shift = over_frames(controls.pitch_shift, index, mask, contour)
        pitch = directed_pitch(pitch, mask, pitch_shift, over_frames(controls.pitch_range, index, mask))
        token_mean, _ = self.token_prior(frames.hidden_states)
        features = prosody_features(pitch, energy, self.config.prosody)
        mean, log_scale = self.frame_prior(frames.states, features, expand_tokens(token_mean, index), style, mask)
        latents = self.flow(mean + noise * log_scale.exp(), style, mask, inverse=True)
        return latents * mask[..., None], pitch * mask


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
            ValueError: there is no such decoder, or it does not fit. OSError: this checkpoint carries none of that kind.
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
        """Everything but the decoding; takes the arguments of [`LatentSynthesis.synthesize`]."""
        kwargs.setdefault("decode", self.decode)
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
        """Like `decode`, but yields the waveform in pieces [B, <= chunk_frames * hop_length] with constant memory.

        Raises:
            ValueError: `chunk_frames` below 1.
        """
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        inputs = self._decoder_inputs(latents, pitch, style, frame_lengths)
        chunks = self.decoder.decode_in_chunks(*inputs, chunk_frames=chunk_frames)
        if gain is None:
            return chunks
        factors = sample_gain(gain, self.config.hop_length).split(chunk_frames * self.config.hop_length, dim=1)
        return (chunk * factor for chunk, factor in zip(chunks, factors, strict=True))

    def fuse_weight_norm(self) -> "ValeTTSForSpeech":
        """Fold weight normalisation into plain weights, in memory, for faster inference. Returns self.

        Save before fusing: a fused model has other parameter names than its checkpoint, and refuses to be saved.
        """
        fuse_weight_norm(self)
        return self

    @can_return_tuple
    @takes_arguments_of(ValeTTSModel.forward)
    def forward(self, input_ids: torch.LongTensor, *args, **kwargs) -> ValeTTSOutput:
        r"""
        Speech for a batch of token sequences. Arguments: see [`LatentSynthesis.synthesize`].

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
        kwargs.setdefault("decode", self.decode)
        found = self.model(input_ids, *args, **kwargs)
        waveform = self.decode(found.latents, found.pitch, found.style, found.frame_lengths, found.gain)
        return ValeTTSOutput(
            waveform=waveform,
            waveform_lengths=found.frame_lengths * self.config.hop_length,
            **found,
        )


__all__ = ["ValeTTSForSpeech", "ValeTTSModel", "ValeTTSPreTrainedModel"]
