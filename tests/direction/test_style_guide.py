"""The guide to styles: its blocks run as they stand there, its lines are styles, its tables are there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from valetts_hf import cli
from valetts_hf.direction.style_spec import parse_style


PAGE = Path(__file__).resolve().parents[2] / "docs" / "styles.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [body for kind, body in BLOCKS if kind == language]


@pytest.mark.slow
def test_blocks_run(base_checkpoint, voice_wav, tmp_path, monkeypatch):
    if not (base_checkpoint / "styles.json").is_file():
        pytest.skip("the styles of the checkpoint were not measured")
    monkeypatch.chdir(tmp_path)
    for name in ("ana.wav", "rui_excited.wav"):
        shutil.copy(voice_wav, name)
    namespace: dict = {"__name__": "guide"}
    for body in blocks("python"):
        exec(compile(body, PAGE.name, "exec"), namespace)
    assert {"calm.wav", "mixed.wav", "evening.json", "like_darshan.json"} <= {path.name for path in tmp_path.iterdir()}
    commands = [line for body in blocks("bash") for line in body.splitlines() if line.startswith("valetts ")]
    assert len(commands) == 2
    for line in commands:
        assert cli.main(shlex.split(line)[1:]) == 0
    assert (tmp_path / "ferry.wav").stat().st_size > 1000


def test_lines_are_styles():
    (body,) = blocks("")
    assert len(body.splitlines()) >= 4
    for line in body.splitlines():
        assert parse_style(line)


def test_measured_tables_are_filled():
    for name in ("styles", "style_transfer"):
        block = TEXT.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
        assert block.count("| --- ") >= 4 and "nan" not in block
    for script in re.findall(r"(?:training_scripts|benchmarks)/\w+\.py", TEXT):
        assert (PAGE.parents[1] / script).is_file()
