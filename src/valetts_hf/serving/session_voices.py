"""Voices made from uploads: in memory, for a while, each known only to whoever holds its key."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from valetts_hf.serving.errors import ServiceError
from valetts_hf.voices.voice import Voice


PREFIX = "clip-"


class SessionVoices:
    """
    Args:
        limit (`int`): how many are held; the least recently used goes first.
        minutes (`float`): how long one stays without being used.
        clock (*optional*): seconds; for tests.
    """

    def __init__(self, limit: int, minutes: float, clock: Callable[[], float] = time.monotonic):
        self._limit = limit
        self._seconds = 60.0 * minutes
        self._clock = clock
        self._voices: OrderedDict[str, tuple[float, Voice]] = OrderedDict()  # key -> (last use, voice)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._voices)

    def add(self, voice: Voice) -> str:
        """Keep a voice; returns its key, which nobody can guess."""
        key = PREFIX + secrets.token_urlsafe(18)
        with self._lock:
            self._forget_old()
            self._voices[key] = (self._clock(), voice)
            while len(self._voices) > self._limit:
                self._voices.popitem(last=False)
        return key

    def get(self, key: str) -> Voice:
        """The voice of a key.

        Raises:
            `ServiceError`: 404, there is none or it has been forgotten.
        """
        with self._lock:
            self._forget_old()
            if key not in self._voices:
                raise ServiceError(
                    404,
                    "voice_forgotten",
                    f"this voice is not here any more: uploaded voices are kept for {self._seconds / 60:g} minutes. Add the "
                    "recording again.",
                )
            voice = self._voices.pop(key)[1]
            self._voices[key] = (self._clock(), voice)
            return voice

    def remove(self, key: str) -> None:
        """Forget a voice at once; as `get` where there is none."""
        self.get(key)
        with self._lock:
            self._voices.pop(key, None)

    def _forget_old(self) -> None:
        oldest = self._clock() - self._seconds
        while self._voices and next(iter(self._voices.values()))[0] < oldest:
            self._voices.popitem(last=False)
