"""uvicorn that drains: told to stop, it first says so at `/readyz`, goes on answering until load balancers have noticed, then
closes its door and finishes what it has begun. A second signal closes the door at once."""

from __future__ import annotations

import socket
import threading
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from valetts_hf.serving.lifecycle import Lifecycle, Stage
from valetts_hf.serving.slow_clients import PromptProtocol


class DrainingServer(uvicorn.Server):
    """
    Args:
        config (`uvicorn.Config`): of the server.
        lifecycle ([`Lifecycle`]): told when it drains.
        notice_seconds (`float`): between saying so and closing the door: longer than a load balancer needs to notice.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, notice_seconds: float):
        super().__init__(config)
        self._lifecycle = lifecycle
        self._notice_seconds = notice_seconds
        self._timer: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._lifecycle.stage is Stage.DRAINING or self._notice_seconds <= 0:
            self._lifecycle.advance(Stage.DRAINING)
            if self._timer is not None:
                self._timer.cancel()  # its signal would be one more, and break off what has begun
            super().handle_exit(sig, frame)
            return
        self._lifecycle.advance(Stage.DRAINING)
        self._timer = threading.Timer(self._notice_seconds, super().handle_exit, (sig, frame))
        self._timer.daemon = True
        self._timer.start()


def server_config(app: FastAPI, finish_seconds: float, **more: Any) -> uvicorn.Config:
    """How uvicorn serves an application of [`create_server_app`].

    Args:
        app (`FastAPI`): the application.
        finish_seconds (`float`): that requests are given to finish.
        more: other settings of `uvicorn.Config`.
    """
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold names of voices; our own log leaves them out
        server_header=False,
        timeout_graceful_shutdown=max(1, round(finish_seconds)),
        http=PromptProtocol,
        timeout_keep_alive=75,  # longer than proxies keep theirs, so that none sends into a connection that closes
        ws_max_size=app.state.max_message_bytes,  # before a message is in memory
        ws_per_message_deflate=False,  # sound does not shrink, and small messages could unpack to large ones
        **more,
    )


def serve(app: FastAPI, listener: socket.socket, notice_seconds: float, finish_seconds: float) -> None:
    """Serve an application of [`create_server_app`] until a signal ends it.

    Args:
        app (`FastAPI`): the application.
        listener (`socket.socket`): listens already.
        notice_seconds (`float`): see [`DrainingServer`].
        finish_seconds (`float`): that requests are given to finish.
    """
    config = server_config(app, finish_seconds)
    DrainingServer(config, app.state.lifecycle, notice_seconds).run(sockets=[listener])
