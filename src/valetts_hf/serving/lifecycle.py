"""Where a server stands: warming up, ready, draining; and the addresses that tell orchestrators so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import Enum
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel

from valetts_hf.inference import ValeTTS
from valetts_hf.serving.metrics import CONTENT_TYPE, Metrics
from valetts_hf.serving.scheduler import Scheduler


logger = logging.getLogger("valetts_hf.serving")

# A single step takes a second or so; one that takes this long hangs in a driver, and only a restart helps.
STUCK_SECONDS = 120.0


class StatusAnswer(BaseModel):
    status: str


_UNWELL: dict[int | str, dict[str, Any]] = {503: {"model": StatusAnswer, "description": "not so"}}


class Stage(Enum):
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Lifecycle:
    """The stage of a server; any thread may change it."""

    def __init__(self) -> None:
        self.stage = Stage.STARTING
        self._lock = threading.Lock()

    def advance(self, stage: Stage) -> None:
        """Go on; a server that drains never becomes ready again."""
        with self._lock:
            if self.stage is not Stage.DRAINING:
                self.stage = stage

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do what makes first requests slow, in a thread of its own, and be ready afterwards."""

        def warm() -> None:
            try:
                work()
            except Exception as error:
                logger.error("warm-up failed: %s", type(error).__name__)
                self.advance(Stage.FAILED)
            else:
                self.advance(Stage.READY)

        threading.Thread(target=warm, name="valetts-warm-up", daemon=True).start()


def warm(tts: ValeTTS) -> None:
    """Speak once, so that the front end, the model and the libraries below are in memory."""
    for _ in tts.stream("One, two, three.", tts.languages[0], seed=0):
        pass


def health_router(lifecycle: Lifecycle, scheduler: Scheduler, metrics: Metrics) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`: without a key, and without anything about texts or clients."""
    router = APIRouter(tags=["operation"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", response_model=StatusAnswer, responses=_UNWELL)
    async def healthz() -> JSONResponse:
        """200 while the process works; 503 when only a restart helps."""
        stuck = scheduler.stuck_seconds()
        failed = lifecycle.stage is Stage.FAILED or stuck > STUCK_SECONDS
        return JSONResponse({"status": "failed" if failed else "ok"}, 503 if failed else 200)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=StatusAnswer, responses=_UNWELL)
    async def readyz() -> JSONResponse:
        """200 when requests are welcome: after warm-up, and not while the server drains."""
        ready = lifecycle.stage is Stage.READY
        return JSONResponse({"status": lifecycle.stage.value}, 200 if ready else 503)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def numbers() -> Response:
        """Counters for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router
