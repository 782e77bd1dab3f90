"""From `datasets` audio folders to a packed corpus.

Preparation has three stages, each of which leaves a usable corpus: `prepare_audio` (decode, resample, level, pitch,
energy), `attach_text` (phonemes and token ids) and `attach_durations` (frames per token, see `bootstrap_alignment`).
`prepare` runs all three.
"""

from __future__ import annotations

import csv
import json
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.training.data.corpus import PackedCorpus, offsets_of
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE, extract_energy, extract_log_f0


logger = logging.getLogger(__name__)

PEAK = 0.95
ACTIVE_RMS_DB = -23.0
MIN_SECONDS = 0.3

# Language tags of corpora -> codes of the text front end. What is missing here has no reader and is skipped.
CORPUS_LANGUAGES = {
    "en": "en-us",
    "en-US": "en-us",
    "en-GB": "en-gb",
    "de": "de",
    "de-DE": "de",
    "nl": "nl",
    "nl-NL": "nl",
    "nl-BE": "nl",
    "fr": "fr",
    "fr-FR": "fr",
    "es": "es",
    "es-ES": "es",
    "it": "it",
    "it-IT": "it",
    "pt-BR": "pt-br",
    "pt-PT": "pt-pt",
    "pl": "pl",
    "pl-PL": "pl",
    "ru": "ru",
    "ru-RU": "ru",
    "tr": "tr",
    "tr-TR": "tr",
    "sv": "sv",
    "sv-SE": "sv",
    "hi": "hi",
    "hi-IN": "hi",
    "nb-NO": "nb",
    "nn-NO": "nb",
    "sw": "sw",
    "sw-TZ": "sw",
    "ar": "ar",
    "eo": "eo",
    "fa": "fa",
    "ca": "ca",
    "ro": "ro",
}


def prepare(
    sources: Sequence[str | os.PathLike],
    workers: int = 2,
    languages: dict[str, str] | None = None,
    align: bool = True,
    **options: Any,
) -> PackedCorpus:
    """
    Make a training corpus of audio folders: audio, pitch, energy, phonemes, tokens and bootstrapped durations.

    Args:
        sources (sequence of `str` or path): `datasets` audio folders (`metadata.jsonl` with `file_name` and, where
            known, `text`, `language`, `speaker_id`, `split`).
        workers (`int`): processes for decoding and pitch.
        languages (`dict`, *optional*): language tag of the metadata -> code of the text front end; default
            `CORPUS_LANGUAGES`. Other tags are skipped with a note.
        align (`bool`): estimate `durations`.
        options: passed to `bootstrap_alignment.align_corpus`.

    Returns:
        `PackedCorpus`: what could not be read or aligned is missing and listed in `notes["skipped"]`.

    Raises:
        ValueError: no clip is left.
    """
    corpus = attach_text(prepare_audio(sources, workers=workers, languages=languages))
    if align:
        from valetts_hf.training.aligner.bootstrap_alignment import align_corpus

        corpus = attach_durations(corpus, align_corpus(corpus, **options))
    return corpus


def prepare_audio(
    sources: Sequence[str | os.PathLike], workers: int = 2, languages: dict[str, str] | None = None
) -> PackedCorpus:
    """
    First stage of `prepare`: everything but text; all clips come out as not transcribed, `texts` filled.

    Raises:
        ValueError: no clip could be read.
    """
    from valetts_hf.processing.languages import language_id

    languages = CORPUS_LANGUAGES if languages is None else languages
    skipped: list[str] = []
    rows = list(_readable_rows(sources, languages, skipped))
    kept, audio = [], []
    for row, (result, problem) in zip(rows, _map_processes(_load_clip, [row["path"] for row in rows], workers)):
        if problem:
            skipped.append(f"{row['name']}: {problem}")
        else:
            kept.append(row)
            audio.append(result)
    for line in skipped:
        logger.warning("skipped %s", line)
    if not kept:
        raise ValueError(f"no clip of {[str(s) for s in sources]} could be read; first problem: {skipped[:1]}")

    speakers = sorted({row["speaker"] for row in kept})
    return PackedCorpus(
        waveforms=np.concatenate([clip[0] for clip in audio]),
        sample_offsets=offsets_of([len(clip[0]) for clip in audio]),
        log_f0=np.concatenate([clip[1] for clip in audio]),
        energy=np.concatenate([clip[2] for clip in audio]),
        input_ids=np.zeros(0, dtype=np.int16),
        token_offsets=np.zeros(len(kept) + 1, dtype=np.int64),
        durations=np.zeros(0, dtype=np.int16),
        speaker_ids=np.array([speakers.index(row["speaker"]) for row in kept], dtype=np.int32),
        language_ids=np.array([language_id(row["language"]) for row in kept], dtype=np.int32),
        texts=[row["text"] for row in kept],
        phonemes=[""] * len(kept),
        languages=[row["language"] for row in kept],
        splits=[row["split"] for row in kept],
        names=[row["name"] for row in kept],
        speakers=speakers,
        notes={"skipped": skipped},
    )


