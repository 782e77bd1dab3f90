"""Requests that schemathesis makes up out of the server's own description, good and bad: no 500, no hang, every answer as
described."""

from __future__ import annotations

import os

import pytest


pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")
schemathesis = pytest.importorskip("schemathesis", reason="not installed: pip install 'schemathesis>=4'")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis import checks  # noqa: E402

from tests.serving.live_server import live  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402


# Clients of OpenAI's send what we need not understand, such as other query parameters; those are let through.
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.unsupported_method,
]


OPERATIONS = (
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /v1/models",
    "GET /v1/models/{name}",
    "GET /v1/styles",
    "GET /v1/voices",
    "POST /v1/voices",
    "DELETE /v1/voices/{name}",
    "POST /v1/audio/speech",
    "POST /v1/audio/timestamps",
)


@pytest.fixture(scope="module")
def api(tts, tmp_path_factory):
    settings = ServerSettings(max_characters=60, max_own_voices=3)
    app = create_server_app(tts, settings, voices_folder=tmp_path_factory.mktemp("fuzzing") / "voices")
    with live(app) as address:
        yield schemathesis.openapi.from_url(f"{address}/v1/openapi.json")


# Bodies can be wrong, too; of names and of nothing there is no wrong one.
GOOD, BAD = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
CASES = [(one, GOOD) for one in OPERATIONS] + [(one, BAD) for one in OPERATIONS if one.startswith("POST")]
EXAMPLES = int(os.environ.get("VALETTS_FUZZING_EXAMPLES", "15"))  # of each


@pytest.mark.parametrize("operation, mode", CASES, ids=lambda one: getattr(one, "name", one))
def test_answers_are_as_described(api, operation, mode):
    method, path = operation.split()

    @given(api[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def ask(case):
        case.call_and_validate(checks=CHECKS, timeout=30)

    ask()


def test_no_operation_is_left_out(api):
    described = {f"{method.upper()} {path}" for path, item in api.raw_schema["paths"].items() for method in item}
    assert described == set(OPERATIONS)
