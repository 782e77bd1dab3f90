"""API keys in a file: only their hashes, with a name and an owner whose voices they open.

A key is 256 random bits, so a plain SHA-256 of it cannot be guessed back; slow hashes are for passwords that people choose.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


PREFIX = "valetts-"
_RECHECK_SECONDS = 1.0
_NAME = re.compile(r"[\w][\w .@-]{0,63}")


class KeyFileError(OSError):
    """A file of keys that cannot be read or written."""


@dataclass(frozen=True)
class ApiKey:
    """
    Args:
        owner (`str`): 16 hexadecimal digits; whose voices these are. Safe as the name of a folder.
        name (`str`): for people and logs.
        sha256 (`str`): of the key.
        created (`str`): date.
    """

    owner: str
    name: str
    sha256: str
    created: str


class KeyFile:
    """Keys of a file; changes to it are seen within a second, without a restart.

    Args:
        path: JSON file; it need not exist.

    Raises:
        `KeyFileError`: it is there and cannot be read.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).expanduser()
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._checked = 0.0
        self._keys: list[ApiKey] = []
        self.keys()

    def keys(self) -> list[ApiKey]:
        """All keys, in the order they were added."""
        with self._lock:
            now = time.monotonic()
            if now - self._checked >= _RECHECK_SECONDS or not self._checked:
                self._refresh()
                self._checked = now
            return list(self._keys)

    def find(self, key: str) -> ApiKey | None:
        """Whose key this is. All hashes are compared, each in constant time, so the time tells nothing."""
        digest = _digest(key)
        found = None
        for one in self.keys():
            if hmac.compare_digest(one.sha256, digest):
                found = one
        return found

    def knows(self, owner: str) -> bool:
        """Whether there still is a key of this owner."""
        return any(one.owner == owner for one in self.keys())

    def add(self, name: str) -> str:
        """A new key; it is shown now and never again.

        Args:
            name (`str`): who gets it.

        Raises:
            `ValueError`: no name, or one that is taken. `KeyFileError`: the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name[:80]!r} cannot name a key: use 1 to 64 letters, digits, blanks, '.', '_', '-' and '@'."
            )
        with self._changing() as keys:
            if any(one.name == name for one in keys):
                raise ValueError(f"there is a key named {name!r} already: remove it first, or take another name.")
            key = PREFIX + secrets.token_urlsafe(32)
            self._write([*keys, ApiKey(secrets.token_hex(8), name, _digest(key), time.strftime("%Y-%m-%d"))])
        return key

    def remove(self, name: str) -> None:
        """Make a key worthless.

        Raises:
            `ValueError`: there is none of that name. `KeyFileError`: the file cannot be written.
        """
        with self._changing() as keys:
            left = [one for one in keys if one.name != name]
            if len(left) == len(keys):
                raise ValueError(
                    f"there is no key named {name[:80]!r}; there are: {', '.join(one.name for one in keys) or 'none'}."
                )
            self._write(left)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[ApiKey]]:
        """The keys as they are now; while it lasts, nobody else changes them: a key that was removed must not come back."""
        from huggingface_hub.utils import WeakFileLock

        with contextlib.ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                stack.enter_context(WeakFileLock(self.path.with_name(f".{self.path.name}.lock")))
            except OSError as error:
                raise self._unwritable(error) from error
            with self._lock:
                self._checked = 0.0
            yield self.keys()

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return
            table = json.loads(self.path.read_text(encoding="utf-8"))
            self._keys = [ApiKey(**entry) for entry in table["keys"]]
            self._stamp = stamp
        except FileNotFoundError:
            self._keys, self._stamp = [], None
        except (OSError, ValueError, TypeError, KeyError) as error:
            if self._stamp is None:
                raise KeyFileError(
                    f"the keys in {str(self.path)!r} cannot be read ({type(error).__name__}): name another file with "
                    "--keys, or remove it and make new ones with `valetts serve --add-key NAME`."
                ) from error
            # Somebody is damaging the file while the server runs: the keys that were good stay good.

    def _write(self, keys: list[ApiKey]) -> None:
        content = json.dumps({"keys": [vars(one) for one in keys]}, indent=1) + "\n"
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(prefix=".keys-", dir=self.path.parent)  # readable by its owner alone
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            if self.path.exists():  # whoever may read it, such as a container's user, still may
                os.chmod(temporary, self.path.stat().st_mode & 0o777)
            os.replace(temporary, self.path)
        except OSError as error:
            if temporary is not None and os.path.exists(temporary):
                os.unlink(temporary)
            raise self._unwritable(error) from error
        with self._lock:
            self._checked = 0.0

    def _unwritable(self, error: OSError) -> KeyFileError:
        return KeyFileError(
            f"{str(self.path)!r} cannot be written: {error.strerror or error}; choose another place with --keys."
        )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
