"""The voices of this user, by name: one folder each under `$VALETTS_HOME/voices`.

Without `VALETTS_HOME` that is the place where the system wants data of a user: `~/.local/share/valetts` (or
`$XDG_DATA_HOME/valetts`), `~/Library/Application Support/valetts`, `%LOCALAPPDATA%\\valetts`.
"""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from difflib import get_close_matches
from pathlib import Path

from valetts_hf.voices.errors import VoiceError, VoiceFileError
from valetts_hf.voices.voice import Voice, check_name
from valetts_hf.voices.voice_folder import is_voice_folder, load_voice, save_voice


def user_folder() -> Path:
    """The folder of this user's voices' home; it need not exist."""
    if own := os.environ.get("VALETTS_HOME"):
        return Path(own).expanduser()
    return _system_folder("data") / "valetts"


def _system_folder(kind: str) -> Path:
    """Where the system keeps a user's "data" or "cache"."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / ("Application Support" if kind == "data" else "Caches")
    return Path(os.environ.get(f"XDG_{kind.upper()}_HOME") or home / (".local/share" if kind == "data" else ".cache"))


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
        return load_voice(self.path(name))

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
            os.rename(path, doomed)
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
