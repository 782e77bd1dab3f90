"""A bounded queue in front of a few threads: synthesis runs off the event loop, and nobody waits behind too many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import Request

from valetts_hf.serving.errors import ServiceError, from_sdk


Result = TypeVar("Result")
RETRY_SECONDS = 2


class SynthesisQueue:
    """
    Args:
        workers (`int`): jobs computed at the same time, each in a thread of its own.
        max_waiting (`int`): jobs that may wait; more are refused.
    """

    def __init__(self, workers: int = 1, max_waiting: int = 8):
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="valetts-synthesis")
        self._room = workers + max_waiting
        self.pending = 0  # running and waiting
        self._lock = threading.Lock()

    async def run(self, request: Request, work: Callable[[], Result]) -> Result:
        """Do some work for a request, in its turn.

        A client that leaves while its job still waits takes the job along.

        Args:
            request: whose connection to watch; its body has been read.
            work: runs in a worker thread.

        Raises:
            `ServiceError`: the queue is full (429), the client left, or `work` raised (see `from_sdk`).
        """
        self._enter()
        job = self._pool.submit(work)
        job.add_done_callback(lambda _: self._leave())
        left = asyncio.ensure_future(_left(request))
        waiting = asyncio.wrap_future(job)
        try:
            await asyncio.wait({waiting, left}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                job.cancel()  # does nothing to one that runs: a pass of the model cannot be interrupted
                raise ServiceError(499, "client_left", "the client has left.")
            return await waiting
        except ServiceError:
            raise
        except Exception as error:
            raise from_sdk(error) from error
        finally:
            left.cancel()

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _enter(self) -> None:
        with self._lock:
            if self.pending >= self._room:
                raise ServiceError(
                    429,
                    "busy",
                    f"{self.pending} requests are being worked on already: try again in {RETRY_SECONDS} seconds.",
                    headers={"Retry-After": str(RETRY_SECONDS)},
                )
            self.pending += 1

    def _leave(self) -> None:
        with self._lock:
            self.pending -= 1


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
