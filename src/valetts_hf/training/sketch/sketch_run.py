"""A training of the sketch networks: loop, state to go on from, and their way into a checkpoint folder.

The base is frozen and its outputs are cached, so a step costs a few hundred milliseconds of one CPU core.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
from valetts_hf.modeling.normalization import StyleAdaptiveNorm
from valetts_hf.modeling.sketch_control import SketchControl
from valetts_hf.training.checkpoint_building import new_folder
from valetts_hf.training.ema import ExponentialMovingAverage
from valetts_hf.training.run.state_files import read_state, write_state
from valetts_hf.training.sketch.contours import ContourSet
from valetts_hf.training.sketch.settings import SketchSettings
from valetts_hf.training.sketch.sketch_objective import measure_scales, sketch_losses


STATE = "state"
WEIGHTS_PREFIX = "model.sketch."


def new_control(config: ValeTTSConfig, seed: int = 0) -> SketchControl:
    """Untrained networks that begin with the base's contour: no correction, and no style in the normalisations."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        control = SketchControl(config)
    with torch.no_grad():
        for module in control.modules():
            if isinstance(module, StyleAdaptiveNorm):
                module.affine.weight.zero_()
                module.affine.bias.zero_()
        for output in (control.predictor.output, control.predictor.range_output, control.refiner.output):
            output.weight.mul_(0.1)
            output.bias.zero_()
    return control


def learning_rate(step: int, settings: SketchSettings) -> float:
    """Linear warm-up, then a cosine to zero at the last step."""
    warmup = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    return settings.learning_rate * warmup * 0.5 * (1 + math.cos(math.pi * min(step / settings.steps, 1.0)))


