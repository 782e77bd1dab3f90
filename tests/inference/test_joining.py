"""Seams: no click, no lost speech, pauses as long as asked, no clipping."""

from __future__ import annotations

import numpy as np
import pytest

from valetts_hf.inference.joining import (
    LEAD_MURMUR_SECONDS,
    LEAD_SECONDS,
    PAUSES,
    SILENCE,
    TAIL_LIMIT_SECONDS,
    TAIL_MURMUR_SECONDS,
    TAIL_SECONDS,
    ShapedPiece,
    gap_of,
    pause_kind,
    soft_limit,
)


RATE = 24000


def signal(*parts: tuple[float, float]) -> np.ndarray:
    """Noise-like sound: (seconds, amplitude) one after the other."""
    random = np.random.default_rng(0)
    return np.concatenate(
        [amplitude * random.choice([-1.0, 1.0], round(seconds * RATE)) for seconds, amplitude in parts]
    ).astype(np.float32)


def shape(samples: np.ndarray, lead: float, end: float, chunk: int = 4096) -> tuple[np.ndarray, ShapedPiece]:
    chunks = [samples[start : start + chunk] for start in range(0, len(samples), chunk)]
    shaped = ShapedPiece(chunks, round(lead * RATE), round(end * RATE), RATE)
    parts = list(shaped)
    return np.concatenate(parts), shaped


@pytest.mark.parametrize("chunk", [100, 1000, 4096, 10**6])
def test_edges_are_cut_and_speech_is_untouched(chunk):
    samples = signal((0.4, 0.0001), (1.0, 0.3), (0.5, 0.0001))
    shaped, piece = shape(samples, 0.4, 1.4, chunk)
    assert piece.cut == round((0.4 - LEAD_SECONDS) * RATE)
    assert len(shaped) == piece.samples == round((1.0 + LEAD_SECONDS + TAIL_SECONDS) * RATE)
    begin = round(LEAD_SECONDS * RATE)
    np.testing.assert_array_equal(shaped[begin : begin + RATE], samples[round(0.4 * RATE) : round(1.4 * RATE)])
    assert shaped[0] == shaped[-1] == 0


def test_chunking_changes_nothing():
    samples = signal((0.2, 0.001), (0.7, 0.95), (0.1, 0.2), (0.3, 0.001))
    whole, _ = shape(samples, 0.25, 0.9, 10**6)
    for chunk in (64, 999, 5000):
        np.testing.assert_array_equal(shape(samples, 0.25, 0.9, chunk)[0], whole)


def test_a_loud_edge_is_not_cut():
    # The word sounds earlier and longer than its tokens say: that is speech, not silence.
    shaped, piece = shape(signal((0.1, 0.0), (1.2, 0.3), (0.2, 0.0)), 0.3, 1.1)
    assert piece.cut == round((0.1 - LEAD_SECONDS) * RATE)
    assert len(shaped) / RATE == pytest.approx(LEAD_SECONDS + 1.2 + TAIL_SECONDS, abs=0.006)


@pytest.mark.parametrize("chunk", [100, 10**6])
def test_the_noise_of_a_room_is_no_part_of_a_word(chunk):
    samples = signal((0.2, 0.01), (1.0, 0.3), (0.3, 0.01))
    shaped, piece = shape(samples, 0.2, 1.2, chunk)
    assert piece.cut == round((0.2 - LEAD_MURMUR_SECONDS) * RATE)
    assert len(shaped) == round((1.0 + LEAD_MURMUR_SECONDS + TAIL_MURMUR_SECONDS) * RATE)
    loudness = np.abs(shaped)
    begin, end = round(LEAD_MURMUR_SECONDS * RATE), round((LEAD_MURMUR_SECONDS + 1.0) * RATE)
    np.testing.assert_array_equal(shaped[begin:end], samples[round(0.2 * RATE) : round(1.2 * RATE)])
    rising, falling = loudness[: round((LEAD_MURMUR_SECONDS - LEAD_SECONDS) * RATE)], loudness[end:]
    assert rising[0] == falling[-1] == 0
    assert (np.diff(rising) > 0).all() and (np.diff(falling[round(TAIL_SECONDS * RATE) + 1 :]) < 0).all()


