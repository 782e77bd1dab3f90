"""Kernel repositories made for tests, and a machine that looks as if it had a GPU to the `kernels` library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


PROJECT = Path(__file__).resolve().parents[2] / "kernels" / "anti_aliased_snake"
# A kernel in plain PyTorch: what loading, modes and fallbacks do can be seen without a GPU. {body} makes the result.
LAYERS = """
import torch
from torch import nn

class AntiAliasedSnakeBeta(nn.Module):
    can_torch_compile = True
    has_backward = True

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        {body}

class AntiAliasedSnakeBetaInference(nn.Module):
    can_torch_compile = True
    has_backward = False

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        {body}
"""
RIGHT = (
    "from valetts_hf.modeling.anti_aliased_activation import anti_aliased_snake; "
    "return anti_aliased_snake(hidden_states, self.alpha, self.beta, self.logscale)"
)


def make_repository(folder: Path, body: str = RIGHT, variant: str = "torch-cuda", **metadata: object) -> Path:
    """A kernel repository with one build; returns `folder`."""
    build = folder / "build" / variant
    build.mkdir(parents=True)
    (build / "__init__.py").write_text("from . import layers\n")
    (build / "layers.py").write_text(LAYERS.format(body=body))
    described = {
        "name": "anti-aliased-snake",
        "id": f"_made_for_tests_{abs(hash(str(folder)))}",
        "version": 1,
        "license": "Apache-2.0",
        "python-depends": [],
        "backend": {"type": "cuda"},
    }
    (build / "metadata.json").write_text(json.dumps(described | metadata))
    return folder


@pytest.fixture
def seeming_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """`kernels` asks the driver for a compute capability, which a machine without a GPU cannot tell."""
    repos = pytest.importorskip("kernels.layer.repos")
    monkeypatch.setattr(repos, "_find_capability", lambda: 90)
    if pytest.importorskip("kernels.backends")._backend().name != "cuda":
        pytest.skip("kernels sees a torch that is not built for CUDA")
