"""Kernels from the Hub: trust, lock files and working offline, over HTTP against the loopback Hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub.loopback import LoopbackHub, Repository, run_python

from tests.kernels.conftest import make_repository


pytest.importorskip("kernels")
pytestmark = [pytest.mark.hub, pytest.mark.slow, pytest.mark.timeout(1500)]

NAME = "valetts/anti-aliased-snake"
# A model that is asked to take kernels for CUDA on a machine without a GPU; the kernel itself is plain PyTorch.
PREPARE = f"""
import os
import torch
from kernels.layer import repos
repos._find_capability = lambda: 90
from valetts_hf.kernels import kernelize
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta

def ask(**environment):
    for name in ("VALETTS_KERNELS_TRUST", "VALETTS_KERNELS_LOCK"):
        os.environ.pop(name, None)
    os.environ.update(environment)
    report = kernelize(torch.nn.Sequential(AntiAliasedSnakeBeta(2)).eval(), device="cuda")
    print("used" if report.used else report.reason.replace({NAME!r}, "REPO"), "|", report.source)

os.environ["VALETTS_KERNELS"] = "hub"
"""
PYPROJECT = f"""
[project]
name = "someone"
version = "1"

[tool.kernels.dependencies]
"{NAME}" = 1
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = make_repository(tmp_path_factory.mktemp("kernel") / "repository")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with LoopbackHub() as running:
        repository = running.repositories[NAME] = Repository()
        repository.commit({"README.md": b"# another branch\n"})
        repository.commit(files, "v1")
        yield running


def test_trust_locks_and_offline(hub, tmp_path: Path):
    home = tmp_path / "home"

    untrusted = run_python(PREPARE + "ask()", home=home, hub=hub).strip()
    assert untrusted.startswith("loading valetts/anti-aliased-snake@v1 failed: ValueError") or "trust" in untrusted
    assert "REPO@v1" in untrusted and "not from a trusted publisher" in untrusted

    allowed = run_python(PREPARE + "ask(VALETTS_KERNELS_TRUST='1')", home=home, hub=hub).strip()
    assert allowed == f"used | {NAME}@v1"

    hub.trusted_publishers.add("valetts")
    (home / "pyproject.toml").write_text(PYPROJECT)
    lock = f"""
import sys
from pathlib import Path
from kernels.cli import main
sys.argv = ["kernels", "lock", "."]
main()
commit = {hub.repositories[NAME].branches["v1"]!r}
assert commit in Path("kernels.lock").read_text()
{PREPARE}
ask()
ask(VALETTS_KERNELS_LOCK="kernels.lock")
"""
    trusted, locked = run_python(lock, home=home, hub=hub).strip().splitlines()[-2:]
    assert trusted == f"used | {NAME}@v1"
    assert locked == f"used | {NAME} (locked by kernels.lock)"

    before = len(hub.requests)
    offline = run_python(PREPARE + "ask(VALETTS_KERNELS_LOCK='kernels.lock')", home=home, hub=hub, offline=True)
    assert offline.strip() == f"used | {NAME} (locked by kernels.lock)"
    assert len(hub.requests) == before

    nothing_cached = run_python(PREPARE + "ask(VALETTS_KERNELS_TRUST='1')", home=tmp_path / "other", offline=True)
    assert "FileNotFoundError" in nothing_cached or "cache" in nothing_cached
