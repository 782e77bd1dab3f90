"""Rows spoken on a Ray cluster: Ray Data hands them to actors, each with a model of its own.

All machines must see the output folder under one path. A row whose actor dies is given to another one; its file is the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from valetts_hf.mass_synthesis.rows import Row
from valetts_hf.mass_synthesis.speaking import Job, Outcome, speak_rows


LOCAL = "local"
_MAX_BLOCKS = 2000  # parts that Ray keeps account of; results come back as parts are finished


class _Actor:
    """What Ray Data calls with batches of one group each."""

    def __init__(self, job: Job, folder: str):
        self._job = job
        with contextlib.suppress(
            OSError
        ):  # paths in rows count from where the program was started, if that is here, too
            os.chdir(folder)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        outcomes = [pickle.dumps(speak_rows(self._job, pickle.loads(rows))) for rows in batch["rows"]]
        return {"outcomes": outcomes}


def speak_on_ray(job: Job, groups: Iterable[list[Row]], actors: int, address: str) -> Iterator[list[Outcome]]:
    """
    Outcomes of groups of rows, in any order.

    Args:
        job ([`Job`]): for each actor; on a cluster with GPUs each gets one, unless the job is for a CPU.
        groups: all are drawn at once.
        actors (`int`): that work at the same time.
        address (`str`): of the cluster, "auto" for the one this machine is part of, [`LOCAL`] to start one here. A program that is
            connected already stays with its own.

    Raises:
        `ImportError`: Ray is missing; names the extra. `ConnectionError`: no cluster there.
        `OSError`: the place cannot be written to; the model cannot be loaded.
    """
    try:
        import ray
        import ray.data
        from ray.exceptions import RayTaskError
    except ImportError as error:
        raise ImportError(f"working on a cluster needs Ray ({error}): pip install 'valetts-hf[ray]'") from error
    items = [{"rows": pickle.dumps(rows)} for rows in groups]
    if not items:
        return
    with contextlib.ExitStack() as stack:
        if not ray.is_initialized():
            _connect(ray, address)
            stack.callback(ray.shutdown)
        on_gpu = job.device != "cpu" and ray.cluster_resources().get("GPU", 0) > 0
        blocks = min(len(items), _MAX_BLOCKS)
        context = ray.data.DataContext.get_current()
        stack.callback(setattr, context, "enable_progress_bars", context.enable_progress_bars)
        context.enable_progress_bars = False  # whoever takes the outcomes shows how far they are
        log = logging.getLogger("ray.data")
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.ERROR)
        spoken = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
            _Actor,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(actors, blocks)),
            fn_constructor_args=(job, os.getcwd()),
            num_cpus=job.threads or 1,
            num_gpus=1 if on_gpu else None,
        )
        try:
            for result in spoken.iter_rows():
                yield pickle.loads(result["outcomes"])
        except RayTaskError as error:
            raise (error.cause if isinstance(error.cause, OSError) else error) from error


def _connect(ray: Any, address: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if address == LOCAL:
        ray.init(include_dashboard=False, **quiet)
    else:
        ray.init(address=address, **quiet)
