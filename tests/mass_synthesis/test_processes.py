"""Several processes make the same audio as one; killed ones leave nothing half-written and nobody waiting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.mass_synthesis.conftest import audio, lines
from valetts_hf import synthesize_dataset


pytestmark = pytest.mark.slow
ROWS = [{"id": f"row-{number}", "text": f"This is the sentence with the number {number}."} for number in range(60)]


def command(source: Path, output: Path, checkpoint: Path, *more: str) -> list[str]:
    options = ["--model", str(checkpoint), "--device", "cpu", "--quiet", *more]
    return [sys.executable, "-m", "valetts_hf.cli", "batch", str(source), str(output), *options]


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    return path


@pytest.fixture(scope="module")
def whole(source, tts, tmp_path_factory) -> dict[str, bytes]:
    """What an undisturbed run makes, with one thread: another number of them rounds otherwise."""
    output, threads = tmp_path_factory.mktemp("whole"), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert synthesize_dataset(source, output, model=tts).spoken == len(ROWS)
    finally:
        torch.set_num_threads(threads)
    return audio(output)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_is_killed_goes_on_where_it_was(source, whole, tiny_checkpoint, tmp_path, processes):
    output = tmp_path / "out"
    run = subprocess.Popen(command(source, output, tiny_checkpoint, "--processes", str(processes)))
    patience = time.monotonic() + 240
    while len(lines(output)) < 3:
        assert run.poll() is None and time.monotonic() < patience
        time.sleep(0.02)
    children = _children(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    end = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):  # workers see that nobody is there any more
        assert time.monotonic() < end
        time.sleep(0.1)
    assert all(content == whole[name] for name, content in audio(output).items() if not name.startswith("."))
    done = len(lines(output))
    assert 3 <= done < len(ROWS)
    again = command(source, output, tiny_checkpoint, "--processes", str(processes), "--json")
    again = subprocess.run(again, capture_output=True, text=True)
    assert again.returncode == 0 and not again.stderr, again.stderr
    report = json.loads(again.stdout)
    assert (report["done_before"], report["spoken"]) == (done, len(ROWS) - done)
    assert audio(output) == whole
    assert sorted(record["id"] for record in lines(output)) == sorted(row["id"] for row in ROWS)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # not Linux
        return []


def test_processes_of_a_launcher_share_the_rows(source, whole, tiny_checkpoint, tmp_path):
    python, *rest = command(source, tmp_path / "out", tiny_checkpoint)
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    done = subprocess.run([python, *launcher, *rest], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").glob("shard-*")} == {
        "shard-00000-of-00002",
        "shard-00001-of-00002",
    }
    assert audio(tmp_path / "out") == whole


def test_a_model_that_cannot_be_loaded_ends_the_work(source, tmp_path):
    with pytest.raises(OSError, match="there is no checkpoint folder"):
        synthesize_dataset(source, tmp_path / "out", model=str(tmp_path / "missing"), processes=2)
