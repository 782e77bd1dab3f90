"""Monotonic alignment search: which frames belong to which token.

VITS (Kim et al., arXiv:2106.06103, section 2.2.1) finds, for every utterance, the monotonic path of highest likelihood
between the tokens and the frames of the posterior. VITS2 (Kong et al., arXiv:2307.16430, section 2.3) adds Gaussian
noise to the likelihoods early in training, so that the search explores more than its first guess.

B batch, T tokens, F frames, C channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from valetts_hf.training.fast_path import full_precision


_LOG_TWO_PI = math.log(2.0 * math.pi)


def annealed_noise_scale(step: int, initial: float = 0.01, decrement: float = 2e-6) -> float:
    """Scale of the alignment noise at a training step: `initial`, less `decrement` per step, never below zero.

    Args:
        step (`int`): Training step, >= 0.
        initial (`float`): Scale at step 0, >= 0 (0.01 in VITS2).
        decrement (`float`): What one step takes away, >= 0 (2e-6 in VITS2: no noise is left after 5,000 steps).

    Returns:
        `float`: The scale, in [0, initial].
    """
    for name, value in (("step", step), ("initial", initial), ("decrement", decrement)):
        if value < 0:
            raise ValueError(f"`{name}` must be >= 0, got {value}")
    return max(0.0, initial - decrement * step)


def gaussian_log_likelihood(latents: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Log-likelihood of every frame under the diagonal Gaussian of every token, by two matrix products.

    Args:
        latents (`Tensor` [B, F, C]): Frames (the latents mapped by the flow).
        mean (`Tensor` [B, T, C]): Mean of each token.
        log_scale (`Tensor` [B, T, C]): Logarithm of the standard deviation of each token.

    Returns:
        `Tensor` [B, T, F]: float32 log-likelihoods, summed over the channels, in nats.
    """
    if latents.dim() != 3 or mean.shape != log_scale.shape or mean.shape[::2] != latents.shape[::2]:
        raise ValueError(
            "expected latents [B, F, C] and mean, log_scale [B, T, C] with the same B and C, got "
            f"{tuple(latents.shape)}, {tuple(mean.shape)}, {tuple(log_scale.shape)}"
        )
    with torch.autocast(device_type=latents.device.type, enabled=False), full_precision():
        latents, mean, log_scale = latents.float(), mean.float(), log_scale.float()
        precision = torch.exp(-2.0 * log_scale)
        weighted_mean = mean * precision
        # sum_c of -log(2 pi)/2 - s - (z - m)^2 / (2 e^2s), with the square multiplied out.
        constant = (-0.5 * _LOG_TWO_PI - log_scale - 0.5 * mean * weighted_mean).sum(-1, keepdim=True)
        likelihood = torch.baddbmm(constant, precision, (-0.5 * latents.square()).transpose(1, 2))
        return torch.baddbmm(likelihood, weighted_mean, latents.transpose(1, 2))


