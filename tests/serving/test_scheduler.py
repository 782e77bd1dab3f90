"""The scheduler: bounded, fair by urgency, on time or not at all, and nobody's work goes on when they have left."""

from __future__ import annotations

import asyncio
import math
import threading
import time

import pytest

from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.scheduler import Scheduler, first_of


class Patient:
    """A request whose client stays until `leave` is set."""

    def __init__(self):
        self.leave = asyncio.Event()

    async def receive(self):
        await self.leave.wait()
        return {"type": "http.disconnect"}


def play(scene, **settings):
    """Run a scene with a scheduler, and close it."""

    async def act():
        scheduler = Scheduler(**settings)
        try:
            return await asyncio.wait_for(scene(scheduler), 30)
        finally:
            scheduler.close()

    return asyncio.run(act())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def test_items_come_in_order_from_other_threads():
    def steps():
        for number in range(20):
            yield (number, threading.current_thread()), 0.1

    async def scene(scheduler):
        return [item async for item in scheduler.submit(steps())], threading.current_thread()

    items, loop = play(scene, workers=2)
    assert [number for number, _ in items] == list(range(20))
    assert loop not in {thread for _, thread in items}


def test_who_runs_out_of_sound_first_is_served_first():
    """A long request that has been given much waits for a new one; one that was given little does not."""
    order, gate = [], threading.Event()

    def steps(name, seconds, count):
        gate.wait()
        for _ in range(count):
            order.append(name)
            yield name, seconds

    async def scene(scheduler):
        jobs = [scheduler.submit(steps("far ahead", 60.0, 3)), scheduler.submit(steps("behind", 0.0, 3))]
        gate.set()
        for job in jobs:
            async for _ in job:
                pass

    play(scene, workers=1)
    assert order == ["far ahead", "behind", "behind", "behind", "far ahead", "far ahead"]


def test_a_full_house_refuses_and_says_when_to_come_back():
    gate = threading.Event()

    async def scene(scheduler):
        taken = [asyncio.create_task(scheduler.run(Patient(), gate.wait)) for _ in range(3)]
        await until(lambda: scheduler.pending == 3)
        assert scheduler.waiting == 3
        with pytest.raises(ServiceError) as refused:
            await scheduler.run(Patient(), gate.wait)
        gate.set()
        assert await asyncio.gather(*taken) == [True] * 3
        assert scheduler.pending == 0
        return refused.value

    error = play(scene, workers=1, max_waiting=2)
    assert error.status_code == 429 and 1 <= int(error.headers["Retry-After"]) <= 60


def test_too_late_is_said_in_time():
    gate = threading.Event()

    async def scene(scheduler):
        running = asyncio.create_task(scheduler.run(Patient(), gate.wait))
        await asyncio.sleep(0)  # longer, and the next would be refused since this one waits
        begun = time.monotonic()
        with pytest.raises(ServiceError, match="no audio after 0.6 seconds") as late:
            await scheduler.run(Patient(), lambda: None)
        assert time.monotonic() - begun < 10 and scheduler.pending <= 1
        gate.set()
        with pytest.raises(ServiceError):  # it was too late itself
            await running
        return late.value

    assert play(scene, workers=1, first_seconds=0.6).status_code == 504


def test_an_endless_answer_is_broken_off():
    def steps():
        while True:
            time.sleep(0.01)
            yield b"la", 0.0

    async def scene(scheduler):
        with pytest.raises(ServiceError, match="not finished after 0.2 seconds"):
            async for _ in scheduler.submit(steps()):
                pass
        await until(lambda: scheduler.pending == 0)

    play(scene, workers=1, total_seconds=0.2)


def test_who_leaves_takes_the_work_along():
    done, gate = [], threading.Event()

    async def scene(scheduler):
        running = asyncio.create_task(scheduler.run(Patient(), gate.wait))
        leaver = Patient()
        waiting = asyncio.create_task(scheduler.run(leaver, lambda: done.append("spoken for nobody")))
        await until(lambda: scheduler.pending == 2)
        leaver.leave.set()
        with pytest.raises(ServiceError, match="left") as left:
            await waiting
        assert scheduler.pending == 1
        gate.set()
        await running
        return left.value

    assert play(scene, workers=1).code == "client_left" and not done


def test_a_cancelled_job_is_closed_and_makes_no_further_step(caplog):
    state = []

    def steps():
        try:
            for number in range(1000):
                state.append(number)
                time.sleep(0.005)
                yield number, 0.1
        finally:
            state.append("closed")

    async def scene(scheduler):
        job = scheduler.submit(steps())
        assert await first_of(Patient(), job) == 0
        job.cancel()
        await until(lambda: state[-1] == "closed")
        await asyncio.sleep(0.05)
        assert scheduler.pending == 0

    play(scene, workers=2)
    assert len(state) < 20 and state.count("closed") == 1
    assert not caplog.records  # a step that is being made is not closed from outside


