"""The guide to the server names every field and every address."""

from __future__ import annotations

from pathlib import Path

import pytest


pytest.importorskip("prometheus_client")

from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.speech_schemas import SpeechRequest  # noqa: E402


GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


def test_it_names_every_field():
    missing = {field for field in SpeechRequest.model_fields if f"`{field}`" not in GUIDE} - {"ssml"}
    assert not missing and '"ssml"' in GUIDE


def test_it_names_every_address(tts):
    app = create_server_app(tts)
    app.state.scheduler.close()
    assert not {path for path in app.openapi()["paths"] if path not in GUIDE} - {"/v1/models/{name}"}
