"""`/v1/audio/stream`: the WebSocket for text that is still being written."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.live_places import LivePlaces
from valetts_hf.serving.live_speech import LiveSpeech
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.speech_service import SpeechService


PROTOCOL = "valetts"  # accepted where a client offers it


def live_router(
    service: SpeechService,
    scheduler: Scheduler,
    places: LivePlaces,
    metrics: Metrics,
    requests: RateLimit,
    characters: RateLimit,
) -> APIRouter:
    """
    Args:
        service ([`SpeechService`]): does the work.
        scheduler ([`Scheduler`]): in its turn.
        places ([`LivePlaces`]): for connections.
        metrics ([`Metrics`]): counts.
        requests, characters ([`RateLimit`]): of each owner.
    """
    router = APIRouter(prefix="/v1")

    @router.websocket("/audio/stream")
    async def stream(socket: WebSocket) -> None:
        owner = socket.state.owner
        try:
            places.take(owner)
        except ServiceError as refusal:
            metrics.failed(refusal)
            await socket.send_denial_response(refusal.response())
            return
        try:
            offered = socket.scope.get("subprotocols", ())
            await socket.accept(PROTOCOL if PROTOCOL in offered else None)
            await LiveSpeech(socket, service, scheduler, metrics, requests, characters).run()
        finally:
            places.leave(owner)

    return router
