"""A first guess which words lie between which pauses of a recording, before there is any model of the sounds.

Sentences of two languages can be aligned by their lengths alone (Gale and Church, Computational Linguistics 19(1), 1993);
so can stretches of speech with stretches of text: how long the words of a stretch should take is known roughly from their
sounds, and readers pause at punctuation.
R stretches of speech, W words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


SPREAD = 8.0  # variance of the length of a stretch over its expected length, in frames (20 % for two seconds)
NO_PUNCTUATION = 3.0  # cost of a pause where the text has no mark, in nats
NO_PAUSE = 1.5  # cost of the end of a sentence without a pause
MOST_WORDS = 150  # in one stretch
MOST_TIMES = 4.0  # a stretch is not expected to be so many times longer than it is


def match_pauses(
    speech: Sequence[int], words: np.ndarray, marks: Sequence[bool], sentence_ends: Sequence[bool]
) -> list[int] | None:
    """
    Share the words of a text among stretches of speech.

    Args:
        speech (sequence of `int`, length R): frames of each stretch between two pauses.
        words (`np.ndarray` of shape `(W,)`, float): expected length of each word, in any unit.
        marks, sentence_ends (sequence of `bool`, length W): whether punctuation follows the word, and a sentence ends.

    Returns:
        `list[int]` of length R + 1: words `bounds[r]` to `bounds[r + 1]` are spoken in stretch r, at least one. `None` with
        fewer words than stretches, or where a stretch would need more than `MOST_WORDS`.
    """
    if not speech or len(words) < len(speech):
        return None
    lengths = np.asarray(words, dtype=np.float64) * (sum(speech) / float(np.sum(words)))
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    ends = np.concatenate([[0.0], np.cumsum(np.asarray(sentence_ends, dtype=np.float64))])
    pause_cost = np.concatenate([[0.0], np.where(np.asarray(marks, dtype=bool), 0.0, NO_PUNCTUATION)])
    pause_cost[-1] = 0.0
    count = len(words)
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    chosen = np.zeros((len(speech), count + 1), dtype=np.uint8)
    for row, frames in enumerate(speech):
        found = np.full(count + 1, np.inf)
        for size in range(1, min(MOST_WORDS, count) + 1):
            expected = total[size:] - total[:-size]
            if expected.min() > MOST_TIMES * frames:
                break
            passed = ends[size - 1 : -1] - ends[:-size]
            cost = best[:-size] + 0.5 * (frames - expected) ** 2 / (SPREAD * expected) + NO_PAUSE * passed
            better = cost < found[size:]
            found[size:][better] = cost[better]
            chosen[row, size:][better] = size
        best = found + pause_cost
    if not np.isfinite(best[-1]):
        return None
    bounds = [count]
    for row in range(len(speech) - 1, -1, -1):
        bounds.append(bounds[-1] - int(chosen[row, bounds[-1]]))
    return bounds[::-1]
