"""Two `valetts serve` behind HAProxy, watched by Prometheus: the real programs with the files of `deploy/`, where installed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest


pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CLIENTS, REQUESTS = 4, 6  # of each
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="the programs of deploy/ run on Linux"),
]


@dataclass
class Replica:
    process: subprocess.Popen
    address: str

    def metric(self, name: str) -> float:
        lines = httpx.get(f"{self.address}/metrics", timeout=60).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def eventually(what: Callable[[], bool], seconds: float = 60.0) -> None:
    patience = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if what():
                return
        assert time.monotonic() < patience, "it did not happen in time"
        time.sleep(0.1)


@contextlib.contextmanager
def running(*command: str, **options) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def replicas(tiny_checkpoint, tmp_path_factory) -> Iterator[list[Replica]]:
    home = tmp_path_factory.mktemp("replicas")
    serve = [sys.executable, "-m", "valetts_hf.cli", "serve", "--port", "0", "--model", str(tiny_checkpoint)]
    serve += ["--threads", "1", "--workers", "1", "--cache-mb", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "VALETTS_HOME": str(home)}
    with contextlib.ExitStack() as stack:
        logs = [home / f"{number}.log" for number in range(2)]
        found = []
        for log in logs:
            process = stack.enter_context(
                running(*serve, env=environment, stdout=subprocess.DEVNULL, stderr=log.open("w"))
            )
            found.append(Replica(process, ""))
        for replica, log in zip(found, logs):
            eventually(lambda log=log: "answering at " in log.read_text(), 240)
            replica.address = re.search(r"answering at (http://[\d.:]+)/", log.read_text()).group(1)
            eventually(lambda replica=replica: httpx.get(f"{replica.address}/readyz").status_code == 200)
        yield found


@pytest.fixture
def balancer(replicas, tmp_path) -> Iterator[str]:
    """HAProxy with the file of `deploy/`; only addresses are others."""
    haproxy, port = program("haproxy"), free_port()
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    text = text.replace("bind :8080", f"bind 127.0.0.1:{port}")
    for number, replica in enumerate(replicas, 1):
        text = text.replace(f"replica-{number}:8000", replica.address.removeprefix("http://"))
    config = tmp_path / "haproxy.cfg"
    config.write_text(text)
    with running(haproxy, "-db", "-f", str(config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: httpx.get(f"{address}/v1/models").status_code == 200)
        yield address


def body(text: str) -> dict[str, str]:
    return {"input": text, "response_format": "pcm", "language": "en-us"}


def text_of(client: int, number: int) -> str:
    sentences = 4 if number % 3 == 0 else 1
    return " ".join(f"Client {client} asks for {number}, part {part}." for part in range(sentences))


def ask(address: str, text: str) -> tuple[bytes, int]:
    """What a client that tries again gets, and how often it had to ask."""
    for attempt in range(1, 8):
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(f"{address}/v1/audio/speech", json=body(text), timeout=60)
            if answer.status_code == 200:
                return answer.content, attempt
            assert answer.status_code in (429, 502, 503, 504), answer.text
        time.sleep(0.3)
    raise AssertionError(f"no answer for {text!r}")


def test_the_inside_stays_inside(balancer):
    for path in ("/metrics", "/healthz", "/readyz"):
        assert httpx.get(balancer + path).status_code == 404
    assert httpx.post(f"{balancer}/v1/voices", content=bytes(10 << 20), timeout=60).status_code == 413


def test_a_websocket_goes_through(balancer):
    connect = pytest.importorskip("websockets.sync.client").connect
    with connect(balancer.replace("http://", "ws://") + "/v1/audio/stream") as client:
        for message in ({"type": "text", "text": "Good morning."}, {"type": "close"}):
            client.send(json.dumps(message))
        got = list(client)
    assert sum(len(one) for one in got if isinstance(one, bytes)) > 4800 and json.loads(got[-1])["type"] == "done"


def test_prometheus_watches_both(replicas, tmp_path):
    prometheus, port = program("prometheus"), free_port()
    text = (DEPLOY / "prometheus/prometheus.yml").read_text().replace("10s", "1s")
    for number, replica in enumerate(replicas, 1):
        text = text.replace(f"replica-{number}:8000", replica.address.removeprefix("http://"))
        answer = httpx.post(f"{replica.address}/v1/audio/speech", json=body("Good morning."), timeout=60)
        assert answer.status_code == 200
    (tmp_path / "prometheus.yml").write_text(text)
    shutil.copy(DEPLOY / "prometheus/alerts.yml", tmp_path)
    address = f"http://127.0.0.1:{port}"
    options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]

    def asked(query: str) -> dict[str, float]:
        answer = httpx.get(f"{address}/api/v1/query", params={"query": query}).json()
        return {one["metric"].get("instance", ""): float(one["value"][1]) for one in answer["data"]["result"]}

    with running(prometheus, *options, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        eventually(lambda: httpx.get(f"{address}/-/ready").status_code == 200)
        both = {replica.address.removeprefix("http://"): 1.0 for replica in replicas}
        eventually(lambda: asked('up{job="valetts"}') == both and asked("valetts_ready") == both)
        spoken = asked('sum by (instance) (valetts_requests_total{route="/v1/audio/speech",status="200"})')
        assert set(spoken) == set(both) and min(spoken.values()) >= 1
        assert min(asked("sum by (instance) (valetts_audio_seconds_total)").values()) > 0.1
        (group,) = httpx.get(f"{address}/api/v1/rules").json()["data"]["groups"]
        rules = group["rules"]
        eventually(lambda: asked("count(up)") != {})
        for rule in rules:  # each question can be asked, and nothing is wrong here
            assert rule["health"] in ("ok", "unknown") and rule["state"] == "inactive", rule
        dashboard = json.loads((DEPLOY / "grafana/dashboards/valetts.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "1m")
                answer = httpx.get(f"{address}/api/v1/query", params={"query": query}).json()
                assert answer["status"] == "success", answer


def test_a_replica_dies_and_nobody_is_left_without_an_answer(replicas, balancer):
    """The last one here: it kills. Every answer is compared with what the same request got before, alone."""
    texts = [text_of(client, number) for client in range(CLIENTS) for number in range(REQUESTS)]
    alone = {text: ask(replicas[0].address, text)[0] for text in texts}
    assert len(set(alone.values())) == len(texts)
    assert ask(replicas[1].address, texts[0])[0] == alone[texts[0]]
    before = [replica.metric('valetts_requests_total{route="/v1/audio/speech",status="200"}') for replica in replicas]
    answered, dead = threading.Semaphore(0), replicas[1]

    def client(number: int) -> list[tuple[str, bytes, int]]:
        found = []
        for turn in range(REQUESTS):
            text = text_of(number, turn)
            found.append((text, *ask(balancer, text)))
            answered.release()
        return found

    def kill() -> float:
        for _ in range(CLIENTS * REQUESTS // 3):
            assert answered.acquire(timeout=60)
        served = dead.metric('valetts_requests_total{route="/v1/audio/speech",status="200"}') - before[1]
        dead.process.kill()
        return served

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        killed = pool.submit(kill)
        answers = [one for found in pool.map(client, range(CLIENTS)) for one in found]
    assert killed.result() > 0  # it was working
    assert [text for text, _, _ in answers] == texts
    assert all(data == alone[text] for text, data, _ in answers)
    assert sum(attempts == 1 for _, _, attempts in answers) >= len(answers) // 2
    with pytest.raises(httpx.TransportError):
        httpx.get(dead.address)
