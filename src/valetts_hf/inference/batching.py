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

from valetts_hf.direction.sketch_tokens import padded_curves
from valetts_hf.direction.style_effect import StyleEffect
from valetts_hf.inference.long_text import Piece
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.phrasing import phrased
from valetts_hf.processing.text_directions import TokenDirections, padded_directions, with_pause_scale


@dataclass(frozen=True)
class Job:
    """A piece with everything that decides how it sounds.

    Args:
        item (`int`): number of the text it belongs to.
        piece ([`Piece`]): what to say.
        style (`torch.Tensor` of shape `(1, H)`): who says it.
        seed (`int`): of its noise.
        adapter ([`AttachedAdapter`], *optional*): of the voice, if it has one.
        effect ([`StyleEffect`], *optional*): in which manner, if not the voice's own.
    """

    item: int
    piece: Piece
    style: torch.Tensor
    seed: int
    adapter: Any = None
    effect: StyleEffect | None = None


@dataclass(frozen=True)
class PieceLatents:
    """What the model made of one piece.

    Args:
        latents [1, F, C], pitch [1, F] (log-F0, 0 = unvoiced), style [1, H]: for the decoder.
        durations (`list[int]` of length T): frames of each token.
        energy [1, F]: log energy that conditioned the prior.
        gain [1, F] (*optional*): factors on the waveform.
        adapter (*optional*): the [`AttachedAdapter`] to decode with; it stays attached as long as this object lives.
    """

    latents: torch.Tensor
    pitch: torch.Tensor
    style: torch.Tensor
    durations: list[int]
    energy: torch.Tensor
    gain: torch.Tensor | None = None
    adapter: Any = None


def collate(jobs: list[Job], device: torch.device, manner: Manner) -> dict[str, Any]:
    """Padded inputs of the model, B rows: tokens, languages, style, seed, and the directions for tokens if there are any."""
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
        **_directions(jobs, longest, device, manner),
        **_effects(jobs),
        **_sketches(jobs, longest, device),
    }


def _sketches(jobs: list[Job], longest: int, device: torch.device) -> dict[str, torch.Tensor]:
    if all(job.piece.sketch is None for job in jobs):
        return {}
    arrays = padded_curves([job.piece.sketch for job in jobs], longest)
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _effects(jobs: list[Job]) -> dict[str, torch.Tensor]:
    """`manner_style` and `pitch_style` [B, H], where any row has a style; one tensor where they agree in all rows."""
    if all(job.effect is None for job in jobs):
        return {}
    rows = [
        {"manner_style": job.style, "pitch_style": job.style} if job.effect is None else job.effect.inputs(job.style)
        for job in jobs
    ]
    manner = torch.cat([row["manner_style"] for row in rows])
    if all(row["pitch_style"] is row["manner_style"] for row in rows):
        return {"manner_style": manner, "pitch_style": manner}
    return {"manner_style": manner, "pitch_style": torch.cat([row["pitch_style"] for row in rows])}


def _directions(jobs: list[Job], longest: int, device: torch.device, manner: Manner) -> dict[str, torch.Tensor]:
    pieces = [phrased(job.piece) if manner.pauses == "model" else job.piece for job in jobs]
    if manner.pause_scale == 1 and all(piece.directions is None for piece in pieces):
        return {}
    rows = []
    for piece in pieces:
        directions = piece.directions or TokenDirections.neutral(len(piece.input_ids))
        scales = (manner.pause_scale, manner.delivery.speaking_rate)
        rows.append(with_pause_scale(directions, piece.input_ids, piece.places, *scales))
    arrays = padded_directions(rows, longest)
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


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
