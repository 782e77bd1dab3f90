"""The bounded queue: refuses rather than piles up, forgets those who left, and outlives what fails."""

from __future__ import annotations

import asyncio
import threading

import pytest

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.worker import SynthesisQueue


class Patient:
    """A request whose client stays until `leave` is set."""

    def __init__(self):
        self.leave = asyncio.Event()

    async def receive(self):
        await self.leave.wait()
        return {"type": "http.disconnect"}


def test_work_is_done_off_the_event_loop():
    async def scene():
        queue = SynthesisQueue()
        return await queue.run(Patient(), threading.current_thread), threading.current_thread()

    worker, loop = asyncio.run(scene())
    assert worker is not loop


def test_a_full_queue_refuses_and_says_when_to_come_back():
    async def scene():
        queue, gate = SynthesisQueue(workers=1, max_waiting=1), threading.Event()
        taken = [asyncio.create_task(queue.run(Patient(), gate.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(ServiceError) as refused:
            await queue.run(Patient(), gate.wait)
        gate.set()
        await asyncio.gather(*taken)
        await asyncio.sleep(0.05)
        assert queue.pending == 0
        await queue.run(Patient(), gate.wait)
        return refused.value

    error = asyncio.run(scene())
    assert error.status_code == 429 and error.code == "busy" and error.headers["Retry-After"]


def test_a_client_that_leaves_takes_its_waiting_job_along():
    async def scene():
        queue, gate, done = SynthesisQueue(workers=1, max_waiting=4), threading.Event(), []
        running = asyncio.create_task(queue.run(Patient(), gate.wait))
        leaver = Patient()
        waiting = asyncio.create_task(queue.run(leaver, lambda: done.append("spoken for nobody")))
        await asyncio.sleep(0.05)
        leaver.leave.set()
        with pytest.raises(ServiceError, match="left"):
            await waiting
        gate.set()
        await running
        await asyncio.sleep(0.05)
        return done, queue.pending

    assert asyncio.run(scene()) == ([], 0)


def test_what_fails_makes_room_again():
    def fail():
        raise ValueError("the text is empty: pass some words.")

    async def scene():
        queue = SynthesisQueue(workers=1, max_waiting=0)
        for _ in range(3):
            with pytest.raises(ServiceError, match="pass some words") as caught:
                await queue.run(Patient(), fail)
            assert caught.value.status_code == 422
            await asyncio.sleep(0.02)

    asyncio.run(scene())


def test_a_busy_server_answers_429(make_client, tts, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    gate, begun = threading.Event(), threading.Event()
    speak = type(tts).__call__

    def slowly(self, *args, **kwargs):
        begun.set()
        gate.wait(30)
        return speak(self, *args, **kwargs)

    monkeypatch.setattr(type(tts), "__call__", slowly)
    with make_client(workers=1, max_waiting=0) as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/api/speak", json={"text": "Hello there."})
        assert begun.wait(30)
        answer = client.post("/api/speak", json={"text": "Hello there."})
        gate.set()
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
        assert first.result().status_code == 200
