"""When a training run ends before its last step: on a signal or after a time, for all processes at the same step."""

from __future__ import annotations

import signal
import time

import torch
from accelerate import Accelerator
from accelerate.utils import reduce


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def last_step_of(max_steps: int, stop_at_step: int | None) -> int:
    """The step of the schedule at which to stop.

    Raises:
        ValueError: `stop_at_step` is not at least 1.
    """
    if stop_at_step is not None and stop_at_step < 1:
        raise ValueError(f"stop_at_step must be at least 1, got {stop_at_step}")
    return min(max_steps, stop_at_step or max_steps)


class StopWatch:
    """Asks at every step whether to stop.

    SIGTERM and SIGINT (Ctrl-C) ask for a checkpoint and the end; a second one ends the process at once. To be used as a
    context, which gives the signals back to whom they belonged.

    Args:
        accelerator: of the run. With several processes they agree every `interval` steps only, since it costs a message.
        max_minutes (`float`, *optional*): stop after this time.
        interval (`int`): see there.
    """

    def __init__(self, accelerator: Accelerator, max_minutes: float | None = None, interval: int = 10) -> None:
        if max_minutes is not None and max_minutes < 0:
            raise ValueError(f"max_minutes must not be negative, got {max_minutes}")
        self.accelerator, self.max_minutes, self.interval = accelerator, max_minutes, interval
        self.reason: str | None = None
        self._asked = 0
        self._before: dict[int, object] = {}
        self.started = time.monotonic()

    def __enter__(self) -> StopWatch:
        self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        self.started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    @property
    def seconds(self) -> float:
        """Time since the context was entered."""
        return time.monotonic() - self.started

    def should_stop(self) -> bool:
        """Whether to stop before the next step; the same answer in all processes."""
        if self.reason is None and self.max_minutes is not None and self.seconds >= 60 * self.max_minutes:
            self.reason = f"{self.max_minutes:g} minutes are over"
        if self.accelerator.num_processes == 1:
            return self.reason is not None
        self._asked += 1
        if (self._asked - 1) % self.interval:
            return False
        flag = torch.tensor([float(self.reason is not None)], device=self.accelerator.device)
        if not bool(reduce(flag, reduction="sum") > 0):
            return False
        self.reason = self.reason or "another process was asked to stop"
        return True

    def _on_signal(self, number: int, frame: object) -> None:
        self.reason = signal.Signals(number).name
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
