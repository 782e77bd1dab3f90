"""What several calls of the SDK take, checked: seeds, and one value for all texts or one for each."""

from __future__ import annotations

import operator
from typing import Any

import torch


MAX_SEED = 2**63 - 1


def checked_seed(seed: Any) -> int:
    """The seed given, or a new one out of torch's generator (so that `torch.manual_seed` governs it).

    Raises:
        TypeError: no integer. ValueError: out of range.
    """
    if seed is None:
        return int(torch.randint(0, 2**31, ()))
    try:
        if isinstance(seed, bool):
            raise TypeError
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed must be an integer or None, got {seed!r}.") from None
    if not 0 <= number <= MAX_SEED:
        raise ValueError(f"seed must be between 0 and {MAX_SEED}, got {seed!r}.")
    return number


def per_text(value: Any, texts: list[Any], what: str, several: bool) -> list[Any]:
    """One value for each text.

    Raises:
        ValueError: there are `several`, but not as many as texts.
    """
    if not several:
        return [value] * len(texts)
    if len(value) != len(texts):
        raise ValueError(f"{len(value)} {what} for {len(texts)} texts: give one, or a list with one per text.")
    return list(value)


def is_list_of_voices(voice: Any) -> bool:
    """A list of voices, not a style vector written as a list of numbers."""
    return isinstance(voice, (list, tuple)) and not all(isinstance(entry, (int, float)) for entry in voice)
