"""Where to cut a long recording: in its pauses, into pieces of a good length.

F frames of 256 samples at 24 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


SILENT_SHARE = 0.3  # of the way from the quietest to the loudest frames
LOCAL_FRAMES = 700  # to both sides (7.5 s): what a level is compared with
# Costs of a division into pieces: of a cut where the text has no punctuation, of a cut in a pause of one frame (a longer one
# costs less), of a piece of no length (one of the wanted shortest length costs nothing), and of a piece that is too long.
NO_PUNCTUATION_COST = 1.0
SHORT_PAUSE_COST = 20.0
SHORT_PIECE_COST = 4.0
LONG_PIECE_COST = 1000.0


class Pause(NamedTuple):
    """A silent stretch: frames `start <= f < stop`; `marked`: punctuation stands there; `word`: words before it."""

    start: int
    stop: int
    marked: bool = True
    word: int = 0

    @property
    def middle(self) -> int:
        """Frame to cut before."""
        return (self.start + self.stop) // 2


def find_pauses(loudness: np.ndarray, shortest: int) -> list[Pause]:
    """
    Silent stretches of a recording.

    Args:
        loudness (`np.ndarray` of shape `(F,)`, float): level of each frame on a logarithmic scale.
        shortest (`int`): frames of the shortest pause.
    """
    if not len(loudness):
        return []
    smooth = np.convolve(np.pad(loudness.astype(np.float64), 1, mode="edge"), np.ones(3) / 3.0, mode="valid")
    silent = smooth < np.maximum(_threshold(smooth), _local_threshold(smooth))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    return [Pause(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2]) if b - a >= shortest]


def _threshold(levels: np.ndarray) -> float:
    low, high = np.percentile(levels, [3, 95])
    return float(low + SILENT_SHARE * (high - low))


def _local_threshold(levels: np.ndarray) -> np.ndarray:
    """The same for the surroundings of each frame: a recording may become louder, and noisier, on its way."""
    centres = np.arange(0, len(levels) + LOCAL_FRAMES, LOCAL_FRAMES)
    found = [_threshold(levels[max(0, centre - LOCAL_FRAMES) : centre + LOCAL_FRAMES]) for centre in centres[:-1]]
    return np.interp(np.arange(len(levels)), centres[:-1], found)


def choose_cuts(pauses: Sequence[Pause], frames: int, shortest: int, longest: int) -> list[Pause]:
    """
    The pauses to cut in: long ones, at punctuation, so that no piece is too long and few are short.

    Args:
        pauses (sequence of [`Pause`]): in order.
        frames (`int`): length F of the recording.
        shortest, longest (`int`): wanted frames of a piece. Longer ones come about only where there is no pause to cut in.

    Returns:
        `list` of [`Pause`]: of the given ones, in order.
    """
    inside = [pause for pause in pauses if 0 < pause.middle < frames]
    places = [0, *(pause.middle for pause in inside), frames]
    costs = [0.0] * len(places)
    previous = [0] * len(places)
    for end in range(1, len(places)):
        best = float("inf")
        for begin in range(end - 1, -1, -1):
            length = places[end] - places[begin]
            if length > longest and begin < end - 1:
                break
            cost = costs[begin] + SHORT_PIECE_COST * max(0.0, 1.0 - length / shortest)
            if length > longest:
                cost += LONG_PIECE_COST
            if cost < best:
                best, previous[end] = cost, begin
        if end < len(places) - 1:
            pause = inside[end - 1]
            best += SHORT_PAUSE_COST / (pause.stop - pause.start)
            best += 0.0 if pause.marked else NO_PUNCTUATION_COST
        costs[end] = best
    chosen, end = [], previous[-1]
    while end > 0:
        chosen.append(inside[end - 1])
        end = previous[end]
    return chosen[::-1]
