"""`valetts demo`: starts, answers, ends; and says what is wrong before it loads a model."""

from __future__ import annotations

import builtins
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from valetts_hf.cli import build_parser, main
from valetts_hf.commands.demo import _settings


ROOT = Path(__file__).resolve().parents[1]


def settings_of(*arguments: str):
    pytest.importorskip("fastapi")
    return _settings(build_parser().parse_args(["demo", *arguments]))


def test_loopback_is_the_default_and_other_addresses_offer_less():
    local, everybody = settings_of(), settings_of("--host", "0.0.0.0")
    assert local.own_voices and "127.0.0.1" in local.allowed_hosts
    assert not everybody.own_voices and not everybody.allowed_hosts
    assert settings_of("--host", "0.0.0.0", "--own-voices").own_voices
    assert not settings_of("--no-own-voices").own_voices


def test_the_environment_sets_the_address(monkeypatch):
    monkeypatch.setenv("VALETTS_DEMO_HOST", "0.0.0.0")
    monkeypatch.setenv("VALETTS_DEMO_PORT", "8123")
    args = build_parser().parse_args(["demo"])
    assert (args.host, args.port) == ("0.0.0.0", 8123)


@pytest.mark.parametrize("port", ["-1", "70000", "http"])
def test_impossible_ports(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--port", port])
    assert stopped.value.code == 2 and port in capsys.readouterr().err


def test_a_port_that_is_taken(capsys):
    pytest.importorskip("fastapi")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["demo", "--port", str(port)]) == 1
    assert f"127.0.0.1:{port}" in (said := capsys.readouterr().err) and "--port" in said


def test_an_address_that_is_none(capsys):
    pytest.importorskip("fastapi")
    assert main(["demo", "--host", "no.such.host.invalid"]) == 1
    assert "no.such.host.invalid" in capsys.readouterr().err


def test_without_its_libraries_it_says_how_to_get_them(monkeypatch, capsys):
    imported = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "uvicorn":
            raise ImportError("No module named 'uvicorn'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert main(["demo"]) == 1
    assert "valetts-hf[demo]" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="ends the server with a signal")
@pytest.mark.parametrize(
    "program", [["-m", "valetts_hf.cli", "demo", "--port", "0", "--model"], [str(ROOT / "deploy/space/app.py")]]
)
def test_it_starts_answers_and_ends(program, tiny_checkpoint):
    pytest.importorskip("fastapi")
    environment = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "MODEL": str(tiny_checkpoint),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, *program, *([str(tiny_checkpoint)] if program[-1] == "--model" else [])]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        address = next(line.split()[4] for line in server.stderr if line.startswith("the page is at "))
        with urllib.request.urlopen(f"{address}/api/info", timeout=60) as answer:
            assert {voice["name"] for voice in json.load(answer)["voices"]} == {"ada", "rui"}
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"ValeTTS" in answer.read()
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
        assert "ferry" not in server.stderr.read()
    finally:
        server.kill()
        server.wait()
