"""`benchmarks/gpu_day.sh` and the sweep of launches, as far as a machine without a GPU can hold them to their word."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.kernels.conftest import PROJECT


ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / "benchmarks" / "gpu_day.sh").read_text(encoding="utf-8")
BENCHMARKS = PROJECT / "benchmarks"


def parts() -> list[list[str]]:
    """The words of every command that the script runs."""
    joined = SCRIPT.replace("\\\n", " ").replace("$project", str(PROJECT)).replace("$results", "results")
    lines = [shlex.split(line) for line in joined.splitlines() if re.match(r"part \w+ \d+ ", line)]
    return [words[3:] for words in lines]


def test_the_commands_of_the_script_are_found():
    assert len(parts()) == SCRIPT.count("\npart ") >= 7
    assert all(words[0] == "python" for words in parts())


@pytest.mark.parametrize("words", parts(), ids=lambda words: " ".join(words)[:60])
def test_every_command_has_the_files_and_options_it_is_given(words):
    options = {word for word in words[1:] if re.match(r"--[a-z]", word)}
    if words[1:3] == ["-m", "pytest"]:
        tests = [Path(ROOT, word) for word in words if word.endswith(".py")]
        assert tests and all(path.is_file() for path in tests)
        assert options <= {"--rootdir"}
        return
    script = ROOT / words[1]
    assert script.is_file()
    if "argparse" not in script.read_text(encoding="utf-8"):
        assert len(words) == 2, "it takes no arguments"
        return
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    known = set(re.findall(r"--[a-z][\w-]*", done.stdout))
    assert options <= known, f"{script.name} has no {sorted(options - known)}"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
@pytest.mark.parametrize("name", ["autotune.py", "benchmark.py"])
def test_without_a_gpu_they_say_so(name):
    done = subprocess.run([sys.executable, BENCHMARKS / name], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "needs a CUDA device" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_launch_of_the_sweep_computes_the_same():
    """By the interpreter, with a clock that counts instead of measuring."""
    pytest.importorskip("triton")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
from autotune import LANES, launches, load, sweep
from pathlib import Path
kernel = load(Path(sys.argv[2]))
calls = []
def clock(function):
    function()
    calls.append(1)
    return 10.0 - len(calls)
for samples in (5, 700):
    calls.clear()
    row = sweep(kernel, torch.float32, 2, samples, device="cpu", clock=clock)
    tried = [tuple(map(int, key.split("x"))) for key in row["seconds"]]
    own = kernel.op._lanes(samples)
    assert tried == launches(kernel.op._lanes, samples) and tried[0] == (own, max(1, own // 32)), tried
    assert len(calls) == len(set(tried)) and {lanes for lanes, _ in tried} >= set(LANES)
    assert row["best"] == list(row["seconds"])[-1] and row["shape"] == [1, 2, samples]
print("done")
"""
    build = PROJECT / "build" / "torch-cuda"
    done = subprocess.run(
        [sys.executable, "-c", code, str(BENCHMARKS), str(build)],
        env=os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.strip() == "done", done.stdout + done.stderr[-3000:]
