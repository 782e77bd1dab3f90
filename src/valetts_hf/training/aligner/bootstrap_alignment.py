"""First durations for a corpus without an aligner at hand: monophone hidden Markov models by Viterbi training.

Every sound of the transcripts has two Gaussian states; a round aligns every clip with the current Gaussians (hard
expectation) and re-estimates them (maximisation), from short clips to all, from one model for everybody to means
adapted to the language and to the speaker (maximum a posteriori, Gauvain and Lee 1994). Marks that have no sound of
their own are tied to their sound: a stress mark gets the first frame of what follows it, a length or nasalisation mark
shares the frames of what precedes it. Spaces and punctuation are pauses if there is silence and one frame otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from valetts_hf.training.aligner.alignment_features import alignment_features, normalize_by_speaker
from valetts_hf.training.aligner.alignment_units import PHONE, SEPARATOR, UnitSequence, parse_units
from valetts_hf.training.aligner.monophone_model import SILENCES, STATES, MonophoneModel, estimate, viterbi_durations


if TYPE_CHECKING:
    from valetts_hf.training.data.corpus import PackedCorpus

logger = logging.getLogger(__name__)

FIRST_ROUNDS = 2  # with one variance for all sounds and the same means for all speakers
# Costs (nats per frame): a separator frame that sounds like its neighbour is worse than the neighbour itself.
BORROW_COST = 1.0
# Frames of silence at a word boundary beside a stop that are its closure rather than a pause.
CLOSURE_FRAMES = {" ": 7, "punctuation": 4}
# A sound longer than this is left out of the estimates: it is a place where text and speech went apart, and a Gaussian
# that learns such a place becomes wide enough to swallow more of them.
LONGEST_SOUND = 32
# Text and speech of a clip do not match if a sound is longer than the first, or as many sounds as the second in a row
# are squeezed to their shortest.
MISMATCH_FRAMES = 50
MISMATCH_SQUEEZED = 6


@dataclass
class _Clip:
    """One clip while it is being aligned."""

    units: UnitSequence
    features: np.ndarray
    speaker: int
    gaussians: np.ndarray = field(init=False)  # first Gaussian of each state's sound + half; -1 for silence
    state_units: np.ndarray = field(init=False)

    def build_states(self, keys: dict[str, int]) -> None:
        """Lay out the states: two per sound (or its number of tokens, if more), one per token if time is short."""
        kinds, tokens = self.units.kinds, self.units.token_counts
        counts = np.where(kinds == PHONE, np.maximum(tokens, STATES), tokens)
        if counts.sum() > len(self.features):
            counts = tokens
        self.state_units = np.repeat(np.arange(len(kinds)), counts)
        firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        within = np.arange(len(self.state_units)) - firsts[self.state_units]
        halves = within * STATES // counts[self.state_units]
        bases = np.array([keys[key] if kind == PHONE else -1 for key, kind in zip(self.units.keys, kinds)])
        base = bases[self.state_units]
        self.gaussians = np.where(base < 0, -1, base + halves)


def _score(clip: _Clip, model: MonophoneModel) -> tuple[np.ndarray, np.ndarray]:
    """Scores `(S, F)` of a clip's states and, for separators, which Gaussian each frame would be, `(S, F)` or -1."""
    x = clip.features
    extended = np.concatenate([x, x * x, np.ones((len(x), 1), dtype=np.float32)], axis=1).T
    weights = model.weights[clip.speaker]
    scores = weights[np.maximum(clip.gaussians, 0)] @ extended
    silences = weights[:SILENCES] @ extended
    silence, which = silences.max(0), silences.argmax(0)
    is_silent = clip.gaussians < 0
    labels = np.broadcast_to(clip.gaussians[:, None], scores.shape).copy()
    phones = scores.copy()
    scores[is_silent] = silence
    labels[is_silent] = which
    # A boundary without a pause still owns a frame; it may sound like the end of the word before or the next start.
    kinds = clip.units.kinds[clip.state_units]
    for state in np.flatnonzero(kinds == SEPARATOR):
        unit = clip.state_units[state]
        left = np.searchsorted(clip.state_units, unit) - 1
        right = np.searchsorted(clip.state_units, unit, side="right")
        for neighbour in (left, right):
            borrowed = phones[neighbour] - BORROW_COST
            better = borrowed > scores[state]
            scores[state][better] = borrowed[better]
            labels[state][better] = clip.gaussians[neighbour]
    return scores, labels


