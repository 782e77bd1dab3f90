"""How many processors this process may use, and how requests share them."""

from __future__ import annotations

import math
import os
from pathlib import Path


_CGROUP = Path("/sys/fs/cgroup/cpu.max")
# Two requests at a time with half of the cores each finish sooner than one with all of them: small networks do not fill
# many cores. More than four threads on one sentence gain nothing.
_MAX_THREADS = 4


def usable_cores(quota: Path = _CGROUP) -> int:
    """Cores that the scheduler and the container's limit leave to this process; at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    try:
        limit, period = quota.read_text().split()[:2]
        if limit != "max":
            cores = min(cores, math.ceil(int(limit) / int(period)))
    except (OSError, ValueError):
        pass
    return max(1, cores)


def share_cores(cores: int, workers: int | None = None, threads: int | None = None) -> tuple[int, int]:
    """Workers, and threads of each, so that they fit: `workers * threads <= cores` wherever nobody asked for more.

    Args:
        cores (`int`): to share.
        workers (`int`, *optional*): requests computed at the same time, if that is decided.
        threads (`int`, *optional*): of each, if that is decided.
    """
    if workers is None:
        workers = max(1, cores // (threads or min(_MAX_THREADS, max(1, cores // 2))))
    return workers, threads or max(1, min(_MAX_THREADS, cores // workers))
