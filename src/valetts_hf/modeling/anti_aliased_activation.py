"""Anti-aliased SnakeBeta: upsample by two, x + sin^2(alpha x) / beta, low-pass, downsample by two.

The activation of BigVGAN (arXiv 2206.04658, section 3), whose sine would otherwise fold frequencies above half the sampling
rate back into the audible band. Both resamplers use one Kaiser-windowed sinc of 12 taps and repeat the edge samples.
Three ways to compute it agree to rounding: `reference` as published (a transposed convolution over a zero-stuffed signal),
`polyphase` (sums of shifted signals, which a compiler fuses) and `blocked` (two small matrix products per block of samples,
fast on a CPU); `choose_path` is the one place that decides. GPU kernels replace `forward` from outside (docs/kernels.md).
B batch, C channels, S samples; K samples of a block, N blocks of a row.
"""

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


try:
    from kernels import use_kernel_forward_from_hub
except ImportError:  # without the library the layer is what is written here

    def use_kernel_forward_from_hub(layer_name: str):
        return lambda layer: layer


RATIO = 2
NUM_TAPS = 12
# A sample of the result sees this many samples on each side: three to the resampled signal and three back.
RECEPTIVE_FIELD = 6
# Guards the division, as in the published activation.
EPSILON = 1e-9
PATHS = ("reference", "polyphase", "blocked")
# Of `blocked`: more samples in a block cost arithmetic, fewer cost overlap.
BLOCK = 32
# Elements of the input that are handled at once without gradients: their intermediates stay in a core's cache.
CACHED_ELEMENTS = 1 << 15

_forced_path: str | None = None