def test_what_a_client_does_not_take_is_not_made():
    made = []

    def steps():
        for number in range(100):
            made.append(number)
            yield number, 0.1

    async def scene(scheduler):
        job = scheduler.submit(steps())
        await asyncio.sleep(0.2)
        ahead = len(made)
        rest = [item async for item in job]
        return ahead, rest

    ahead, rest = play(scene, workers=2)
    assert ahead <= 8 and rest == list(range(100))


def test_a_stalled_client_makes_room_when_it_is_needed():
    def steps():
        while True:
            yield b"la", 0.1

    now = 0.0

    async def scene(scheduler):
        nonlocal now
        stalled = scheduler.submit(steps())
        await until(lambda: stalled.stalled(math.inf))
        now = 29.0
        with pytest.raises(ServiceError, match="try again"):
            scheduler.submit(iter(()))
        now = 31.0
        assert await scheduler.run(Patient(), lambda: "served") == "served"
        with pytest.raises(ServiceError, match="nothing was taken"):  # though something would be there
            await stalled.__anext__()

    play(scene, workers=1, max_waiting=0, stall_seconds=30.0, clock=lambda: now)


def test_who_leaves_unserved_makes_no_promise_to_others():
    """Work that never began took no time, which says nothing about how long the next one takes."""
    gate = threading.Event()

    def held():
        yield gate.wait(20), 0.1

    async def scene(scheduler):
        scheduler.submit(held())
        for _ in range(60):
            scheduler.submit(iter(())).cancel()
        for _ in range(4):
            scheduler.submit(iter(()))
        with pytest.raises(ServiceError) as refused:
            scheduler.submit(iter(()))
        gate.set()
        return refused.value

    assert play(scene, workers=1, max_waiting=4).headers["Retry-After"] == "5"


def test_errors_of_the_work_are_answers():
    def steps():
        yield b"good", 0.1
        raise ValueError("speaking_rate must be between 0.25 and 4, got 9.")

    async def scene(scheduler):
        job = scheduler.submit(steps())
        assert await first_of(Patient(), job) == b"good"
        with pytest.raises(ServiceError, match="speaking_rate") as caught:
            await job.__anext__()
        assert scheduler.pending == 0
        return caught.value

    assert play(scene).status_code == 422


def test_work_that_cannot_be_ended_ends_no_worker():
    """A full disk may come up again when a file is closed whose client has left."""
    stepping, gate = threading.Event(), threading.Event()

    def steps():
        try:
            stepping.set()
            gate.wait(20)
            yield b"la", 0.1
        finally:
            raise OSError("no space left")

    async def scene(scheduler):
        job = scheduler.submit(steps())
        await until(stepping.is_set)
        job.cancel()
        gate.set()
        assert await scheduler.run(Patient(), lambda: "served") == "served"
        assert scheduler.stuck_seconds() < 60

    play(scene, workers=1)


def test_closing_drops_what_waits_and_refuses_the_rest():
    async def scene(scheduler):
        job = scheduler.submit(iter([(b"la", 0.1)] * 5))
        scheduler.close()
        with pytest.raises(ServiceError, match="stopping"):
            scheduler.submit(iter([]))
        assert scheduler.stuck_seconds() < 60  # its threads have ended as they should
        return [item async for item in job]

    assert len(play(scene)) <= 5


def test_a_hanging_step_is_seen():
    gate = threading.Event()

    async def scene(scheduler):
        running = asyncio.create_task(scheduler.run(Patient(), gate.wait))
        await until(lambda: scheduler.stuck_seconds() >= 0.05)
        gate.set()
        await running
        await until(lambda: scheduler.stuck_seconds() == 0.0)

    play(scene)


def test_a_new_request_is_refused_when_others_have_waited_for_long():
    """It would run into the deadline, too: better to say so now."""

    async def scene(scheduler):
        gate = threading.Event()
        jobs = [scheduler.submit(iter([(gate.wait(5), 0.1)] for _ in range(1))) for _ in range(2)]
        await asyncio.sleep(0.3)
        with pytest.raises(ServiceError) as refused:
            scheduler.submit(iter([(b"la", 0.1)]))
        gate.set()
        for job in jobs:
            job.cancel()
        return refused.value.status_code

    assert play(scene, workers=1, max_waiting=10, first_seconds=0.5) == 429


def test_whoever_has_audio_left_waits_for_those_who_have_none():
    order = []

    def steps(name):
        order.append(name)
        yield b"la", 0.1

    async def scene(scheduler):
        gate = threading.Event()
        blocker = scheduler.submit(iter((gate.wait(5), 0.1) for _ in range(1)))
        await asyncio.sleep(0.05)
        jobs = [scheduler.submit(steps("has audio"), ahead=5.0), scheduler.submit(steps("has none"))]
        gate.set()
        for job in [blocker, *jobs]:
            async for _ in job:
                pass

    play(scene, workers=1)
    assert order == ["has none", "has audio"]
