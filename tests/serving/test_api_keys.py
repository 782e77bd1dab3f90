"""API keys: only hashes are kept, only valid ones open, each opens its own voices, each has its own rate."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


pytest.importorskip("prometheus_client")

from fastapi.testclient import TestClient  # noqa: E402

from valetts_hf.serving.api_keys import KeyFile, KeyFileError  # noqa: E402
from valetts_hf.serving.errors import ServiceError  # noqa: E402
from valetts_hf.serving.rate_limits import RateLimit  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def keys(tmp_path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "api-keys.json")


@pytest.fixture
def make_client(tts, keys, tmp_path):
    def make(**settings) -> TestClient:
        return TestClient(create_server_app(tts, ServerSettings(**settings), keys, tmp_path / "voices", demo=True))

    return make


def test_the_file_holds_no_keys(keys):
    key = keys.add("audio guide")
    content = keys.path.read_text()
    assert len(key) > 40 and key not in content and key[-10:] not in content
    if os.name == "posix":
        assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert keys.find(key).name == "audio guide"
    for wrong in ("", key[:-1], key + "x", key.swapcase(), "\udcff"):
        assert keys.find(wrong) is None


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
def test_who_may_read_the_file_still_may_after_a_change(keys):
    """The user of a container does not own the file that is mounted into it."""
    keys.add("audio guide")
    keys.path.chmod(0o644)
    keys.add("another")
    keys.remove("audio guide")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o644


def test_changes_from_several_sides_at_once_are_all_kept(keys):
    """Every writer has read the file at another time; without a lock the last one would undo the others."""
    others = [KeyFile(keys.path) for _ in range(8)]
    for name in ("first", "second"):
        keys.add(name)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda item: item[1].add(f"guide {item[0]}"), enumerate(others)))
    others[0].remove("first")
    others[1].remove("guide 1")
    keys.remove("second")  # it last read the file before all of them
    fresh = KeyFile(keys.path)
    assert {one.name for one in fresh.keys()} == {f"guide {number}" for number in range(8)} - {"guide 1"}
    assert all((fresh.find(key) is not None) == (number != 1) for number, key in enumerate(made))


def test_names_are_unique_and_keys_can_be_taken_back(keys):
    first, second = keys.add("one"), keys.add("two")
    with pytest.raises(ValueError, match="already"):
        keys.add("one")
    with pytest.raises(ValueError, match="cannot name"):
        keys.add("../keys")
    keys.remove("one")
    assert keys.find(first) is None and keys.find(second).name == "two"
    with pytest.raises(ValueError, match="no key named 'one'; there are: two"):
        keys.remove("one")


def test_a_running_server_sees_new_keys(keys):
    running = KeyFile(keys.path)
    assert running.find(key := keys.add("late")) is None or running.keys()
    patience = time.monotonic() + 10
    while running.find(key) is None:
        assert time.monotonic() < patience
        time.sleep(0.1)
    keys.path.write_text("{ damaged")
    time.sleep(1.1)
    assert running.find(key) is not None  # good keys stay good
    with pytest.raises(KeyFileError, match="--add-key"):
        KeyFile(keys.path)


def test_a_file_that_is_taken_away_takes_its_keys_along(keys, monkeypatch):
    monkeypatch.setattr("valetts_hf.serving.api_keys._RECHECK_SECONDS", 0.0)
    key = keys.add("audio guide")
    assert keys.find(key)
    keys.path.unlink()
    assert keys.find(key) is None


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="--keys"):
        KeyFile(tmp_path / "file" / "keys.json").add("one")


def test_without_a_key_nothing_but_health(make_client, keys):
    key = keys.add("one")
    client = make_client()
    for path in ("/healthz", "/metrics"):
        assert client.get(path).status_code == 200
    for headers in ({}, bearer("valetts-wrong"), bearer(""), {"Authorization": key}, {"Authorization": "Basic ???"}):
        for path in ("/v1/voices", "/v1/openapi.json", "/demo/", "/demo/api/info", "/nothing", "/readyz/../v1/voices"):
            assert client.get(path, headers=headers).status_code == 401
        answer = client.post("/v1/audio/speech", headers=headers, content=b"{ not even read")
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"].startswith("Bearer") and "x-frame-options" in answer.headers
    assert client.get("/v1/voices", headers=bearer(key)).status_code == 200
    assert 'valetts_refused_total{reason="invalid_api_key"}' in client.get("/metrics").text


def test_a_browser_sends_the_key_as_a_password(make_client, keys):
    client, key = make_client(), keys.add("one")
    assert client.get("/demo/").headers["www-authenticate"].startswith("Basic")
    password = base64.b64encode(f"anyone:{key}".encode()).decode()
    assert client.get("/demo/", headers={"Authorization": f"Basic {password}"}).status_code == 200


def test_voices_are_seen_by_their_own_key_alone(make_client, keys, voice_wav):
    mine, other = bearer(keys.add("mine")), bearer(keys.add("other"))
    client = make_client()
    made = client.post(
        "/v1/voices",
        headers=mine,
        files={"recording": voice_wav.read_bytes()},
        data={"name": "grandmother", "consent": "she agreed, in writing"},
    )
    assert made.status_code == 201, made.text
    names = {
        who["Authorization"]: {v["id"] for v in client.get("/v1/voices", headers=who).json()["data"]}
        for who in (mine, other)
    }
    assert names[mine["Authorization"]] - names[other["Authorization"]] == {"grandmother"}
    ask = {"input": "Good morning.", "voice": "grandmother", "response_format": "pcm"}
    assert client.post("/v1/audio/speech", headers=mine, json=ask).status_code == 200
    assert client.post("/v1/audio/speech", headers=other, json=ask).status_code == 404
    assert client.delete("/v1/voices/grandmother", headers=other).status_code == 404
    assert client.delete("/v1/voices/grandmother", headers=mine).status_code == 204
    assert client.post("/v1/audio/speech", headers=mine, json=ask).status_code == 404


def test_requests_of_one_key_do_not_use_up_those_of_another(make_client, keys):
    client, busy, calm = make_client(requests_per_minute=3), bearer(keys.add("busy")), bearer(keys.add("calm"))
    statuses = [client.get("/v1/voices", headers=busy).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    answer = client.get("/v1/voices", headers=busy)
    assert 1 <= int(answer.headers["Retry-After"]) <= 20 and answer.json()["error"]["code"] == "rate_limit"
    assert client.get("/v1/voices", headers=calm).status_code == 200


def test_what_one_key_has_heard_is_computed_anew_for_another(make_client, keys):
    """The time of an answer would tell what others had said."""
    client, one, other = make_client(), bearer(keys.add("one")), bearer(keys.add("other"))
    for headers in (one, one, other):
        assert client.post("/v1/audio/speech", headers=headers, json={"input": "A secret."}).status_code == 200
    counted = client.get("/metrics").text
    assert 'valetts_cache_lookups_total{result="hit"} 1.0' in counted
    assert 'valetts_cache_lookups_total{result="miss"} 2.0' in counted


def test_characters_are_counted(make_client, keys):
    client, key = make_client(characters_per_minute=30), bearer(keys.add("one"))
    ask = {"input": "Twenty characters ok", "response_format": "pcm"}
    assert client.post("/v1/audio/speech", headers=key, json=ask).status_code == 200
    assert client.post("/v1/audio/speech", headers=key, json={**ask, "seed": 1}).status_code == 429


def test_a_bucket_fills_up_and_takes_large_things_on_credit():
    now = [0.0]
    limit = RateLimit(60, "requests", clock=lambda: now[0])
    limit.take("a", 60)
    with pytest.raises(ServiceError, match="again in 1 second"):
        limit.take("a")
    now[0] = 1.0
    limit.take("a")
    now[0] = 1000.0
    limit.take("a", 150)  # more than a bucket holds: it needs a full one
    with pytest.raises(ServiceError) as refused:
        limit.take("a")
    assert refused.value.headers["Retry-After"] == "91"
    now[0] = 1091.0
    limit.take("a")
    RateLimit(0, "requests").take("a", 1e9)


def test_a_file_of_keys_is_json_that_people_can_read(keys):
    keys.add("one")
    (entry,) = json.loads(keys.path.read_text())["keys"]
    assert set(entry) == {"owner", "name", "sha256", "created"} and len(entry["sha256"]) == 64
