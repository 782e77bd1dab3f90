"""Who is computed next: work in short steps, the most urgent first, a bounded number of requests, deadlines.

Each request is a generator whose steps take some tenths of a second (a chunk of a stream, or all of a small job). The next
step goes to the request whose listener would run out of sound first: it arrived at a time and has been given so many
seconds of audio since. New requests therefore get their first audio soon, long ones keep up with their own playback, and
none of them starves another. A request whose client does not take what is ready is set aside, so memory stays flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from fastapi import Request

from valetts_hf.serving.errors import ServiceError, from_sdk, unexpected
from valetts_hf.serving.tracing import RequestTrace


Item = TypeVar("Item")
_AHEAD = 8  # finished items that wait for a client before its request is set aside


class Scheduler:
    """
    Args:
        workers (`int`): steps computed at the same time, each in a thread of its own.
        max_waiting (`int`): requests beyond those; more are refused.
        first_seconds (`float`): until the first item of a request.
        total_seconds (`float`): until its last.
        stall_seconds (`float`): after so long a client that takes nothing makes room when there is none.
        clock (*optional*): seconds; for tests.
    """

    def __init__(
        self,
        workers: int = 1,
        max_waiting: int = 32,
        first_seconds: float = 30.0,
        total_seconds: float = 900.0,
        stall_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.workers = workers
        self.room = workers + max_waiting
        self.first_seconds = first_seconds
        self.total_seconds = total_seconds
        self.stall_seconds = stall_seconds
        self.clock = clock
        self.changed = threading.Condition()
        self.ready: list[tuple[float, int, Job]] = []
        self._jobs: set[Job] = set()
        self._running: dict[Job, float] = {}
        self._typical_seconds = 1.0  # of computing for one request
        self._numbers = itertools.count()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"valetts-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pending(self) -> int:
        """Requests that are being worked on or wait."""
        return len(self._jobs)

    @property
    def waiting(self) -> int:
        """Requests that have got nothing yet."""
        with self.changed:
            return sum(not job.begun for job in self._jobs)

    def stuck_seconds(self) -> float:
        """How long the longest step has been running; infinite if a worker is gone."""
        with self.changed:
            now = self.clock()
            longest = max((now - since for since in self._running.values()), default=0.0)
        return longest if self._closed or all(thread.is_alive() for thread in self._threads) else math.inf

    def submit(
        self, steps: Iterator[tuple[Item, float]], ahead: float = 0.0, trace: RequestTrace | None = None
    ) -> Job[Item]:
        """Take on the work of a request; call from the event loop.

        Args:
            steps: iterator over (item, seconds of audio in it); run in worker threads, one step at a time.
            ahead (`float`): seconds of audio that its listener still has from before.
            trace ([`RequestTrace`], *optional*): told when it waits and when it is computed.

        Returns:
            [`Job`]: iterate over it for the items, and `cancel` it in any case.

        Raises:
            `ServiceError`: 429, there is no room, or none in time; 503, the server is closing.
        """
        with self.changed:
            if self._closed:
                raise ServiceError(503, "closing", "the server is stopping: try again in a moment.")
            full = len(self._jobs) >= self.room
            stalled = [job for job in self._jobs if job.stalled(self.clock())] if full else []
        for job in stalled:
            # With an error: what it has got so far must not pass for the whole.
            job.cancel(ServiceError(503, "stalled", "nothing was taken for too long, and others needed the room."))
        with self.changed:
            if len(self._jobs) >= self.room or self._longest_wait() > self.first_seconds / 2:
                seconds = self._retry_seconds()
                raise ServiceError(
                    429,
                    "busy",
                    f"{len(self._jobs)} requests are being worked on already: try again in {seconds} seconds.",
                    headers={"Retry-After": str(seconds)},
                )
            job = Job(self, steps, ahead, trace)
            self._jobs.add(job)
            self.schedule(job)
        return job

    async def run(self, request: Request, work: Callable[[], Item]) -> Item:
        """Do some work for a request, in its turn, in one step.

        Args:
            request: whose connection to watch; its body has been read.
            work: runs in a worker thread.

        Raises:
            `ServiceError`: no room (429), too late (504), the client left, or `work` raised (see `from_sdk`).
        """

        def once() -> Iterator[tuple[Item, float]]:
            yield work(), 0.0

        job = self.submit(once())
        try:
            return await first_of(request, job)
        finally:
            job.cancel()

    def close(self, seconds: float = 10.0) -> None:
        """Finish the steps that run, drop everything else."""
        with self.changed:
            self._closed = True
            jobs = list(self._jobs)
            self.changed.notify_all()
        for job in jobs:
            job.cancel()
        for thread in self._threads:
            thread.join(seconds)

    def schedule(self, job: Job) -> None:
        """Let a job have another step (with `changed` held)."""
        heapq.heappush(self.ready, (job.due, next(self._numbers), job))
        self.changed.notify()

    def forget(self, job: Job) -> None:
        """A job is over (with `changed` held)."""
        if job in self._jobs:
            self._jobs.discard(job)
            if job.begun:
                self._typical_seconds += 0.1 * (job.busy_seconds - self._typical_seconds)

    def _longest_wait(self) -> float:
        """How long the oldest request without any audio has been waiting: about as long a new one would wait. Refusing it
        now is kinder than letting it run into the deadline."""
        return max((self.clock() - job.submitted for job in self._jobs if not job.begun), default=0.0)

    def _retry_seconds(self) -> int:
        return min(60, max(1, math.ceil(self._typical_seconds * len(self._jobs) / self.workers)))

    def _work(self) -> None:
        while True:
            with self.changed:
                while not self.ready and not self._closed:
                    self.changed.wait()
                if self._closed:
                    return
                job = heapq.heappop(self.ready)[2]
                self._running[job] = self.clock()
            try:
                job.step()
            finally:
                with self.changed:
                    self._running.pop(job, None)


class Job(Generic[Item]):
    """The work of one request: an asynchronous iterator over its items."""

    def __init__(
        self,
        scheduler: Scheduler,
        steps: Iterator[tuple[Item, float]],
        ahead: float = 0.0,
        trace: RequestTrace | None = None,
    ):
        self._scheduler = scheduler
        self._steps = steps
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._items: deque[Item] = deque()
        self.error: BaseException | None = None
        self._stepping = False
        self._aside_since: float | None = None
        self.submitted = scheduler.clock()
        self._ahead = ahead
        self._trace = trace
        if trace is not None:
            trace.queued()
        self.begun = False
        self.over = False
        self.busy_seconds = 0.0
        self.audio_seconds = 0.0

    @property
    def due(self) -> float:
        """When its listener, who began to listen at once, runs out of sound."""
        return self.submitted + self._ahead + self.audio_seconds

    @property
    def taken(self) -> bool:
        """Whether all that it made has been handed out."""
        return self.over and not self._items

    def stalled(self, now: float) -> bool:
        return self._aside_since is not None and now - self._aside_since > self._scheduler.stall_seconds

    def __aiter__(self) -> Job[Item]:
        return self

    async def __anext__(self) -> Item:
        """The next item.

        Raises:
            `ServiceError`: too late (504), or what the work raised (see `from_sdk`).
        """
        scheduler = self._scheduler
        while True:
            with scheduler.changed:
                if self._items:
                    item = self._items.popleft()
                    if self._aside_since is not None and len(self._items) < _AHEAD // 2:
                        self._aside_since = None
                        scheduler.schedule(self)
                    return item
                if self.error is not None:
                    raise from_sdk(self.error) from self.error  # type: ignore[arg-type]
                if self.over:
                    raise StopAsyncIteration
                self._news.clear()
                allowed = scheduler.total_seconds if self.begun else scheduler.first_seconds
            try:
                await asyncio.wait_for(self._news.wait(), max(0.0, self.submitted + allowed - scheduler.clock()))
            except asyncio.TimeoutError:
                what = "not finished" if self.begun else "no audio"
                late = ServiceError(
                    504,
                    "too_late",
                    f"{what} after {allowed:g} seconds: send less text at once, or try again when fewer others ask.",
                )
                self.cancel(late)

    def cancel(self, error: BaseException | None = None) -> None:
        """Stop: no step begins any more, what waits is dropped. Cancelling what is over does nothing."""
        with self._scheduler.changed:
            if self.over:
                return
            self._items.clear()
            self._end(error)
            if self._stepping:
                return  # whoever steps closes it: a pass of the model cannot be interrupted
        self._close_steps()

    def step(self) -> None:
        """Compute the next item; in a worker thread."""
        scheduler = self._scheduler
        with scheduler.changed:
            if self.over:
                return
            self._stepping = True
        started = time.perf_counter()
        if self._trace is not None:
            self._trace.step_begins()
        item: Any = None
        seconds, ended, error = 0.0, False, None
        try:
            item, seconds = next(self._steps)
        except StopIteration:
            ended = True
        except Exception as problem:
            ended, error = True, problem
        if self._trace is not None:
            self._trace.step_ends(seconds)
        with scheduler.changed:
            self._stepping = False
            self.busy_seconds += time.perf_counter() - started
            cancelled = self.over
            if not cancelled and ended:
                self._end(error)
            elif not cancelled:
                self.begun = True
                self.audio_seconds += seconds
                self._items.append(item)
                if len(self._items) >= _AHEAD:
                    self._aside_since = scheduler.clock()
                else:
                    scheduler.schedule(self)
                self._tell()
        if cancelled or ended:
            self._close_steps()

    def _end(self, error: BaseException | None) -> None:
        self.error = error
        self.over = True
        self._scheduler.forget(self)
        self._tell()

    def _tell(self) -> None:
        # The loop may end at any moment; a worker must not end with it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    def _close_steps(self) -> None:
        close = getattr(self._steps, "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:  # a full disk, say: nobody waits for the work, and the worker goes on
                unexpected(error)


async def first_of(request: Request, job: Job[Item]) -> Item:
    """The first item of a job, unless the client leaves before.

    Raises:
        `ServiceError`: 499, the client left; or as the job.
        `StopAsyncIteration`: there are no items.
    """
    left = asyncio.ensure_future(_left(request))
    item = asyncio.ensure_future(job.__anext__())
    try:
        await asyncio.wait({item, left}, return_when=asyncio.FIRST_COMPLETED)
        if not item.done():
            raise ServiceError(499, "client_left", "the client has left.")
        return item.result()
    finally:
        left.cancel()
        item.cancel()
        await asyncio.gather(left, item, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
