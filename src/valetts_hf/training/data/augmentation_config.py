"""Which augmentations a recipe uses, how often and how strongly: `augmentation:` of a recipe, typed and checked.

Every augmentation has a probability per row of a batch, 0 by default, and ranges from which its parameters are drawn
uniformly. What each does to the target (what the model learns to say) and to the reference (what it hears of the speaker)
is told in `augmentation.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from valetts_hf.training.setting_checks import convert_settings


MAX_SPEED = 1.5
TARGETS = ("reference", "both")


@dataclass
class _Augmentation:
    """What all have: a probability in [0, 1] per row."""

    probability: float = 0.0

    def __post_init__(self) -> None:
        convert_settings(self, f"augmentation.{self.section()}")
        self._require(0 <= self.probability <= 1, "probability", "in [0, 1]")
        for item in fields(self):
            if item.name.startswith("low_"):
                high = item.name.replace("low_", "high_", 1)
                self._require(getattr(self, item.name) <= getattr(self, high), item.name, f"at most {high}")
        if "apply_to" in {item.name for item in fields(self)}:
            self._require(self.apply_to in TARGETS, "apply_to", f"one of {list(TARGETS)}")

    @classmethod
    def section(cls) -> str:
        """Its name in a recipe: BandLimitAugmentation is `band_limit`."""
        words = re.findall("[A-Z][a-z]+", cls.__name__.removesuffix("Augmentation"))
        return "_".join(words).lower()

    def _require(self, condition: bool, name: str, rule: str) -> None:
        if not condition:
            raise ValueError(f"augmentation.{self.section()}: {name} must be {rule}, got {getattr(self, name)!r}")


@dataclass
class SpeedAugmentation(_Augmentation):
    """Playing speed: tempo, pitch and formants change together, as on a tape. Factor in [low_factor, high_factor]."""

    low_factor: float = 0.9
    high_factor: float = 1.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.low_factor >= 1 / MAX_SPEED, "low_factor", f"at least {1 / MAX_SPEED:.3f}")
        self._require(self.high_factor <= MAX_SPEED, "high_factor", f"at most {MAX_SPEED}")


@dataclass
class VoiceAugmentation(_Augmentation):
    """Pitch shift in semitones and formant shift as a factor on frequency, drawn independently; the tempo stays."""

    low_semitones: float = -2.0
    high_semitones: float = 2.0
    low_formant: float = 0.92
    high_formant: float = 1.09

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.low_semitones >= -6, "low_semitones", "at least -6")
        self._require(self.high_semitones <= 6, "high_semitones", "at most 6")
        self._require(self.low_formant >= 0.75, "low_formant", "at least 0.75")
        self._require(self.high_formant <= 1.33, "high_formant", "at most 1.33")


@dataclass
class RoomAugmentation(_Augmentation):
    """Reverberation, reference only.

    Args:
        low_t60, high_t60: reverberation time of synthetic rooms in seconds.
        low_drr_db, high_drr_db: their direct-to-reverberant ratio in dB.
        folder: folder of recorded impulse responses (wav or flac); None = synthetic ones only.
        folder_share: share of the rooms that come from the folder, in [0, 1].
    """

    low_t60: float = 0.1
    high_t60: float = 0.6
    low_drr_db: float = 0.0
    high_drr_db: float = 15.0
    folder: str | None = None
    folder_share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.low_t60 > 0, "low_t60", "greater than 0")
        self._require(self.high_t60 <= 5, "high_t60", "at most 5 seconds")
        self._require(0 <= self.folder_share <= 1, "folder_share", "in [0, 1]")


@dataclass
class NoiseAugmentation(_Augmentation):
    """Coloured noise, reference only: signal-to-noise ratio in dB, and the slope s of its power spectrum 1 / f^s
    (0 white, 1 pink, 2 brown)."""

    low_snr_db: float = 5.0
    high_snr_db: float = 35.0
    low_slope: float = 0.0
    high_slope: float = 2.0


@dataclass
class BandLimitAugmentation(_Augmentation):
    """Nothing above a frequency in [low_hz, high_hz] is left."""

    low_hz: float = 3400.0
    high_hz: float = 10000.0
    apply_to: str = "reference"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.low_hz >= 500, "low_hz", "at least 500")


@dataclass
class CodecAugmentation(_Augmentation):
    """What a low-rate codec leaves, reference only.

    Args:
        low_hz, high_hz: nothing above is left.
        low_depth_db, high_depth_db: bins this far below the loudest of their frame are lost (spectral holes).
        low_bits, high_bits: bits of the mu-law samples.
    """

    low_hz: float = 3400.0
    high_hz: float = 8000.0
    low_depth_db: float = 25.0
    high_depth_db: float = 50.0
    low_bits: float = 6.0
    high_bits: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.low_hz >= 500, "low_hz", "at least 500")
        self._require(self.low_depth_db > 0, "low_depth_db", "greater than 0")
        self._require(self.low_bits >= 2, "low_bits", "at least 2")


@dataclass
class GainAugmentation(_Augmentation):
    """Level in dB; a gain never lifts a peak above full scale."""

    low_db: float = -12.0
    high_db: float = 6.0
    apply_to: str = "reference"


@dataclass
class AugmentationConfig:
    """All augmentations in the order in which they are applied; a YAML mapping of the same names overrides them."""

    speed: SpeedAugmentation = field(default_factory=SpeedAugmentation)
    voice: VoiceAugmentation = field(default_factory=VoiceAugmentation)
    room: RoomAugmentation = field(default_factory=RoomAugmentation)
    noise: NoiseAugmentation = field(default_factory=NoiseAugmentation)
    band_limit: BandLimitAugmentation = field(default_factory=BandLimitAugmentation)
    codec: CodecAugmentation = field(default_factory=CodecAugmentation)
    gain: GainAugmentation = field(default_factory=GainAugmentation)

    @property
    def active(self) -> bool:
        """Whether any augmentation ever happens."""
        return any(getattr(self, item.name).probability > 0 for item in fields(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any] | None) -> AugmentationConfig:
        """Build from plain data, such as `augmentation:` of a recipe.

        Raises:
            ValueError: an unknown augmentation or setting, named with the known ones; a value out of range.
        """
        values, config = values or {}, cls()
        known = {item.name: type(getattr(config, item.name)) for item in fields(cls)}
        if not isinstance(values, dict):
            raise ValueError(f"augmentation must be a mapping of {list(known)}, got {type(values).__name__}")
        if unknown := set(values) - set(known):
            raise ValueError(f"augmentation: unknown {sorted(unknown)}; known are {list(known)}")
        parts = {}
        for name, settings in values.items():
            if not isinstance(settings, dict):
                raise ValueError(f"augmentation.{name} must be a mapping of settings, got {settings!r}")
            allowed = [item.name for item in fields(known[name])]
            if unknown := set(settings) - set(allowed):
                raise ValueError(f"augmentation.{name}: unknown {sorted(unknown)}; known are {allowed}")
            parts[name] = known[name](**settings)
        return cls(**parts)
