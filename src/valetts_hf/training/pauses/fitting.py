"""Fitting the pause model of `processing.pause_prediction` to silences, and judging it on readings it has not seen.

The logistic model is fitted by Newton's method (iteratively reweighted least squares) and the lengths by ridge regression.
N places, D weights.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from valetts_hf.processing.pause_features import boundary_features, distances_to_mark
from valetts_hf.processing.pause_prediction import PauseModel
from valetts_hf.training.pauses.silences import Clip


LEAST_EXAMPLES = 30  # of a name that gets a weight
WORDS_PER_SIDE = 60  # of each language, that may get one
_SMALL_WORD_WEIGHT = 0.25  # is no use
_THRESHOLDS = np.arange(-2.0, 0.6, 0.1)
_MOST_STEPS = 15

Example = tuple[dict[str, float], float]


def examples_of(clips: Iterable[Clip]) -> list[Example]:
    """Features of every place between words, with the true pauses before it, and its silence in seconds."""
    found: list[Example] = []
    for clip in clips:
        since = len(clip.boundaries[0].before)
        for boundary, silence, until in zip(clip.boundaries, clip.silences, distances_to_mark(clip.boundaries)):
            found.append((boundary_features(boundary, since, until, clip.language), silence))
            since = len(boundary.after) + (0 if silence else since)
    return found


def fit_pauses(clips: Sequence[Clip]) -> PauseModel:
    """The pause model of some clips; every tenth of them only chooses the threshold.

    Raises:
        ValueError: fewer than `LEAST_EXAMPLES` silences or places without one.
    """
    examples = examples_of(clips)
    silent = sum(silence > 0 for _, silence in examples)
    if min(silent, len(examples) - silent) < LEAST_EXAMPLES:
        raise ValueError(
            f"{silent} of {len(examples)} places between words have a silence: that is too little to learn pauses from; "
            f"use a corpus with at least {LEAST_EXAMPLES} of each kind"
        )
    names = _names(examples)
    breaks = _logistic(examples, names)
    useful = [name for name in names if not _is_word(name) or abs(breaks[name]) >= _SMALL_WORD_WEIGHT]
    breaks = _logistic(examples, useful)
    model = PauseModel(breaks, _log_lengths(examples), 0.0, _breath(clips))
    trial = replace(model, breaks=_logistic(examples_of(_without_tenth(clips)), useful))
    chosen = max(_THRESHOLDS, key=lambda value: judge_pauses(replace(trial, threshold=value), clips[::10])["f_score"])
    return replace(model, threshold=round(float(chosen), 2))


def _without_tenth(clips: Sequence[Clip]) -> list[Clip]:
    return [clip for index, clip in enumerate(clips) if index % 10]


def _is_word(name: str) -> bool:
    return name.startswith(("before:", "after:"))


def _names(examples: list[Example]) -> list[str]:
    """The names of weights: those seen often enough, of words the most frequent ones of each language and side."""
    seen = Counter(name for features, _ in examples for name in features)
    words: dict[str, list[str]] = defaultdict(list)
    names = []
    for name, count in seen.most_common():
        if count < LEAST_EXAMPLES:
            continue
        (words[name[: name.rindex(":")]] if _is_word(name) else names).append(name)
    return sorted(names) + sorted(word for side in words.values() for word in side[:WORDS_PER_SIDE])


def _matrix(examples: Sequence[Example], names: list[str]) -> np.ndarray:
    """[N, D], float32."""
    column = {name: index for index, name in enumerate(names)}
    matrix = np.zeros((len(examples), len(names)), dtype=np.float32)
    for row, (features, _) in enumerate(examples):
        for name, value in features.items():
            index = column.get(name)
            if index is not None:
                matrix[row, index] = value
    return matrix


def _penalties(names: list[str]) -> np.ndarray:
    """How strongly each weight is held at zero [D]: words most, then languages."""
    return np.array([3.0 if _is_word(name) else 1.0 if ":" in name else 0.1 for name in names])


def _logistic(examples: list[Example], names: list[str]) -> dict[str, float]:
    matrix, penalties = _matrix(examples, names), _penalties(names)
    truth = np.array([silence > 0 for _, silence in examples], dtype=np.float32)
    weights = np.zeros(len(names))
    for _ in range(_MOST_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(matrix @ weights.astype(np.float32), -20, 20)))
        curvature = (matrix * (chances * (1 - chances))[:, None]).T @ matrix + np.diag(penalties)
        step = np.linalg.solve(curvature.astype(np.float64), matrix.T @ (chances - truth) + penalties * weights)
        weights -= step
        if np.abs(step).max() < 1e-3:
            break
    return {name: round(float(weight), 3) for name, weight in zip(names, weights)}


def _log_lengths(examples: list[Example]) -> dict[str, float]:
    silent = [example for example in examples if example[1] > 0]
    names = [name for name in _names(silent) if not _is_word(name)]
    matrix = _matrix(silent, names).astype(np.float64)
    target = np.log([silence for _, silence in silent])
    weights = np.linalg.solve(matrix.T @ matrix + np.diag(_penalties(names)), matrix.T @ target)
    return {name: round(float(weight), 3) for name, weight in zip(names, weights)}


def _breath(clips: Iterable[Clip]) -> int:
    """Phonemes between two silences that only one stretch in a hundred exceeds."""
    lengths = []
    for clip in clips:
        length = len(clip.boundaries[0].before)
        for boundary, silence in zip(clip.boundaries, clip.silences):
            if silence:
                lengths.append(length)
                length = 0
            length += len(boundary.after)
        lengths.append(length)
    return int(np.percentile(lengths, 99))


def mark_seconds(clips: Iterable[Clip]) -> dict[str, float]:
    """Seconds of silence at each kind of mark: the median of each reader that has at least ten, and of these the mean."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for clip in clips:
        for boundary, silence in zip(clip.boundaries, clip.silences):
            if silence:
                found[boundary.mark, clip.speaker].append(silence)
    medians: dict[str, list[float]] = defaultdict(list)
    for (mark, _), silences in found.items():
        if len(silences) >= 10:
            medians[mark].append(float(np.median(silences)))
    return {mark: round(float(np.mean(values)), 3) for mark, values in sorted(medians.items())}


