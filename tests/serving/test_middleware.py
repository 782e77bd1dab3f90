"""Size limits by what arrives, headers that keep the page to itself, and no way in for pages of other sites."""

from __future__ import annotations

import pytest

from valetts_hf.serving.settings import LOOPBACK_HOSTS, DemoSettings


def test_ten_megabytes_are_refused_in_words(client):
    answer = client.post("/api/predict", json={"text": "a" * 10_000_000})
    assert answer.status_code == 413 and "larger than 1 MB" in answer.json()["error"]["message"]
    answer = client.post("/api/voices", files={"recording": b"RIFF" + b"\0" * 10_000_000}, data={"consent": "mine"})
    assert answer.status_code == 413 and "larger than 8 MB" in answer.json()["error"]["message"]
    assert client.get("/api/info").status_code == 200


def test_a_body_of_unannounced_size_is_counted_as_it_comes(client):
    pieces = (b" " * 100_000 for _ in range(100))
    answer = client.post("/api/predict", content=pieces, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "too_large"


def test_every_answer_carries_the_headers(client):
    for answer in (client.get("/"), client.get("/api/info"), client.get("/nothing"), client.get("/static/icon.svg")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
    assert client.get("/api/info").headers["cache-control"] == "no-store"


def test_files_of_the_page_are_sent_once(client):
    first = client.get("/static/js/main.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/static/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert client.get("/").headers["cache-control"] == "no-cache"


def test_frames_are_allowed_by_name(make_client):
    with make_client(frame_ancestors=("https://huggingface.co",)) as client:
        answer = client.get("/")
    assert "frame-ancestors https://huggingface.co" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers


def test_pages_of_other_sites_get_nothing(client):
    body = {"text": "Hello."}
    assert client.post("/api/predict", json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/api/predict", json=body, headers={"Origin": "null"}).status_code == 403
    assert client.post("/api/predict", json=body, headers={"Origin": "http://testserver"}).status_code == 200
    behind_a_proxy = {"Origin": "https://tts.example.org", "X-Forwarded-Host": "tts.example.org"}
    assert client.post("/api/predict", json=body, headers=behind_a_proxy).status_code == 200


@pytest.mark.parametrize(
    "host, status", [("127.0.0.1:7860", 200), ("localhost", 200), ("[::1]:80", 200), ("evil.example", 421)]
)
def test_on_loopback_only_its_own_names_are_answered(make_client, host, status):
    with make_client(allowed_hosts=LOOPBACK_HOSTS) as client:
        assert client.get("/api/info", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"max_characters": 0},
        {"workers": 0},
        {"max_waiting": -1},
        {"voice_minutes": 0},
        {"frame_ancestors": ("*",)},
        {"frame_ancestors": ("https://a.example; script-src *",)},
    ],
)
def test_impossible_settings(change):
    with pytest.raises(ValueError, match=next(iter(change)).split("_")[0] if "frame" not in str(change) else "origin"):
        DemoSettings(**change)
