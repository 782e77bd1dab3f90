"""Lengths and masks: padding masks, durations to frames, tokens expanded to frames.

B batch, T tokens, F frames, C channels.
"""

import torch


def length_mask(lengths: torch.Tensor, max_length: int | None = None) -> torch.Tensor:
    """Lengths [B] -> boolean mask [B, max_length], true on the first `lengths` positions."""
    if max_length is None:
        max_length = int(lengths.max())
    return torch.arange(max_length, device=lengths.device)[None] < lengths[:, None]


def round_durations(
    durations: torch.Tensor, mask: torch.Tensor, may_vanish: torch.Tensor | None = None
) -> torch.Tensor:
    """Real-valued durations [B, T] (frames) -> integers [B, T], 0 where `mask` is false, at least 1 elsewhere.

    The running sum is rounded rather than each value, so that the total length, and with it the speaking rate, is kept.
    Tokens that `may_vanish` [B, T] get 0 frames where they last less than half of one.
    """
    steps = torch.cumsum(mask.bool() if may_vanish is None else mask.bool() & ~may_vanish, dim=1)
    ends = torch.round(torch.cumsum(durations.double() * mask, dim=1)).long()
    ends = torch.cummax(ends - steps, dim=1).values.clamp(min=0) + steps  # each token keeps its least
    starts = torch.nn.functional.pad(ends, (1, 0))[:, :-1]
    return (ends - starts) * mask.long()


def expansion_index(durations: torch.Tensor, num_frames: int | None = None) -> torch.Tensor:
    """Integer durations [B, T] -> for every frame the index of its token, [B, F]; frames past the end repeat the last."""
    ends = torch.cumsum(durations, dim=1)
    if num_frames is None:
        num_frames = int(ends[:, -1].max())
    frames = torch.arange(num_frames, device=durations.device)[None].expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)


def expand_tokens(hidden_states: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Token states [B, T, C] repeated along frames by `index` [B, F] -> [B, F, C]."""
    return hidden_states.gather(1, index[..., None].expand(-1, -1, hidden_states.shape[-1]))


def position_in_token(
    durations: torch.Tensor, index: torch.Tensor, frames: torch.Tensor | None = None
) -> torch.Tensor:
    """Where each frame lies in its token and how long that token is: [B, F, 2] (relative position in (0, 1), log frames).

    `frames` [B, F]: which frames they are, where `index` is not that of all frames from the first on.
    """
    starts = torch.cumsum(durations, dim=1) - durations
    if frames is None:
        frames = torch.arange(index.shape[1], device=index.device)[None]
    length = durations.gather(1, index).clamp(min=1).float()
    relative = ((frames - starts.gather(1, index)).float() + 0.5) / length
    return torch.stack([relative.clamp(max=1.0), torch.log(length)], dim=-1)