def _give_closures_back(clip: _Clip, durations: np.ndarray) -> np.ndarray:
    """Move short silences at word boundaries to the stop beside them."""
    units, kinds = clip.units, clip.units.kinds
    firsts = np.searchsorted(clip.state_units, np.arange(len(kinds)))
    stops = np.searchsorted(clip.state_units, np.arange(len(kinds)), side="right")
    for unit in np.flatnonzero(kinds == SEPARATOR):
        states = slice(firsts[unit], stops[unit])
        extra = durations[states].sum() - (stops[unit] - firsts[unit])
        limit = CLOSURE_FRAMES[" " if units.keys[unit] == " " else "punctuation"]
        if 0 < extra <= limit:
            if units.is_stop[unit + 1]:
                receiver = firsts[unit + 1]
            elif units.is_stop[unit - 1]:
                receiver = stops[unit - 1] - 1
            else:
                continue
            durations[states] = 1
            durations[receiver] += extra
    return durations


def _align_batch(clips: list[_Clip], model: MonophoneModel) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """(frames per unit, Gaussian per frame, mean log-likelihood) of each clip."""
    scored = [_score(clip, model) for clip in clips]
    frame_lengths = np.array([len(clip.features) for clip in clips])
    state_lengths = np.array([len(clip.gaussians) for clip in clips])
    scores = np.zeros((frame_lengths.max(), len(clips), state_lengths.max()), dtype=np.float32)
    for row, (matrix, _) in enumerate(scored):
        scores[: frame_lengths[row], row, : state_lengths[row]] = matrix.T
    durations, totals = viterbi_durations(scores, state_lengths, frame_lengths)
    results = []
    for row, (clip, (_, labels)) in enumerate(zip(clips, scored)):
        chosen = _give_closures_back(clip, durations[row, : state_lengths[row]])
        path = np.repeat(np.arange(len(chosen)), chosen)
        per_unit = np.bincount(clip.state_units, weights=chosen, minlength=len(clip.units.kinds)).astype(np.int64)
        best = labels[path, np.arange(len(path))]
        too_long = (clip.units.kinds == PHONE) & (per_unit > LONGEST_SOUND)
        best[too_long[clip.state_units[path]]] = -1
        results.append((per_unit, best, float(totals[row]) / frame_lengths[row]))
    return results


def text_matches_speech(units: UnitSequence, unit_durations: np.ndarray) -> bool:
    """
    Whether an alignment looks like the right text: no sound far too long, no run of sounds squeezed to nothing.

    Args:
        units ([`UnitSequence`]): U sounds and pauses.
        unit_durations (`np.ndarray` of shape `(U,)`, int): their frames.
    """
    phones = units.kinds == PHONE
    if (unit_durations[phones] > MISMATCH_FRAMES).any():
        return False
    squeezed = phones & (unit_durations <= np.maximum(units.token_counts, STATES))
    run = 0
    for is_squeezed, is_phone in zip(squeezed, phones):
        # Pauses neither count nor end a run.
        run = run + 1 if is_squeezed else (0 if is_phone else run)
        if run >= MISMATCH_SQUEEZED:
            return False
    return True


def _flat_labels(clip: _Clip, energy: np.ndarray) -> np.ndarray:
    """Gaussian of each frame when sounds share the non-silent frames by rule of thumb."""
    low, high = np.percentile(energy, [3, 95])
    silent = energy < low + 0.3 * (high - low)
    # Silence inside a word is a closure: only long stretches and the edges count.
    changes = np.flatnonzero(np.diff(silent.astype(np.int8))) + 1
    for start, stop in zip(np.concatenate([[0], changes]), np.concatenate([changes, [len(silent)]])):
        if silent[start] and stop - start < 12 and start > 0 and stop < len(silent):
            silent[start:stop] = False
    labels = np.full(len(energy), -1)
    labels[silent] = np.clip((energy[silent] - low) / max(0.3 * (high - low), 1e-6) * SILENCES, 0, SILENCES - 1)
    phone_states = np.flatnonzero(clip.gaussians >= 0)
    loud = np.flatnonzero(~silent)
    if len(phone_states) and len(loud):
        long = clip.units.weights[clip.state_units[phone_states]]
        bounds = np.cumsum(long) / long.sum() * len(loud)
        owner = np.searchsorted(bounds, np.arange(len(loud)), side="right").clip(0, len(phone_states) - 1)
        labels[loud] = clip.gaussians[phone_states[owner]]
    return labels


