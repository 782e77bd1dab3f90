"""Where and when a benchmark ran, for its JSON: numbers without their machine say little."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


_LIBRARIES = ("torch", "transformers", "onnxruntime", "uvicorn")


def machine() -> dict[str, object]:
    """Processor, cores and memory of this machine, its load just now, and the versions that decide about speed."""
    facts: dict[str, object] = {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
    try:
        facts["memory_gb"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
        facts["load_average"] = round(os.getloadavg()[0], 2)
    except (AttributeError, OSError, ValueError):  # not on Windows
        pass
    if (card := graphics_card()) is not None:
        facts["gpu"] = card
    facts["python"] = platform.python_version()
    for name in _LIBRARIES:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            continue
    return facts


def graphics_card() -> str | None:
    """The name of the first CUDA device, if there is one."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def processor() -> str:
    """The name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def today() -> str:
    return time.strftime("%Y-%m-%d")
