"""OpenTelemetry traces of requests: request -> queue -> synthesis -> encode. Optional: without a tracer nothing here runs.

Spans hold numbers, formats, routes and statuses; no texts, no names of voices, no keys.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from valetts_hf.version import __version__


_FACTS = ("characters", "format", "cached", "audio_seconds", "close")  # of a request's record, as attributes


def asked_by_environment(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the standard variables of OpenTelemetry ask for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    names = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(environment.get(name) for name in names)


def make_tracer() -> Any:
    """A tracer that exports as the standard variables say: by default OTLP over HTTP to http://localhost:4318.

    Raises:
        `ImportError`: the extra `otel` is not installed, or the exporter asked for is not.
        `ValueError`: an exporter that is not known here.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "valetts")
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    return provider.get_tracer("valetts_hf.serving", __version__)


def _exporter() -> Any:
    kind = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    if kind == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stdout)  # its default is the stream of the time it was imported
    if kind != "otlp":
        raise ValueError(f"OTEL_TRACES_EXPORTER={kind!r} is not known here: use otlp, console or none.")
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next(filter(None, map(os.environ.get, variables)), "http/protobuf")
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    elif protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    else:
        raise ValueError(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol!r} is not known here: use http/protobuf or grpc.")
    return OTLPSpanExporter()


class RequestTrace:
    """The spans of one request. Steps of its work come one after the other, from any thread.

    Args:
        tracer (`opentelemetry.trace.Tracer`): makes them.
        headers (mapping): of the request; their trace context is continued.
        method (`str`): of HTTP, or "WEBSOCKET".
    """

    def __init__(self, tracer: Any, headers: Mapping[str, str], method: str):
        from opentelemetry import propagate, trace

        self._tracer = tracer
        self._in_context = trace.set_span_in_context
        self._method = method
        attributes = {"http.request.method": method}
        kind = trace.SpanKind.SERVER
        self._request = tracer.start_span(method, propagate.extract(headers), kind, attributes)
        self._queue: Any = None
        self._step: Any = None

    @property
    def id(self) -> str:
        """The trace's, as collectors show it."""
        return format(self._request.get_span_context().trace_id, "032x")

    def queued(self) -> None:
        """A job of the request waits for its first step."""
        self._queue = self._span("queue", self._request)

    def step_begins(self) -> None:
        self._end_queue()
        self._step = self._span("synthesis", self._request)

    def step_ends(self, audio_seconds: float) -> None:
        self._step.set_attribute("valetts.audio_seconds", round(audio_seconds, 4))
        self._step.end()

    @contextmanager
    def encoding(self) -> Iterator[None]:
        """What is done inside is encoding, within a step."""
        span = self._span("encode", self._step)
        try:
            yield
        finally:
            span.end()

    def end(self, route: str, status: int, facts: Mapping[str, Any]) -> None:
        """The request is over."""
        from opentelemetry.trace import Status, StatusCode

        self._end_queue()
        self._request.update_name(f"{self._method} {route}")
        self._request.set_attributes({"http.route": route, "http.response.status_code": status})
        self._request.set_attributes({f"valetts.{name}": facts[name] for name in _FACTS if name in facts})
        if status >= 500:
            self._request.set_status(Status(StatusCode.ERROR))
        self._request.end()

    def _span(self, name: str, parent: Any) -> Any:
        return self._tracer.start_span(name, self._in_context(parent))

    def _end_queue(self) -> None:
        if self._queue is not None:
            self._queue.end()
            self._queue = None


def encoding(trace: RequestTrace | None) -> AbstractContextManager[None]:
    """What is done inside is encoding, if somebody traces it."""
    return nullcontext() if trace is None else trace.encoding()
