"""How many WebSockets may be open, and how many of them one key may hold: unlike requests, they end when their client likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from valetts_hf.serving.errors import ServiceError


class LivePlaces:
    """
    Args:
        room (`int`): connections that may be open.
        shared (callable): whether others want places, too; asked when one is taken.
    """

    def __init__(self, room: int, shared: Callable[[], bool]):
        self._room = room
        self._shared = shared
        self._held: Counter[str] = Counter()  # owner -> connections

    @property
    def open(self) -> int:
        return self._held.total()

    def take(self, owner: str) -> None:
        """One more connection. Where places are shared, nobody holds more of them than are free: one owner gets no further
        than half of the room, two get no further than two thirds, and the next one still finds a place.

        Raises:
            `ServiceError`: 429, no place is free ("busy") or this owner has its share ("rate_limit").
        """
        free, held = self._room - self.open, self._held[owner]
        if free <= 0:
            raise _refusal("busy", f"{self.open} connections are open already: try again in a moment.")
        if held >= free and self._shared():
            message = f"this key has {held} connections open, and {free} are left for others: close one of them first."
            raise _refusal("rate_limit", message)
        self._held[owner] += 1

    def leave(self, owner: str) -> None:
        """A connection has ended."""
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]


def _refusal(code: str, message: str) -> ServiceError:
    return ServiceError(429, code, message, headers={"Retry-After": "5"})