def attach_text(
    corpus: PackedCorpus, phonemize: Callable[[list[str], str], list[tuple[str, list[int]]]] | None = None
) -> PackedCorpus:
    """
    Second stage of `prepare`: phonemes and token ids; durations are zero until the third.

    Args:
        corpus ([`PackedCorpus`]).
        phonemize (callable, *optional*): (texts, language code) -> (IPA, token ids) of each; default the package's
            tokenizer.

    Returns:
        [`PackedCorpus`]: shares the audio with `corpus`.
    """
    phonemize = phonemize or phonemize_with_tokenizer
    phonemes, ids = [""] * len(corpus), [[] for _ in range(len(corpus))]
    for language in sorted(set(corpus.languages)):
        members = [i for i, code in enumerate(corpus.languages) if code == language and corpus.texts[i].strip()]
        for i, (spoken, tokens) in zip(members, phonemize([corpus.texts[i] for i in members], language)):
            # Two tokens are the edges alone: nothing to say.
            if len(tokens) > 2:
                phonemes[i], ids[i] = spoken, list(tokens)
    lengths = [len(tokens) for tokens in ids]
    total = sum(lengths)
    return replace(
        corpus,
        phonemes=phonemes,
        input_ids=np.fromiter((t for tokens in ids for t in tokens), dtype=np.int16, count=total),
        token_offsets=offsets_of(lengths),
        durations=np.zeros(total, dtype=np.int16),
    )


def attach_durations(corpus: PackedCorpus, durations: Sequence[np.ndarray | None]) -> PackedCorpus:
    """
    Third stage of `prepare`: frames per token; transcribed clips without durations are dropped with a note.

    Args:
        corpus ([`PackedCorpus`]).
        durations (sequence of `np.ndarray` of shape `(T_i,)` or `None`, length N): `None` where there is none.

    Raises:
        ValueError: durations that do not sum to the clip's frames.
    """
    if len(durations) != len(corpus):
        raise ValueError(f"{len(durations)} durations were given for {len(corpus)} clips; pass one entry per clip")
    transcribed, frames, tokens = corpus.transcribed, corpus.frame_lengths, corpus.token_lengths
    for i, values in enumerate(durations):
        if values is not None and (len(values) != tokens[i] or (len(values) and np.sum(values) != frames[i])):
            raise ValueError(
                f"durations of {corpus.names[i]!r} are {len(values)} values summing to {np.sum(values)}; "
                f"{tokens[i]} tokens and {frames[i]} frames are there"
            )
    keep = [i for i, values in enumerate(durations) if values is not None or not transcribed[i]]
    dropped = sorted(set(range(len(corpus))) - set(keep))
    notes = [
        f"{corpus.names[i]}: text and speech do not match ({tokens[i]} tokens, {frames[i]} frames)" for i in dropped
    ]
    for line in notes:
        logger.warning("dropped %s", line)
    chosen = [durations[i] for i in keep if transcribed[i]]
    if dropped:
        corpus = corpus.select(keep)
    flat = np.concatenate(chosen).astype(np.int16) if chosen else np.zeros(0, dtype=np.int16)
    return replace(corpus, durations=flat, notes={**corpus.notes, "skipped": corpus.notes.get("skipped", []) + notes})


def phonemize_with_tokenizer(texts: list[str], language: str) -> list[tuple[str, list[int]]]:
    """IPA and token ids (`<s>` and `</s>` included) of each text, read by the package's own front end."""
    from valetts_hf.processing.phonemization import phonemize_batch
    from valetts_hf.processing.symbols import ipa_to_ids

    return [(ipa, ipa_to_ids(ipa)) for ipa in phonemize_batch(texts, language)]


