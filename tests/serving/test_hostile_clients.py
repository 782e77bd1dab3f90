"""Clients that mean harm: slow ones, huge ones, recordings that unpack to hours. No 500, no hang, nothing left behind."""

from __future__ import annotations

import gc
import io
import os
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
import soundfile


pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")

from tests.serving.live_server import live  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402
from valetts_hf.serving.slow_clients import PromptProtocol  # noqa: E402


MEGABYTE = 1 << 20


@pytest.fixture
def address(tts, tmp_path, monkeypatch):
    monkeypatch.setattr(PromptProtocol, "head_seconds", 1.0)
    app = create_server_app(tts, ServerSettings(body_seconds=1.5), voices_folder=tmp_path / "voices")
    with live(app) as address:
        yield address


def connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def ended(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up; the timeout of the socket is the failure."""
    found = b""
    try:
        while data := connection.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def silent_file(seconds: int, format: str, subtype: str, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, 1, format=format, subtype=subtype) as file:
        for _ in range(seconds // 60):
            file.write(np.zeros(rate * 60, np.int16))
    return buffer.getvalue()


def enrol(address: str, data: bytes, name: str = "clip.wav", kind: str = "audio/wav") -> httpx.Response:
    form = {"name": "ana", "consent": "my own voice"}
    return httpx.post(f"{address}/v1/voices", files={"recording": (name, data, kind)}, data=form, timeout=60)


@pytest.mark.parametrize(
    "begin", [b"", b"POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "half of a head"]
)
def test_a_request_that_never_comes_is_given_up(address, begin):
    with connected(address) as connection:
        started = time.monotonic()
        connection.sendall(begin)
        assert ended(connection) == b"" and 0.5 < time.monotonic() - started < 10


def test_a_head_letter_by_letter_is_given_up(address):
    with connected(address) as connection:
        started = time.monotonic()
        try:
            for letter in b"GET /v1/models HTTP/1.1\r\nX-Slow: " + b"a" * 200:
                connection.sendall(bytes([letter]))
                time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - started < 8


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/voices"])
def test_a_body_that_never_ends_is_answered_with_408(address, path):
    kind = "multipart/form-data; boundary=x" if path == "/v1/voices" else "application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
    with connected(address) as connection:
        connection.sendall(head.encode() + (b"--x\r\n" if path == "/v1/voices" else b'{"input": "a'))
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 408") and b"too_slow" in answer


def test_one_after_the_other_on_one_connection(address):
    """The patience is for each request anew, and a pause between two is none of its business."""
    with httpx.Client() as client:
        for _ in range(3):
            assert client.get(f"{address}/v1/models").status_code == 200
            time.sleep(0.7)


def test_an_answer_before_the_body_does_not_end_what_comes_after_it(address, monkeypatch):
    """Clients send head and body one after the other, so that a refusal may come between the two."""
    monkeypatch.setattr(PromptProtocol, "linger_seconds", 0.2)
    body = b"x" * (9 * MEGABYTE // 8)  # more than a text may have
    head = b"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with connected(address) as connection:
        connection.sendall(head % len(body))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        connection.sendall(body)
        time.sleep(0.5)
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in ended(connection)


def test_an_answer_that_nobody_takes_is_given_up(address, monkeypatch):
    monkeypatch.setattr(PromptProtocol, "pause_seconds", 1.0)
    body = b'{"response_format": "wav", "input": "' + b"A long story has no end. " * 3000 + b'"}'
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = address.removeprefix("http://").split(":")
        connection.settimeout(20)
        connection.connect((host, int(port)))
        connection.sendall(head.encode() + b"\r\n\r\n" + body)

        def counted(name: str) -> float:
            lines = httpx.get(f"{address}/metrics").text.splitlines()
            return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))

        patience = time.monotonic() + 40
        while not counted("valetts_clients_left_total"):
            assert time.monotonic() < patience
            time.sleep(0.2)
        assert counted("valetts_active_requests") == 0


def test_slow_clients_keep_nobody_else_waiting(address):
    slow = [connected(address) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(b"POST /v1/audio/speech HTTP/1.1\r\n")
        request = {"input": "Hello.", "response_format": "pcm"}
        assert httpx.post(f"{address}/v1/audio/speech", json=request, timeout=60).status_code == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_hundred_megabytes_are_refused_before_they_are_sent(address):
    head = f"POST /v1/voices HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {100 * MEGABYTE}\r\n\r\n"
    with connected(address) as connection:
        connection.sendall(head.encode())
        started = time.monotonic()
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 413") and time.monotonic() - started < 5


def test_megabytes_that_nobody_announced_are_not_kept(address):
    """Chunked, so that only counting helps: the answer is 413 or a closed door, and memory stays where it was."""
    process = psutil.Process()
    most, over = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, process.memory_info().rss)

    before = process.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    first = b'--x\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n\r\n'
    pieces = (b"a" * MEGABYTE if number else first for number in range(101))
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = httpx.post(f"{address}/v1/voices", content=pieces, headers=headers, timeout=60)
        assert answer.status_code in (408, 413)
    except httpx.TransportError:
        pass
    finally:
        over.set()
        watcher.join()
    assert most - before < 60 * MEGABYTE


@pytest.mark.parametrize(
    "make",
    [
        lambda: silent_file(7200, "FLAC", "PCM_16"),
        lambda: silent_file(600, "OGG", "VORBIS"),
        lambda: silent_file(600, "OGG", "OPUS"),
        lambda: silent_file(600, "MP3", "MPEG_LAYER_III", 16000),
    ],
    ids=["flac", "vorbis", "opus", "mp3"],
)
def test_bombs_are_not_unpacked(address, make):
    bomb = make()
    assert len(bomb) < 40 * MEGABYTE
    before = psutil.Process().memory_info().rss
    started = time.monotonic()
    answer = enrol(address, bomb)
    assert answer.status_code in (400, 413) and answer.json()["error"]["code"] in ("recording_too_long", "too_large")
    assert time.monotonic() - started < 20 and psutil.Process().memory_info().rss - before < 100 * MEGABYTE


def test_truncated_and_damaged_recordings_are_answers(address, voice_wav):
    wav = voice_wav.read_bytes()
    samples, rate = soundfile.read(io.BytesIO(wav))
    files = {"wav": wav}
    for format, subtype in (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16")):
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
        files[format] = buffer.getvalue()
    random = np.random.default_rng(0)
    for name, data in files.items():
        damaged = bytearray(data)
        for place in random.integers(12, len(data), 200):
            damaged[place] = int(random.integers(256))
        for part in (data[:60], data[: len(data) // 100], data[: len(data) // 2], bytes(damaged)):
            answer = enrol(address, part)
            assert answer.status_code in (201, 400, 415), (name, len(part), answer.text)
            httpx.delete(f"{address}/v1/voices/ana")


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + bytes(5000),
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        b"<!doctype html><script>alert(1)</script>" * 50,
        b"#!/bin/sh\nreboot\n" * 50,
        b"RIFF\x00\x00\x00\x00WAVE" + b"fmt \xff\xff\xff\xff" * 20,
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\xff\xff\xff\xff\xff\xff" + bytes(100),
        b"fLaC\x00\x00\x00\x22" + b"\xff" * 100,
    ],
    ids=["zip", "png", "html", "script", "endless chunk", "65535 channels", "wrong flac"],
)
def test_what_only_its_name_calls_a_recording_is_refused(address, data):
    answer = enrol(address, data, "voice.wav", "audio/wav")
    assert answer.status_code in (400, 415) and answer.json()["error"]["message"]


def test_nothing_is_left_behind(address, voice_wav, tmp_path, monkeypatch):
    """Temporary files, open files and threads are as many after sixty bad requests as before."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))  # others write to that of the machine
    process = psutil.Process()

    def enrol_badly(number: int) -> None:
        data = [b"PK\x03\x04" + bytes(2 * MEGABYTE), b"fLaC" + bytes(5000), voice_wav.read_bytes()[:50_000]][
            number % 3
        ]
        answer = enrol(address, data)
        assert answer.status_code in (400, 415), answer.text

    def left() -> tuple[int, int, int]:
        gc.collect()
        time.sleep(0.2)
        return len(os.listdir(tempfile.gettempdir())), process.num_fds(), threading.active_count()

    for number in range(6):
        enrol_badly(number)
    before = left()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enrol_badly, range(60)))
    after = left()
    assert after[0] <= before[0] and after[1] <= before[1] + 8 and after[2] <= before[2] + 4
    assert not Path(tmp_path / "voices").exists()
