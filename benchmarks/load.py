"""A server under load: many clients at once on loopback, short and long texts, some leaving early.

    python benchmarks/load.py --clients 10 50 200 --seconds 60 --output load.json
    python benchmarks/load.py --clients 8 --seconds 3600 --output soak.json

Starts `valetts serve` by itself (or takes `--url`), gives each client texts of its own, and checks by content that nobody hears
another one's: answers whose request was also made alone, before the load, are compared with what it got then. Prints
throughput, percentiles of the first byte and of the whole answer, refusals, and the server's memory over time: of a round
longer than five minutes also the memory at its end in parts of that at five minutes, and the slope in between.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psutil
from machine import machine, today


SHORT = "Client {0} would like to hear the number {1}."
KNOWN_CLIENTS, KNOWN_NUMBERS = 4, 3  # whose answers are known from before
SENTENCE = "Part {2} of the story that client {0} asked for under number {1} goes on."
LONG_SENTENCES = 6
RATE = 24000
SETTLED_SECONDS = 300.0  # memory is compared from here on
WATCH_SECONDS = 1.0


@dataclass
class Tally:
    """What happened in one round."""

    statuses: Counter = field(default_factory=Counter)
    first_byte: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    audio_seconds: float = 0.0
    left: int = 0
    broken: int = 0
    foreign: int = 0  # answers that are not what was asked for
    memory: list[tuple[float, int]] = field(default_factory=list)  # (second of the round, bytes)
    checked: int = 0  # answers that were known from before
    processor_seconds: float = 0.0  # of the server


def text_of(client: int, number: int) -> str:
    """Every third text is a long one."""
    if number % 3:
        return SHORT.format(client, number)
    return " ".join(SENTENCE.format(client, number, part) for part in range(LONG_SENTENCES))


def body_of(text: str) -> dict:
    return {"model": "valetts", "input": text, "response_format": "pcm", "language": "en-us"}


async def one_request(http: httpx.AsyncClient, text: str, expected: str | None, leaves: bool, tally: Tally) -> None:
    started = time.perf_counter()
    digest, size = hashlib.sha256(), 0
    try:
        async with http.stream("POST", "/v1/audio/speech", json=body_of(text)) as answer:
            tally.statuses[answer.status_code] += 1
            if answer.status_code == 429:
                await asyncio.sleep(min(5.0, float(answer.headers["Retry-After"])) * random.uniform(0.5, 1.0))
                return
            if answer.status_code != 200:
                return
            async for data in answer.aiter_bytes():
                if not size:
                    tally.first_byte.append(time.perf_counter() - started)
                    if leaves:
                        tally.left += 1
                        return
                digest.update(data)
                size += len(data)
    except httpx.HTTPError:
        tally.broken += 1
        return
    tally.whole.append(time.perf_counter() - started)
    tally.audio_seconds += size / 2 / RATE
    if expected is not None:
        tally.checked += 1
        tally.foreign += digest.hexdigest() != expected


async def load(url: str, clients: int, seconds: float, alone: dict[str, str], process: psutil.Process | None) -> Tally:
    """Clients that ask one thing after the other until the time is over."""
    tally = Tally()
    begun = time.monotonic()
    end = begun + seconds
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as http:

        async def client(number: int) -> None:
            chance = random.Random(number)
            turn = chance.randrange(100)
            while time.monotonic() < end:
                text = (
                    text_of(number % KNOWN_CLIENTS, turn % KNOWN_NUMBERS)
                    if chance.random() < 0.5
                    else text_of(number, turn)
                )
                await one_request(http, text, alone.get(text), chance.random() < 0.1, tally)
                turn += 1

        async def watch() -> None:
            while process is not None:
                tally.memory.append((time.monotonic() - begun, process.memory_info().rss))
                await asyncio.sleep(WATCH_SECONDS)

        before = sum(process.cpu_times()[:2]) if process else 0.0
        watcher = asyncio.create_task(watch())
        await asyncio.gather(*(client(number) for number in range(clients)))
        watcher.cancel()
        tally.processor_seconds = sum(process.cpu_times()[:2]) - before if process else 0.0
    return tally


async def answers_alone(url: str) -> dict[str, str]:
    """What some requests are answered with when nobody else asks."""
    found = {}
    async with httpx.AsyncClient(base_url=url, timeout=120) as http:
        for client in range(KNOWN_CLIENTS):
            for number in range(KNOWN_NUMBERS):
                text = text_of(client, number)
                answer = await http.post("/v1/audio/speech", json=body_of(text))
                answer.raise_for_status()
                found[text] = hashlib.sha256(answer.content).hexdigest()
    return found


def percentile(values: list[float], share: float) -> float | None:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 3) if values else None


def level(samples: list[tuple[float, int]], since: float, until: float) -> float:
    """The middle one of the samples of a stretch, in MB; the nearest one to a stretch without any."""
    found = sorted(size for when, size in samples if since <= when <= until)
    found = found or [min(samples, key=lambda one: abs(one[0] - until))[1]]
    return found[len(found) // 2] / 2**20


def slope(samples: list[tuple[float, int]]) -> float:
    """MB an hour, by least squares."""
    count = len(samples)
    middle = sum(when for when, _ in samples) / count
    mean = sum(size for _, size in samples) / count
    spread = sum((when - middle) ** 2 for when, _ in samples)
    return sum((when - middle) * (size - mean) for when, size in samples) / spread * 3600 / 2**20


def memory_over_time(samples: list[tuple[float, int]]) -> dict:
    """What a round did to the server's memory: every tenth of it, and from the fifth minute on how it grew."""
    if not samples:
        return {}
    last = samples[-1][0]
    step = max(last / 10, WATCH_SECONDS)
    found = {
        "memory_mb": [round(samples[0][1] / 2**20), round(samples[-1][1] / 2**20)],
        "memory_mb_most": round(max(size for _, size in samples) / 2**20),
        "memory_mb_tenths": [round(level(samples, step * part, step * (part + 1)), 1) for part in range(10)],
    }
    if last >= SETTLED_SECONDS + 120:
        settled, ended = level(samples, SETTLED_SECONDS - 30, SETTLED_SECONDS + 30), level(samples, last - 60, last)
        found |= {
            "memory_mb_at_5_minutes": round(settled, 1),
            "memory_mb_at_end": round(ended, 1),
            "memory_end_of_5_minutes": round(ended / settled, 4),
            "memory_mb_per_hour": round(slope([one for one in samples if one[0] >= SETTLED_SECONDS]), 1),
        }
    return found


