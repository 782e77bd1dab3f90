"""`benchmarks/vocoder_speed.py` says which systems it knows, and when none of those asked for can run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "vocoder_speed.py"


def measure(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--preset", "24khz_100band_256x_tiny", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_unknown_systems_are_refused():
    done = measure("--systems", "fast")
    assert done.returncode == 2 and "invalid choice: 'fast'" in done.stderr


def test_nothing_to_measure_is_said(tmp_path: Path):
    output = tmp_path / "speed.json"
    done = measure("--systems", "triton", "--seconds", "0.1", "--output", str(output))
    assert done.returncode == 1 and not output.exists()
    assert "triton: not measured: " in done.stderr and "none of the systems can run here" in done.stderr
    assert "Traceback" not in done.stderr
