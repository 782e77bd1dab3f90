"""The front of the server: who asks (API keys), how often, how long it took; one line of log for each request.

Plain ASGI. Keys are checked before anything of a body is read. The log holds no texts, no keys and no addresses of clients.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import secrets
import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from valetts_hf.serving.api_keys import KeyFile
from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.tracing import RequestTrace


access_log = logging.getLogger("valetts_hf.serving.access")

ANYBODY = "local"  # the owner of voices where no keys are asked for
KEY_PROTOCOL = "valetts-key."
_OPEN = ("/healthz", "/readyz", "/metrics")


class Front:
    """
    Args:
        app: what is behind it.
        metrics ([`Metrics`]): counts.
        keys ([`KeyFile`], *optional*): who may ask; None lets everybody.
        requests ([`RateLimit`]): of each owner.
        headers (mapping): of answers that are given here.
        tracer (`opentelemetry.trace.Tracer`, *optional*): makes spans; None makes none.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        keys: KeyFile | None,
        requests: RateLimit,
        headers: Mapping[str, str],
        tracer: Any = None,
    ):
        self.app = app
        self._tracer = tracer
        self._metrics = metrics
        self._keys = keys
        self._requests = requests
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        record = _Record(scope)
        if self._tracer is not None and scope["path"] not in _OPEN:
            record.trace = RequestTrace(self._tracer, Headers(scope=scope), record.method)

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = record.id
            elif message["type"] == "http.response.body":
                record.bytes += len(message.get("body", b""))
            elif message["type"] == "websocket.accept":
                record.status = 101
            elif message["type"] == "websocket.send":
                record.bytes += len(message.get("bytes") or b"") or len(message.get("text") or "")
            elif message["type"] == "websocket.http.response.start":
                record.status = message["status"]
            elif message["type"] == "websocket.close" and record.status != 101:
                record.status = 403  # what servers answer where an application closes without a word: no such address
            await send(message)

        try:
            try:
                self._admit(scope, record)
            except ServiceError as refusal:
                self._metrics.refused.labels(refusal.code).inc()
                answer = refusal.response()
                answer.headers.update(self._headers)
                await answer(scope, receive, send_and_note)
                return
            await self.app(scope, receive, send_and_note)
        finally:
            route = record.route(scope)
            seconds = time.perf_counter() - record.started
            self._metrics.requests.labels(route, record.status).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            if record.trace is not None:
                record.trace.end(route, record.status, record.facts)
            if route not in _OPEN:
                access_log.info(record.line(scope, route, seconds))

    def _admit(self, scope: Scope, record: _Record) -> None:
        """Find out who asks, and whether they may; `revoked` tells connections that last whether they no longer do."""
        state = scope.setdefault("state", {})
        state["owner"], state["record"], state["revoked"] = ANYBODY, record, lambda: False
        path = scope["path"]
        if path in _OPEN:
            return
        if (keys := self._keys) is not None:
            headers = Headers(scope=scope)
            key = keys.find(_key_of(headers) or _key_of_protocols(scope))
            if key is None:
                # A browser that opens the demo page asks for the key and sends it as a password from then on.
                challenge = "Basic" if path.startswith("/demo") else "Bearer"
                raise ServiceError(
                    401,
                    "invalid_api_key",
                    "a valid API key is needed: send `Authorization: Bearer KEY`.",
                    headers={"WWW-Authenticate": f'{challenge} realm="ValeTTS"'},
                )
            state["owner"], record.key = key.owner, key.name
            state["revoked"] = lambda: not keys.knows(key.owner)
        self._requests.take(state["owner"])


class _Record:
    """What is known about a request when it is over; handlers add facts (numbers and names, no texts)."""

    def __init__(self, scope: Scope):
        self.started = time.perf_counter()
        self.id = secrets.token_hex(8)
        self.method: str = scope.get("method", "WEBSOCKET")
        self.key: str | None = None
        self.trace: RequestTrace | None = None
        self.status = 500
        self.bytes = 0
        self.facts: dict[str, object] = {}

    def route(self, scope: Scope) -> str:
        """The address without what clients put into it."""
        route = scope.get("route")
        path = getattr(route, "path_format", None) or getattr(route, "path", None)
        if path is not None:
            return f"{scope.get('root_path', '')}{path}"
        return scope["path"] if scope["path"] in _OPEN else "other"

    def line(self, scope: Scope, route: str, seconds: float) -> str:
        facts = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": self.id,
            "method": self.method,
            "route": route,
            "status": self.status,
            "seconds": round(seconds, 4),
            "bytes": self.bytes,
            "key": self.key,
            **self.facts,
        }
        if self.trace is not None:
            facts["trace"] = self.trace.id
        return json.dumps(facts, ensure_ascii=False)


def _key_of_protocols(scope: Scope) -> str:
    """The key that a page offers as a protocol of its WebSocket: browsers let it set no headers."""
    offered = scope.get("subprotocols", ())
    return next((one.removeprefix(KEY_PROTOCOL) for one in offered if one.startswith(KEY_PROTOCOL)), "")


def _key_of(headers: Headers) -> str:
    """The key of `Authorization: Bearer KEY`, or of Basic with the key as password."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    value = value.strip()
    if kind.lower() == "bearer":
        return value
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""
