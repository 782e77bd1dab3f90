"""Who speaks which section of a script, and in which manner: the pieces of a text as jobs for the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from valetts_hf.direction.style_effect import StyleEffect
from valetts_hf.inference.batching import Job
from valetts_hf.inference.call_arguments import MAX_SEED
from valetts_hf.inference.script import Script
from valetts_hf.inference.style_lookup import StyleLookup
from valetts_hf.inference.voice_lookup import ResolvedVoice, VoiceLookup


def jobs_of(
    script: Script, voice: Any, style: Any, seed: int, lookup: VoiceLookup, styles: StyleLookup, item: int = 0
) -> Iterator[Job]:
    """What the model has to say for a script, read as it goes; voices and styles are found at once.

    Args:
        script ([`Script`]): sections with a voice or style of their own are spoken with those.
        voice, style: of the other sections, as in a call; None is the default voice of the language, in its own manner.
        seed (`int`): of the first piece, one more for each that follows.
        lookup ([`VoiceLookup`]), styles ([`StyleLookup`]): find them.
        item (`int`): number of the text.

    Raises:
        `VoiceError`, `StyleError` (`ValueError`s): no such voice or style.
    """
    of_call = None if voice is None else lookup.resolve(voice)
    voices = [of_call if own is None else lookup.resolve(own) for own in script.voices]
    effect = styles.effect(style)
    effects = [effect if own is None else styles.effect(own) for own in script.styles]
    return _jobs(script, voices, effects, seed, lookup, item)


def _jobs(
    script: Script,
    voices: list[ResolvedVoice | None],
    effects: list[StyleEffect | None],
    seed: int,
    lookup: VoiceLookup,
    item: int,
) -> Iterator[Job]:
    default: ResolvedVoice | None = None
    for index, (section, piece) in enumerate(script):
        who = voices[section] or default
        if who is None:
            who = default = lookup.resolve_default(script.language_of_voice)
        yield Job(item, piece, who.style, (seed + index) % (MAX_SEED + 1), who.adapter, effects[section])
