"""What was computed of recordings, kept on disk: style vectors and adapters by the content of the audio and the checkpoint.

One safetensors file per entry under `$VALETTS_CACHE` (default: the user's cache folder, `valetts`). Entries appear whole
or not at all, so processes may share the folder; a damaged one counts as missing. When the folder outgrows its limit the
entries that were used least recently go (the time of a file is that of its last use). `VALETTS_CACHE=off` keeps nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from valetts_hf.voices.places import system_folder


DEFAULT_LIMIT = 256 * 1024 * 1024  # bytes: some 400,000 style vectors or 200 adapters
_ENDING = ".safetensors"
_KEPT = 0.8  # of the limit, after an eviction: so that not every entry evicts


def cache_folder() -> Path | None:
    """Folder of the cache; None if the user switched it off."""
    own = os.environ.get("VALETTS_CACHE")
    if own is not None and own.strip().lower() in ("off", "0", "none", "false", ""):
        return None
    return Path(own).expanduser() if own else system_folder("cache") / "valetts"


def cache_key(kind: str, content: str, checkpoint: str, **settings: Any) -> str:
    """The name of an entry.

    Args:
        kind (`str`): "style", "adapter".
        content (`str`): hash of the audio.
        checkpoint (`str`): fingerprint, or the part of it that matters.
        settings: whatever else decides about the result.
    """
    identity = json.dumps([kind, content, checkpoint, settings], sort_keys=True, default=str)
    return f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:40]}"


class VoiceCache:
    """Tensors and a few facts by key, on disk; safe for threads and processes.

    Args:
        folder (*optional*): default [`cache_folder`] at each use.
        limit (`int`): bytes the entries may take together.
    """

    def __init__(self, folder: str | os.PathLike | None = None, limit: int = DEFAULT_LIMIT):
        if limit < 1:
            raise ValueError(
                f"the limit of the cache must be 1 byte or more, got {limit!r}; VALETTS_CACHE=off keeps none"
            )
        self._own = None if folder is None else Path(folder).expanduser()
        self.limit = limit
        self._size: int | None = None  # as far as this object knows: others write, too
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path | None:
        return cache_folder() if self._own is None else self._own

    def get(self, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Tensors and facts of an entry; None if there is none. Marks it as used now."""
        path = self._path(key)
        if path is None:
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}
                facts = json.loads((file.metadata() or {}).get("facts", "{}"))
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError):  # damaged, or not to be read
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # somebody else's entry, or a folder that is only read
            os.utime(path)
        return tensors, facts

    def put(self, key: str, tensors: Mapping[str, Tensor], **facts: Any) -> bool:
        """Keep an entry. Returns whether it is kept: a cache that cannot be written is no reason to fail."""
        path = self._path(key)
        if path is None:
            return False
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        temporary = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
            save_file(plain, temporary, metadata={"facts": json.dumps(facts)})
            size = temporary.stat().st_size
            os.replace(temporary, path)
        except (OSError, SafetensorError):
            with contextlib.suppress(OSError):
                temporary.unlink()
            return False
        with self._lock:
            if self._size is None:
                self._size = sum(entry[1] for entry in self._entries())
            else:
                self._size += size
            if self._size > self.limit:
                self._size = self._evict()
        return True

    def size(self) -> tuple[int, int]:
        """Number of entries and bytes they take."""
        entries = self._entries()
        return len(entries), sum(entry[1] for entry in entries)

    def clear(self) -> int:
        """Delete all entries; returns how many there were."""
        entries = self._entries()
        for path, _, _ in entries:
            with contextlib.suppress(OSError):
                path.unlink()
        with self._lock:
            self._size = None
        return len(entries)

    def _path(self, key: str) -> Path | None:
        folder = self.folder
        return None if folder is None else folder / "voices" / f"{key}{_ENDING}"

    def _entries(self) -> list[tuple[Path, int, int]]:
        """(path, bytes, time of the last use in ns) of every entry."""
        folder = self.folder
        found: list[tuple[Path, int, int]] = []
        try:
            with os.scandir(folder / "voices" if folder is not None else os.devnull) as listing:
                for item in listing:
                    if item.name.endswith(_ENDING):
                        with contextlib.suppress(OSError):  # another process evicted it
                            status = item.stat()
                            found.append((Path(item.path), status.st_size, status.st_mtime_ns))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            pass
        return found

    def _evict(self) -> int:
        """Delete the least recently used entries, one process at a time. Returns the bytes that are left."""
        from huggingface_hub.utils import WeakFileLock

        with contextlib.suppress(OSError), WeakFileLock(self.folder / ".lock"):
            entries = sorted(self._entries(), key=lambda entry: entry[2])
            left = sum(entry[1] for entry in entries)
            for path, size, _ in entries:
                if left <= self.limit * _KEPT:
                    break
                with contextlib.suppress(OSError):
                    path.unlink()
                left -= size
            return left
        return self.limit  # no lock to be had: try again at the next entry
