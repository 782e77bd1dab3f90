"""A Ray cluster on this machine: replicas that answer and may die, and rows spoken by actors."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.error
import urllib.request

import pytest


os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # tests tell nobody
ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'valetts-hf[ray]'")
pytest.importorskip("ray.serve", reason="Ray Serve is not installed: pip install 'valetts-hf[ray]'")
pytest.importorskip("ray.data", reason="Ray Data is not installed: pip install 'valetts-hf[ray]'")

from deploy.ray_serve import REPLICA_HEADER, Arguments, build  # noqa: E402
from valetts_hf.cli import main  # noqa: E402


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two processors, whatever this machine has."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 << 20,
        log_to_driver=False,
    )
    yield ray
    ray.shutdown()


def ask(text: str) -> tuple[bytes, str]:
    """The audio of a text, and the replica that made it."""
    body = json.dumps({"input": text, "response_format": "wav", "language": "en-us"}).encode()
    headers = {"Content-Type": "application/json", "Connection": "close"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/v1/audio/speech", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read(), answer.headers[REPLICA_HEADER.decode()]


def ask_again(text: str, patience: float = 60.0) -> tuple[bytes, str]:
    """As a client that tries once more does."""
    end = time.monotonic() + patience
    while True:
        try:
            return ask(text)
        except OSError:  # refused, reset, or an answer of 500 and more
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_two_replicas_answer_and_one_may_die(cluster, tiny_checkpoint):
    from ray import serve

    serve.start(http_options={"host": "127.0.0.1", "port": PORT})
    try:
        arguments = Arguments(model=str(tiny_checkpoint), min_replicas=2, max_replicas=2, cpus=1)
        serve.run(build(arguments), name="valetts", route_prefix="/")
        seen: dict[str, bytes] = {}
        for _ in range(200):
            audio, replica = ask("The same text.")
            assert audio[:4] == b"RIFF"
            seen.setdefault(replica, audio)
            if len(seen) == 2:
                break
        assert len(seen) == 2
        assert len(set(seen.values())) == 1  # the same request is the same speech, whoever answers
        (victim,) = [
            actor for actor in ray.util.list_named_actors(all_namespaces=True) if actor["name"].endswith(min(seen))
        ]
        ray.kill(ray.get_actor(victim["name"], namespace=victim["namespace"]))
        answers = [ask_again(f"Text number {number}.") for number in range(6)]
        assert all(audio[:4] == b"RIFF" and replica != min(seen) for audio, replica in answers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask("")
        assert refused.value.code == 400 and "error" in json.loads(refused.value.read())
    finally:
        serve.shutdown()


def test_rows_are_spoken_by_actors(cluster, tiny_checkpoint, tmp_path, capsys):
    source = tmp_path / "rows.jsonl"
    lines = [json.dumps({"id": f"row{number}", "text": f"Number {number}."}) for number in range(5)]
    source.write_text("\n".join([*lines, json.dumps({"id": "nobody", "text": "Hm.", "voice": "nobody"})]))
    options = ["--model", str(tiny_checkpoint), "--json", "--quiet"]
    assert main(["batch", str(source), str(tmp_path / "ray"), "--ray", "local", "--processes", "2", *options]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["spoken"], report["failed"]) == (5, 1)
    assert main(["batch", str(source), str(tmp_path / "here"), *options]) == 1
    (shard,) = (tmp_path / "ray").glob("shard-*")
    for path in sorted(shard.glob("audio/*/*.wav")):
        assert path.read_bytes() == (tmp_path / "here" / path.relative_to(tmp_path / "ray")).read_bytes()
    assert len(list(shard.glob("audio/*/*.wav"))) == 5
    assert ray.is_initialized()  # a cluster that was there before stays


def test_arguments_of_the_application_are_checked():
    with pytest.raises(ValueError, match="min_replicas=3 is more than max_replicas=2"):
        build(Arguments(min_replicas=3, max_replicas=2))
    with pytest.raises(ValueError, match="modle"):
        Arguments(modle="x")
