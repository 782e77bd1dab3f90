"""Recordings of many minutes, read a part at a time: what is needed to find their pieces, and the pieces.

S samples, C channels, F frames of 256 samples at 24 kHz.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import SILENT_PEAK, as_channels, as_float, check_samples, mix_down, resample
from valetts_hf.training.aligner.alignment_features import cepstra_of, mel_powers, normalize_by_speaker
from valetts_hf.training.data.clip_features import AudioSettings, prepare_piece
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE


# Seconds read at once, and seconds of the neighbours that a part is resampled with: whole frames at any sampling rate.
PART_SECONDS = 32
MARGIN_SECONDS = 4


def recording_features(audio: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """
    What is needed to find the pauses of a recording and to align it with its text.

    Args:
        audio: `Path`, bytes of a file, or a dictionary with `array` and `sampling_rate`.

    Returns:
        `meta`: `{"pieces": [], "recording_seconds": float}`.
        `arrays`: `features` of shape `(F, 39)`, float16, see `alignment_features`, normalised.

    Raises:
        ValueError, OSError: the recording cannot be used.
    """
    mels, peak, total = [], 0.0, 0
    with _open_audio(audio) as (read, rate):
        before, current = None, read(PART_SECONDS * rate)
        while len(current):
            behind = read(PART_SECONDS * rate)
            check_samples(current)
            margin = MARGIN_SECONDS * rate
            parts = [current, behind[:margin]] if before is None else [before[-margin:], current, behind[:margin]]
            waveform = mix_down(np.concatenate(parts))
            peak, total = max(peak, float(np.abs(waveform).max())), total + len(current)
            first = 0 if before is None else MARGIN_SECONDS * SAMPLING_RATE // HOP_LENGTH
            frames = len(current) * SAMPLING_RATE // rate // HOP_LENGTH
            mels.append(mel_powers(resample(waveform, rate, SAMPLING_RATE))[first : first + frames])
            before, current = current, behind
    if peak < SILENT_PEAK:
        raise ValueError("there is nothing in it but silence")
    features = normalize_by_speaker([cepstra_of(np.concatenate(mels))], [0])[0]
    return {"pieces": [], "recording_seconds": round(total / rate, 3)}, {"features": features.astype(np.float16)}


def recording_pieces(
    audio: Any, spans: Sequence[tuple[float, float]], settings: AudioSettings
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """
    Features of stretches of a recording.

    Args:
        audio: see `recording_features`.
        spans (sequence of `(float, float)`): start and stop in seconds, in order.
        settings ([`AudioSettings`]).

    Returns:
        As `prepare_clip`, with one entry in `pieces` for each stretch that has speech in it, and its `span` (index into
        `spans`); the arrays of all of them end to end.
    """
    pieces: list[dict[str, Any]] = []
    arrays: list[dict[str, np.ndarray]] = []
    with _open_audio(audio) as (read, rate):
        position = 0
        for index, (start, stop) in enumerate(spans):
            first, last = round(start * rate), round(stop * rate)
            while position < first:  # what is left out is read as well: not every format can be sought in exactly
                skipped = len(read(min(first - position, PART_SECONDS * rate)))
                if not skipped:
                    break
                position += skipped
            samples = read(last - first)
            position += len(samples)
            prepared = prepare_piece(samples, rate, settings, start) if len(samples) else None
            if prepared is not None:
                pieces.append({"span": index, **prepared[0]})
                arrays.append(prepared[1])
    empty = {"waveform": np.zeros(0, np.int16), "log_f0": np.zeros(0, np.float32), "energy": np.zeros(0, np.float32)}
    return {"pieces": pieces}, {
        name: np.concatenate([part[name] for part in arrays] or [empty[name]]) for name in empty
    }


@contextmanager
def _open_audio(audio: Any) -> Iterator[tuple[Callable[[int], np.ndarray], int]]:
    """A function that reads the next samples `(S, C)`, float32 (fewer at the end), and the sampling rate."""
    if isinstance(audio, dict):
        samples, position = as_channels(np.asarray(audio["array"])), 0

        def read(count: int) -> np.ndarray:
            nonlocal position
            position += count
            return as_float(samples[position - count : position])

        yield read, int(audio["sampling_rate"])
        return
    import soundfile

    try:
        with soundfile.SoundFile(str(audio) if isinstance(audio, Path) else io.BytesIO(audio)) as file:
            yield lambda count: file.read(count, dtype="float32", always_2d=True), file.samplerate
    except soundfile.LibsndfileError as error:
        raise ValueError(f"cannot read all of it as audio ({error.error_string.rstrip('.')})") from error
