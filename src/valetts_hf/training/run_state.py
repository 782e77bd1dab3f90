"""Checkpoints of a training run: complete, atomic, checked, and free of pickle.

A checkpoint is a folder `step-00012000` that holds, per saved object (model, optimizer, scheduler, average, ...), its
tensors as `<name>.safetensors` and the rest of its state as `<name>.json`; `rng.*` with all random states; and
`manifest.json` with the step and the size and SHA-256 of every file. It is written under a temporary name and renamed
at the end, so a folder with a proper name is either complete or was damaged later, which loading reports.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


_MANIFEST = "manifest.json"
_FOLDER = re.compile(r"step-(\d+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")
_RNG = "rng"


class Stateful(Protocol):
    """Anything with `state_dict` and `load_state_dict`: module, optimizer, scheduler, average, sampler."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class CorruptCheckpointError(RuntimeError):
    """A checkpoint is incomplete or was changed after it had been written."""


def save_run_state(
    folder: str | os.PathLike[str],
    step: int,
    objects: Mapping[str, Stateful],
    extra: Mapping[str, Any] | None = None,
    generators: Mapping[str, torch.Generator] | None = None,
    keep: int | None = 3,
) -> Path:
    """Write one checkpoint atomically and prune old ones.

    Args:
        folder: Folder of the run; made if missing.
        step (`int`): Training step, >= 0; names the checkpoint.
        objects (mapping): Name (letters, digits, `_`, `.`) to object with a `state_dict`.
        extra (mapping, *optional*): Plain data to keep (numbers, strings, lists, dicts, tensors).
        generators (mapping, *optional*): The run's own `torch.Generator`s. The global random states of Python, numpy,
            torch and every CUDA device are always saved.
        keep (`int`, *optional*): Newest checkpoints to keep, >= 1; None keeps all.

    Returns:
        `Path`: The checkpoint.
    """
    if step < 0:
        raise ValueError(f"`step` must be >= 0, got {step}")
    for name in objects:
        if not _NAME.fullmatch(name) or name in (_RNG, "manifest"):
            raise ValueError(f"{name!r} cannot name a part of a checkpoint: use letters, digits and underscores")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step-{step:08d}"
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        for name, item in objects.items():
            _write_state(temporary, name, item.state_dict())
        _write_state(temporary, _RNG, random_states(generators))
        content = {path.name: _fingerprint(path) for path in sorted(temporary.iterdir())}
        manifest = {"step": step, "objects": list(objects), "files": content, "extra": None}
        if extra is not None:
            _write_state(temporary, "extra", dict(extra))
            manifest["extra"] = "extra"
            for path in temporary.glob("extra.*"):
                content[path.name] = _fingerprint(path)
        _write_text(temporary / _MANIFEST, json.dumps(manifest, indent=1))
        _publish(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if keep is not None:
        prune(folder, keep)
    return target


def load_run_state(
    checkpoint: str | os.PathLike[str],
    objects: Mapping[str, Stateful],
    generators: Mapping[str, torch.Generator] | None = None,
    restore_random_states: bool = True,
) -> tuple[int, dict[str, Any]]:
    """Load a checkpoint into `objects` after checking every file of it.

    Args:
        checkpoint: Folder written by `save_run_state`.
        objects (mapping): Names of the parts to load, each already constructed. Parts not named are left out.
        generators (mapping, *optional*): Generators to restore, by the names they were saved under.
        restore_random_states (`bool`): Also restore the global random states.

    Returns:
        `tuple[int, dict]`: The step and the extra data.

    Raises:
        CorruptCheckpointError: If a file is missing, truncated or altered.
        KeyError: If a wanted part is not in the checkpoint.
    """
    checkpoint = Path(checkpoint)
    manifest = verify(checkpoint)
    for name in objects:
        if name not in manifest["objects"]:
            raise KeyError(f"{checkpoint} holds no {name!r}, only {manifest['objects']}")
    for name, item in objects.items():
        item.load_state_dict(_read_state(checkpoint, name))
    states = _read_state(checkpoint, _RNG)
    if restore_random_states:
        restore_global_random_states(states)
    for name, generator in (generators or {}).items():
        if name not in states["generators"]:
            raise KeyError(f"{checkpoint} holds no generator {name!r}, only {sorted(states['generators'])}")
        generator.set_state(states["generators"][name])
    extra = _read_state(checkpoint, "extra") if manifest["extra"] else {}
    return manifest["step"], extra


def checkpoints(folder: str | os.PathLike[str]) -> list[Path]:
    """Checkpoints of a run, oldest first; unfinished ones do not count."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _FOLDER.fullmatch(path.name))]
    return [path for _, path in sorted(found) if path.is_dir()]


def latest(folder: str | os.PathLike[str]) -> Path | None:
    """Newest checkpoint of a run, or None."""
    found = checkpoints(folder)
    return found[-1] if found else None


def prune(folder: str | os.PathLike[str], keep: int) -> list[Path]:
    """Delete all but the `keep` newest checkpoints; returns the deleted ones."""
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1, got {keep}")
    old = checkpoints(folder)[:-keep]
    for path in old:
        # Renamed first: an interrupted deletion must not leave half a checkpoint under a proper name.
        doomed = path.with_name(f".deleting-{path.name}")
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    return old


def verify(checkpoint: str | os.PathLike[str]) -> dict[str, Any]:
    """Check every file of a checkpoint against its manifest and return the manifest."""
    checkpoint = Path(checkpoint)
    if not checkpoint.is_dir():
        raise FileNotFoundError(f"there is no checkpoint {checkpoint}")
    remedy = f"Delete {checkpoint} and resume from an older checkpoint"
    try:
        manifest = json.loads((checkpoint / _MANIFEST).read_text(encoding="utf-8"))
        files, _ = manifest["files"], (manifest["step"], manifest["objects"], manifest["extra"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptCheckpointError(
            f"the manifest of {checkpoint} is missing or unreadable ({error}). {remedy}"
        ) from error
    for name, expected in files.items():
        path = checkpoint / name
        if not path.is_file():
            raise CorruptCheckpointError(f"{path} is missing. {remedy}")
        if path.stat().st_size != expected["size"] or _fingerprint(path) != expected:
            raise CorruptCheckpointError(f"{path} was truncated or altered since it was written. {remedy}")
    return manifest


def random_states(generators: Mapping[str, torch.Generator] | None = None) -> dict[str, Any]:
    """Random states of Python, numpy, torch, all CUDA devices and the given generators."""
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [str(kind), [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "generators": {name: generator.get_state() for name, generator in (generators or {}).items()},
    }


def restore_global_random_states(states: Mapping[str, Any]) -> None:
    """Undo `random_states` for the global sources; CUDA states only where as many devices are present."""
    random.setstate(states["python"])
    kind, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((kind, np.asarray(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available() and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])


def _publish(temporary: Path, target: Path) -> None:
    """Give a finished folder its name; a checkpoint of the same step is replaced."""
    if target.exists():
        doomed = target.with_name(f".deleting-{target.name}")
        shutil.rmtree(doomed, ignore_errors=True)
        target.rename(doomed)
        temporary.rename(target)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        temporary.rename(target)
    target.chmod(0o755)
    _sync(target.parent)


def _write_state(folder: Path, name: str, state: Any) -> None:
    tensors: dict[str, Tensor] = {}
    plain = _encode(state, name, tensors)
    _write_text(folder / f"{name}.json", json.dumps(plain))
    if tensors:
        path = folder / f"{name}.safetensors"
        save_file(tensors, path)
        _sync(path)


def _read_state(folder: Path, name: str) -> Any:
    tensor_file = folder / f"{name}.safetensors"
    try:
        tensors = load_file(tensor_file) if tensor_file.exists() else {}
        return _decode(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), tensors)
    except Exception as error:
        raise CorruptCheckpointError(f"{folder / name} cannot be read: {error}") from error


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


def _fingerprint(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return {"size": path.stat().st_size, "sha256": digest.hexdigest()}


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _sync(path)


def _sync(path: Path) -> None:
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
