"""Words shared out among stretches of speech by their lengths."""

import numpy as np

from valetts_hf.training.aligner.pause_matching import MOST_WORDS, match_pauses


def test_stretches_get_their_words():
    rng = np.random.default_rng(0)
    words = rng.uniform(2.0, 9.0, 60)
    bounds = [0, 9, 15, 28, 33, 47, 60]
    marks = [index + 1 in bounds for index in range(60)]
    speech = [8.0 * words[a:b].sum() * rng.uniform(0.85, 1.15) for a, b in zip(bounds, bounds[1:])]
    assert match_pauses(speech, words, marks, marks) == bounds
    # without punctuation the lengths alone must do, so that the bounds are near
    found = match_pauses(speech, words, [False] * 60, [False] * 60)
    assert np.abs(np.subtract(found, bounds)).max() <= 3


def test_what_cannot_be_shared_out_is_none():
    assert match_pauses([10, 20, 30], np.ones(2), [False] * 2, [False] * 2) is None
    assert match_pauses([], np.ones(2), [False] * 2, [False] * 2) is None
    many = 3 * MOST_WORDS
    assert match_pauses([100, 200], np.ones(many), [False] * many, [False] * many) is None
    assert match_pauses([100], np.ones(1), [False], [False]) == [0, 1]
