"""The voices of this user, by name: one folder each under `$VALETTS_HOME/voices` (see `places`)."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valetts_hf.voices.errors import VoiceError, VoiceFileError
from valetts_hf.voices.places import VOICE_FILE, check_name, is_voice_folder, user_folder


if TYPE_CHECKING:
    from valetts_hf.voices.voice import Voice


class VoiceLibrary:
    """The voices kept under names.

    Args:
        folder (*optional*): default `user_folder() / "voices"`, looked up at each use.
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        self._folder = None if folder is None else Path(folder).expanduser()

    @property
    def folder(self) -> Path:
        return user_folder() / "voices" if self._folder is None else self._folder

    def names(self) -> list[str]:
        """Names of the voices, sorted."""
        try:
            return sorted(path.name for path in self.folder.iterdir() if is_voice_folder(path) and path.name[0] != ".")
        except (FileNotFoundError, NotADirectoryError):
            return []

    def path(self, name: str) -> Path:
        """Where a voice of this name is or would be.

        Raises:
            `VoiceError`: a name that cannot be one.
        """
        return self.folder / check_name(name)

    def __contains__(self, name: object) -> bool:
        try:
            return is_voice_folder(self.path(name))  # type: ignore[arg-type]
        except VoiceError:
            return False

    def load(self, name: str) -> Voice:
        """The voice of this name.

        Raises:
            `VoiceError`: there is none. `VoiceFileError`: it is damaged.
        """
        self._require(name)
        from valetts_hf.voices.voice_folder import load_voice

        return load_voice(self.path(name))

    def facts(self, name: str) -> dict[str, Any]:
        """What `voice.json` says, without loading the voice; {} if it cannot be read.

        Raises:
            `VoiceError`: there is no such voice.
        """
        self._require(name)
        try:
            facts = json.loads((self.path(name) / VOICE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def save(self, voice: Voice, overwrite: bool = False) -> Path:
        """Keep a voice under its name.

        Raises:
            `VoiceError`: the name is taken and `overwrite` is not set.
        """
        if voice.name in self and not overwrite:
            raise VoiceError(
                f"there is a voice {voice.name!r} already in {str(self.folder)!r}: choose another name, remove it, or allow "
                "overwriting."
            )
        from valetts_hf.voices.voice_folder import save_voice

        return save_voice(voice, self.path(voice.name))

    def remove(self, name: str) -> Path:
        """Delete a voice; returns the folder it was in.

        Raises:
            `VoiceError`: there is none. `VoiceFileError`: it cannot be deleted.
        """
        self._require(name)
        path = self.path(name)
        doomed = path.with_name(f".{path.name}.{uuid.uuid4().hex}.removed")
        try:
            try:
                os.rename(path, doomed)
            except FileNotFoundError:  # somebody else was faster
                self._require(name)
                raise
            shutil.rmtree(doomed)
        except OSError as error:
            raise VoiceFileError(
                f"voice {name!r} cannot be removed: {error.strerror or error} ({str(path)!r})."
            ) from error
        return path

    def _require(self, name: str) -> None:
        if name in self:
            return
        names = self.names()
        close = get_close_matches(str(name), names, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise VoiceError(
            f"there is no voice {name!r} in {str(self.folder)!r}. {hint}Voices: {', '.join(names) or 'none yet'}."
        )
