"""How alike two voices are, by any embedder. S samples, D width of an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from valetts_hf.training.metrics.audio_pairs import checked_pair


class Embedder(Protocol):
    """Any speaker encoder: samples in [-1, 1] of shape `(S,)` and their rate in Hz, to an embedding `(D,)`."""

    def __call__(self, waveform: np.ndarray, sampling_rate: int) -> np.ndarray: ...


def cosine_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """
    Cosine of the angle between two embeddings `(D,)`, in [-1, 1].

    Raises:
        ValueError: shapes that differ, or a vector of length 0.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"embeddings must be two vectors (D,) of one width, got {first.shape} and {second.shape}")
    norms = np.linalg.norm(first) * np.linalg.norm(second)
    if norms == 0:
        raise ValueError("an embedding is all zeros: the embedder heard nothing")
    return float(np.clip(first @ second / norms, -1.0, 1.0))


def speaker_similarity(
    predicted: Sequence[np.ndarray], reference: Sequence[np.ndarray], embedder: Embedder, sampling_rate: int = 24_000
) -> list[float]:
    """
    Cosine similarity of each pair of recordings, in [-1, 1]; what counts as the same speaker depends on the embedder.

    Args:
        predicted, reference (sequences of `np.ndarray` of shape `(S_i,)`): N each; lengths need not agree.
        embedder: see `Embedder`.
        sampling_rate (`int`): in Hz.

    Raises:
        ValueError: different numbers of recordings, or recordings that cannot be used.
    """
    if len(predicted) != len(reference):
        raise ValueError(f"{len(predicted)} predictions cannot be compared with {len(reference)} references")
    similarities = []
    for one, other in zip(predicted, reference, strict=True):
        pair = checked_pair(one, other)
        embeddings = [np.asarray(embedder(waveform.astype(np.float32), sampling_rate)) for waveform in pair]
        similarities.append(cosine_similarity(*embeddings))
    return similarities
