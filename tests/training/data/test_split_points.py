"""Pauses and the choice among them."""

import itertools

import numpy as np

from valetts_hf.training.data.split_points import Pause, choose_cuts, find_pauses


def test_pauses_are_silent_and_long_enough():
    loudness = np.random.default_rng(0).normal(10.0, 0.5, 1000)
    for start, stop in ((100, 140), (300, 308), (500, 530)):
        loudness[start:stop] -= 12.0
    found = find_pauses(loudness, 20)
    assert [(abs(p.start - a) <= 2, abs(p.stop - b) <= 2) for p, (a, b) in zip(found, ((100, 140), (500, 530)))] == [
        (True, True)
    ] * 2
    assert len(found) == 2 and 118 <= found[0].middle <= 122
    assert find_pauses(np.zeros(0), 20) == [] and find_pauses(np.ones(50), 20) == []


def test_a_recording_may_become_louder_on_its_way():
    rng = np.random.default_rng(0)
    speech = np.where(np.arange(6000) % 200 < 30, 0.0, 10.0) + rng.normal(0.0, 0.3, 6000)
    speech[4000:] += 6.0
    found = [pause for pause in find_pauses(speech, 20) if pause.start]
    # but for the few that lie beside the change
    assert (
        len(found) >= 26 and found[-1].start > 5700 and all(pause.start % 200 in (0, 1, 199, 198) for pause in found)
    )
    speech[2000:4000] = rng.normal(0.0, 0.3, 2000)  # a long silence is one pause
    assert max(pause.stop - pause.start for pause in find_pauses(speech, 20)) > 1900


def test_pieces_are_neither_too_long_nor_short_where_pauses_allow():
    rng = np.random.default_rng(1)
    places = np.cumsum(rng.integers(90, 400, 80))
    pauses = [Pause(int(p), int(p) + int(rng.integers(20, 60)), bool(rng.random() < 0.5)) for p in places]
    frames = int(places[-1]) + 300
    cuts = choose_cuts(pauses, frames, 280, 1400)
    assert set(cuts) <= set(pauses)
    lengths = np.diff([0, *(cut.middle for cut in cuts), frames])
    assert lengths.max() <= 1400 and lengths.min() >= 280 and lengths.sum() == frames


def test_long_pauses_at_punctuation_are_preferred():
    pauses = [Pause(400, 430, False), Pause(500, 530, True), Pause(600, 630, False), Pause(700, 900, False)]
    assert choose_cuts(pauses[:3], 1000, 100, 700) == [pauses[1]]
    assert choose_cuts([pauses[0], pauses[3]], 1300, 100, 1000) == [pauses[3]]


def test_without_a_pause_a_piece_stays_too_long():
    pauses = [Pause(100, 120), Pause(5000, 5020), Pause(5500, 5520)]
    cuts = choose_cuts(pauses, 6000, 50, 1000)
    lengths = [b - a for a, b in itertools.pairwise([0, *(cut.middle for cut in cuts), 6000])]
    assert lengths == [110, 4900, 990]
    assert choose_cuts([], 500, 50, 1000) == choose_cuts([], 5000, 50, 1000) == []
