"""The SDK on the tiny checkpoint."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def tts(tiny_checkpoint):
    from valetts_hf.inference import ValeTTS

    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
