"""Batches: a pure function of the step, windows cut where they say, references from other clips."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.training.data.batches import BatchMaker, speaker_weights


def maker(corpus, **settings):
    sizes = {"batch_size": 6, "window_frames": 50, "reference_frames": 40} | settings
    return BatchMaker(corpus, LogMelSpectrogram(24000, 1024, 256, 100), speaker_weights(corpus, 0.5), **sizes)


def test_a_step_always_gives_the_same_batch(buzz_corpus):
    first, second = maker(buzz_corpus).batch(7), maker(buzz_corpus).batch(7)
    other = maker(buzz_corpus).batch(8)
    assert torch.equal(first.waveform, second.waveform) and torch.equal(first.reference_mel, second.reference_mel)
    assert not torch.equal(first.waveform, other.waveform)
    assert not torch.equal(first.waveform, maker(buzz_corpus, seed=1).batch(7).waveform)


def test_windows_hold_what_the_clip_holds(buzz_corpus):
    clips, starts = np.array([3, 0]), np.array([10, 0])
    batch = maker(buzz_corpus).assemble(clips, starts, clips, starts)
    expected = buzz_corpus.waveform(3)[10 * 256 : 60 * 256]
    torch.testing.assert_close(batch.waveform[0], torch.from_numpy(expected))
    assert batch.mel.shape == (2, 50, 100) and batch.frame_mask.all()
    whole = LogMelSpectrogram(24000, 1024, 256, 100)(torch.from_numpy(buzz_corpus.waveform(3))[None])
    torch.testing.assert_close(batch.mel[0, 4:-4], whole[0, 14:56], atol=1e-3, rtol=1e-3)
    clip = buzz_corpus.clip(3)
    assert batch.input_ids[0, : len(clip["input_ids"])].tolist() == clip["input_ids"].tolist()
    assert int(batch.durations[0].sum()) == len(clip["log_f0"])


def test_what_lies_past_a_clip_is_masked(buzz_corpus):
    start = int(buzz_corpus.frame_lengths[2]) - 20
    batch = maker(buzz_corpus).assemble(np.array([2]), np.array([start]), np.array([2]), np.array([0]))
    assert int(batch.frame_mask.sum()) == 20
    assert not batch.waveform[0, 20 * 256 :].any() and not batch.mel[0, 20:].any() and not batch.pitch[0, 20:].any()


def test_windows_end_inside_of_their_clip(buzz_corpus):
    batches = maker(buzz_corpus)
    for step in range(20):
        batch = batches.batch(step)
        lengths = batch.durations.sum(dim=1)
        assert (batch.frame_mask.sum(dim=1) == lengths.clamp(max=50)).all()
        assert (batch.window_start <= (lengths - 50).clamp(min=0)).all()


def test_what_is_held_out_is_neither_drawn_nor_a_reference(buzz_corpus):
    corpus = replace(buzz_corpus, splits=["test", "train", "validation"] + ["train"] * 9)
    batches = maker(corpus)
    assert np.flatnonzero(batches.weights == 0).tolist() == [0, 2]
    assert set(batches._references(np.random.default_rng(0), np.array([1] * 50))) == {3, 4, 5}


def test_references_come_from_other_clips_of_the_speaker(buzz_corpus):
    batches = maker(buzz_corpus)
    random = np.random.default_rng(0)
    clips = np.tile(np.arange(11), 20)
    references = batches._references(random, clips)
    assert (buzz_corpus.speaker_ids[references] == buzz_corpus.speaker_ids[clips]).all()
    assert (references != clips).all() and len(set(references[clips == 0])) == 5  # every other clip of the speaker
    assert batches._references(random, np.array([11])).tolist() == [11]  # the only clip of its speaker


def test_clips_and_references_are_drawn_as_by_a_loop(buzz_corpus):
    """The vectorised draw gives the numbers that one call per row gave."""
    batches = maker(buzz_corpus, batch_size=64)
    random = np.random.default_rng([0, 5])
    clips = random.choice(len(batches.weights), size=64, p=batches.weights)
    references = []
    for clip in clips:
        others = np.flatnonzero(buzz_corpus.speaker_ids == buzz_corpus.speaker_ids[clip])
        choice = int(random.choice(others))
        if choice == clip and len(others) > 1:
            choice = int(others[(np.searchsorted(others, clip) + 1) % len(others)])
        references.append(choice)
    random = np.random.default_rng([0, 5])
    np.testing.assert_array_equal(batches._clips(random, 64)[0], clips)
    np.testing.assert_array_equal(batches._references(random, clips), references)


def test_length_buckets_keep_every_weight(buzz_corpus):
    batches = maker(buzz_corpus, batch_size=8, length_buckets=3)
    lengths = buzz_corpus.token_lengths
    counts, spreads = np.zeros(12), []
    for step in range(1500):
        clips, _ = batches._clips(np.random.default_rng(step), 8)
        counts += np.bincount(clips, minlength=12)
        spreads.append(np.ptp(lengths[clips]))
    np.testing.assert_allclose(counts / counts.sum(), batches.weights, atol=0.015)
    assert max(spreads) < np.ptp(lengths)  # no batch has the shortest and the longest clip
    batch = batches.batch(0)
    assert batch.input_ids.shape[1] % 16 == 0 and torch.equal(batch.input_ids, batches.batch(0).input_ids)
    with pytest.raises(ValueError, match="length_buckets must be at least 1, got 0"):
        maker(buzz_corpus, length_buckets=0)


def test_padding_to_the_bucket_leaves_one_shape_for_each(buzz_corpus):
    settings = {"batch_size": 2, "length_buckets": 3}
    padded, plain = maker(buzz_corpus, pad_to_bucket=True, **settings), maker(buzz_corpus, **settings)
    widths = {}
    for step in range(60):
        batch, other = padded.batch(step), plain.batch(step)
        size = other.input_ids.shape[1]
        _, bucket = padded._clips(np.random.default_rng([padded.seed, step]), 2)
        widths.setdefault(bucket, set()).add(batch.input_ids.shape[1])
        assert torch.equal(batch.input_ids[:, :size], other.input_ids) and not batch.token_mask[:, size:].any()
        assert torch.equal(batch.durations[:, :size], other.durations) and torch.equal(batch.mel, other.mel)
    assert len(widths) == 3 and all(len(found) == 1 for found in widths.values())


def test_whole_rows_are_those_whose_window_holds_the_clip(buzz_corpus):
    clips, starts = np.array([0, 1, 2]), np.array([0, 3, 0])
    batch = maker(buzz_corpus, window_frames=int(buzz_corpus.frame_lengths[0])).assemble(
        clips, starts, clips, starts * 0
    )
    expected = torch.nonzero(batch.frame_mask.sum(1) == batch.durations.sum(1))[:, 0]
    assert batch.whole_rows.tolist() == expected.tolist() and 0 in batch.whole_rows and 1 not in batch.whole_rows


def test_speaker_weights(buzz_corpus):
    shares = np.bincount(buzz_corpus.speaker_ids, weights=speaker_weights(buzz_corpus, 0.0))
    np.testing.assert_allclose(shares, [1 / 3] * 3)
    boosted = np.bincount(buzz_corpus.speaker_ids, weights=speaker_weights(buzz_corpus, 0.0, {"rui": 2.0}))
    np.testing.assert_allclose(boosted, [0.25, 0.5, 0.25])
    with pytest.raises(ValueError, match="cannot weigh speaker 'zoe'.*'ada'"):
        speaker_weights(buzz_corpus, 0.0, {"zoe": 2.0})


def without_text(corpus, count):
    """The corpus with the transcripts of its last `count` clips taken away."""
    tokens = corpus.token_offsets[len(corpus) - count]
    offsets = np.minimum(corpus.token_offsets, tokens)
    return replace(
        corpus, token_offsets=offsets, input_ids=corpus.input_ids[:tokens], durations=corpus.durations[:tokens]
    )


def test_rows_without_text_come_last_from_clips_without_transcript(buzz_corpus):
    corpus = without_text(buzz_corpus, 3)
    unread = speaker_weights(corpus, 0.7, transcribed=False)
    batches = maker(corpus, speech_only_rows=2, speech_only_weights=unread)
    for step in range(4):
        batch = batches.batch(step)
        assert batch.text_rows == 4 and len(batch.mel) == 6
        assert batch.token_mask[:4].any(dim=1).all() and not batch.token_mask[4:].any()
        assert batch.frame_mask.any(dim=1).all() and batch.waveform[4:].abs().sum() > 0
        text = batch.with_text
        assert len(text.mel) == len(text.input_ids) == 4 and text.with_text is text
        assert torch.equal(text.mel, batch.mel[:4])
        assert batch.whole_rows is None or (batch.whole_rows < 4).all()
    unread_first = np.array([len(corpus) - 1, 0])
    with pytest.raises(ValueError, match="without transcript must come last"):
        batches.assemble(unread_first, np.zeros(2, int), unread_first, np.zeros(2, int))
    with pytest.raises(ValueError, match="no clip without a transcript"):
        speaker_weights(buzz_corpus, 0.7, transcribed=False)
    with pytest.raises(ValueError, match="must leave a row of 6 with text, got 6"):
        maker(corpus, speech_only_rows=6, speech_only_weights=unread)


def test_a_clip_that_is_its_own_reference_is_heard_beside_its_window(buzz_corpus):
    longest = int(buzz_corpus.frame_lengths.argmax())
    alone = buzz_corpus.select([longest])
    window, reference = 20, 15
    assert alone.frame_lengths[0] >= 2 * window + 2 * reference
    batches = maker(alone, batch_size=8, window_frames=window, reference_frames=reference)
    seen = []
    assemble = batches.assemble
    batches.assemble = lambda clips, starts, references, reference_starts, plan, tokens: seen.append(
        (starts, reference_starts)
    )
    for step in range(10):
        batches.batch(step)
    starts, reference_starts = (np.concatenate(column) for column in zip(*seen))
    assert ((reference_starts >= starts + window) | (reference_starts + reference <= starts)).all()
    assert (reference_starts + reference <= alone.frame_lengths[0]).all()
    assert len(set(reference_starts)) > 5
    assert len(assemble(np.array([0]), starts[:1], np.array([0]), reference_starts[:1]).mel) == 1
