"""When what is said, as files: JSON for programs, SRT and WebVTT for players, TextGrid for Praat. F frames.

Everything here takes a [`Speech`], or a [`Timeline`]: its times without its audio, for speech that is not kept in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.inference.audio_files import write_bytes
from valetts_hf.inference.speech import Phoneme, Speech, Word, moved_phonemes
from valetts_hf.inference.subtitles import clock, subtitle_cues


@dataclass
class Timeline:
    """The times of a speech without its samples; `add` puts the chunks of a stream behind each other.

    Args:
        text, words, phonemes, seed, frame_times, pitch, energy: as in [`Speech`].
        duration (`float`): in seconds.
    """

    text: str = ""
    duration: float = 0.0
    sampling_rate: int = 0
    words: list[Word] = field(default_factory=list)
    phonemes: list[Phoneme] = field(default_factory=list)
    seed: int | None = None
    contours: list[np.ndarray] = field(default_factory=list)  # [3, F]: times, pitch, energy
    samples: int = 0

    def add(self, chunk: Speech) -> None:
        """Append the times of a chunk."""
        start = self.samples / chunk.sampling_rate
        self.phonemes.extend(moved_phonemes(chunk.phonemes, start, len(self.words)))
        self.words.extend(word.shifted(start) for word in chunk.words)
        self.contours.append(np.stack([chunk.frame_times + start, chunk.pitch, chunk.energy]))
        self.text = f"{self.text} {chunk.text}".strip() if chunk.text else self.text
        self.samples += len(chunk)
        self.sampling_rate, self.duration = chunk.sampling_rate, self.samples / chunk.sampling_rate
        self.seed = chunk.seed if self.seed is None else self.seed

    @property
    def frame_times(self) -> np.ndarray:
        return self._contour(0)

    @property
    def pitch(self) -> np.ndarray:
        return self._contour(1)

    @property
    def energy(self) -> np.ndarray:
        return self._contour(2)

    def _contour(self, row: int) -> np.ndarray:
        return np.concatenate([part[row] for part in self.contours]) if self.contours else np.zeros(0)


def to_json(speech: Speech | Timeline, contours: bool = True) -> str:
    """The times as JSON: `text`, `duration`, `words` and `phonemes` (seconds; `word` is an index), and with `contours` the
    `frames`: `times`, `pitch` (Hz, 0 = unvoiced), `energy` (dB)."""
    table: dict[str, Any] = {
        "text": speech.text,
        "sampling_rate": speech.sampling_rate,
        "duration": round(speech.duration, 4),
        "seed": speech.seed,
        "words": [
            {"text": word.text, "start": _second(word.start), "end": _second(word.end), "language": word.language}
            for word in speech.words
        ],
        "phonemes": [
            {"text": phone.text, "start": _second(phone.start), "end": _second(phone.end), "word": phone.word}
            for phone in speech.phonemes
        ],
    }
    if contours:
        table["frames"] = {
            "times": [round(float(value), 4) for value in speech.frame_times],
            "pitch": [round(float(value), 2) for value in speech.pitch],
            "energy": [round(float(value), 2) for value in speech.energy],
        }
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


def _second(value: float) -> float:
    return round(value, 4)


def to_srt(speech: Speech | Timeline) -> str:
    """The words as SubRip subtitles."""
    blocks = []
    for number, cue in enumerate(subtitle_cues(speech.words), start=1):
        text = "\n".join(line.replace("-->", "→") for line in cue.lines)
        blocks.append(f"{number}\n{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def to_vtt(speech: Speech | Timeline) -> str:
    """The words as WebVTT subtitles."""
    blocks = ["WEBVTT\n"]
    for cue in subtitle_cues(speech.words):
        text = "\n".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in cue.lines)
        blocks.append(f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{text}\n")
    return "\n".join(blocks)


def to_textgrid(speech: Speech | Timeline) -> str:
    """Words and phones as a TextGrid of Praat in its long form: two tiers of intervals without gaps."""
    end = max(_micro(speech.duration), 1)
    tiers = {"words": _intervals(speech.words, end), "phones": _intervals(speech.phonemes, end)}
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_plain(end)}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", f"        xmax = {_plain(end)}", f"        intervals: size = {len(intervals)}"]
        for index, (start, stop, text) in enumerate(intervals, start=1):
            lines += [f"        intervals [{index}]:", f"            xmin = {_plain(start)}"]
            lines += [f"            xmax = {_plain(stop)}", f'            text = "{_quoted(text)}"']
    return "\n".join(lines) + "\n"


def _intervals(items: Sequence[Word | Phoneme], end: int) -> list[tuple[int, int, str]]:
    """Intervals in microseconds that cover `0..end` without gaps; what is said at once stands in one of them."""
    found: list[tuple[int, int, str]] = []
    done = 0
    for item in items:
        start, stop = (min(max(_micro(value), 0), end) for value in (item.start, item.end))
        if found and found[-1][2] and (stop <= done or start < found[-1][1] and stop - done < 1000):
            found[-1] = (found[-1][0], found[-1][1], f"{found[-1][2]} {item.text}")
            continue
        start = max(start, done)
        if start > done:
            found.append((done, start, ""))
        if stop > start:
            found.append((start, stop, item.text))
        done = max(start, stop)
    if done < end or not found:
        found.append((done, end, ""))
    return found


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _plain(microseconds: int) -> str:
    """Seconds without an exponent."""
    whole, rest = divmod(microseconds, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace('"', '""')


FORMATS: dict[str, Callable[[Any], str]] = {
    "json": to_json,
    "srt": to_srt,
    "vtt": to_vtt,
    "textgrid": to_textgrid,
}


def timestamp_format(target: str | os.PathLike) -> str:
    """The key of `FORMATS` for a path, by its ending.

    Raises:
        `ValueError`: the ending is none of them.
    """
    ending = Path(target).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        said = (
            f"the ending {Path(target).suffix!r} of {str(target)!r}"
            if ending
            else f"{str(target)!r}, without an ending,"
        )
        raise ValueError(f"{said} is no format of timestamps: use one of .json, .srt, .vtt, .TextGrid.")
    return ending


def save_timestamps(speech: Speech | Timeline, target: str | os.PathLike) -> None:
    """Write the times of a speech to a file; either the whole file appears or nothing changes.

    Args:
        speech ([`Speech`] or [`Timeline`]): what was said.
        target: path that ends with .json, .srt, .vtt or .TextGrid.

    Raises:
        `ValueError`: another ending. `AudioFileError` (an `OSError`): the place cannot be written.
    """
    content = FORMATS[timestamp_format(target)](speech)
    write_bytes(target, content.encode("utf-8"), "timestamps")
