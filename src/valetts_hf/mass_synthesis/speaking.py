"""The worker: some rows in, a file and a record for each out. The same in one process, in many, and on a cluster.

A row that cannot be spoken is an answer, too; only a place that cannot be written to ends the work.
"""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import os
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from valetts_hf.inference import ValeTTS
from valetts_hf.inference.audio_files import encode, write_bytes
from valetts_hf.inference.errors import (
    AudioFileError,
    MarkupError,
    SpeechTextError,
    StyleError,
    VoiceError,
    VoiceFileError,
)
from valetts_hf.inference.speech import Speech
from valetts_hf.mass_synthesis.rows import Row


ROWS_PER_FOLDER = 1000
_MAX_STEM = 120  # bytes: file systems allow 255 for a name, and a temporary one is longer
# `datasets` takes files of such names for splits.
_SPLIT_WORD = re.compile(
    r"(?<![^\W\d_])(?:train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?|dev|eval(?:uation)?)(?![^\W\d_])", re.IGNORECASE
)


@dataclass(frozen=True)
class Job:
    """
    What a worker needs to know; can be sent to another machine.

    Args:
        folder (`str`): of the shard; audio goes below it.
        format (`str`): of the audio.
        model, device (`str`, *optional*): as for `ValeTTS.from_pretrained`.
        batch_size (`int`, *optional*): sentences computed together.
        threads (`int`, *optional*): processor threads of this process.
    """

    folder: str
    format: str
    model: str | None = None
    device: str | None = None
    batch_size: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """
    What became of a row.

    Args:
        row ([`Row`]): the row.
        record (`dict`, *optional*): for metadata.jsonl, when it was spoken.
        role, error, kind (`str`): which of the row's columns is to blame, why, and the class of the error, when it was not.
    """

    row: Row
    record: dict[str, Any] | None = None
    role: str = ""
    error: str = ""
    kind: str = ""


@dataclass
class RowSpeaker:
    """
    Speaks rows and writes their audio.

    Args:
        tts ([`ValeTTS`]): speaks.
        folder (`Path`): of the shard.
        format (`str`): of the audio.
    """

    tts: ValeTTS
    folder: Path
    format: str
    _made: set[Path] = field(default_factory=set)

    def __call__(self, rows: Sequence[Row]) -> list[Outcome]:
        """
        Speak some rows.

        Args:
            rows (sequence of [`Row`]): of similar length, where batches matter.

        Returns:
            `list[Outcome]`, one for each row; what is recorded as spoken lies complete in its file.

        Raises:
            `AudioFileError` (an `OSError`): the folder cannot be written to, or the disk is full.
        """
        outcomes: list[Outcome] = []
        for _, alike in groupby(sorted(rows, key=lambda row: repr(row.together)), key=lambda row: row.together):
            some = list(alike)
            speeches = self._speak(some)
            outcomes += [self._keep(row, speech) for row, speech in zip(some, speeches)]
        return outcomes

    def _speak(self, rows: list[Row]) -> list[Speech | Exception]:
        try:
            return list(self._batch(rows))
        except Exception as error:
            if len(rows) == 1:
                return [error]
        # One of them spoils the batch: each by itself, to know which.
        return [self._speak([row])[0] for row in rows]

    def _batch(self, rows: list[Row]) -> list[Speech]:
        return self.tts.batch(
            [row.text for row in rows],
            [row.language for row in rows],
            [row.voice for row in rows],
            style=[row.style for row in rows],
            sketch=[row.sketch for row in rows],
            seed=[row.seed for row in rows],
            ssml=rows[0].ssml,
            **rows[0].manner,
        )

    def _keep(self, row: Row, speech: Speech | Exception) -> Outcome:
        if isinstance(speech, Exception):
            return failed(row, speech)
        name = file_name(row, self.format)
        path = self.folder / name
        try:
            if path.parent not in self._made:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(path.parent)
        except OSError as error:
            raise AudioFileError(f"{str(path.parent)!r} cannot be made: {error.strerror or error}.") from error
        audio = encode(speech.waveform, speech.sampling_rate, self.format)
        write_bytes(path, audio)
        language = row.language or next((word.language for word in speech.words if word.language), "") or ""
        record = {
            "file_name": name,
            "id": row.id,
            "text": row.text,
            "language": language,
            "voice": row.voice or (language and self.tts.processor.default_voice(language)) or "",
            "seed": row.seed,
            "duration": round(speech.duration, 4),
            "bytes": len(audio),
            "key": row.key,
        }
        return Outcome(row, record)


