"""Sentences of different requests computed as one batch, on an accelerator, where a batch costs little more than a row.

Continuous: while one batch is computed, what arrives gathers behind it and becomes the next one; nobody waits for company.
Rows of a batch have their own seeds and the model is exact under padding, so neighbours do not change how a request sounds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from valetts_hf.inference import ValeTTS
from valetts_hf.inference.batching import Job, PieceLatents
from valetts_hf.inference.manner import Manner


Generate = Callable[[list[Job], Manner], list[PieceLatents]]
_MOST_PADDING = 2.0  # a row joins a batch whose longest row is at most so many times as long, and the other way round


class MicroBatcher:
    """
    Args:
        generate: computes the latents of some jobs that are said in the same manner.
        rows (`int`): most rows of one batch.
        on_batch (*optional*): called with the number of rows of each batch.
    """

    def __init__(self, generate: Generate, rows: int, on_batch: Callable[[int], Any] | None = None):
        self._generate = generate
        self._rows = rows
        self._on_batch = on_batch
        self._waiting: list[_Ticket] = []
        self._list = threading.Lock()
        self._device = threading.Lock()

    def __call__(self, jobs: list[Job], manner: Manner) -> list[PieceLatents]:
        """The latents of some jobs, computed together with those that other threads ask for meanwhile."""
        ticket = _Ticket(jobs, manner)
        with self._list:
            self._waiting.append(ticket)
        with self._device:  # whoever gets here first computes for those who wait
            if ticket.results is None and ticket.error is None:
                self._compute(self._take(ticket))
        if ticket.error is not None:
            raise ticket.error
        assert ticket.results is not None
        return ticket.results

    def _take(self, ticket: _Ticket) -> list[_Ticket]:
        """A ticket and those that go well with it, the nearest in length first."""
        with self._list:
            batch, rows = [ticket], len(ticket.jobs)
            others = [other for other in self._waiting if other is not ticket and other.manner == ticket.manner]
            for other in sorted(others, key=lambda other: abs(other.length - ticket.length)):
                ratio = max(other.length, ticket.length) / max(1, min(other.length, ticket.length))
                if rows + len(other.jobs) <= self._rows and ratio <= _MOST_PADDING:
                    batch.append(other)
                    rows += len(other.jobs)
            self._waiting = [other for other in self._waiting if other not in batch]
        return batch

    def _compute(self, batch: list[_Ticket]) -> None:
        jobs = [job for ticket in batch for job in ticket.jobs]
        try:
            if self._on_batch is not None:
                self._on_batch(len(jobs))
            results = iter(self._generate(jobs, batch[0].manner))
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for ticket in batch:  # the fault of one is not the others'
                self._compute([ticket])
            return
        for ticket in batch:
            ticket.results = [next(results) for _ in ticket.jobs]


class _Ticket:
    """What one thread waits for."""

    def __init__(self, jobs: list[Job], manner: Manner):
        self.jobs = jobs
        self.manner = manner
        self.length = max(len(job.piece.input_ids) for job in jobs)
        self.results: list[PieceLatents] | None = None
        self.error: Exception | None = None


class BatchedTTS(ValeTTS):
    """A `ValeTTS` whose calls from several threads share batches.

    Args:
        tts ([`ValeTTS`]): whose model and processor to use.
        rows (`int`): most rows of one batch.
        on_batch (*optional*): called with the number of rows of each batch.
    """

    def __init__(self, tts: ValeTTS, rows: int, on_batch: Callable[[int], Any] | None = None):
        super().__init__(tts.model, tts.processor, batch_size=min(tts.batch_size, rows))
        self._lookup, self._styles = tts._lookup, tts._styles
        self._batcher = MicroBatcher(super()._generate, rows, on_batch)

    def _generate(self, jobs: list[Job], manner: Manner) -> list[PieceLatents]:
        return self._batcher(jobs, manner)
