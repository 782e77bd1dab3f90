"""Reading sources into judged clips, with everything computed kept in a cache."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from valetts_hf.training.data.clip_features import AudioSettings, audio_key, content_digest, prepare_clip
from valetts_hf.training.data.feature_cache import FeatureCache
from valetts_hf.training.data.quality import DROP, ClipReport, judge
from valetts_hf.training.data.quality_thresholds import QualityThresholds
from valetts_hf.training.data.sources import Source, SourceRow, iterate
from valetts_hf.training.data.text_features import read_text, text_key
from valetts_hf.training.data.workers import WorkerCrash, map_in_order


class CorpusCache:
    """
    Features of audio and of text, and alignments, in one folder.

    Args:
        folder (`str` or path): is created.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self.audio = FeatureCache(self.folder / "audio")
        self.text = FeatureCache(self.folder / "text", max_records=4096)
        self.alignment = FeatureCache(self.folder / "alignment", max_records=1)
        self._files_path = self.folder / "files.json"
        try:
            self._files: dict[str, list] = json.loads(self._files_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._files = {}
        self._files_changed = False

    @property
    def damaged(self) -> list[str]:
        """What was found broken in the cache, one sentence each."""
        return self.audio.damaged + self.text.damaged + self.alignment.damaged

    def content(self, audio: Any) -> str:
        """Digest of audio; files that have kept size and time of change are not read again."""
        if not isinstance(audio, Path):
            return content_digest(audio)
        status = audio.stat()
        known = self._files.get(str(audio.absolute()))
        if known and known[:2] == [status.st_size, status.st_mtime_ns]:
            return known[2]
        content = content_digest(audio)
        self._files[str(audio.absolute())] = [status.st_size, status.st_mtime_ns, content]
        self._files_changed = True
        return content

    def flush(self) -> None:
        """Write what is pending."""
        self.audio.flush()
        self.text.flush()
        self.alignment.flush()
        if self._files_changed:
            handle, scratch = tempfile.mkstemp(prefix=".files-", dir=self.folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._files, file, ensure_ascii=False)
            os.replace(scratch, self._files_path)
            self._files_changed = False


def analyze(
    sources: Sequence[Source],
    cache: CorpusCache,
    settings: AudioSettings | None = None,
    thresholds: QualityThresholds | None = None,
    num_proc: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[ClipReport]:
    """
    Read, measure and judge all clips of some sources.

    Args:
        sources (sequence of [`Source`]).
        cache ([`CorpusCache`]): what it holds is not computed again; an interruption keeps what is finished.
        settings ([`AudioSettings`], *optional*), thresholds ([`QualityThresholds`], *optional*).
        num_proc (`int`): processes.
        progress (callable, *optional*): gets the number of rows done.

    Returns:
        `list` of [`ClipReport`], rows in order; a row that cannot be used is there as dropped, with the reason.

    Raises:
        ValueError, FileNotFoundError: a source as a whole cannot be read, see `sources.iterate`.
        OSError: the disk is full; what was written before is kept.
    """
    settings = settings or AudioSettings()
    clips: list[ClipReport] = []
    try:
        results = map_in_order(_work, _tasks(iterate(sources), cache, settings), num_proc)
        for number, ((row, keys), result) in enumerate(results, start=1):
            clips += _reports(row, keys, result, cache)
            if progress is not None:
                progress(number)
    finally:
        cache.flush()
    judge(clips, thresholds or QualityThresholds())
    return clips


def _tasks(
    rows: Iterable[SourceRow], cache: CorpusCache, settings: AudioSettings
) -> Iterator[tuple[tuple[SourceRow, tuple[str, str]], tuple | None]]:
    """What is to be computed for each row, if anything, and the keys it is cached under."""
    for row in rows:
        if row.problem:
            yield (row, ("", "")), None
            continue
        try:
            content = cache.content(row.audio)
        except OSError as error:
            row.problem = f"{error.strerror or error}: {row.audio}"
            yield (row, ("", "")), None
            continue
        keys = (audio_key(content, bool(row.text), settings), text_key(row.text, row.language) if row.text else "")
        audio = None if keys[0] in cache.audio else row.audio
        text = row.text if keys[1] and keys[1] not in cache.text else None
        task = None if audio is None and text is None else (audio, bool(row.text), settings, text, row.language)
        yield (row, keys), task


def _work(
    audio: Any, transcribed: bool, settings: AudioSettings, text: str | None, language: str
) -> tuple[tuple | None, dict | None, str]:
    """Features of the audio and of the text (None where not asked for), and what is wrong; runs in a worker."""
    features = spoken = None
    try:
        if audio is not None:
            features = prepare_clip(audio, transcribed, settings)
        if text is not None:
            spoken = read_text(text, language)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # one bad row must not end hours of work; it is reported by name
        return features, None, " ".join(str(error).split()) or type(error).__name__
    return features, spoken, ""


def _reports(row: SourceRow, keys: tuple[str, str], result: Any, cache: CorpusCache) -> list[ClipReport]:
    problem = row.problem
    if isinstance(result, WorkerCrash):
        problem = "the process that read it crashed or ran out of memory"
    elif result is not None:
        features, spoken, fault = result
        problem = problem or fault
        if features is not None and keys[0] not in cache.audio:
            cache.audio.put(keys[0], *features)
        if spoken is not None and keys[1] not in cache.text:
            cache.text.put(keys[1], spoken)
    base = {
        "name": row.name,
        "source": row.source,
        "speaker": row.speaker,
        "language": row.language,
        "split": row.split,
        "text": row.text,
        "number": row.number,
    }
    if problem:
        clip = ClipReport(**base)
        clip.add("unusable", DROP, problem)
        return [clip]
    pieces = cache.audio.meta(keys[0])["pieces"]
    clips = [
        ClipReport(**base, piece=index, audio_key=keys[0], measures=measures) for index, measures in enumerate(pieces)
    ]
    if len(clips) > 1:
        for clip in clips:
            clip.name = f"{row.name}#{clip.piece}"
    if keys[1]:
        spoken = cache.text.meta(keys[1])
        for clip in clips:
            clip.phonemes, clip.input_ids = spoken["phonemes"], list(spoken["input_ids"])
            clip.detected, clip.unknown = spoken["detected"], spoken["unknown"]
            if spoken["problem"]:
                clip.add("unpronounceable", DROP, spoken["problem"])
    return clips
