"""The folder that a data set is spoken into: audio, what it says, what failed, and locks so that nobody does a row twice.

```
OUTPUT/
  synthesis.json                        settings that all of it was made with
  shard-00000-of-00002/
    metadata.jsonl                      a line for each row that is done; its audio lies complete before the line is written
    failed.jsonl                        a line for each row that cannot be spoken
    audio/0000/<id>.wav
```

One process writes the lines of a shard. `datasets` reads all of it as an audio folder.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from valetts_hf.inference.audio_files import write_bytes
from valetts_hf.mass_synthesis.settings import SynthesisSettings
from valetts_hf.mass_synthesis.sharding import Shard
from valetts_hf.version import __version__


SETTINGS_FILE = "synthesis.json"
DONE_FILE = "metadata.jsonl"
FAILED_FILE = "failed.jsonl"
_LOCK = ".lock"


class OutputFolderError(OSError):
    """The output folder cannot be used or written to."""


class SettingsChangedError(ValueError):
    """The folder holds speech that was made with other settings."""


class ShardBusyError(OutputFolderError):
    """Another run is at work on the same rows."""


class OutputFolder:
    """
    Args:
        path: folder; made when it is not there.

    Raises:
        [`OutputFolderError`]: it is a file, cannot be made, or holds something else.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).expanduser()
        if self.path.exists() and not self.path.is_dir():
            raise OutputFolderError(f"the output {str(self.path)!r} is a file: name a folder.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            others = [item.name for item in self.path.iterdir() if not item.name.startswith(".")]
        except OSError as error:
            raise _unwritable(self.path, error) from error
        if others and SETTINGS_FILE not in others:
            raise OutputFolderError(
                f"the folder {str(self.path)!r} holds something else ({sorted(others)[0]!r}): name an empty or a new one."
            )

    @contextlib.contextmanager
    def planning(self) -> Iterator[None]:
        """While it lasts, no other run plans here; waits for one that does."""
        with self._locked(self.path, None):
            yield

    @contextlib.contextmanager
    def held(self, shard: Shard) -> Iterator[ShardFolder]:
        """
        A shard that nobody else works on, as long as it lasts. Enter it while `planning`.

        Raises:
            [`ShardBusyError`]: somebody else does, or works on shards of another number.
        """
        for folder, other in self.shards():
            if other.count != shard.count:
                with self._locked(folder, other):
                    pass
        folder = self.path / shard.folder
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        with self._locked(folder, shard):
            yield ShardFolder(folder)

    def shards(self) -> list[tuple[Path, Shard]]:
        """The shards that are there, whatever their number."""
        found = [(folder, Shard.of_folder(folder.name)) for folder in sorted(self.path.iterdir()) if folder.is_dir()]
        return [(folder, shard) for folder, shard in found if shard is not None]

    def settle(self, settings: SynthesisSettings) -> None:
        """
        Keep the settings with a new folder; compare them with those of an old one.

        Raises:
            [`SettingsChangedError`]: they differ. [`OutputFolderError`]: not readable, not writable.
        """
        path = self.path / SETTINGS_FILE
        if not path.exists():
            facts = {**settings.to_json(), "valetts_hf": __version__, "begun": datetime.now(timezone.utc).isoformat()}
            _write(path, json.dumps(facts, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace") + b"\n")
            return
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(known, dict):
                raise ValueError("it is no JSON object")
        except (OSError, ValueError) as error:
            raise OutputFolderError(
                f"{str(path)!r} cannot be read ({error}): choose another output folder."
            ) from error
        if changed := settings.differences(known):
            raise SettingsChangedError(
                f"{str(self.path)!r} was made with other settings ({'; '.join(changed)}): choose another output folder, or "
                "the same settings."
            )

    @contextlib.contextmanager
    def _locked(self, folder: Path, shard: Shard | None) -> Iterator[None]:
        """Hold the lock of a folder: at once where it is a shard's, else when it is free."""
        from huggingface_hub.utils import WeakFileLock

        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(WeakFileLock(folder / _LOCK, timeout=None if shard is None else 0.2))
            except TimeoutError as error:
                raise ShardBusyError(
                    f"another run is at work on shard {shard} of {str(self.path)!r}: wait for it, or give each run a shard "
                    "of the same number of shards."
                ) from error
            except OSError as error:
                raise _unwritable(folder, error) from error
            yield


class ShardFolder:
    """
    What is done and what failed of one shard. One process writes it, under the lock of its [`OutputFolder`].

    Args:
        path (`Path`): folder.
    """

    def __init__(self, path: Path):
        self.path = path

    def done(self) -> Iterator[dict[str, Any]]:
        """Records of rows whose audio is there, complete."""
        return (record for record in _read(self.path / DONE_FILE) if self._complete(record))

    def failures(self) -> list[dict[str, Any]]:
        """Records of rows that could not be spoken."""
        return list(_read(self.path / FAILED_FILE))

    def keep(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Forget rows that are done, and their audio, unless they are wanted and complete; also what a killed run left."""
        path = self.path / DONE_FILE
        changed = not _ends_cleanly(path)
        for record in _read(path):
            if not (self._complete(record) and wanted(record)):
                changed = True
                with contextlib.suppress(OSError, KeyError, TypeError):
                    (self.path / record["file_name"]).unlink()
        if changed:
            _write(path, b"".join(_line(record) for record in self.done() if wanted(record)))
        for unfinished in self.path.glob("audio/*/.*.part"):
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _complete(self, record: dict[str, Any]) -> bool:
        try:
            return (self.path / record["file_name"]).stat().st_size == record["bytes"]
        except (OSError, KeyError, TypeError):  # removed, or written by a machine that lost its power
            return False

    def replace_failures(self, failures: Iterable[dict[str, Any]]) -> None:
        """Write the list of failures anew; without any there is no such file."""
        lines = b"".join(_line(failure) for failure in failures)
        path = self.path / FAILED_FILE
        if lines:
            _write(path, lines)
        else:
            path.unlink(missing_ok=True)

    def add_done(self, records: Iterable[dict[str, Any]]) -> None:
        """Note rows whose audio is complete."""
        _append(self.path / DONE_FILE, b"".join(_line(record) for record in records))

    def add_failures(self, failures: Iterable[dict[str, Any]]) -> None:
        """Note rows that could not be spoken."""
        _append(self.path / FAILED_FILE, b"".join(_line(failure) for failure in failures))


def _line(record: dict[str, Any]) -> bytes:
    # Halves of surrogate pairs, which no UTF-8 can hold, become the escapes that JSON has for them.
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file; a line that a power cut left unfinished is passed over."""
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record
    except OSError as error:
        raise OutputFolderError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error


def _ends_cleanly(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _write(path: Path, content: bytes) -> None:
    """All of a file or nothing."""
    write_bytes(path, content, "a list of rows")


def _append(path: Path, lines: bytes) -> None:
    """Whole lines or nothing: what a full disk took of them is taken back."""
    if not lines:
        return
    try:
        with path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                rest = memoryview(lines)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutputFolderError:
    return OutputFolderError(
        f"cannot write {str(path)!r}: {error.strerror or error}; check the permissions and the free space of "
        f"{str(path.parent)!r}."
    )
