"""`/v1/audio/stream`: the WebSocket for text that is still being written, and how many of them there may be."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, WebSocket

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.live_speech import LiveSpeech
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.speech_service import SpeechService


PROTOCOL = "valetts"  # accepted where a client offers it


def live_router(
    service: SpeechService, scheduler: Scheduler, metrics: Metrics, requests: RateLimit, characters: RateLimit
) -> tuple[APIRouter, Callable[[], int]]:
    """
    Args:
        service ([`SpeechService`]): does the work.
        scheduler ([`Scheduler`]): in its turn; as many connections may be open as it has room for requests.
        metrics ([`Metrics`]): counts.
        requests, characters ([`RateLimit`]): of each owner.

    Returns:
        The router, and a function that tells how many connections are open.
    """
    router = APIRouter(prefix="/v1")
    connections = 0

    @router.websocket("/audio/stream")
    async def stream(socket: WebSocket) -> None:
        nonlocal connections
        if connections >= scheduler.room:
            metrics.refused.labels("busy").inc()
            full = ServiceError(
                429,
                "busy",
                f"{connections} connections are open already: try again in a moment.",
                headers={"Retry-After": "5"},
            )
            await socket.send_denial_response(full.response())
            return
        connections += 1
        try:
            offered = socket.scope.get("subprotocols", ())
            await socket.accept(PROTOCOL if PROTOCOL in offered else None)
            await LiveSpeech(socket, service, scheduler, metrics, requests, characters).run()
        finally:
            connections -= 1

    return router, lambda: connections
