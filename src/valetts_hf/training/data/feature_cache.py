"""Results that were expensive, kept on disk in shards: found again by key, checked by checksum, never half written.

A shard is one safetensors file. Its header lists the records with the checksum of each one's arrays, and the name of
the file is the checksum of that header: opening a cache reads the headers only, and a damaged file costs just the
records whose bytes changed. Several processes may write to one folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.training.data.tensor_files import map_tensor, read_header, write_tensors


logger = logging.getLogger(__name__)

_PREFIX = "shard-"


def digest(*parts: Any) -> str:
    """Name for some content: 32 hexadecimal digits of BLAKE2b over bytes, text, arrays, or anything JSON takes."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            part = np.ascontiguousarray(part).data.cast("B") if part.size else b""
        elif not isinstance(part, (bytes, bytearray, memoryview)):
            part = json.dumps(part, sort_keys=True, ensure_ascii=False).encode()
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


@dataclass
class _Place:
    """Where a stored record lies."""

    path: Path
    start: int
    entries: dict[str, dict]  # name of the array -> its part of the header
    meta: dict[str, Any]
    checksum: str


class FeatureCache:
    """
    Records (a `dict` of plain data and some arrays) by key, in a folder.

    Args:
        folder (`str` or path): is created.
        max_records, max_bytes (`int`): of one shard.
        max_seconds (`float`): pending records are written at the latest after this time, so that an interruption
            costs no more.

    Attributes:
        damaged (`list[str]`): what was found broken and left out, one sentence each.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        max_records: int = 256,
        max_bytes: int = 1 << 26,
        max_seconds: float = 30.0,
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.max_records, self.max_bytes, self.max_seconds = max_records, max_bytes, max_seconds
        self.damaged: list[str] = []
        self._places: dict[str, _Place] = {}
        self._pending: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {}
        self._pending_bytes, self._written = 0, time.monotonic()
        for path in sorted(self.folder.glob(f"{_PREFIX}*.safetensors")):
            self._open_shard(path)

    def _open_shard(self, path: Path) -> None:
        try:
            header, text = read_header(path)
            if path.stem != _PREFIX + digest(text):
                raise ValueError(f"{str(path)!r} is damaged: its header does not fit its name")
            records = json.loads(header["__metadata__"]["records"])
        except OSError as error:  # somebody else's file, or too many open ones: nothing is known to be wrong with it
            self._report(f"{error}; its records are computed again")
            return
        except (ValueError, KeyError) as error:
            self._report(f"{error}; its records are computed again")
            path.unlink(missing_ok=True)
            return
        for number, (key, record) in enumerate(records.items()):
            entries = {name: header[f"{number}.{name}"] for name in record["arrays"]}
            self._places[key] = _Place(path, 8 + len(text), entries, record["meta"], record["checksum"])

    def _report(self, problem: str) -> None:
        logger.warning("%s", problem)
        self.damaged.append(problem)

    def __contains__(self, key: str) -> bool:
        return key in self._pending or key in self._places

    def __len__(self) -> int:
        return len(self._places.keys() | self._pending.keys())

    def meta(self, key: str) -> dict[str, Any]:
        """Plain data of a record; `KeyError` if there is none."""
        return self._pending[key][0] if key in self._pending else self._places[key].meta

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """Arrays of a record, memory-mapped; `KeyError` if there is none. `verify` says whether they are whole."""
        if key in self._pending:
            return self._pending[key][1]
        place = self._places[key]
        return {name: map_tensor(place.path, entry, place.start) for name, entry in place.entries.items()}

    def put(self, key: str, meta: dict[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """
        Add a record.

        Raises:
            OSError: a shard was due and could not be written; what is pending stays in memory.
        """
        arrays = dict(arrays or {})
        self._pending[key] = (meta, arrays)
        self._pending_bytes += sum(array.nbytes for array in arrays.values())
        full = len(self._pending) >= self.max_records or self._pending_bytes >= self.max_bytes
        if full or time.monotonic() - self._written > self.max_seconds:
            self.flush()

    def flush(self) -> None:
        """
        Write what is pending.

        Raises:
            OSError: with the folder and, on a full disk, what to do.
        """
        if not self._pending:
            return
        arrays, records = {}, {}
        for number, (key, (meta, values)) in enumerate(self._pending.items()):
            arrays.update({f"{number}.{name}": array for name, array in values.items()})
            records[key] = {"meta": meta, "arrays": sorted(values), "checksum": _checksum(values)}
        metadata = {"records": json.dumps(records, ensure_ascii=False)}
        handle, scratch = tempfile.mkstemp(prefix=".shard-", dir=self.folder)
        os.close(handle)
        try:
            name = _PREFIX + digest(write_tensors(scratch, arrays, metadata))
            os.chmod(scratch, 0o644)  # a temporary file is for its owner only, a cache may be shared
            os.replace(scratch, self.folder / f"{name}.safetensors")
        except OSError as error:
            Path(scratch).unlink(missing_ok=True)
            raise OSError(
                error.errno,
                f"cannot write to {str(self.folder)!r} ({error.strerror or error}): free some space or name another "
                f"cache folder, then run the same command again; {len(self._places)} results are kept",
            ) from error
        self._pending.clear()
        self._pending_bytes, self._written = 0, time.monotonic()
        self._open_shard(self.folder / f"{name}.safetensors")

    def verify(self, keys: Iterable[str]) -> list[str]:
        """
        Read records whole and forget those whose bytes changed.

        Args:
            keys (iterable of `str`): records to look at; unknown ones count as missing.

        Returns:
            `list[str]`: keys that must be computed again.
        """
        missing = []
        for key in keys:
            if key in self._pending:
                continue
            place = self._places.get(key)
            if place is None:
                missing.append(key)
                continue
            try:
                whole = _checksum(self.arrays(key)) == place.checksum
            except (OSError, ValueError):  # the file was cut or removed since it was opened
                whole = False
            if not whole:
                self._report(f"a record of {str(place.path)!r} is damaged; it is computed again")
                del self._places[key]
                missing.append(key)
        return missing


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    return digest(*(part for name in sorted(arrays) for part in (name, arrays[name])))
