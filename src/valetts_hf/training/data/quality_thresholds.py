"""The numbers that decide about a clip, in one typed object; a YAML file overrides what differs."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class QualityThresholds:
    """
    When a clip is fine, should be fixed, or is left out. `None` switches a rule off.

    Attributes:
        drop_snr, fix_snr (`float`, dB): speech over noise, see `clip_measures.measure`.
        drop_clipped, fix_clipped (`float`, share of samples): on flat tops.
        drop_level, fix_level (`float`, dBFS): speech quieter than this.
        drop_silence, fix_silence (`float`, share of frames): not speech.
        fix_edge_silence, fix_pause (`float`, seconds): silence at both ends together; longest pause.
        drop_bandwidth, fix_bandwidth (`float`, Hz): end of the spectrum.
        fix_upsampled (`float`, share): the spectrum ends below this share of half the sampling rate (12 kHz at most),
            for most clips of the speaker or far below the others: the file has been at a lower rate or bit rate.
        fix_voiced (`float`, share of frames): less than this has a pitch (noise, whispering, music).
        drop_rate, fix_rate (`float`): robust z-score of the logarithm of characters per second and of sounds per
            second, the smaller of the two; within the speaker and language where it has `min_clips_for_outliers`
            clips, else within the language.
        fix_duration (`float`): robust z-score of the logarithm of the duration.
        min_deviation (`float`): smallest standard deviation taken for granted in these logarithms.
        min_clips_for_outliers (`int`): smaller groups have no outliers.
        language_letters (`int`): texts with fewer letters do not tell their language.
        drop_repeats (`int`): takes of one text by one speaker beyond this number.
        fix_unknown_sounds (`float`, share of sounds): without a token.
        split_seconds (`float`): recordings above the longest clip are split into pieces of at most this length; `None` leaves
            them out.
        split_shortest (`float`, seconds): shorter pieces are made only where the pauses allow no others.
        split_pause (`float`, seconds): shortest pause to cut in.
    """

    drop_snr: float | None = 5.0
    fix_snr: float | None = 15.0
    drop_clipped: float | None = 0.02
    fix_clipped: float | None = 0.001
    drop_level: float | None = -60.0
    fix_level: float | None = -42.0
    drop_silence: float | None = 0.9
    fix_silence: float | None = 0.65
    fix_edge_silence: float | None = 1.5
    fix_pause: float | None = 2.0
    drop_bandwidth: float | None = 3000.0
    fix_bandwidth: float | None = 5000.0
    fix_upsampled: float | None = 0.7
    fix_voiced: float | None = 0.1
    drop_rate: float | None = 8.0
    fix_rate: float | None = 4.5
    fix_duration: float | None = 5.0
    min_deviation: float = 0.1
    min_clips_for_outliers: int = 12
    language_letters: int = 25
    drop_repeats: int | None = 10
    fix_unknown_sounds: float | None = 0.05
    split_seconds: float | None = 15.0
    split_shortest: float = 3.0
    split_pause: float = 0.2

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            optional = "None" in str(item.type)
            if value is None and optional:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"threshold {item.name} must be a number{' or null' * optional}, got {value!r}")
        # Where low values are bad, dropping starts below fixing; where high values are bad, above.
        for name, low_is_bad in (
            ("snr", True),
            ("level", True),
            ("bandwidth", True),
            ("clipped", False),
            ("silence", False),
            ("rate", False),
        ):
            drop, fix = getattr(self, f"drop_{name}"), getattr(self, f"fix_{name}")
            if drop is not None and fix is not None and (drop > fix if low_is_bad else drop < fix):
                raise ValueError(
                    f"drop_{name}={drop} would act before fix_{name}={fix}: drop must be the worse of the two values"
                )
        if self.min_deviation <= 0 or self.min_clips_for_outliers < 3:
            raise ValueError(
                f"min_deviation={self.min_deviation} must be above 0 and min_clips_for_outliers="
                f"{self.min_clips_for_outliers} at least 3"
            )
        longest = float("inf") if self.split_seconds is None else self.split_seconds
        if not 0.05 <= self.split_pause < self.split_shortest <= longest / 2:
            raise ValueError(
                f"split_pause={self.split_pause} must be 0.05 or more and below split_shortest={self.split_shortest}, of "
                f"which split_seconds={self.split_seconds} must be at least the double"
            )


def load_thresholds(path: str | os.PathLike | None) -> QualityThresholds:
    """
    Thresholds with the overrides of a YAML file; the defaults without one.

    Raises:
        ValueError: no mapping, an unknown key (the known ones are listed), or a value of the wrong kind.
    """
    if path is None:
        return QualityThresholds()
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{str(path)!r} is no YAML ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise ValueError(f"{str(path)!r} must be a mapping of thresholds, got {type(values).__name__}")
    known = [item.name for item in fields(QualityThresholds)]
    if unknown := sorted(map(str, set(values) - set(known))):
        raise ValueError(f"{str(path)!r}: unknown thresholds {unknown}; known are {known}")
    return QualityThresholds(**values)
