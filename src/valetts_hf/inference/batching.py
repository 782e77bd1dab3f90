"""The order of work: one piece at a time on a CPU, batches of similar length on an accelerator, results in order.

On a CPU a batch saves nothing and delays the first audio; on a GPU it fills the device. Each row of a batch has its own
seed and the model is exact under padding, so how pieces are grouped never changes how they sound. B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from valetts_hf.inference.long_text import Piece


@dataclass(frozen=True)
class Job:
    """A piece with everything that decides how it sounds.

    Args:
        item (`int`): number of the text it belongs to.
        piece ([`Piece`]): what to say.
        style (`torch.Tensor` of shape `(1, H)`): who says it.
        seed (`int`): of its noise.
        adapter ([`AttachedAdapter`], *optional*): of the voice, if it has one.
    """

    item: int
    piece: Piece
    style: torch.Tensor
    seed: int
    adapter: Any = None


@dataclass(frozen=True)
class PieceLatents:
    """What the decoder needs for one piece: latents [1, F, C], pitch [1, F], style [1, H]; frames of each token [T].

    `adapter` is the [`AttachedAdapter`] to decode with, or None; it stays attached as long as this object lives.
    """

    latents: torch.Tensor
    pitch: torch.Tensor
    style: torch.Tensor
    durations: list[int]
    adapter: Any = None


def collate(jobs: list[Job], device: torch.device) -> dict[str, Any]:
    """Padded inputs of the model: `input_ids`, `attention_mask`, `language_ids` [B, T], `style` [B, H], `seed` [B]."""
    longest = max(len(job.piece.input_ids) for job in jobs)
    shape = (len(jobs), longest)
    ids, mask, languages = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    for row, job in enumerate(jobs):
        length = len(job.piece.input_ids)
        ids[row, :length] = torch.tensor(job.piece.input_ids)
        languages[row, :length] = torch.tensor(job.piece.language_ids)
        mask[row, :length] = 1
    return {
        "input_ids": ids.to(device),
        "attention_mask": mask.to(device),
        "language_ids": languages.to(device),
        "style": torch.cat([job.style for job in jobs]),
        "seed": [job.seed for job in jobs],
    }


def latents_in_order(
    jobs: Iterable[Job], generate: Callable[[list[Job]], list[PieceLatents]], batch_size: int
) -> Iterator[tuple[Job, PieceLatents]]:
    """Latents of every job, in the order of the jobs, computed in batches of similar length.

    Args:
        jobs: iterable of [`Job`]; read only as far as needed.
        generate: computes the latents of some jobs.
        batch_size (`int`): most rows at once. The first batches are small (1, 2, 4, ...): the first audio comes early.
    """
    jobs = iter(jobs)
    window = 1
    while taken := list(islice(jobs, window)):
        by_length = sorted(range(len(taken)), key=lambda index: len(taken[index].piece.input_ids))
        results: dict[int, PieceLatents] = {}
        for start in range(0, len(by_length), batch_size):
            indices = by_length[start : start + batch_size]
            results.update(zip(indices, generate([taken[index] for index in indices])))
        for index, job in enumerate(taken):
            yield job, results.pop(index)
        window = 1 if batch_size == 1 else min(2 * window, 4 * batch_size)
