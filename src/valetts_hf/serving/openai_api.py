"""`/v1/audio/speech` and `/v1/models` as OpenAI's clients ask for them, and `/v1/audio/timestamps` beside them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from valetts_hf.serving.description import errors
from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.result_cache import ResultCache
from valetts_hf.serving.scheduler import Job, Scheduler, first_of
from valetts_hf.serving.speech_schemas import ModelCard, ModelList, SpeechRequest, TimestampsRequest
from valetts_hf.serving.speech_service import MODEL, SpeechService
from valetts_hf.serving.stream_encoders import MEDIA_TYPES, wav_header


_SUBTITLES = {"json": "application/json", "srt": "application/x-subrip", "vtt": "text/vtt", "textgrid": "text/plain"}
_AUDIO_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "an audio file, sent while it is made; or events, with `stream_format: sse`",
        "content": {
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
            "text/event-stream": {
                "schema": {"type": "object", "properties": {"data": {"type": "string"}}}
            },  # an event
        },
    }
}
_TEXT_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "when what is said",
        "content": {
            kind: {"schema": {"type": "object" if kind == "application/json" else "string"}}
            for kind in _SUBTITLES.values()
        },
    }
}
_SPEAKING = (404, 408, 413, 503, 504)


def openai_router(
    service: SpeechService, scheduler: Scheduler, cache: ResultCache, metrics: Metrics, characters: RateLimit
) -> APIRouter:
    """
    Args:
        service ([`SpeechService`]): does the work.
        scheduler ([`Scheduler`]): in its turn.
        cache ([`ResultCache`]): of what was said before.
        metrics ([`Metrics`]): counts.
        characters ([`RateLimit`]): of each owner.
    """
    router = APIRouter(prefix="/v1", tags=["speech"])

    def submit(request: Request, text: str, steps: Any) -> Job:
        try:
            characters.take(request.state.owner, len(text))
            return scheduler.submit(steps, trace=request.state.record.trace)
        except ServiceError as refusal:
            metrics.failed(refusal)
            raise

    @router.get("/models", responses=errors())
    async def models() -> ModelList:
        """The model there is."""
        return ModelList(data=[ModelCard(id=MODEL)])

    @router.get("/models/{name}", responses=errors(404))
    async def model(name: str) -> ModelCard:
        """What is known about a model."""
        service.check_model(name)
        return ModelCard(id=name)

    @router.post("/audio/speech", response_class=Response, responses=_AUDIO_ANSWER | errors(*_SPEAKING))
    async def speech(body: SpeechRequest, request: Request) -> Response:
        """A text, spoken. The first bytes come with the first half second of speech."""
        task = service.task(body, request.state.owner)
        record = request.state.record
        record.facts.update(characters=len(body.input), format=body.response_format)
        metrics.characters.inc(len(body.input))
        media_type = MEDIA_TYPES[body.response_format]
        headers = {"X-ValeTTS-Seed": str(body.seed)}
        kept = cache.get(task.key)
        record.facts["cached"] = kept is not None
        metrics.cache.labels("miss" if kept is None else "hit").inc()
        if kept is not None:
            data, seconds = kept
            metrics.first_byte.observe(time.perf_counter() - record.started)
            if body.stream_format == "sse":
                return Response(_event(data) + _done(body, seconds), media_type="text/event-stream", headers=headers)
            return Response(data, media_type=media_type, headers=headers)
        job = submit(request, body.input, service.speech_steps(task, body.response_format, record.trace))
        first = b""
        try:
            while not first:  # an encoder may hold back the first samples
                first = await first_of(request, job)
        except BaseException as error:
            job.cancel()
            metrics.failed(error)
            raise
        metrics.first_byte.observe(time.perf_counter() - record.started)

        async def audio() -> AsyncIterator[bytes]:
            collected: list[bytes] | None = [first]
            size = len(first)
            yield first
            async for data in job:
                size += len(data)
                if size > cache.largest:
                    collected = None
                elif collected is not None:
                    collected.append(data)
                if data:
                    yield data
            if collected is not None:
                whole = _whole(b"".join(collected), body.response_format, service.tts.sampling_rate)
                cache.put(task.key, whole, job.audio_seconds)

        async def events() -> AsyncIterator[bytes]:
            async for data in audio():
                yield _event(data)
            yield _done(body, job.audio_seconds)

        if body.stream_format == "sse":
            return _JobResponse(job, metrics, record, events(), "text/event-stream", headers)
        return _JobResponse(job, metrics, record, audio(), media_type, headers)

    @router.post("/audio/timestamps", response_class=Response, responses=_TEXT_ANSWER | errors(*_SPEAKING))
    async def timestamps(body: TimestampsRequest, request: Request) -> Response:
        """When what is said in the speech that the same request to `/v1/audio/speech` gives."""
        task = service.task(body, request.state.owner)
        request.state.record.facts.update(characters=len(body.input), format=body.response_format)
        metrics.characters.inc(len(body.input))
        job = submit(request, body.input, service.timestamp_steps(task, body))
        try:
            text: str | None = None
            while text is None:
                text = await first_of(request, job)
        except BaseException as error:
            metrics.failed(error)
            raise
        finally:
            job.cancel()
        # Halves of surrogate pairs, which no UTF-8 can hold, become the escapes that JSON has for them.
        return Response(text.encode("utf-8", "backslashreplace"), media_type=_SUBTITLES[body.response_format])

    return router


class _JobResponse(StreamingResponse):
    """An answer out of a job: whatever ends it, the job ends, too, and is counted."""

    def __init__(
        self, job: Job, metrics: Metrics, record: Any, content: AsyncIterator[bytes], media_type: str, headers: dict
    ):
        super().__init__(content, media_type=media_type, headers=headers)
        self._job = job
        self._metrics = metrics
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            job, metrics = self._job, self._metrics
            if not job.taken:
                metrics.left.inc()
            elif job.error is not None:
                metrics.failed(job.error)
            job.cancel()
            self._record.facts["audio_seconds"] = round(job.audio_seconds, 3)
            metrics.audio.inc(job.audio_seconds)
            if job.audio_seconds:
                metrics.factor.observe(job.busy_seconds / job.audio_seconds)


def _whole(data: bytes, format: str, sampling_rate: int) -> bytes:
    """A finished file: now the length is known."""
    return wav_header(sampling_rate, len(data) - 44) + data[44:] if format == "wav" else data


def _event(data: bytes) -> bytes:
    return _sse({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode("ascii")})


def _done(body: SpeechRequest, audio_seconds: float) -> bytes:
    """The last event. Nothing here has tokens: characters go in, tenths of a second come out."""
    usage = {"input_tokens": len(body.input), "output_tokens": round(10 * audio_seconds)}
    return _sse({"type": "speech.audio.done", "usage": {**usage, "total_tokens": sum(usage.values())}})


def _sse(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()
