"""From latents that are not decoded to a `ProsodyPlan`: what is said when and how, for people to look at and to change.

F frames, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from valetts_hf.direction.prosody_plan import PlanPhoneme, PlanWord, ProsodyPlan
from valetts_hf.inference.batching import PieceLatents
from valetts_hf.inference.errors import MissingWordsError
from valetts_hf.inference.long_text import Piece
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.script import Script
from valetts_hf.inference.streaming import gap_seconds


_SILENCE = -120.0  # dB
_DECIBELS = 20.0 / np.log(10.0)


def planned(
    script: Script,
    pieces: Iterable[tuple[Piece, PieceLatents]],
    config: Any,
    tokenizer: Any,
    manner: Manner,
    seed: int,
) -> ProsodyPlan:
    """The plan of a script.

    Args:
        script ([`Script`]): what was asked for.
        pieces: iterable of pieces with their latents, in order.
        config (`ValeTTSConfig`): for the length of a frame.
        tokenizer (`ValeTTSTokenizer`): names the symbols.
        manner ([`Manner`]): speaking rate and scale of the pauses between pieces.
        seed (`int`): noted in the result.

    Raises:
        `MissingWordsError`: a word of the text got lost.
    """
    seconds = 1.0 / config.frame_rate
    words: list[PlanWord] = []
    phonemes: list[PlanPhoneme] = []
    pitch: list[np.ndarray] = []
    energy: list[np.ndarray] = []
    done, pause = 0, None  # frames so far
    for piece, latents in pieces:
        gap = round(gap_seconds(piece.pause_before, pause, manner) / seconds)
        pitch.append(np.zeros(gap))
        energy.append(np.full(gap, _SILENCE))
        done += gap
        ends = [0, *accumulate(latents.durations)]
        first, last = ends[piece.lead], ends[piece.end]
        shift = done - first

        def time(token: int, ends: list[int] = ends, shift: int = shift) -> float:
            return (ends[token] + shift) * seconds

        owner: dict[int, int] = {}
        for word in piece.words:
            if word.text:
                words.append(PlanWord(word.text, time(word.start), time(word.end), word.language))
            owner.update(dict.fromkeys(range(word.start, word.end), len(words) - 1))
        for token in range(piece.lead, piece.end):
            symbol = tokenizer.convert_ids_to_tokens(int(piece.input_ids[token]))
            phonemes.append(PlanPhoneme(symbol, time(token), time(token + 1), owner.get(token)))
        log_pitch = latents.pitch[0, first:last].float().cpu().numpy()
        level = latents.energy[0, first:last].float().cpu().numpy() * _DECIBELS
        if latents.gain is not None:
            level = level + 20 * np.log10(np.maximum(latents.gain[0, first:last].float().cpu().numpy(), 1e-6))
        pitch.append(np.where(log_pitch > 0, np.exp(log_pitch), 0.0))
        energy.append(np.maximum(level, _SILENCE))
        done += last - first
        pause = piece.pause
    if len(words) != len(script.asked):
        raise MissingWordsError(script.asked[len(words) :] or script.asked)
    return ProsodyPlan(
        text=script.text,
        words=tuple(words),
        phonemes=tuple(phonemes),
        frame_seconds=seconds,
        pitch=tuple(np.concatenate(pitch).tolist()),
        energy=tuple(np.concatenate(energy).tolist()),
        seed=seed,
    )
