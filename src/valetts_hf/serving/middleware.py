"""Around every request: size limits by what really arrives, headers that keep the page to itself, no way in for others.

Plain ASGI, so that streaming and the watch for clients that leave work through it.
"""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from valetts_hf.serving.errors import ServiceError, unexpected
from valetts_hf.serving.settings import DemoSettings


UPLOAD_PATH = "/api/voices"
_FOR_ANY_NAME = ("/healthz", "/readyz")  # one word each; load balancers ask without a name, orchestrators by address
# What is read and thrown away after the limit: a browser that is still sending would not see the answer otherwise.
_DRAIN_BYTES = 64 << 20


class Guard:
    """
    Args:
        app: what is guarded.
        settings ([`DemoSettings`]): limits, hosts and frames.
        upload_paths (`tuple[str, ...]`): addresses that take recordings.
        allowed_origins (`tuple[str, ...]`): other sites whose pages may ask.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: DemoSettings,
        upload_paths: tuple[str, ...] = (UPLOAD_PATH,),
        allowed_origins: tuple[str, ...] = (),
    ):
        self.app = app
        self.upload_paths = upload_paths
        self.allowed_origins = allowed_origins
        self.settings = settings
        self.headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._guard_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                # Files have a tag to ask with whether they have changed; answers are not kept.
                headers.setdefault("Cache-Control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        limit = self.settings.max_upload_bytes if path in self.upload_paths else self.settings.max_request_bytes
        body = _LimitedBody(receive, limit, self.settings.body_seconds)
        try:
            headers = Headers(scope=scope)
            if path not in _FOR_ANY_NAME:
                self._check_origin(headers)
            await body.check_announced(headers)
            await self.app(scope, body, send_with_headers)
        except Exception as error:
            answer = error if isinstance(error, ServiceError) else unexpected(error)
            if not started:
                await answer.response()(scope, receive, send_with_headers)

    async def _guard_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Browsers let any page open a WebSocket to any server, with no question asked before: the origin decides."""
        try:
            self._check_origin(Headers(scope=scope))
        except ServiceError as refusal:
            await refusal.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check_origin(self, headers: Headers) -> None:
        """Refuse requests that another site's page makes, and names that this server does not go by."""
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self.settings.allowed_hosts and name not in self.settings.allowed_hosts:
            raise ServiceError(
                421,
                "wrong_host",
                "this server does not answer to that name: use the address it printed when it started.",
            )
        origin = headers.get("origin")
        # Behind a proxy the name in the address bar is in X-Forwarded-Host, which pages of other sites cannot set.
        hosts = (host, headers.get("x-forwarded-host", host))
        if origin is None or origin in self.allowed_origins:
            return
        if urlsplit(origin).netloc not in hosts:
            raise ServiceError(403, "other_site", "requests from pages of other sites are not answered.")


class _LimitedBody:
    """`receive` of an ASGI app that stops after `limit` bytes, and after `seconds` without the end of the body."""

    def __init__(self, receive: Receive, limit: int, seconds: float):
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._until = time.monotonic() + seconds
        self._complete = False

    async def check_announced(self, headers: Headers) -> None:
        """Refuse what says that it is too large, before it is sent where the client asks first."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limit:
            await self._refuse(int(length) <= _DRAIN_BYTES and "expect" not in headers)

    async def __call__(self) -> Message:
        message = await self._next()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._seen > self._limit:
                await self._refuse(not self._complete)
        return message

    async def _next(self) -> Message:
        if self._complete:  # now the wait is for the client to leave
            return await self._receive()
        try:
            return await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except asyncio.TimeoutError:
            raise ServiceError(
                408, "too_slow", "the request came too slowly: send it again.", headers={"Connection": "close"}
            ) from None

    async def _refuse(self, more: bool) -> None:
        thrown_away = 0
        while more and thrown_away < _DRAIN_BYTES:
            message = await self._next()
            thrown_away += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
        size = f"{self._limit / (1 << 20):g} MB"
        raise ServiceError(413, "too_large", f"the request is larger than {size}: send a shorter text or recording.")


def security_headers(settings: DemoSettings) -> dict[str, str]:
    """Headers of every answer: scripts, styles and data of this server alone, a microphone for this page alone."""
    frames = " ".join(settings.frame_ancestors) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not settings.frame_ancestors:
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return headers
