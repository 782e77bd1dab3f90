"""The pipeline of dvc.yaml: its scripts and files exist, their options are real, and its stages fit together."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml

from valetts_hf.cli import build_parser


ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


class Parsed(Exception):
    """The arguments were understood; nothing is to be run."""


def filled(value):
    """A part of dvc.yaml with `${...}` replaced from params.yaml."""
    if isinstance(value, dict):
        return {filled(key): filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    if not isinstance(value, str):
        return value

    def parameter(match: re.Match) -> str:
        found = PARAMETERS
        for key in match[1].split("."):
            found = found[key]
        return str(found)

    return re.sub(r"\$\{([^}]+)\}", parameter, value)


STAGES = filled(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


def paths(entries: list) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


RECORDINGS = PARAMETERS["transcribe"]["source"]  # what the pipeline begins with
OUTPUTS = [path for stage in STAGES.values() for path in paths(stage["outs"])]


@pytest.mark.parametrize("name", STAGES)
def test_commands_are_understood(name, monkeypatch):
    words = shlex.split(STAGES[name]["cmd"])
    if words[:2] == ["accelerate", "launch"]:
        words = ["python", *words[2:]]
    if words[0] == "valetts":
        build_parser().parse_args(words[1:])
        return
    assert words[0] == "python"
    spec = importlib.util.spec_from_file_location(f"stage_{name}", ROOT / words[1])
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    understand = argparse.ArgumentParser.parse_args

    def parse(self, arguments=None, namespace=None):
        raise Parsed(understand(self, arguments, namespace))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    with pytest.raises(Parsed):
        script.main(words[2:])


@pytest.mark.parametrize("name", STAGES)
def test_dependencies_exist_or_are_made(name):
    for path in paths(STAGES[name]["deps"]):
        made = any(path == output or path.startswith(f"{output}/") for output in OUTPUTS)
        assert made or path == RECORDINGS or (ROOT / path).is_file(), (
            f"nothing makes {path!r}, which the stage {name} needs"
        )


@pytest.mark.parametrize("name", STAGES)
def test_commands_name_what_they_depend_on(name):
    """A file of the repository that a command uses is a dependency: a change of it runs the stage again."""
    used = [word for word in shlex.split(STAGES[name]["cmd"]) if (ROOT / word).is_file()]
    outputs = paths(STAGES[name]["outs"])
    assert used and set(used) - set(outputs) <= set(paths(STAGES[name]["deps"]))


def test_outputs_do_not_overlap():
    for path in OUTPUTS:
        assert not any(other != path and other.startswith(f"{path}/") for other in OUTPUTS), path
    assert len(set(OUTPUTS)) == len(OUTPUTS)


def test_long_stages_keep_what_they_have():
    """DVC removes the outputs of a stage before it runs, but for those that persist."""
    resumed = [stage for stage in STAGES.values() if "--resume latest" in stage["cmd"]]
    assert len(resumed) >= 2
    for stage in [STAGES["transcribe"], STAGES["prepare"], *resumed]:
        assert all(isinstance(out, dict) and next(iter(out.values()))["persist"] for out in stage["outs"])


def test_stages_run_in_an_order():
    done: set[str] = set()
    waiting = dict(STAGES)
    while waiting:
        ready = [
            name
            for name, stage in waiting.items()
            if all(
                any(path == made or path.startswith(f"{made}/") for made in done)
                or path == RECORDINGS
                or (ROOT / path).is_file()
                for path in paths(stage["deps"])
            )
        ]
        assert ready, f"these stages wait for each other: {sorted(waiting)}"
        for name in ready:
            done.update(paths(waiting.pop(name)["outs"]))
    assert list(STAGES)[-1] == "card"


def test_every_parameter_is_used():
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")

    def names(values: dict, prefix: str = ""):
        for key, value in values.items():
            yield from names(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]

    unused = [name for name in names(PARAMETERS) if f"${{{name}}}" not in text]
    assert not unused
