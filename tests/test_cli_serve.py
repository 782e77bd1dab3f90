"""`valetts serve`: starts, answers, drains on SIGTERM; keys from the command line; nothing public without them."""

from __future__ import annotations

import builtins
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from valetts_hf.cli import build_parser, main


pytest.importorskip(
    "prometheus_client", reason="the server's libraries are not installed: pip install 'valetts-hf[serve]'"
)


def test_keys_are_made_listed_and_taken_back(tmp_path, capsys):
    keys = ["--keys", str(tmp_path / "keys.json")]
    assert main(["serve", *keys, "--add-key", "audio guide"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("valetts-") and len(out.strip().splitlines()) == 1 and "not shown again" in err
    assert main(["serve", *keys, "--list-keys"]) == 0
    assert "audio guide" in (listed := capsys.readouterr().out) and out.strip() not in listed
    assert main(["serve", *keys, "--add-key", "audio guide"]) == 2
    assert main(["serve", *keys, "--remove-key", "audio guide"]) == 0
    assert main(["serve", *keys, "--remove-key", "audio guide"]) == 2
    assert "no key named" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--add-key", "--remove-key"])
def test_a_key_without_a_name_starts_no_server(option, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("valetts_hf.commands.serve.listen", lambda *address: pytest.fail("a server starts"))
    assert main(["serve", "--keys", str(tmp_path / "keys.json"), option, ""]) == 2
    assert "key" in capsys.readouterr().err


def test_no_public_address_without_keys(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path))
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "--add-key" in (said := capsys.readouterr().err) and "--no-keys" in said


def test_without_its_libraries_it_says_how_to_get_them(monkeypatch, capsys):
    original = builtins.__import__

    def without(name, *arguments):
        if name == "prometheus_client":
            raise ImportError("No module named 'prometheus_client'")
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["serve"]) == 1
    assert "pip install 'valetts-hf[serve]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--rate", "-1"], ["--deadline", "0"], ["--cache-mb", "nan"], ["--voice-alias", "alloy"], ["--port", "70000"]],
)
def test_impossible_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *arguments])
    assert stopped.value.code == 2 and arguments[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate", "many"], "argument --rate: 'many' is not a number"),
        (["--deadline", "inf"], "argument --deadline: 'inf' is not a finite number"),
        (["--port", "http"], "argument --port: 'http' is not a whole number"),
        (["--workers", "1.5"], "argument --workers: '1.5' is not a whole number"),
        (["--max-waiting", ""], "argument --max-waiting: '' is not a whole number"),
    ],
)
def test_what_is_no_number(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *arguments])
    assert stopped.value.code == 2 and message in capsys.readouterr().err


def test_the_environment_sets_the_address(monkeypatch):
    monkeypatch.setenv("VALETTS_HOST", "0.0.0.0")
    monkeypatch.setenv("VALETTS_PORT", "8123")
    monkeypatch.setenv("VALETTS_KEYS", "/run/secrets/keys.json")
    args = build_parser().parse_args(["serve"])
    assert (args.host, args.port, args.keys) == ("0.0.0.0", 8123, "/run/secrets/keys.json")


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to drain on")
def test_it_starts_answers_drains_and_ends(tiny_checkpoint):
    command = [sys.executable, "-m", "valetts_hf.cli", "serve", "--port", "0", "--model", str(tiny_checkpoint)]
    server = subprocess.Popen(
        [*command, "--threads", "1", "--workers", "1", "--drain", "2"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        line = next(line for line in server.stderr if line.startswith("answering at "))
        address = line.split()[2].removesuffix("/v1/audio/speech")
        threading.Thread(target=server.stderr.read, daemon=True).start()
        patience = time.monotonic() + 120
        while status_of(f"{address}/readyz") != 200:
            assert time.monotonic() < patience
            time.sleep(0.1)
        long = " ".join(f"Sentence number {number} of a long story." for number in range(15))
        request = urllib.request.Request(
            f"{address}/v1/audio/speech",
            json.dumps({"input": long, "response_format": "pcm"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            first = answer.read(1000)
            server.send_signal(signal.SIGTERM)
            while status_of(f"{address}/readyz") != 503:  # it still answers, and says that it drains
                assert time.monotonic() < patience
            rest = answer.read()  # what has begun is finished
        assert len(first) == 1000 and len(rest) > 15 * 24000
        assert server.wait(60) in (0, -signal.SIGTERM)
        entry = next(json.loads(line) for line in server.stdout if "/v1/audio/speech" in line)
        assert entry["status"] == 200 and entry["key"] is None
    finally:
        server.kill()
        server.wait()
