"""The true silences between the words of a corpus: where its alignment has a place to pause and the recording is quiet there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from valetts_hf.processing.pause_features import Boundary, find_boundaries
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


FRAME_SECONDS = HOP_LENGTH / SAMPLING_RATE
LEAST_SECONDS = 0.15  # shorter ones are mostly the closures of stops
_QUIET_SHARE = 0.3  # of the way from the noise floor to loud speech, in log energy
_SLACK = 1  # frames by which the alignment may miss a silence


@dataclass(frozen=True)
class Clip:
    """The places between the words of a clip and the silence at each, in seconds; 0 for none."""

    language: str
    speaker: str
    split: str
    boundaries: list[Boundary]
    silences: list[float]


def quiet_runs(energy: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of frames `(start, end)` that are silent by the clip's own measure.

    Args:
        energy (`np.ndarray` of shape `(F,)`): log RMS.
    """
    if not len(energy):
        return []
    floor, loud = np.percentile(energy, [3, 90])
    quiet = np.concatenate([[False], energy < floor + _QUIET_SHARE * (loud - floor), [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2])]


def silences_between(boundaries: list[Boundary], durations: np.ndarray, energy: np.ndarray) -> list[float]:
    """Seconds of silence at each boundary, 0 where there are less than `LEAST_SECONDS`.

    Args:
        boundaries: of the clip.
        durations (`np.ndarray` of shape `(T,)`): frames of each token.
        energy (`np.ndarray` of shape `(F,)`): log RMS.
    """
    ends = np.concatenate([[0], np.cumsum(durations)])
    runs = quiet_runs(energy)
    found = []
    for boundary in boundaries:
        first, last = ends[boundary.start] - _SLACK, ends[boundary.end] + _SLACK
        frames = max((end - start for start, end in runs if start <= last and end >= first), default=0)
        seconds = frames * FRAME_SECONDS
        found.append(seconds if seconds >= LEAST_SECONDS else 0.0)
    return found


def corpus_silences(corpus: PackedCorpus) -> list[Clip]:
    """The silences of all clips that have a transcript and durations, and at least two words.

    Raises:
        ValueError: there are none.
    """
    clips = []
    for index in np.flatnonzero(corpus.transcribed):
        tokens, frames = (
            slice(*offsets[index : index + 2]) for offsets in (corpus.token_offsets, corpus.frame_offsets)
        )
        durations = corpus.durations[tokens].astype(np.int64)
        boundaries = find_boundaries(corpus.input_ids[tokens].tolist())
        if not durations.any() or not boundaries:
            continue
        silences = silences_between(boundaries, durations, np.asarray(corpus.energy[frames]))
        speaker = corpus.speakers[corpus.speaker_ids[index]]
        clips.append(Clip(corpus.languages[index], speaker, corpus.splits[index], boundaries, silences))
    if not clips:
        raise ValueError(
            "the corpus has no clips with a transcript and durations: align it first (`valetts data prepare`)"
        )
    return clips
