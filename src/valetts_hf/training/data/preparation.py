"""From sources to a packed corpus: read, judge, align, pack; every step is kept and a second run finds it done."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from valetts_hf.training.data.analysis import CorpusCache, analyze
from valetts_hf.training.data.clip_features import AudioSettings
from valetts_hf.training.data.corpus import PackedCorpus, check_output, offsets_of
from valetts_hf.training.data.feature_cache import digest
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.data.quality import DROP, KEEP, ClipReport
from valetts_hf.training.data.quality_thresholds import QualityThresholds
from valetts_hf.training.data.sources import as_sources


if TYPE_CHECKING:
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech

logger = logging.getLogger(__name__)

VERSION = 1  # to be raised when the same clips are packed or aligned in another way
ALIGNERS = ("auto", "bootstrap", "model", "none")
# The bootstrap aligner needs this much speech to tell sounds apart; see docs/data.md for how it was measured.
BOOTSTRAP_SECONDS = 60.0


@dataclass
class Preparation:
    """
    What came of preparing a corpus.

    Attributes:
        corpus ([`PackedCorpus`]): as saved, memory-mapped.
        clips (`list` of [`ClipReport`]): every row of the sources with its verdict.
        aligner (`str`): "bootstrap", "model" or "none".
        up_to_date (`bool`): nothing had changed, the corpus of an earlier run is returned.
        cache ([`CorpusCache`]): has the features.
    """

    corpus: PackedCorpus
    clips: list[ClipReport]
    aligner: str
    up_to_date: bool
    cache: CorpusCache


def prepare_corpus(
    sources: Any,
    output: str | os.PathLike,
    cache: str | os.PathLike | None = None,
    settings: AudioSettings | None = None,
    thresholds: QualityThresholds | None = None,
    num_proc: int = 1,
    strict: bool = False,
    aligner: str = "auto",
    load_model: Callable[[], ValeTTSForSpeech] | None = None,
    iterations: int = 12,
    test_share: float = 0.0,
    progress: Callable[[int], None] | None = None,
    **source_options: Any,
) -> Preparation:
    """
    Make a training corpus.

    Args:
        sources: see `sources.as_sources`; `source_options` are its options (`columns`, `language`, `speaker`, ...).
        output (`str` or path): folder for the [`PackedCorpus`].
        cache (`str` or path, *optional*): folder of the feature cache; default `default_cache()`.
        settings ([`AudioSettings`], *optional*), thresholds ([`QualityThresholds`], *optional*).
        num_proc (`int`): processes (threads for the alignment).
        strict (`bool`): leave out clips to be fixed, not only those to be dropped.
        aligner (`str`): "bootstrap" (estimated on this corpus), "model" (a trained model's alignment), "none" (no
            durations: only for training with alignment search from the first step), or "auto": bootstrap from
            `BOOTSTRAP_SECONDS` of transcribed speech on, below that the model if `load_model` is given.
        load_model (callable, *optional*): gives the model to align with.
        iterations (`int`): rounds of the bootstrap aligner.
        test_share (`float`): this share of the texts becomes the test split of sources that have none.
        progress (callable, *optional*): gets the number of rows read.

    Returns:
        [`Preparation`].

    Raises:
        ValueError: wrong options, an output folder with other things in it, a source without usable columns, or no clip
            left (with the first reasons).
        OSError: not enough space; what was computed is kept.
    """
    if aligner not in ALIGNERS:
        raise ValueError(f"aligner={aligner!r} is unknown; use one of {ALIGNERS}")
    if aligner == "model" and load_model is None:
        raise ValueError("aligner='model' needs load_model, a function that returns a trained model")
    if not 0.0 <= test_share < 1.0:
        raise ValueError(f"test_share={test_share} must be in [0, 1)")
    check_output(output)
    store = CorpusCache(cache or default_cache())
    listed = as_sources(sources, **source_options)

    def read() -> list[ClipReport]:
        return analyze(listed, store, settings, thresholds, num_proc, progress)

    clips = read()
    used = select_clips(clips, strict)
    _share_test(used, test_share)
    seconds = sum(clip.measures["prepared_seconds"] for clip in used if clip.input_ids)
    chosen = _choose_aligner(aligner, seconds, load_model is not None)
    rows = [
        (c.name, c.audio_key, c.piece, c.text, c.input_ids, c.language, c.speaker, c.split) for c in used
    ]  # what the corpus is made of
    model = load_model() if chosen == "model" and load_model is not None else None
    how = _alignment_identity(chosen, iterations, model)
    fingerprint = digest("corpus", VERSION, *how, rows)
    current = _saved_corpus(output, fingerprint)
    if current is not None:
        _mark_unaligned(used, current)
        return Preparation(current, clips, chosen, True, store)
    if store.audio.verify({clip.audio_key for clip in used}):
        clips = read()
        used = select_clips(clips, strict)
        _share_test(used, test_share)
    with _scratch_samples(Path(output), used) as samples:
        corpus = pack(used, store, samples)
        durations = None
        if chosen != "none" and corpus.transcribed.any():
            key = digest("alignment", VERSION, *how, rows)
            durations = _durations(corpus, key, store, iterations, num_proc, model)
        if durations is not None:
            aligned = [i for i, values in enumerate(durations) if values is not None or not used[i].input_ids]
            if not aligned:
                raise ValueError(
                    f"none of the {len(used)} clips could be aligned: do text and speech belong together, and is the "
                    "language right?"
                )
            if len(aligned) < len(used):  # laid out once more without the others, in the same place
                corpus = pack([used[i] for i in aligned], store, samples)
            corpus = attach_durations(corpus, [durations[i] for i in aligned])
        _mark_unaligned(used, corpus)
        dropped = [f"{clip.name}: {'; '.join(r.text for r in clip.reasons)}" for clip in clips if clip.verdict == DROP]
        corpus.notes = {
            "skipped": dropped,
            "fingerprint": fingerprint,
            "aligner": chosen,
            "settings": asdict(settings or AudioSettings()),
        }
        _with_space_message(Path(output), lambda: corpus.save(output))
    return Preparation(PackedCorpus.load(output), clips, chosen, False, store)


def default_cache() -> Path:
    """Folder of the feature cache: `$HF_HOME/valetts/data`."""
    from huggingface_hub.constants import HF_HOME

    return Path(HF_HOME) / "valetts" / "data"


def select_clips(clips: Sequence[ClipReport], strict: bool = False) -> list[ClipReport]:
    """
    The clips that go into a corpus.

    Args:
        clips (sequence of [`ClipReport`]): judged.
        strict (`bool`): only those with nothing to fix.

    Raises:
        ValueError: none is left.
    """
    used = [clip for clip in clips if clip.verdict == KEEP or (not strict and clip.verdict != DROP)]
    if not used:
        reasons = [f"{clip.name}: {reason.text}" for clip in clips for reason in clip.reasons[:1]]
        raise ValueError(
            f"no clip of {len(clips)} is left; first reasons: {' | '.join(reasons[:3]) or 'there were no rows'}"
        )
    return used


def _share_test(clips: Sequence[ClipReport], share: float) -> None:
    """Texts whose digest is low go to the test split, in sources that have only a train split."""
    if not share:
        return
    divided = {clip.source for clip in clips if clip.split != "train"}
    for clip in clips:
        if clip.source not in divided and int(digest(clip.text)[:8], 16) < share * 16**8:
            clip.split = "test"


def _mark_unaligned(used: Sequence[ClipReport], corpus: PackedCorpus) -> None:
    """Say of clips that were to be used and are not in the corpus why."""
    there = set(corpus.names)
    for clip in used:
        if clip.name not in there:
            clip.add("not_aligned", DROP, "text and speech cannot be aligned: another text, or a part is missing?")


def _choose_aligner(aligner: str, seconds: float, has_model: bool) -> str:
    if aligner != "auto":
        return aligner
    if seconds >= BOOTSTRAP_SECONDS:
        return "bootstrap"
    if has_model:
        return "model"
    if seconds:
        logger.warning(
            "%.0f s of transcribed speech are little to estimate an aligner on (%.0f s are wanted): durations may be "
            "poor; align with a trained model instead",
            seconds,
            BOOTSTRAP_SECONDS,
        )
    return "bootstrap"


def _alignment_identity(aligner: str, iterations: int, model: ValeTTSForSpeech | None) -> tuple[str, int | str]:
    """What durations depend on besides the clips: the aligner, and its rounds or the model it is."""
    if model is None:
        return aligner, iterations
    from valetts_hf.voices.fingerprint import checkpoint_fingerprint

    return aligner, checkpoint_fingerprint(model)


def _saved_corpus(folder: str | os.PathLike, fingerprint: str) -> PackedCorpus | None:
    """The corpus of an earlier run if it was made of the same, else None."""
    try:
        corpus = PackedCorpus.load(folder)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return corpus if corpus.notes.get("fingerprint") == fingerprint else None


class _scratch_samples:
    """All samples of the clips in one temporary memory map beside the output; the file has no name while it is used."""

    def __init__(self, output: Path, clips: Sequence[ClipReport]):
        self.folder = output.absolute().parent
        self.samples = sum(clip.measures["frames"] for clip in clips) * HOP_LENGTH

    def __enter__(self) -> np.ndarray:
        self.folder.mkdir(parents=True, exist_ok=True)
        needed = 2 * 2 * self.samples + (1 << 20)  # int16, here and in the corpus
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise OSError(
                errno.ENOSPC,
                f"{str(self.folder)!r} has {free / 2**30:.1f} GiB free, packing needs {needed / 2**30:.1f}: free some "
                "space or name another output; the features are kept in the cache",
            )
        self.file = tempfile.TemporaryFile(dir=self.folder)
        self.file.truncate(max(2 * self.samples, 2))
        return np.memmap(self.file, dtype=np.int16, mode="r+", shape=(max(self.samples, 1),))[: self.samples]

    def __exit__(self, *exception: object) -> None:
        self.file.close()


def _with_space_message(output: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            errno.ENOSPC,
            f"no space left to write {str(output)!r}: free some and run the same command again; features and "
            "alignments are kept in the cache",
        ) from error


def pack(clips: Sequence[ClipReport], cache: CorpusCache, samples: np.ndarray) -> PackedCorpus:
    """
    Lay clips end to end; durations are zero.

    Args:
        clips (sequence of [`ClipReport`]): whose features are in the cache.
        cache ([`CorpusCache`]).
        samples (`np.ndarray`, int16, at least as long as the clips): is filled with their waveforms, which the corpus
            then refers to.
    """
    from valetts_hf.processing.languages import language_id

    offsets = offsets_of([clip.measures["frames"] for clip in clips])
    log_f0, energy = np.zeros(offsets[-1], np.float32), np.zeros(offsets[-1], np.float32)
    for clip, start, stop in zip(clips, offsets, offsets[1:]):
        arrays = cache.piece(clip.audio_key, clip.piece)
        samples[start * HOP_LENGTH : stop * HOP_LENGTH] = arrays["waveform"]
        log_f0[start:stop], energy[start:stop] = arrays["log_f0"], arrays["energy"]
    lengths = [len(clip.input_ids) for clip in clips]
    speakers = sorted({clip.speaker for clip in clips})
    index = {speaker: number for number, speaker in enumerate(speakers)}
    return PackedCorpus(
        waveforms=samples[: offsets[-1] * HOP_LENGTH],
        sample_offsets=offsets * HOP_LENGTH,
        log_f0=log_f0,
        energy=energy,
        input_ids=np.fromiter((t for clip in clips for t in clip.input_ids), dtype=np.int16, count=sum(lengths)),
        token_offsets=offsets_of(lengths),
        durations=np.zeros(sum(lengths), dtype=np.int16),
        speaker_ids=np.array([index[clip.speaker] for clip in clips], dtype=np.int32),
        language_ids=np.array([language_id(clip.language) for clip in clips], dtype=np.int32),
        texts=[clip.text for clip in clips],
        phonemes=[clip.phonemes for clip in clips],
        languages=[clip.language for clip in clips],
        splits=[clip.split for clip in clips],
        names=[clip.name for clip in clips],
        speakers=speakers,
    )


def _durations(
    corpus: PackedCorpus,
    key: str,
    cache: CorpusCache,
    iterations: int,
    num_proc: int,
    model: ValeTTSForSpeech | None,
) -> list[np.ndarray | None] | None:
    """Durations of each transcribed clip, by the model or else the bootstrap aligner, kept in the cache under the key."""
    if cache.alignment.verify([key]):
        if model is not None:
            from valetts_hf.training.data.model_alignment import align_with_model

            found = align_with_model(corpus, model)
        else:
            from valetts_hf.training.aligner.bootstrap_alignment import align_corpus

            found = align_corpus(corpus, iterations=iterations, workers=num_proc)
        lengths = np.array([0 if values is None else len(values) for values in found], dtype=np.int64)
        flat = [values.astype(np.int32) for values in found if values is not None]
        cache.alignment.put(
            key, {}, {"lengths": lengths, "durations": np.concatenate(flat) if flat else np.zeros(0, np.int32)}
        )
        cache.flush()
    arrays = cache.alignment.arrays(key)
    pieces = np.split(np.asarray(arrays["durations"]), np.cumsum(arrays["lengths"])[:-1])
    return [piece if length else None for piece, length in zip(pieces, arrays["lengths"])]


def attach_durations(corpus: PackedCorpus, durations: Sequence[np.ndarray | None]) -> PackedCorpus:
    """
    A corpus with frames per token.

    Args:
        corpus ([`PackedCorpus`]).
        durations (sequence of `np.ndarray` of shape `(T_i,)` or `None`, length N): `None` for clips without transcript.

    Raises:
        ValueError: not one entry per clip, or durations that do not sum to the clip's frames.
    """
    if len(durations) != len(corpus):
        raise ValueError(f"{len(durations)} durations were given for {len(corpus)} clips; pass one entry per clip")
    flat = []
    for name, values, frames, tokens in zip(corpus.names, durations, corpus.frame_lengths, corpus.token_lengths):
        values = np.zeros(0, dtype=np.int64) if values is None else np.asarray(values)
        if len(values) != tokens or (tokens and values.sum() != frames):
            raise ValueError(
                f"durations of {name!r} are {len(values)} values summing to {values.sum()}; {tokens} tokens and "
                f"{frames} frames are there"
            )
        flat.append(values.astype(np.int16))
    return replace(corpus, durations=np.concatenate(flat) if flat else np.zeros(0, dtype=np.int16))


def describe(corpus: PackedCorpus) -> str:
    """Clips and minutes of a corpus by language and speaker, a few lines."""
    minutes = corpus.frame_lengths * HOP_LENGTH / SAMPLING_RATE / 60
    lines = []
    for title, keys in (
        ("languages", corpus.languages),
        ("speakers", [corpus.speakers[i] for i in corpus.speaker_ids]),
        ("splits", corpus.splits),
    ):
        totals: dict[str, list[float]] = {}
        for key, length in zip(keys, minutes):
            totals.setdefault(key, []).append(float(length))
        most = sorted(totals, key=lambda key: -sum(totals[key]))
        shown = ", ".join(f"{key} {len(totals[key])} clips / {sum(totals[key]):.1f} min" for key in most[:8])
        lines.append(f"{title}: {shown}{f', and {len(most) - 8} more' if len(most) > 8 else ''}")
    return "\n".join(lines)
