"""Voices and styles over HTTP: list, make out of recordings with consent, delete. Each key sees its own voices alone."""

from __future__ import annotations

import io
import logging
import threading
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from valetts_hf.processing.languages import resolve_language
from valetts_hf.serving.description import errors
from valetts_hf.serving.errors import ServiceError, from_sdk
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.scheduler import Scheduler
from valetts_hf.serving.speech_schemas import StyleCard, StyleList, VoiceCard, VoiceList
from valetts_hf.serving.speech_service import SpeechService
from valetts_hf.serving.uploads import check_recording
from valetts_hf.voices.enrolment import check_consent, enroll_voice
from valetts_hf.voices.errors import VoiceError, VoiceFileError
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import check_name


logger = logging.getLogger("valetts_hf.serving")

VOICES_PATH = "/v1/voices"
_MAX_CLIPS = 5
_MAX_SECONDS = 120.0  # of one recording: a small file can unpack to hours


def voices_router(service: SpeechService, scheduler: Scheduler, metrics: Metrics) -> APIRouter:
    """
    Args:
        service ([`SpeechService`]): knows whose voices are where.
        scheduler ([`Scheduler`]): recordings are read in their turn.
        metrics ([`Metrics`]): counts.
    """
    router = APIRouter(prefix="/v1", tags=["voices"])
    saving = threading.Lock()  # between looking whether there is room for a voice and keeping it

    def check_room(library: VoiceLibrary, name: str) -> None:
        """Refuse a name that is taken, and one voice too many (409)."""
        if name in library or name in service.tts.voices:
            raise ServiceError(
                409, "voice_exists", f"there is a voice {name!r} already: delete it first, or take another name."
            )
        if len(library.names()) >= service.settings.max_own_voices:
            raise ServiceError(
                409,
                "too_many_voices",
                f"{service.settings.max_own_voices} voices can be kept: delete one of them first.",
            )

    @router.get("/voices", responses=errors())
    async def voices(request: Request) -> VoiceList:
        """The checkpoint's voices and your own."""
        return VoiceList(data=service.voices(request.state.owner))

    @router.post("/voices", status_code=201, responses=errors(408, 409, 413, 415, 503, 504))
    async def add_voice(
        request: Request,
        recording: Annotated[list[UploadFile], File(description="1 to 5 recordings of one person, 5-6 seconds each")],
        name: Annotated[str, Form(max_length=64)],
        consent: Annotated[str, Form(max_length=500, description="how the speaker agreed, in words")] = "",
        language: Annotated[str | None, Form(max_length=32)] = None,
    ) -> VoiceCard:
        """A voice out of recordings, kept until you delete it."""
        library = service.library(request.state.owner)
        if len(recording) > _MAX_CLIPS:
            raise ServiceError(422, "too_many_recordings", f"{len(recording)} recordings: send 1 to {_MAX_CLIPS}.")
        try:
            checked = check_name(name)
            check_consent(consent)
        except ValueError as error:
            raise ServiceError(422, "no_consent" if "consent" in str(error) else "voice", str(error)) from error
        try:
            spoken = None if language is None else resolve_language(language)
        except ValueError as error:
            raise from_sdk(error) from error
        check_room(library, checked)
        clips = [await one.read() for one in recording]
        for clip in clips:
            check_recording(clip)

        def work() -> VoiceCard:
            for clip in clips:
                _check_length(clip)
            voice = enroll_voice(
                service.tts.model,
                service.tts.processor,
                [{"bytes": clip} for clip in clips],
                name=checked,
                consent=consent,
                language=spoken,
                warn=False,
                cache=None,
            )
            with saving:
                check_room(library, checked)  # others may have been made meanwhile
                try:
                    library.save(voice)
                except VoiceFileError as error:
                    raise _disk_failed("kept", error) from error
            return VoiceCard(
                id=voice.name,
                name=voice.name,
                language=voice.language,
                description=voice.source or "",
                yours=True,
                notes=voice.metadata["quality"],
            )

        try:
            return await scheduler.run(request, work)
        except ServiceError as error:
            metrics.failed(error)
            raise

    @router.delete("/voices/{name}", status_code=204, responses=errors(404))
    async def remove_voice(name: str, request: Request) -> Response:
        """Delete one of your voices, now and for good."""
        library = service.library(request.state.owner)
        try:
            library.remove(name)
        except VoiceError as error:
            raise ServiceError(404, "voice_not_found", f"there is no voice {name[:60]!r} of yours.") from error
        except VoiceFileError as error:
            raise _disk_failed("deleted", error) from error
        return Response(status_code=204)

    @router.get("/styles", responses=errors())
    async def styles() -> StyleList:
        """Manners of speaking that `style` takes."""
        return StyleList(
            data=[
                StyleCard(name=name, description=entry.get("description") or entry.get("words") or "")
                for name, entry in service.tts.styles.items()
            ]
        )

    return router


def _disk_failed(what: str, error: VoiceFileError) -> ServiceError:
    """The answer where the disk is full or may not be written to; the log gets the system's reason."""
    reason = getattr(error.__cause__, "strerror", None) or type(error.__cause__ or error).__name__
    logger.error("a voice could not be %s: %s", what, reason)
    message = (
        f"the voice could not be {what}, nothing has changed: tell whoever runs this server, its log has the reason."
    )
    return ServiceError(500, "voice_storage", message)


def _check_length(data: bytes) -> None:
    """Refuse what would unpack to too much, before it is unpacked."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            seconds, channels = file.frames / file.samplerate, file.channels
    except (RuntimeError, ZeroDivisionError) as error:
        raise ServiceError(415, "unsupported_audio", "the recording is damaged: export it once more.") from error
    if seconds > _MAX_SECONDS or channels > 8:
        raise ServiceError(
            422,
            "recording_too_long",
            f"a recording of {seconds:.0f} seconds and {channels} channels: send 5 to 6 seconds, {_MAX_SECONDS:.0f} at most.",
        )
