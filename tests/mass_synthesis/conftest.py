"""A loaded tiny checkpoint, and a way to read what a run left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tts(tiny_checkpoint):
    from valetts_hf.inference import ValeTTS

    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")


def lines(output: Path, name: str = "metadata.jsonl") -> list[dict]:
    """Records of all shards, in their order."""
    return [
        json.loads(line) for path in sorted(output.glob(f"shard-*/{name}")) for line in path.read_text().splitlines()
    ]


def audio(output: Path) -> dict[str, bytes]:
    """Name of each audio file, without the shard -> its content."""
    return {path.name: path.read_bytes() for path in sorted(output.glob("shard-*/audio/*/*")) if path.is_file()}
