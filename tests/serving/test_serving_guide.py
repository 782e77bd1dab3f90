"""The guide to the server: its programs run, its commands are commands, its fields are fields."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import soundfile


pytest.importorskip("openai", reason="the official client is not installed: pip install openai")
pytest.importorskip("prometheus_client")

from tests.serving.live_server import live  # noqa: E402
from valetts_hf.cli import build_parser  # noqa: E402
from valetts_hf.serving.server import create_server_app  # noqa: E402
from valetts_hf.serving.speech_schemas import SpeechRequest  # noqa: E402


GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)


def test_its_programs_run_as_they_stand(tts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    programs = blocks("python")
    with live(create_server_app(tts, voices_folder=tmp_path / "voices")) as address:
        for program in programs:
            assert "//127.0.0.1:8000" in program
            exec(
                compile(program.replace("127.0.0.1:8000", address.removeprefix("http://")), "docs/serving.md", "exec"),
                {},
            )
    for name in ("ferry.mp3", "long.wav", "written.wav"):
        audio, rate = soundfile.read(tmp_path / name)
        assert rate == 24000 and len(audio) > 2400
    assert "-->" in capsys.readouterr().out


def test_its_commands_are_commands():
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("valetts ")]
    assert len(lines) >= 5
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


def test_it_names_every_field():
    missing = {field for field in SpeechRequest.model_fields if f"`{field}`" not in GUIDE} - {"ssml"}
    assert not missing and '"ssml"' in GUIDE


def test_it_names_every_address(tts):
    app = create_server_app(tts)
    app.state.scheduler.close()
    assert not {path for path in app.openapi()["paths"] if path not in GUIDE} - {"/v1/models/{name}"}
