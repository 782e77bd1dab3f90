"""Processes for tests of training: started from a server that has imported torch once; gloo on the loopback."""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import torch


def context() -> multiprocessing.context.BaseContext:
    """Start method whose processes begin with the training code already imported."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["valetts_hf.training.run.pretrain_run"])
    return found


def start(target: Callable, *arguments) -> multiprocessing.Process:
    """Start `target(*arguments)`, a function of a module, in a process of its own."""
    process = context().Process(target=target, args=arguments)
    process.start()
    return process


def run_group(target: Callable, folder: Path, processes: int = 2, environment: dict[str, str] | None = None) -> None:
    """Run `target(rank, folder)` in a process group and fail if one of the processes does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = [start(_member, target, rank, processes, port, folder, environment or {}) for rank in range(processes)]
    try:
        while any(process.is_alive() for process in started):
            if any(process.exitcode for process in started):
                break  # the others wait for it in vain
            time.sleep(0.05)
    finally:
        for process in started:
            if process.is_alive() and any(other.exitcode for other in started):
                process.kill()
            process.join()
    assert [process.exitcode for process in started] == [0] * processes


def _member(target: Callable, rank: int, processes: int, port: int, folder: Path, environment: dict[str, str]) -> None:
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes), ACCELERATE_USE_CPU="true")
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), **environment)
    torch.set_num_threads(1)
    try:
        target(rank, folder)
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
