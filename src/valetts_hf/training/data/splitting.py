"""Recordings above the longest clip become clips: cut at pauses, their texts at the matching words.

Without a text the pauses are enough. With one, words must be found in the speech first, which needs a model of the sounds of
the language: it is estimated on the short clips of the corpus, or where these are too few on the long recordings themselves,
between whose pauses words are first shared out by length (`pause_matching`). With it every recording is aligned as a whole
(`long_alignment`); cuts lie where the alignment has a pause between two words and the level agrees. The pieces are then
prepared and judged like any clip, and aligned once more when durations are computed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from valetts_hf.training.aligner.alignment_features import alignment_features, normalize_by_speaker
from valetts_hf.training.aligner.bootstrap_alignment import fit_monophones
from valetts_hf.training.data.clip_features import AudioSettings
from valetts_hf.training.data.feature_cache import digest
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.data.quality import DROP, ClipReport
from valetts_hf.training.data.quality_thresholds import QualityThresholds
from valetts_hf.training.data.recording_text import cut_speech, cut_text_and_speech, read_words, rough_stretches
from valetts_hf.training.data.recordings import recording_pieces
from valetts_hf.training.data.text_features import read_text, text_key
from valetts_hf.training.data.workers import WorkerCrash, map_in_order


if TYPE_CHECKING:
    from valetts_hf.training.data.analysis import CorpusCache

logger = logging.getLogger(__name__)

VERSION = 1  # to be raised when the same recordings are split in another way
# Seconds of short clips below which the long recordings take part in the estimation, and seconds that are enough of it.
FEWEST_SECONDS = 60.0
ENOUGH_SECONDS = 1200.0
ITERATIONS = 12
# A pause that parts two stretches for the first guess.
STRETCH_PAUSE = 0.25


@dataclass
class Recording:
    """A row that is too long for a clip: `clip` as read, its audio, the key of its features, and its seconds."""

    clip: ClipReport
    audio: Any
    key: str
    seconds: float


def split_recordings(
    recordings: Sequence[Recording],
    clips: Sequence[ClipReport],
    cache: CorpusCache,
    settings: AudioSettings,
    thresholds: QualityThresholds,
    num_proc: int,
) -> list[list[ClipReport]]:
    """
    Clips of every recording.

    Args:
        recordings (sequence of [`Recording`], length N): their `recordings.recording_features` are in the cache.
        clips (sequence of [`ClipReport`]): of all other rows.
        cache ([`CorpusCache`]): what it holds is not computed again.
        settings ([`AudioSettings`]), thresholds ([`QualityThresholds`]), num_proc (`int`).

    Returns:
        `list` of length N: the pieces in order, named after the recording with `#0001`, `#0002`, ...; those that cannot be
        used are there as dropped, with the reason, and so is a recording that cannot be split.
    """
    if thresholds.split_seconds is None:
        limit = settings.max_seconds
        return [_refused(item, f"clips above {limit:g} s are left out (split_seconds is null)") for item in recordings]
    languages = sorted({item.clip.language for item in recordings if item.clip.text})
    models = {language: _model_of(language, recordings, clips, cache, num_proc) for language in languages}
    longest = min(thresholds.split_seconds, settings.max_seconds)
    limits = (_frames(thresholds.split_pause), _frames(thresholds.split_shortest), _frames(longest))
    keys = [_split_key(item, models.get(item.clip.language, ""), limits) for item in recordings]
    tasks = _split_tasks(recordings, keys, models, cache, limits)
    for key, result in map_in_order(split_recording, tasks, num_proc, look_ahead=1):
        if result is not None:
            problem = {"pieces": [], "problem": "the process that split it crashed or ran out of memory"}
            cache.splits.put(key, problem if isinstance(result, WorkerCrash) else result)
    pieces = _piece_tasks(recordings, keys, cache, settings)
    results = map_in_order(prepare_pieces, pieces, num_proc, look_ahead=1)
    return [
        _reports(recordings[index], cache.splits.meta(keys[index]), audio_key, result, cache, settings)
        for (index, audio_key), result in results
    ]


def _model_of(
    language: str,
    recordings: Sequence[Recording],
    clips: Sequence[ClipReport],
    cache: CorpusCache,
    num_proc: int,
) -> str:
    """Key in the cache of the sounds of a language; "" if they cannot be estimated."""
    short = [
        clip
        for clip in clips
        if clip.language == language and clip.input_ids and clip.measures and clip.verdict != DROP
    ]
    chosen, seconds = [], 0.0
    for clip in sorted(short, key=lambda clip: (clip.measures["frames"], clip.audio_key)):
        if seconds < ENOUGH_SECONDS:
            chosen.append(clip)
            seconds += clip.measures["prepared_seconds"]
    rough = [item for item in recordings if item.clip.language == language and item.clip.text]
    if seconds >= FEWEST_SECONDS:
        rough = []
    parts = [(clip.audio_key, clip.piece, clip.input_ids, clip.speaker) for clip in chosen]
    key = digest("sounds", VERSION, ITERATIONS, parts, [(item.key, item.clip.text) for item in rough])
    if not cache.splits.verify([key]):
        return key
    speakers = sorted({clip.speaker for clip in chosen})
    features = [alignment_features(cache.piece(clip.audio_key, clip.piece)["waveform"] / 32767.0) for clip in chosen]
    features = normalize_by_speaker(features, [speakers.index(clip.speaker) for clip in chosen])
    ids = [np.asarray(clip.input_ids) for clip in chosen]
    for item in rough:
        whole = cache.audio.arrays(item.key)["features"]
        try:
            text = read_words(item.clip.text, language)
        except ValueError:
            continue
        for frames, tokens in rough_stretches(whole, text, _frames(STRETCH_PAUSE)):
            if seconds < ENOUGH_SECONDS:
                features.append(np.asarray(whole[frames], dtype=np.float32))
                ids.append(np.asarray(tokens))
                seconds += len(features[-1]) * HOP_LENGTH / SAMPLING_RATE
    logger.info("estimating the sounds of %s on %.0f s of speech, to split long recordings", language, seconds)
    try:
        model = fit_monophones(features, ids, ITERATIONS, num_proc)
    except ValueError as error:
        logger.warning("the sounds of %s cannot be estimated (%s)", language, error)
        return ""
    cache.splits.put(key, {"keys": model.keys}, {"weights": model.weights[0]})
    return key


def _split_key(item: Recording, model: str, limits: tuple[int, int, int]) -> str:
    clip = item.clip
    text = [model, text_key(clip.text, clip.language)] if clip.text else []
    return digest("split", VERSION, item.key, limits, *text)


def _split_tasks(
    recordings: Sequence[Recording],
    keys: Sequence[str],
    models: dict[str, str],
    cache: CorpusCache,
    limits: tuple[int, int, int],
) -> Iterator[tuple[str, tuple | None]]:
    for item, key in zip(recordings, keys):
        clip = item.clip
        if key in cache.splits:
            yield key, None
            continue
        features = np.asarray(cache.audio.arrays(item.key)["features"])
        model = models.get(clip.language, "") if clip.text else ""
        sounds = (
            (cache.splits.meta(model)["keys"], np.asarray(cache.splits.arrays(model)["weights"])) if model else None
        )
        yield key, (features, clip.text, clip.language, sounds, limits)


def split_recording(
    features: np.ndarray,
    text: str,
    language: str,
    sounds: tuple[dict[str, int], np.ndarray] | None,
    limits: tuple[int, int, int],
) -> dict[str, Any]:
    """
    Where to cut a recording; runs in a worker.

    Args:
        features (`np.ndarray` of shape `(F, 39)`), text (`str`, "" without), language (`str`).
        sounds: keys and weights of `fit_monophones`; None if they could not be estimated.
        limits: frames of the shortest pause, and of the shortest and the longest piece.

    Returns:
        `{"pieces": [[start, stop, text, problem], ...], "problem": str}`, in seconds; no pieces with a problem.
    """
    try:
        if not text:
            pieces = cut_speech(features, *limits)
        elif sounds is None:
            raise ValueError("there is too little speech to tell the sounds of its language apart")
        else:
            pieces = cut_text_and_speech(features, read_words(text, language), *sounds, *limits)
    except ValueError as error:
        return {"pieces": [], "problem": " ".join(str(error).split())}
    second = SAMPLING_RATE / HOP_LENGTH
    rows = [[piece.start / second, piece.stop / second, piece.text, piece.problem] for piece in pieces]
    return {"pieces": rows, "problem": ""}


def _piece_tasks(
    recordings: Sequence[Recording], keys: Sequence[str], cache: CorpusCache, settings: AudioSettings
) -> Iterator[tuple[tuple[int, str], tuple | None]]:
    for index, (item, key) in enumerate(zip(recordings, keys)):
        rows = _usable(cache.splits.meta(key)["pieces"], settings)
        if not rows:
            yield (index, ""), None
            continue
        spans = [(row[0], row[1]) for row in rows]
        audio_key = digest("pieces", VERSION, item.key, spans, asdict(settings))
        texts = [row[2] for row in rows if row[2] and text_key(row[2], item.clip.language) not in cache.text]
        audio = None if audio_key in cache.audio else item.audio
        done = audio is None and not texts
        yield (index, audio_key), None if done else (audio, spans, settings, texts, item.clip.language)


def prepare_pieces(
    audio: Any, spans: list[tuple[float, float]], settings: AudioSettings, texts: list[str], language: str
) -> tuple[tuple | None, dict[str, dict], str]:
    """Features of the pieces (None if `audio` is) and readings of texts, and what is wrong; runs in a worker."""
    try:
        features = None if audio is None else recording_pieces(audio, spans, settings)
        return features, {text: read_text(text, language) for text in texts}, ""
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # one bad recording must not end hours of work; it is reported by name
        return None, {}, " ".join(str(error).split()) or type(error).__name__


def _usable(rows: Sequence[list], settings: AudioSettings) -> list[list]:
    return [row for row in rows if not row[3] and row[1] - row[0] <= settings.max_seconds]


def _reports(
    item: Recording, split: dict[str, Any], audio_key: str, result: Any, cache: CorpusCache, settings: AudioSettings
) -> list[ClipReport]:
    """Clips of a recording, from what was found where to cut it and from what its pieces came to."""
    recording = item.clip
    if split["problem"]:
        return _refused(item, split["problem"])
    if isinstance(result, WorkerCrash):
        return _refused(item, "the process that read it crashed or ran out of memory")
    if result is not None:
        features, readings, fault = result
        if fault:
            return _refused(item, fault)
        if features is not None:
            cache.audio.put(audio_key, *features)
        for text, reading in readings.items():
            cache.text.put(text_key(text, recording.language), reading)
    found = cache.audio.meta(audio_key)["pieces"] if audio_key else []
    prepared = {piece["span"]: index for index, piece in enumerate(found)}
    clips, span = [], 0
    for number, (start, stop, text, problem) in enumerate(split["pieces"], start=1):
        clip = replace(
            recording,
            name=f"{recording.name}#{number:04d}",
            text=text,
            phonemes="",
            input_ids=[],
            measures={},
            reasons=[],
        )
        clips.append(clip)
        place = f"{start:.1f} s to {stop:.1f} s: "
        if not _usable([[start, stop, text, problem]], settings):
            clip.add("not_split", DROP, place + (problem or "there is no pause to cut in"))
            continue
        if span in prepared:
            clip.audio_key, clip.piece = audio_key, prepared[span]
            clip.measures = found[clip.piece]
        else:
            clip.add("not_split", DROP, place + "there is no speech in it")
        span += 1
        if text:
            clip.take_reading(cache.text.meta(text_key(text, recording.language)))
    return clips


def _refused(item: Recording, problem: str) -> list[ClipReport]:
    item.clip.add("not_split", DROP, f"{item.seconds:.0f} s long and not split: {problem}")
    return [item.clip]


def _frames(seconds: float) -> int:
    return round(seconds * SAMPLING_RATE / HOP_LENGTH)
