"""From latents to chunks of speech: decoding in bounded pieces, seams, the times of words, and the count of words.

F frames, S samples, hop samples per frame.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from valetts_hf.inference.batching import PieceLatents
from valetts_hf.inference.errors import MissingWordsError
from valetts_hf.inference.joining import PAUSES, ShapedPiece, gap_of
from valetts_hf.inference.long_text import Piece
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.piece_times import PieceTimes
from valetts_hf.inference.script import Script
from valetts_hf.inference.speech import Speech


# Frames decoded at once. The first chunk is short, so that it comes early; longer ones waste less on context, and beyond
# some seconds PyTorch slows down (page faults of large buffers).
FIRST_CHUNK_FRAMES = 48
CPU_CHUNK_FRAMES = 192
ACCELERATOR_CHUNK_FRAMES = 1536


def speaking_with(model: Any, adapters: str | None | list[str | None]) -> AbstractContextManager:
    """Compute with an adapter, or with one for each row; nothing where the model carries none."""
    if not getattr(model, "_hf_peft_config_loaded", False):
        return nullcontext()
    from valetts_hf.voices.adapters import use_adapter

    return use_adapter(model, adapters)


def decoded(model: Any, latents: PieceLatents, early: bool) -> Iterator[np.ndarray]:
    """The samples of one piece, float32 [n] at a time; `early` makes the first of them few.

    The model is left alone between chunks: whoever consumes them keeps its own gradient mode.
    """
    on_cpu = latents.latents.device.type == "cpu"
    frames = CPU_CHUNK_FRAMES if on_cpu else ACCELERATOR_CHUNK_FRAMES
    skip = 0
    if early and latents.latents.shape[1] > frames:
        first = _pieces(model, latents, FIRST_CHUNK_FRAMES)
        chunk = next(first)
        first.close()
        skip = len(chunk)
        yield chunk
    for chunk in _pieces(model, latents, frames):
        yield chunk[skip:]
        skip = 0


def _pieces(model: Any, latents: PieceLatents, frames: int) -> Generator[np.ndarray, None, None]:
    with torch.inference_mode():
        inputs = (latents.latents, latents.pitch, latents.style)
        chunks = iter(model.decode_in_chunks(*inputs, gain=latents.gain, chunk_frames=frames))
    while True:
        with torch.inference_mode(), speaking_with(model, latents.adapter and latents.adapter.name):
            chunk = next(chunks, None)
            if chunk is None:
                return
            samples = chunk[0].float().cpu().numpy()
        yield samples


def spoken(
    script: Script,
    pieces: Iterable[tuple[Piece, PieceLatents]],
    model: Any,
    manner: Manner,
    seed: int,
    early: bool = True,
) -> Iterator[tuple[Speech, int]]:
    """Chunks of speech as they are ready, each with the number of characters of the text done by then.

    Args:
        script ([`Script`]): knows what was asked for.
        pieces: iterable of pieces with their latents, in order.
        model (`ValeTTSForSpeech`): decodes.
        manner ([`Manner`]): speaking rate and scale of the pauses between pieces.
        seed (`int`): noted in the result.
        early (`bool`): the very first chunk is a short one.

    Raises:
        `MissingWordsError`: a word of the text did not reach the waveform (after the last chunk).
    """
    rate, hop = model.config.sampling_rate, model.config.hop_length
    missing: list[str] = []
    heard = 0
    pause: str | None = None
    progress = 0
    for piece, latents in pieces:
        times = PieceTimes(piece, latents, script.symbols(piece.input_ids), rate, hop)
        gap = _gap(piece.pause_before, pause, manner, rate)
        shaped = ShapedPiece(decoded(model, latents, early), times.ends[piece.lead], times.ends[piece.end], rate)
        early = False
        written = 0  # samples of this piece, its gap included
        for samples in shaped:
            if not written and len(gap):
                samples = np.concatenate([gap, samples])
            yield times.chunk(samples, written, len(gap), shaped.cut, seed), progress
            written += len(samples)
        times.finish()
        missing.extend(times.missing)
        heard += times.heard
        pause, progress = piece.pause, piece.progress
    asked = script.asked
    if not missing and heard != len(asked):
        missing = asked[heard:] or asked
    if missing:
        raise MissingWordsError(missing)
    if script.pause_at_end:
        yield Speech(gap_of(script.pause_at_end, rate, before=False), rate, seed=seed), progress


def _gap(asked: float | None, kind: str | None, manner: Manner, rate: int) -> np.ndarray:
    """The zeros before a piece."""
    return gap_of(gap_seconds(asked, kind, manner), rate, behind=kind is not None)


def gap_seconds(asked: float | None, kind: str | None, manner: Manner) -> float:
    """Silence before a piece: what was asked for, else what the end of the piece before calls for, if there is one."""
    if asked is None:
        asked = 0.0 if kind is None else PAUSES[kind] * manner.pause_scale / manner.delivery.speaking_rate
    return asked
