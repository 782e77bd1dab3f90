"""Checkpoints of a training run: complete, atomic, checked, and free of pickle.

A checkpoint is a folder `step-00012000` that holds, per saved object (model, optimizer, scheduler, average, ...), its
tensors as `<name>.safetensors` and the rest of its state as `<name>.json`; `rng.*` with all random states; and
`manifest.json` with the step and the size and SHA-256 of every file. It is written under a temporary name and renamed
at the end, so a folder with a proper name is either complete or was damaged later, which loading reports. What a killed
run leaves behind goes when the next checkpoint is written.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError

from valetts_hf.training.run.state_files import fingerprint, read_state, sync, write_state, write_text


_MANIFEST = "manifest.json"
_FOLDER = re.compile(r"step-(\d+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")
_RNG = "rng"


class Saveable(Protocol):
    """Anything with a `state_dict`."""

    def state_dict(self) -> dict[str, Any]: ...


class Stateful(Saveable, Protocol):
    """Anything with `state_dict` and `load_state_dict`: module, optimizer, scheduler, average, sampler."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class CorruptCheckpointError(RuntimeError):
    """A checkpoint is incomplete or was changed after it had been written."""


class DiskFullError(OSError):
    """There is no room for a checkpoint; the last good one is untouched."""


def save_run_state(
    folder: str | os.PathLike[str],
    step: int,
    objects: Mapping[str, Saveable],
    extra: Mapping[str, Any] | None = None,
    generators: Mapping[str, torch.Generator] | None = None,
    keep: int | None = 3,
) -> Path:
    """Write one checkpoint atomically and prune old ones.

    Those of later steps go as well: the run was taken up before them, and they belong to what it left.

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

    Raises:
        DiskFullError: If the disk is full, even after all but the newest checkpoint had to give way.
    """
    if step < 0:
        raise ValueError(f"`step` must be >= 0, got {step}")
    for name in objects:
        if not _NAME.fullmatch(name) or name in (_RNG, "manifest"):
            raise ValueError(f"{name!r} cannot name a part of a checkpoint: use letters, digits and underscores")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recover(folder)
    states = {name: item.state_dict() for name, item in objects.items()} | {_RNG: random_states(generators)}
    target = folder / f"step-{step:08d}"
    try:
        _write_checkpoint(folder, target, step, states, extra)
    except Exception as error:  # safetensors has an exception of its own for a full disk
        if not is_disk_full(error):
            raise
        good = latest_intact(folder)
        if good is None or len(checkpoints(folder)) < 2:
            raise _disk_full(target, good) from error
        for path in checkpoints(folder):  # the older ones give way, and we try once more
            if path != good:
                _remove(path)
        try:
            _write_checkpoint(folder, target, step, states, extra)
        except Exception as second:
            if not is_disk_full(second):
                raise
            raise _disk_full(target, good) from second
    found = checkpoints(folder)
    for path in found[found.index(target) + 1 :]:
        _remove(path)
    if keep is not None:
        prune(folder, keep)
    return target


def _write_checkpoint(folder: Path, target: Path, step: int, states: dict[str, Any], extra: Mapping | None) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        for name, state in states.items():
            write_state(temporary, name, state)
        if extra is not None:
            write_state(temporary, "extra", dict(extra))
        content = {path.name: fingerprint(path) for path in sorted(temporary.iterdir())}
        objects = [name for name in states if name != _RNG]
        manifest = {"step": step, "objects": objects, "files": content, "extra": None if extra is None else "extra"}
        write_text(temporary / _MANIFEST, json.dumps(manifest, indent=1))
        _publish(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that the disk or the quota is used up."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return isinstance(error, SafetensorError) and "No space left" in str(error)


def _disk_full(target: Path, good: Path | None) -> DiskFullError:
    free = shutil.disk_usage(target.parent).free
    size = f" (the last one takes {_size(good) / 2**20:.0f} MiB)" if good else ""
    kept = f"The last good checkpoint is {good}" if good else "There is no checkpoint yet"
    return DiskFullError(
        errno.ENOSPC,
        f"no space for checkpoint {target}: {free / 2**20:.0f} MiB are free{size}. {kept}. Free some space, or keep the "
        "run folder on a larger disk",
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


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
        item.load_state_dict(_read(checkpoint, name))
    states = _read(checkpoint, _RNG)
    if restore_random_states:
        restore_global_random_states(states)
    for name, generator in (generators or {}).items():
        if name not in states["generators"]:
            raise KeyError(f"{checkpoint} holds no generator {name!r}, only {sorted(states['generators'])}")
        generator.set_state(states["generators"][name])
    extra = _read(checkpoint, "extra") if manifest["extra"] else {}
    return manifest["step"], extra


def read_extra(checkpoint: str | os.PathLike[str]) -> dict[str, Any]:
    """The extra data of a checkpoint, without loading the rest of it; empty if there is none."""
    checkpoint = Path(checkpoint)
    if not (checkpoint / _MANIFEST).is_file():
        raise FileNotFoundError(f"there is no checkpoint {checkpoint}: it has no {_MANIFEST}")
    return _read(checkpoint, "extra") if (checkpoint / "extra.json").is_file() else {}


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


def latest_intact(folder: str | os.PathLike[str]) -> Path | None:
    """Newest checkpoint of a run that is complete and unaltered, or None; warns of damaged newer ones."""
    for path in reversed(checkpoints(folder)):
        try:
            verify(path)
        except CorruptCheckpointError as error:
            warnings.warn(f"passing over a damaged checkpoint: {error}", RuntimeWarning, stacklevel=2)
        else:
            return path
    return None


def recover(folder: str | os.PathLike[str]) -> None:
    """Clear away what a killed run left: half-written and half-deleted checkpoints; a half-replaced one comes back.

    No other process may be writing to the folder.
    """
    for path in sorted(Path(folder).glob(".*-*")):
        if path.name.startswith(".replaced-"):
            target = path.with_name(path.name.removeprefix(".replaced-"))
            if not target.exists():
                path.rename(target)
                continue
        elif not path.name.startswith((".writing-", ".deleting-")):
            continue
        shutil.rmtree(path, ignore_errors=True)


def prune(folder: str | os.PathLike[str], keep: int) -> list[Path]:
    """Delete all but the `keep` newest checkpoints; returns the deleted ones."""
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1, got {keep}")
    old = checkpoints(folder)[:-keep]
    for path in old:
        _remove(path)
    return old


def _remove(path: Path) -> None:
    # Renamed first: an interrupted deletion must not leave half a checkpoint under a proper name.
    doomed = path.with_name(f".deleting-{path.name}")
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


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
        if path.stat().st_size != expected["size"] or fingerprint(path) != expected:
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
        replaced = target.with_name(f".replaced-{target.name}")  # `recover` brings it back if we die before the end
        shutil.rmtree(replaced, ignore_errors=True)
        target.rename(replaced)
        temporary.rename(target)
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        temporary.rename(target)
    target.chmod(0o755)
    sync(target.parent)


def _read(folder: Path, name: str) -> Any:
    try:
        return read_state(folder, name)
    except Exception as error:
        raise CorruptCheckpointError(f"{folder / name} cannot be read: {error}") from error
