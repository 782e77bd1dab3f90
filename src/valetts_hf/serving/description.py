"""The OpenAPI description of the server: what routes do not say of themselves, which is keys and errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class ErrorDetail(BaseModel):
    """One finding; `line` and `column`, both from 1, where it has a place in a document."""

    code: str
    message: str
    line: int | None = None
    column: int | None = None


class ErrorFacts(BaseModel):
    """What went wrong, in OpenAI's shape."""

    code: str
    message: str
    type: str
    param: str | None
    details: list[ErrorDetail] = []


class ErrorAnswer(BaseModel):
    error: ErrorFacts


_MEANINGS = {
    400: "it cannot be done as asked; the message says why",
    401: "no valid API key",
    403: "a page of another site asks",
    404: "there is no such voice, model or address",
    408: "the request came too slowly",
    409: "there is one of that name already, or there are too many",
    413: "too large or too long",
    415: "no recording that can be read here",
    421: "this server does not go by that name",
    429: "the server is full or the allowance of the key used up; `Retry-After` says for how many seconds",
    500: "a defect",
    503: "the server is stopping",
    504: "no audio in time",
}
# Given in front of every route that a key is asked for.
_COMMON = (400, 401, 403, 421, 429, 500)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers to requests that fail, for `responses` of a route.

    Args:
        statuses (`int`): besides those that every route may give.
    """
    return {
        status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in sorted({*_COMMON, *statuses})
    }


def describe(app: FastAPI, keys: bool) -> None:
    """Complete the description of an application.

    Args:
        app (`FastAPI`): whose `openapi` is replaced.
        keys (`bool`): API keys are asked for.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        description = plain()
        for operations in description["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)  # FastAPI's own shape, which is never sent
                if keys and "operation" not in operation["tags"]:
                    operation["security"] = [{"key": []}]
        schemas = description["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        if keys:
            description["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return description

    app.openapi = openapi  # type: ignore[method-assign]
