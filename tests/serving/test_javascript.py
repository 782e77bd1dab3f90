"""The drawing model of the page, by its own tests under Node.js."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))


def node_version() -> tuple[int, int]:
    if shutil.which("node") is None:
        return (0, 0)
    text = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30).stdout
    major, minor = text.strip().lstrip("v").split(".")[:2]
    return int(major), int(minor)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_drawing_model(path: Path):
    if node_version() < (20, 19):
        pytest.skip("needs Node.js 20.19 or newer, which tells modules by their syntax")
    result = subprocess.run(["node", "--test", str(path)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
