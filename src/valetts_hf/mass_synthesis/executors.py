"""Who does the work: this process, or several on this machine. (`ray_executor` has a third answer.)

Outcomes come back to one process, which alone writes down what is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from valetts_hf.mass_synthesis.rows import Row
from valetts_hf.mass_synthesis.speaking import Job, Outcome, RowSpeaker, speak_rows


def speak_here(speaker: RowSpeaker, groups: Iterable[list[Row]]) -> Iterator[list[Outcome]]:
    """Outcomes of groups of rows, one group after the other in this process."""
    for rows in groups:
        yield speaker(rows)


def speak_in_processes(job: Job, groups: Iterable[list[Row]], processes: int) -> Iterator[list[Outcome]]:
    """
    Outcomes of groups of rows, spoken by several processes; one that dies of a row takes nothing else along.

    Args:
        job ([`Job`]): for each of them.
        groups: drawn as they are needed.
        processes (`int`): 2 or more.

    Raises:
        `OSError`: the place cannot be written to; the model cannot be loaded.
    """
    from valetts_hf.training.data.workers import WorkerCrash, map_in_order

    again: list[Row] = []
    for rows, outcomes in map_in_order(speak_rows, ((rows, (job, rows)) for rows in groups), processes):
        if isinstance(outcomes, WorkerCrash) and len(rows) > 1:
            again += rows
        else:
            yield [_died(rows[0])] if isinstance(outcomes, WorkerCrash) else outcomes
    for rows, outcomes in map_in_order(speak_rows, (([row], (job, [row])) for row in again), processes):
        yield [_died(rows[0])] if isinstance(outcomes, WorkerCrash) else outcomes


def _died(row: Row) -> Outcome:
    return Outcome(
        row,
        role="text",
        error="the process that spoke it died: too little memory, or a fault in a library.",
        kind="WorkerCrash",
    )
