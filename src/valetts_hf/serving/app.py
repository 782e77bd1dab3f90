"""The demo as an application: the page and the requests behind it, by itself or mounted into a larger server."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from valetts_hf.serving.demo_api import demo_router
from valetts_hf.serving.errors import install_error_handlers
from valetts_hf.serving.middleware import Guard
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.settings import DemoSettings
from valetts_hf.serving.studio import Studio
from valetts_hf.version import __version__


if TYPE_CHECKING:
    import uvicorn

    from valetts_hf.inference import ValeTTS

STATIC = Path(__file__).with_name("static")


def create_demo_app(tts: ValeTTS, settings: DemoSettings | None = None, scheduler: Scheduler | None = None) -> FastAPI:
    """The page at `/` and its requests under `/api`. All addresses in the page are relative, so another application can
    mount this one: `server.mount("/demo", create_demo_app(tts))`.

    Args:
        tts ([`ValeTTS`]): speaks; shared with whoever else uses it.
        settings ([`DemoSettings`], *optional*): limits.
        scheduler ([`Scheduler`], *optional*): of a larger server, which then closes it; default: one of its own, where nobody
            is given up for waiting.
    """
    settings = settings or DemoSettings()
    own = scheduler is None
    scheduler = scheduler or Scheduler(settings.workers, settings.max_waiting, first_seconds=math.inf)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if own:
            scheduler.close()

    # The pages that show an OpenAPI description load scripts of other sites: the description alone is offered.
    app = FastAPI(
        title="ValeTTS demo",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.add_middleware(Guard, settings=settings)
    install_error_handlers(app)
    app.include_router(demo_router(Studio(tts, settings), scheduler))

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def demo_config(app: FastAPI, **more: Any) -> uvicorn.Config:
    """How uvicorn serves an application of [`create_demo_app`].

    Args:
        app (`FastAPI`): the application.
        more: other settings of `uvicorn.Config`.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold keys of voices, and texts are nobody's business
        server_header=False,
        timeout_graceful_shutdown=5,
        **more,
    )
