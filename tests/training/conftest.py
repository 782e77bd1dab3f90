"""A corpus of buzzing clips, small enough to train on in a test."""

import numpy as np
import pytest

from valetts_hf.training.data.corpus import PackedCorpus


@pytest.fixture(scope="session")
def buzz_corpus() -> PackedCorpus:
    """12 clips of 3 speakers (2 s to 3 s), a pulse train each; the last speaker has a single clip."""
    random = np.random.default_rng(0)
    frames = random.integers(60, 120, 12)
    tokens = frames // 8
    durations = []
    for length, count in zip(frames, tokens, strict=True):
        share = np.full(count, length // count)
        share[: length - share.sum()] += 1
        durations.append(share)

    def offsets(lengths):
        return np.concatenate([[0], np.cumsum(lengths)])

    time = np.arange(frames.sum() * 256) / 24000
    waveforms = (np.sign(np.sin(2 * np.pi * 120 * time)) * 3000 + random.normal(0, 300, len(time))).astype(np.int16)
    speaker_ids = np.array([0] * 6 + [1] * 5 + [2], dtype=np.int32)
    return PackedCorpus(
        waveforms=waveforms,
        sample_offsets=offsets(frames * 256),
        log_f0=np.full(frames.sum(), np.log(120), np.float32),
        energy=np.zeros(frames.sum(), np.float32),
        input_ids=random.integers(5, 200, tokens.sum()).astype(np.int16),
        token_offsets=offsets(tokens),
        durations=np.concatenate(durations).astype(np.int16),
        speaker_ids=speaker_ids,
        language_ids=np.zeros(12, np.int32),
        texts=["buzz"] * 12,
        phonemes=["bʌz"] * 12,
        languages=["en-us"] * 12,
        splits=["train"] * 11 + ["train"],
        names=[f"clip{index}" for index in range(12)],
        speakers=["ada", "rui", "eva"],
    )