def test_babble_after_the_last_word_ends():
    shaped, _ = shape(signal((1.0, 0.3), (2.0, 0.3)), 0.0, 1.0)
    assert len(shaped) / RATE == pytest.approx(1.0 + TAIL_LIMIT_SECONDS, abs=0.001)
    assert shaped[-1] == 0


def test_piece_without_edges_still_fades():
    shaped, _ = shape(signal((0.3, 0.5)), 0.0, 0.3)
    assert len(shaped) == round(0.3 * RATE)
    assert shaped[0] == shaped[-1] == 0


def test_very_short_and_silent_pieces():
    for seconds in (0.0004, 0.004, 0.03):
        shaped, _ = shape(signal((seconds, 0.5)), 0.0, seconds)
        assert len(shaped) == round(seconds * RATE)
    quiet, _ = shape(np.zeros(RATE, np.float32), 0.2, 0.8)
    assert len(quiet) == round((0.6 + LEAD_SECONDS + TAIL_SECONDS) * RATE)  # what is said to be a word is kept


def test_joined_pieces_do_not_click():
    time = np.arange(RATE) / RATE
    voice = (0.5 * np.sin(2 * np.pi * 150 * time)).astype(np.float32)
    pieces = []
    for _ in range(3):
        shaped, _ = shape(np.concatenate([np.full(2000, 0.002, np.float32), voice[:20011]]), 2000 / RATE, 22011 / RATE)
        pieces += [shaped, gap_of(PAUSES["comma"], RATE)]
    joined = np.concatenate(pieces)
    # The sine's own steps are the largest anywhere, so no seam adds a step of its own.
    assert np.abs(np.diff(joined)).max() <= np.abs(np.diff(voice)).max() + 1e-4


def test_pause_is_measured_from_sound_to_sound():
    first, _ = shape(signal((0.5, 0.3), (0.4, 0.0)), 0.0, 0.5)
    second, _ = shape(signal((0.4, 0.0), (0.5, 0.3)), 0.4, 0.9)
    for rate in (1.0, 2.0):
        joined = np.concatenate([first, gap_of(PAUSES["sentence"] / rate, RATE), second])
        loud = np.flatnonzero(np.abs(joined) > SILENCE)
        assert np.diff(loud).max() / RATE == pytest.approx(PAUSES["sentence"] / rate, abs=0.01)


def test_a_pause_at_an_end_counts_the_edge_that_is_there():
    for behind, before, edges in ((True, False, TAIL_SECONDS), (False, True, LEAD_SECONDS), (False, False, 0.0)):
        assert len(gap_of(0.5, RATE, behind, before)) == round((0.5 - edges) * RATE)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a.", "sentence"),
        ('"Go!"', "sentence"),
        ("कैसे हो।", "sentence"),
        ("one,", "comma"),
        ("(so it is)", "clause"),
        ("wait…", "ellipsis"),
        ("wait...", "ellipsis"),
        ("and then", "none"),
        ("", "none"),
    ],
)
def test_pause_kind(text, kind):
    assert pause_kind(text) == kind


def test_soft_limit_never_clips_and_spares_the_rest():
    samples = np.linspace(-5, 5, 1001, dtype=np.float32)
    limited = soft_limit(samples)
    assert limited.dtype == np.float32 and np.abs(limited).max() <= 1.0
    assert (np.diff(limited) >= 0).all()
    inside = np.abs(samples) <= 0.9
    np.testing.assert_array_equal(limited[inside], samples[inside])
    assert np.array_equal(soft_limit(np.array([0.1, np.nan, np.inf, -np.inf], np.float32))[[1, 2, 3]], [0, 1, -1])
    quiet = samples[inside]
    assert soft_limit(quiet) is quiet
