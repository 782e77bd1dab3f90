"""Few-shot adaptation: a voice with a style vector and a PEFT adapter out of up to five clips in at most 100 steps.

`adapt_voice` is what the SDK, the command line and `run_adapt.py` call. How it learns is in `adaptation_run.py`, what from
in `support.py` and what it minimises in `adaptation_objective.py`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation.adaptation_run import Adaptation, AdaptationProgress, adapt
from valetts_hf.training.adaptation.settings import AdaptationSettings, load_settings
from valetts_hf.training.adaptation.start import read_start
from valetts_hf.training.adaptation.support import prepare_support
from valetts_hf.training.adaptation.transcript_alignment import TranscriptError
from valetts_hf.voices.enrolment import check_consent, enroll_voice
from valetts_hf.voices.errors import VoiceError
from valetts_hf.voices.voice import Voice, check_name
from valetts_hf.voices.voice_folder import refuse_other_things


__all__ = [
    "Adaptation",
    "AdaptationProgress",
    "AdaptationSettings",
    "TranscriptError",
    "VoiceBusyError",
    "adapt_voice",
    "voice_lock",
]


class VoiceBusyError(VoiceError):
    """Another process is adapting the voice of this name."""


def adapt_voice(
    model: ValeTTSForSpeech,
    processor: Any,
    clips: Sequence[Any] | Any,
    transcripts: Sequence[str | None] | str | None = None,
    *,
    name: str,
    consent: str,
    language: str | None = None,
    source: str | None = None,
    preset: str | None = None,
    method: str | None = None,
    max_steps: int | None = None,
    settings: AdaptationSettings | Mapping[str, Any] | str | Path | None = None,
    seed: int | None = None,
    start: Voice | str | os.PathLike | None = None,
    check_transcripts: bool = True,
    quality: str = "refuse",
    progress: Callable[[AdaptationProgress], Any] | None = None,
    folder: str | os.PathLike | None = None,
) -> Voice:
    """Make a voice resemble its speaker more than a style vector alone can.

    Args:
        model (`ValeTTSForSpeech`): the base; it is not changed.
        processor (`ValeTTSProcessor`): of the same checkpoint.
        clips: one to five recordings of one speaker, 5-6 s each (of more the best five are taken), or a folder of them:
            everything that [`ValeTTSFeatureExtractor`] takes.
        transcripts (*optional*): what is said in each clip, None where unknown. With text all of the voice is adapted;
            without, what needs none: decoder, style and the level of the pitch.
        name (`str`): of the voice.
        consent (`str`): how the speaker agreed, in your words.
        language (`str`, *optional*): that of the transcripts; detected when not given.
        source (`str`, *optional*): note on where the recordings came from.
        preset, method, max_steps, seed (*optional*): override `settings`.
        settings (*optional*): [`AdaptationSettings`], a mapping of overrides, or a YAML file of them.
        start (*optional*): a voice of this checkpoint, or the folder of an adapter, whose adapter is improved instead of a
            fresh one; or a meta-trained start, whose style offset and learning rates are used, too.
        check_transcripts (`bool`): False takes every transcript as it is.
        quality (`str`): "refuse" or "warn": what the quality gate does with poor recordings, see [`enroll_voice`].
        progress (*optional*): called with an [`AdaptationProgress`] before the first step and after each.
        folder (*optional*): where to save the voice; locked against other processes from the start, so that nobody's work
            is overwritten unseen, and replaced at the end in one move.

    Returns:
        [`Voice`]: `voice.metadata["adaptation"]` tells what was done. Ctrl-C ends early with the best so far.

    Raises:
        `TranscriptError` (a `ValueError`): a transcript is not what is said, naming the clip.
        `VoiceBusyError` (a `VoiceError`): another process adapts the voice in this folder.
        `AdapterError`: the adapter to start from belongs to another checkpoint.
        `ConsentError`, `QualityError` (`ValueError`s): see [`enroll_voice`].
        `ValueError`: clips, settings or a name that cannot be used. `VoiceFileError`: the voice cannot be saved.
    """
    name = check_name(name)
    settings = load_settings(settings, preset=preset, method=method, max_steps=max_steps, seed=seed)
    beginning = read_start(start, model)
    if folder is not None:
        with voice_lock(folder, name):
            refuse_other_things(Path(folder).expanduser())
            voice = adapt_voice(
                model,
                processor,
                clips,
                transcripts,
                name=name,
                consent=consent,
                language=language,
                source=source,
                settings=settings,
                start=start,
                check_transcripts=check_transcripts,
                quality=quality,
                progress=progress,
            )
            voice.save_pretrained(folder)
            return voice
    check_consent(consent)
    support = prepare_support(processor, model.config, clips, transcripts, language, settings.held_out_share)
    enrolled = enroll_voice(
        model,
        processor,
        [clip.source for clip in support.clips],
        name=name,
        consent=consent,
        language=language,
        source=source,
        quality=quality,
    )
    result = adapt(
        model,
        processor,
        support,
        language=language,
        settings=settings,
        start=beginning,
        check_transcripts=check_transcripts,
        progress=progress,
    )
    return replace(
        enrolled,
        style=result.style.numpy(),
        language=enrolled.language or result.language,
        adapter=result.adapter,
        metadata=enrolled.metadata | {"adaptation": _facts(result, settings)},
    )


def _facts(result: Adaptation, settings: AdaptationSettings) -> dict[str, Any]:
    return {
        "steps": result.steps,
        "best_step": result.best_step,
        "clips": result.clips,
        "alignment_costs": {name: round(cost, 3) for name, cost in result.alignment_costs.items()},
        "held_out_losses": {str(step): round(loss, 4) for step, loss in result.held_out_losses.items()},
        "interrupted": result.interrupted,
        "seconds": round(result.seconds, 1),
        "notes": result.notes,
        "settings": settings.to_dict(),
    }


@contextmanager
def voice_lock(folder: str | os.PathLike, name: str) -> Iterator[None]:
    """Hold the right to write the voice in a folder; freed at the end, also when the process dies.

    Raises:
        `VoiceBusyError`: another process holds it.
    """
    from filelock import FileLock, Timeout

    target = Path(folder).expanduser().absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(target).encode()).hexdigest()[:12]
    lock = FileLock(target.parent / f".{digest}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise VoiceBusyError(
            f"another process is adapting the voice {name!r} in {str(target)!r}: wait for it, or choose another name"
        ) from None
    try:
        yield
    finally:
        lock.release()
