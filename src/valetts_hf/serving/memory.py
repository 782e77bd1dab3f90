"""What the server has freed goes back to the system, so that its memory is that of the work in hand.

Every sentence has another length, so that the holes in the heaps of the C library never fit. glibc gives back what is free at
the end of a heap alone, leaves the more there the larger the blocks were that it has seen, and keeps a heap for each of the
first threads. What is kept for sentences of each length is limited elsewhere (`valetts serve`, and the caches of the front end).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any


# Sentences have ever new lengths, and what was prepared for them is kept: by oneDNN for 1024 shapes, by PyTorch above it for 1024
# more in each thread. Those were hundreds of megabytes after an hour, and no faster. Both are read when torch computes first.
PREPARED_SHAPES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "8"}
HEAPS = 2  # threads that compute hold the lock of a heap for a small part of their time
SECONDS = 10.0
_M_ARENA_MAX = -8  # of glibc's malloc.h


def _glibc() -> Any:
    """The C library, if it is glibc; else None."""
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version.restype = ctypes.c_char_p
        library.malloc_trim.argtypes = [ctypes.c_size_t]
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no library without a name
        return None
    return library


def limit_prepared_shapes() -> None:
    """Let PyTorch keep less of what it prepares for shapes, where the environment does not say how much. To be called before it
    computes anything.
    """
    for name, shapes in PREPARED_SHAPES.items():
        os.environ.setdefault(name, shapes)


def limit_heaps(count: int = HEAPS) -> bool:
    """Let all threads of the process share so many heaps. To be called early: heaps that there are stay.

    Args:
        count (`int`): of heaps. `MALLOC_ARENA_MAX` in the environment has the last word.

    Returns:
        `bool`: whether that was done: the C library is glibc, and the environment says nothing else.
    """
    library = None if "MALLOC_ARENA_MAX" in os.environ else _glibc()
    return library is not None and library.mallopt(_M_ARENA_MAX, count) == 1


def release_memory() -> bool:
    """Give the free pages of all heaps back, those between used ones too. Takes milliseconds, without Python's lock.

    Returns:
        `bool`: whether the C library can do that.
    """
    library = _glibc()
    if library is None:
        return False
    library.malloc_trim(0)
    return True


class MemoryKeeper:
    """Releases memory again and again, in a thread of its own, where the C library can do that.

    Args:
        seconds (`float`): between two times.
        release (*optional*): does it, and returns whether it can be done.
    """

    def __init__(self, seconds: float = SECONDS, release: Callable[[], bool] = release_memory):
        self._seconds = seconds
        self._release = release
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="valetts-memory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopped.wait(self._seconds) and self._release():
            pass
