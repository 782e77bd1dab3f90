"""The requests of the demo page: what there is, how a text would be said, speech, markup, and voices out of uploads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.schemas import (
    Info,
    PredictRequest,
    Prosody,
    SpeakRequest,
    Spoken,
    SsmlAnswer,
    VoiceAnswer,
)
from valetts_hf.serving.studio import Studio
from valetts_hf.serving.uploads import check_recording


ERRORS = {
    status: {"description": 'words in `{"error": {"code", "message"}}`'} for status in (404, 413, 415, 422, 429, 500)
}


def demo_router(studio: Studio, scheduler: Scheduler) -> APIRouter:
    """
    Args:
        studio ([`Studio`]): does the work.
        scheduler ([`Scheduler`]): in its turn.
    """
    router = APIRouter(prefix="/api", responses=ERRORS)  # type: ignore[arg-type]

    @router.get("/info")
    async def info() -> Info:
        """Languages, voices, styles and limits."""
        return studio.info()

    @router.post("/predict")
    async def predict(body: PredictRequest, request: Request) -> Prosody:
        """How the text would be said: times of words and phonemes, pitch and energy; no audio."""
        studio.check(body)
        return await scheduler.run(request, lambda: studio.predict(body))

    @router.post("/speak")
    async def speak(body: SpeakRequest, request: Request) -> Spoken:
        """Speech, and how it was said."""
        studio.check(body)
        return await scheduler.run(request, lambda: studio.speak(body))

    @router.post("/ssml")
    async def ssml(body: SpeakRequest, request: Request) -> SsmlAnswer:
        """The same directions as a document that other programs read."""
        studio.check(body)
        return await scheduler.run(request, lambda: studio.ssml(body))

    @router.post("/voices", status_code=201)
    async def add_voice(
        request: Request,
        recording: Annotated[UploadFile, File(description="5-6 seconds of one person speaking")],
        consent: Annotated[str, Form(max_length=500, description="how the speaker agreed, in words")] = "",
        name: Annotated[str, Form(max_length=64)] = "",
    ) -> VoiceAnswer:
        """A voice out of a recording, kept in memory for a while."""
        data = await recording.read()
        if not consent.strip():
            raise ServiceError(
                422, "no_consent", "a voice belongs to a person: say that it is yours, or that its owner agreed."
            )
        check_recording(data)
        return await scheduler.run(request, lambda: studio.add_voice(data, name, consent))

    @router.delete("/voices/{key}", status_code=204)
    async def remove_voice(key: str) -> Response:
        """Forget an uploaded voice now."""
        studio.session_voices.remove(key)
        return Response(status_code=204)

    return router
