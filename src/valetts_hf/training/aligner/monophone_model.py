"""Gaussian states of sounds, and the dynamic programme that lays them along an utterance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


STATES = 2  # Gaussians per sound: its first and its second half
SILENCES = 3  # Gaussians of silence: room noise, breath, clicks
LANGUAGE_PRIOR = 40.0  # frames of the common model that a language's means start with
SPEAKER_PRIOR = 40.0
VARIANCE_FLOOR = 0.12  # of the overall variance


def viterbi_durations(
    scores: np.ndarray, state_lengths: np.ndarray, frame_lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """
    Best monotonic path through left-to-right states that skips none, for a batch of utterances.

    Args:
        scores (`np.ndarray` of shape `(F, B, S)`, float32): log-likelihood of each state at each frame; anything
            behind the lengths.
        state_lengths (`np.ndarray` of shape `(B,)`, int): states of each utterance, 1 to S.
        frame_lengths (`np.ndarray` of shape `(B,)`, int): frames of each utterance, at least its states.

    Returns:
        durations (`np.ndarray` of shape `(B, S)`, int64): frames per state, >= 1, summing to `frame_lengths`; 0 behind
            `state_lengths`.
        totals (`np.ndarray` of shape `(B,)`, float32): log-likelihood of the path.

    Raises:
        ValueError: an utterance with more states than frames, or lengths that do not fit `scores`.
    """
    frames, batch, states = scores.shape
    state_lengths = np.asarray(state_lengths, dtype=np.int64)
    frame_lengths = np.asarray(frame_lengths, dtype=np.int64)
    if state_lengths.shape != (batch,) or frame_lengths.shape != (batch,):
        raise ValueError(f"lengths {state_lengths.shape}, {frame_lengths.shape} do not fit a batch of {batch}")
    if (state_lengths < 1).any() or state_lengths.max() > states or frame_lengths.max() > frames:
        raise ValueError(f"lengths exceed the scores' {states} states and {frames} frames, or are zero")
    if (state_lengths > frame_lengths).any():
        worst = int(np.argmax(state_lengths - frame_lengths))
        raise ValueError(
            f"utterance {worst} has {state_lengths[worst]} states but {frame_lengths[worst]} frames; each state needs "
            "one frame: leave it out"
        )
    impossible = np.float32(-1e30)
    advanced = np.zeros((frames, batch, states), dtype=bool)
    best = np.full((batch, states), impossible, dtype=np.float32)
    best[:, 0] = scores[0, :, 0]
    totals = np.empty(batch, dtype=np.float32)
    rows = np.arange(batch)
    ends_at = {}
    for row, length in enumerate(frame_lengths):
        ends_at.setdefault(int(length) - 1, []).append(row)
    for row in ends_at.get(0, ()):
        totals[row] = best[row, state_lengths[row] - 1]
    moved = np.empty((batch, states), dtype=np.float32)
    for t in range(1, frames):
        moved[:, 0] = impossible
        moved[:, 1:] = best[:, :-1]
        np.greater(moved, best, out=advanced[t])
        np.maximum(best, moved, out=best)
        best += scores[t]
        for row in ends_at.get(t, ()):
            totals[row] = best[row, state_lengths[row] - 1]

    durations = np.zeros((batch, states), dtype=np.int64)
    state = state_lengths - 1
    for t in range(frames - 1, -1, -1):
        inside = t < frame_lengths
        durations[rows, state] += inside
        state = state - (advanced[t, rows, state] & inside)
    return durations, totals


@dataclass
class MonophoneModel:
    """
    Gaussians of all sounds for all speakers.

    Attributes:
        keys (`dict[str, int]`): sound -> its first Gaussian; `STATES` follow each other, silences come first.
        weights (`np.ndarray` of shape `(speakers, P, 2 * D + 1)`, float32): turn `(x, x**2, 1)` into the
            log-likelihood of each of the P Gaussians.
    """

    keys: dict[str, int]
    weights: np.ndarray

    @property
    def gaussians(self) -> int:
        """Number P of Gaussians."""
        return SILENCES + STATES * len(self.keys)


def estimate(
    features: np.ndarray,
    labels: np.ndarray,
    speakers: np.ndarray,
    speaker_languages: np.ndarray,
    keys: dict[str, int],
    adapt: bool,
    pool_variance: bool = False,
) -> MonophoneModel:
    """
    Gaussians from labelled frames.

    Args:
        features (`np.ndarray` of shape `(F, D)`, float32).
        labels (`np.ndarray` of shape `(F,)`, int): Gaussian of each frame, -1 to leave it out.
        speakers (`np.ndarray` of shape `(F,)`, int): speaker of each frame; equal ones stand together.
        speaker_languages (`np.ndarray` of shape `(speakers,)`, int): group (language) of each speaker.
        keys (`dict[str, int]`): see [`MonophoneModel`].
        adapt (`bool`): means per language and speaker; otherwise one set for everybody.
        pool_variance (`bool`): one variance for all Gaussians. While labels are wrong, a Gaussian of its own variance
            can become wide enough to swallow its neighbours.
    """
    count, size, width = len(speaker_languages), SILENCES + STATES * len(keys), features.shape[1]
    n = np.zeros((count, size))
    first = np.zeros((count, size, width))
    second = np.zeros((count, size, width))
    edges = np.flatnonzero(np.diff(speakers)) + 1
    for start, stop in zip(np.concatenate([[0], edges]), np.concatenate([edges, [len(speakers)]])):
        chosen = np.flatnonzero(labels[start:stop] >= 0) + start
        if not len(chosen):
            continue
        order = chosen[np.argsort(labels[chosen], kind="stable")]
        present, begins, numbers = np.unique(labels[order], return_index=True, return_counts=True)
        frames, speaker = features[order], speakers[start]
        n[speaker, present] += numbers
        first[speaker, present] += np.add.reduceat(frames, begins, axis=0, dtype=np.float64)
        second[speaker, present] += np.add.reduceat(frames * frames, begins, axis=0, dtype=np.float64)

    total_n, total_first, total_second = n.sum(0), first.sum(0), second.sum(0)
    overall_mean = total_first.sum(0) / total_n.sum()
    overall_variance = total_second.sum(0) / total_n.sum() - overall_mean**2
    # A sound seen in few frames stays near the overall Gaussian.
    mean = (total_first + 2.0 * overall_mean) / (total_n[:, None] + 2.0)
    spread = total_second - 2 * mean * total_first + total_n[:, None] * mean**2
    variance = (spread + 5.0 * overall_variance) / (total_n[:, None] + 5.0)

    if pool_variance:
        variance = np.broadcast_to(spread.sum(0) / total_n.sum(), variance.shape)

    means = np.broadcast_to(mean, (count, size, width)).copy()
    variances = np.broadcast_to(variance, (count, size, width)).copy()
    if adapt:
        for language in np.unique(speaker_languages):
            members = np.flatnonzero(speaker_languages == language)
            ln, lf, ls = n[members].sum(0)[:, None], first[members].sum(0), second[members].sum(0)
            lmean = (lf + LANGUAGE_PRIOR * mean) / (ln + LANGUAGE_PRIOR)
            spread = ls - 2 * lmean * lf + ln * lmean**2
            if not pool_variance:
                variances[members] = (spread + LANGUAGE_PRIOR * variance) / (ln + LANGUAGE_PRIOR)
            sn = n[members][:, :, None]
            means[members] = (first[members] + SPEAKER_PRIOR * lmean) / (sn + SPEAKER_PRIOR)
    variances = np.maximum(variances, VARIANCE_FLOOR * overall_variance)
    constant = -0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(-1, keepdims=True)
    weights = np.concatenate([means / variances, -0.5 / variances, constant], axis=-1).astype(np.float32)
    return MonophoneModel(keys, weights)


def adapt_weights(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """
    Move the means of Gaussians towards one recording (maximum a posteriori).

    Args:
        weights (`np.ndarray` of shape `(P, 2 * D + 1)`, float32): see [`MonophoneModel`].
        features (`np.ndarray` of shape `(F, D)`, float).
        labels (`np.ndarray` of shape `(F,)`, int): Gaussian of each frame, -1 to leave it out.

    Returns:
        `np.ndarray` of shape `(P, 2 * D + 1)`, float32: the variances are as before.
    """
    width = features.shape[1]
    precision = -2.0 * weights[:, width : 2 * width].astype(np.float64)
    means = weights[:, :width] / precision
    constant = weights[:, -1] + 0.5 * (means**2 * precision).sum(1)
    chosen = labels >= 0
    counts = np.bincount(labels[chosen], minlength=len(weights))[:, None]
    sums = np.zeros(means.shape)
    np.add.at(sums, labels[chosen], np.asarray(features[chosen], dtype=np.float64))
    means = (sums + SPEAKER_PRIOR * means) / (counts + SPEAKER_PRIOR)
    constant = constant - 0.5 * (means**2 * precision).sum(1)
    return np.concatenate([means * precision, -0.5 * precision, constant[:, None]], axis=1).astype(np.float32)
