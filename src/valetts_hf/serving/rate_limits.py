"""How much one key may ask for: a bucket that fills up steadily and holds what a minute brings."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from valetts_hf.serving.errors import ServiceError


_MOST_BUCKETS = 10_000


class RateLimit:
    """
    Args:
        per_minute (`float`): of what is counted, for each owner; 0 is no limit.
        what (`str`): named in the message.
        clock (*optional*): seconds; for tests.
    """

    def __init__(self, per_minute: float, what: str, clock: Callable[[], float] = time.monotonic):
        self._per_minute = per_minute
        self._what = what
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # owner -> (level, when)
        self._lock = threading.Lock()

    def take(self, owner: str, amount: float = 1.0) -> None:
        """Count something for an owner. What is larger than the bucket needs a full one and leaves it in debt.

        Raises:
            `ServiceError`: 429 with the seconds to wait.
        """
        if self._per_minute <= 0:
            return
        with self._lock:
            now = self._clock()
            level, since = self._buckets.pop(owner, (self._per_minute, now))
            level = min(self._per_minute, level + (now - since) * self._per_minute / 60)
            missing = min(amount, self._per_minute) - level
            self._buckets[owner] = (level if missing > 0 else level - amount, now)
            while len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if missing > 0:
            seconds = max(1, math.ceil(missing * 60 / self._per_minute))
            raise ServiceError(
                429,
                "rate_limit",
                f"this key may ask for {self._per_minute:g} {self._what} a minute: try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            )
