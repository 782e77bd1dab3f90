"""Aligning recordings of many minutes with their text, by Gaussians estimated elsewhere, in bounded memory.

The same states and costs as `bootstrap_alignment`, but the dynamic programme looks only at a window of states that follows
the best one, and keeps one bit for each of them and each frame: 10 minutes take 15 MB. The Gaussians are adapted to the
recording (maximum a posteriori, Gauvain and Lee 1994) between two passes.
F frames, D features, P Gaussians, N states of the whole text, W states of the window.
"""

from __future__ import annotations

import numpy as np

from valetts_hf.training.aligner.alignment_units import PHONE, SEPARATOR, UnitSequence
from valetts_hf.training.aligner.bootstrap_alignment import BORROW_COST, LONGEST_SOUND
from valetts_hf.training.aligner.monophone_model import SILENCES, STATES, adapt_weights


WINDOW = 2048  # states: more than a minute of speech
STEP = 64  # frames between two moves of the window


def align_recording(
    features: np.ndarray, units: UnitSequence, keys: dict[str, int], weights: np.ndarray, window: int = WINDOW
) -> np.ndarray | None:
    """
    Frames of each sound and pause of a recording.

    Args:
        features (`np.ndarray` of shape `(F, 39)`, float): normalised.
        units ([`UnitSequence`]): U sounds and pauses of the text.
        keys (`dict[str, int]`), weights (`np.ndarray` of shape `(P, 79)`): what `fit_monophones` estimated.
        window (`int`): states W that are looked at in each frame.

    Returns:
        `np.ndarray` of shape `(U,)`, int64: at least 1 each, summing to F; `None` if there are more sounds than frames,
        or text and speech go apart by more than the window.
    """
    states = np.where(units.kinds == PHONE, np.maximum(units.token_counts, STATES), units.token_counts)
    if states.sum() > len(features):
        return None
    state_units = np.repeat(np.arange(len(states)), states)
    within = np.arange(len(state_units)) - np.repeat(np.cumsum(states) - states, states)
    bases = np.array([keys.get(key, keys[""]) if kind == PHONE else -1 for key, kind in zip(units.keys, units.kinds)])
    gaussians = np.where(bases[state_units] < 0, -1, bases[state_units] + within * STATES // states[state_units])
    # A boundary without a pause still owns a frame; it may sound like the end of the word before or the next start.
    separators = units.kinds[state_units] == SEPARATOR
    firsts, stops = np.cumsum(states) - states, np.cumsum(states)
    before = np.where(separators, gaussians[np.maximum(firsts[state_units] - 1, 0)], -1)
    behind = np.where(separators, gaussians[np.minimum(stops[state_units], len(gaussians) - 1)], -1)
    layout = np.stack([gaussians, before, behind])
    path = _best_path(features, layout, weights, window)
    if path is not None:
        labels = gaussians[path]
        quiet = ~separators[path] & (labels < 0)
        labels[quiet] = (weights[:SILENCES] @ _extended(features[quiet]).T).argmax(0)
        frames = np.bincount(state_units[path], minlength=len(states))
        labels[((units.kinds == PHONE) & (frames > LONGEST_SOUND))[state_units[path]]] = -1
        path = _best_path(features, layout, adapt_weights(weights, features, labels), window)
    return None if path is None else np.bincount(state_units[path], minlength=len(states)).astype(np.int64)


def _extended(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features, dtype=np.float32)
    return np.concatenate([features, features * features, np.ones((len(features), 1), dtype=np.float32)], axis=1)


def _best_path(features: np.ndarray, layout: np.ndarray, weights: np.ndarray, window: int) -> np.ndarray | None:
    """State of each frame, `(F,)`, or None; `layout` `(3, N)` has the Gaussian of each state and of its neighbours."""
    frames, count = len(features), layout.shape[1]
    width = min(window, count)
    impossible = np.float32(-1e30)
    advanced = np.zeros((frames, -(-width // 8)), dtype=np.uint8)
    offsets = np.zeros(frames, dtype=np.int64)
    best = np.full(width, impossible, dtype=np.float32)
    best[0] = 0.0
    moved, offset = np.full(width, impossible, dtype=np.float32), 0
    for start in range(0, frames, STEP):
        target = min(max(offset, offset + int(best.argmax()) - width // 2), count - width)
        if start and target > offset:
            best = np.concatenate([best[target - offset :], np.full(target - offset, impossible, dtype=np.float32)])
            offset = target
        scores = _scores(features[start : start + STEP], layout[:, offset : offset + width], weights)
        offsets[start : start + STEP] = offset
        for step, score in enumerate(scores):
            if start + step:
                moved[1:] = best[:-1]
                advanced[start + step] = np.packbits(moved > best)
                np.maximum(best, moved, out=best)
            best += score
    state = count - 1
    if offset + width < count or best[state - offset] < impossible / 2:
        return None
    path = np.empty(frames, dtype=np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        place = state - offsets[frame]
        state -= advanced[frame, place >> 3] >> (7 - (place & 7)) & 1
    return path


def _scores(features: np.ndarray, layout: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log-likelihoods `(frames, W)` of the states of the window."""
    every = _extended(features) @ weights.T
    silence = every[:, :SILENCES].max(axis=1, keepdims=True)
    own, before, behind = layout
    scores = np.where(own < 0, silence, every[:, np.maximum(own, 0)])
    for neighbour in (before, behind):
        places = np.flatnonzero(neighbour >= 0)
        scores[:, places] = np.maximum(scores[:, places], every[:, neighbour[places]] - BORROW_COST)
    return scores.astype(np.float32)
