"""Trackers that a run can be watched in, through Accelerate: TensorBoard, trackio, Weights & Biases and others.

Numbers go to all of them. Sheets and sound go where the tracker takes them. Files stay in the run folder where the tracker lets
that be chosen; nothing is sent anywhere unless the tracker's own settings say so.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from accelerate.utils import LoggerType


PROJECT = "valetts"
# What to install for a name of Accelerate's, where that is not the name.
_PACKAGES = {"trackio": "'valetts-hf[trackio]'"}


def check_trackers(names: Sequence[str]) -> list[str]:
    """Names of Accelerate's trackers whose packages are installed.

    Raises:
        ValueError: on a name that Accelerate does not know.
        ImportError: if its package is missing.
    """
    for name in names:
        if name not in LoggerType.list() or name == "all":
            known = sorted(set(LoggerType.list()) - {"all"})
            raise ValueError(f"unknown tracker {name!r}; known are {known}")
        if importlib.util.find_spec(name) is None:
            raise ImportError(f"the tracker {name!r} needs a package: pip install {_PACKAGES.get(name, name)}")
    return list(names)


def start_trackers(accelerator: Accelerator, run: str, config: Mapping[str, Any]) -> None:
    """Begin what `accelerator` logs with.

    Args:
        accelerator: made with `log_with`, and with `project_dir` for trackers that write files.
        run (`str`): name of the run: one that goes on is shown as one.
        config (mapping): numbers and words that describe the run.
    """
    folder = Path(accelerator.logging_dir or ".").absolute()
    settings: dict[str, dict[str, Any]] = {}
    for name in map(str, accelerator.log_with):
        if name == "trackio":
            # It takes its folder from the environment alone, when it is imported: the first run of a process decides.
            os.environ.setdefault("TRACKIO_DIR", str(folder / "trackio"))
            settings[name] = {"name": run, "resume": "allow", "embed": False}
        elif name == "wandb":
            folder.mkdir(parents=True, exist_ok=True)  # else it falls back to the temporary folder
            settings[name] = {"name": run, "dir": str(folder)}
    accelerator.init_trackers(PROJECT, config=dict(config), init_kwargs=settings)


def show_samples(
    tracker: GeneralTracker, step: int, sheets: Mapping[str, Path], waveforms: Mapping[str, np.ndarray], rate: int
) -> None:
    """Show sheets and sound of spoken samples, where the tracker takes them.

    Args:
        tracker: one of Accelerate's.
        step (`int`).
        sheets (mapping of `Path`): pictures by name.
        waveforms (mapping of `np.ndarray` [S]): float32 in [-1, 1], by name.
        rate (`int`): sampling rate in Hz.
    """
    if tracker.name == "trackio":
        import trackio

        media: dict[str, Any] = {f"sheet/{name}": trackio.Image(str(path)) for name, path in sheets.items()}
        for name, waveform in waveforms.items():
            samples = np.round(np.clip(waveform, -1.0, 1.0) * 32767.0).astype(np.int16)
            media[f"speech/{name}"] = trackio.Audio(samples, sample_rate=rate)
        tracker.log(media, step=step)
        return
    if hasattr(tracker, "log_images"):
        from matplotlib.image import imread

        pictures = {f"sheet/{name}": imread(path)[None, :, :, :3] for name, path in sheets.items()}
        tracker.log_images(pictures, step=step, **({"dataformats": "NHWC"} if tracker.name == "tensorboard" else {}))
    if tracker.name == "tensorboard":
        for name, waveform in waveforms.items():
            tracker.writer.add_audio(f"speech/{name}", waveform[None], step, rate)
