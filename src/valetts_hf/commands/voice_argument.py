"""`--voice`: a name, a file or a voice goes to the SDK as it is; a folder of clips of one speaker becomes one reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from valetts_hf.commands.common import CommandError, one_line
from valetts_hf.voices.errors import VoiceError
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import is_voice_folder


MAX_CLIPS = 5
_RATE = 24000


def resolve_voice(voice: str | None) -> Any:
    """What to hand to the SDK as `voice`.

    Args:
        voice (`str`, *optional*): name of a voice, folder or repository of one, path of an audio file, or folder of up to
            five clips (the first five in the order of their names are used).

    Returns:
        `voice` itself, or for a folder an audio dictionary `{"array": float32 [S], "sampling_rate": 24000}`.

    Raises:
        `CommandError`: the folder holds no audio, or a clip cannot be read.
    """
    if voice is None or not _is_folder(voice) or is_voice_folder(voice) or voice in VoiceLibrary():
        return voice
    import numpy as np
    import soundfile
    import soxr

    from valetts_hf.voices.enrolment import list_clips

    try:
        clips = list_clips(voice)
    except VoiceError as error:
        raise CommandError(str(error)) from error
    parts = []
    for clip in clips[:MAX_CLIPS]:
        try:
            samples, rate = soundfile.read(clip, dtype="float32", always_2d=True)
        except (OSError, RuntimeError) as error:  # soundfile's own error is a RuntimeError
            raise CommandError(
                f"the voice clip {str(clip)!r} cannot be read ({one_line(error)}): remove or replace it."
            ) from error
        parts.append(soxr.resample(samples.mean(axis=1), rate, _RATE).astype(np.float32))
    return {"array": np.concatenate(parts), "sampling_rate": _RATE}


def _is_folder(voice: str) -> bool:
    try:
        return Path(voice).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):  # too long for a path, a null character, no home folder
        return False