class SketchTraining:
    """Predictor and refiner, trained together.

    Args:
        config (`ValeTTSConfig`): of the base; its `sketch` part gets the measured scales, and is enabled.
        contours ([`ContourSet`]): of the training clips.
        settings ([`SketchSettings`]).
        folder: keeps the state; a run that stopped goes on from it. One of another base is begun anew.

    Raises:
        ValueError: the state in the folder is of other settings, or of other clips.
    """

    def __init__(self, config: ValeTTSConfig, contours: ContourSet, settings: SketchSettings, folder: Path):
        self.config, self.contours, self.settings, self.folder = config, contours, settings, Path(folder)
        config.sketch.enabled = True
        config.sketch.pitch_scale, config.sketch.energy_scale = measure_scales(contours)
        self.control = new_control(config, settings.seed)
        self.average = ExponentialMovingAverage(self.control, settings.ema_decay)
        self.optimizer = torch.optim.AdamW(
            self.control.parameters(), settings.learning_rate, (0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.random = torch.Generator().manual_seed(settings.seed)
        self.step = 0
        self.key = {
            "base": contours.base,
            "settings": settings.to_dict(),
            "clips": len(contours),
            "scales": [round(scale, 5) for scale in (config.sketch.pitch_scale, config.sketch.energy_scale)],
        }
        if (self.folder / STATE).is_dir():
            self._load()

    def batch_numbers(self, step: int) -> np.ndarray:
        """Clips of a step: an epoch is a random order, cut into groups of similar length."""
        size = min(self.settings.batch_clips, len(self.contours))
        batches = len(self.contours) // size
        random = np.random.default_rng([self.settings.seed, step // batches])
        lengths = np.diff(self.contours.frame_offsets) * random.uniform(0.8, 1.25, len(self.contours))
        groups = np.argsort(lengths)[random.permutation(len(self.contours) % size + 1)[0] :][: batches * size]
        return groups.reshape(batches, size)[random.permutation(batches)[step % batches]]

    def run(
        self, max_minutes: float | None = None, log: Callable[[int, dict[str, float]], None] | None = None
    ) -> bool:
        """Train to the last step, or for so many minutes. Returns whether it is finished.

        Args:
            max_minutes (`float`, *optional*): stop after them, with a state to go on from.
            log (*optional*): called as `log(step, mean losses)` now and then.

        Raises:
            ValueError: negative `max_minutes`.
        """
        if max_minutes is not None and max_minutes < 0:
            raise ValueError(f"max_minutes must not be negative, got {max_minutes}")
        started, sums, count = time.monotonic(), {}, 0
        while self.step < self.settings.steps:
            if max_minutes is not None and time.monotonic() - started > 60 * max_minutes:
                self.save()
                return False
            for name, value in self.train_step().items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            if log is not None and (self.step % 100 == 0 or self.step == self.settings.steps):
                log(self.step, {name: value / count for name, value in sums.items()})
                sums, count = {}, 0
            if self.step % self.settings.save_every == 0:
                self.save()
        self.save()
        return True

    def train_step(self) -> dict[str, float]:
        """One step; returns its losses."""
        batch = self.contours.batch(self.batch_numbers(self.step))
        losses = sketch_losses(self.control, batch, self.settings, self.random)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.control.parameters(), self.settings.clip_norm)
        self.optimizer.step()
        self.average.update(self.control)
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    @torch.no_grad()
    def evaluate(self, contours: ContourSet, clips: int = 96) -> dict[str, float]:
        """Losses of the averaged networks on held-out clips, with the same sketches and noise each time."""
        random = torch.Generator().manual_seed(1)
        sums: dict[str, float] = {}
        numbers = np.linspace(0, len(contours) - 1, min(clips, len(contours))).astype(int)
        with self.average.swap(self.control):
            for number in numbers:
                for name, value in sketch_losses(
                    self.control, contours.batch([number]), self.settings, random
                ).items():
                    sums[name] = sums.get(name, 0.0) + float(value) / len(numbers)
        return sums

    def averaged(self) -> SketchControl:
        """A copy of the networks with the averaged weights."""
        control = SketchControl(self.config)
        control.load_state_dict(self.control.state_dict())
        self.average.copy_to(control)
        return control.eval()

    def save(self) -> None:
        """Write the state, in one move."""
        with new_folder(self.folder / STATE) as folder:
            state = {
                "key": self.key,
                "step": self.step,
                "control": self.control.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state_dict(),
                "random": self.random.get_state(),
            }
            write_state(folder, "training", state)

    def _load(self) -> None:
        state = read_state(self.folder / STATE, "training")
        if state["key"]["base"] != self.key["base"]:
            return
        if state["key"] != self.key:
            raise ValueError(
                f"{str(self.folder)!r} holds a training of other settings or clips ({state['key']} instead of "
                f"{self.key}): name another folder, or remove it to begin anew"
            )
        self.control.load_state_dict(state["control"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.random.set_state(state["random"])
        self.step = state["step"]


def write_sketch(checkpoint: Path, control: SketchControl, output: Path | None = None) -> None:
    """Put the networks into a checkpoint folder, in half precision, beside everything that is in it.

    Weights are replaced before the configuration that asks for them: a checkpoint read in between speaks as before.

    Args:
        checkpoint: folder with `model.safetensors` and `config.json`.
        control ([`SketchControl`]): trained for it.
        output (*optional*): write a copy of the checkpoint there instead.

    Raises:
        FileNotFoundError: no checkpoint in one file there.
    """
    checkpoint = Path(checkpoint)
    for name in ("model.safetensors", "config.json"):
        if not (checkpoint / name).is_file():
            raise FileNotFoundError(f"{str(checkpoint)!r} has no {name}: name the folder of a checkpoint")
    if output is not None:
        with new_folder(Path(output)) as folder:
            shutil.copytree(checkpoint, folder, dirs_exist_ok=True)
            write_sketch(folder, control)
        return
    with safe_open(checkpoint / "model.safetensors", "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys() if not name.startswith(WEIGHTS_PREFIX)}
    for name, value in control.state_dict().items():
        tensors[WEIGHTS_PREFIX + name] = value.detach().half().contiguous().cpu()
    content = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    content["sketch"] = control.predictor.sketch.to_diff_dict() | {"enabled": True}

    def weights(path: Path) -> None:
        save_file(tensors, path, metadata=metadata or {"format": "pt"})

    def configuration(path: Path) -> None:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    _replace(checkpoint / "model.safetensors", weights)
    _replace(checkpoint / "config.json", configuration)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.chmod(path.stat().st_mode & 0o777)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
