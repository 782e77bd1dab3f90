"""Can these recordings make a good voice? Measured before anything is made of them, and said with the numbers.

Two kinds of findings: "warn" (the voice will work, less well) and "refuse" (it would not be this person's voice). The
limits are in `LIMITS`; where they come from is written beside them. "Corpus" is 440 clips of some 280 readers (clean to
home recordings, 8 languages), 3 to 8 s each. H width of the style vector, K windows or clips.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from valetts_hf.processing.audio_cleanup import (
    ACTIVE_RANGE,
    SILENT_PEAK,
    frame_levels,
    loud_level,
    mix_down,
    speech_bounds,
)
from valetts_hf.processing.audio_input import read_audio
from valetts_hf.voices.clip_measures import measure
from valetts_hf.voices.errors import QualityError, VoiceError, one_line
from valetts_hf.voices.quiet_warnings import caught_warnings
from valetts_hf.voices.voicing import Voicing, analyze_voicing


WARN, REFUSE = "warn", "refuse"
MIN_SPEECH_SECONDS = 5.0
ENOUGH_SECONDS = 60.0
LONG_PAUSE = 0.5  # seconds; what a pause lasts beyond it is not counted as speech
WINDOW_SECONDS = 2.0
MAX_WINDOWS = 12
COMPARED_SECONDS = 3.0  # the style of shorter clips says too little of who speaks
# How far apart the voices of a checkpoint are when it brings none to measure it with: cosine distance of style vectors.
USUAL_SPREAD = 0.33

LIMITS: dict[str, tuple[float, float]] = {  # name -> (warn, refuse)
    "snr": (15.0, 6.0),  # dB, below
    "clipped": (0.001, 0.02),  # share of samples on flat tops, above
    "level": (-45.0, -65.0),  # dBFS, below
    "bandwidth": (6000.0, 3000.0),  # Hz, below: telephones end at 3.4 kHz
    "voiced": (0.35, 0.15),  # share, below: lowest of the corpus 0.15, 1 % are under 0.39; white noise 0
    "held": (
        0.15,
        0.35,
    ),  # share, above: highest of the corpus 0.23, 1 % are over 0.08; made-up music 0.07 to 1, median 0.83
    "pauses": (0.15, 0.05),  # share, below: lowest of the corpus 0.21; noise 0, most music under 0.05
    # Distances between voices, in units of how far apart the checkpoint's own voices are (cosine of style vectors).
    "speakers": (
        0.16,
        0.40,
    ),  # above: 6 and 10 s of one reader 0.15 at 95 %, 0.22 at 98 %; of two readers 0.3 in the middle
    "outlier": (0.30, 0.30),  # above: clips of one reader 0.18 at 95 %, 0.23 at 99 %
    "pitch": (0.5, 0.9),  # |log| ratio of the medians, above: 3 s of one reader 0.30 at 95 %, 0.54 at 99 %
}


@dataclass(frozen=True)
class Finding:
    """
    Attributes:
        code (`str`): which check.
        verdict (`str`): "warn" or "refuse".
        text (`str`): what was measured and what to do about it.
    """

    code: str
    verdict: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class ClipExam:
    """One clip, examined.

    Attributes:
        name (`str`): what to call it in messages.
        waveform (`np.ndarray` of shape `(S,)`): cleaned, as the style encoder hears it.
        sampling_rate (`int`): of `waveform`.
        speech_seconds (`float`): from the first to the last sound, without what pauses last beyond 0.5 s.
        measures (`dict`): see [`clip_measures.measure`].
        voicing ([`Voicing`]): pitch and syllables.
        cut (`str`, *optional*): what was read of a long recording.
        style (`np.ndarray` of shape `(H,)`, *optional*): once it has been encoded.
    """

    name: str
    waveform: np.ndarray
    sampling_rate: int
    speech_seconds: float
    measures: dict[str, Any]
    voicing: Voicing
    cut: str | None = None
    style: np.ndarray | None = None


@dataclass
class QualityReport:
    """What the gate found.

    Attributes:
        speech_seconds (`float`): of all clips that were used.
        used, left_out (`list[str]`): names of clips.
        findings (`list[Finding]`).
    """

    speech_seconds: float = 0.0
    used: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return any(finding.verdict == REFUSE for finding in self.findings)

    def add(self, code: str, verdict: str, text: str) -> None:
        self.findings.append(Finding(code, verdict, text))

    def refuse(self, quality: str) -> None:
        """Raise what the gate refuses.

        Args:
            quality (`str`): "refuse", or "warn", which raises nothing.

        Raises:
            `QualityError`: refused.
        """
        refusals = [finding.text for finding in self.findings if finding.verdict == REFUSE]
        if refusals and quality == REFUSE:
            raise QualityError("these recordings do not make a good voice: " + " Also: ".join(refusals), self)

    def warn(self, stacklevel: int = 2) -> None:
        """One warning for each finding; `stacklevel` as in `warnings.warn`, seen from the caller."""
        for finding in self.findings:
            warnings.warn(finding.text, UserWarning, stacklevel=stacklevel)


def examine_clip(extractor: Any, audio: Any, sampling_rate: int | None = None, name: str | None = None) -> ClipExam:
    """Read and measure one clip.

    Args:
        extractor ([`ValeTTSFeatureExtractor`]): cleans it.
        audio, sampling_rate: as the extractor takes them.
        name (`str`, *optional*): default: the path, or "the clip".

    Raises:
        `VoiceError`: it cannot be read, is silent, holds NaN, or has less than 0.5 s of speech.
    """
    name = name or (repr(str(audio)) if isinstance(audio, str) or hasattr(audio, "__fspath__") else "the clip")
    try:
        with caught_warnings(record=True) as said:  # length and clipping: both become findings
            warnings.simplefilter("always", UserWarning)
            samples, rate = read_audio(audio, sampling_rate, extractor.max_seconds, extractor.crop_seconds)
            cut = next((str(warning.message) for warning in said or ()), None)
            mono = mix_down(samples)
            if float(np.abs(mono).max()) >= SILENT_PEAK:
                start, stop = speech_bounds(mono, rate)
            waveform = np.asarray(extractor.load({"array": samples, "sampling_rate": rate}))
    except (ValueError, TypeError, OSError, RuntimeError, ImportError) as error:
        raise VoiceError(f"cannot use {name}: {one_line(error)}") from error
    levels = frame_levels(mono[start:stop], rate)
    quiet = np.flatnonzero(np.diff(np.concatenate([[True], levels > loud_level(levels) - ACTIVE_RANGE, [True]])))
    pauses = np.diff(quiet)[::2] * 0.02 if len(quiet) > 1 else np.zeros(1)
    lost = float(np.maximum(pauses - LONG_PAUSE, 0.0).sum())
    return ClipExam(
        name=name,
        waveform=waveform,
        sampling_rate=extractor.sampling_rate,
        speech_seconds=max((stop - start) / rate - lost, 0.0),
        measures=measure(samples, mono, rate),
        voicing=analyze_voicing(mono[start:stop], rate),
        cut=cut,
    )


def check_clip(exam: ClipExam, report: QualityReport) -> bool:
    """Judge one clip on its own; returns whether it may be used."""
    before = len(report.findings)
    heard, voicing = exam.measures, exam.voicing
    if exam.cut is not None:
        report.add("cut", WARN, f"{exam.name}: {exam.cut}")
    for code, value, low_is_bad, text in (
        (
            "snr",
            heard["snr"],
            True,
            "the noise is only {value:.0f} dB below the voice (wanted: {limit:.0f}): record in a quiet room, close to the "
            "microphone",
        ),
        (
            "clipped",
            heard["clipped"],
            False,
            "{value:.1%} of the samples are clipped (wanted: under {limit:.1%}): record again with less gain",
        ),
        ("level", heard["level"], True, "its level is {value:.0f} dBFS (wanted: above {limit:.0f}): record it louder"),
        (
            "bandwidth",
            heard["bandwidth"],
            True,
            "there is nothing above {value:.0f} Hz (wanted: {limit:.0f}), as on a telephone: the voice will sound dull; record "
            "at 24 kHz or more",
        ),
        (
            "held",
            voicing.held,
            False,
            "{value:.0%} of its pitch stands still as notes do (speech: under {limit:.0%}): this sounds like music or "
            "singing; give speech without music",
        ),
    ):
        _judge(report, exam.name, code, value, low_is_bad, text)
    voiced, pauses = _verdict("voiced", voicing.voiced, True), _verdict("pauses", voicing.pauses, True)
    if voiced or pauses:
        # Either alone may be a whisper or a fast reader; together nobody speaks.
        verdict = REFUSE if voiced == REFUSE or (voiced and pauses) or pauses == REFUSE else WARN
        report.add(
            "speech",
            verdict,
            f"{exam.name}: {voicing.voiced:.0%} of it has a pitch and {voicing.pauses:.0%} of it is pauses (speech: over "
            f"{LIMITS['voiced'][0]:.0%} and over {LIMITS['pauses'][0]:.0%}): this may be noise or music; give clear speech.",
        )
    return not any(finding.verdict == REFUSE for finding in report.findings[before:])


def check_speakers(
    exams: Sequence[ClipExam], encode: Callable[[np.ndarray], np.ndarray], spread: float, report: QualityReport
) -> None:
    """More than one speaker within a clip? What is before each point is compared with what is after it, in windows of 2 s.

    Args:
        exams: clips that may be used.
        encode: waveform -> style vector (H,).
        spread (`float`): see [`voice_spread`].
        report: takes what is found.
    """
    for exam in exams:
        size = round(WINDOW_SECONDS * exam.sampling_rate)
        if len(exam.waveform) < 2 * size:
            continue
        count = min(len(exam.waveform) // size, MAX_WINDOWS)
        starts = np.linspace(0, len(exam.waveform) - size, count).astype(int)
        windows = [exam.waveform[start : start + size] for start in starts]
        loud = loud_level(frame_levels(exam.waveform, exam.sampling_rate)) - ACTIVE_RANGE
        windows = [one for one in windows if (frame_levels(one, exam.sampling_rate) > loud).mean() > 0.4]  # no pauses
        if len(windows) < 2:
            continue
        distance = largest_change(np.stack([encode(window) for window in windows])) / spread
        halves = np.array_split(exam.waveform, max(2, round(len(exam.waveform) / exam.sampling_rate / 3.0)))
        pitches = [analyze_voicing(half, exam.sampling_rate).median_pitch for half in halves]
        pitch = max((abs(a - b) for a, b in combinations(pitches, 2) if np.isfinite(a + b)), default=0.0)
        verdict = _verdict("speakers", distance, False)
        by_pitch = _verdict("pitch", pitch, False)
        if verdict is None and by_pitch is None:
            continue
        both = REFUSE if REFUSE in (verdict, by_pitch) or (verdict and by_pitch) else WARN
        report.add(
            "speakers",
            both,
            f"{exam.name}: its parts sound like more than one speaker (they differ by {distance:.2f} where one speaker stays "
            f"under {LIMITS['speakers'][0]:.2f}, and by {12 * pitch / np.log(2):.0f} semitones): give clips of one person alone.",
        )


def check_clips_agree(exams: Sequence[ClipExam], spread: float, report: QualityReport) -> list[ClipExam]:
    """Is it one speaker in all clips? Of three or more, one that stands apart is left out.

    Returns:
        `list[ClipExam]`: the clips to use.
    """
    short = [exam for exam in exams if exam.speech_seconds < COMPARED_SECONDS]
    exams = [exam for exam in exams if exam.speech_seconds >= COMPARED_SECONDS]
    return short + _one_speaker(exams, spread, report)


def _one_speaker(exams: Sequence[ClipExam], spread: float, report: QualityReport) -> list[ClipExam]:
    kept = list(exams)
    while len(kept) >= 3:
        apart = _apart_from_others(np.stack([exam.style for exam in kept])) / spread
        worst = int(apart.argmax())
        if apart[worst] <= LIMITS["outlier"][0]:
            return kept
        if len(kept) == 3 or len(exams) - len(kept) >= max(1, len(exams) // 4):
            break
        report.left_out.append(kept[worst].name)
        report.add(
            "outlier",
            WARN,
            f"{kept[worst].name} sounds unlike the other clips ({apart[worst]:.2f} apart, one speaker stays under "
            f"{LIMITS['outlier'][0]:.2f}) and is left out: check whose voice it is.",
        )
        kept.pop(worst)
    if len(kept) < 2:
        return kept
    distance = float(_apart_from_others(np.stack([exam.style for exam in kept])).max()) / spread
    if distance > LIMITS["outlier"][0]:
        verdict = REFUSE if distance > LIMITS["speakers"][1] else WARN
        report.add(
            "speakers",
            verdict,
            f"the clips sound like more than one speaker (they differ by {distance:.2f} where one speaker stays under "
            f"{LIMITS['outlier'][0]:.2f}), or were recorded very differently: give clips of one person, made in one way.",
        )
    return kept


def voice_spread(styles: Sequence[Any]) -> float:
    """How far apart voices are in a checkpoint: the median cosine distance between its own, at least three of them.

    Distances between recordings are judged in this unit, so that the limits hold for other checkpoints, too.
    """
    if len(styles) < 3:
        return USUAL_SPREAD
    vectors = np.asarray(styles, dtype=np.float64)
    return max(float(np.median([_cosine_distance(a, b) for a, b in combinations(vectors, 2)])), 1e-6)


def largest_change(styles: np.ndarray) -> float:
    """How much windows in a row (K, H) change at the point where they change most.

    The cosine distance between the means on both sides, less near the ends, where one window decides.
    """
    count = len(styles)
    changes = [
        _cosine_distance(styles[:at].mean(axis=0), styles[at:].mean(axis=0)) * 2.0 * np.sqrt(at * (count - at)) / count
        for at in range(1, count)
    ]
    return max(changes, default=0.0)


def _apart_from_others(styles: np.ndarray) -> np.ndarray:
    others = (styles.sum(axis=0) - styles) / max(len(styles) - 1, 1)
    return np.array([_cosine_distance(one, rest) for one, rest in zip(styles, others)])


def _cosine_distance(first: np.ndarray, second: np.ndarray) -> float:
    return 1.0 - float(first @ second) / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-9)


def _verdict(code: str, value: float, low_is_bad: bool) -> str | None:
    warn, refuse = LIMITS[code]
    if (value < refuse) if low_is_bad else (value > refuse):
        return REFUSE
    return WARN if ((value < warn) if low_is_bad else (value > warn)) else None


def _judge(report: QualityReport, name: str, code: str, value: float, low_is_bad: bool, text: str) -> None:
    verdict = _verdict(code, value, low_is_bad)
    if verdict is not None:
        report.add(code, verdict, f"{name}: {text.format(value=value, limit=LIMITS[code][0])}.")
