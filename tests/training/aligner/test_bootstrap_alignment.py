"""The bootstrap aligner: its dynamic programme against brute force, its units, and a known segmentation recovered."""

from itertools import combinations

import numpy as np
import pytest

from valetts_hf.processing.symbols import SYMBOL_TO_ID, ipa_to_ids
from valetts_hf.training.aligner.alignment_features import FEATURES, alignment_features, normalize_by_speaker
from valetts_hf.training.aligner.alignment_units import END_UNIT, PHONE, SEPARATOR, START_UNIT, parse_units
from valetts_hf.training.aligner.bootstrap_alignment import align, text_matches_speech
from valetts_hf.training.aligner.monophone_model import viterbi_durations
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


def brute_force(scores: np.ndarray) -> float:
    """Best total of all ways to cut `(F, S)` scores into S pieces of at least one frame."""
    frames, states = scores.shape
    best = -np.inf
    for cuts in combinations(range(1, frames), states - 1):
        bounds = [0, *cuts, frames]
        best = max(best, sum(scores[bounds[s] : bounds[s + 1], s].sum() for s in range(states)))
    return best


def test_viterbi_finds_the_best_of_all_paths_in_a_ragged_batch():
    rng = np.random.default_rng(1)
    state_lengths, frame_lengths = np.array([3, 1, 4, 5]), np.array([7, 6, 4, 9])
    scores = rng.normal(size=(9, 4, 5)).astype(np.float32)
    durations, totals = viterbi_durations(scores, state_lengths, frame_lengths)
    for row, (s, f) in enumerate(zip(state_lengths, frame_lengths)):
        assert durations[row, :s].min() >= 1 and durations[row].sum() == f and not durations[row, s:].any()
        assert totals[row] == pytest.approx(brute_force(scores[:f, row, :s]), abs=1e-4)
        path = np.repeat(np.arange(s), durations[row, :s])
        assert scores[np.arange(f), row, path].sum() == pytest.approx(totals[row], abs=1e-4)


def test_viterbi_refuses_more_states_than_frames():
    with pytest.raises(ValueError, match="5 states but 4 frames"):
        viterbi_durations(np.zeros((4, 1, 5), dtype=np.float32), np.array([5]), np.array([4]))
    with pytest.raises(ValueError, match="exceed"):
        viterbi_durations(np.zeros((4, 1, 3), dtype=np.float32), np.array([5]), np.array([4]))


def test_units_tie_marks_to_their_sounds_and_merge_pauses():
    units = parse_units(ipa_to_ids("hˈuːs, v\u0254\u0303!"))
    assert units.keys[1:-1] == ["h", "uː", "s", ", ", "v", "\u0254\u0303"]
    assert units.kinds.tolist() == [START_UNIT, PHONE, PHONE, PHONE, SEPARATOR, PHONE, PHONE, END_UNIT]
    assert units.token_counts.tolist() == [1, 1, 3, 1, 2, 1, 2, 2]
    assert units.token_counts.sum() == len(ipa_to_ids("hˈuːs, v\u0254\u0303!"))


def test_frames_of_units_reach_their_tokens():
    ids = ipa_to_ids("hˈuː, a.")
    units = parse_units(ids)
    durations = units.token_durations(np.array([9, 4, 8, 12, 5, 20]))
    #                                 <s> h  ˈ  u  ː  ,  _  a  . </s>
    assert durations.tolist() == [9, 4, 1, 4, 3, 11, 1, 5, 1, 19]
    with pytest.raises(ValueError, match="below"):
        units.token_durations(np.array([9, 4, 2, 12, 5, 20]))


@pytest.mark.parametrize("ipa", ["", ".", '"a"', "a ˈ b", "ˈ", "ː", "a  b", "t\u0361s", "¿k?", "a|b", "…—a"])
def test_units_cover_every_token_of_odd_texts(ipa):
    ids = ipa_to_ids(ipa)
    units = parse_units(ids)
    assert units.token_counts.sum() == len(ids)
    frames = units.token_counts + np.arange(len(units.kinds))
    durations = units.token_durations(frames)
    assert durations.sum() == frames.sum() and durations.min() >= 1


def test_units_need_the_edges():
    with pytest.raises(ValueError, match="<s>"):
        parse_units([SYMBOL_TO_ID["a"], 3])


# Formant-like pairs of frequencies: what tells the sounds of the made-up language apart.
SOUNDS = {"a": (700, 1200), "i": (300, 2300), "u": (320, 800), "e": (450, 1900), "o": (500, 950)}


