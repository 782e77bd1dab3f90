"""Freed memory goes back to the system, and threads share few heaps; where the C library is not glibc nothing happens."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import pytest
from fastapi.testclient import TestClient

from valetts_hf.cli import main
from valetts_hf.serving import memory
from valetts_hf.serving.memory import MemoryKeeper, limit_heaps, release_memory


pytest.importorskip(
    "prometheus_client", reason="the server's libraries are not installed: pip install 'valetts-hf[serve]'"
)

with_glibc = pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")

HOLES = """
import ctypes
from valetts_hf.serving.memory import release_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
blocks = []
for number in range(1600):  # what is freed lies between what stays
    block = library.malloc(65536)
    ctypes.memset(block, 1, 65536)
    blocks.append(block)
    library.malloc(64)
full = resident()
for block in blocks:
    library.free(block)
freed = resident()
assert release_memory()
print(full, freed, resident())
"""

HEAPS = """
import ctypes, sys, threading
from valetts_hf.serving.memory import limit_heaps

done = limit_heaps()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
together = threading.Barrier(6)

def allocate():
    together.wait()
    library.malloc(10000)
    together.wait()  # a heap of a thread that ended would be the next one's

threads = [threading.Thread(target=allocate) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(done, flush=True)
library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
library.fflush(None)
"""


def printed(program: str, **environment: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**own, **environment}
    )
    return done.stdout


@with_glibc
def test_what_lies_between_used_blocks_is_released():
    full, freed, released = map(float, printed(HOLES).split())
    assert freed > full - 10, "glibc alone keeps it"
    assert released < full - 80, "of 100 MB"


@with_glibc
def test_threads_share_few_heaps():
    limited = printed(HEAPS)
    assert limited.startswith("True") and limited.count("<heap nr=") <= memory.HEAPS
    left_alone = printed(HEAPS, MALLOC_ARENA_MAX="4")
    assert left_alone.startswith("False") and left_alone.count("<heap nr=") == 4, "the environment has the last word"


def test_without_glibc_nothing_happens(monkeypatch):
    def other_library(name):
        raise OSError("no such library")

    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", other_library)
    assert limit_heaps() is False and release_memory() is False
    keeper = MemoryKeeper(0.001)
    keeper.start()
    keeper._thread.join(10)
    assert not keeper._thread.is_alive(), "there is nothing to come back for"
    keeper.stop()


def test_the_keeper_releases_until_it_is_stopped():
    count, thrice = [], threading.Event()

    def release() -> bool:
        count.append(1)
        if len(count) == 3:
            thrice.set()
        return True

    keeper = MemoryKeeper(0.001, release)
    keeper.start()
    assert thrice.wait(10)
    keeper.stop()
    now = len(count)
    assert not keeper._thread.is_alive() and len(count) == now


def keepers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "valetts-memory"]


def test_a_server_keeps_its_memory_while_it_runs(tts):
    from valetts_hf.serving.server import create_server_app

    before = len(keepers())
    with TestClient(create_server_app(tts)):
        assert len(keepers()) == before + 1
    assert len(keepers()) == before


def test_the_command_limits_heaps_before_the_model_is_loaded(monkeypatch):
    order = []

    def load_model(*arguments):
        order.append("model")
        raise KeyboardInterrupt

    monkeypatch.setattr(memory, "limit_heaps", lambda: order.append("heaps"))
    monkeypatch.setattr("valetts_hf.commands.serve.load_model", load_model)
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "99")  # an operator's own, which stays
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "")
    monkeypatch.delenv("LRU_CACHE_CAPACITY")
    try:
        main(["serve", "--port", "0"])
    except KeyboardInterrupt:
        pass
    assert order == ["heaps", "model"]
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "99" and int(os.environ["LRU_CACHE_CAPACITY"]) <= 16