def align(
    features: Sequence[np.ndarray],
    input_ids: Sequence[np.ndarray],
    speakers: Sequence[int],
    languages: Sequence[int],
    iterations: int = 12,
    workers: int = 2,
    batch_size: int = 24,
) -> tuple[list[np.ndarray | None], np.ndarray]:
    """
    Durations of the tokens of every clip, by Viterbi training on these clips alone.

    Args:
        features (sequence of `np.ndarray` of shape `(F_i, D)`, float32): normalised; column 0 rises with loudness.
        input_ids (sequence of `np.ndarray` of shape `(T_i,)`, int): tokens, `<s>` first and `</s>` last.
        speakers, languages (sequence of `int`): of each clip.
        iterations (`int`): rounds; the first half on short clips only, adapted models after `FIRST_ROUNDS`.
        workers (`int`): threads.
        batch_size (`int`): clips per dynamic programme.

    Returns:
        durations (`list` of `np.ndarray` of shape `(T_i,)`, int64, or `None`): sum to F_i, each >= 1; `None` where a
            clip has fewer frames than tokens or text and speech do not match (`text_matches_speech`).
        scores (`np.ndarray` of shape `(N,)`, float64): mean log-likelihood per frame, NaN with fewer frames than tokens.

    Raises:
        ValueError: sequences of different length, no clip that can be aligned, or `iterations` < 1.
    """
    trained = _train(features, input_ids, speakers, languages, iterations, workers, batch_size)
    durations: list[np.ndarray | None] = [None] * len(features)
    scores = np.full(len(features), np.nan)
    for i, (per_unit, _, score) in trained.results.items():
        scores[i] = score
        units = trained.clips[i].units
        if text_matches_speech(units, per_unit):
            durations[i] = units.token_durations(per_unit)
    return durations, scores


def fit_monophones(
    features: Sequence[np.ndarray], input_ids: Sequence[np.ndarray], iterations: int = 12, workers: int = 2
) -> MonophoneModel:
    """
    Estimate the Gaussians of all sounds on some clips of one language, to align others with.

    Args:
        features, input_ids: of each clip, see `align`.
        iterations, workers (`int`): see `align`.

    Returns:
        [`MonophoneModel`] with one set of weights. Its key "" is for sounds that are not in the clips: they get the
        Gaussian of all speech.

    Raises:
        ValueError: see `align`.
    """
    everybody = [0] * len(features)
    trained = _train(features, input_ids, everybody, everybody, iterations, workers, batch_size=24)
    trained.keys.setdefault("", SILENCES + STATES * len(trained.keys))
    labels = {i: result[1] for i, result in trained.results.items()}
    return trained.estimate(labels, adapt=False, pool_variance=False)


@dataclass
class _Trained:
    """Clips laid out in states, the first Gaussian of each sound, and how the clips were aligned last."""

    clips: dict[int, _Clip]
    speaker_languages: np.ndarray
    keys: dict[str, int]
    results: dict[int, tuple[np.ndarray, np.ndarray, float]] = field(default_factory=dict)

    def estimate(self, labels: dict[int, np.ndarray], adapt: bool, pool_variance: bool) -> MonophoneModel:
        """Gaussians from the labelled frames of some clips."""
        members = [i for i in self.clips if i in labels]
        return estimate(
            np.concatenate([self.clips[i].features for i in members]),
            np.concatenate([labels[i] for i in members]),
            np.concatenate([np.full(len(labels[i]), self.clips[i].speaker) for i in members]),
            self.speaker_languages,
            self.keys,
            adapt=adapt,
            pool_variance=pool_variance,
        )


