"""Configuration of ValeTTS: every hyper-parameter of the network, typed and validated when it is built.

Architecture: VITS2 (arXiv 2307.16430) with Global Style Tokens (arXiv 1803.09017) and Style-Adaptive Layer
Normalisation (Meta-StyleSpeech, arXiv 2106.03153). Each module of the network receives one sub-config.
"""

import math
from typing import Any, Literal

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig


# index = language id; extend at the end only
LANGUAGE_CODES = tuple("en-us en-gb pt-br pt-pt es de fr it nl pl ru tr sv hi nb sw ar eo fa ca ro".split())


def _require(condition: bool, owner: object, field: str, rule: str) -> None:
    if not condition:
        raise ValueError(f"{type(owner).__name__}.{field} must be {rule}, got {getattr(owner, field)!r}")


def _require_positive(owner: object, *fields: str) -> None:
    for field in fields:
        _require(getattr(owner, field) > 0, owner, field, "greater than 0")


def _require_odd(owner: object, *fields: str) -> None:
    for field in fields:
        _require(getattr(owner, field) % 2 == 1 and getattr(owner, field) > 0, owner, field, "a positive odd number")


def _require_probability(owner: object, *fields: str) -> None:
    for field in fields:
        _require(0 <= getattr(owner, field) < 1, owner, field, "in [0, 1)")


@strict
class ValeTTSTextEncoderConfig(PreTrainedConfig):
    r"""
    Text encoder: transformer blocks with rotary attention and style-adaptive normalisation.

    Args:
        num_layers (`int`): number of transformer blocks.
        num_heads (`int`): attention heads; must divide the model's `hidden_size` into even head sizes.
        intermediate_size (`int`): width of the convolutional feed-forward part.
        kernel_size (`int`, odd): kernel of the first feed-forward convolution, in tokens.
        dropout (`float`): dropout of attention and feed-forward outputs.
        style_layer (`int`): 0-based block before which the style vector is added to the hidden states (VITS2: third).
    """

    model_type = "valetts_text_encoder"
    base_config_key = "text_encoder"

    num_layers: int = 6
    num_heads: int = 2
    intermediate_size: int = 576
    kernel_size: int = 3
    dropout: float | int = 0.1
    style_layer: int = 2

    def validate_architecture(self):
        _require_positive(self, "num_layers", "num_heads", "intermediate_size")
        _require_odd(self, "kernel_size")
        _require_probability(self, "dropout")
        _require(0 <= self.style_layer < self.num_layers, self, "style_layer", f"in [0, {self.num_layers - 1}]")


@strict
class ValeTTSStyleConfig(PreTrainedConfig):
    r"""
    Style encoder: mel-style encoder and Global Style Tokens.

    Args:
        hidden_size (`int`): width H of the style vector.
        num_tokens (`int`): number K of global style tokens.
        num_heads (`int`): heads of the attention over the tokens; must divide `hidden_size`.
        encoder_size (`int`): width of the reference encoder.
        num_layers (`int`): gated convolution layers of the reference encoder.
        kernel_size (`int`, odd): their kernel, in frames.
        dropout (`float`): dropout of the reference encoder.
    """

    model_type = "valetts_style"
    base_config_key = "style"

    hidden_size: int = 128
    num_tokens: int = 16
    num_heads: int = 4
    encoder_size: int = 128
    num_layers: int = 3
    kernel_size: int = 5
    dropout: float | int = 0.1

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "num_tokens", "num_heads", "encoder_size", "num_layers")
        _require_odd(self, "kernel_size")
        _require_probability(self, "dropout")
        _require(self.hidden_size % self.num_heads == 0, self, "num_heads", f"a divisor of {self.hidden_size}")


@strict
class ValeTTSConvStackConfig(PreTrainedConfig):
    r"""
    A stack of style-adaptive ConvNeXt blocks over frames (posterior encoder, frame prior).

    Args:
        hidden_size (`int`): width of the residual stream.
        intermediate_size (`int`): width inside a block.
        num_layers (`int`): number of blocks.
        kernel_size (`int`, odd): depthwise kernel, in frames.
    """

    model_type = "valetts_conv_stack"

    hidden_size: int = 192
    intermediate_size: int = 384
    num_layers: int = 5
    kernel_size: int = 7

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "intermediate_size", "num_layers")
        _require_odd(self, "kernel_size")


