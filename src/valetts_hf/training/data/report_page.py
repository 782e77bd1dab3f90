"""A corpus report as Markdown and as one HTML page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from valetts_hf.training.data.quality import DROP, FIX, KEEP, ClipReport
from valetts_hf.training.data.report import Summary
from valetts_hf.version import __version__


MAX_SPEAKERS_IN_TEXT = 60
MAX_UNUSABLE = 200


def markdown(summary: Summary, title: str) -> str:
    """The report as text."""
    counts = summary.counts
    total = max(sum(counts.values()), 1)
    lines = [
        f"# {title}",
        "",
        f"{total_text(summary)}: {counts[KEEP]} keep ({counts[KEEP] / total:.1%}), {counts[FIX]} fix "
        f"({counts[FIX] / total:.1%}), {counts[DROP]} drop ({counts[DROP] / total:.1%}).",
        "",
        "Languages: " + ", ".join(f"{code} {minutes:.1f} min" for code, minutes in summary.languages.items()),
        "",
    ]
    if summary.findings:
        lines += ["## Look at these first", "", *(f"- {finding}" for finding in summary.findings), ""]
    if summary.damaged:
        lines += ["## Repaired in the cache", "", *(f"- {line}" for line in summary.damaged), ""]
    if summary.reasons:
        lines += ["## Reasons", "", "| reason | fix | drop | example |", "| --- | ---: | ---: | --- |"]
        lines += [f"| {name} | {fix} | {drop} | {_cell(example)} |" for name, fix, drop, example in summary.reasons]
        lines.append("")
    lines += [
        "## Speakers",
        "",
        "| speaker | language | clips | minutes | keep | fix | drop | length s | chars/s | SNR dB | band Hz | pitch Hz |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for s in summary.speakers[:MAX_SPEAKERS_IN_TEXT]:
        lines.append(
            f"| {_cell(s.name)} | {s.language} | {s.clips} | {s.minutes:.1f} | {s.keep} | {s.fix} | {s.drop} | "
            f"{number(s.seconds, 1)} | {number(s.rate, 1)} | {number(s.snr)} | {number(s.bandwidth)} | "
            f"{number(s.f0)} |"
        )
    if len(summary.speakers) > MAX_SPEAKERS_IN_TEXT:
        lines.append(f"\n{len(summary.speakers) - MAX_SPEAKERS_IN_TEXT} more speakers: see clips.jsonl.")
    return "\n".join(lines) + "\n"


def html_page(
    summary: Summary, clips: Sequence[ClipReport], worst: Sequence[tuple[ClipReport, str]], title: str
) -> str:
    """
    The report as a page that needs no other file.

    Args:
        summary ([`Summary`]).
        clips (sequence of [`ClipReport`]): for the plots.
        worst (sequence of clip and `data:` URL of its audio): to listen to.
        title (`str`).

    Raises:
        ImportError: matplotlib or jinja2 is missing.
    """
    try:
        import jinja2

        from valetts_hf.training.data import report_plots

        overview, speakers = (draw(clips) if any(c.measures for c in clips) else "" for draw in _plots(report_plots))
    except ImportError as error:
        raise ImportError(
            f"the HTML report needs jinja2 and matplotlib ({error}): `pip install valetts-hf[train]`"
        ) from error
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["number"] = number
    template = environment.from_string(Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8"))
    unusable = [clip for clip in clips if clip.verdict == DROP and not clip.audio_key]
    return template.render(
        title=title,
        version=__version__,
        summary=summary,
        total=max(sum(summary.counts.values()), 1),
        size=total_text(summary),
        verdicts=(KEEP, FIX, DROP),
        overview=overview,
        speakers=speakers,
        shown_speakers=min(report_plots.MAX_SPEAKERS, len({clip.speaker for clip in clips if clip.measures})),
        worst=worst,
        unusable=unusable[:MAX_UNUSABLE],
        more_unusable=max(0, len(unusable) - MAX_UNUSABLE),
        most=max((fix + drop for _, fix, drop, _ in summary.reasons), default=1),
    )


def _plots(module):
    return module.overview, module.speakers


def total_text(summary: Summary) -> str:
    """Size of the corpus in words."""
    clips = sum(summary.counts.values())
    names = {speaker.name for speaker in summary.speakers}
    hours = f"{summary.hours:.2f} h" if summary.hours >= 1 else f"{summary.hours * 60:.1f} min"
    usable = f"{summary.usable_hours:.2f} h" if summary.usable_hours >= 1 else f"{summary.usable_hours * 60:.1f} min"
    return f"{clips} clips, {hours} ({usable} usable), {len(names)} speakers, {len(summary.languages)} languages"


def number(value: float, digits: int = 0) -> str:
    """A number for a table; a dash where it is not known."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]
