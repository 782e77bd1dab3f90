"""Texts for recordings that have none, by any recogniser: a table that `valetts data prepare` reads like any other.

Machine-made texts are wrong here and there, so they are for what tolerates that: many voices, heard with roughly the right
sounds. Clips whose text does not fit are dropped later, by the aligner. Transcribed texts of the source stay as they are.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import mix_down
from valetts_hf.processing.audio_input import read_audio
from valetts_hf.training.data.sources import SourceRow, as_sources, iterate


# (waveform float32 [S] in [-1, 1], sampling rate in Hz, language code) -> text
Transcriber = Callable[[np.ndarray, int, str], str]


@dataclass
class Transcription:
    """How many rows kept their text, got one, had none recognised, or could not be used (with the reasons)."""

    kept: int = 0
    transcribed: int = 0
    silent: int = 0
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.transcribed} texts made, {self.kept} kept, nothing recognised in {self.silent}, "
            f"{len(self.skipped)} rows skipped"
        )


def transcribe_sources(
    sources: Any,
    output: str | os.PathLike,
    transcriber: Transcriber,
    progress: Callable[[int], Any] | None = None,
    **source_options: Any,
) -> Transcription:
    """
    Write a table of all rows, those without a text transcribed.

    An interrupted run goes on where it stopped: what is made is added to `OUTPUT.part`. The table at the end has the rows as
    the sources have them then.

    Args:
        sources: as for `prepare_corpus`; the audio must be files, which the table then names.
        output: the table, a `.jsonl` file with `audio`, `text`, `language`, `speaker`, `split` and, where a text was made,
            `"text_source": "machine"`.
        transcriber: (waveform float32 `[S]`, sampling rate, language) -> text.
        progress (*optional*): called with the number of rows done.
        source_options: of `as_sources`, such as `language` where neither texts nor a column tell it.

    Raises:
        ValueError: audio that is not a file, or a table of another ending.
    """
    output = Path(output)
    if output.suffix != ".jsonl":
        raise ValueError(f"the table must be a .jsonl file, got {str(output)!r}")
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(output.name + ".part")
    done = _lines(part)
    result, lines = Transcription(), []
    rows = iterate(as_sources(sources, **source_options), required=("audio",))
    with part.open("a", encoding="utf-8") as file:
        for number, row in enumerate(rows, start=1):
            try:
                entry = _entry(row, transcriber, done.get(row.name, {}))
            except AudioRefused as error:
                result.skipped.append(f"{row.name}: {error}")
                continue
            lines.append(json.dumps({"name": row.name, **entry}, ensure_ascii=False) + "\n")
            if entry != done.get(row.name):
                file.write(lines[-1])
                file.flush()
            made = entry.get("text_source") == "machine"
            result.kept += not made
            result.transcribed += made and bool(entry["text"])
            result.silent += made and not entry["text"]
            if progress is not None:
                progress(number)
    _replace(output, "".join(lines))
    part.unlink()
    return result


class AudioRefused(Exception):
    """A row that is left out, and why."""


def _entry(row: SourceRow, transcriber: Transcriber, known: dict[str, str]) -> dict[str, str]:
    """The line of a row, without its name; `known` is what an interrupted run wrote of it."""
    if row.problem:
        raise AudioRefused(row.problem)
    if not isinstance(row.audio, Path):
        raise ValueError(
            f"{row.name}: its audio is {type(row.audio).__name__}, not a file; save the clips as files first"
        )
    entry = {
        "audio": str(row.audio.resolve()),
        "text": row.text,
        "language": row.language,
        "speaker": row.speaker,
        "split": row.split,
    }
    heard = known.get("text_source") == "machine" and all(known[key] == entry[key] for key in ("audio", "language"))
    if not row.text and heard:
        entry |= {"text": known["text"], "text_source": "machine"}
    elif not row.text:
        try:
            waveform, rate = read_audio(row.audio, max_seconds=math.inf)
        except (ValueError, OSError) as error:
            raise AudioRefused(" ".join(str(error).split())) from error
        text = transcriber(mix_down(waveform), rate, row.language)
        entry |= {"text": " ".join(text.split()), "text_source": "machine"}
    return entry


def _lines(path: Path) -> dict[str, dict[str, str]]:
    """What an interrupted run has written, by name of the row; a line that was cut off is taken out of the file."""
    found: dict[str, dict[str, str]] = {}
    if not path.is_file():
        return found
    whole: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            found[entry.pop("name")] = entry
            whole.append(line + "\n")
        except (ValueError, KeyError):
            continue
    _replace(path, "".join(whole))
    return found


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
