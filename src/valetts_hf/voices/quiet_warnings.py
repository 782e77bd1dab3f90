"""`warnings.catch_warnings` for threads.

It exchanges what the whole process has: of two threads inside it the one that leaves last puts back what the other had set,
and from then on nobody sees a warning. So there is one thread inside at a time.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def caught_warnings(record: bool = False) -> Iterator[list[warnings.WarningMessage] | None]:
    """As `warnings.catch_warnings(record=record)`."""
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=record) as said:
        yield said
