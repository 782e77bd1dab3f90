"""What the SDK returns: a waveform with the times of its words and sounds, its pitch and its energy.

`Speech` behaves like an array where one is wanted, like a player in a notebook, and adds up: `a + b` is one after the
other. S samples, F frames.
"""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import IO

import numpy as np

from valetts_hf.inference import audio_files


@dataclass(frozen=True)
class Word:
    """One spoken word.

    Args:
        text (`str`): as in the (normalised) text.
        start (`float`): in seconds from the beginning of the speech.
        end (`float`): in seconds; `end >= start`.
        language (`str`, *optional*): code the word was read in.
    """

    text: str
    start: float
    end: float
    language: str | None = None

    def shifted(self, seconds: float) -> Word:
        return replace(self, start=self.start + seconds, end=self.end + seconds)


@dataclass(frozen=True)
class Phoneme:
    """One speech sound.

    Args:
        text (`str`): IPA, with stress, length and diacritics.
        start (`float`): in seconds from the beginning of the speech.
        end (`float`): in seconds; `end >= start`.
        word (`int`, *optional*): index in the words of the speech; None where the word began in an earlier chunk.
    """

    text: str
    start: float
    end: float
    word: int | None = None


def moved_phonemes(phonemes: Iterable[Phoneme], seconds: float, words: int) -> list[Phoneme]:
    """Phonemes later by some seconds and behind some more words; one without a word belongs to the last of those."""
    moved = []
    for phone in phonemes:
        word = words + (-1 if phone.word is None else phone.word)
        times = (phone.start + seconds, phone.end + seconds)
        moved.append(Phoneme(phone.text, *times, word if word >= 0 else None))
    return moved


def _no_frames() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Speech:
    """Spoken text.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): float32 in [-1, 1].
        sampling_rate (`int`): in Hz.
        text (`str`): what was asked for.
        words (`list[Word]`): in the order of speaking. In a chunk of a stream, the words that begin in it (the last one
            may end after it), with times counted from the beginning of the chunk.
        seed (`int`, *optional*): makes the same speech again.
        phonemes (`list[Phoneme]`): the sounds of these words, in order.
        frame_times (`np.ndarray` of shape `(F,)`): seconds at the middle of each frame; silences between sentences have none.
        pitch (`np.ndarray` of shape `(F,)`): in Hz, 0 where unvoiced: what the speech was made from, not measured.
        energy (`np.ndarray` of shape `(F,)`): of the spectrum, in dB, the same; only differences mean something.
    """

    waveform: np.ndarray
    sampling_rate: int
    text: str = ""
    words: list[Word] = field(default_factory=list)
    seed: int | None = None
    phonemes: list[Phoneme] = field(default_factory=list)
    frame_times: np.ndarray = field(default_factory=_no_frames)
    pitch: np.ndarray = field(default_factory=_no_frames)
    energy: np.ndarray = field(default_factory=_no_frames)

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.waveform) / self.sampling_rate

    def save(self, target: str | os.PathLike | IO[bytes], format: str | None = None) -> None:
        """Write an audio file, or nothing: a failed write leaves what was there before.

        Args:
            target: path, or binary file object (a pipe will do).
            format (`str`, *optional*): "wav" (16 bit), "flac", "ogg" (Vorbis), "opus" or "mp3". Default: by the ending of the
                path; wav for a file object without a name.

        Raises:
            `ValueError`: unknown format. `AudioFileError` (an `OSError`): the place cannot be written.
        """
        audio_files.write(target, self.waveform, self.sampling_rate, format)

    def to_bytes(self, format: str = "wav") -> bytes:
        """A complete audio file ("wav", "flac", "ogg", "opus" or "mp3") in memory."""
        return audio_files.encode(self.waveform, self.sampling_rate, format)

    def save_timestamps(self, target: str | os.PathLike) -> None:
        """Write when what is said: .json, subtitles (.srt, .vtt), or .TextGrid for Praat, by the ending of the path.

        Raises:
            `ValueError`: another ending. `AudioFileError` (an `OSError`): the place cannot be written.
        """
        from valetts_hf.inference.timestamps import save_timestamps

        save_timestamps(self, target)

    @classmethod
    def concatenate(cls, parts: Iterable[Speech], pause: float = 0.0) -> Speech:
        """Several speeches one after the other, their times moved along.

        Args:
            parts: iterable of `Speech` of one sampling rate.
            pause (`float`): silence between them, in seconds.

        Raises:
            `ValueError`: no parts, different sampling rates, or a negative pause.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("there is nothing to concatenate: give at least one Speech.")
        if not pause >= 0:
            raise ValueError(f"pause must be >= 0 seconds, got {pause!r}.")
        rate = parts[0].sampling_rate
        silence = np.zeros(round(pause * rate), dtype=np.float32)
        pieces: list[np.ndarray] = []
        words: list[Word] = []
        phonemes: list[Phoneme] = []
        frames: list[np.ndarray] = []
        samples = 0
        for number, part in enumerate(parts):
            if part.sampling_rate != rate:
                raise ValueError(
                    f"cannot join speech of {part.sampling_rate} Hz to speech of {rate} Hz: resample one of them first."
                )
            if number and len(silence):
                pieces.append(silence)
                samples += len(silence)
            start = samples / rate
            phonemes.extend(moved_phonemes(part.phonemes, start, len(words)))
            words.extend(word.shifted(start) for word in part.words)
            frames.append(np.stack([part.frame_times + start, part.pitch, part.energy]))
            pieces.append(part.waveform)
            samples += len(part.waveform)
        text = " ".join(part.text for part in parts if part.text)
        waveform = np.concatenate(pieces).astype(np.float32, copy=False)
        return cls(waveform, rate, text, words, parts[0].seed, phonemes, *np.concatenate(frames, axis=1))

    def __add__(self, other: Speech) -> Speech:
        if not isinstance(other, Speech):
            return NotImplemented
        return Speech.concatenate([self, other])

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.waveform)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self.waveform if dtype is None else self.waveform.astype(dtype, copy=False)
        return array.copy() if copy else array

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return f"Speech({text!r}, {self.duration:.2f} s at {self.sampling_rate} Hz, {len(self.words)} words)"

    def _repr_html_(self) -> str:
        # MP3 keeps a notebook with minutes of speech small; WAV is exact and plays everywhere.
        kind, mime = ("wav", "audio/wav") if self.duration <= 20 else ("mp3", "audio/mpeg")
        data = base64.b64encode(self.to_bytes(kind)).decode("ascii")
        text = self.text if len(self.text) <= 300 else self.text[:297] + "..."
        return (
            f'<figure style="margin:0"><figcaption>{html.escape(text)}</figcaption>'
            f'<audio controls preload="auto" src="data:{mime};base64,{data}"></audio></figure>'
        )
