"""Anti-aliased SnakeBeta without zero-stuffing: the even and the odd samples of the upsampled signal apart.

Each is a sum of six shifted inputs, and the result one of twelve shifted activations. `polyphase_activation` says it in
plain operators, which a compiler fuses. `in_place_activation` is for CPUs: a dozen multiply-adds per sample are cheap, but
moving the twice as long intermediate signals through memory is not, so rows are taken in groups whose buffers stay in a
core's cache, and only input and result travel; the backward pass computes the intermediate signals again.
B batch, C channels, S samples; R rows (batch x channels).
"""

import torch
from torch import nn
from torch.autograd.function import FunctionCtx

from .resampling_filter import EVEN_TAPS, ODD_TAPS, RATIO, RECEPTIVE_FIELD


# Samples that a core handles at once: fewer, and calling forty operators costs more than what they do.
CACHED_SAMPLES = 1 << 17
# Per phase of the upsampled signal: taps, first sample of the input padded by 3 that its first sample sees, and how many
# samples downsampling reads before its first and after its last one.
PHASES = ((EVEN_TAPS, 0, 2, 3), (ODD_TAPS, 1, 3, 2))


def snake_beta(hidden_states: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """x + sin^2(alpha x) / beta; alpha and 1 / beta broadcast over the input."""
    return torch.addcmul(hidden_states, torch.sin(hidden_states * alpha).square(), inverse_beta)


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


def in_place_activation(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    """x [B, C, S], alpha and 1 / beta [C, 1] -> [B, C, S]; differentiable, twice if need be."""
    if torch.is_grad_enabled() and (x.requires_grad or alpha.requires_grad or inverse_beta.requires_grad):
        return _InPlaceActivation.apply(x, alpha, inverse_beta)
    return _forward(x, alpha, inverse_beta)


class _InPlaceActivation(torch.autograd.Function):
    @staticmethod
    def forward(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
        return _forward(x, alpha, inverse_beta)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, needed = ctx.saved_tensors, ctx.needs_input_grad
        if not torch.is_grad_enabled():
            return _backward(gradient, *inputs)
        # A graph of the gradient is wanted: let autograd build it, of those inputs that have one.
        trained = [tensor for tensor, wanted in zip(inputs, needed, strict=True) if wanted]
        found = iter(torch.autograd.grad(polyphase_activation(*inputs), trained, gradient, create_graph=True))
        return tuple(next(found) if wanted else None for wanted in needed)


def _groups(rows: int, samples: int) -> list[slice]:
    """Rows that are handled together."""
    step = max(1, CACHED_SAMPLES * torch.get_num_threads() // samples)
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _shifted_sum(signal: torch.Tensor, taps: tuple[float, ...], out: torch.Tensor, accumulate: bool = False) -> None:
    """out[:, s] = sum over k of taps[k] * signal[:, s + k] (added to what is there if `accumulate`)."""
    samples = out.shape[1]
    for k, tap in enumerate(taps):
        if k or accumulate:
            out.add_(signal[:, k : k + samples], alpha=tap)
        else:
            torch.mul(signal[:, :samples], tap, out=out)


def _repeat_ends(signal: torch.Tensor, before: int, after: int, first: torch.Tensor, last: torch.Tensor) -> None:
    """Fill the first `before` and the last `after` samples of signal [R, ...] with first and last [R, 1]."""
    signal[:, :before] = first
    signal[:, signal.shape[1] - after :] = last


def _padded_input(x: torch.Tensor) -> torch.Tensor:
    padded = x.new_empty(x.shape[0], x.shape[1] + 6)
    padded[:, 3:-3] = x
    _repeat_ends(padded, 3, 3, x[:, :1], x[:, -1:])
    return padded


def _forward(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor) -> torch.Tensor:
    batch, _, samples = x.shape
    result = torch.empty_like(x, memory_format=torch.contiguous_format)
    rows, out = x.reshape(-1, samples), result.view(-1, samples)
    alpha, inverse_beta = alpha.repeat(batch, 1), inverse_beta.repeat(batch, 1)
    stride = CACHED_SAMPLES * torch.get_num_threads()
    for group in _groups(rows.shape[0], samples):
        for start in range(0, samples, stride):  # more than once for very long rows alone
            stop, begin = min(start + stride, samples), max(start - RECEPTIVE_FIELD, 0)
            part = rows[group, begin : stop + RECEPTIVE_FIELD]
            whole = out[group] if part.shape[1] == samples else torch.empty_like(part)
            _forward_group(part, alpha[group], inverse_beta[group], whole)
            if part.shape[1] != samples:
                out[group, start:stop] = whole[:, start - begin : stop - begin]
    return result


def _forward_group(x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor, out: torch.Tensor) -> None:
    """x [R, S], alpha and 1 / beta [R, 1] -> out [R, S]."""
    samples = x.shape[1]
    padded = _padded_input(x)
    sine = torch.empty_like(padded[:, :samples])
    phases = []
    for taps, start, before, _ in PHASES:
        phase = x.new_empty(x.shape[0], samples + 5)
        upsampled = phase[:, before : before + samples]
        _shifted_sum(padded[:, start:], tuple(RATIO * tap for tap in taps), upsampled)
        torch.mul(upsampled, alpha, out=sine).sin_().square_()
        upsampled.addcmul_(sine, inverse_beta)
        phases.append(phase)
    even, odd = phases
    first, last = even[:, 2:3], odd[:, samples + 2 : samples + 3]
    for number, ((taps, _, before, after), phase) in enumerate(zip(PHASES, phases, strict=True)):
        _repeat_ends(phase, before, after, first, last)
        _shifted_sum(phase, taps[::-1], out, accumulate=number > 0)


def _backward(
    gradient: torch.Tensor, x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch, channels, samples = x.shape
    rows, upstream = x.reshape(-1, samples), gradient.reshape(-1, samples)
    of_x = torch.empty_like(rows, memory_format=torch.contiguous_format)
    of_alpha, of_inverse_beta = x.new_empty(len(rows), 1), x.new_empty(len(rows), 1)
    alpha, inverse_beta = alpha.repeat(batch, 1), inverse_beta.repeat(batch, 1)
    for group in _groups(len(rows), samples):
        of_x[group], of_alpha[group], of_inverse_beta[group] = _backward_group(
            upstream[group], rows[group], alpha[group], inverse_beta[group]
        )

    def per_channel(values: torch.Tensor) -> torch.Tensor:
        return values.view(batch, channels, 1).sum(dim=0)

    return of_x.view_as(x), per_channel(of_alpha), per_channel(of_inverse_beta)


def _backward_group(
    gradient: torch.Tensor, x: torch.Tensor, alpha: torch.Tensor, inverse_beta: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of x [R, S], alpha and 1 / beta [R, 1], from that of the result [R, S]."""
    count, samples = x.shape
    # Downsampling, backwards: samples that were repeated beyond the ends give their gradient to the ends.
    widened = nn.functional.pad(gradient, (5, 5))
    of_phases = []
    for taps, _, _, _ in PHASES:
        of_phase = x.new_empty(count, samples + 5)
        _shifted_sum(widened, taps, of_phase)
        of_phases.append(of_phase)
    even, odd = of_phases
    even[:, 2] += even[:, :2].sum(dim=1) + odd[:, :3].sum(dim=1)
    odd[:, samples + 2] += even[:, samples + 2 :].sum(dim=1) + odd[:, samples + 3 :].sum(dim=1)

    padded = _padded_input(x)
    upsampled, sine, slope = (x.new_empty(count, samples) for _ in range(3))
    of_padded = x.new_zeros(count, samples + 6)
    of_alpha, of_inverse_beta = torch.zeros_like(alpha), torch.zeros_like(inverse_beta)
    for (taps, start, before, _), of_phase in zip(PHASES, of_phases, strict=True):
        taps = tuple(RATIO * tap for tap in taps)
        of_snake = of_phase[:, before : before + samples]
        _shifted_sum(padded[:, start:], taps, upsampled)
        torch.mul(upsampled, alpha, out=sine)
        torch.mul(sine, 2, out=slope).sin_().mul_(of_snake)  # d sin^2(w) / dw = sin(2 w)
        of_inverse_beta += torch.linalg.vecdot(sine.sin_().square_(), of_snake)[:, None]
        of_alpha += torch.linalg.vecdot(slope, upsampled)[:, None] * inverse_beta
        widened[:, 5:-5] = of_snake.addcmul_(slope, alpha * inverse_beta)
        _shifted_sum(widened, taps[::-1], of_padded[:, start : start + samples + 5], accumulate=True)
    of_padded[:, 3] += of_padded[:, :3].sum(dim=1)
    of_padded[:, samples + 2] += of_padded[:, samples + 3 :].sum(dim=1)
    return of_padded[:, 3 : samples + 3], of_alpha, of_inverse_beta