def speak(rng: np.random.Generator, ipa: str) -> tuple[np.ndarray, np.ndarray]:
    """(waveform, frames per token) of tones for sounds, silence for pauses and edges, one frame for other marks."""
    ids, pieces, durations = ipa_to_ids(ipa), [], []
    for k, token in enumerate(ids):
        symbol = "" if token in (2, 3) else ipa[k - 1]
        if symbol in SOUNDS:
            frames = int(rng.integers(6, 16))
            time = np.arange(frames * HOP_LENGTH) / SAMPLING_RATE
            pieces.append(sum(0.1 * np.sin(2 * np.pi * f * time + rng.random()) for f in SOUNDS[symbol]))
        else:
            frames = int(rng.integers(12, 30)) if symbol in ("", ",") else 1
            if symbol == " " and ipa[k - 2] != ",":  # no pause: the sound before goes on
                time = np.arange(HOP_LENGTH) / SAMPLING_RATE
                pieces.append(sum(0.1 * np.sin(2 * np.pi * f * time) for f in SOUNDS[ipa[k - 2]]))
            else:
                pieces.append(np.zeros(frames * HOP_LENGTH))
        durations.append(frames)
    waveform = np.concatenate(pieces)
    return (waveform + 0.0005 * rng.normal(size=len(waveform))).astype(np.float32), np.array(durations)


def made_up_clips(count: int):
    """(text, waveform, frames per token) of `count` clips of ten sounds in four words, with a comma in the middle."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        letters = list(SOUNDS)
        spoken = [rng.choice(letters)]
        while len(spoken) < 10:  # equal neighbours have no boundary that could be found
            spoken.append(rng.choice([c for c in letters if c != spoken[-1]]))
        text = "".join(spoken)
        text = f"{text[:2]} {text[2:5]}, {text[5:8]} {text[8:]}"
        yield text, *speak(rng, text)


def test_a_known_segmentation_is_recovered():
    clips = list(made_up_clips(100))
    features = normalize_by_speaker([alignment_features(w) for _, w, _ in clips], [0] * len(clips))
    ids = [ipa_to_ids(text) for text, _, _ in clips]
    found, scores = align(features, ids, [0] * len(clips), [0] * len(clips), iterations=8, workers=1)
    errors = []
    for values, (_, waveform, truth) in zip(found, clips):
        assert values is not None and values.sum() == len(waveform) // HOP_LENGTH and values.min() >= 1
        errors.append(np.abs(np.cumsum(values) - np.cumsum(truth)))
    errors = np.concatenate(errors)
    assert np.mean(errors <= 2) > 0.95, f"boundaries off by {np.percentile(errors, [50, 90, 99])} frames"
    assert np.isfinite(scores).all()


def test_impossible_clips_are_left_out_and_the_rest_aligned():
    clips = list(made_up_clips(6))
    features = normalize_by_speaker([alignment_features(w) for _, w, _ in clips], [0] * len(clips))
    features[2] = features[2][:5]
    ids = [ipa_to_ids(text) for text, _, _ in clips]
    found, scores = align(features, ids, list(range(6)), [0] * 6, iterations=2, workers=2)
    assert found[2] is None and np.isnan(scores[2])
    assert sum(values is not None for values in found) >= 4


def test_alignment_errors():
    frames = np.zeros((3, FEATURES), dtype=np.float32)
    with pytest.raises(ValueError, match="one entry per clip"):
        align([frames], [], [0], [0])
    with pytest.raises(ValueError, match="iterations=0"):
        align([frames], [[2, 9, 3]], [0], [0], iterations=0)
    with pytest.raises(ValueError, match="nothing to align"):
        align([frames], [ipa_to_ids("aiueo")], [0], [0])


def test_mismatch_of_text_and_speech_is_seen():
    units = parse_units(ipa_to_ids("aiueoaiueo"))
    good = np.full(len(units.kinds), 7)
    assert text_matches_speech(units, good)
    stretched, squeezed = good.copy(), good.copy()
    stretched[4] = 80
    squeezed[3:9] = 2
    assert not text_matches_speech(units, stretched)
    assert not text_matches_speech(units, squeezed)


def test_features_are_frame_exact_and_loudness_comes_first():
    waveform = np.zeros(50 * HOP_LENGTH, dtype=np.float32)
    waveform[20 * HOP_LENGTH : 30 * HOP_LENGTH] = 0.1 * np.sin(np.arange(10 * HOP_LENGTH) * 0.2)
    features = alignment_features(waveform)
    assert features.shape == (50, FEATURES)
    middle = (features[:, 0].min() + features[:, 0].max()) / 2
    loud = np.flatnonzero(features[:, 0] > middle)
    assert abs(loud[0] - 20) <= 1 and abs(loud[-1] - 29) <= 1