@strict
class ValeTTSFlowConfig(PreTrainedConfig):
    r"""
    Normalizing flow: mean-only affine couplings, each with transformer blocks (VITS2) before gated convolutions (VITS).

    Args:
        num_couplings (`int`): number of coupling layers.
        hidden_size (`int`): width inside a coupling.
        num_transformer_layers (`int`): transformer blocks per coupling.
        num_heads (`int`): their attention heads.
        num_conv_layers (`int`): weight-normalised gated convolutions per coupling.
        kernel_size (`int`, odd): their kernel, in frames.
        dropout (`float`): dropout of the transformer blocks.
    """

    model_type = "valetts_flow"
    base_config_key = "flow"

    num_couplings: int = 4
    hidden_size: int = 128
    num_transformer_layers: int = 1
    num_heads: int = 2
    num_conv_layers: int = 2
    kernel_size: int = 5
    dropout: float | int = 0.1

    def validate_architecture(self):
        _require_positive(self, "num_couplings", "hidden_size", "num_heads", "num_conv_layers")
        _require(self.num_transformer_layers >= 0, self, "num_transformer_layers", "0 or more")
        _require_odd(self, "kernel_size")
        _require_probability(self, "dropout")
        head_size, rest = divmod(self.hidden_size, self.num_heads)
        _require(rest == 0 and head_size % 2 == 0, self, "num_heads", f"such that {self.hidden_size} / heads is even")


@strict
class ValeTTSDurationConfig(PreTrainedConfig):
    r"""
    Duration predictor (VITS2: noise-driven, trained against a discriminator).

    Args:
        hidden_size (`int`): width of its convolutions.
        num_layers (`int`): number of convolutions.
        kernel_size (`int`, odd): their kernel, in tokens.
        noise_size (`int`): channels of the Gaussian noise input.
        dropout (`float`): dropout between layers.
        max_frames (`int`): longest duration of one token, in frames.
    """

    model_type = "valetts_duration"
    base_config_key = "duration"

    hidden_size: int = 192
    num_layers: int = 3
    kernel_size: int = 3
    noise_size: int = 8
    dropout: float | int = 0.1
    max_frames: int = 200

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "num_layers", "noise_size", "max_frames")
        _require_odd(self, "kernel_size")
        _require_probability(self, "dropout")


@strict
class ValeTTSProsodyConfig(PreTrainedConfig):
    r"""
    Pitch and energy predictor over frames.

    Args:
        hidden_size (`int`), intermediate_size (`int`), num_layers (`int`), kernel_size (`int`, odd): its conv stack.
        pitch_mean (`float`): centre of log-F0 (natural log of Hz) used to normalise it.
        pitch_std (`float`): its scale.
        energy_mean (`float`): centre of the log energy.
        energy_std (`float`): its scale.
    """

    model_type = "valetts_prosody"
    base_config_key = "prosody"

    hidden_size: int = 160
    intermediate_size: int = 320
    num_layers: int = 3
    kernel_size: int = 7
    pitch_mean: float | int = 5.1
    pitch_std: float | int = 0.4
    energy_mean: float | int = -1.0
    energy_std: float | int = 2.5

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "intermediate_size", "num_layers", "pitch_std", "energy_std")
        _require_odd(self, "kernel_size")


