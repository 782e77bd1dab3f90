"""Voices over HTTP: made with consent out of what truly is a recording, kept, deleted; nothing else gets in."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile


pytest.importorskip("prometheus_client")

from fastapi.testclient import TestClient  # noqa: E402

from tests.conftest import voice_like  # noqa: E402
from valetts_hf.serving import voices_api  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.server_settings import ServerSettings  # noqa: E402
from valetts_hf.voices.enrolment import enroll_voice  # noqa: E402
from valetts_hf.voices.errors import VoiceFileError  # noqa: E402


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "voices"


@pytest.fixture
def client(tts, folder):
    with TestClient(create_server_app(tts, ServerSettings(max_own_voices=2), voices_folder=folder)) as client:
        yield client


def enrol(client, *recordings: bytes, **form):
    files = [("recording", (f"clip{number}.wav", data, "audio/wav")) for number, data in enumerate(recordings)]
    form = {"name": "ana", "consent": "my own voice", **form}
    return client.post("/v1/voices", files=files, data=form)


def test_a_voice_is_made_listed_used_and_deleted(client, voice_wav, folder):
    made = enrol(client, voice_wav.read_bytes(), language="pt-br")
    assert made.status_code == 201, made.text
    assert made.json()["id"] == "ana" and made.json()["language"] == "pt-br" and made.json()["yours"]
    listed = {voice["id"]: voice for voice in client.get("/v1/voices").json()["data"]}
    assert set(listed) == {"ada", "rui", "ana"} and listed["ana"]["yours"] and not listed["ada"]["yours"]
    ask = {"input": "Good morning.", "response_format": "pcm"}
    spoken = [client.post("/v1/audio/speech", json={**ask, "voice": voice}).content for voice in ("ana", "ada")]
    assert spoken[0] != spoken[1]
    assert enrol(client, voice_wav.read_bytes()).status_code == 409
    assert client.delete("/v1/voices/ana").status_code == 204 and not list(folder.glob("*/*"))
    assert client.delete("/v1/voices/ana").status_code == 404


def test_a_disk_that_fails_is_the_fault_of_the_server(client, voice_wav, monkeypatch, caplog):
    def fail(*_):
        raise VoiceFileError("voice 'ana': No space left on device") from OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("valetts_hf.voices.library.VoiceLibrary.save", fail)
        made = enrol(client, voice_wav.read_bytes())
    assert enrol(client, voice_wav.read_bytes()).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr("valetts_hf.voices.library.VoiceLibrary.remove", fail)
        deleted = client.delete("/v1/voices/ana")
    for answer, what in ((made, "kept"), (deleted, "deleted")):
        assert answer.status_code == 500 and answer.json()["error"]["code"] == "voice_storage"
        assert f"could not be {what}" in answer.json()["error"]["message"]
        assert f"a voice could not be {what}: No space left on device" in caplog.text and "ana" not in caplog.text
    assert client.delete("/v1/voices/..").status_code == 404


def test_a_voice_made_anew_is_not_answered_out_of_the_cache(client, voice_wav):
    ask = {"input": "Good morning.", "response_format": "pcm", "voice": "ana"}
    assert enrol(client, voice_wav.read_bytes()).status_code == 201
    first = client.post("/v1/audio/speech", json=ask).content
    client.delete("/v1/voices/ana")
    buffer = io.BytesIO()
    soundfile.write(buffer, voice_like(6.0, 22050, f0=210.0), 22050, format="WAV")
    assert enrol(client, buffer.getvalue()).status_code == 201
    assert client.post("/v1/audio/speech", json=ask).content != first


@pytest.mark.parametrize(
    "form, status, words",
    [
        ({"consent": ""}, 400, "consent"),
        ({"consent": "yes"}, 400, "consent"),
        ({"name": "../ana"}, 400, "name"),
        ({"name": "/etc/cron.d/ana"}, 400, "name"),
        ({"name": ""}, 400, "name"),
        ({"name": "ada"}, 409, "already"),
        ({"language": "x" * 40}, 400, "language"),
    ],
)
def test_what_is_refused_before_anything_is_read(client, voice_wav, form, status, words, folder):
    answer = enrol(client, voice_wav.read_bytes(), **form)
    assert answer.status_code == status and words in answer.json()["error"]["message"]
    assert not folder.exists()


def hour_of_silence() -> bytes:
    """A small file that unpacks to hundreds of megabytes."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", 8000, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(60):
            file.write(np.zeros(8000 * 60, np.int16))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "recording, status",
    [
        (b"", 400),
        (b"GIF89a" + bytes(100), 415),
        (b"PK\x03\x04" + bytes(1000), 415),
        (b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(30), 415),
        (b"fLaC" + bytes(200), 415),
        (b"OggS" + bytes(200), 415),
        (b"ID3" + bytes(500), 415),
        (hour_of_silence(), 400),
        (bytes(9 << 20), 413),
    ],
    ids=["empty", "gif", "zip", "wav without sound", "flac of zeros", "ogg of zeros", "mp3 of zeros", "bomb", "9 MB"],
)
def test_hostile_uploads(client, recording, status, folder):
    answer = enrol(client, recording)
    assert answer.status_code == status and answer.json()["error"]["message"]
    assert not folder.exists() and client.get("/v1/voices").status_code == 200


@pytest.mark.parametrize(
    "most, names, code", [(9, ["ana"] * 4, "voice_exists"), (1, ["ana", "bea", "eva", "ida"], "too_many_voices")]
)
def test_voices_made_at_the_same_time(tts, folder, voice_wav, monkeypatch, most, names, code):
    """What is looked at when a request comes may have changed when its turn comes."""
    together, recording = threading.Barrier(4), voice_wav.read_bytes()

    def wait_for_all(*arguments, **options):
        together.wait(30)
        return enroll_voice(*arguments, **options)

    monkeypatch.setattr(voices_api, "enroll_voice", wait_for_all)
    settings = ServerSettings(max_own_voices=most, workers=4)
    with TestClient(create_server_app(tts, settings, voices_folder=folder)) as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda name: enrol(client, recording, name=name), names))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["error"]["code"] for answer in refused} == {code}
    assert not any(str(folder) in answer.text for answer in refused)


def test_more_channels_than_a_room_has_are_not_unpacked(client):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((100, 9)), 8000, format="WAV")
    answer = enrol(client, buffer.getvalue())
    assert answer.status_code == 400 and "9 channels" in answer.json()["error"]["message"]


def test_a_language_that_there_is_not(client, voice_wav, folder):
    answer = enrol(client, voice_wav.read_bytes(), language="zz")
    assert answer.status_code == 400 and "'zz'" in answer.json()["error"]["message"] and not folder.exists()
    assert enrol(client, voice_wav.read_bytes(), language="pt_BR").json()["language"] == "pt-br"


def test_refusals_are_counted(client, voice_wav):
    client.app.state.scheduler.room = 0
    assert enrol(client, voice_wav.read_bytes()).status_code == 429
    assert 'valetts_refused_total{reason="busy"} 1.0' in client.get("/metrics").text


def test_there_is_an_end_to_clips_and_voices(client, voice_wav):
    recording = voice_wav.read_bytes()
    assert enrol(client, *[recording[:1000]] * 6).json()["error"]["code"] == "too_many_recordings"
    assert [enrol(client, recording, name=name).status_code for name in ("one", "two")] == [201, 201]
    assert enrol(client, recording, name="three").json()["error"]["code"] == "too_many_voices"