def kaiser_sinc_filter(cutoff: float, half_width: float, num_taps: int) -> np.ndarray:
    """Low-pass filter of an even number of taps, normalised to a sum of one.

    Args:
        cutoff (`float`): in cycles per sample, (0, 0.5].
        half_width (`float`): half the width of the transition band, in cycles per sample.
        num_taps (`int`): even.

    Returns:
        `np.ndarray` of shape [num_taps], float64.
    """
    attenuation = 2.285 * (num_taps // 2 - 1) * math.pi * 4 * half_width + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    time = np.arange(num_taps) - num_taps / 2 + 0.5
    taps = 2 * cutoff * np.kaiser(num_taps, beta) * np.sinc(2 * cutoff * time)
    return taps / taps.sum()


# Rounded to float32, in which published checkpoints store it.
TAPS: tuple[float, ...] = tuple(
    float(tap) for tap in kaiser_sinc_filter(0.5 / RATIO, 0.6 / RATIO, NUM_TAPS).astype(np.float32)
)
# The taps that meet samples, not stuffed zeros: an even sample of the upsampled signal is the sum over k of
# EVEN_TAPS[k] * x[q - 3 + k] (k < 6), an odd one that of ODD_TAPS[k] * x[q - 2 + k]. Downsampling uses the mirror image.
EVEN_TAPS = TAPS[::-1][0::2]
ODD_TAPS = TAPS[::-1][1::2]


@contextmanager
def activation_path(path: str | None) -> Iterator[None]:
    """Compute every anti-aliased activation by one of `PATHS`, whatever `choose_path` says (None: let it choose)."""
    global _forced_path
    if path is not None and path not in PATHS:
        raise ValueError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
    before, _forced_path = _forced_path, path
    try:
        yield
    finally:
        _forced_path = before


def choose_path(hidden_states: torch.Tensor) -> str:
    """Which of `PATHS` computes this input."""
    if _forced_path is not None:
        return _forced_path
    if torch.compiler.is_exporting() or torch.jit.is_tracing():
        return "reference"  # two operators that every runtime has
    if torch.compiler.is_compiling():
        return "polyphase"
    return "blocked" if hidden_states.device.type == "cpu" else "reference"


def snake_beta(hidden_states: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """x + sin^2(alpha x) / beta; alpha and 1 / beta broadcast over the input."""
    return torch.addcmul(hidden_states, torch.sin(hidden_states * alpha).square(), inverse_beta)


def reference_activation(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """As published: x [B, C, S], alpha and 1 / beta [C, 1] -> [B, C, S]."""
    channels = x.shape[1]
    taps = _taps(x.dtype, x.device).expand(channels, 1, NUM_TAPS)
    padded = nn.functional.pad(x, (5, 5), mode="replicate")
    upsampled = RATIO * nn.functional.conv_transpose1d(padded, taps, stride=RATIO, groups=channels)[..., 15:-15]
    activated = snake_beta(upsampled, alpha, inverse_beta)
    padded = nn.functional.pad(activated, (5, 6), mode="replicate")
    return nn.functional.conv1d(padded, taps, stride=RATIO, groups=channels)


def polyphase_activation(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """Even and odd samples of the upsampled signal apart, as sums of shifted inputs: no tensor of zeros, no convolution."""
    samples = x.shape[-1]
    padded = nn.functional.pad(x, (3, 3), mode="replicate")

    def shifted_sum(signal: torch.Tensor, taps: tuple[float, ...], start: int) -> torch.Tensor:
        return sum(tap * signal[..., start + k : start + k + samples] for k, tap in enumerate(taps))

    even = snake_beta(RATIO * shifted_sum(padded, EVEN_TAPS, 0), alpha, inverse_beta)
    odd = snake_beta(RATIO * shifted_sum(padded, ODD_TAPS, 1), alpha, inverse_beta)
    first, last = even[..., :1], odd[..., -1:]  # the ends of the upsampled signal, repeated beyond it
    even = torch.cat([first, first, even, last, last, last], dim=-1)
    odd = torch.cat([first, first, first, odd, last, last], dim=-1)
    return shifted_sum(even, EVEN_TAPS[::-1], 0) + shifted_sum(odd, ODD_TAPS[::-1], 0)


def blocked_activation(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """Blocks of samples with their margins, times a banded matrix; snake; times another.

    The margins are computed twice, which costs less than gathering them. Without gradients a few channels are taken at a
    time, so that only input and result travel to memory and back.
    """
    batch, channels, samples = x.shape
    if torch.is_grad_enabled() and (x.requires_grad or alpha.requires_grad or inverse_beta.requires_grad):
        return _blocked_rows(x, alpha, inverse_beta)
    result = torch.empty_like(x, memory_format=torch.contiguous_format)
    step = max(1, CACHED_ELEMENTS * torch.get_num_threads() // samples)
    for row in range(batch):
        for start in range(0, channels, step):
            part = slice(start, start + step)
            result[row, part] = _blocked_rows(x[row : row + 1, part], alpha[part], inverse_beta[part])[0]
    return result


def _blocked_rows(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    batch, channels, samples = x.shape
    upsample, downsample = _block_matrices(x.dtype, x.device)
    blocks = -(-samples // BLOCK)
    filling = blocks * BLOCK - samples
    padded = nn.functional.pad(x, (RECEPTIVE_FIELD, RECEPTIVE_FIELD + filling), mode="replicate")
    windows = padded.unfold(-1, BLOCK + 2 * RECEPTIVE_FIELD, BLOCK)  # [B, C, N, K + 12]
    upsampled = (windows @ upsample).view(batch, channels, blocks, -1)
    activated = snake_beta(upsampled, alpha[..., None], inverse_beta[..., None])
    activated = activated.view(
        batch, channels, blocks, 2, BLOCK + RECEPTIVE_FIELD
    )  # even and odd samples, -3 .. K + 2
    # The upsampled signal goes on with its own first and last sample, not with what a longer input would have given.
    end = 3 + BLOCK - filling  # of the last block
    last = activated[:, :, -1, 1:, end - 1 : end]
    activated[:, :, 0, :, :3] = activated[:, :, 0, :1, 3:4]
    activated[:, :, -1, :, end:] = last
    if blocks > 1 and end < 6:  # the block before the last reaches beyond the end, too
        activated[:, :, -2, :, BLOCK + end :] = last
    return (activated.flatten(3) @ downsample).view(batch, channels, -1)[..., :samples]


def _constant(build: Callable) -> Callable:
    """Cache tensors per dtype and device, as ordinary ones also when first needed in inference mode."""

    @functools.lru_cache(maxsize=16)
    def cached(dtype: torch.dtype, device: torch.device) -> torch.Tensor | tuple[torch.Tensor, ...]:
        with torch.inference_mode(False):
            return build(dtype, device)

    return cached


@_constant
def _taps(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return torch.tensor(TAPS, dtype=dtype, device=device)


@_constant
def _block_matrices(dtype: torch.dtype, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """[K + 12, 2 (K + 6)] from inputs -6 .. K + 5 to even and odd upsampled samples -3 .. K + 2; [2 (K + 6), K] back."""
    width = BLOCK + RECEPTIVE_FIELD
    upsample = np.zeros((width + RECEPTIVE_FIELD, 2, width))
    downsample = np.zeros((2, width, BLOCK))
    for k, (even, odd) in enumerate(zip(EVEN_TAPS, ODD_TAPS, strict=True)):
        position = np.arange(width)
        upsample[position + k, 0, position] = RATIO * even
        upsample[position + k + 1, 1, position] = RATIO * odd
    for k, (even, odd) in enumerate(zip(EVEN_TAPS[::-1], ODD_TAPS[::-1], strict=True)):
        position = np.arange(BLOCK)
        downsample[0, position + k + 1, position] = even
        downsample[1, position + k, position] = odd
    return (
        torch.tensor(upsample.reshape(width + RECEPTIVE_FIELD, -1), dtype=dtype, device=device),
        torch.tensor(downsample.reshape(-1, BLOCK), dtype=dtype, device=device),
    )


_COMPUTE = {"reference": reference_activation, "polyphase": polyphase_activation, "blocked": blocked_activation}


def anti_aliased_snake(
    hidden_states: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor, logscale: bool = True
) -> torch.Tensor:
    """The activation as a function, in float32 at least, whatever the dtype of its input.

    Args:
        hidden_states (`torch.Tensor` of shape `(batch, channels, samples)`): floating point, at least one sample.
        alpha (`torch.Tensor` of shape `(channels,)`): frequency of the sine; its logarithm if `logscale`.
        beta (`torch.Tensor` of shape `(channels,)`): inverse magnitude of the sine; its logarithm if `logscale`.
        logscale (`bool`): whether alpha and beta are logarithms.

    Returns:
        `torch.Tensor`: shape and dtype of the input.

    Raises:
        ValueError: for a shape other than `(batch, channels, samples)` with the channels of alpha and beta.
    """
    if hidden_states.dim() != 3 or hidden_states.shape[1] != alpha.shape[0] or hidden_states.shape[2] == 0:
        raise ValueError(
            f"hidden_states must be [batch, {alpha.shape[0]}, samples] with at least one sample, "
            f"got {tuple(hidden_states.shape)}"
        )
    dtype = torch.promote_types(hidden_states.dtype, torch.float32)
    with torch.autocast(hidden_states.device.type, enabled=False):
        alpha, beta = alpha.to(dtype)[:, None], beta.to(dtype)[:, None]
        if logscale:
            alpha, beta = alpha.exp(), beta.exp()
        compute = _COMPUTE[choose_path(hidden_states)]
        return compute(hidden_states.to(dtype), alpha, 1 / (beta + EPSILON)).to(hidden_states.dtype)


@use_kernel_forward_from_hub("AntiAliasedSnakeBeta")
class AntiAliasedSnakeBeta(nn.Module):
    """Anti-aliased SnakeBeta with one frequency and one magnitude per channel. [B, C, S] -> [B, C, S].

    Args:
        channels (`int`): C.
        logscale (`bool`): store logarithms, starting at zero (published v2 checkpoints), instead of values starting at one.
        separate_beta (`bool`): False is plain Snake, whose magnitude is the inverse of its frequency.
    """

    def __init__(self, channels: int, logscale: bool = True, separate_beta: bool = True):
        super().__init__()
        self.logscale = logscale
        self.alpha = nn.Parameter(torch.full((channels,), self.initial_value))
        self.beta = nn.Parameter(torch.full((channels,), self.initial_value)) if separate_beta else None

    @property
    def initial_value(self) -> float:
        """Of alpha and beta: both act as one."""
        return 0.0 if self.logscale else 1.0

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        beta = self.alpha if self.beta is None else self.beta
        return anti_aliased_snake(hidden_states, self.alpha, beta, self.logscale)

    def extra_repr(self) -> str:
        return f"{self.alpha.shape[0]}, logscale={self.logscale}, separate_beta={self.beta is not None}"