@strict
class ValeTTSBigVGANConfig(PreTrainedConfig):
    r"""
    BigVGAN generator (arXiv 2206.04658 and release 2.0); the fields are named as in the published `config.json`.

    Args:
        upsample_rates (`list[int]`): factor of each upsampling stage; their product is the hop length.
        upsample_kernel_sizes (`list[int]`): kernels of the transposed convolutions, each its rate plus an even number.
        upsample_initial_channel (`int`): width before the first stage; every stage halves it.
        resblock (`str`): "1" (two convolutions for each dilation) or "2" (one).
        resblock_kernel_sizes (`list[int]`, odd): one residual block each, in every stage; their mean goes on.
        resblock_dilation_sizes (`list[list[int]]`): dilations of each block.
        activation (`str`): "snakebeta" or "snake", anti-aliased.
        snake_logscale (`bool`): their parameters are stored as logarithms.
        use_tanh_at_final (`bool`): the waveform is bounded by a hyperbolic tangent (version 1) instead of clipped.
        use_bias_at_final (`bool`): the last convolution has a bias (version 1).
    """

    model_type = "valetts_bigvgan"
    base_config_key = "bigvgan"

    upsample_rates: list[int] | tuple[int, ...] = (4, 4, 2, 2, 2, 2)
    upsample_kernel_sizes: list[int] | tuple[int, ...] = (8, 8, 4, 4, 4, 4)
    upsample_initial_channel: int = 1536
    resblock: Literal["1", "2"] = "1"
    resblock_kernel_sizes: list[int] | tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: list[list[int]] | tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 3
    activation: Literal["snakebeta", "snake"] = "snakebeta"
    snake_logscale: bool = True
    use_tanh_at_final: bool = False
    use_bias_at_final: bool = False

    def __post_init__(self, **kwargs):
        for name in ("upsample_rates", "upsample_kernel_sizes", "resblock_kernel_sizes"):
            setattr(self, name, list(getattr(self, name)))
        self.resblock_dilation_sizes = [list(sizes) for sizes in self.resblock_dilation_sizes]
        super().__post_init__(**kwargs)

    def validate_architecture(self):
        stages, blocks = len(self.upsample_rates), len(self.resblock_kernel_sizes)
        _require(
            stages > 0 and min(self.upsample_rates) > 0, self, "upsample_rates", "a list of factors of at least 1"
        )
        _require(
            len(self.upsample_kernel_sizes) == stages
            and all(k >= r and (k - r) % 2 == 0 for k, r in zip(self.upsample_kernel_sizes, self.upsample_rates)),
            self,
            "upsample_kernel_sizes",
            f"one for each of the rates {self.upsample_rates}, larger by an even number",
        )
        _require(
            self.upsample_initial_channel > 0 and self.upsample_initial_channel % 2**stages == 0,
            self,
            "upsample_initial_channel",
            f"a multiple of {2**stages} ({stages} stages halve it)",
        )
        _require(
            blocks > 0 and all(k > 0 and k % 2 == 1 for k in self.resblock_kernel_sizes),
            self,
            "resblock_kernel_sizes",
            "a list of positive odd numbers",
        )
        _require(
            len(self.resblock_dilation_sizes) == blocks
            and all(sizes and min(sizes) > 0 for sizes in self.resblock_dilation_sizes),
            self,
            "resblock_dilation_sizes",
            f"a list of dilations for each of the kernels {self.resblock_kernel_sizes}",
        )

    @property
    def hop_length(self) -> int:
        """Samples that the generator makes of a frame."""
        return math.prod(self.upsample_rates)


# The decoder of our own size, for some 24 kHz speech on one small GPU: 3.5 M parameters.
SMALL_BIGVGAN = {
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 256,
}


@strict
class ValeTTSDecoderConfig(PreTrainedConfig):
    r"""
    Waveform decoder.

    Args:
        type (`str`): `"istft"`: ConvNeXt backbone (Vocos, arXiv 2306.00814) whose head filters a harmonic and a noise
            source in the short-time Fourier domain (source-filter as in iSTFTNet-style vocoders). `"bigvgan"`: the
            BigVGAN-v2 generator, which makes the waveform by upsampling (better, and far more expensive).
        hidden_size (`int`), intermediate_size (`int`), num_layers (`int`), kernel_size (`int`, odd): backbone of `istft`.
        emphasis (`float`): contrast added to the spectral envelope at inference, 0 = none: log gains move away from
            their local mean over frequency by this factor. Undoes the over-smoothing of a decoder that has seen little
            adversarial training (compare the postfilters of HMM synthesis, Toda and Tokuda 2007).
        emphasis_bins (`int`, odd): width of that local mean in frequency bins.
        color_points (`int`): of the long-term spectrum that `istft` takes from the style directly, on the mel scale; 0 =
            none.
        bigvgan ([`ValeTTSBigVGANConfig`] or `dict`, *optional*): the generator of `bigvgan`, by default a small one.
    """

    model_type = "valetts_decoder"
    base_config_key = "decoder"
    sub_configs = {"bigvgan": ValeTTSBigVGANConfig}

    type: Literal["istft", "bigvgan"] = "istft"
    hidden_size: int = 320
    intermediate_size: int = 960
    num_layers: int = 6
    kernel_size: int = 7
    emphasis: float | int = 0.0
    emphasis_bins: int = 45
    color_points: int = 40
    bigvgan: dict | PreTrainedConfig | None = None

    def __post_init__(self, **kwargs):
        if self.bigvgan is None and self.type == "bigvgan":
            self.bigvgan = dict(SMALL_BIGVGAN)
        if isinstance(self.bigvgan, dict):
            self.bigvgan = ValeTTSBigVGANConfig(**self.bigvgan)
        super().__post_init__(**kwargs)

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "intermediate_size", "num_layers")
        _require_odd(self, "kernel_size", "emphasis_bins")
        _require(0 <= self.emphasis <= 2, self, "emphasis", "in [0, 2]")
        _require(self.color_points == 0 or self.color_points > 1, self, "color_points", "0 or at least 2")


