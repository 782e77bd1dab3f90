"""The BigVGAN generator: frames to samples by transposed convolutions and anti-aliased multi-periodicity blocks.

BigVGAN (arXiv 2206.04658, section 3) in the form of its second release: SnakeBeta in logarithmic scale, no bias and no
hyperbolic tangent at the end; all of that is configuration. Used by `ValeTTSVocoder` and by the `bigvgan` decoder.
B batch, C channels, F frames, S samples = F * hop, P positions of a stage (F times the rates so far).
"""

import math
import warnings
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from transformers import initialization as init

from .anti_aliased_activation import AntiAliasedSnakeBeta
from .configuration_valetts import ValeTTSBigVGANConfig
from .resampling_filter import RECEPTIVE_FIELD


EDGE_KERNEL = 7  # of the first and the last convolution


class AMPBlock(nn.Module):
    """Anti-aliased multi-periodicity block: per dilation, activation and convolution (twice in type "1"), residual.

    [B, C, P] -> [B, C, P].
    """

    def __init__(self, channels: int, kernel_size: int, dilations: list[int], config: ValeTTSBigVGANConfig):
        super().__init__()

        def convolution(dilation: int) -> nn.Module:
            padding = (kernel_size - 1) // 2 * dilation
            return weight_norm(nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=padding))

        self.convs1 = nn.ModuleList(convolution(dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(convolution(1) for _ in dilations if config.resblock == "1")
        self.activations = nn.ModuleList(
            make_activation(channels, config) for _ in range(len(self.convs1) + len(self.convs2))
        )
        reach = kernel_size // 2
        self.receptive_field = sum(reach * dilation for dilation in dilations)  # positions on each side
        self.receptive_field += reach * len(self.convs2) + RECEPTIVE_FIELD * len(self.activations)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        activations = iter(self.activations)
        for index, convolution in enumerate(self.convs1):
            residual = hidden_states
            hidden_states = convolution(next(activations)(hidden_states))
            if len(self.convs2):
                hidden_states = self.convs2[index](next(activations)(hidden_states))
            hidden_states = residual + hidden_states
        return hidden_states


class BigVGANGenerator(nn.Module):
    """hidden_states [B, input_size, F] -> waveform [B, F * hop_length].

    Args:
        config ([`ValeTTSBigVGANConfig`]): sizes.
        input_size (`int`): channels of a frame.
    """

    def __init__(self, config: ValeTTSBigVGANConfig, input_size: int):
        super().__init__()
        self.config = config
        self.hop_length = config.hop_length
        width = config.upsample_initial_channel
        self.conv_pre = weight_norm(nn.Conv1d(input_size, width, EDGE_KERNEL, padding=EDGE_KERNEL // 2))
        self.upsamplers, self.blocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel_size in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            padding = (kernel_size - rate) // 2
            self.upsamplers.append(
                weight_norm(nn.ConvTranspose1d(width, width // 2, kernel_size, rate, padding=padding))
            )
            width //= 2
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.blocks.append(AMPBlock(width, size, dilations, config))
        self.activation_post = make_activation(width, config)
        bias = config.use_bias_at_final
        self.conv_post = weight_norm(nn.Conv1d(width, 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2, bias=bias))
        self.contexts = self._contexts()

    def _contexts(self) -> list[int]:
        """Positions on each side that influence a position: before `conv_pre`, before every stage, before the end."""
        config, per_stage = self.config, len(self.config.resblock_kernel_sizes)
        needed = EDGE_KERNEL // 2 + RECEPTIVE_FIELD
        contexts = [needed]
        for stage in reversed(range(len(config.upsample_rates))):
            blocks = self.blocks[stage * per_stage : (stage + 1) * per_stage]
            needed += max(block.receptive_field for block in blocks)
            rate, kernel_size = config.upsample_rates[stage], config.upsample_kernel_sizes[stage]
            # a transposed convolution reaches kernel - 1 - padding positions of its result beyond that of an input
            needed = math.ceil((needed + kernel_size - 1 - (kernel_size - rate) // 2) / rate)
            contexts.append(needed)
        return [needed + EDGE_KERNEL // 2, *reversed(contexts)]

    @property
    def receptive_field(self) -> int:
        """Frames on each side that influence the samples of a frame."""
        return self.contexts[0]

    def forward(
        self,
        hidden_states: torch.Tensor,
        condition: torch.Tensor | None = None,
        left: int = 0,
        right: int = 0,
        lengths: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """
        Args:
            hidden_states (`torch.Tensor` [B, input_size, F]).
            condition (`torch.Tensor` [B, upsample_initial_channel], *optional*): added after the first convolution.
            left, right (`int`): frames at the ends that are context only. They are dropped stage by stage, as soon as
                nothing that is wanted depends on them.
            lengths (`torch.Tensor` [B], *optional*): frames of each row, if they are padded; what a row gives is then
                exactly what it gives alone, and zero beyond its end. Not together with `left` and `right`.

        Returns:
            `torch.Tensor` [B, (F - left - right) * hop_length], not bounded yet, see `bounded`.
        """
        if lengths is not None:
            return self._decode_rows(hidden_states, condition, lengths)
        per_stage = len(self.config.resblock_kernel_sizes)
        hidden_states = self.conv_pre(hidden_states)
        if condition is not None:
            hidden_states = hidden_states + condition[..., None]
        for stage, upsampler in enumerate(self.upsamplers):
            hidden_states, left, right = _cropped(hidden_states, left, right, self.contexts[stage + 1])
            hidden_states = upsampler(hidden_states)
            left, right = left * self.config.upsample_rates[stage], right * self.config.upsample_rates[stage]
            blocks = self.blocks[stage * per_stage : (stage + 1) * per_stage]
            total = blocks[0](hidden_states)
            for block in blocks[1:]:
                total = total + block(hidden_states)
            hidden_states = total / per_stage
        hidden_states, left, right = _cropped(hidden_states, left, right, self.contexts[-1])
        waveform = self.conv_post(self.activation_post(hidden_states))[:, 0]
        return waveform[:, left : waveform.shape[-1] - right]

    def bounded(self, waveform: torch.Tensor) -> torch.Tensor:
        """The result of `forward` brought into [-1, 1]."""
        return torch.tanh(waveform) if self.config.use_tanh_at_final else waveform.clamp(-1.0, 1.0)

    def decode(self, hidden_states: torch.Tensor, *, check: bool = True, **options) -> torch.Tensor:
        """`forward` (with its `options`) and `bounded`; what overflows in float16 is computed again in float32.

        Args:
            hidden_states (`torch.Tensor` [B, input_size, F]).
            check (`bool`): look at the result, which waits for the device once.

        Raises:
            FloatingPointError: the result is not finite.
        """
        waveform = self(hidden_states, **options)
        finite = not check or bool(torch.isfinite(waveform).all())
        if not finite and waveform.dtype == torch.float16:
            warnings.warn(
                "BigVGAN overflowed in float16 and decodes this piece again in float32; load it with dtype=torch.bfloat16 "
                "or torch.float32 to avoid doing things twice",
                RuntimeWarning,
                stacklevel=3,
            )
            parameters = {name: value.float() for name, value in self.named_parameters()}
            if options.get("condition") is not None:
                options["condition"] = options["condition"].float()
            waveform = torch.func.functional_call(self, parameters, (hidden_states.float(),), options)
            finite = bool(torch.isfinite(waveform).all())
        if not finite:
            raise FloatingPointError(
                f"the waveform of BigVGAN is not finite in {str(waveform.dtype).removeprefix('torch.')}: its weights are "
                "damaged, or its input is far from what it was trained on"
            )
        return self.bounded(waveform)

    def _decode_rows(
        self, hidden_states: torch.Tensor, condition: torch.Tensor | None, lengths: torch.Tensor
    ) -> torch.Tensor:
        """All rows share a pass; their ends, which hear what follows, are then replaced by those of a second, short one."""
        total, context = hidden_states.shape[-1], self.receptive_field
        waveform = self(hidden_states, condition)
        short = [row for row, length in enumerate(lengths.tolist()) if length < total]
        tails = [row for row in short if int(lengths[row]) > 2 * context]
        if tails:
            frames = lengths[tails, None] - 2 * context + torch.arange(2 * context, device=lengths.device)
            ends = hidden_states[tails].gather(2, frames[:, None].expand(-1, hidden_states.shape[1], -1))
            ends = self(ends, None if condition is None else condition[tails], left=context)
            for row, end in zip(tails, ends, strict=True):
                stop = int(lengths[row]) * self.hop_length
                waveform[row, stop - end.shape[0] : stop] = end
        for row in short:
            stop = int(lengths[row])
            if row not in tails and stop:
                alone = None if condition is None else condition[row : row + 1]
                waveform[row, : stop * self.hop_length] = self(hidden_states[row : row + 1, :, :stop], alone)[0]
            waveform[row, stop * self.hop_length :] = 0.0
        return waveform

    def pieces(self, length: int, chunk_frames: int) -> Iterator[tuple[slice, int, int]]:
        """Frames to hand to `forward`, with `left` and `right`, so that the results in a row equal that of all frames.

        Raises:
            ValueError: `chunk_frames` below 1.
        """
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        for start in range(0, length, chunk_frames):
            stop = min(start + chunk_frames, length)
            first, last = max(start - self.receptive_field, 0), min(stop + self.receptive_field, length)
            yield slice(first, last), start - first, last - stop

    @torch.no_grad()
    def initialize(self) -> None:
        """Fill convolutions as PyTorch does by default (uniform variance 1 / (3 fan-in)), activations with their start."""
        for module in self.modules():
            if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
                taps = module.kernel_size[0] / (module.stride[0] if isinstance(module, nn.ConvTranspose1d) else 1)
                weight = module.parametrizations.weight if nn.utils.parametrize.is_parametrized(module) else None
                direction = module.weight if weight is None else weight.original1
                init.normal_(direction, std=(3 * module.in_channels * taps) ** -0.5)
                if weight is not None:
                    init.copy_(weight.original0, direction.flatten(1).norm(dim=1).view_as(weight.original0))
                if module.bias is not None:
                    init.zeros_(module.bias)
            elif isinstance(module, AntiAliasedSnakeBeta):
                for parameter in module.parameters():
                    init.constant_(parameter, module.initial_value)


def make_activation(channels: int, config: ValeTTSBigVGANConfig) -> AntiAliasedSnakeBeta:
    """The activation that the configuration names."""
    return AntiAliasedSnakeBeta(channels, config.snake_logscale, separate_beta=config.activation == "snakebeta")


def _cropped(hidden_states: torch.Tensor, left: int, right: int, context: int) -> tuple[torch.Tensor, int, int]:
    """Drop what lies further than `context` outside of the wanted positions."""
    drop_left, drop_right = max(left - context, 0), max(right - context, 0)
    if drop_left or drop_right:
        hidden_states = hidden_states[..., drop_left : hidden_states.shape[-1] - drop_right]
    return hidden_states, left - drop_left, right - drop_right
