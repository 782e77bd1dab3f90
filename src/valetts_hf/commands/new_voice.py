"""A voice about to be made, by `valetts voice enroll` or `adapt`: where it goes, checked before any work, and how to use it."""

from __future__ import annotations

import argparse
from pathlib import Path

from valetts_hf.commands import voices
from valetts_hf.commands.common import CommandError
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import AUDIO_ENDINGS, check_name, is_voice_folder


def place_of_new_voice(args: argparse.Namespace) -> tuple[str, Path]:
    """Name and folder of the voice that `name`, `output`, `overwrite` and `model` ask for.

    Raises:
        `CommandError`: the name is a recording's or the checkpoint's own; a voice is there already. `VoiceError`: an
            impossible name.
    """
    name = check_name(args.name)
    if name.lower().endswith(AUDIO_ENDINGS):
        raise CommandError(f"{name!r} looks like a recording: the name of the voice comes first, then its clips.")
    folder = Path(args.output).expanduser() if args.output else VoiceLibrary().path(name)
    refuse_taken(folder, args.overwrite)
    if not args.output and name in {row["name"] for row in voices.list_voices(args.model)}:
        raise CommandError(f"the checkpoint has a voice {name!r} itself: choose another name.")
    return name, folder


def refuse_taken(folder: Path, overwrite: bool) -> None:
    """A voice is replaced only where that was asked for.

    Raises:
        `CommandError`: it was not.
    """
    if is_voice_folder(folder) and not overwrite:
        raise CommandError(f"there is a voice in {str(folder)!r} already: choose another name, or add --overwrite.")


def how_to_speak(args: argparse.Namespace) -> str:
    """What to type to hear the voice that was made."""
    voice = args.output or args.name
    if " " in voice:
        voice = f'"{voice}"'
    return f"Speak with it: valetts say TEXT --voice {voice}"