@torch.no_grad()
def monotonic_alignment_search(
    log_likelihood: Tensor,
    token_mask: Tensor,
    frame_mask: Tensor,
    noise_scale: float = 0.0,
    generator: torch.Generator | None = None,
    check_lengths: bool = True,
) -> Tensor:
    """Durations of the most likely monotonic alignment in which every token owns at least one frame.

    Dynamic programming over the frames, vectorised over batch and tokens, on whatever device the likelihoods are on.

    Args:
        log_likelihood (`Tensor` [B, T, F]): Log-likelihood of frame f under token t, finite where both masks hold.
        token_mask (`Tensor` [B, T]): True or 1 for real tokens, which come first in each row.
        frame_mask (`Tensor` [B, F]): True or 1 for real frames, which come first in each row.
        noise_scale (`float`): Standard deviation of the exploration noise, in units of the standard deviation of the
            row's valid likelihoods (VITS2; see `annealed_noise_scale`). 0 switches it off.
        generator (`torch.Generator`, *optional*): Source of that noise, on the device of the likelihoods.
        check_lengths (`bool`): Refuse impossible rows, for which the lengths are read back from the device once. False
            where the caller knows that no row is empty and none has more tokens than frames: a GPU then never waits.

    Returns:
        `Tensor` [B, T]: int64 frames per token; 0 for padding; each row sums to its number of frames.

    Raises:
        ValueError: On mismatching shapes, an empty row, or a row with more tokens than frames.
    """
    if log_likelihood.dim() != 3:
        raise ValueError(f"`log_likelihood` must be [B, T, F], got {tuple(log_likelihood.shape)}")
    batch, tokens, frames = log_likelihood.shape
    if tuple(token_mask.shape) != (batch, tokens) or tuple(frame_mask.shape) != (batch, frames):
        raise ValueError(
            f"for log_likelihood {tuple(log_likelihood.shape)} the masks must be {(batch, tokens)} and "
            f"{(batch, frames)}, got {tuple(token_mask.shape)} and {tuple(frame_mask.shape)}"
        )
    token_mask, frame_mask = token_mask.bool(), frame_mask.bool()
    token_lengths, frame_lengths = token_mask.sum(1), frame_mask.sum(1)
    if check_lengths:
        _check_lengths(token_lengths, frame_lengths)

    likelihood = log_likelihood.float()
    valid = token_mask[:, :, None] & frame_mask[:, None, :]
    if noise_scale > 0:
        likelihood = likelihood + _exploration_noise(likelihood, valid, noise_scale, generator)
    likelihood = likelihood.masked_fill(~valid, 0.0)
    # A constant per frame changes no comparison between paths, and small sums keep float32 exact enough.
    likelihood = likelihood - likelihood.masked_fill(~valid, -torch.inf).amax(1, keepdim=True).clamp_min(-1e30)

    # score[f, b, t + 1]: best path that is at token t in frame f. Column 0 is the forbidden place before token 0.
    score = likelihood.new_full((frames, batch, tokens + 1), -torch.inf)
    score[0, :, 1] = likelihood[:, 0, 0]
    score[1:, :, 1:] = likelihood.permute(2, 0, 1)[1:]
    best = likelihood.new_empty((batch, tokens))
    for frame in range(1, frames):
        torch.maximum(score[frame - 1, :, 1:], score[frame - 1, :, :-1], out=best)
        score[frame, :, 1:] += best

    # advanced[f, b, t]: the best path that is at token t in frame f was at t - 1 in frame f - 1.
    advanced = (score[:-1, :, :-1] > score[:-1, :, 1:]) & frame_mask.t()[1:, :, None]
    advanced = advanced.long()
    path = torch.empty((frames, batch, 1), dtype=torch.long, device=likelihood.device)
    path[-1] = (token_lengths - 1)[:, None]
    for frame in range(frames - 1, 0, -1):
        torch.sub(path[frame], advanced[frame - 1].gather(1, path[frame]), out=path[frame - 1])
    durations = torch.zeros((batch, tokens), dtype=torch.long, device=likelihood.device)
    return durations.scatter_add_(1, path[:, :, 0].t(), frame_mask.long())


def _check_lengths(token_lengths: Tensor, frame_lengths: Tensor) -> None:
    lengths = torch.stack((token_lengths, frame_lengths), 1).tolist()
    for row, (tokens, frames) in enumerate(lengths):
        if tokens == 0 or frames == 0:
            raise ValueError(f"row {row} has {tokens} tokens and {frames} frames: an alignment needs one of each")
        if tokens > frames:
            raise ValueError(
                f"row {row} has more tokens ({tokens}) than frames ({frames}): every token needs at least one frame. "
                "Drop the clip, or check that its text and its audio belong together"
            )


def _exploration_noise(likelihood: Tensor, valid: Tensor, scale: float, generator: torch.Generator | None) -> Tensor:
    """Gaussian noise [B, T, F] times `scale` times the standard deviation of each row's valid likelihoods."""
    count = valid.sum((1, 2), keepdim=True)
    mean = likelihood.masked_fill(~valid, 0.0).sum((1, 2), keepdim=True) / count
    deviation = (likelihood - mean).masked_fill(~valid, 0.0).square().sum((1, 2), keepdim=True).div(count).sqrt()
    noise = torch.randn(likelihood.shape, generator=generator, device=likelihood.device, dtype=likelihood.dtype)
    return noise * (deviation * scale)
