"""The demo server on the tiny checkpoint."""

from __future__ import annotations

import pytest


pytest.importorskip("fastapi", reason="the demo's libraries are not installed: pip install 'valetts-hf[demo]'")
pytest.importorskip("python_multipart")


@pytest.fixture(scope="session")
def tts(tiny_checkpoint):
    import torch

    from valetts_hf.inference import ValeTTS

    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    with torch.no_grad():
        tts.model.model.prosody_predictor.output.bias[1] += 10.0  # voiced: random weights may well whisper
    return tts


@pytest.fixture
def make_client(tts):
    """Clients of servers with their own settings; `with` runs their beginning and end."""
    from fastapi.testclient import TestClient

    from valetts_hf.serving.app import create_demo_app
    from valetts_hf.serving.settings import DemoSettings

    def make(**settings) -> TestClient:
        return TestClient(create_demo_app(tts, DemoSettings(**settings)))

    return make


@pytest.fixture
def client(make_client):
    with make_client() as client:
        yield client
