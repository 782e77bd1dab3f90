"""The server around the speech: health, metrics, cache, limits, isolation of clients, the demo inside."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


pytest.importorskip(
    "prometheus_client", reason="the server's libraries are not installed: pip install 'valetts-hf[serve]'"
)

from fastapi.testclient import TestClient  # noqa: E402

from tests.serving.live_server import live  # noqa: E402
from valetts_hf.inference.manner import NOISE_SCALES, PAUSE_SCALES, Manner  # noqa: E402
from valetts_hf.processing.directed_text import (  # noqa: E402
    ENERGY_SHIFTS,
    PITCH_RANGES,
    PITCH_SHIFTS,
    SPEAKING_RATES,
)
from valetts_hf.serving.api_keys import KeyFile  # noqa: E402
from valetts_hf.serving.cores import share_cores, usable_cores  # noqa: E402
from valetts_hf.serving.lifecycle import Stage  # noqa: E402
from valetts_hf.serving.result_cache import ResultCache  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402


TEXT = "The ferry leaves the harbour at seven."


@pytest.fixture
def make_server(tts, tmp_path):
    """Clients of servers with their own settings, warmed up."""
    entered = []

    def make(keys=None, demo=False, **settings) -> TestClient:
        app = create_server_app(tts, ServerSettings(**settings), keys, tmp_path / "voices", demo)
        client = TestClient(app)
        entered.append(client.__enter__())
        while app.state.lifecycle.stage is Stage.STARTING:
            time.sleep(0.01)
        return client

    yield make
    for client in entered:
        client.__exit__(None, None, None)


def test_bodies_that_are_none(make_server):
    client = make_server()
    for body, hint in (
        (b"", "send one, with the header"),
        (b"[]", "send one, with the header"),
        ('{"input": "café"}'.encode("latin-1"), "UTF-8"),
    ):
        answer = client.post("/v1/audio/speech", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and hint in answer.json()["error"]["message"]


def say(client, text=TEXT, **fields):
    return client.post("/v1/audio/speech", json={"input": text, "response_format": "pcm", **fields})


def sample(client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_ready_after_warm_up_and_not_while_draining(tts):
    app = create_server_app(tts)
    client = TestClient(app)  # not entered: nothing has begun
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    app.state.lifecycle.advance(Stage.READY)
    assert client.get("/readyz").json() == {"status": "ready"}
    app.state.lifecycle.advance(Stage.DRAINING)
    app.state.lifecycle.advance(Stage.READY)
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    assert say(client).status_code == 200  # until load balancers have noticed
    app.state.scheduler.close()


def test_a_failed_warm_up_asks_for_a_restart(tts, monkeypatch):
    def broken(self, *arguments, **directions):
        raise RuntimeError("a driver without a device.")

    monkeypatch.setattr(type(tts), "stream", broken)
    with TestClient(app := create_server_app(tts)) as client:
        while app.state.lifecycle.stage is Stage.STARTING:
            time.sleep(0.01)
        assert client.get("/healthz").status_code == 503 and client.get("/readyz").status_code == 503


def test_metrics_count(make_server):
    client = make_server()
    assert say(client).status_code == 200 and say(client, seed=1).status_code == 200
    assert say(client).status_code == 200  # out of the cache
    assert say(client, "").status_code == 400
    assert sample(client, 'valetts_requests_total{route="/v1/audio/speech",status="200"}') == 3
    assert sample(client, 'valetts_requests_total{route="/v1/audio/speech",status="400"}') == 1
    assert sample(client, 'valetts_cache_lookups_total{result="hit"}') == 1
    assert sample(client, "valetts_first_byte_seconds_count") == 3
    assert sample(client, "valetts_real_time_factor_count") == 2
    assert sample(client, "valetts_audio_seconds_total") > 1
    assert sample(client, "valetts_queue_depth") == 0 and sample(client, "valetts_active_requests") == 0
    assert sample(client, "valetts_ready") == 1
    assert sample(client, "process_resident_memory_bytes") > 0


def test_addresses_that_clients_make_up_do_not_fill_the_metrics(make_server):
    client = make_server()
    for number in range(3):
        assert client.get(f"/secret-{number}").status_code == 404
        assert client.get(f"/v1/models/none-{number}").status_code == 404
    text = client.get("/metrics").text
    assert "secret" not in text and "none-" not in text and '"/v1/models/{name}"' in text


def test_the_log_holds_no_texts(make_server, caplog):
    client = make_server()
    with caplog.at_level(logging.INFO, "valetts_hf.serving.access"):
        answer = say(client, "A secret between us.", voice="ada")
        client.get("/healthz")  # every few seconds, from several sides
    (line,) = (record.getMessage() for record in caplog.records if record.name.endswith("access"))
    facts = json.loads(line)
    assert facts["status"] == 200 and facts["characters"] == 20 and facts["seconds"] > 0
    assert facts["id"] == answer.headers["x-request-id"] and facts["bytes"] == len(answer.content)
    del facts["id"]  # hexadecimal: it may spell a name by chance
    assert "secret" not in str(facts) and "ada" not in str(facts)


def test_the_cache_answers_the_same(make_server):
    client = make_server()
    first, second = say(client, response_format="wav"), say(client, response_format="wav")
    assert first.content[44:] == second.content[44:]
    assert int.from_bytes(second.content[40:44], "little") == len(second.content) - 44  # now the length is known
    events = [say(client, response_format="wav", stream_format="sse", seed=9).text for _ in range(2)]
    usage = [json.loads(text.strip().splitlines()[-1].removeprefix("data: "))["usage"] for text in events]
    assert usage[0] == usage[1]
    for change in ({"seed": 1}, {"speed": 1.1}, {"voice": "rui"}, {"language": "de"}, {"pitch_shift": 1}):
        assert say(client, response_format="wav", **change).content[44:] != first.content[44:]


def test_speech_too_long_for_the_cache_is_not_collected(make_server, monkeypatch):
    kept = []
    monkeypatch.setattr(ResultCache, "put", lambda self, key, data, seconds: kept.append(len(data)))
    size = len(say(make_server()).content)
    say(make_server(cache_bytes=8 * size - 8))
    assert kept == [size]


def test_what_fails_before_the_first_bytes_is_an_answer(make_server, tts, monkeypatch):
    """FLAC holds everything back until its end: until then, nothing has been promised."""
    client, whole = make_server(), type(tts).stream

    def breaking(self, *arguments, **directions):
        yield next(whole(self, *arguments, **directions))
        raise ValueError("it cannot be said to its end.")

    monkeypatch.setattr(type(tts), "stream", breaking)
    answer = say(client, response_format="flac")
    assert answer.status_code == 400 and "to its end" in answer.json()["error"]["message"]


def test_a_text_may_be_as_long_as_the_limit(make_server):
    client = make_server(max_characters=len(TEXT))
    assert say(client).status_code == 200
    assert say(client, TEXT + "!").status_code == 413


def test_a_cache_has_a_limit():
    cache = ResultCache(800)
    for number in range(20):
        cache.put(str(number), bytes(100), 1.0)
    cache.put("large", bytes(101), 1.0)
    assert len(cache) == 8 and cache.bytes == 800
    assert cache.get("0") is None and cache.get("large") is None and cache.get("19") == (bytes(100), 1.0)
    cache.get("12")
    cache.put("20", bytes(100), 1.0)
    assert cache.get("12") is not None and cache.get("13") is None  # the least recently used went
    cache.put("20", bytes(50), 1.0)
    assert cache.bytes == 750 and len(cache) == 8
    ResultCache(0).put("nothing", b"a", 1.0)


def test_clients_at_the_same_time_hear_their_own_texts(make_server, tts):
    """Eight clients, two workers: everybody gets exactly what they would have got alone."""
    client = make_server(workers=2, cache_bytes=0)
    texts = [f"Client number {number} has a word to say about {number * 7} things." for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: say(client, text, seed=4), texts))
    for text, answer in zip(texts, answers):
        assert answer.status_code == 200
        samples = np.frombuffer(answer.content, "<i2") / 32767
        np.testing.assert_allclose(samples, tts(text, seed=4).waveform, atol=1e-4)
    assert len({answer.content for answer in answers}) == 8


def test_a_client_that_leaves_stops_its_work(tts):
    import httpx

    text = " ".join(f"Sentence number {number} of a long story." for number in range(400))
    app = create_server_app(tts, ServerSettings(cache_bytes=0))
    with live(app) as address:
        with httpx.stream(
            "POST", f"{address}/v1/audio/speech", json={"input": text, "response_format": "pcm"}, timeout=60
        ) as answer:
            assert next(answer.iter_bytes())
        patience = time.monotonic() + 20
        while app.state.scheduler.pending:
            assert time.monotonic() < patience
            time.sleep(0.02)
        while "valetts_clients_left_total 1.0" not in httpx.get(f"{address}/metrics").text:
            assert time.monotonic() < patience


def test_an_error_in_the_middle_ends_the_connection_and_nothing_else(tts, monkeypatch):
    import httpx

    whole = type(tts).stream

    def breaks(self, text, *arguments, **directions):
        yield from whole(self, text, *arguments, **directions)
        if "break" in text:
            raise RuntimeError("half of a word.")

    monkeypatch.setattr(type(tts), "stream", breaks)
    with live(create_server_app(tts)) as address:
        speech = f"{address}/v1/audio/speech"
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(speech, json={"input": "It will break.", "response_format": "pcm"}, timeout=60)
        assert (
            httpx.post(speech, json={"input": "It will not.", "response_format": "pcm"}, timeout=60).status_code == 200
        )
        assert "valetts_clients_left_total 0.0" in httpx.get(f"{address}/metrics").text  # the fault was the server's


def test_what_is_late_in_the_middle_is_refused_and_has_not_left(tts, monkeypatch):
    import httpx

    whole = type(tts).stream

    def slowly(self, *arguments, **directions):
        yield from whole(self, *arguments, **directions)
        time.sleep(2.0)
        yield from whole(self, *arguments, **directions)

    app = create_server_app(tts, ServerSettings(total_seconds=1.0))
    with live(app) as address:
        monkeypatch.setattr(type(tts), "stream", slowly)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{address}/v1/audio/speech", json={"input": TEXT, "response_format": "pcm"}, timeout=60)
        text = httpx.get(f"{address}/metrics").text
        assert "valetts_clients_left_total 0.0" in text and 'valetts_refused_total{reason="too_late"} 1.0' in text


def test_allowances_that_are_used_up_are_counted(make_server):
    client = make_server(characters_per_minute=len(TEXT))
    assert [say(client, seed=seed).status_code for seed in (1, 2)] == [200, 429]
    assert sample(client, 'valetts_refused_total{reason="rate_limit"}') == 1


def test_full_and_late(make_server, tts, monkeypatch):
    gate, begun = threading.Event(), threading.Event()
    whole = type(tts).stream

    def slowly(self, *arguments, **directions):
        begun.set()
        gate.wait(30)
        return whole(self, *arguments, **directions)

    # Long enough that the third comes while both others still wait, on a busy machine too.
    client = make_server(workers=1, max_waiting=1, first_audio_seconds=4.0)
    monkeypatch.setattr(type(tts), "stream", slowly)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(say, client, seed=seed) for seed in (1, 2)]
        assert begun.wait(30)
        while client.app.state.scheduler.pending < 2:
            time.sleep(0.005)
        refused = say(client, seed=3)
        late = [future.result() for future in waiting]
        gate.set()
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert [answer.status_code for answer in late] == [504, 504]
    assert sample(client, 'valetts_refused_total{reason="busy"}') == 1
    assert sample(client, 'valetts_refused_total{reason="too_late"}') == 2
    while client.app.state.scheduler.pending:
        time.sleep(0.005)
    assert say(client).status_code == 200


def test_texts_have_a_limit(make_server):
    client = make_server(max_characters=100)
    assert say(client, "a" * 101).status_code == 413
    assert say(client, "a" * 2_000_000).status_code == 413


@pytest.mark.parametrize(
    "format, begins", [("json", "{"), ("srt", "1\n00:00:"), ("vtt", "WEBVTT"), ("textgrid", "File")]
)
def test_timestamps(make_server, tts, format, begins):
    client = make_server()
    answer = client.post("/v1/audio/timestamps", json={"input": TEXT, "voice": "ada", "response_format": format})
    assert answer.status_code == 200 and answer.text.startswith(begins)
    if format == "json":
        found, expected = answer.json(), tts(TEXT, voice="ada", seed=0)
        assert found["text"] == TEXT and "frames" not in found
        assert [(word["text"], word["start"]) for word in found["words"]] == [
            (word.text, round(word.start, 4)) for word in expected.words
        ]


@pytest.mark.parametrize("format", ["json", "srt", "vtt", "textgrid"])
def test_timestamps_of_half_a_surrogate_pair(make_server, format):
    """JSON can name one, UTF-8 cannot hold it."""
    client = make_server()
    body = b'{"input": "The ferry \\ud800 leaves.", "response_format": "%s"}' % format.encode()
    answer = client.post("/v1/audio/timestamps", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200 and "ferry" in answer.text
    if format == "json":
        assert answer.json()["text"] == "The ferry \ud800 leaves."
    assert sample(client, "valetts_characters_total") == 19


def test_what_is_no_json_is_said_to_be_none(make_server):
    answer = make_server().post(
        "/v1/audio/speech", content=b'{"input": ', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400 and answer.json()["error"]["message"].startswith(
        "the body is not JSON, character "
    )


def test_styles_and_drawings(make_server, tts):
    client = make_server()
    names = [style["name"] for style in client.get("/v1/styles").json()["data"]]
    assert names == list(tts.styles)
    plain, styled = say(client), say(client, style=names[0])
    assert styled.status_code == 200 and styled.content != plain.content
    assert say(client, style="calm *** 2").status_code == 400
    bad = say(client, sketch={"pitch": {"unit": "furlongs", "values": [0.1, 0.2]}})
    assert bad.status_code == 400 and "furlongs" in bad.json()["error"]["message"]


def test_other_names_for_voices(make_server, tts):
    client = make_server(voice_aliases=(("alloy", "rui"),))
    assert say(client, voice="alloy").content == say(client, voice="rui").content
    with pytest.raises(ValueError, match="'nobody', which is no voice"):
        create_server_app(tts, ServerSettings(voice_aliases=(("alloy", "nobody"),)))


def test_the_demo_is_inside(make_server):
    client = make_server(demo=True)
    assert "<html" in client.get("/demo/").text
    assert client.get("/demo/api/info").json()["sampling_rate"] == 24000
    assert client.post("/demo/api/speak", json={"text": "Hello."}).status_code == 200
    assert make_server().get("/demo/").status_code == 404


def test_the_demo_inside_takes_texts_as_short_as_by_itself(make_server):
    """It speaks in one step: a long text would keep its worker for minutes, until the server counts as failed."""
    for most, taken in ((100_000, 1000), (300, 300)):
        client = make_server(demo=True, max_characters=most)
        assert client.get("/demo/api/info").json()["limits"]["max_characters"] == taken
        assert client.post("/demo/api/predict", json={"text": "a" * (taken + 1)}).status_code == 413


def test_other_sites_are_not_served_unless_named(make_server):
    origin = {"Origin": "https://app.example"}
    preflight = {**origin, "Access-Control-Request-Method": "POST"}
    closed = make_server()
    assert closed.get("/v1/voices", headers=origin).status_code == 403
    assert "access-control-allow-origin" not in closed.options("/v1/audio/speech", headers=preflight).headers
    opened = make_server(allowed_origins=("https://app.example",))
    assert opened.get("/v1/voices", headers=origin).headers["access-control-allow-origin"] == "https://app.example"
    assert opened.options("/v1/audio/speech", headers=preflight).status_code == 200
    assert opened.get("/v1/voices", headers={"Origin": "https://evil.example"}).status_code == 403


def test_pages_of_named_sites_can_read_refusals(make_server, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    client = make_server(keys, allowed_origins=("https://app.example",), requests_per_minute=1)
    origin = {"Origin": "https://app.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
    preflight = client.options("/v1/audio/speech", headers=origin | asked)  # never with a key
    assert preflight.status_code == 200 and "x-stainless-os" in preflight.headers["access-control-allow-headers"]
    key = {"Authorization": f"Bearer {keys.add('page')}"}
    statuses = []
    for headers in ({}, key, key):
        answer = client.get("/v1/voices", headers=origin | headers)
        statuses.append(answer.status_code)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert {"Retry-After", "X-Request-ID"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert statuses == [401, 200, 429]


def test_monitors_may_ask_for_the_head_alone(make_server):
    client = make_server(demo=True)
    for path in ("/healthz", "/readyz", "/demo/", "/demo/static/icon.svg"):
        answer = client.head(path)
        assert answer.status_code == 200 and not answer.content


def test_a_body_that_is_no_object_is_told_how_to_be_one(make_server):
    client = make_server()
    for content, headers in ((b'{"input": "Hi."}', {}), (b"[1]", {"Content-Type": "application/json"})):
        answer = client.post("/v1/audio/speech", content=content, headers=headers)
        assert answer.status_code == 400 and "`Content-Type: application/json`" in answer.json()["error"]["message"]


def test_health_is_told_by_any_name_and_nothing_else_is(make_server):
    client = make_server(allowed_hosts=("localhost",))
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/v1/voices", 421), ("/metrics", 421)):
        assert client.get(path, headers={"Host": ""}).status_code == status


def test_every_answer_has_secure_headers(make_server):
    client = make_server()
    for path in ("/healthz", "/v1/voices", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


def test_the_description_tells_everything(make_server):
    description = make_server().get("/v1/openapi.json").json()
    assert {"/v1/audio/speech", "/v1/audio/timestamps", "/v1/models", "/v1/voices", "/v1/styles"} <= set(
        description["paths"]
    )
    assert description["components"]["schemas"]["SpeechRequest"]["properties"]["input"]["examples"]


def test_limits_are_those_of_the_sdk(make_server, tts):
    """What the SDK takes is taken, to both ends; what it refuses is refused."""
    client = make_server(demo=True)
    fields = {"pitch_shift": PITCH_SHIFTS, "pitch_range": PITCH_RANGES, "energy_shift": ENERGY_SHIFTS}
    fields |= {"pause_scale": PAUSE_SCALES, "noise_scale": NOISE_SCALES, "speed": SPEAKING_RATES}
    properties = client.get("/v1/openapi.json").json()["components"]["schemas"]["SpeechRequest"]["properties"]
    controls = client.get("/demo/api/openapi.json").json()["components"]["schemas"]["Controls"]["properties"]
    for field, limits in fields.items():
        described = properties[field].get("anyOf", [properties[field]])[0]
        assert (described["minimum"], described["maximum"]) == limits
        own = controls.get({"speed": "speaking_rate"}.get(field, field))
        assert own is None or (own["minimum"], own["maximum"]) == limits
        argument = {"speed": "speaking_rate"}.get(field, field)
        for value in limits:
            Manner.of(**{argument: value})
            assert say(client, "Yes.", **{field: value}).status_code == 200
        with pytest.raises(ValueError):
            Manner.of(**{argument: limits[1] + 0.1})
        assert say(client, "Yes.", **{field: limits[1] + 0.1}).status_code == 400


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ("Hello <b>there</b>.</speak>", (2, "<b>"), "<b>"),
        ('Hello <voice name="nobody">there</voice>.</speak>', (2, "nobody"), "unknown voice 'nobody'"),
        ('Hello <express-as style="nohow">there</express-as>.</speak>', (2, "nohow"), "nohow"),
        ('Hello <break time="soon"/>.</speak>', (2, "soon"), "soon"),
        ("Hello", (1, "<speak>"), "never closed"),
    ],
)
def test_markup_that_cannot_be_spoken_has_a_code_and_a_place(make_server, body, place, words):
    client = make_server()
    lines = ["<speak>", f"  {body}"]
    line, column = place[0], lines[place[0] - 1].index(place[1]) + 1
    for fields in ({}, {"stream_format": "sse"}):
        answer = say(client, "\n".join(lines), ssml=True, **fields)
        error = answer.json()["error"]
        (found,) = error["details"]
        assert (answer.status_code, error["code"]) == (400, "markup")
        assert (found["code"], found["line"], found["column"]) == ("markup", line, column)
        assert words in found["message"] and error["message"].startswith(f"SSML, line {line}, column {column}: ")


def test_cores_are_shared():
    assert share_cores(1) == (1, 1) and share_cores(2) == (2, 1) and share_cores(4) == (2, 2)
    assert share_cores(16) == (4, 4) and share_cores(16, workers=2) == (2, 4) and share_cores(16, threads=1) == (16, 1)


def test_a_container_has_fewer_cores(tmp_path):
    quota = tmp_path / "cpu.max"
    quota.write_text("50000 100000\n")
    assert usable_cores(quota) == 1
    quota.write_text("max 100000\n")
    assert usable_cores(quota) == usable_cores(tmp_path / "none") >= 1


@pytest.mark.parametrize(
    "change",
    [
        {"batch_rows": 0},
        {"first_audio_seconds": 0},
        {"total_seconds": -1},
        {"idle_seconds": 0},
        {"cache_bytes": -1},
        {"requests_per_minute": -1},
        {"allowed_origins": ("*",)},
        {"allowed_origins": ("https://example.org/",)},
    ],
)
def test_impossible_settings(change):
    with pytest.raises(ValueError, match="origin" if "allowed_origins" in change else next(iter(change))):
        ServerSettings(**change)
