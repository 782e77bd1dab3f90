"""docs/finetuning.md: its commands are understood, its recipe loads, its Python runs."""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import pytest

from valetts_hf.cli import build_parser
from valetts_hf.training.finetuning.finetune_recipe import PARTS, load_finetune_recipe


ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "finetuning.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


COMMANDS = [line for block in blocks("console") for line in block.splitlines() if line]


@pytest.fixture(scope="module")
def run_finetune():
    spec = importlib.util.spec_from_file_location("run_finetune", ROOT / "training_scripts" / "run_finetune.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_commands_are_understood(run_finetune):
    seen = set()
    for line in COMMANDS:
        program, *words = shlex.split(line)
        if program == "valetts":
            build_parser().parse_args(words)
        elif program == "python":
            assert words[0] == "training_scripts/run_finetune.py", line
            parsed = run_finetune.make_parser().parse_args(words[1:])
            run_finetune.make_recipe(parsed)
            run_finetune.source_options(parsed)
        seen.add(program)
    assert {"valetts", "python"} <= seen <= {"valetts", "python", "git", "pip", "hf"}


def test_the_recipe_loads(tmp_path):
    (block,) = blocks("yaml")
    shutil.copytree(ROOT / "training_scripts" / "recipes", tmp_path / "training_scripts" / "recipes")
    (tmp_path / "mine.yaml").write_text(block)
    recipe = load_finetune_recipe(tmp_path / "mine.yaml")
    assert recipe.max_steps == 4000 and recipe.losses["kl"] == 0.2


def test_all_parts_are_listed():
    assert all(f"`{part}`" in GUIDE for part in PARTS)


def test_python_runs(tiny_checkpoint, tmp_path, monkeypatch):
    (block,) = blocks("python")
    shutil.copytree(tiny_checkpoint, tmp_path / "runs" / "me" / "checkpoint")
    monkeypatch.chdir(tmp_path)
    exec(block, {})
    assert (tmp_path / "me.wav").stat().st_size > 1000
