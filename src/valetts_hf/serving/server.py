"""The server as an application: OpenAI's speech API, voices, timestamps, health and metrics, and the demo if asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from valetts_hf.inference import ValeTTS
from valetts_hf.serving.api_keys import KeyFile
from valetts_hf.serving.app import create_demo_app
from valetts_hf.serving.description import describe
from valetts_hf.serving.errors import install_error_handlers
from valetts_hf.serving.front import Front
from valetts_hf.serving.lifecycle import Lifecycle, Stage, health_router, warm
from valetts_hf.serving.live_api import live_router
from valetts_hf.serving.live_places import LivePlaces
from valetts_hf.serving.memory import MemoryKeeper
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.micro_batching import BatchedTTS
from valetts_hf.serving.middleware import UPLOAD_PATH, Guard, security_headers
from valetts_hf.serving.openai_api import openai_router
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.result_cache import ResultCache
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.server_settings import ServerSettings
from valetts_hf.serving.settings import DemoSettings
from valetts_hf.serving.speech_service import SpeechService
from valetts_hf.serving.voices_api import VOICES_PATH, voices_router
from valetts_hf.version import __version__


DEMO_PATH = "/demo"


def create_server_app(
    tts: ValeTTS,
    settings: ServerSettings | None = None,
    keys: KeyFile | None = None,
    voices_folder: Path | None = None,
    demo: bool = False,
    tracer: Any = None,
) -> FastAPI:
    """The server.

    Args:
        tts ([`ValeTTS`]): speaks.
        settings ([`ServerSettings`], *optional*): limits.
        keys ([`KeyFile`], *optional*): who may ask; None lets everybody.
        voices_folder (`Path`, *optional*): where voices made by clients are kept; default: with the user's data.
        demo (`bool`): also serve the page to draw prosody on, at `/demo/`.
        tracer (`opentelemetry.trace.Tracer`, *optional*): makes spans of requests; None makes none.

    Returns:
        `FastAPI`: `app.state.lifecycle` tells its [`Lifecycle`], `app.state.metrics` its [`Metrics`].

    Raises:
        `ValueError`: an alias of a voice that the checkpoint does not have.
    """
    settings = settings or ServerSettings()
    metrics, lifecycle = Metrics(), Lifecycle()
    if settings.batch_rows > 1:
        tts = BatchedTTS(tts, settings.batch_rows, metrics.batch_size.observe)
    service = SpeechService(tts, settings, voices_folder)
    cache = ResultCache(settings.cache_bytes)
    scheduler = Scheduler(
        settings.workers,
        settings.max_waiting,
        settings.first_audio_seconds,
        settings.total_seconds,
        settings.stall_seconds,
    )
    requests = RateLimit(settings.requests_per_minute, "requests")
    characters = RateLimit(settings.characters_per_minute, "characters")
    # As many as there is room for requests; a server with one key has nobody to keep places for.
    places = LivePlaces(scheduler.room, shared=lambda: keys is not None and len(keys.keys()) > 1)
    for name, description, read in (
        ("valetts_queue_depth", "Requests that have got nothing yet.", lambda: scheduler.waiting),
        ("valetts_active_requests", "Requests being worked on or waiting.", lambda: scheduler.pending),
        ("valetts_live_connections", "WebSockets that are open.", lambda: places.open),
        ("valetts_cache_bytes", "Audio in the cache.", lambda: cache.bytes),
        ("valetts_ready", "1 while requests are welcome.", lambda: lifecycle.stage is Stage.READY),
    ):
        metrics.watch(name, description, read)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        lifecycle.warm_up(lambda: warm(tts))
        keeper = MemoryKeeper()
        keeper.start()
        yield
        lifecycle.advance(Stage.DRAINING)
        scheduler.close()
        keeper.stop()

    # The pages that show an OpenAPI description load scripts of other sites: the description alone is offered.
    app = FastAPI(
        title="ValeTTS",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.lifecycle, app.state.metrics, app.state.scheduler = lifecycle, metrics, scheduler
    app.state.max_message_bytes = settings.max_request_bytes
    install_error_handlers(app, invalid_status=400)
    app.include_router(health_router(lifecycle, scheduler, metrics))
    app.include_router(openai_router(service, scheduler, cache, metrics, characters))
    app.include_router(live_router(service, scheduler, places, metrics, requests, characters))
    app.include_router(voices_router(service, scheduler, metrics))
    describe(app, keys is not None)
    if demo:
        # The page asks for all of a text in one step, which no other request can come between: texts as short as its own.
        shorter = min(settings.max_characters, DemoSettings.max_characters)
        app.mount(DEMO_PATH, create_demo_app(tts, replace(settings, max_characters=shorter), scheduler))
    uploads = (VOICES_PATH, DEMO_PATH + UPLOAD_PATH)
    app.add_middleware(Guard, settings=settings, upload_paths=uploads, allowed_origins=settings.allowed_origins)
    headers = security_headers(settings)
    app.add_middleware(Front, metrics=metrics, keys=keys, requests=requests, headers=headers, tracer=tracer)
    if settings.allowed_origins:  # outermost: pages may read refusals, and browsers ask what is allowed without a key
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.allowed_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],  # OpenAI's client sends a dozen of its own
            expose_headers=["Retry-After", "X-Request-ID", "X-ValeTTS-Seed"],
        )
    return app
