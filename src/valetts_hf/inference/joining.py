"""The seams of long speech: edges cut at silence and faded, pauses by punctuation, a soft limit instead of clipping.

A piece (a sentence or a clause) comes from the decoder as chunks of samples. Its edges are the stretches before the first
and after the last word (the frames of `<s>`, final punctuation and `</s>`); only there may anything be cut: silence, and
breath or the room of a noisy recording, which fade. So every seam lies in silence, the pause between two pieces has the
length asked for, and no speech is ever trimmed. Everything works on a stream: nothing looks further ahead than one edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from valetts_hf.processing.pause_lengths import PAUSE_SECONDS


# Pauses in seconds at speaking rate 1, from the last sound of a piece to the first sound of the next.
PAUSES = PAUSE_SECONDS
_BY_MARK = {
    **dict.fromkeys(",،、", "comma"),
    **dict.fromkeys(";:—–(؛", "clause"),
    **dict.fromkeys(".?!。？！؟।", "sentence"),
    "…": "ellipsis",
}
_CLOSERS = "\"'»”’)]} "

# RMS of 5 ms, in dB full scale.
SILENCE = 10 ** (-50 / 20)  # below it nothing is heard
MURMUR = 10 ** (-30 / 20)  # an edge below it is breath or the room, no part of a word
LEAD_SECONDS = 0.03  # silence kept before the first sound
TAIL_SECONDS = 0.06  # silence kept after the last sound: the room dies away
LEAD_MURMUR_SECONDS, TAIL_MURMUR_SECONDS = 0.08, 0.12  # kept at most of an edge that is neither silent nor a word
TAIL_LIMIT_SECONDS = 0.30  # of sound after the last word: longer is no decay of a word but babble
_FADE_IN_SECONDS = 0.005
_FADE_OUT_SECONDS = 0.02
_KNEE = 0.9


def pause_kind(text: str) -> str:
    """The key of `PAUSES` that the last punctuation mark of a piece of text calls for."""
    inner = text.rstrip(_CLOSERS)
    if inner.endswith("..."):
        return "ellipsis"
    return _BY_MARK.get(inner[-1:]) or ("clause" if text.rstrip().endswith(")") else "none")


def soft_limit(waveform: np.ndarray) -> np.ndarray:
    """Keep samples inside (-1, 1): exact up to 0.9, above it bent by a tanh; each sample on its own.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): float32. Not-a-number becomes silence.
    """
    loud = np.abs(waveform)
    if np.all(loud <= _KNEE):  # False for NaN too
        return waveform
    bent = _KNEE + (1 - _KNEE) * np.tanh((loud - _KNEE) / (1 - _KNEE))
    limited = np.where(loud <= _KNEE, waveform, np.sign(waveform) * np.minimum(bent, 1.0))
    return np.nan_to_num(limited, nan=0.0).astype(np.float32)


def silence(seconds: float, sampling_rate: int) -> np.ndarray:
    """Zeros of shape `(seconds * sampling_rate,)`."""
    return np.zeros(max(0, round(seconds * sampling_rate)), dtype=np.float32)


def gap_of(seconds: float, sampling_rate: int, behind: bool = True, before: bool = True) -> np.ndarray:
    """The zeros that make a pause last some seconds, behind a shaped piece and before another.

    The edges of the pieces are part of it: 0.03 s before the first sound of one, 0.06 s behind the last. So it lasts that
    long at least.
    """
    return silence(seconds - behind * TAIL_SECONDS - before * LEAD_SECONDS, sampling_rate)


class ShapedPiece:
    """Iterates over the chunks of one piece, edges cut and faded, samples limited.

    After the first chunk came out, `cut` is the number of samples taken away at the beginning (the times of words need
    it); after the last, `samples` is the length of what came out.

    Args:
        chunks: iterable of `np.ndarray` of shape `(n,)`.
        lead (`int`): samples before the first word.
        end (`int`): samples up to the end of the last word.
        sampling_rate (`int`): in Hz.
    """

    def __init__(self, chunks: Iterable[np.ndarray], lead: int, end: int, sampling_rate: int):
        self.chunks = chunks
        self.lead, self.end, self.rate = max(0, lead), max(0, end), sampling_rate
        self.cut = 0
        self.samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        fade_in, fade_out = (round(s * self.rate) for s in (_FADE_IN_SECONDS, _FADE_OUT_SECONDS))
        held = np.zeros(0, dtype=np.float32)  # what came but may still be cut or faded
        position = 0  # of held[0] in the piece as decoded
        begun = False
        for chunk in self.chunks:
            held = np.concatenate([held, np.asarray(chunk, dtype=np.float32)])
            if not begun:
                if len(held) < self.lead + fade_in:
                    continue
                held = self._begin(held, fade_in)
                begun, position = True, self.cut
            # Up to the end of the last word everything is speech; the fade of a piece without a tail needs its end, too.
            free = min(self.end, position + len(held)) - fade_out - position
            if free > 0:
                yield self._out(held[:free])
                held, position = held[free:], position + free
        if not begun:
            held, position = self._begin(held, fade_in), self.cut
        held = self._finish(held, self.end - position, fade_out)
        if len(held):
            yield self._out(held)

    def _begin(self, held: np.ndarray, fade_in: int) -> np.ndarray:
        lead = held[: self.lead]
        sound, voice = (_first_above(level, lead, self.rate) for level in (SILENCE, MURMUR))
        margin, murmur = (round(seconds * self.rate) for seconds in (LEAD_SECONDS, LEAD_MURMUR_SECONDS))
        self.cut = max(0, sound - margin, voice - murmur)
        held = held[self.cut :].copy()
        ramp = min(max(fade_in, voice - margin - self.cut), len(held))
        held[:ramp] *= np.linspace(0, 1, ramp, endpoint=False, dtype=np.float32)
        return held

    def _finish(self, held: np.ndarray, word_end: int, fade_out: int) -> np.ndarray:
        word_end = min(max(0, word_end), len(held))
        tail = held[word_end : word_end + round(TAIL_LIMIT_SECONDS * self.rate)]
        sound, voice = (len(tail) - _first_above(level, tail[::-1], self.rate) for level in (SILENCE, MURMUR))
        margin, murmur = (round(seconds * self.rate) for seconds in (TAIL_SECONDS, TAIL_MURMUR_SECONDS))
        keep = min(sound + margin, voice + murmur, len(tail))
        held = held[: word_end + keep].copy()
        ramp = min(max(fade_out, keep - voice - margin), len(held))
        if ramp:
            held[-ramp:] *= np.linspace(1, 0, ramp, dtype=np.float32)
        return held

    def _out(self, samples: np.ndarray) -> np.ndarray:
        self.samples += len(samples)
        return soft_limit(samples)


def _first_above(level: float, samples: np.ndarray, sampling_rate: int) -> int:
    """Index of the first 5 ms block louder than a level; the number of samples if there is none."""
    block = max(1, round(0.005 * sampling_rate))
    count = -(-len(samples) // block)
    padded = np.zeros(count * block, dtype=np.float32)
    padded[: len(samples)] = samples
    loud = np.sqrt(np.mean(padded.reshape(count, block) ** 2, axis=1)) > level
    return int(np.argmax(loud)) * block if loud.any() else len(samples)
