"""The data of fine-tuning: anyone's recordings or a packed corpus, tokens of the checkpoint's vocabulary, held-out clips.

N clips, T tokens.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.processing.symbols import normalize_ipa
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.training.data.batches import speaker_weights
from valetts_hf.training.data.corpus import PackedCorpus, offsets_of


def is_packed(source: Any) -> bool:
    """Whether a source is a folder that `valetts data prepare` wrote."""
    return isinstance(source, (str, Path)) and (Path(source) / "corpus.json").is_file()


def left_out(corpus: PackedCorpus, most: int = 5) -> str:
    """Lines on the rows that did not become clips of a prepared corpus, and why; "" where all did."""
    skipped = corpus.notes.get("skipped", [])
    lines = [f"left out: {reason}" for reason in skipped[:most]]
    if len(skipped) > most:
        lines.append(f"and {len(skipped) - most} more, see `valetts data validate`")
    return "".join(f"{line}\n" for line in lines)


def texts_of(sources: Sequence[Any], language: str, limit: int = 2000, **options: Any) -> list[str]:
    """Transcripts in a language that need not be known yet, without reading audio.

    Args:
        sources: see `training.data.sources.as_sources`, or packed corpora.
        language: its code; sources that are said to be in another one are left out.
        limit: at most so many texts.
        options: of `as_sources`.
    """
    from itertools import islice

    def texts() -> Iterator[str]:
        for source in sources:
            if is_packed(source):
                yield from PackedCorpus.load(source).texts
            else:
                from valetts_hf.training.data.sources import as_sources, iterate

                own = (each for each in as_sources(source, **options) if each.language in (None, language))
                rows = iterate(replace(each, language="en-us") for each in own)  # nobody reads them yet
                yield from (row.text for row in rows if not row.problem)

    return list(islice((text for text in texts() if text.strip()), limit))


def retokenized(corpus: PackedCorpus, tokenizer: ValeTTSTokenizer) -> PackedCorpus:
    """The corpus with token and language ids of a checkpoint's own vocabulary and language table.

    Raises:
        ValueError: the checkpoint does not speak a language of the corpus, or a clip's phonemes and tokens differ in number.
    """
    codes = {code: tokenizer.language_id(code) for code in sorted(set(corpus.languages))}
    languages = np.array([codes[code] for code in corpus.languages], dtype=np.int32)
    ids = np.array(corpus.input_ids)
    unknown = tokenizer.unk_token_id
    for clip in np.flatnonzero(corpus.transcribed):
        tokens = slice(*corpus.token_offsets[clip : clip + 2])
        if unknown not in ids[tokens]:
            continue  # the built-in table has all of its symbols, and they have the same ids everywhere
        own = [tokenizer.encoder.get(c, unknown) for c in normalize_ipa(corpus.phonemes[clip])]
        if len(own) + 2 != tokens.stop - tokens.start:
            raise ValueError(
                f"{corpus.names[clip]!r} has {tokens.stop - tokens.start} tokens and {len(own)} phonemes: prepare the "
                "corpus again"
            )
        ids[tokens.start + 1 : tokens.stop - 1] = own
    return replace(corpus, input_ids=ids, language_ids=languages)


def with_held_out(corpus: PackedCorpus, share: float, at_most: int) -> PackedCorpus:
    """The corpus with a test split: its own, else its validation split, else a share of the texts, chosen by their digest;
    those of speakers with a single clip come last.

    Args:
        corpus: the clips.
        share: of the transcribed clips, in [0, 1); at least one text if it is not 0.
        at_most: number of clips.

    Raises:
        ValueError: nothing would be left to train on.
    """
    splits = np.array(corpus.splits, dtype=object)
    for name in ("test", "validation"):
        if (corpus.transcribed & (splits == name)).any():
            return replace(corpus, splits=["test" if split == name else str(split) for split in splits])
    usable = np.flatnonzero(corpus.transcribed & (splits == "train"))
    wanted = min(max(round(share * len(usable)), 1), at_most) if share else 0
    clips_of_speaker = Counter(corpus.speaker_ids[usable].tolist())
    single = {corpus.texts[clip] for clip in usable if clips_of_speaker[int(corpus.speaker_ids[clip])] == 1}

    def order(text: str) -> tuple[bool, bytes]:  # a speaker with one clip would be left without a voice
        return text in single, hashlib.sha256(text.encode()).digest()

    ranked = sorted({corpus.texts[clip] for clip in usable}, key=order)
    taken: set[str] = set()
    for text in ranked:
        if sum(corpus.texts[clip] in taken for clip in usable) >= wanted:
            break
        taken.add(text)
    if len(taken) == len(ranked) and wanted:
        raise ValueError(
            f"{len(usable)} clips with {len(ranked)} different texts are too few to hold some out and train on the rest: "
            "record more, or set held_out to 0"
        )
    for clip in usable:
        if corpus.texts[clip] in taken:
            splits[clip] = "test"
    return replace(corpus, splits=[str(split) for split in splits])


def joined(first: PackedCorpus, second: PackedCorpus) -> PackedCorpus:
    """Two corpora as one, the clips of the first in front; speakers of one name are one speaker."""
    speakers = list(dict.fromkeys([*first.speakers, *second.speakers]))
    moved = np.array([speakers.index(name) for name in second.speakers], dtype=np.int32)
    values: dict[str, Any] = {}
    for item in fields(PackedCorpus):
        a, b = getattr(first, item.name), getattr(second, item.name)
        if item.name.endswith("offsets"):
            values[item.name] = offsets_of([*np.diff(a), *np.diff(b)])
        elif item.name == "speaker_ids":
            values[item.name] = np.concatenate([a, moved[b]])
        elif item.name == "speakers":
            values[item.name] = speakers
        elif item.name == "notes":
            values[item.name] = dict(a)
        else:
            values[item.name] = np.concatenate([a, b]) if isinstance(a, np.ndarray) else [*a, *b]
    return PackedCorpus(**values)


def with_rehearsal(
    corpus: PackedCorpus,
    rehearsal: PackedCorpus | None,
    share: float,
    exponent: float,
    boosts: dict[str, float],
    max_clips: int = 1000,
) -> tuple[PackedCorpus, np.ndarray]:
    """The clips to draw from, and how likely each is.

    Args:
        corpus: the new data.
        rehearsal: what the checkpoint should not forget.
        share: probability of the rehearsal corpus as a whole.
        exponent, boosts: see `speaker_weights`.
        max_clips: so many clips of the rehearsal corpus are drawn once and for all, and kept in memory.

    Returns:
        A corpus whose first clips are those of `corpus`, and the weights [N], summing to 1.
    """
    weights = speaker_weights(corpus, exponent, boosts)
    if rehearsal is None or share == 0:
        return corpus, weights
    others = speaker_weights(rehearsal, exponent)
    count = min(max_clips, int((others > 0).sum()))
    chosen = np.random.default_rng(0).choice(len(others), size=count, replace=False, p=others)
    rehearsal = rehearsal.select(sorted(chosen))
    others = speaker_weights(rehearsal, exponent)
    return joined(corpus, rehearsal), np.concatenate([(1 - share) * weights, share * others])
