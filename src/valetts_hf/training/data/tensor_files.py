"""Safetensors files written in pieces and read through memory maps, so that neither side holds a corpus in memory.

The layout is that of the safetensors library (8 bytes of header length, a JSON header, the arrays end to end); files
written here load with it and the other way round.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np


KINDS = {"I16": np.int16, "I32": np.int32, "I64": np.int64, "F32": np.float32, "F16": np.float16, "U8": np.uint8}
_NAMES = {np.dtype(kind): name for name, kind in KINDS.items()}
_PIECE = 1 << 24  # elements copied at a time


def write_tensors(path: str | os.PathLike, arrays: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None):
    """
    Write arrays to a file; memory-mapped ones pass through piece by piece.

    Args:
        path (`str` or path): is overwritten.
        arrays (mapping of `np.ndarray`): of the types in `KINDS`; every shape.
        metadata (`dict[str, str]`, *optional*): free-form strings kept in the header.

    Returns:
        `bytes`: the header, JSON.

    Raises:
        ValueError: an array of another type.
        OSError: the disk is full, or the folder cannot be written.
    """
    header: dict = {"__metadata__": metadata} if metadata else {}
    position = 0
    # Wide types first, so that every array is aligned to its own element size.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize)
    for name, array in ordered:
        if array.dtype not in _NAMES:
            raise ValueError(f"array {name!r} has type {array.dtype}; a tensor file holds {sorted(KINDS)}")
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for _, array in ordered:
            flat = array.reshape(-1)
            for start in range(0, len(flat), _PIECE):
                file.write(np.ascontiguousarray(flat[start : start + _PIECE]).data)
    return text


def read_header(path: str | os.PathLike) -> tuple[dict, bytes]:
    """
    Header of a tensor file.

    Returns:
        The header as a `dict`, and its bytes.

    Raises:
        ValueError: the file is no tensor file, or shorter or longer than its header says.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if 0 < length <= size - 8 else b""
    try:
        header = json.loads(text)
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise ValueError(f"{str(path)!r} is damaged: it has no readable header") from None
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise ValueError(f"{str(path)!r} is damaged: {size} bytes instead of {expected}")
    return header, text


def map_tensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """
    Arrays of a tensor file, memory-mapped and read-only.

    Raises:
        ValueError: see `read_header`.
    """
    header, text = read_header(path)
    return {name: map_tensor(path, entry, 8 + len(text)) for name, entry in header.items() if name != "__metadata__"}


def map_tensor(path: str | os.PathLike, entry: dict, start: int) -> np.ndarray:
    """One array of a tensor file: `entry` is its part of the header, `start` the byte where the data begins."""
    shape, kind = tuple(entry["shape"]), KINDS[entry["dtype"]]
    if 0 in shape:
        return np.zeros(shape, dtype=kind)
    return np.memmap(Path(path), dtype=kind, mode="r", offset=start + entry["data_offsets"][0], shape=shape)
