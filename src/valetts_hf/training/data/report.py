"""The report on a corpus: what it consists of, what is wrong with it, and which clips to listen to.

`write_report` makes `report.md` (text), `report.html` (one page with plots and players, no other file needed) and
`clips.jsonl` (every clip with measures, verdict and reasons).
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.training.data.analysis import CorpusCache
from valetts_hf.training.data.pitch import SAMPLING_RATE
from valetts_hf.training.data.quality import DROP, FIX, KEEP, ClipReport, findings


# Names of reasons for people, in the order of a report.
TITLES = {
    "unusable": "cannot be used",
    "not_split": "long recording or part of one that could not be split",
    "unpronounceable": "text cannot be pronounced",
    "too_much_text": "more text than speech",
    "rate": "unusual speaking rate",
    "not_aligned": "text and speech cannot be aligned",
    "contradiction": "one recording, two texts",
    "copy": "copy of another clip",
    "repeat": "too many takes of a text",
    "other_language": "text in another language",
    "unknown_sounds": "sounds without a token",
    "clipped": "clipped",
    "noisy": "noisy",
    "quiet": "quiet",
    "silent": "mostly silence",
    "edge_silence": "silence at the ends",
    "long_pause": "long pause",
    "narrow_band": "narrow band",
    "upsampled": "upsampled or low bit rate",
    "unvoiced": "hardly any pitch",
    "duration": "unusual duration",
}
PLAYER_SECONDS = 12.0
MP3_QUALITY = 0.6  # compression level of libsndfile in [0, 1]


@dataclass
class SpeakerSummary:
    """
    One speaker in one language.

    Attributes:
        name, language (`str`), clips, keep, fix, drop (`int`), minutes (`float`, of clips that are not dropped).
        seconds, rate, snr, bandwidth, f0 (`float`): medians: length, characters per second, dB, Hz, Hz; NaN if unknown.
    """

    name: str
    language: str
    clips: int
    keep: int
    fix: int
    drop: int
    minutes: float
    seconds: float
    rate: float
    snr: float
    bandwidth: float
    f0: float


@dataclass
class Summary:
    """
    Everything a report says in numbers and sentences.

    Attributes:
        counts (`dict`): verdict -> clips. hours, usable_hours (`float`).
        languages (`dict`): code -> usable minutes.
        speakers (`list` of [`SpeakerSummary`]): most minutes first.
        reasons (`list` of (title, clips to fix, clips to drop, example)).
        findings (`list[str]`): about speakers and the whole.
        damaged (`list[str]`): what was repaired in the cache.
    """

    counts: dict[str, int]
    hours: float
    usable_hours: float
    languages: dict[str, float]
    speakers: list[SpeakerSummary]
    reasons: list[tuple[str, int, int, str]]
    findings: list[str]
    damaged: list[str]


def summarize(clips: Sequence[ClipReport], damaged: Sequence[str] = ()) -> Summary:
    """
    The numbers of a report.

    Args:
        clips (sequence of [`ClipReport`]): judged.
        damaged (sequence of `str`): see `CorpusCache.damaged`.
    """
    counts = Counter({KEEP: 0, FIX: 0, DROP: 0})
    languages: Counter[str] = Counter()
    groups: dict[tuple[str, str], list[ClipReport]] = defaultdict(list)
    by_code: dict[str, list[tuple[ClipReport, Any]]] = defaultdict(list)
    for clip in clips:
        counts[clip.verdict] += 1
        groups[clip.speaker, clip.language].append(clip)
        if clip.verdict != DROP:
            languages[clip.language] += _minutes(clip)
        for reason in clip.reasons:
            by_code[reason.code].append((clip, reason))
    reasons = []
    for code in sorted(by_code, key=lambda code: -len(by_code[code])):
        members = by_code[code]
        dropped = sum(reason.verdict == DROP for _, reason in members)
        clip, reason = max(members, key=lambda pair: pair[1].verdict == DROP)
        reasons.append((TITLES.get(code, code), len(members) - dropped, dropped, f"{clip.name}: {reason.text}"))
    speakers = [_speaker(name, language, members) for (name, language), members in groups.items()]
    return Summary(
        counts=dict(counts),
        hours=sum(map(_minutes, clips)) / 60.0,
        usable_hours=sum(languages.values()) / 60.0,
        languages=dict(languages.most_common()),
        speakers=sorted(speakers, key=lambda speaker: (-speaker.minutes, speaker.name)),
        reasons=reasons,
        findings=findings(clips),
        damaged=list(damaged),
    )


def _minutes(clip: ClipReport) -> float:
    return clip.measures.get("prepared_seconds", 0.0) / 60.0


def _speaker(name: str, language: str, clips: Sequence[ClipReport]) -> SpeakerSummary:
    verdicts = Counter(clip.verdict for clip in clips)
    used = [clip for clip in clips if clip.verdict != DROP] or [clip for clip in clips if clip.measures]

    def middle(values: list[float]) -> float:
        values = [value for value in values if value > 0]
        return float(np.median(values)) if values else float("nan")

    return SpeakerSummary(
        name=name,
        language=language,
        clips=len(clips),
        keep=verdicts[KEEP],
        fix=verdicts[FIX],
        drop=verdicts[DROP],
        minutes=sum(_minutes(clip) for clip in clips if clip.verdict != DROP),
        seconds=middle([clip.measures["prepared_seconds"] for clip in used]),
        rate=middle([clip.characters_per_second for clip in used]),
        snr=middle([clip.measures["snr"] for clip in used]),
        bandwidth=middle([clip.measures["bandwidth"] for clip in used]),
        f0=middle([clip.measures["f0"] for clip in used]),
    )


def worst_clips(clips: Sequence[ClipReport], count: int = 24) -> list[ClipReport]:
    """
    The clips to listen to: those with features, the worst first, all kinds of reasons in turn.

    Args:
        clips (sequence of [`ClipReport`]): judged.
        count (`int`): at most.
    """
    queues: dict[str, list[ClipReport]] = defaultdict(list)
    for clip in clips:
        if clip.reasons and clip.audio_key:
            first = max(clip.reasons, key=lambda reason: reason.verdict == DROP)
            queues[first.code].append(clip)
    for queue in queues.values():
        queue.sort(key=lambda clip: (clip.verdict == DROP, len(clip.reasons)))  # worst last: taken from the end
    order = [code for code in TITLES if code in queues] + [code for code in queues if code not in TITLES]
    chosen: list[ClipReport] = []
    while len(chosen) < count and any(queues.values()):
        for code in order:
            if queues[code] and len(chosen) < count:
                chosen.append(queues[code].pop())
    return sorted(chosen, key=lambda clip: clip.verdict != DROP)


def player_source(clip: ClipReport, cache: CorpusCache, seconds: float = PLAYER_SECONDS) -> str:
    """The beginning of a prepared clip as an MP3 `data:` URL."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(
        buffer,
        cache.piece(clip.audio_key, clip.piece)["waveform"][: int(seconds * SAMPLING_RATE)],
        SAMPLING_RATE,
        format="MP3",
        compression_level=MP3_QUALITY,
    )
    return "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def write_report(
    folder: str | os.PathLike,
    clips: Sequence[ClipReport],
    cache: CorpusCache,
    title: str = "Corpus report",
    players: int = 24,
) -> Summary:
    """
    Write `report.md`, `report.html` and `clips.jsonl`.

    Args:
        folder (`str` or path): is created; the three files are replaced.
        clips (sequence of [`ClipReport`]): judged.
        cache ([`CorpusCache`]): has their audio.
        title (`str`).
        players (`int`): clips to embed.

    Returns:
        [`Summary`].

    Raises:
        ImportError: matplotlib or jinja2 is missing.
        OSError: the folder cannot be written.
    """
    from valetts_hf.training.data.report_page import html_page, markdown

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    summary = summarize(clips, cache.damaged)
    _write(folder / "report.md", markdown(summary, title))
    _write(folder / "clips.jsonl", "".join(f"{json.dumps(as_row(clip), ensure_ascii=False)}\n" for clip in clips))
    heard = [clip for clip in worst_clips(clips, players) if not cache.audio.verify([clip.audio_key])]
    worst = [(clip, player_source(clip, cache)) for clip in heard]
    _write(folder / "report.html", html_page(summary, clips, worst, title))
    return summary


def as_row(clip: ClipReport) -> dict[str, Any]:
    """A clip as plain data, without its tokens."""
    row = asdict(clip)
    measures = {name: value for name, value in row.pop("measures").items() if name not in ("contour", "digest")}
    for name in ("input_ids", "audio_key"):
        row.pop(name)
    row |= {"verdict": clip.verdict, "characters_per_second": round(clip.characters_per_second, 2)}
    return row | measures


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)
