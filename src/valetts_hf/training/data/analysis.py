"""Reading sources into judged clips, long recordings split, with everything computed kept in a cache."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import as_channels, as_float
from valetts_hf.training.data.clip_features import AudioSettings, audio_key, content_digest, length_of, prepare_clip
from valetts_hf.training.data.feature_cache import FeatureCache
from valetts_hf.training.data.pitch import HOP_LENGTH
from valetts_hf.training.data.quality import DROP, ClipReport, judge
from valetts_hf.training.data.quality_thresholds import QualityThresholds
from valetts_hf.training.data.recordings import recording_features
from valetts_hf.training.data.sources import Source, SourceRow, iterate
from valetts_hf.training.data.splitting import Recording, split_recordings
from valetts_hf.training.data.text_features import read_text, text_key
from valetts_hf.training.data.workers import WorkerCrash, map_in_order


class CorpusCache:
    """
    Features of audio and of text, alignments, and where long recordings are cut, in one folder.

    Args:
        folder (`str` or path): is created.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self.audio = FeatureCache(self.folder / "audio")
        self.text = FeatureCache(self.folder / "text", max_records=4096)
        self.alignment = FeatureCache(self.folder / "alignment", max_records=1)
        self.splits = FeatureCache(self.folder / "splits", max_records=64)
        self._files_path = self.folder / "files.json"
        try:
            self._files: dict[str, list] = json.loads(self._files_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._files = {}
        self._files_changed = False

    @property
    def damaged(self) -> list[str]:
        """What was found broken in the cache, one sentence each."""
        return [line for part in self._parts for line in part.damaged]

    @property
    def _parts(self) -> tuple[FeatureCache, ...]:
        return self.audio, self.text, self.alignment, self.splits

    def piece(self, audio_key: str, index: int) -> dict[str, np.ndarray]:
        """Arrays of one of the pieces under a key, memory-mapped; they are laid end to end there."""
        frames = [piece["frames"] for piece in self.audio.meta(audio_key)["pieces"]]
        start = sum(frames[:index])
        arrays = self.audio.arrays(audio_key)
        sizes = {name: HOP_LENGTH if name == "waveform" else 1 for name in arrays}
        return {name: arrays[name][start * size : (start + frames[index]) * size] for name, size in sizes.items()}

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
        for part in self._parts:
            part.flush()
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
    settings, thresholds = settings or AudioSettings(), thresholds or QualityThresholds()
    clips: list[ClipReport] = []
    long: dict[int, Recording] = {}
    with tempfile.TemporaryDirectory(prefix=".recordings-", dir=cache.folder) as scratch:
        try:
            results = map_in_order(_work, _tasks(iterate(sources), cache, settings), num_proc)
            for number, ((row, keys), result) in enumerate(results, start=1):
                clip = _report(row, keys, result, cache)
                if clip.recording and not clip.reasons:
                    audio = _as_file(row.audio, Path(scratch) / str(number))
                    long[len(clips)] = Recording(clip, audio, keys[0], cache.audio.meta(keys[0])["recording_seconds"])
                clips.append(clip)
                if progress is not None:
                    progress(number)
            if long:
                short = [clip for index, clip in enumerate(clips) if index not in long]
                split = split_recordings(list(long.values()), short, cache, settings, thresholds, num_proc)
                pieces = dict(zip(long, split))
                clips = [part for index, clip in enumerate(clips) for part in pieces.get(index, [clip])]
        finally:
            cache.flush()
    judge(clips, thresholds)
    return clips


def _as_file(audio: Any, path: Path) -> Path:
    """Audio that is read once more later, without being held in memory until then."""
    if isinstance(audio, Path):
        return audio
    if isinstance(audio, dict):
        import soundfile

        samples = as_float(as_channels(np.asarray(audio["array"])))
        soundfile.write(path, samples, audio["sampling_rate"], format="WAV", subtype="FLOAT")
    else:
        path.write_bytes(audio)
    return path


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
        keys = (audio_key(content, settings), text_key(row.text, row.language) if row.text else "")
        audio = None if keys[0] in cache.audio else row.audio
        text = row.text if keys[1] and keys[1] not in cache.text else None
        task = None if audio is None and text is None else (audio, settings, text, row.language)
        yield (row, keys), task


def _work(
    audio: Any, settings: AudioSettings, text: str | None, language: str
) -> tuple[tuple | None, dict | None, str]:
    """Features of the audio and of the text (None where not asked for), and what is wrong; runs in a worker."""
    features = spoken = None
    try:
        if audio is not None:
            long = length_of(audio, settings) > settings.max_seconds
            features = recording_features(audio) if long else prepare_clip(audio, settings)
        if text is not None:
            spoken = read_text(text, language)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # one bad row must not end hours of work; it is reported by name
        return features, None, " ".join(str(error).split()) or type(error).__name__
    return features, spoken, ""


def _report(row: SourceRow, keys: tuple[str, str], result: Any, cache: CorpusCache) -> ClipReport:
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
    clip = ClipReport(
        name=row.name,
        source=row.source,
        speaker=row.speaker,
        language=row.language,
        split=row.split,
        text=row.text,
        number=row.number,
    )
    if problem:
        clip.add("unusable", DROP, problem)
        return clip
    pieces = cache.audio.meta(keys[0])["pieces"]
    if pieces:
        clip.audio_key, clip.measures = keys[0], pieces[0]
    else:
        clip.recording = clip.name
    if keys[1]:
        clip.take_reading(cache.text.meta(keys[1]))
    return clip
