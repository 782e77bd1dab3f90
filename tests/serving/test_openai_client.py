"""The official client of OpenAI, unchanged, over a real connection."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile


openai = pytest.importorskip("openai", reason="the official client is not installed: pip install openai")
pytest.importorskip("prometheus_client")

TEXT = "The ferry leaves the harbour at seven."
LONG = " ".join(f"This is sentence number {number}, and it takes a while to say." for number in range(6))


@pytest.fixture(scope="module")
def client(tts):
    from tests.serving.live_server import live
    from valetts_hf.serving.server import create_server_app

    with (
        live(create_server_app(tts)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="anything", max_retries=0) as client,
    ):
        yield client


def test_speech_is_what_the_sdk_says(client, tts):
    answer = client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input=TEXT, response_format="wav")
    audio, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    expected = tts(TEXT, seed=0)
    assert rate == tts.sampling_rate
    np.testing.assert_allclose(audio / 32767, expected.waveform, atol=1e-4)


@pytest.mark.parametrize("format", ["mp3", "opus", "flac", "wav"])
def test_formats(client, tts, format):
    answer = client.audio.speech.create(model="tts-1", voice="ada", input=TEXT, response_format=format)
    audio, rate = soundfile.read(io.BytesIO(answer.content))
    assert abs(len(audio) / rate - tts(TEXT, voice="ada", seed=0).duration) < 0.2


def test_mp3_is_the_default(client):
    answer = client.audio.speech.create(model="valetts", voice="ada", input="Good morning.")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert soundfile.info(io.BytesIO(answer.content)).format == "MP3"


def test_pcm_has_no_header(client, tts):
    answer = client.audio.speech.create(model="tts-1", voice="ada", input=TEXT, response_format="pcm")
    assert len(answer.content) == 2 * len(tts(TEXT, voice="ada", seed=0))


def test_a_voice_may_be_named_by_id(client):
    by_name, by_id = (
        client.audio.speech.create(model="tts-1", voice=voice, input=TEXT, response_format="pcm").content
        for voice in ("rui", {"id": "rui"})
    )
    assert by_name == by_id


def test_speed_and_our_own_fields(client, tts):
    fast = client.audio.speech.create(model="tts-1", voice="ada", input=TEXT, response_format="pcm", speed=2.0)
    directed = client.audio.speech.create(
        model="tts-1",
        voice="ada",
        input=TEXT,
        response_format="pcm",
        instructions="Speak like a pirate.",
        extra_body={"seed": 5, "pitch_shift": 2.0, "pause_scale": 1.5, "language": "en-us"},
    )
    assert len(fast.content) == 2 * len(tts(TEXT, voice="ada", speaking_rate=2.0, seed=0))
    same = tts(TEXT, "en-us", "ada", pitch_shift=2.0, pause_scale=1.5, seed=5)
    samples = np.frombuffer(directed.content, "<i2") / 32767
    np.testing.assert_allclose(samples, same.waveform, atol=1e-4)


def test_ssml(client):
    answer = client.audio.speech.create(
        model="tts-1",
        voice="ada",
        input='<speak>Wait <break time="2s"/> for it.</speak>',
        response_format="pcm",
        extra_body={"ssml": True},
    )
    assert len(answer.content) > 2 * 2 * 24000


def test_a_body_can_be_streamed(client, tts):
    pieces = []
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="ada", input=LONG, response_format="pcm"
    ) as answer:
        for piece in answer.iter_bytes():
            pieces.append(piece)
    samples = np.frombuffer(b"".join(pieces), "<i2") / 32767
    assert len(pieces) > 3
    np.testing.assert_allclose(samples, tts(LONG, voice="ada", seed=0).waveform, atol=1e-4)


def test_events(client, tts):
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="ada", input=LONG, response_format="pcm", stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done" and events[-1]["usage"]["input_tokens"] == len(LONG)
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert len(audio) == 2 * len(tts(LONG, voice="ada", seed=0))


def test_models(client):
    assert [model.id for model in client.models.list()] == ["valetts"]
    assert client.models.retrieve("tts-1").id == "tts-1"


@pytest.mark.parametrize(
    "change, kind, words",
    [
        ({"input": "   "}, "BadRequestError", "empty"),
        ({"voice": "nobody"}, "NotFoundError", "no voice 'nobody'"),
        ({"voice": "/etc/passwd"}, "NotFoundError", "no voice"),
        ({"voice": "https://example.org/voice.wav"}, "NotFoundError", "no voice"),
        ({"model": "whisper-1"}, "NotFoundError", "whisper-1"),
        ({"response_format": "midi"}, "BadRequestError", "response_format"),
        ({"speed": 9.0}, "BadRequestError", "speed"),
        ({"extra_body": {"pich_shift": 1}}, "BadRequestError", "pich_shift"),
        ({"extra_body": {"language": "klingon"}}, "BadRequestError", "klingon"),
        ({"extra_body": {"style": "/etc/passwd"}}, "BadRequestError", "style"),
        ({"input": "<speak>", "extra_body": {"ssml": True}}, "BadRequestError", "SSML"),
    ],
)
def test_errors_are_those_of_the_client(client, change, kind, words):
    with pytest.raises(getattr(openai, kind), match=f"(?i){words}") as caught:
        client.audio.speech.create(**{"model": "tts-1", "voice": "ada", "input": TEXT, **change})
    assert caught.value.body["type"] == "invalid_request_error" and caught.value.body["code"]


def test_aac_without_ffmpeg(client, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(openai.BadRequestError, match="ffmpeg"):
        client.audio.speech.create(model="tts-1", voice="ada", input=TEXT, response_format="aac")
