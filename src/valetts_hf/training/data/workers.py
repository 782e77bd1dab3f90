"""A function over many items in several processes: in order, with bounded look-ahead, surviving a worker that dies.

Workers read the languages that this process had learned when they were started, such as those of a fine-tuned checkpoint.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from valetts_hf.processing.languages import BUILT_IN, LANGUAGES, Language


LOOK_AHEAD = 8  # items under way for each process
Tag = TypeVar("Tag")


class WorkerCrash:
    """What an item comes to whose worker died of it (a crash in a C library, or out of memory)."""


def map_in_order(
    function: Callable, tasks: Iterable[tuple[Tag, tuple | None]], num_proc: int, look_ahead: int = LOOK_AHEAD
) -> Iterator[tuple[Tag, Any]]:
    """
    Results of a function, in the order of the tasks; tasks are drawn as results are taken.

    Args:
        function (callable): importable by name.
        tasks (iterable of `(tag, arguments)`): with `None` for arguments there is nothing to do.
        num_proc (`int`): processes; up to 1 works in this one.
        look_ahead (`int`): items under way for each process; few where results are large.

    Yields:
        `(tag, result)`: `None` where there was nothing to do, a [`WorkerCrash`] where the worker died.
    """
    if num_proc <= 1:
        for tag, arguments in tasks:
            yield tag, None if arguments is None else function(*arguments)
        return
    pool = _Pool(num_proc)
    window: deque[tuple[Tag, tuple | None, Future | None]] = deque()
    try:
        for tag, arguments in tasks:
            window.append((tag, arguments, None if arguments is None else pool.submit(function, arguments)))
            if len(window) > look_ahead * num_proc:
                yield window[0][0], pool.result(function, window)
        while window:
            yield window[0][0], pool.result(function, window)
    finally:
        pool.close()


class _Pool:
    """An executor that is replaced when one of its processes dies."""

    def __init__(self, num_proc: int):
        self.num_proc = num_proc
        self.executor = self._executor(num_proc)
        self.single: ProcessPoolExecutor | None = None

    @staticmethod
    def _executor(num_proc: int) -> ProcessPoolExecutor:
        # "fork" would copy torch's thread pools in whatever state they are in.
        context = multiprocessing.get_context("spawn")
        learned = list(LANGUAGES.values())[BUILT_IN:]
        return ProcessPoolExecutor(num_proc, mp_context=context, initializer=_begin, initargs=(learned,))

    def submit(self, function: Callable, arguments: tuple) -> Future:
        try:
            return self.executor.submit(function, *arguments)
        except BrokenProcessPool:  # seen before the result that broke it was asked for
            failed: Future = Future()
            failed.set_exception(BrokenProcessPool())
            return failed

    def result(self, function: Callable, window: deque) -> Any:
        """Take the first result out of the window; if the pool broke, the items under way are tried one at a time."""
        _, arguments, future = window[0]
        if future is None:
            window.popleft()
            return None
        try:
            result = future.result()
            window.popleft()
            return result
        except BrokenProcessPool:
            self._rescue(function, window)
            window.popleft()
            return self.alone(function, arguments)

    def _rescue(self, function: Callable, window: deque) -> None:
        self.close()
        self.executor = self._executor(self.num_proc)
        for position, (tag, arguments, future) in enumerate(window):
            broken = future is not None and (
                not future.done() or future.cancelled() or isinstance(future.exception(), BrokenProcessPool)
            )
            if broken and position:
                window[position] = (tag, arguments, _Later(self, function, arguments))

    def alone(self, function: Callable, arguments: tuple) -> Any:
        """The result of an item while no other is under way, so that only it can be blamed."""
        self.single = self.single or self._executor(1)
        try:
            return self.single.submit(function, *arguments).result()
        except BrokenProcessPool:
            self.single = None
            return WorkerCrash()

    def close(self) -> None:
        """End all processes without waiting for them."""
        for executor in (self.executor, self.single):
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
        self.single = None


class _Later:
    """Stands for the future of an item that runs alone when its result is asked for."""

    def __init__(self, pool: _Pool, function: Callable, arguments: tuple):
        self.pool, self.function, self.arguments = pool, function, arguments

    def done(self) -> bool:
        return True

    def cancelled(self) -> bool:
        return False

    def exception(self) -> None:
        return None

    def result(self) -> Any:
        return self.pool.alone(self.function, self.arguments)


def _begin(languages: list[Language]) -> None:
    """In a new worker: learn languages; Ctrl-C is the parent's business, it writes what is finished and ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    LANGUAGES.update((language.code, language) for language in languages)
