"""Verdicts on clips and speakers: keep, fix or drop, with the reasons.

"keep": nothing to say. "fix": it can be used, and is unless asked otherwise, but something should be looked at; what
preparation repairs by itself says so. "drop": it would do harm, or cannot be used at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from valetts_hf.training.data.quality_thresholds import QualityThresholds


KEEP, FIX, DROP = "keep", "fix", "drop"
VERDICTS = (KEEP, FIX, DROP)
# Copies of a recording in another coding have the same contour of levels, in dB, but for this.
SAME_CONTOUR_DB = 1.0
# A clip is an exception to its speaker's bandwidth below this share of it.
ODD_BANDWIDTH = 0.5


@dataclass(frozen=True)
class Reason:
    """
    One thing that is wrong with a clip.

    Attributes:
        code (`str`): stable name of the rule, such as "noisy".
        verdict (`str`): "fix" or "drop".
        text (`str`): with the value, for a person.
    """

    code: str
    verdict: str
    text: str


@dataclass
class ClipReport:
    """
    One clip (or one piece of a long recording) with all that is known about it.

    Attributes:
        name, source, speaker, language, split, text (`str`), number (`int`): see `sources.SourceRow`.
        piece (`int`): which of the pieces that lie under one key in the cache.
        audio_key (`str`): of its features in the cache; "" if there are none.
        phonemes (`str`), input_ids (`list[int]`), detected (`str`, *optional*), unknown (`int`): see
            `text_features.read_text`.
        measures (`dict`): see `clip_features.prepare_piece`; empty if the audio cannot be used.
        reasons (`list[Reason]`).
        recording (`str`): name of the long recording that it is, or is a piece of, else "".
    """

    name: str
    source: str
    speaker: str
    language: str
    split: str
    text: str
    number: int
    piece: int = 0
    audio_key: str = ""
    phonemes: str = ""
    input_ids: list[int] = field(default_factory=list)
    detected: str | None = None
    unknown: int = 0
    measures: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    recording: str = ""

    @property
    def verdict(self) -> str:
        """The worst of the reasons."""
        return max((reason.verdict for reason in self.reasons), key=VERDICTS.index, default=KEEP)

    @property
    def place(self) -> str:
        """Name and row, for messages."""
        return f"{self.name} (row {self.number})"

    @property
    def characters_per_second(self) -> float:
        """Letters and digits of the text per second of prepared audio; 0 without either."""
        return self._per_second(sum(c.isalnum() for c in self.text))

    @property
    def sounds_per_second(self) -> float:
        """IPA letters per second of prepared audio; 0 without either."""
        return self._per_second(sum(c.isalpha() for c in self.phonemes))

    def _per_second(self, count: int) -> float:
        seconds = self.measures.get("prepared_seconds", 0.0)
        return count / seconds if seconds else 0.0

    def take_reading(self, reading: Mapping[str, Any]) -> None:
        """Note how the text is read, see `text_features.read_text`."""
        self.phonemes, self.input_ids = reading["phonemes"], list(reading["input_ids"])
        self.detected, self.unknown = reading["detected"], reading["unknown"]
        if reading["problem"]:
            self.add("unpronounceable", DROP, reading["problem"])

    def add(self, code: str, verdict: str, text: str) -> None:
        """Note a reason, once per code."""
        if all(reason.code != code for reason in self.reasons):
            self.reasons.append(Reason(code, verdict, text))


def judge(clips: Sequence[ClipReport], thresholds: QualityThresholds) -> None:
    """
    Fill in the reasons of all clips.

    Args:
        clips (sequence of [`ClipReport`]): reasons found while reading stay.
        thresholds ([`QualityThresholds`]).
    """
    heard = [clip for clip in clips if clip.measures]
    for clip in heard:
        _judge_sound(clip, thresholds)
        _judge_text(clip, thresholds)
    _judge_bandwidth(heard, thresholds)
    _judge_outliers([clip for clip in heard if clip.verdict != DROP], thresholds)
    _judge_copies([clip for clip in heard if clip.verdict != DROP])
    _judge_repeats([clip for clip in heard if clip.verdict != DROP], thresholds)


def _judge_sound(clip: ClipReport, limits: QualityThresholds) -> None:
    values = clip.measures
    low = (
        ("noisy", "snr", "snr", "signal-to-noise ratio {:.0f} dB"),
        ("quiet", "level", "level", "speech at {:.0f} dBFS"),
        ("narrow_band", "bandwidth", "bandwidth", "nothing above {:.0f} Hz"),
        ("unvoiced", "voiced", "voiced", "only {:.0%} of it has a pitch"),
    )
    high = (
        ("clipped", "clipped", "clipped", "{:.2%} of the samples are clipped"),
        ("silent", "silence", "silence", "{:.0%} of it is silence"),
        ("edge_silence", "edge_silence", "edge_silence", "{:.1f} s of silence at the ends (prepare trims it)"),
        ("long_pause", "pause", "longest_pause", "a pause of {:.1f} s"),
    )
    for code, rule, measure, text in low:
        for verdict in (DROP, FIX):
            limit = getattr(limits, f"{verdict}_{rule}", None)
            if limit is not None and values[measure] < limit:
                clip.add(code, verdict, text.format(values[measure]))
    for code, rule, measure, text in high:
        for verdict in (DROP, FIX):
            limit = getattr(limits, f"{verdict}_{rule}", None)
            if limit is not None and values[measure] > limit:
                clip.add(code, verdict, text.format(values[measure]))


def _judge_bandwidth(clips: Sequence[ClipReport], limits: QualityThresholds) -> None:
    """
    Flag spectra that end early: a clip alone may simply hold no hiss, so the upper clips of its speaker must end early
    as well, or the clip much earlier than they do.
    """
    if limits.fix_upsampled is None:
        return
    for members in _by(clips, lambda clip: (clip.source, clip.speaker)).values():
        shares = np.array([clip.measures["bandwidth"] / _nyquist(clip) for clip in members])
        usual = float(np.percentile(shares, 90))
        for clip, share in zip(members, shares):
            if share < limits.fix_upsampled and (usual < limits.fix_upsampled or share < ODD_BANDWIDTH * usual):
                clip.add(
                    "upsampled",
                    FIX,
                    f"a {clip.measures['sampling_rate']} Hz file with nothing above {clip.measures['bandwidth']} Hz: it "
                    "has been at a lower sampling rate or bit rate",
                )


def _nyquist(clip: ClipReport) -> float:
    return min(clip.measures["sampling_rate"] / 2.0, 12_000.0)


def _judge_text(clip: ClipReport, limits: QualityThresholds) -> None:
    sounds = len(clip.input_ids) - 2
    if limits.fix_unknown_sounds is not None and sounds > 0 and clip.unknown > limits.fix_unknown_sounds * sounds:
        clip.add("unknown_sounds", FIX, f"{clip.unknown} of {sounds} sounds have no token")
    if sounds > 0 and sounds + 2 > clip.measures["frames"]:
        clip.add("too_much_text", DROP, f"{sounds} sounds in {clip.measures['prepared_seconds']:.1f} s: other text?")
    letters = sum(c.isalpha() for c in clip.text)
    if clip.detected and letters >= limits.language_letters:
        said, given = clip.detected.split("-")[0], clip.language.split("-")[0]
        if said != given:
            clip.add("other_language", FIX, f"the text looks like {said!r}, the clip is labelled {given!r}")


def _judge_outliers(clips: Sequence[ClipReport], limits: QualityThresholds) -> None:
    spoken = [clip for clip in clips if clip.input_ids]
    characters = outliers(spoken, [clip.characters_per_second for clip in spoken], limits)
    sounds = outliers(spoken, [clip.sounds_per_second for clip in spoken], limits)
    for clip, first, second in zip(spoken, characters, sounds):
        # Numbers are few characters and many sounds, other scripts the other way round: both must agree.
        score = min(abs(first), abs(second)) if first * second > 0 else 0.0
        for verdict in (DROP, FIX):
            limit = getattr(limits, f"{verdict}_rate")
            if limit is not None and score > limit:
                clip.add(
                    "rate",
                    verdict,
                    f"{clip.characters_per_second:.1f} characters a second, {'more' if first > 0 else 'fewer'} than "
                    f"the others (z {score:.1f}): text and speech may not match",
                )
    if limits.fix_duration is not None:
        scores = outliers(spoken, [clip.measures["prepared_seconds"] for clip in spoken], limits)
        for clip, score in zip(spoken, scores):
            if abs(score) > limits.fix_duration:
                seconds = clip.measures["prepared_seconds"]
                clip.add("duration", FIX, f"{seconds:.1f} s, unlike the others of the speaker (z {score:.1f})")


def outliers(clips: Sequence[ClipReport], values: Sequence[float], limits: QualityThresholds) -> np.ndarray:
    """
    Robust z-scores (median and median absolute deviation, Iglewicz and Hoaglin 1993) of the logarithm of a value among
    clips of the same speaker and language, or of the same language where the speaker has few.

    Args:
        clips (sequence of length N), values (sequence of length N): > 0; others score 0.
        limits ([`QualityThresholds`]): `min_deviation`, `min_clips_for_outliers`.

    Returns:
        `np.ndarray` of shape `(N,)`: scores of short clips are damped, since a word by itself is spoken at any pace.
    """
    logs = np.log(np.maximum(np.asarray(values, dtype=np.float64), 1e-9))
    valid = np.asarray(values, dtype=np.float64) > 0
    scores = np.zeros(len(logs))
    by_language: dict[Any, list[int]] = defaultdict(list)
    by_speaker: dict[Any, list[int]] = defaultdict(list)
    for index in np.flatnonzero(valid):
        by_language[clips[index].language].append(index)
        by_speaker[clips[index].speaker, clips[index].language].append(index)
    for groups in (by_language, by_speaker):  # the speaker's own score wins
        for members in groups.values():
            if len(members) >= limits.min_clips_for_outliers:
                group = logs[members]
                centre = np.median(group)
                deviation = max(1.4826 * float(np.median(np.abs(group - centre))), limits.min_deviation)
                scores[members] = (group - centre) / deviation
    seconds = np.array([clip.measures["prepared_seconds"] for clip in clips])
    return scores * seconds / (seconds + 0.5) if len(scores) else scores


def _judge_copies(clips: Sequence[ClipReport]) -> None:
    """The first of equal recordings that has a text, if one has, stays; recordings with two texts go altogether."""
    groups: dict[Any, list[ClipReport]] = defaultdict(list)
    for clip in clips:
        groups[clip.measures["digest"]].append(clip)
    for same in groups.values():
        if len(same) < 2:
            continue
        if len({clip.text for clip in same if clip.text}) > 1:
            for clip in same:
                other = next(each for each in same if each.text and each.text != clip.text)
                clip.add("contradiction", DROP, f"the same recording as {other.place}, which has another text")
        else:
            kept = next((clip for clip in same if clip.text), same[0])
            for clip in same:
                if clip is not kept:
                    clip.add("copy", DROP, f"the same recording as {kept.place}")
    lengths: dict[Any, list[ClipReport]] = defaultdict(list)
    for clip in clips:
        if clip.verdict != DROP:
            lengths[clip.text or clip.measures["frames"], clip.language].append(clip)
    for same in lengths.values():
        _judge_recoded(same)


def _judge_recoded(clips: Sequence[ClipReport]) -> None:
    """Of clips that may be copies of each other in another coding, the first stays; each is held against all at once."""
    frames = np.array([clip.measures["frames"] for clip in clips])
    contours = np.array([clip.measures["contour"] for clip in clips])
    peaks, stays = contours.max(axis=1), np.ones(len(clips), dtype=bool)
    for index, clip in enumerate(clips[1:], start=1):
        others = np.flatnonzero((np.abs(frames[:index] - frames[index]) <= 2) & stays[:index])
        loud = np.maximum(contours[others], contours[index]) > np.maximum(peaks[others], peaks[index])[:, None] - 25.0
        apart = np.where(loud, np.abs(contours[others] - contours[index]), 0.0).max(axis=1)
        equal = others[apart < SAME_CONTOUR_DB]
        if len(equal):
            stays[index] = False
            clip.add("copy", DROP, f"the same recording as {clips[equal[0]].place}, coded again")


def _judge_repeats(clips: Sequence[ClipReport], limits: QualityThresholds) -> None:
    takes: Counter[tuple[str, str]] = Counter()
    for clip in clips:
        if clip.text:
            takes[clip.speaker, clip.text] += 1
            count = takes[clip.speaker, clip.text]
            if limits.drop_repeats is not None and count > limits.drop_repeats:
                clip.add("repeat", DROP, f"take {count} of the same text by this speaker")


def findings(clips: Sequence[ClipReport]) -> list[str]:
    """What concerns speakers and the whole: sentences for the head of the report."""
    used = [clip for clip in clips if clip.verdict != DROP]
    by_speaker: dict[str, list[ClipReport]] = defaultdict(list)
    for clip in used:
        by_speaker[clip.speaker].append(clip)
    found = []
    if any(clip.recording for clip in clips):
        found.append(_split_finding(clips))
    single = sorted(name for name, members in by_speaker.items() if len(members) == 1)
    if single:
        found.append(
            f"{_names(single)} {'has' if len(single) == 1 else 'have'} one usable clip: nothing else of the speaker "
            "can serve as the reference of its voice."
        )
    lost = sorted({clip.speaker for clip in clips} - set(by_speaker))
    if lost:
        found.append(f"{_names(lost)} {'has' if len(lost) == 1 else 'have'} no usable clip at all.")
    for (speaker, language), members in sorted(_by(used, lambda clip: (clip.speaker, clip.language)).items()):
        other = Counter(
            str(clip.detected) for clip in members if any(reason.code == "other_language" for reason in clip.reasons)
        )
        if len(members) >= 5 and sum(other.values()) > 0.3 * len(members):
            seen = other.most_common(1)[0][0]
            found.append(
                f"{speaker} is labelled {language!r}, but {sum(other.values())} of {len(members)} texts look like "
                f"{seen!r}: is the language right?"
            )
        narrow = [clip for clip in members if any(reason.code == "upsampled" for reason in clip.reasons)]
        if len(members) >= 5 and len(narrow) > 0.5 * len(members):
            middle = int(np.median([clip.measures["bandwidth"] for clip in narrow]))
            found.append(f"{speaker} ({language}): most recordings end at about {middle} Hz.")
    places = _by([clip for clip in used if clip.text], lambda clip: (clip.language, clip.text))
    leaks = [members for members in places.values() if len({"train", "test"} & {c.split for c in members}) == 2]
    if leaks:
        found.append(
            f"{len(leaks)} texts are in the train and the test split (such as {leaks[0][0].text[:60]!r}): test numbers "
            "would be too good."
        )
    pitches = {
        name: float(np.median([clip.measures["f0"] for clip in members if clip.measures["f0"] > 0] or [0.0]))
        for name, members in by_speaker.items()
    }
    for name, members in by_speaker.items():
        values = np.array([clip.measures["f0"] for clip in members if clip.measures["f0"] > 0])
        if len(values) >= 20:
            away = np.abs(np.log2(values / pitches[name])) > 0.7
            if away.mean() > 0.1:
                found.append(
                    f"{name}: {away.mean():.0%} of the clips lie more than 8 semitones off its usual "
                    f"{pitches[name]:.0f} Hz, around {np.median(values[away]):.0f} Hz: one person?"
                )
    return found


def _split_finding(clips: Sequence[ClipReport]) -> str:
    """How many long recordings became how many clips."""
    recordings = _by([clip for clip in clips if clip.recording], lambda clip: clip.recording)
    whole = {name: members for name, members in recordings.items() if members[0].name != name}
    pieces = [clip for members in whole.values() for clip in members]
    lost = [clip for clip in pieces if any(reason.code == "not_split" for reason in clip.reasons)]
    minutes = sum(clip.measures.get("prepared_seconds", 0.0) for clip in pieces) / 60.0
    text = (
        f"{len(whole)} of {len(recordings)} long recordings {'was' if len(whole) == 1 else 'were'} split into "
        f"{len(pieces) - len(lost)} clips of {minutes:.1f} minutes"
    )
    if lost:
        text += f"; {len(lost)} stretches of them were left out, such as {lost[0].name} ({lost[0].reasons[0].text})"
    refused = [members[0] for name, members in recordings.items() if name not in whole]
    if refused:
        text += f"; not split: {_names([f'{clip.name} ({clip.reasons[-1].text})' for clip in refused], 3)}"
    return text + "."


def _by(clips: Sequence[ClipReport], key: Any) -> dict[Any, list[ClipReport]]:
    groups: dict[Any, list[ClipReport]] = defaultdict(list)
    for clip in clips:
        groups[key(clip)].append(clip)
    return groups


def _names(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
