"""Anti-aliased SnakeBeta: upsample by two, x + sin^2(alpha x) / beta, low-pass, downsample by two.

The activation of BigVGAN (arXiv 2206.04658, section 3), whose sine would otherwise fold frequencies above half the sampling
rate back into the audible band. Both resamplers use one Kaiser-windowed sinc of 12 taps and repeat the edge samples.
Three ways to compute it agree to rounding: `reference` as published (a transposed convolution over a zero-stuffed signal),
`polyphase` (sums of shifted signals, which a compiler fuses) and `in_place` (the same sums in buffers that stay in the cache of a
CPU); `choose_path` is the one place that decides. GPU kernels replace `forward` from outside (docs/kernels.md).
B batch, C channels, S samples.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from .anti_aliased_polyphase import in_place_activation, polyphase_activation, snake_beta
from .resampling_filter import NUM_TAPS, RATIO, TAPS


try:
    from kernels import use_kernel_forward_from_hub
except ImportError:  # without the library the layer is what is written here

    def use_kernel_forward_from_hub(layer_name: str):
        return lambda layer: layer


# Guards the division, as in the published activation.
EPSILON = 1e-9
PATHS = ("reference", "polyphase", "in_place")

_forced_path: str | None = None


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
    return "in_place" if hidden_states.device.type == "cpu" else "reference"


def reference_activation(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """As published: x [B, C, S], alpha and 1 / beta [C, 1] -> [B, C, S]."""
    channels = x.shape[1]
    taps = _taps(x.dtype, x.device).expand(channels, 1, NUM_TAPS)
    padded = nn.functional.pad(x, (5, 5), mode="replicate")
    upsampled = RATIO * nn.functional.conv_transpose1d(padded, taps, stride=RATIO, groups=channels)[..., 15:-15]
    activated = snake_beta(upsampled, alpha, inverse_beta)
    padded = nn.functional.pad(activated, (5, 6), mode="replicate")
    return nn.functional.conv1d(padded, taps, stride=RATIO, groups=channels)


def _taps(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    if torch.compiler.is_compiling():  # a cache is no part of a graph
        return torch.tensor(TAPS, dtype=dtype, device=device)
    return _cached_taps(dtype, device)


@functools.lru_cache(maxsize=16)
def _cached_taps(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    with torch.inference_mode(False):  # an ordinary tensor, so that training can use it, too
        return torch.tensor(TAPS, dtype=dtype, device=device)


_COMPUTE = {"reference": reference_activation, "polyphase": polyphase_activation, "in_place": in_place_activation}


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
