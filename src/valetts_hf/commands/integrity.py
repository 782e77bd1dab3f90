"""Is a checkpoint folder whole? Looked at without loading it: presence, JSON, sizes of tensors, checksums."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from valetts_hf.commands.common import one_line


CHECKPOINT_FILES = ("config.json", "model.safetensors", "processor_config.json", "tokenizer_config.json")
CHECKSUMS = "SHA256SUMS"


def checkpoint_problems(folder: Path) -> list[str]:
    """What is wrong with a checkpoint folder, one sentence each; empty if it is whole.

    Args:
        folder (`Path`): an existing folder; its checksum file is optional.
    """
    problems = [f"{name} is missing" for name in CHECKPOINT_FILES if not (folder / name).is_file()]
    problems += [problem for path in sorted(folder.glob("*.json")) if (problem := json_problem(path))]
    problems += [problem for path in sorted(folder.glob("*.safetensors")) if (problem := safetensors_problem(path))]
    return problems + checksum_problems(folder)


def safetensors_problem(path: Path) -> str | None:
    """What is wrong with a safetensors file, or None: its header must be readable and describe the file's very size."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= size - 8:
                return f"{path.name} is not a safetensors file ({size} bytes)"
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return f"{path.name} cannot be read ({one_line(error)})"
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        return f"{path.name} has {size} bytes instead of {expected}"
    return None


def checksum_problems(folder: Path) -> list[str]:
    """Files that differ from the folder's SHA256SUMS (as `sha256sum` writes it); nothing if there is no such file."""
    sums = folder / CHECKSUMS
    if not sums.is_file():
        return []
    problems = []
    for line in sums.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line)
        if match is None:
            problems.append(f"{CHECKSUMS} has a strange line {line[:40]!r}")
            continue
        path = folder / match[2]
        if not path.is_file():
            problems.append(f"{match[2]} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != match[1]:
            problems.append(f"{match[2]} is damaged (its checksum differs)")
    return problems


def json_problem(path: Path) -> str | None:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"{path.name} is not JSON ({one_line(error)})"
    return None
