"""Recordings aligned as a whole with sounds learned elsewhere."""

import numpy as np
import pytest

from tests.training.aligner.test_bootstrap_alignment import made_up_clips
from valetts_hf.processing.symbols import ipa_to_ids
from valetts_hf.training.aligner.alignment_features import alignment_features, normalize_by_speaker
from valetts_hf.training.aligner.alignment_units import parse_units
from valetts_hf.training.aligner.bootstrap_alignment import fit_monophones
from valetts_hf.training.aligner.long_alignment import align_recording
from valetts_hf.training.aligner.monophone_model import SILENCES, STATES, adapt_weights


@pytest.fixture(scope="module")
def recording():
    """Features, text and frames of each sound of 40 sentences in a row, and the sounds learned on 60 others."""
    clips = list(made_up_clips(100))
    learned, spoken = clips[:60], clips[60:]
    features = normalize_by_speaker([alignment_features(w) for _, w, _ in learned], [0] * 60)
    model = fit_monophones(features, [ipa_to_ids(text) for text, _, _ in learned], iterations=6, workers=1)
    whole = normalize_by_speaker([alignment_features(np.concatenate([w for _, w, _ in spoken]))], [0])[0]
    units = parse_units(ipa_to_ids(". ".join(text for text, _, _ in spoken)))
    # the pauses at both ends of the clips lie in the full stops between them
    truth = np.concatenate([np.add.reduceat(d, _unit_starts(text)) for text, _, d in spoken])
    edges = np.cumsum([len(_unit_starts(text)) for text, _, _ in spoken])[:-1]
    joined = np.delete(truth, edges)
    joined[edges - 1 - np.arange(len(edges))] = truth[edges - 1] + truth[edges]
    return whole, units, joined, model


def _unit_starts(text):
    counts = parse_units(ipa_to_ids(text)).token_counts
    return np.cumsum(counts) - counts


@pytest.mark.parametrize("window", [4000, 120])
def test_a_long_recording_is_aligned_through_a_window(recording, window):
    features, units, truth, model = recording
    found = align_recording(features, units, model.keys, model.weights[0], window)
    assert len(found) == len(truth) and found.sum() == len(features) and found.min() >= 1
    off = np.abs(np.cumsum(found) - np.cumsum(truth))
    assert np.mean(off <= 3) > 0.9 and off.max() < 30, f"boundaries off by {np.percentile(off, [50, 90, 99])} frames"


def test_a_text_that_does_not_run_along_is_none(recording):
    features, units, _, model = recording
    assert align_recording(features[:300], units, model.keys, model.weights[0]) is None  # more sounds than frames
    # the window cannot reach the end of the text
    assert align_recording(features[:2000], units, model.keys, model.weights[0], window=32) is None


def test_sounds_that_were_not_learned_get_the_gaussian_of_all(recording):
    features, _, _, model = recording
    assert model.keys[""] == SILENCES + STATES * (len(model.keys) - 1)
    units = parse_units(ipa_to_ids("abcd"))
    assert align_recording(features[:100], units, model.keys, model.weights[0]).sum() == 100


def test_gaussians_move_to_what_is_heard(recording):
    model = recording[-1]
    weights, width = model.weights[0], (model.weights.shape[2] - 1) // 2
    rng = np.random.default_rng(0)
    heard = rng.normal(2.0, 0.1, (4000, width)).astype(np.float32)
    moved = adapt_weights(weights, heard, np.full(4000, 4))
    means = moved[:, :width] / (-2.0 * moved[:, width:-1])
    assert np.allclose(means[4], 2.0, atol=0.1)
    others = np.arange(len(weights)) != 4
    assert np.allclose(moved[others], weights[others], rtol=1e-3, atol=1e-3)
    extended = np.concatenate([heard, heard**2, np.ones((4000, 1), np.float32)], axis=1)
    assert (extended @ moved[4]).mean() > (extended @ weights[4]).mean()
