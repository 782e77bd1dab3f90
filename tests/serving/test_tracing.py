"""Traces: request -> queue -> synthesis -> encode, continued from the client's; nothing that was said is in them."""

from __future__ import annotations

import json
import logging

import pytest


pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")
pytest.importorskip("opentelemetry.sdk", reason="pip install 'valetts-hf[otel]'")

from fastapi.testclient import TestClient  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

from valetts_hf.cli import main  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.tracing import asked_by_environment, make_tracer  # noqa: E402


TEXT = "A secret between us."


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def client(tts, exporter, tmp_path):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = create_server_app(tts, voices_folder=tmp_path / "voices", tracer=provider.get_tracer("test"))
    with TestClient(app) as client:
        yield client


def spans(exporter) -> dict[str, list]:
    found: dict[str, list] = {}
    for span in exporter.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def test_a_request_is_followed_through(client, exporter, caplog):
    trace_id, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with caplog.at_level(logging.INFO, "valetts_hf.serving.access"):
        answer = client.post(
            "/v1/audio/speech",
            json={"input": TEXT, "response_format": "mp3", "voice": "ada"},
            headers={"traceparent": f"00-{trace_id}-{caller}-01"},
        )
    assert answer.status_code == 200
    found = spans(exporter)
    (request,) = found["POST /v1/audio/speech"]
    (queue,) = found["queue"]
    assert format(request.context.trace_id, "032x") == trace_id and format(request.parent.span_id, "016x") == caller
    assert request.attributes["http.response.status_code"] == 200 and request.attributes["valetts.audio_seconds"] > 0
    assert request.attributes["valetts.characters"] == len(TEXT) and request.attributes["valetts.format"] == "mp3"
    assert queue.parent.span_id == request.context.span_id
    steps = {span.context.span_id: span for span in found["synthesis"]}
    assert all(span.parent.span_id == request.context.span_id for span in steps.values())
    assert found["encode"] and all(span.parent.span_id in steps for span in found["encode"])
    assert queue.end_time <= min(span.start_time for span in steps.values())
    audio = sum(span.attributes["valetts.audio_seconds"] for span in steps.values())
    assert audio == pytest.approx(request.attributes["valetts.audio_seconds"], abs=0.01)
    # without the identifiers, whose random digits may well spell "ada"
    everything = str([(span.name, dict(span.attributes), span.events) for span in exporter.get_finished_spans()])
    assert "secret" not in everything and "ada" not in everything
    (line,) = (json.loads(one.getMessage()) for one in caplog.records if one.name.endswith("access"))
    assert line["trace"] == trace_id


def test_failures_and_what_is_cached(client, exporter):
    assert client.post("/v1/audio/speech", json={"input": TEXT, "voice": "nobody"}).status_code == 404
    (request,) = spans(exporter)["POST /v1/audio/speech"]
    assert request.attributes["http.response.status_code"] == 404 and request.parent is None
    exporter.clear()
    for _ in range(2):
        client.post("/v1/audio/speech", json={"input": TEXT})
    first, second = spans(exporter)["POST /v1/audio/speech"]
    assert second.attributes["valetts.cached"] and not first.attributes["valetts.cached"]
    assert len(spans(exporter)["queue"]) == 1


def test_a_websocket_is_one_trace(client, exporter):
    pytest.importorskip("websockets")
    with client.websocket_connect("/v1/audio/stream") as socket:
        socket.send_json({"type": "text", "text": "One two. Three four."})
        socket.send_json({"type": "close"})
        while socket.receive()["type"] != "websocket.close":
            pass
    found = spans(exporter)
    (request,) = found["WEBSOCKET /v1/audio/stream"]
    assert len(found["queue"]) == 2 and request.attributes["valetts.close"] == 1000
    assert {span.context.trace_id for group in found.values() for span in group} == {request.context.trace_id}


def test_health_is_not_traced(client, exporter):
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize(
    "environment, asked",
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_the_standard_variables_ask_for_it(environment, asked):
    assert asked_by_environment(environment) is asked


def test_exporters(monkeypatch, capfd):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    tracer = make_tracer()
    tracer.start_span("seen").end()
    tracer.span_processor.shutdown()
    assert '"seen"' in capfd.readouterr().out
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    assert main(["serve", "--port", "0"]) == 2 and "zipkin" in capfd.readouterr().err
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier pigeon")
    assert main(["serve", "--port", "0"]) == 2 and "pigeon" in capfd.readouterr().err
