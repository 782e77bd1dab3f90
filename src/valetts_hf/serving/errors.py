"""Errors of the server: one shape for all, `{"error": {"code", "message", "type", "param"}}`, and what the SDK's errors become
in it. (The shape is that of OpenAI's API, so that its clients show the message.)

Codes are stable (pages translate them); messages are English sentences with the value and the remedy.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from valetts_hf.direction.sketch import SketchError
from valetts_hf.direction.style import StyleError
from valetts_hf.processing.markup_reading import MarkupError
from valetts_hf.voices.errors import ConsentError, QualityError, VoiceError, VoiceFileError


logger = logging.getLogger("valetts_hf.serving")

_CODE_OF_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class ServiceError(HTTPException):
    """An error with an answer. (An `HTTPException`, which FastAPI passes on when it comes up while a body is read.)

    Args:
        status (`int`): of HTTP.
        code (`str`): stable name of the kind of error.
        message (`str`): what is wrong with which value, and the remedy.
        details (`list[dict]`, *optional*): findings, each with "code" and "message", and "line" and "column" in a document.
        headers (`dict[str, str]`, *optional*): of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(status, message, headers)
        self.code = code
        self.message = message
        self.details = details or []

    def facts(self) -> dict[str, Any]:
        """What a client is told."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "type": self._type(), "param": None}
        if self.details:
            error["details"] = self.details
        return error

    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.facts()}, self.status_code, headers=self.headers)

    def _type(self) -> str:
        if self.status_code >= 500:
            return "server_error"
        return {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
            self.status_code, "invalid_request_error"
        )


def from_sdk(error: Exception) -> ServiceError:
    """The answer to an error that the SDK raised while doing what a request asked for.

    Args:
        error: anything; what is not the request's fault is logged by its kind and place, never with its message, which
            may quote the text.
    """
    if isinstance(error, ServiceError):
        return error
    message = " ".join(str(error).split())
    if isinstance(error, QualityError):
        findings = getattr(error.report, "findings", [])
        details = [{"code": one.code, "message": one.text} for one in findings if one.verdict == "refuse"]
        return ServiceError(422, "poor_recording", message, details)
    if isinstance(error, ConsentError):
        return ServiceError(422, "no_consent", message)
    if isinstance(error, MarkupError):
        place = {"code": "markup", "message": error.problem, "line": error.line, "column": error.column}
        return ServiceError(422, "markup", message, [place])
    for kind, code in ((VoiceError, "voice"), (StyleError, "style"), (SketchError, "sketch")):
        if isinstance(error, kind):
            return ServiceError(422, code, message)
    if isinstance(error, VoiceFileError):
        return ServiceError(422, "voice", "this voice cannot be read just now: choose another one.")
    if isinstance(error, (ValueError, TypeError)):
        code = "nothing_to_say" if type(error).__name__ == "SpeechTextError" else "invalid_value"
        return ServiceError(422, code, message)
    return unexpected(error)


def unexpected(error: BaseException) -> ServiceError:
    """The answer to a defect; the log gets its kind and place."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    logger.error("%s at %s", type(error).__name__, where or "unknown place")
    return ServiceError(500, "internal", "something went wrong here; the server goes on. Try again, or other words.")


def install_error_handlers(app: FastAPI, invalid_status: int = 422) -> None:
    """Make an app answer every error in this shape.

    Args:
        app (`FastAPI`): the application.
        invalid_status (`int`): instead of 422; clients of OpenAI's API expect 400.
    """

    async def service_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ServiceError)
        if error.status_code == 422:
            error.status_code = invalid_status
        return error.response()

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        code = _CODE_OF_STATUS.get(error.status_code, "http_error")
        known = {
            404: "there is nothing at this address.",
            405: "this address does not take that kind of request.",
            400: "the request cannot be read: is it complete, and UTF-8?",
        }
        message = known.get(error.status_code, str(error.detail))
        return ServiceError(error.status_code, code, message, headers=dict(error.headers or {})).response()

    async def invalid_request(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return ServiceError(invalid_status, "invalid_request", validation_message(error)).response()

    app.add_exception_handler(ServiceError, service_error)
    app.add_exception_handler(StarletteHTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid_request)


def validation_message(error: RequestValidationError | ValidationError) -> str:
    """The first complaints, by field; never the values, which may be whole texts."""
    parts = []
    for complaint in error.errors()[:3]:
        place = ".".join(str(step) for step in complaint["loc"] if step not in ("body", "query", "path"))
        text = complaint["msg"].removeprefix("Value error, ")
        if complaint["type"] == "json_invalid":
            place, text = "", f"the body is not JSON, character {place}: {complaint.get('ctx', {}).get('error', text)}"
        elif complaint["type"] in ("model_attributes_type", "missing") and not place:  # another kind of body, or none
            text = "the body is no JSON object: send one, with the header `Content-Type: application/json`"
        parts.append(f"{place}: {text}" if place else text)
    return "; ".join(parts).rstrip(".") + "."
