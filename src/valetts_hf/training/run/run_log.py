"""What a run reports while it goes on: a progress bar, log.jsonl, pictures, and Accelerate's trackers."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm.auto import tqdm

from valetts_hf.training.recipe import PretrainRecipe
from valetts_hf.training.run.plots import plot_curves
from valetts_hf.training.run.run_folder import RunFolder
from valetts_hf.training.run.trackers import show_samples, start_trackers


logger = logging.getLogger(__name__)
_SHOWN = ("mel", "kl", "duration", "pitch", "adversarial")


class RunLog:
    """Collects the losses of all processes and writes their means every `log_every` steps.

    Args:
        folder: of the run.
        recipe: its numbers.
        accelerator: with the trackers asked for.
        first_step (`int`): where this process began.
        frame_rate (`float`): frames per second.
    """

    def __init__(
        self, folder: RunFolder, recipe: PretrainRecipe, accelerator: Accelerator, first_step: int, frame_rate: float
    ) -> None:
        self.folder, self.recipe, self.accelerator = folder, recipe, accelerator
        windows = recipe.batch_size * recipe.gradient_accumulation * accelerator.num_processes
        self.audio_seconds = windows * recipe.window_frames / frame_rate
        self._losses: list[dict[str, Tensor]] = []
        self._started = self._last = time.monotonic()
        self.bar = tqdm(
            total=recipe.max_steps,
            initial=first_step,
            disable=not accelerator.is_local_main_process,
            unit="step",
            dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30,  # a file needs no line twice a second
        )
        if accelerator.log_with:
            start_trackers(accelerator, folder.path.resolve().name, _scalars(recipe.to_dict()))

    def add(self, step: int, losses: dict[str, Tensor], learning_rate: float) -> None:
        """Take the losses of a step; every `log_every` steps they are reported."""
        self._losses.append(losses)
        self.bar.update()
        if step % self.recipe.log_every == 0:
            self._report(step, learning_rate)

    def _report(self, step: int, learning_rate: float) -> None:
        names = list(self._losses[-1])
        recent = [losses for losses in self._losses if set(losses) == set(names)]
        means = torch.stack([torch.stack([losses[name].float() for name in names]) for losses in recent]).mean(dim=0)
        means = self.accelerator.reduce(means, reduction="mean").tolist()
        now = time.monotonic()
        rate = len(self._losses) / max(now - self._last, 1e-9)
        self._last, self._losses = now, []
        row = {"step": step, "seconds": round(now - self._started, 1), "steps_per_second": round(rate, 3)}
        row |= {name: round(value, 5) for name, value in zip(names, means, strict=True)}
        row |= {"learning_rate": learning_rate, "audio_seconds_per_second": round(rate * self.audio_seconds, 2)}
        self.bar.set_postfix({name: f"{row[name]:.3f}" for name in _SHOWN if name in row})
        self._write("log", row)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Report the numbers of an evaluation; main process only."""
        self._write("evaluation", {"step": step} | {name: float(value) for name, value in values.items()})
        self._plot("evaluation", "Evaluation of the averaged model", None)

    def samples(self, step: int, folder: Path, waveforms: Mapping[str, np.ndarray], sampling_rate: int) -> None:
        """Show spoken samples to the trackers that can take pictures or sound; main process only."""
        sheets = {name: folder / f"{name}.png" for name in waveforms}
        for tracker in self.accelerator.trackers:
            show_samples(tracker, step, sheets, waveforms, sampling_rate)

    def plot_losses(self) -> None:
        """Draw the whole log, earlier pieces of the run included; main process only."""
        start = self.recipe.adversarial_start
        self._plot("log", "Losses and speed (dotted: the discriminators begin)", start, name="losses")

    def close(self) -> None:
        """End the progress bar and the trackers."""
        self.bar.close()
        for tracker in self.accelerator.trackers:
            tracker.finish()
        self.accelerator.trackers = []

    def _write(self, log: str, row: Mapping[str, Any]) -> None:
        if not self.accelerator.is_main_process:
            return
        try:
            self.folder.append(log, row)
        except OSError as error:
            logger.warning("%s.jsonl cannot be written (%s): training goes on without this line", log, error)
        if self.accelerator.trackers:
            values = {name: value for name, value in row.items() if name != "step"}
            self.accelerator.log(values, step=row["step"])

    def _plot(self, log: str, title: str, mark: int | None, name: str | None = None) -> None:
        rows = self.folder.rows(log)
        if not rows:
            return
        try:
            plot_curves(rows, self.folder.plot(name or log), title, mark)
        except (OSError, ImportError) as error:
            logger.warning("no picture of the %s: %s", name or log, error)


def _scalars(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, (int, float, str, bool)) else str(value) for key, value in values.items()}
