"""The WebSocket: what is written is heard sentence by sentence, and nothing that a client sends or leaves undone hurts."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import threading
import time

import numpy as np
import pytest
import soundfile


pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")
pytest.importorskip("websockets", reason="pip install 'valetts-hf[serve]'")

from fastapi.testclient import TestClient  # noqa: E402
from starlette.testclient import WebSocketDenialResponse  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from tests.serving.live_server import live  # noqa: E402
from valetts_hf.serving.api_keys import KeyFile  # noqa: E402
from valetts_hf.serving.errors import ServiceError  # noqa: E402
from valetts_hf.serving.live_places import LivePlaces  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402


PATH = "/v1/audio/stream"


class Client:
    """A program at the other end."""

    def __init__(self, socket):
        self.socket = socket
        assert self.event()["type"] == "ready"

    def send(self, **message) -> None:
        self.socket.send(json.dumps(message))

    def event(self) -> dict:
        got = self.socket.recv(timeout=60)
        assert isinstance(got, str), "audio instead of an event"
        return json.loads(got)

    def until(self, *kinds: str) -> tuple[list[dict], bytes]:
        """Events and audio up to an event of some kind."""
        events, audio = [], b""
        while not events or events[-1]["type"] not in kinds:
            got = self.socket.recv(timeout=60)
            if isinstance(got, bytes):
                audio += got
            else:
                events.append(json.loads(got))
        return events, audio

    def close_code(self) -> int:
        with pytest.raises(ConnectionClosed):
            while True:
                self.socket.recv(timeout=60)
        return self.socket.protocol.close_code


@pytest.fixture
def serve(tts, tmp_path):
    """Servers with their own settings, and clients of them."""
    with contextlib.ExitStack() as stack:

        def start(keys=None, **settings):
            app = create_server_app(tts, ServerSettings(**settings), keys, tmp_path / "voices")
            address = stack.enter_context(live(app)).replace("http://", "ws://") + PATH

            def client(**options) -> Client:
                return Client(stack.enter_context(connect(address, **options)))

            return app, address, client

        yield start


def settled(app) -> bool:
    patience = time.monotonic() + 20
    while app.state.scheduler.pending and time.monotonic() < patience:
        time.sleep(0.02)
    return not app.state.scheduler.pending


def test_sentences_are_spoken_as_they_are_completed(serve, tts):
    _, _, open_client = serve()
    client = open_client()
    client.send(type="configure", voice="ada", language="en-us", seed=3)
    assert client.event() == {"type": "configured", "response_format": "pcm"}
    client.send(type="text", text="The ferry leaves at sev")
    client.send(type="text", text="en. It is la")
    events, _ = client.until("words")  # nobody has said yet how the second one goes on
    assert events[0] == {"type": "sentence", "index": 0, "text": "The ferry leaves at seven.", "start": 0.0}
    client.send(type="text", text="te")
    client.send(type="flush")
    events, _ = client.until("done")
    assert [one["text"] for one in events if one["type"] == "sentence"] == ["It is late"]
    assert events[-1]["sentences"] == 2
    client.send(type="close")
    assert client.event() == {"type": "done", "sentences": 0, "seconds": 0.0}
    assert client.close_code() == 1000


def test_the_audio_is_that_of_the_sdk_and_the_times_fit(serve, tts):
    _, _, open_client = serve()
    client = open_client()
    client.send(type="configure", voice="ada", language="en-us", seed=3)
    client.event()
    client.send(type="text", text="The ferry leaves at seven. It is late.")
    client.send(type="flush")
    events, audio = client.until("done")
    samples = np.frombuffer(audio, "<i2") / 32767
    alone = [tts(text, "en-us", "ada", seed=3) for text in ("The ferry leaves at seven.", "It is late.")]
    starts = [one["start"] for one in events if one["type"] == "sentence"]
    assert starts[0] == 0 and 0.2 < starts[1] - alone[0].duration < 1.0  # a pause, as in one text
    for start, speech in zip(starts, alone):
        place = round(start * 24000)
        np.testing.assert_allclose(samples[place : place + len(speech)], speech.waveform, atol=1e-4)
    words = [word for one in events if one["type"] == "words" for word in one["words"]]
    assert [word["text"] for word in words] == [word.text for speech in alone for word in speech.words]
    expected = [start + word.start for start, speech in zip(starts, alone) for word in speech.words]
    assert [word["start"] for word in words] == pytest.approx(expected, abs=2e-3)
    assert events[-1]["seconds"] == pytest.approx(len(samples) / 24000, abs=1e-3)


@pytest.mark.parametrize("format", ["wav", "mp3", "opus"])
def test_what_lies_between_two_flushes_is_a_file(serve, format):
    _, _, open_client = serve()
    client = open_client()
    client.send(type="configure", response_format=format)
    assert client.event()["response_format"] == format
    for text in ("Good morning. ", "Good night."):
        client.send(type="text", text=text)
        client.send(type="flush")
        events, audio = client.until("done")
        heard, rate = soundfile.read(io.BytesIO(audio))
        assert len(heard) / rate == pytest.approx(events[-1]["seconds"], abs=0.15)


def test_cancel_stops_at_once_and_the_connection_goes_on(serve):
    app, _, open_client = serve()
    client = open_client()
    client.send(type="text", text=" ".join(f"Sentence number {number} of a long story." for number in range(300)))
    client.until("words")
    client.send(type="cancel")
    events, _ = client.until("cancelled")
    assert sum(one["type"] == "sentence" for one in events) < 100 and settled(app)
    client.send(type="text", text="Never mind.")
    client.send(type="flush")
    events, audio = client.until("done")
    assert events[0]["text"] == "Never mind." and events[0]["index"] == 0 and events[-1]["sentences"] == 1
    assert len(audio) / 48000 == pytest.approx(events[-1]["seconds"], abs=1e-4)


def test_a_client_that_leaves_stops_its_work(serve):
    app, _, open_client = serve()
    client = open_client()
    client.send(type="text", text=" ".join(f"Sentence number {number} of a long story." for number in range(300)))
    client.until("words")
    client.socket.close()
    assert settled(app)
    patience = time.monotonic() + 20
    while "valetts_clients_left_total 1.0" not in app.state.metrics.text().decode():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_a_client_that_does_not_listen_fills_no_memory(serve):
    app, _, open_client = serve()
    client = open_client(max_queue=1)
    client.send(type="text", text=" ".join(f"Sentence number {number} of a long story." for number in range(2000)))

    def made() -> str:
        return app.state.metrics.text().decode().split("\nvaletts_audio_seconds_total ")[1].split()[0]

    patience, before = time.monotonic() + 60, None
    while (now := made()) != before or now == "0.0":  # until nothing is added in a second and a half
        assert time.monotonic() < patience
        before = now
        time.sleep(1.5)


def test_what_was_cancelled_waits_no_more(serve):
    _, _, open_client = serve(max_characters=100)
    client = open_client()
    for _ in range(5):
        client.send(type="text", text="One sentence. Two sentences. Three sentences. Four sentences. ")
        client.send(type="cancel")
        client.until("cancelled")


def test_files_without_a_word_do_not_wait_without_end(serve, tts, monkeypatch):
    _, _, open_client = serve(max_characters=50)
    client, spoken = open_client(), threading.Event()
    monkeypatch.setattr(type(tts), "stream", lambda *args, **options: (spoken.wait(30), iter(()))[1])
    client.send(type="text", text="A sentence. ")
    for _ in range(51):
        client.send(type="flush")
    assert client.event()["error"]["code"] == "too_many_files"
    spoken.set()
    assert client.close_code() == 1009


@pytest.mark.parametrize(
    "message, kind, close",
    [
        ("not JSON", "invalid_message", 1008),
        ('{"type": "text", "text": "\\ud800"}', "invalid_message", 1008),
        ("[" * 50_000, "invalid_message", 1008),
        ("[]", "invalid_message", 1008),
        ('{"text": "Hello."}', "invalid_message", 1008),
        ('{"type": "sing"}', "invalid_message", 1008),
        (b"\x00\x01", "invalid_message", 1003),
        (json.dumps({"type": "text", "text": "a" * 200_000}), "text_too_long", 1009),
        ('{"type": "text"}', "invalid_request", None),
        ('{"type": "configure", "speed": 99}', "invalid_request", None),
        ('{"type": "configure", "sped": 1}', "invalid_request", None),
        ('{"type": "configure", "response_format": "flac"}', "invalid_request", None),
        ('{"type": "configure", "voice": "../../etc/passwd"}', "voice_not_found", None),
        ('{"type": "configure", "language": "klingon"}', "invalid_value", None),
        ('{"type": "configure", "model": "gpt-9"}', "model_not_found", None),
    ],
)
def test_bad_messages(serve, message, kind, close):
    """What is merely wrong is said; what is no message of this protocol ends the connection."""
    _, _, open_client = serve()
    client = open_client()
    client.socket.send(message)
    event = client.event()
    assert event["type"] == "error" and event["error"]["code"] == kind and event["error"]["message"]
    if close is not None:
        assert client.close_code() == close
        return
    client.send(type="text", text="Good morning.")
    client.send(type="flush")
    assert client.until("done")[0][-1]["sentences"] == 1


def test_ten_megabytes_are_not_even_read(serve):
    """The head of a frame is enough for the answer: nothing that follows is waited for."""
    _, _, open_client = serve()
    client = open_client()
    final_text, masked_long = 0x81, 0x80 | 127
    client.socket.socket.sendall(struct.pack("!BBQ4s", final_text, masked_long, 10_000_000, b"mask"))
    assert client.close_code() == 1009


def test_the_limit_holds_without_the_help_of_the_server_below(tts):
    app = create_server_app(tts, ServerSettings(max_request_bytes=2000))
    with TestClient(app) as client, client.websocket_connect(PATH) as socket:
        assert socket.receive_json()["type"] == "ready"
        socket.send_json({"type": "text", "text": "a" * 3000})
        assert socket.receive_json()["error"]["code"] == "too_large"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1009


def test_what_cannot_be_said_is_skipped(serve, tts, monkeypatch):
    whole = type(tts).stream

    def refuses(self, text, *arguments, **directions):
        if "unspeakable" in text:
            raise ValueError("the text has a word that cannot be read.")
        if "defect" in text:
            raise RuntimeError("half of a word.")
        return whole(self, text, *arguments, **directions)

    _, _, open_client = serve()
    client = open_client()
    monkeypatch.setattr(type(tts), "stream", refuses)
    client.send(type="text", text="One two. An unspeakable thing. Three four.")
    client.send(type="flush")
    events, _ = client.until("done")
    (error,) = (one for one in events if one["type"] == "error")
    assert error["index"] == 1 and "cannot be read" in error["error"]["message"]
    assert [one["index"] for one in events if one["type"] == "sentence"] == [0, 2]
    client.send(type="text", text="A defect.")
    client.send(type="flush")
    events, _ = client.until("error")
    assert events[-1]["error"]["code"] == "internal" and client.close_code() == 1011


def test_keys_are_asked_for(serve, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    key = keys.add("somebody")
    _, address, open_client = serve(keys)
    for headers in ({}, {"Authorization": "Bearer valetts-wrong"}):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, additional_headers=headers)
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body)["error"]["code"] == "invalid_api_key"
    open_client(additional_headers={"Authorization": f"Bearer {key}"})
    client = open_client(subprotocols=["valetts", f"valetts-key.{key}"])  # the way of a page in a browser
    assert client.socket.subprotocol == "valetts"


def test_a_key_that_was_removed_opens_nothing_any_more(serve, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    key = keys.add("somebody")
    keys.add("somebody else")
    app, _, open_client = serve(keys)
    client = open_client(additional_headers={"Authorization": f"Bearer {key}"})
    client.send(type="text", text="Yes. ")
    client.send(type="flush")
    client.until("done")
    keys.remove("somebody")
    client.send(type="text", text="No. ")
    client.send(type="flush")
    events, audio = client.until("error")
    assert events[-1]["error"]["code"] == "invalid_api_key" and not audio and client.close_code() == 1008
    assert settled(app)


def test_pages_of_other_sites_are_refused(serve):
    app, address, open_client = serve(allowed_origins=("https://app.example",))
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin="https://evil.example")
    assert refused.value.response.status_code == 403
    open_client(origin="https://app.example")
    open_client(origin=address.replace("ws://", "http://").removesuffix(PATH))  # its own page


def test_another_name_for_this_machine_is_refused(tts):
    app = create_server_app(tts, ServerSettings(allowed_hosts=("localhost",)))
    with TestClient(app, base_url="http://evil.example") as client:
        with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect(PATH):
            pass
        assert refused.value.status_code == 421


def test_allowances_hold(serve):
    app, address, open_client = serve(characters_per_minute=40)
    client = open_client()
    client.send(type="text", text="This sentence has some forty characters in. And this one has too many. ")
    events, _ = client.until("error")
    assert events[-1]["error"]["code"] == "rate_limit" and events[-1]["retry_after"] > 0
    assert client.close_code() == 1013
    assert b'valetts_refused_total{reason="rate_limit"} 1.0' in app.state.metrics.text()
    _, _, open_client = serve(requests_per_minute=2)
    client = open_client()
    for _ in range(2):  # the connection, and one more utterance
        client.send(type="text", text="Yes.")
        client.send(type="flush")
        client.until("done")
    client.send(type="text", text="No.")
    client.send(type="flush")
    assert client.until("error")[0][-1]["error"]["code"] == "rate_limit"


def test_there_is_an_end_to_connections_and_to_silence(serve):
    _, address, open_client = serve(workers=1, max_waiting=0, idle_seconds=1.0)
    client = open_client()
    with pytest.raises(InvalidStatus) as refused:
        connect(address)
    assert refused.value.response.status_code == 429 and "Retry-After" in refused.value.response.headers
    assert client.event()["error"]["code"] == "idle" and client.close_code() == 1001
    open_client()  # there is room again


def test_no_key_takes_the_places_of_others(serve, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    first = {"Authorization": f"Bearer {keys.add('first')}"}
    app, address, open_client = serve(keys, workers=1, max_waiting=5)
    for _ in range(4):  # a single key has nobody to leave places to
        open_client(additional_headers=first)
    second, third = ({"Authorization": f"Bearer {keys.add(name)}"} for name in ("second", "third"))
    time.sleep(1.1)  # the server looks for new keys every second
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers=first)
    error = json.loads(refused.value.response.body)["error"]
    assert refused.value.response.status_code == 429 and refused.value.response.headers["Retry-After"] == "5"
    assert error["code"] == "rate_limit" and "4 connections" in error["message"] and "2 are left" in error["message"]
    assert b'valetts_refused_total{reason="rate_limit"} 1.0' in app.state.metrics.text()
    open_client(additional_headers=second)
    with pytest.raises(InvalidStatus):
        connect(address, additional_headers=second)
    open_client(additional_headers=third)


def test_places_of_those_who_left_are_shared_anew():
    places = LivePlaces(6, shared=lambda: True)
    for _ in range(3):
        places.take("first")
    with pytest.raises(ServiceError, match="3 connections open"):
        places.take("first")
    places.take("second")
    for _ in range(2):
        places.leave("first")
    places.take("second")
    assert places.open == 3
    for owner in ("first", "third", "fourth"):
        places.take(owner)
    with pytest.raises(ServiceError, match="6 connections are open already"):
        places.take("fifth")


def test_deadlines_hold(serve, tts, monkeypatch):
    whole = type(tts).stream

    def slowly(self, *arguments, **directions):
        time.sleep(1.0)
        return whole(self, *arguments, **directions)

    app, _, open_client = serve(first_audio_seconds=0.3)
    client = open_client()
    monkeypatch.setattr(type(tts), "stream", slowly)
    client.send(type="text", text="Good morning.")
    client.send(type="flush")
    assert client.until("error")[0][-1]["error"]["code"] == "too_late" and client.close_code() == 1013
    assert settled(app)


def test_many_at_the_same_time_hear_their_own_texts(serve, tts):
    from concurrent.futures import ThreadPoolExecutor

    _, _, open_client = serve(workers=2)
    texts = [f"Client number {number} has a word to say about {number * 7} things." for number in range(6)]
    clients = [open_client() for _ in texts]

    def ask(client: Client, text: str) -> bytes:
        client.send(type="configure", seed=4)
        client.event()
        for start in range(0, len(text), 5):
            client.send(type="text", text=text[start : start + 5])
        client.send(type="flush")
        return client.until("done")[1]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, clients, texts))
    for text, answer in zip(texts, answers):
        np.testing.assert_allclose(np.frombuffer(answer, "<i2") / 32767, tts(text, seed=4).waveform, atol=1e-4)


def test_a_websocket_at_another_address_is_no_defect(serve):
    app, address, _ = serve()
    with pytest.raises(InvalidStatus) as refused:
        connect(address.replace(PATH, "/v1/audio/speech"))
    assert refused.value.response.status_code == 403
    patience = time.monotonic() + 20
    while b'valetts_requests_total{route="other",status="403"} 1.0' not in app.state.metrics.text():
        assert time.monotonic() < patience, app.state.metrics.text().decode()


def test_connections_are_counted_and_logged_without_texts(serve, caplog):
    import logging

    app, _, open_client = serve()
    with caplog.at_level(logging.INFO, "valetts_hf.serving.access"):
        client = open_client()
        assert "valetts_live_connections 1.0" in app.state.metrics.text().decode()
        client.send(type="text", text="A secret between us.")
        client.send(type="close")
        client.until("done")
        assert client.close_code() == 1000
        patience = time.monotonic() + 20
        while not (lines := [one.getMessage() for one in caplog.records if PATH in one.getMessage()]):
            assert time.monotonic() < patience
    facts = json.loads(lines[0])
    assert facts["status"] == 101 and facts["close"] == 1000 and facts["audio_seconds"] > 0 and facts["bytes"] > 1000
    assert "secret" not in lines[0]
    assert f'valetts_requests_total{{route="{PATH}",status="101"}} 1.0' in app.state.metrics.text().decode()
