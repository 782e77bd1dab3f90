"""Evaluation inside training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from valetts_hf.training.data.corpus import PackedCorpus


def held_out_clips(
    corpus: PackedCorpus,
    speaker: str | None = None,
    language: str | None = None,
    count: int | None = None,
    splits: Sequence[str] = ("test",),
    min_words: int = 1,
    seed: int = 0,
) -> list[int]:
    if speaker is not None and speaker not in corpus.speakers:
        raise ValueError(f"speaker {speaker!r} is not in the corpus, which has {sorted(corpus.speakers)}")
    chosen: dict[str, int] = {}
    for split in splits:
        wanted = corpus.transcribed & (np.array(corpus.splits) == split)
        if speaker is not None:
            wanted &= corpus.speaker_ids == corpus.speakers.index(speaker)
        if language is not None:
            wanted &= np.array(corpus.languages) == language
        clips = np.flatnonzero(wanted)
        for clip in np.random.default_rng(seed).permutation(clips):
            if len(corpus.texts[clip].split()) >= min_words:
                chosen.setdefault(corpus.texts[clip], int(clip))
    return list(chosen.values())[:count]
