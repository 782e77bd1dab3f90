"""The requests of the demo page: what they answer, and that every bad one is answered in words."""

from __future__ import annotations

import base64
import io
import threading

import numpy as np
import pytest
import soundfile

from tests.conftest import voice_like


TEXT = "The ferry leaves the harbour at seven."


def wav(seconds: float = 6.0, rate: int = 22050, f0: float = 120.0) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, voice_like(seconds, rate, f0), rate, format="WAV")
    return buffer.getvalue()


def predicted(client, **changes):
    answer = client.post("/api/predict", json={"text": TEXT, "seed": 3, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def spoken(client, **changes):
    answer = client.post("/api/speak", json={"text": TEXT, "seed": 3, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def samples_of(answer) -> np.ndarray:
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(answer["audio"])))
    assert rate == answer["sampling_rate"]
    return audio


def upload(client, data: bytes, consent: str = "my own voice", name: str = "Ana"):
    return client.post("/api/voices", files={"recording": ("x", data)}, data={"consent": consent, "name": name})


def refused(answer, status: int, code: str) -> str:
    """The words of an error in the one shape that all have."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code and len(error["message"]) > 10
    return error["message"]


# -- what there is


def test_info_lists_what_can_be_asked_for(client, tts):
    info = client.get("/api/info").json()
    assert [language["code"] for language in info["languages"]] == tts.languages
    assert {voice["name"] for voice in info["voices"]} == {"ada", "rui"}
    assert info["limits"]["max_characters"] == 1000
    for voice in info["voices"]:
        spoken(client, voice=voice["name"])


def test_own_voices_are_offered_only_where_settings_say_so(make_client, tts, tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path))
    tts.mix([("ada", 1.0), ("rui", 1.0)], name="both").save_pretrained(tmp_path / "voices" / "both")
    with make_client(own_voices=True) as client:
        (own,) = [voice for voice in client.get("/api/info").json()["voices"] if voice["yours"]]
        assert own["name"] == "both"
        spoken(client, voice="both")
    with make_client() as client:
        assert not any(voice["yours"] for voice in client.get("/api/info").json()["voices"])
        refused(client.post("/api/predict", json={"text": TEXT, "voice": "both"}), 404, "voice_unknown")


# -- prediction and speech


def test_predict_gives_words_sounds_and_curves_on_one_time_axis(client):
    answer = predicted(client)
    assert [word["text"] for word in answer["words"]] == TEXT.split()
    assert answer["language"] == "en-us" and answer["seed"] == 3
    for kind in ("words", "phonemes"):
        times = [(one["start"], one["end"]) for one in answer[kind]]
        assert all(0 <= start <= end <= answer["duration"] + 0.02 for start, end in times)
        assert [start for start, _ in times] == sorted(start for start, _ in times)
    assert len(answer["pitch"]) == len(answer["energy"])
    assert abs(len(answer["pitch"]) * answer["step"] - answer["duration"]) < 0.05
    assert all(value is None or 20 < value < 2000 for value in answer["pitch"])


def test_what_is_predicted_is_what_is_spoken(client):
    said, foreseen = spoken(client), predicted(client)
    assert said["prosody"] == foreseen and said["seed"] == foreseen["seed"]
    assert [word["text"] for word in said["words"]] == TEXT.split()
    assert len(samples_of(said)) / said["sampling_rate"] == pytest.approx(said["duration"], abs=0.001)
    for heard, expected in zip(said["words"], foreseen["words"]):
        assert heard["end"] - heard["start"] == pytest.approx(expected["end"] - expected["start"], abs=0.02)


def test_a_drawing_is_followed_where_it_is_and_leaves_the_times_alone(client):
    plain = predicted(client)
    frames = slice(*(int(plain["words"][-1][at] / plain["step"]) for at in ("start", "end")))
    before = np.mean([hz for hz in plain["pitch"][frames] if hz])
    words = [{**word, **{at: word[at] / plain["duration"] for at in ("start", "end")}} for word in plain["words"]]
    place = [words[-1]["start"], min(words[-1]["end"], 1.0)]
    wanted = before * (1.35 if before < 500 else 0.74)
    curve = {"unit": "hz", "positions": place, "values": [wanted, wanted]}
    drawn = spoken(client, sketch={"words": words, "pitch": curve})
    assert drawn["prosody"]["words"] == plain["words"] and drawn["audio"] != spoken(client)["audio"]
    after = np.mean([hz for hz in drawn["prosody"]["pitch"][frames] if hz])
    # Made natural, so not exactly what was drawn.
    assert abs(np.log(after / wanted)) < 0.6 * abs(np.log(before / wanted)), (before, wanted, after)


def test_the_same_seed_says_the_same_again(client):
    first, again, other = (spoken(client, seed=seed)["audio"] for seed in (5, 5, 6))
    assert first == again != other


def test_controls_are_obeyed(client):
    plain = predicted(client)
    fast = predicted(client, controls={"speaking_rate": 2.0})
    assert fast["duration"] < 0.75 * plain["duration"]
    high = predicted(client, controls={"pitch_shift": 12.0})
    ratios = [b / a for a, b in zip(plain["pitch"], high["pitch"]) if a and b]
    assert np.median(ratios) == pytest.approx(2.0, abs=0.02)


def test_a_long_text_has_one_time_axis(client):
    answer = spoken(client, text=" ".join(f"Sentence number {count}." for count in "one two three four".split()))
    starts = [word["start"] for word in answer["words"]]
    assert len(starts) == 12 and starts == sorted(starts)
    prosody = answer["prosody"]
    assert len(prosody["pitch"]) * prosody["step"] == pytest.approx(prosody["duration"], abs=0.01)
    assert None in prosody["energy"], "there are pauses between sentences"


def test_requests_may_not_say_what_nobody_asked(client):
    message = refused(client.post("/api/speak", json={"text": TEXT, "model": "x"}), 422, "invalid_request")
    assert "model" in message


# -- voices out of uploads


def test_a_recording_becomes_a_voice_for_whoever_holds_its_key(client):
    answer = upload(client, wav())
    assert answer.status_code == 201, answer.text
    voice = answer.json()
    assert voice["name"] == "Ana" and voice["speech_seconds"] > 4
    assert spoken(client, voice=voice["key"])["audio"] != spoken(client)["audio"]
    assert voice["key"] not in client.get("/api/info").text
    assert client.delete(f"/api/voices/{voice['key']}").status_code == 204
    refused(client.post("/api/speak", json={"text": TEXT, "voice": voice["key"]}), 404, "voice_forgotten")
    refused(client.delete(f"/api/voices/{voice['key']}"), 404, "voice_forgotten")


def test_nothing_of_an_upload_is_written(client, tmp_path, monkeypatch):
    monkeypatch.setenv("VALETTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))
    assert upload(client, wav(f0=140.0)).status_code == 201
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("name", ["", "  ", "João & Ana's voice!", "../../etc/passwd", "x" * 64])
def test_any_name_will_do(client, name):
    answer = upload(client, wav(), name=name)
    assert answer.status_code == 201, answer.text
    assert "/" not in answer.json()["name"] and answer.json()["name"]


def test_no_voice_without_consent(client):
    refused(upload(client, wav(), consent=" "), 422, "no_consent")
    refused(upload(client, wav(), consent="yes"), 422, "no_consent")


def test_poor_recordings_are_refused_with_the_gates_words(client):
    answer = upload(client, wav(seconds=2.5))
    message = refused(answer, 422, "poor_recording")
    assert "5" in message and [one["code"] for one in answer.json()["error"]["details"]] == ["short"]
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.3 * rng.standard_normal(6 * 24000), 24000, format="FLAC")
    refused(upload(client, buffer.getvalue()), 422, "poor_recording")


def test_silence_is_no_voice(client):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(6 * 24000), 24000, format="WAV")
    refused(upload(client, buffer.getvalue()), 422, "voice")


@pytest.mark.parametrize(
    "data, word",
    [
        (b"\x1a\x45\xdf\xa3" + b"\0" * 100, "WebM"),
        (b"\0\0\0\x20ftypM4A " + b"\0" * 100, "MP4"),
        (b"%PDF-1.7" + b"\0" * 100, "PDF"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture"),
        (b"PK\x03\x04" + b"\0" * 100, "archive"),
        (b"\xff\xf1\x50\x80" + b"\0" * 100, "AAC"),
        (b"just some words, no sound at all, whatever the name of the file says", "kind of file"),
    ],
)
def test_what_is_no_recording_is_named(client, data, word):
    assert word in refused(upload(client, data), 415, "unsupported_audio")


@pytest.mark.parametrize("data", [b"", b"RIFF"])
def test_empty_recordings(client, data):
    refused(upload(client, data), 422, "empty_recording")


@pytest.mark.parametrize("cut", [60, 4000])
def test_damaged_recordings(client, cut):
    header_alone = wav()[:cut] if cut < 100 else b"fLaC" + b"\1" * cut
    answer = upload(client, header_alone)
    assert answer.status_code == 422 and len(answer.json()["error"]["message"]) > 20


def test_a_form_without_a_recording(client):
    assert "recording" in refused(client.post("/api/voices", data={"consent": "my own"}), 422, "invalid_request")


# -- bad requests


@pytest.mark.parametrize("text", ["", "   ", "…!?", "\0\1\2", "😀😀"])
def test_nothing_to_say(client, text):
    for path in ("predict", "speak", "ssml"):
        answer = client.post(f"/api/{path}", json={"text": text})
        assert answer.status_code == 422 and answer.json()["error"]["code"] in ("nothing_to_say", "invalid_value")


@pytest.mark.parametrize(
    "change",
    [
        {"controls": {"speaking_rate": 0}},
        {"controls": {"speaking_rate": 100}},
        {"controls": {"pitch_shift": 99}},
        {"controls": {"pause_scale": -1}},
        {"controls": {"energy_shift": "loud"}},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": 2**60},
        {"text": 5},
        {"text": None},
        {"voice": {"style": [1.0]}},
        {"sketch": {"pitch": {"unit": "hz", "values": ["high"]}}},
        {"sketch": {"pitch": [[0, 1]]}},
        {"sketch": "up"},
    ],
)
def test_values_out_of_range_are_named(client, change):
    message = refused(client.post("/api/speak", json={"text": TEXT, **change}), 422, "invalid_request")
    assert next(iter(change)) in message and TEXT not in message


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(client, number):
    body = '{"text": "Hello.", "controls": {"pitch_shift": NUMBER}}'.replace("NUMBER", number)
    headers = {"Content-Type": "application/json"}
    refused(client.post("/api/speak", content=body, headers=headers), 422, "invalid_request")
    body = '{"text": "Hello.", "sketch": {"pitch": {"unit": "hz", "values": [NUMBER, 9]}}}'.replace("NUMBER", number)
    refused(client.post("/api/speak", content=body, headers=headers), 422, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"text"'])
def test_bodies_that_are_no_request(client, body):
    answer = client.post("/api/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    "voice", ["nobody", "/etc/passwd", "../rui", "owner/repo", "https://example.org/x.wav", "clip-guess"]
)
def test_voices_are_never_paths(client, voice):
    answer = client.post("/api/speak", json={"text": TEXT, "voice": voice})
    refused(answer, 404, "voice_forgotten" if voice.startswith("clip-") else "voice_unknown")


@pytest.mark.parametrize(
    "curve, word",
    [
        ({"unit": "hz", "values": [200, 5]}, "40"),
        ({"unit": "miles", "values": [200]}, "miles"),
        ({"unit": "db", "values": [1]}, "db"),
        ({"unit": "hz", "values": []}, "at least one"),
        ({"unit": "hz", "values": [None, None]}, "NaN"),
        ({"unit": "relative", "values": [0, 0, 0]}, "every value"),
        ({"unit": "hz", "positions": [0.1, 0.1], "values": [200, 300]}, "two values"),
        ({"unit": "hz", "positions": [0.5, 0.1], "values": [200, 300]}, "backwards"),
        ({"unit": "hz", "positions": [0.5, 1.5], "values": [200, 300]}, "1.5"),
        ({"unit": "hz", "positions": [0.5], "values": [200, 300]}, "positions"),
        ({"unit": "hz", "values": [200] * 20_001}, "20001"),
    ],
)
def test_sketches_that_cannot_be(client, curve, word):
    answer = client.post("/api/speak", json={"text": TEXT, "sketch": {"pitch": curve}})
    assert word in refused(answer, 422, "sketch")


def test_a_sketch_of_another_text(client):
    words = [{"text": "one", "start": 0.0, "end": 0.5}, {"text": "two", "start": 0.5, "end": 1.0}]
    sketch = {"words": words, "pitch": {"unit": "hz", "values": [100, 200]}}
    refused(client.post("/api/speak", json={"text": TEXT, "sketch": sketch}), 422, "sketch")
    refused(client.post("/api/speak", json={"text": TEXT, "sketch": {}}), 422, "sketch")


@pytest.mark.parametrize("style", ["clip:/etc/passwd", "voice:ada", "no-such-style", "token:99", "token:0*", "style:"])
def test_styles_are_those_of_the_list(client, style):
    refused(client.post("/api/speak", json={"text": TEXT, "style": style}), 422, "style")


def test_unknown_language(client):
    assert "klingon" in refused(
        client.post("/api/predict", json={"text": TEXT, "language": "klingon"}), 422, "language"
    )


def test_a_text_that_is_too_long(client, make_client):
    message = refused(client.post("/api/speak", json={"text": "word " * 300}), 413, "text_too_long")
    assert "1000" in message
    with make_client(max_characters=5) as small:
        refused(small.post("/api/predict", json={"text": "Hello there."}), 413, "text_too_long")


def test_addresses_and_methods_that_are_not_there(client):
    refused(client.get("/api/nothing"), 404, "not_found")
    refused(client.get("/api/speak"), 405, "method_not_allowed")
    refused(client.get("/static/../app.py"), 404, "not_found")
    refused(client.get("/static/%2e%2e/app.py"), 404, "not_found")


def test_a_defect_is_answered_too_and_its_log_quotes_nothing(client, tts, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError(f"cannot say {TEXT!r}")

    monkeypatch.setattr(type(tts), "__call__", broken)
    message = refused(client.post("/api/speak", json={"text": TEXT}), 500, "internal")
    assert "ferry" not in message and "ferry" not in caplog.text and "RuntimeError" in caplog.text
    monkeypatch.undo()
    spoken(client)


def test_texts_are_not_logged(client, caplog):
    caplog.set_level("DEBUG")
    spoken(client)
    client.post("/api/speak", json={"text": TEXT, "voice": "nobody"})
    assert "ferry" not in "".join(record.getMessage() for record in caplog.records if "valetts" in record.name)


# -- the page and its description


def test_the_page_and_everything_it_names_is_there(client):
    import re

    page = client.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    names = re.findall(r'(?:href|src)="(static/[^"#]+)"', page.text)
    assert len(names) >= 5
    for name in names:
        assert client.get("/" + name).status_code == 200, name
    assert "http://" not in page.text and "https://" not in page.text, "the page works offline"


def test_the_description_names_every_request(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert set(paths) == {"/api/info", "/api/predict", "/api/speak", "/api/ssml", "/api/voices", "/api/voices/{key}"}


def test_another_application_can_mount_it(tts):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from valetts_hf.serving.app import create_demo_app
    from valetts_hf.serving.settings import DemoSettings

    server = FastAPI()
    server.mount("/demo", create_demo_app(tts, DemoSettings(max_upload_bytes=2000)))
    client = TestClient(server)
    assert client.get("/demo/").status_code == 200 and client.get("/demo/static/js/main.js").status_code == 200
    assert client.post("/demo/api/predict", json={"text": TEXT}).status_code == 200
    refused(client.post("/demo/api/voices", files={"recording": b"x" * 3000}), 413, "too_large")
    refused(client.get("/demo/api/nothing"), 404, "not_found")


def test_a_busy_server_answers_429(make_client, tts, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    gate, begun = threading.Event(), threading.Event()
    speak = type(tts).__call__

    def slowly(self, *args, **kwargs):
        begun.set()
        gate.wait(30)
        return speak(self, *args, **kwargs)

    monkeypatch.setattr(type(tts), "__call__", slowly)
    with make_client(workers=1, max_waiting=0) as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/api/speak", json={"text": "Hello there."})
        assert begun.wait(30)
        answer = client.post("/api/speak", json={"text": "Hello there."})
        gate.set()
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
        assert first.result().status_code == 200
