"""Styles and sketches as JSON files."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_json(path: str | os.PathLike, content: dict[str, Any], what: str) -> Path:
    """Write JSON whole or not at all: a failed write leaves what was there before. Returns the path.

    Args:
        path: `~` is the home folder; its folder must be there.
        content (`dict`): without NaN.
        what (`str`): "style", "sketch": for the message.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(path).expanduser()
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    unfinished = None
    try:
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(unfinished, 0o644)  # mkstemp writes for the owner alone, but these are shared
        os.replace(unfinished, target)
    except BaseException as error:
        if unfinished is not None:
            with suppress(OSError):
                os.unlink(unfinished)
        if isinstance(error, OSError):
            raise OSError(f"{what} {str(target)!r} cannot be written: {error.strerror or error}.") from error
        raise
    return target