@strict
class ValeTTSSketchConfig(PreTrainedConfig):
    r"""
    Networks that turn a drawn sketch into contours (DrawSpeech, arXiv 2501.04256): a mean predictor and a diffusion model.

    Args:
        enabled (`bool`): whether the model has them; a checkpoint gets them from `training_scripts/train_sketch.py`.
        hidden_size (`int`), intermediate_size (`int`), kernel_size (`int`, odd): of both conv stacks, over patches.
        num_layers (`int`), num_refiner_layers (`int`): blocks of the predictor and of the denoiser.
        patch_frames (`int`): frames of one position.
        pitch_scale (`float`), energy_scale (`float`): typical correction of the base's log-F0 and log energy.
        sigma_data (`float`): standard deviation of contours around the predictor's, in those units.
        sigma_min (`float`), sigma_max (`float`): noise levels of sampling.
        num_steps (`int`): default evaluations of the denoiser, at most 8.
        guidance_scale (`float`): weight of the sketch in classifier-free guidance, 1 = none (the coarse shape is followed
            anyway, and guidance costs a quarter more time).
        pitch_temperature (`float`), energy_temperature (`float`): default share of what is drawn at random around the mean
            contour: 1 is as varied as recordings, 0 the mean. A prior that knows energy only roughly wants little of it.
    """

    model_type = "valetts_sketch"
    base_config_key = "sketch"

    enabled: bool = False
    hidden_size: int = 128
    intermediate_size: int = 256
    kernel_size: int = 5
    num_layers: int = 3
    num_refiner_layers: int = 3
    patch_frames: int = 8
    pitch_scale: float | int = 0.15
    energy_scale: float | int = 0.8
    sigma_data: float | int = 0.9
    sigma_min: float | int = 0.02
    sigma_max: float | int = 3.0
    num_steps: int = 4
    guidance_scale: float | int = 1.0
    pitch_temperature: float | int = 0.8
    energy_temperature: float | int = 0.25

    def validate_architecture(self):
        _require_positive(self, "hidden_size", "intermediate_size", "num_layers", "num_refiner_layers", "patch_frames")
        _require_positive(self, "pitch_scale", "energy_scale", "sigma_data", "sigma_min")
        _require_odd(self, "kernel_size")
        _require(self.sigma_max > self.sigma_min, self, "sigma_max", f"greater than sigma_min = {self.sigma_min}")
        _require(1 <= self.num_steps <= 8, self, "num_steps", "1 to 8")
        _require(0 <= self.guidance_scale <= 10, self, "guidance_scale", "in [0, 10]")
        for field in ("pitch_temperature", "energy_temperature"):
            _require(0 <= getattr(self, field) <= 2, self, field, "in [0, 2]")


