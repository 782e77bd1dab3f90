"""Finished speech, kept in memory for the next who asks for exactly the same: text, voice, settings and checkpoint."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from typing import Any


class ResultCache:
    """
    Args:
        limit (`int`): bytes of audio; the least recently used goes first. 0 keeps nothing.
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.largest = limit // 8  # one entry; longer speech is not collected, so that memory stays flat
        self.bytes = 0
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> tuple[bytes, float] | None:
        """The file and its duration in seconds; None if it is not here."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep a file; one that is too large for its share is not kept."""
        if len(data) > self.largest:
            return
        with self._lock:
            self.bytes += len(data) - len(self._entries.pop(key, (b"", 0.0))[0])
            self._entries[key] = (data, seconds)
            while self.bytes > self.limit:
                self.bytes -= len(self._entries.popitem(last=False)[1][0])


def cache_key(**parts: Any) -> str:
    """One key for everything that decides how a request sounds, and for whom: nothing of it can be read back."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
