"""Uploaded voices: few, for a while, and only for whoever holds the key."""

from __future__ import annotations

import numpy as np
import pytest

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.session_voices import SessionVoices
from valetts_hf.voices.voice import Voice


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def voice(name: str) -> Voice:
    return Voice(name, np.ones(4), "checkpoint")


def gone(voices: SessionVoices, key: str) -> bool:
    try:
        voices.get(key)
    except ServiceError as error:
        assert error.status_code == 404 and "again" in error.message
        return True
    return False


def test_keys_cannot_be_guessed():
    voices = SessionVoices(100, 60)
    keys = {voices.add(voice("a")) for _ in range(50)}
    assert len(keys) == 50 and all(len(key) > 20 for key in keys)


def test_the_least_recently_used_goes_first():
    voices = SessionVoices(2, 60)
    first, second = voices.add(voice("a")), voices.add(voice("b"))
    assert voices.get(first).name == "a"
    third = voices.add(voice("c"))
    assert gone(voices, second) and not gone(voices, first) and not gone(voices, third)


def test_unused_voices_are_forgotten_and_used_ones_stay():
    clock = Clock()
    voices = SessionVoices(9, 10, clock)
    used, unused = voices.add(voice("a")), voices.add(voice("b"))
    for minute in (4, 8, 12, 16):
        clock.now = 60.0 * minute
        voices.get(used)
    assert gone(voices, unused) and len(voices) == 1


def test_removing():
    voices = SessionVoices(9, 10)
    key = voices.add(voice("a"))
    voices.remove(key)
    assert gone(voices, key)
    with pytest.raises(ServiceError, match="not here any more"):
        voices.remove(key)
