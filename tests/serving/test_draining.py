"""Signals to a server that drains: each is heard once, and what has begun is finished."""

from __future__ import annotations

import signal
import time

import pytest


uvicorn = pytest.importorskip("uvicorn")

from valetts_hf.serving.draining import DrainingServer  # noqa: E402
from valetts_hf.serving.lifecycle import Lifecycle, Stage  # noqa: E402


def test_a_second_signal_closes_the_door_and_breaks_nothing_off():
    lifecycle = Lifecycle()
    server = DrainingServer(uvicorn.Config(app=None), lifecycle, notice_seconds=0.2)
    server.handle_exit(signal.SIGINT, None)
    assert lifecycle.stage is Stage.DRAINING and not server.should_exit
    server.handle_exit(signal.SIGINT, None)
    assert server.should_exit
    time.sleep(0.5)  # when the first would have closed the door
    assert not server.force_exit
