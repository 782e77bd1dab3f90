"""Configuration of the vocoder: the mel spectrogram it reads and the BigVGAN generator that reads it.

`PRESETS` holds the three configurations of BigVGAN-v2 that are published with weights, and smaller ones.
"""

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig

from .configuration_valetts import SMALL_BIGVGAN, ValeTTSBigVGANConfig


@strict
class ValeTTSVocoderConfig(PreTrainedConfig):
    r"""
    Configuration of [`ValeTTSVocoder`].

    Args:
        sampling_rate (`int`): samples per second of the waveform.
        n_fft (`int`): window and FFT length of the mel spectrogram, in samples.
        hop_length (`int`): samples per frame; the product of the generator's `upsample_rates`.
        num_mel_bands (`int`): Slaney mel bands M.
        min_frequency (`float`): where the lowest band begins, in Hz.
        max_frequency (`float`, *optional*): where the highest band ends, in Hz; by default half the sampling rate.
        bigvgan ([`ValeTTSBigVGANConfig`] or `dict`, *optional*): the generator, by default that of
            `bigvgan_v2_24khz_100band_256x`.
    """

    model_type = "valetts_vocoder"
    sub_configs = {"bigvgan": ValeTTSBigVGANConfig}

    sampling_rate: int = 24000
    n_fft: int = 1024
    hop_length: int = 256
    num_mel_bands: int = 100
    min_frequency: float | int = 0.0
    max_frequency: float | int | None = None
    bigvgan: dict | PreTrainedConfig | None = None

    def __post_init__(self, **kwargs):
        if self.bigvgan is None:
            self.bigvgan = ValeTTSBigVGANConfig()
        elif isinstance(self.bigvgan, dict):
            self.bigvgan = ValeTTSBigVGANConfig(**self.bigvgan)
        super().__post_init__(**kwargs)

    def validate_architecture(self):
        for name in ("sampling_rate", "n_fft", "hop_length", "num_mel_bands"):
            if getattr(self, name) < 1:
                raise ValueError(f"ValeTTSVocoderConfig.{name} must be greater than 0, got {getattr(self, name)}")
        if self.bigvgan.hop_length != self.hop_length:
            raise ValueError(
                f"ValeTTSVocoderConfig.hop_length must be {self.bigvgan.hop_length}, the product of "
                f"bigvgan.upsample_rates = {self.bigvgan.upsample_rates}, got {self.hop_length}"
            )
        if (self.n_fft - self.hop_length) % 2 or self.n_fft < self.hop_length:
            raise ValueError(
                f"ValeTTSVocoderConfig.n_fft must be hop_length = {self.hop_length} plus an even number, got {self.n_fft}"
            )
        nyquist = self.sampling_rate / 2
        highest = nyquist if self.max_frequency is None else self.max_frequency
        if not 0 <= self.min_frequency < highest <= nyquist:
            raise ValueError(
                f"ValeTTSVocoderConfig.min_frequency and max_frequency must rise within [0, {nyquist:g}], got "
                f"{self.min_frequency} and {self.max_frequency}"
            )

    @classmethod
    def preset(cls, name: str) -> "ValeTTSVocoderConfig":
        """One of `PRESETS` by name.

        Raises:
            ValueError: there is no such preset.
        """
        if name not in PRESETS:
            raise ValueError(f"unknown vocoder preset {name!r}: choose one of {', '.join(sorted(PRESETS))}")
        return cls(**PRESETS[name])

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sampling_rate / self.hop_length


_24KHZ = {"sampling_rate": 24000, "n_fft": 1024, "hop_length": 256, "num_mel_bands": 100}

PRESETS = {
    # as published, 112 and 122 M parameters
    "24khz_100band_256x": _24KHZ,
    "22khz_80band_256x": {"sampling_rate": 22050, "n_fft": 1024, "hop_length": 256, "num_mel_bands": 80},
    "44khz_128band_512x": {
        "sampling_rate": 44100,
        "n_fft": 2048,
        "hop_length": 512,
        "num_mel_bands": 128,
        "bigvgan": {"upsample_rates": [8, 4, 2, 2, 2, 2], "upsample_kernel_sizes": [16, 8, 4, 4, 4, 4]},
    },
    # of our own: the width of BigVGAN-base (14 M), one for modest machines (3.6 M), one for experiments (0.37 M)
    "24khz_100band_256x_base": {**_24KHZ, "bigvgan": {**SMALL_BIGVGAN, "upsample_initial_channel": 512}},
    "24khz_100band_256x_small": {**_24KHZ, "bigvgan": SMALL_BIGVGAN},
    "24khz_100band_256x_tiny": {
        **_24KHZ,
        "bigvgan": {
            **SMALL_BIGVGAN,
            "upsample_initial_channel": 128,
            "resblock": "2",
            "resblock_kernel_sizes": [3, 7],
            "resblock_dilation_sizes": [[1, 3], [1, 3]],
        },
    },
}


__all__ = ["PRESETS", "ValeTTSVocoderConfig"]