def level_waveform(waveform: np.ndarray, active_rms_db: float = ACTIVE_RMS_DB, peak: float = PEAK) -> np.ndarray:
    """
    Scale a clip by one gain so that its speech has a common loudness and nothing clips.

    Args:
        waveform (`np.ndarray` of shape `(S,)`, float).
        active_rms_db (`float`): wanted RMS of the active 20 ms pieces (those within 40 dB of the loudest), dBFS.
        peak (`float`): largest magnitude allowed; wins over the loudness.

    Returns:
        `np.ndarray` of shape `(S,)`, float32; silence comes back as it was.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    piece = SAMPLING_RATE // 50
    whole = len(waveform) // piece * piece
    power = np.square(waveform[:whole]).reshape(-1, piece).mean(1) if whole else np.zeros(0)
    loudest = power.max(initial=0.0)
    if loudest <= 1e-10:
        return waveform
    rms = np.sqrt(power[power > loudest * 1e-4].mean())
    gain = min(10.0 ** (active_rms_db / 20.0) / rms, peak / np.abs(waveform).max())
    return waveform * np.float32(gain)


def _load_clip(path: str) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray] | None, str | None]:
    """(int16 waveform, log-F0, energy) of one file, or what is wrong with it; runs in a worker process."""
    import soundfile
    import soxr

    try:
        waveform, sampling_rate = soundfile.read(path, dtype="float32", always_2d=True)
        waveform = waveform.mean(axis=1)
        if sampling_rate != SAMPLING_RATE:
            waveform = soxr.resample(waveform, sampling_rate, SAMPLING_RATE, quality="HQ")
        waveform = waveform[: len(waveform) // HOP_LENGTH * HOP_LENGTH]
        if len(waveform) < MIN_SECONDS * SAMPLING_RATE:
            return None, f"only {len(waveform) / SAMPLING_RATE:.2f} s long"
        if not np.isfinite(waveform).all() or not np.abs(waveform).max() > 1e-4:
            return None, "silent or not finite"
        packed = np.round(np.clip(level_waveform(waveform), -1.0, 1.0) * 32767.0).astype(np.int16)
        waveform = packed.astype(np.float32) / 32767.0
        return (packed, extract_log_f0(waveform), extract_energy(waveform)), None
    except Exception as error:  # one unreadable file must not end hours of work; it is reported by name
        return None, f"{type(error).__name__}: {error}"


def read_metadata(folder: str | os.PathLike) -> list[dict[str, Any]]:
    """
    Rows of a `datasets` audio folder, read straight from its metadata file.

    `datasets.load_dataset("audiofolder")` itself wants torchcodec (and so FFmpeg) even where nothing is decoded.

    Args:
        folder (`str` or path): has `metadata.jsonl` or `metadata.csv` with a column `file_name`.

    Raises:
        FileNotFoundError: neither file is there.
        ValueError: a line that is no JSON object with `file_name`.
    """
    folder = Path(folder)
    if (folder / "metadata.jsonl").is_file():
        path = folder / "metadata.jsonl"
        with open(path, encoding="utf-8") as file:
            rows = [_json_or_none(line) for line in file if line.strip()]
    elif (folder / "metadata.csv").is_file():
        path = folder / "metadata.csv"
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        raise FileNotFoundError(f"{str(folder)!r} has no metadata.jsonl or metadata.csv; it is no audio folder")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not row.get("file_name"):
            raise ValueError(f"{str(path)!r}: row {number} is no record with a `file_name`; correct the file")
    return rows


def _json_or_none(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _readable_rows(
    sources: Sequence[str | os.PathLike], languages: dict[str, str], skipped: list[str]
) -> Iterator[dict[str, str]]:
    for source in map(Path, sources):
        unread: dict[str, int] = {}
        for row in read_metadata(source):
            tag = row.get("language") or ""
            if tag not in languages:
                unread[tag] = unread.get(tag, 0) + 1
                continue
            yield {
                "path": str(source / row["file_name"]),
                "name": f"{source.name}/{row['file_name']}",
                "text": " ".join((row.get("text") or "").split()),
                "language": languages[tag],
                "speaker": str(row.get("speaker_id") or source.name),
                "split": row.get("split") or "train",
            }
        skipped.extend(f"{source.name}: {count} clips in {tag!r}, no reader" for tag, count in unread.items())


def _map_processes(function: Callable, items: Sequence[Any], workers: int) -> Iterable[Any]:
    if workers <= 1:
        yield from map(function, items)
        return
    # "fork" would copy torch's thread pools in whatever state they are in.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(function, items, chunksize=8)
