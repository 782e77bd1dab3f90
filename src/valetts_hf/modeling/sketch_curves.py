"""Coarse curves over tokens: what a sketch of pitch or energy is made of, and how it reaches the frames.

DrawSpeech (arXiv 2501.04256, section 3.2): averages over phonemes, smoothed by a Savitzky-Golay filter of order 1 twice
(windows 7 and 4, ends repeated), then scaled to [0, 1] by the lowest and highest value of the utterance. Here only voiced
frames count, for energy too: vowels carry the loudness that is heard, while closures and pauses would drown the rest.
Padding never matters: behind its last known value a curve is continued with it. B batch, T tokens, F frames.
"""

import torch
from torch.nn import functional


SMOOTHING_WINDOWS = (7, 4)
_SHARES = (1.0, 0.85, 0.7, 0.55, 0.4, 0.3)  # of what lies between averages of tokens and the coarse curve
_FADE_TOKENS = 2.0  # a correction fades to 1/e over so many tokens outside of what was drawn


def token_means(
    values: torch.Tensor, counted: torch.Tensor, index: torch.Tensor, num_tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean over the counted frames of each token.

    Args:
        values (`torch.Tensor` [B, F]), counted (`torch.Tensor` [B, F], bool): frames and which of them count.
        index (`torch.Tensor` [B, F], int64): the token of each frame.
        num_tokens (`int`): T.

    Returns:
        Means [B, T] (0 for a token without counted frames) and which tokens have one, bool [B, T].
    """
    weights = counted.to(values.dtype)
    zeros = values.new_zeros(len(values), num_tokens)
    sums = zeros.scatter_add(1, index, values * weights)
    counts = zeros.scatter_add(1, index, weights)
    return sums / counts.clamp(min=1.0), counts > 0


def fill_gaps(values: torch.Tensor, known: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Continue a curve through its gaps: a line between known neighbours, the nearest known value outside of them.

    Args:
        values (`torch.Tensor` [B, N]), known (`torch.Tensor` [B, N], bool).

    Returns:
        The curve [B, N] (0 where a row knows nothing) and the distance of each position from a known one [B, N].
    """
    length = values.shape[1]
    position = torch.arange(length, device=values.device)[None].expand_as(values)
    before = torch.cummax(torch.where(known, position, -1), dim=1).values
    after = torch.where(known, position, length).flip(1).cummin(dim=1).values.flip(1)
    has_before, has_after = before >= 0, after < length
    left, right = torch.where(has_before, before, after), torch.where(has_after, after, before)
    left, right = left.clamp(0, length - 1), right.clamp(0, length - 1)
    share = (position - left).to(values.dtype) / (right - left).clamp(min=1)
    clean = torch.where(known, values, torch.zeros_like(values))
    filled = torch.lerp(clean.gather(1, left), clean.gather(1, right), share.clamp(0, 1))
    distance = torch.minimum(
        torch.where(has_before, position - before, length), torch.where(has_after, after - position, length)
    )
    return filled, distance


def smooth(values: torch.Tensor, inside: torch.Tensor | None = None) -> torch.Tensor:
    """Savitzky-Golay smoothing of order 1, windows 7 and 4, ends repeated: [B, N] -> [B, N].

    At order 1 the filter is a moving average; the even window reaches one further to the right, as SciPy's does.

    Args:
        values (`torch.Tensor` [B, N]).
        inside (`torch.Tensor` [B, N], bool, *optional*): where a row's curve lies; its ends are the ends that are repeated.
    """
    for window in SMOOTHING_WINDOWS:
        padding = ((window - 1) // 2, window // 2)
        padded = functional.pad(values[:, None], padding, mode="replicate")
        values = functional.avg_pool1d(padded, window, stride=1)[:, 0]
        if inside is not None:
            values = fill_gaps(values, inside)[0]
    return values


def between_ends(known: torch.Tensor) -> torch.Tensor:
    """From the first to the last true value of each row: [B, N], bool -> [B, N], bool."""
    counts = known.long().cumsum(dim=1)
    return (counts > 0) & ((counts < counts[:, -1:]) | known)


def coarse_curve(
    values: torch.Tensor, voiced: torch.Tensor, index: torch.Tensor, num_tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The coarse curve of a contour: averages over tokens, gaps filled, smoothed.

    Args:
        values (`torch.Tensor` [B, F]): log-F0 or log energy of each frame.
        voiced (`torch.Tensor` [B, F], bool): the frames that count; false on padding.
        index (`torch.Tensor` [B, F], int64): the token of each frame.
        num_tokens (`int`): T.

    Returns:
        The curve [B, T] (0 in rows without a voiced frame) and which tokens hold a voiced frame, bool [B, T].
    """
    means, known = token_means(values, voiced, index, num_tokens)
    return smooth(fill_gaps(means, known)[0], between_ends(known)), known


def curve_range(curve: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Lowest and highest value [B, 2] of a curve [B, T] over its known tokens (0, 0 for a row without)."""
    infinite = torch.full_like(curve, float("inf"))
    low = torch.where(known, curve, infinite).amin(dim=1)
    high = torch.where(known, curve, -infinite).amax(dim=1)
    both = torch.stack([low, high], dim=1)
    return torch.where(torch.isfinite(both), both, torch.zeros_like(both))


def curve_over_frames(curve: torch.Tensor, durations: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """A curve over tokens as a line through the middles of the tokens.

    Args:
        curve (`torch.Tensor` [B, T]): continued behind the last token (see `fill_gaps`).
        durations (`torch.Tensor` [B, T], int64): frames of each token.
        index (`torch.Tensor` [B, F], int64): the token of each frame.

    Returns:
        `torch.Tensor` [B, F].
    """
    ends = torch.cumsum(durations, dim=1)
    middles = ends.to(curve.dtype) - 0.5 * durations.to(curve.dtype)
    time = torch.arange(index.shape[1], device=index.device, dtype=curve.dtype)[None] + 0.5
    left = torch.where(time < middles.gather(1, index), index - 1, index).clamp(min=0)
    right = (left + 1).clamp(max=curve.shape[1] - 1)
    start, stop = middles.gather(1, left), middles.gather(1, right)
    share = ((time - start) / (stop - start).clamp(min=0.5)).clamp(0, 1)
    return torch.lerp(curve.gather(1, left), curve.gather(1, right), share)


def follow_curve(
    values: torch.Tensor,
    voiced: torch.Tensor,
    wanted: torch.Tensor,
    drawn: torch.Tensor,
    durations: torch.Tensor,
    index: torch.Tensor,
    least_correlation: float = 0.0,
) -> torch.Tensor:
    """Move a contour so that its coarse curve is the wanted one where that was drawn; its detail stays as it is.

    The same idea as conditioning diffusion on low frequencies (ILVR, arXiv 2108.02938), applied once, at the end. What lies
    between a token's average and the coarse curve (accents) is neither drawn nor detail: it is kept as far as the contour
    still correlates with the drawing, frame by frame, and shrunk to at least 0.3 of itself where it does not.

    Args:
        values (`torch.Tensor` [B, F]): the contour.
        voiced (`torch.Tensor` [B, F], bool): see `coarse_curve`.
        wanted (`torch.Tensor` [B, T]), drawn (`torch.Tensor` [B, T], bool): the curve, and where it is one.
        durations (`torch.Tensor` [B, T], int64), index (`torch.Tensor` [B, F], int64): how tokens lie over frames.
        least_correlation (`float`): 0 keeps all that lies between.

    Returns:
        `torch.Tensor` [B, F]; unchanged far from what was drawn, and in rows without a voiced frame.
    """
    means, known = token_means(values, voiced, index, wanted.shape[1])
    averages = fill_gaps(means, known)[0]
    coarse = smooth(averages, between_ends(known))
    drawn = drawn & known.any(dim=1, keepdim=True)
    zeros = torch.zeros_like(coarse)
    difference, distance = fill_gaps(torch.where(drawn, wanted - coarse, zeros), drawn)
    fade = torch.exp(-distance.to(difference.dtype) / _FADE_TOKENS)
    fade = fill_gaps(fade, durations > 0)[0]  # padding continues the last token
    moved = values + curve_over_frames(difference * fade, durations, index)
    if least_correlation <= 0:
        return moved
    between = curve_over_frames((averages - coarse) * fade * drawn.any(dim=1, keepdim=True), durations, index)
    target = curve_over_frames(fill_gaps(torch.where(drawn, wanted, zeros), drawn)[0], durations, index)
    judged = voiced & drawn.gather(1, index)
    shares = values.new_tensor(_SHARES)
    candidates = moved[:, None] - (1 - shares[:, None]) * between[:, None]  # [B, shares, F]
    good = _correlation(candidates, target[:, None], judged[:, None]) >= least_correlation
    good[:, -1] = True
    best = good.int().argmax(dim=1)  # the first, largest share that is good enough
    return candidates[torch.arange(len(values), device=values.device), best]


def _correlation(first: torch.Tensor, second: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Pearson correlation over the last dimension of what counts; 0 where one of them is constant."""
    weights = counted.to(first.dtype)
    count = weights.sum(dim=-1, keepdim=True).clamp(min=1)
    first = (first - (first * weights).sum(dim=-1, keepdim=True) / count) * weights
    second = (second - (second * weights).sum(dim=-1, keepdim=True) / count) * weights
    norm = first.square().sum(dim=-1) * second.square().sum(dim=-1)
    return (first * second).sum(dim=-1) * torch.rsqrt(norm.clamp(min=1e-12))
