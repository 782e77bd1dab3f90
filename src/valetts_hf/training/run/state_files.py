"""Nested state (dicts, lists, numbers, tensors) as a JSON file and a safetensors file: no pickle, nothing executed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file
from torch import Tensor


def write_state(folder: Path, name: str, state: Any) -> None:
    """Write a state as `<name>.json` and, where it has tensors, `<name>.safetensors`.

    Raises:
        TypeError: on anything that is neither a tensor nor plain data, naming its place.
    """
    tensors: dict[str, Tensor] = {}
    plain = _encode(state, name, tensors)
    write_text(folder / f"{name}.json", json.dumps(plain))
    if tensors:
        path = folder / f"{name}.safetensors"
        save_file(tensors, path)
        sync(path)


def read_state(folder: Path, name: str) -> Any:
    """What `write_state` wrote."""
    tensor_file = folder / f"{name}.safetensors"
    tensors = load_file(tensor_file) if tensor_file.exists() else {}
    return _decode(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), tensors)


def _encode(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Plain JSON data for `value`; its tensors go into `tensors` under their path. Tags keep types JSON lacks."""
    if isinstance(value, Tensor):
        # A clone, since safetensors refuses tensors that share memory (tied weights, slices).
        tensors[path] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": path}
    if isinstance(value, Mapping):
        items = [[_encode_key(key, path), _encode(item, f"{path}/{key}", tensors)] for key, item in value.items()]
        return {"dict": items}
    if isinstance(value, (list, tuple)):
        items = [_encode(item, f"{path}/{index}", tensors) for index, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"cannot save {path}: a {type(value).__name__} is neither a tensor nor plain data")


def _encode_key(key: Any, path: str) -> str | int:
    if isinstance(key, (str, int)) and not isinstance(key, bool):
        return key
    raise TypeError(f"cannot save {path}: its key {key!r} is neither a string nor an integer")


def _decode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        if kind == "tensor":
            return tensors[content]
        if kind == "tuple":
            return tuple(_decode(item, tensors) for item in content)
        return {key: _decode(item, tensors) for key, item in content}
    return value


def fingerprint(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return {"size": path.stat().st_size, "sha256": digest.hexdigest()}


def write_text(path: Path, text: str) -> None:
    """Write a text file through to the disk."""
    path.write_text(text, encoding="utf-8")
    sync(path)


def sync(path: Path) -> None:
    """Flush a file or folder to the disk, where the system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
