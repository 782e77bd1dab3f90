"""Messages of the WebSocket: what a client may send, typed, and the events that it gets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from valetts_hf.serving.errors import ServiceError, validation_message
from valetts_hf.serving.speech_schemas import Directions


class Configure(Directions):
    """How what follows is said; what it leaves out is the default again."""

    type: Literal["configure"] = "configure"
    # No FLAC: its files come when they are complete, which is no stream.
    response_format: Literal["pcm", "wav", "mp3", "opus", "aac"] = "pcm"


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Text(_Message):
    """Some more of the text."""

    type: Literal["text"]
    text: str


class Flush(_Message):
    """Say what is left, and end the file."""

    type: Literal["flush"]


class Cancel(_Message):
    """Forget all that has not been said."""

    type: Literal["cancel"]


class Close(_Message):
    """Say what is left, then hang up."""

    type: Literal["close"]


Message = Configure | Text | Flush | Cancel | Close
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
# Whoever sends this speaks another protocol; a wrong value is a mistake that can be put right.
_OTHER_PROTOCOL = ("json_invalid", "dict_type", "union_tag_invalid", "union_tag_not_found", "model_attributes_type")


class NotAMessage(ServiceError):
    """What came is nothing that this protocol knows."""


def read_message(text: str) -> Message:
    """What a client asks for.

    Raises:
        `NotAMessage`: not JSON, no object, or of an unknown type. `ServiceError`: a field that is wrong.
    """
    try:
        return _MESSAGES.validate_json(text)
    except ValidationError as error:
        kind = error.errors(include_url=False, include_input=False)[0]["type"]
        if kind in _OTHER_PROTOCOL:
            raise NotAMessage(
                400,
                "invalid_message",
                'send JSON objects whose "type" is "configure", "text", "flush", "cancel" or "close".',
            ) from error
        raise ServiceError(400, "invalid_request", validation_message(error)) from error


def error_event(error: ServiceError, index: int | None = None) -> dict[str, Any]:
    """An error as an event; `index` is the sentence that it belongs to, `retry_after` in seconds."""
    event: dict[str, Any] = {"type": "error", "error": error.facts()}
    if index is not None:
        event["index"] = index
    if error.headers and "Retry-After" in error.headers:
        event["retry_after"] = int(error.headers["Retry-After"])
    return event