def _train(
    features: Sequence[np.ndarray],
    input_ids: Sequence[np.ndarray],
    speakers: Sequence[int],
    languages: Sequence[int],
    iterations: int,
    workers: int,
    batch_size: int,
) -> _Trained:
    """Viterbi training, see `align`."""
    if not len(features) == len(input_ids) == len(speakers) == len(languages):
        raise ValueError("features, input_ids, speakers and languages must have one entry per clip each")
    if iterations < 1:
        raise ValueError(f"iterations={iterations} must be at least 1")
    usable = [i for i in range(len(features)) if 3 <= len(input_ids[i]) <= len(features[i])]
    if not usable:
        raise ValueError("no clip has as many frames as tokens; there is nothing to align")
    # Equal speakers stand together, as `estimate` wants them.
    usable.sort(key=lambda i: (speakers[i], i))
    names = sorted({(speakers[i]) for i in usable})
    index = {name: position for position, name in enumerate(names)}
    speaker_languages = np.zeros(len(names), dtype=np.int64)
    for i in usable:
        speaker_languages[index[speakers[i]]] = languages[i]

    clips = {i: _Clip(parse_units(input_ids[i]), features[i], index[speakers[i]]) for i in usable}
    keys: dict[str, int] = {}
    for clip in clips.values():
        for key, kind in zip(clip.units.keys, clip.units.kinds):
            if kind == PHONE:
                keys.setdefault(key, SILENCES + STATES * len(keys))
    for clip in clips.values():
        clip.build_states(keys)

    short = _short_clips(usable, clips, speaker_languages)
    labels = {i: _flat_labels(clips[i], clips[i].features[:, 0]) for i in short}
    trained = _Trained(clips, speaker_languages, keys)
    for iteration in range(iterations):
        model = trained.estimate(labels, adapt=iteration >= FIRST_ROUNDS, pool_variance=iteration < FIRST_ROUNDS)
        chosen = short if iteration < iterations // 2 else usable
        order = sorted(chosen, key=lambda i: len(clips[i].features))
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        with ThreadPoolExecutor(max(workers, 1)) as pool:
            aligned = pool.map(lambda batch, m=model: _align_batch([clips[i] for i in batch], m), batches)
            results = {i: result for batch, group in zip(batches, aligned) for i, result in zip(batch, group)}
        trained.results = results
        labels = {i: result[1] for i, result in results.items()}
        score = np.mean([result[2] for result in results.values()])
        logger.info("alignment round %d: %d clips, log-likelihood %.3f per frame", iteration + 1, len(results), score)
    return trained


def _short_clips(
    usable: list[int], clips: dict[int, _Clip], speaker_languages: np.ndarray, per_language: int = 600
) -> list[int]:
    """The shorter clips of every language: a flat start goes wrong least where there is little to confuse."""
    chosen = []
    groups: dict[int, list[int]] = {}
    for i in usable:
        groups.setdefault(int(speaker_languages[clips[i].speaker]), []).append(i)
    for members in groups.values():
        members = sorted(members, key=lambda i: len(clips[i].features))
        chosen.extend(members[: max(per_language, len(members) // 4)])
    return sorted(chosen, key=lambda i: (clips[i].speaker, i))


def align_corpus(
    corpus: PackedCorpus, iterations: int = 12, workers: int = 2, batch_size: int = 24
) -> list[np.ndarray | None]:
    """
    `align` for a packed corpus.

    Args:
        corpus ([`PackedCorpus`]): with tokens.
        iterations, workers, batch_size (`int`): see `align`.

    Returns:
        `list` of length N: durations `(T_i,)` of each transcribed clip that can be aligned, else `None`.
    """
    members = np.flatnonzero(corpus.transcribed)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        features = list(pool.map(lambda i: alignment_features(corpus.waveform(i)), members))
    speakers = corpus.speaker_ids[members]
    features = normalize_by_speaker(features, speakers)
    ids = [np.asarray(corpus.input_ids[slice(*corpus.token_offsets[i : i + 2])]) for i in members]
    logger.info("features of %d clips are ready", len(members))
    aligned, _ = align(
        features, ids, speakers.tolist(), corpus.language_ids[members].tolist(), iterations, workers, batch_size
    )
    durations: list[np.ndarray | None] = [None] * len(corpus)
    for i, values in zip(members, aligned):
        durations[i] = values
    return durations
