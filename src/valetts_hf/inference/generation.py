"""From pieces of text with their voices to latents: one pass of the model for several, whatever adapters they need."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from valetts_hf.inference.batching import Job, PieceLatents, collate
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.streaming import speaking_with


def generated(model: Any, jobs: list[Job], manner: Manner) -> list[PieceLatents]:
    """Latents of some jobs; rows with different adapters share a batch where the adapters can.

    Args:
        model (`ValeTTSForSpeech`): with the adapters of the jobs attached.
        jobs: what to say.
        manner ([`Manner`]): how.
    """
    names = [None if job.adapter is None else job.adapter.name for job in jobs]
    if len(set(names)) == 1:
        return _together(model, jobs, names, manner)
    from valetts_hf.voices.adapters import can_mix_rows

    if can_mix_rows(model):
        return _together(model, jobs, names, manner)
    results: dict[int, PieceLatents] = {}
    for name in dict.fromkeys(names):
        rows = [row for row, other in enumerate(names) if other == name]
        found = _together(model, [jobs[row] for row in rows], [name] * len(rows), manner)
        results.update(zip(rows, found))
    return [results[row] for row in range(len(jobs))]


@torch.inference_mode()
def _together(model: Any, jobs: list[Job], adapters: list[str | None], manner: Manner) -> list[PieceLatents]:
    config = model.config
    noise: dict[str, float] = {}
    if manner.noise_scale is not None:
        # One knob for the listener: the durations' noise keeps its proportion to the prior's.
        ratio = manner.noise_scale / config.noise_scale if config.noise_scale > 0 else 0.0
        noise = {"noise_scale": manner.noise_scale, "duration_noise_scale": config.duration_noise_scale * ratio}
    with speaking_with(model, adapters if len(set(adapters)) > 1 else adapters[0]):
        output = model.generate_latents(**collate(jobs, model.device, manner), **asdict(manner.delivery), **noise)
    durations, frames = output.durations.tolist(), output.frame_lengths.tolist()

    def frames_of(row: int, values: torch.Tensor) -> torch.Tensor:
        return values[row : row + 1, : frames[row]].clone()  # a view of one row would keep the whole batch alive

    return [
        PieceLatents(
            frames_of(row, output.latents),
            frames_of(row, output.pitch),
            output.style[row : row + 1].clone(),
            durations[row][: len(job.piece.input_ids)],
            frames_of(row, output.energy),
            None if output.gain is None else frames_of(row, output.gain),
            job.adapter,
        )
        for row, job in enumerate(jobs)
    ]