def failed(row: Row, error: Exception) -> Outcome:
    """The outcome of a row that could not be spoken, with the column that the error speaks of."""
    role = "text"
    if isinstance(error, (VoiceError, VoiceFileError)):
        role = "voice"
    elif isinstance(error, StyleError):
        role = "style"
    elif row.sketch is not None and not isinstance(error, (SpeechTextError, MarkupError)):
        role = "sketch"
    return Outcome(row, None, role, " ".join(str(error).split()) or type(error).__name__, type(error).__name__)


def file_name(row: Row, format: str) -> str:
    """Where a row's audio lies in the folder of its shard, relative to it; other ids have other names."""
    return f"audio/{file_group(row)}/{file_stem(row.id)}.{format}"


def file_group(row: Row) -> str:
    """Folders of a thousand rows or so: more in one make file systems and people slow."""
    return f"{row.number // ROWS_PER_FOLDER:04d}"


def file_stem(row_id: str) -> str:
    """An id as the name of a file: what is no letter, digit or one of `_+=@,.-` is written as %XX, as in addresses."""
    stem = re.sub(r"[^\w+=@,.-]", _percent, row_id)
    stem = _SPLIT_WORD.sub(lambda word: f"%{ord(word[0][0]):02X}{word[0][1:]}", stem)
    stem = re.sub(r"^\.", "%2E", stem)  # hidden files are overlooked
    raw = stem.encode()
    if len(raw) <= _MAX_STEM:
        return stem
    digest = hashlib.blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return raw[: _MAX_STEM - 17].decode("utf-8", "ignore") + "-" + digest


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def speak_rows(job: Job, rows: Sequence[Row]) -> list[Outcome]:
    """[`RowSpeaker`] for a process that lives for many calls: the model is loaded with the first."""
    return _speaker(job)(rows)


@functools.lru_cache(maxsize=1)
def _speaker(job: Job) -> RowSpeaker:
    from transformers.utils import logging

    _end_with_parent()
    logging.set_verbosity_error()  # this process has no terminal of its own
    logging.disable_progress_bar()
    device = job.device or _next_device()
    tts = ValeTTS.from_pretrained(job.model, device, num_threads=job.threads, batch_size=job.batch_size)
    return RowSpeaker(tts, Path(job.folder), job.format)


def _next_device() -> str | None:
    """Processes of a pool take the GPUs of the machine in turn; elsewhere the SDK chooses."""
    number = re.search(r"-(\d+)$", multiprocessing.current_process().name)
    if multiprocessing.parent_process() is None or number is None or torch.cuda.device_count() == 0:
        return None
    return f"cuda:{int(number[1]) % torch.cuda.device_count()}"


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="valetts-parent-watch", daemon=True).start()


def batches_of_rows(rows: Iterable[Row], size: int) -> Iterable[list[Row]]:
    """Groups of up to `size` rows that can share batches, of similar length, out of a window that moves along."""
    window: list[Row] = []
    for row in rows:
        window.append(row)
        if len(window) >= 16 * size or size == 1:
            yield from _groups(window, size)
            window = []
    yield from _groups(window, size)


def _groups(window: list[Row], size: int) -> Iterable[list[Row]]:
    ordered = sorted(window, key=lambda row: (repr(row.together), len(row.text)))
    for _, alike in groupby(ordered, key=lambda row: row.together):
        some = list(alike)
        for start in range(0, len(some), size):
            yield some[start : start + size]