def judge_pauses(model: PauseModel, clips: Iterable[Clip]) -> dict[str, float]:
    """How a model's pauses agree with those of readers.

    Returns:
        `f_score`, `precision`, `recall` of breaks, with the model's own ones before each place; `space_auc`, `mark_auc`:
        chance that a place (without, with a mark) with a break scores above one without; `length_error`: mean absolute error of the
        natural logarithm of seconds, at true breaks.
    """
    hits = predicted = true = 0
    errors: list[float] = []
    scores: dict[bool, list[tuple[float, bool]]] = {True: [], False: []}
    for clip in clips:
        since = len(clip.boundaries[0].before)
        for boundary, silence, until in zip(clip.boundaries, clip.silences, distances_to_mark(clip.boundaries)):
            features = boundary_features(boundary, since, until, clip.language)
            logit = model.logit(features)
            broken = logit > model.threshold
            hits, predicted, true = hits + (broken and silence > 0), predicted + broken, true + (silence > 0)
            scores[boundary.kind == "space"].append((logit, silence > 0))
            if silence:
                errors.append(abs(math.log(model.seconds(features) / silence)))
            since = len(boundary.after) + (0 if broken else since)
    return {
        **_agreement(hits, predicted, true),
        "space_auc": ranking_quality(scores[True]),
        "mark_auc": ranking_quality(scores[False]),
        "length_error": _mean(errors),
    }


def judge_punctuation(lengths: dict[str, float], clips: Iterable[Clip]) -> dict[str, float]:
    """The same for pauses at every mark and nowhere else, of the usual length of the mark.

    Args:
        lengths: kind of mark -> seconds, "space" among them.
    """
    hits = predicted = true = 0
    errors: list[float] = []
    for clip in clips:
        for boundary, silence in zip(clip.boundaries, clip.silences):
            broken = boundary.kind != "space"
            hits, predicted, true = hits + (broken and silence > 0), predicted + broken, true + (silence > 0)
            if silence:
                errors.append(abs(math.log(lengths.get(boundary.mark, lengths["space"]) / silence)))
    return {**_agreement(hits, predicted, true), "space_auc": 0.5, "mark_auc": 0.5, "length_error": _mean(errors)}


def _agreement(hits: int, predicted: int, true: int) -> dict[str, float]:
    precision, recall = hits / max(predicted, 1), hits / max(true, 1)
    return {"f_score": 2 * hits / max(predicted + true, 1), "precision": precision, "recall": recall}


def ranking_quality(scores: list[tuple[float, bool]]) -> float:
    """Chance that a true one scores above a false one, equal scores counted half; 0.5 where one kind is missing."""
    truth = np.array([there for _, there in scores], dtype=bool)
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return 0.5
    _, places, counts = np.unique([score for score, _ in scores], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[places]  # the middle of those that equal scores share
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
