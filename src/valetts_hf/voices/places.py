"""Names of voices and the folders they are kept in. Imports nothing heavy: the command line lists voices with it.

Without `VALETTS_HOME` voices are where the system wants data of a user: `~/.local/share/valetts` (or
`$XDG_DATA_HOME/valetts`), `~/Library/Application Support/valetts`, `%LOCALAPPDATA%\\valetts`.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

from valetts_hf.voices.errors import VoiceError


VOICE_FILE = "voice.json"
MAX_NAME = 64
AUDIO_ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au")
# Recordings of telephones that have to be converted first; taken for recordings, so that reading them says so.
FOREIGN_AUDIO_ENDINGS = (".m4a", ".aac", ".amr", ".3gp", ".caf", ".wma")
# Names of devices on Windows, whatever their ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)(\..*)?", re.IGNORECASE)


def user_folder() -> Path:
    """The folder of this user's voices' home; it need not exist."""
    if own := os.environ.get("VALETTS_HOME"):
        return Path(own).expanduser()
    return system_folder("data") / "valetts"


def system_folder(kind: str) -> Path:
    """Where the system keeps a user's "data" or "cache"."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / ("Application Support" if kind == "data" else "Caches")
    return Path(os.environ.get(f"XDG_{kind.upper()}_HOME") or home / (".local/share" if kind == "data" else ".cache"))


def is_voice_folder(path: str | os.PathLike) -> bool:
    """Whether a folder holds a voice."""
    try:
        return os.path.isfile(os.path.join(os.path.expanduser(os.fspath(path)), VOICE_FILE))
    except (ValueError, TypeError):  # a null character
        return False


def is_audio_name(name: str) -> bool:
    """Whether a name ends as the file of a recording does, one that has to be converted first included."""
    return name.lower().endswith(AUDIO_ENDINGS + FOREIGN_AUDIO_ENDINGS)


def check_name(name: Any) -> str:
    """A name that can be a folder everywhere, in one spelling (NFC): keyboards and file systems differ in it.

    Raises:
        `VoiceError`: it cannot.
    """
    if isinstance(name, str):
        name = unicodedata.normalize("NFC", name.strip())
        letters = "".join("a" if unicodedata.category(sign).startswith("M") else sign for sign in name[1:])
        if (
            len(name) <= MAX_NAME
            and re.fullmatch(r"\w[\w .-]*", name[:1] + letters)  # the marks of Hindi or Thai belong to letters
            and not name.endswith(".")
            and name[0] != "_"
            and not _RESERVED.fullmatch(name)
        ):
            return name
    raise VoiceError(
        f"a voice's name may have 1 to {MAX_NAME} letters, digits, spaces, '.', '_' and '-', begins with a letter or digit, "
        f"and is no device of Windows (con, nul, ...), got {str(name)[:80]!r}."
    )