def summary(clients: int, seconds: float, tally: Tally) -> dict:
    return {
        "clients": clients,
        "seconds": round(seconds, 1),
        "answers_per_second": round(len(tally.whole) / seconds, 2),
        "speech_seconds_per_second": round(tally.audio_seconds / seconds, 2),
        **{
            f"{name}_p{round(100 * share)}": percentile(values, share)
            for name, values in (("first_byte", tally.first_byte), ("whole", tally.whole))
            for share in (0.5, 0.95, 0.99)
        },
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "left": tally.left,
        "broken": tally.broken,
        "checked": tally.checked,
        "foreign": tally.foreign,
        # On a machine that does other things besides, this is what tells about the server.
        "processor_seconds_per_second": round(tally.processor_seconds / seconds, 2),
        **memory_over_time(tally.memory),
    }


@contextlib.contextmanager
def own_server(arguments: list[str]) -> Iterator[tuple[str, psutil.Process]]:
    """`valetts serve` on a free port, without its cache: every answer is computed."""
    command = [sys.executable, "-m", "valetts_hf.cli", "serve", "--port", "0", "--cache-mb", "0", "--drain", "0"]
    home = tempfile.TemporaryDirectory(prefix="valetts-load-")  # neither keys nor voices of whoever runs this
    environment = {**os.environ, "VALETTS_HOME": home.name}
    server = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert server.stderr is not None
        said = ""
        for line in server.stderr:
            if line.startswith("answering at "):
                break
            said += line
        else:
            raise SystemExit(f"the server did not start:\n{said}")
        url = line.split()[2].removesuffix("/v1/audio/speech")
        while httpx.get(f"{url}/readyz").status_code != 200:
            time.sleep(0.1)
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)
        home.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[10, 50, 200])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each round")
    parser.add_argument("--url", help="a server that runs already, started with --cache-mb 0")
    parser.add_argument("--output", help="JSON file")
    parser.add_argument("serve", nargs="*", help="arguments of `valetts serve`, after --")
    args = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as stack:
        url, process = (args.url, None) if args.url else stack.enter_context(own_server(args.serve))
        alone = asyncio.run(answers_alone(url))
        print(
            f"{'clients':>7} {'answers/s':>9} {'speech/s':>8} {'first p50':>9} {'p95':>6} {'whole p50':>9} {'p95':>6} {'p99':>6} "
            f"{'429':>5} {'5xx':>4} {'left':>4} {'checked':>7} {'foreign':>7} {'cores':>5} {'MB':>9}"
        )
        for clients in args.clients:
            started = time.monotonic()
            tally = asyncio.run(load(url, clients, args.seconds, alone, process))
            row = summary(clients, time.monotonic() - started, tally)
            rows.append(row)
            errors = sum(count for status, count in tally.statuses.items() if status >= 500) + tally.broken
            print(
                f"{clients:7d} {row['answers_per_second']:9.2f} {row['speech_seconds_per_second']:8.1f} "
                f"{row['first_byte_p50'] or 0:9.2f} {row['first_byte_p95'] or 0:6.2f} {row['whole_p50'] or 0:9.2f} "
                f"{row['whole_p95'] or 0:6.2f} {row['whole_p99'] or 0:6.2f} {tally.statuses[429]:5d} {errors:4d} {tally.left:4d} {tally.checked:7d} {tally.foreign:7d} {row['processor_seconds_per_second']:5.2f} "
                f"{'-'.join(map(str, row.get('memory_mb', []))):>9}",
                flush=True,
            )
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            facts = {"date": today(), "machine": machine(), "asked_seconds": args.seconds, "rounds": rows}
            json.dump(facts, file, indent=1)
    if any(row["foreign"] for row in rows):
        raise SystemExit("somebody heard what another one asked for.")


if __name__ == "__main__":
    main()