@strict
class ValeTTSConfig(PreTrainedConfig):
    r"""
    Configuration of [`ValeTTSForSpeech`].

    Args:
        vocab_size (`int`): number V of phoneme and punctuation symbols.
        languages (`list[str]`): language codes; the index is the language id, extend at the end only.
        hidden_size (`int`): width C of the text side.
        latent_size (`int`, even): channels of the latents between prior and decoder.
        sampling_rate (`int`): samples per second of the waveform.
        n_fft (`int`): window and FFT length of the spectrograms, in samples.
        hop_length (`int`): samples per frame; `n_fft` must be 4 hops.
        num_mel_bands (`int`): bands of `reference_mel` and of the posterior's input.
        noise_scale (`float`): default standard deviation of the prior's noise at inference.
        duration_noise_scale (`float`): the same for the duration predictor.
        text_encoder, style, flow, duration, prosody, prior, posterior, decoder, sketch: the sub-configs (or dictionaries).
    """

    model_type = "valetts"
    sub_configs = {
        "text_encoder": ValeTTSTextEncoderConfig,
        "style": ValeTTSStyleConfig,
        "flow": ValeTTSFlowConfig,
        "duration": ValeTTSDurationConfig,
        "prosody": ValeTTSProsodyConfig,
        "prior": ValeTTSConvStackConfig,
        "posterior": ValeTTSConvStackConfig,
        "decoder": ValeTTSDecoderConfig,
        "sketch": ValeTTSSketchConfig,
    }

    vocab_size: int = 256
    languages: list[str] | tuple[str, ...] = LANGUAGE_CODES
    hidden_size: int = 192
    latent_size: int = 96
    sampling_rate: int = 24000
    n_fft: int = 1024
    hop_length: int = 256
    num_mel_bands: int = 100
    noise_scale: float | int = 0.5
    duration_noise_scale: float | int = 0.5
    pad_token_id: int | None = 0
    text_encoder: dict | PreTrainedConfig | None = None
    style: dict | PreTrainedConfig | None = None
    flow: dict | PreTrainedConfig | None = None
    duration: dict | PreTrainedConfig | None = None
    prosody: dict | PreTrainedConfig | None = None
    prior: dict | PreTrainedConfig | None = None
    posterior: dict | PreTrainedConfig | None = None
    decoder: dict | PreTrainedConfig | None = None
    sketch: dict | PreTrainedConfig | None = None

    def __post_init__(self, **kwargs):
        self.languages = list(self.languages)
        for name, config_class in self.sub_configs.items():
            value = getattr(self, name)
            if value is None:
                setattr(self, name, config_class())
            elif isinstance(value, dict):
                setattr(self, name, config_class(**value))
            elif not isinstance(value, config_class):
                raise TypeError(f"ValeTTSConfig.{name} must be a {config_class.__name__}, got {type(value).__name__}")
        super().__post_init__(**kwargs)

    def validate_architecture(self):
        _require_positive(self, "vocab_size", "hidden_size", "latent_size", "sampling_rate", "num_mel_bands")
        last = self.vocab_size - 1
        _require(
            self.pad_token_id is None or 0 <= self.pad_token_id <= last, self, "pad_token_id", f"None, or 0 to {last}"
        )
        _require(len(self.languages) > 0, self, "languages", "a list of at least one code")
        _require(len(set(self.languages)) == len(self.languages), self, "languages", "free of repeated codes")
        _require(self.latent_size % 2 == 0, self, "latent_size", "even (couplings split it in halves)")
        _require(
            self.hop_length > 0 and self.n_fft == 4 * self.hop_length,
            self,
            "n_fft",
            f"4 x hop_length = {4 * self.hop_length}",
        )
        if self.decoder.type == "bigvgan":
            rates = self.decoder.bigvgan.upsample_rates
            _require(
                self.decoder.bigvgan.hop_length == self.hop_length,
                self,
                "hop_length",
                f"{self.decoder.bigvgan.hop_length}, the product of decoder.bigvgan.upsample_rates = {rates}",
            )
        _require(self.noise_scale >= 0, self, "noise_scale", "0 or more")
        _require(self.duration_noise_scale >= 0, self, "duration_noise_scale", "0 or more")
        heads = self.text_encoder.num_heads
        _require(
            self.hidden_size % heads == 0 and (self.hidden_size // heads) % 2 == 0,
            self,
            "hidden_size",
            f"a multiple of {2 * heads} (text_encoder.num_heads = {heads}, rotary halves)",
        )

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], **kwargs):
        """As [`~transformers.PreTrainedConfig.from_dict`]; the name of a decoder, which Auto classes and pipelines pass here
        first, is left to the model's `from_pretrained`.
        """
        named = isinstance(kwargs.get("decoder"), str)
        unused = {"decoder": kwargs.pop("decoder")} if named else {}
        made = super().from_dict(config_dict, **kwargs)
        return (made[0], made[1] | unused) if isinstance(made, tuple) else made

    def get_text_config(self, decoder: bool | None = None, encoder: bool | None = None) -> "ValeTTSConfig":
        """This config: `text_encoder` and `decoder` are parts of one model, not models of their own."""
        return self

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sampling_rate / self.hop_length


__all__ = [
    "LANGUAGE_CODES",
    "SMALL_BIGVGAN",
    "ValeTTSBigVGANConfig",
    "ValeTTSConfig",
    "ValeTTSConvStackConfig",
    "ValeTTSDecoderConfig",
    "ValeTTSDurationConfig",
    "ValeTTSFlowConfig",
    "ValeTTSProsodyConfig",
    "ValeTTSSketchConfig",
    "ValeTTSStyleConfig",
    "ValeTTSTextEncoderConfig",
]
