"""The equations of BigVGAN as published, written out once more in float64 for comparisons: slow, and nothing of ours in it.

Works on the state of a published `bigvgan_generator.pt` and its `config.json`. B batch, C channels, S samples.
"""

import math

import numpy as np
import torch


def naive_filter() -> torch.Tensor:
    """12 taps of the low-pass filter at a quarter of the sampling rate: sinc times Kaiser window, sum 1. float64."""
    delta = 4 * 0.3
    attenuation = 2.285 * 5 * math.pi * delta + 7.95
    beta = (
        0.1102 * (attenuation - 8.7)
        if attenuation > 50
        else 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    )
    window = [np.i0(beta * math.sqrt(1 - (2 * tap / 11 - 1) ** 2)) / np.i0(beta) for tap in range(12)]
    sinc = [math.sin(math.pi * (tap - 5.5) / 2) / (math.pi * (tap - 5.5) / 2) for tap in range(12)]
    taps = torch.tensor([w * s for w, s in zip(window, sinc)], dtype=torch.float64)
    return taps / taps.sum()


def naive_activation(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """[B, C, S]: zero-stuffed interpolation, x + sin^2(alpha x) / beta, filter and every second sample."""
    taps = naive_filter()
    held = torch.cat([x[..., :1]] * 5 + [x] + [x[..., -1:]] * 5, dim=-1)
    stuffed = torch.zeros(*held.shape[:2], 2 * held.shape[-1], dtype=torch.float64)
    stuffed[..., ::2] = held
    raised = 2 * _filtered(stuffed, taps.flip(0), 11)[..., 15 : 15 + 2 * x.shape[-1]]
    raised = raised + torch.sin(alpha[:, None] * raised) ** 2 / (beta[:, None] + 1e-9)
    held = torch.cat([raised[..., :1]] * 5 + [raised] + [raised[..., -1:]] * 6, dim=-1)
    return _filtered(held, taps, 0)[..., ::2]


def _filtered(x: torch.Tensor, taps: torch.Tensor, before: int) -> torch.Tensor:
    """y[n] = sum over k of taps[k] x[n + k - before], zeros outside; as many values as x allows."""
    padded = torch.nn.functional.pad(x, (before, 11 if before else 0))
    return sum(taps[k] * padded[..., k : padded.shape[-1] - 11 + k] for k in range(12))


def naive_bigvgan(state: dict[str, torch.Tensor], config: dict, mel: torch.Tensor) -> torch.Tensor:
    """mel [B, M, F] -> waveform [B, S], float64."""
    state = {name: value.double() for name, value in state.items()}

    def weight(name):
        v = state[f"{name}.weight_v"]
        return state[f"{name}.weight_g"] * v / torch.sqrt((v**2).sum(dim=(1, 2), keepdim=True))

    def convolution(name, x, dilation=1):
        w = weight(name)
        padding = (w.shape[2] * dilation - dilation) // 2
        return torch.conv1d(x, w, state.get(f"{name}.bias"), padding=padding, dilation=dilation)

    def activation(name, x):
        alpha = state[f"{name}.act.alpha"]
        beta = alpha if config["activation"] == "snake" else state[f"{name}.act.beta"]
        if config["snake_logscale"]:
            alpha, beta = torch.exp(alpha), torch.exp(beta)
        return naive_activation(x, alpha, beta)

    x = convolution("conv_pre", mel.double())
    kernels = len(config["resblock_kernel_sizes"])
    for stage, (rate, kernel) in enumerate(zip(config["upsample_rates"], config["upsample_kernel_sizes"])):
        name = f"ups.{stage}.0"
        x = torch.conv_transpose1d(x, weight(name), state[f"{name}.bias"], stride=rate, padding=(kernel - rate) // 2)
        total = torch.zeros_like(x)
        for block, dilations in enumerate(config["resblock_dilation_sizes"]):
            name, y = f"resblocks.{stage * kernels + block}", x
            for index, dilation in enumerate(dilations):
                if config["resblock"] == "1":
                    z = convolution(
                        f"{name}.convs1.{index}", activation(f"{name}.activations.{2 * index}", y), dilation
                    )
                    z = convolution(f"{name}.convs2.{index}", activation(f"{name}.activations.{2 * index + 1}", z))
                else:
                    z = convolution(f"{name}.convs.{index}", activation(f"{name}.activations.{index}", y), dilation)
                y = y + z
            total = total + y
        x = total / kernels
    x = convolution("conv_post", activation("activation_post", x))[:, 0]
    return torch.tanh(x) if config["use_tanh_at_final"] else x.clamp(-1, 1)
