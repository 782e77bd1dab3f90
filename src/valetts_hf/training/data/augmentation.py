"""Augmentation of training batches on the device, a pure function of seed and step.

What a recording is changed to, and on which side, decides what is learned from it:

- `speed` and `voice` (pitch and formants) make another speaker, or another tempo, of a row. The window that is learned and
  the reference get the same factors, and pitch and durations of the batch are those of what sounds. On one side alone they
  would teach the model to ignore whom it hears.
- `room`, `noise` and `codec` are faults of a recording: the reference gets them and the target never does, so that the
  style stays that of the voice, and the model never learns to say noise.
- `band_limit` and `gain` are on the reference alone by default: a dull or faint reference is then answered with a full one.
  With `apply_to: both` the target follows, and the style carries bandwidth and level instead.

Each row draws each augmentation by itself, also its numbers, so that one probability changes nothing about the others.
Which rows and how much is drawn on the host; only noise fields are drawn on the device, so that those differ between kinds
of devices. B rows of the batch, K of them changed, S samples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from valetts_hf.training.data.augmentation_config import AugmentationConfig
from valetts_hf.training.data.augmentation_effects import (
    add_noise,
    apply_gain,
    band_limit,
    coloured_noise,
    convolve,
    degrade_like_codec,
    limit_peak,
    load_rooms,
    synthetic_rooms,
)


_STREAM = 0xA0  # keeps these draws apart from those of the batches


@dataclass
class AugmentationPlan:
    """What happens to the rows of one batch; float64 arrays on the host.

    Args:
        speed, pitch, formant (`np.ndarray` [B]): factors, 1 = unchanged.
        rows (`dict[str, np.ndarray]`): for the other augmentations by name, the rows [K] that get them.
        values (`dict[str, np.ndarray]`): their parameters [B, P] in the order of the settings.
        seed (`int`): of the noise fields.
    """

    speed: np.ndarray
    pitch: np.ndarray
    formant: np.ndarray
    rows: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    seed: int

    @property
    def changes_speed(self) -> bool:
        """Whether any row plays at another speed."""
        return bool((self.speed != 1).any())

    @property
    def retimed_rows(self) -> np.ndarray:
        """Rows [K] whose speed, pitch or formants change."""
        return np.flatnonzero((self.speed != 1) | (self.pitch != 1) | (self.formant != 1))


class Augmenter:
    """Draws what happens to each batch, and does what concerns waveforms alone.

    Args:
        config: which augmentations, how often, how strong.
        sampling_rate (`int`): of the waveforms, in Hz.
        device: where the waveforms are.
    """

    def __init__(self, config: AugmentationConfig, sampling_rate: int = 24000, device: torch.device | str = "cpu"):
        self.config, self.sampling_rate, self.device = config, sampling_rate, torch.device(device)
        self.room_size = round(config.room.high_t60 * sampling_rate)
        self.rooms = None
        if config.room.folder is not None:
            self.rooms = load_rooms(config.room.folder, self.room_size, sampling_rate).to(self.device)

    def plan(self, seed: int, step: int, rows: int) -> AugmentationPlan:
        """What happens to a batch of `rows` rows at a step."""
        random = np.random.default_rng([seed, step, _STREAM])
        active, values = {}, {}
        for item in fields(self.config):
            part = getattr(self.config, item.name)
            names = [setting.name for setting in fields(part) if setting.name.startswith("low_")]
            lows = np.array([getattr(part, name) for name in names])
            highs = np.array([getattr(part, name.replace("low_", "high_", 1)) for name in names])
            active[item.name] = random.random(rows) < part.probability
            values[item.name] = lows + (highs - lows) * random.random((rows, len(names)))
            if item.name == "room":  # which room, and whether from the folder
                values["room"] = np.concatenate([values["room"], random.random((rows, 2))], axis=1)
        speed = np.where(active["speed"], values["speed"][:, 0], 1.0)
        pitch = np.where(active["voice"], 2.0 ** (values["voice"][:, 0] / 12.0), 1.0)
        formant = np.where(active["voice"], values["voice"][:, 1], 1.0)
        effects = [name for name in active if name not in ("speed", "voice")]
        return AugmentationPlan(
            speed,
            pitch,
            formant,
            rows={name: np.flatnonzero(active[name]) for name in effects},
            values={name: values[name] for name in effects},
            seed=int(random.integers(1 << 62)),
        )

    def degrade_target(self, waveform: Tensor, speech: Tensor, plan: AugmentationPlan) -> Tensor:
        """Rows [B, S] of what is learned: only what `apply_to: both` says."""
        names = [name for name in ("band_limit", "gain") if getattr(self.config, name).apply_to == "both"]
        return self._degrade(waveform, speech, plan, names)

    def degrade_reference(self, waveform: Tensor, speech: Tensor, plan: AugmentationPlan) -> Tensor:
        """Rows [B, S] of what the style encoder hears; `speech` [B] counts the samples that are not padding."""
        return self._degrade(waveform, speech, plan, list(plan.rows))

    def _degrade(self, waveform: Tensor, speech: Tensor, plan: AugmentationPlan, names: list[str]) -> Tensor:
        generator = torch.Generator(device=self.device).manual_seed(plan.seed)
        for name in names:
            rows = plan.rows[name]
            if not len(rows):
                continue
            index = torch.from_numpy(rows).to(self.device)
            values = torch.from_numpy(plan.values[name][rows].astype(np.float32)).to(self.device)
            changed = getattr(self, f"_{name}")(waveform[index], speech[index], values, generator)
            waveform = waveform.index_copy(0, index, changed)
        return waveform

    def _room(self, waveform: Tensor, speech: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
        t60, drr_db, which, recorded = values.unbind(1)
        rooms = synthetic_rooms(t60, drr_db, self.room_size, self.sampling_rate, generator)
        if self.rooms is not None:
            chosen = self.rooms[(which * len(self.rooms)).long().clamp(max=len(self.rooms) - 1)]
            rooms = torch.where((recorded < self.config.room.folder_share)[:, None], chosen, rooms)
        return limit_peak(convolve(waveform, rooms))

    def _noise(self, waveform: Tensor, speech: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
        snr_db, slope = values.unbind(1)
        noise = coloured_noise(*waveform.shape, slope, self.sampling_rate, generator)
        return limit_peak(add_noise(waveform, noise, snr_db, speech))

    def _band_limit(self, waveform: Tensor, speech: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
        return limit_peak(band_limit(waveform, values[:, 0], self.sampling_rate))

    def _codec(self, waveform: Tensor, speech: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
        return degrade_like_codec(waveform, *values.unbind(1), self.sampling_rate)

    def _gain(self, waveform: Tensor, speech: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
        return apply_gain(waveform, values[:, 0])


def make_augmenter(
    config: AugmentationConfig, sampling_rate: int = 24000, device: torch.device | str = "cpu"
) -> Augmenter | None:
    """An `Augmenter`, or None where nothing would ever happen."""
    return Augmenter(config, sampling_rate, device) if config.active else None
