"""Files in the published layout of BigVGAN, with random weights."""

import json
from pathlib import Path

import torch

from tests.modeling.naive_bigvgan import naive_filter


# What the published config.json say of the generator and its mel spectrogram, and two settings of training.
_COMMON = {
    "resblock": "1",
    "upsample_rates": [4, 4, 2, 2, 2, 2],
    "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
    "upsample_initial_channel": 1536,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "activation": "snakebeta",
    "snake_logscale": True,
    "use_tanh_at_final": False,
    "use_bias_at_final": False,
    "fmin": 0,
    "fmax": None,
    "batch_size": 4,
    "learning_rate": 0.0001,
}
_1024 = {"n_fft": 1024, "win_size": 1024, "hop_size": 256}
PUBLISHED = {
    "24khz_100band_256x": {**_COMMON, **_1024, "sampling_rate": 24000, "num_mels": 100},
    "22khz_80band_256x": {**_COMMON, **_1024, "sampling_rate": 22050, "num_mels": 80},
    "44khz_128band_512x": {
        **_COMMON,
        "upsample_rates": [8, 4, 2, 2, 2, 2],
        "upsample_kernel_sizes": [16, 8, 4, 4, 4, 4],
        "sampling_rate": 44100,
        "num_mels": 128,
        "n_fft": 2048,
        "win_size": 2048,
        "hop_size": 512,
    },
}
TINY = {
    **PUBLISHED["24khz_100band_256x"],
    "num_mels": 8,
    "hop_size": 16,
    "n_fft": 64,
    "win_size": 64,
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 16,
}


def random_state(config: dict, seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of a generator under their published names, of a size at which a signal survives."""
    random = torch.Generator().manual_seed(seed)
    state: dict[str, torch.Tensor] = {}

    def convolution(name, out_channels, in_channels, kernel, bias=True, transposed=False):
        shape = (in_channels, out_channels, kernel) if transposed else (out_channels, in_channels, kernel)
        state[f"{name}.weight_v"] = torch.randn(shape, generator=random)
        scale = torch.rand(shape[0], 1, 1, generator=random) + 0.5
        state[f"{name}.weight_g"] = scale * (0.7 if transposed else 0.5)
        if bias:
            state[f"{name}.bias"] = 0.1 * torch.randn(out_channels, generator=random)

    def activation(name, channels):
        for part in ("alpha", "beta") if config["activation"] == "snakebeta" else ("alpha",):
            value = 0.5 * torch.randn(channels, generator=random)
            state[f"{name}.act.{part}"] = value if config["snake_logscale"] else value.exp()
        state[f"{name}.upsample.filter"] = naive_filter().float().view(1, 1, -1)
        state[f"{name}.downsample.lowpass.filter"] = naive_filter().float().view(1, 1, -1)

    width, block = config["upsample_initial_channel"], 0
    convolution("conv_pre", width, config["num_mels"], 7)
    for stage, kernel in enumerate(config["upsample_kernel_sizes"]):
        convolution(f"ups.{stage}.0", width // 2, width, kernel, transposed=True)
        width //= 2
        for size, dilations in zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"]):
            names = ("convs1", "convs2") if config["resblock"] == "1" else ("convs",)
            for name in names:
                for index in range(len(dilations)):
                    convolution(f"resblocks.{block}.{name}.{index}", width, width, size)
            for index in range(len(names) * len(dilations)):
                activation(f"resblocks.{block}.activations.{index}", width)
            block += 1
    activation("activation_post", width)
    convolution("conv_post", 1, width, 7, bias=config["use_bias_at_final"])
    return state


def write_published(folder: Path, config: dict, state: dict[str, torch.Tensor] | None = None) -> Path:
    """A folder with `config.json` and `bigvgan_generator.pt`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=4))
    torch.save({"generator": random_state(config) if state is None else state}, folder / "bigvgan_generator.pt")
    return folder


def plausible_mel(bands: int, frames: int, seed: int = 1, rows: int = 1) -> torch.Tensor:
    """A log-mel [rows, frames, bands] in the range of speech."""
    noise = torch.randn(rows, frames, bands, generator=torch.Generator().manual_seed(seed))
    return (noise * 2 - 4).clamp(-11.5, 2.0)
