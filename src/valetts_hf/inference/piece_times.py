"""When the words and sounds of a piece are said and how high and loud its frames are, chunk by chunk as it is decoded.

T tokens, F frames, S samples, hop samples per frame.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np

from valetts_hf.inference.batching import PieceLatents
from valetts_hf.inference.long_text import Piece
from valetts_hf.inference.speech import Phoneme, Speech, Word
from valetts_hf.processing.phones import group_phones


SILENCE_DB = -120.0
_DECIBELS = 20.0 / math.log(10.0)  # of a natural logarithm


class PieceTimes:
    """The times of one piece, handed out along with its samples.

    Args:
        piece ([`Piece`]): what is said.
        latents ([`PieceLatents`]): how.
        symbols (`list[str]` of length T): of its tokens.
        rate (`int`), hop (`int`): samples per second, samples per frame.

    Attributes:
        missing (`list[str]`): words so far that got no frame.
        heard (`int`): number of words handed out.
    """

    def __init__(self, piece: Piece, latents: PieceLatents, symbols: list[str], rate: int, hop: int):
        self.rate, self.hop = rate, hop
        self.missing: list[str] = []
        self.heard = 0
        self.ends = [end * hop for end in (0, *accumulate(latents.durations))]
        self._words = list(piece.words)
        self._phones = [
            (word.start + first, word.start + last, "".join(symbols[word.start + first : word.start + last]))
            for word in _distinct(piece)
            for first, last in group_phones(symbols[word.start : word.end])
        ]
        log_pitch, log_energy = (_row(values) for values in (latents.pitch, latents.energy))
        gain = np.ones(1) if latents.gain is None else _row(latents.gain)
        self._pitch = np.where(log_pitch > 0, np.exp(log_pitch), 0.0)
        level = _DECIBELS * (log_energy + np.log(np.maximum(gain, 1e-6)))
        self._energy = np.maximum(level, SILENCE_DB)

    def chunk(self, samples: np.ndarray, written: int, gap: int, cut: int, seed: int) -> Speech:
        """Some samples with what begins in them.

        Args:
            samples (`np.ndarray` of shape `(S,)`): the next ones of the piece, at its beginning with the gap before it.
            written (`int`): samples of the piece that came before.
            gap (`int`): zeros in front of the piece.
            cut (`int`): samples taken away from its beginning.
            seed (`int`): noted in the result.
        """
        shift = gap - cut - written  # from samples of the piece as decoded to samples of this chunk

        def seconds(token: int) -> float:
            return max(0.0, (self.ends[token] + shift) / self.rate)

        words: list[Word] = []
        phones: list[Phoneme] = []
        while self._words and self.ends[self._words[0].start] + shift < len(samples):
            word = self._words.pop(0)
            if word.text:  # without one, the rest of a word that began in the piece before
                if self.ends[word.end] == self.ends[word.start]:
                    self.missing.append(word.text)
                words.append(Word(word.text, seconds(word.start), seconds(word.end), word.language))
            while self._phones and self._phones[0][0] < word.end:
                first, last, text = self._phones.pop(0)
                phones.append(Phoneme(text, seconds(first), seconds(last), len(words) - 1 if words else None))
        self.heard += len(words)
        # Frames whose middle lies in the chunk and has not been cut away.
        begin = max(_first_frame(-shift, self.hop), _first_frame(cut, self.hop))
        frames = np.arange(begin, min(_first_frame(len(samples) - shift, self.hop), len(self._pitch)))
        times = ((frames + 0.5) * self.hop + shift) / self.rate
        text = " ".join(word.text for word in words)
        contours = (times, self._pitch[frames], self._energy[frames])
        return Speech(samples, self.rate, text, words, seed, phones, *contours)

    def finish(self) -> None:
        """Note the words that never came."""
        self.missing.extend(word.text for word in self._words if word.text)


def _first_frame(sample: int, hop: int) -> int:
    """The first frame whose middle is at a sample or behind it."""
    return max(0, math.ceil(sample / hop - 0.5))


def _distinct(piece: Piece) -> list[Any]:
    """Words with tokens of their own: of several that are spoken as one, the first."""
    found: list[Any] = []
    for word in piece.words:
        if not found or word.start >= found[-1].end:
            found.append(word)
    return found


def _row(values: Any) -> np.ndarray:
    return values[0].double().cpu().numpy()
