#!/usr/bin/env python
"""A page to hear the styles of a checkpoint: named styles, tokens, steps between them and manners of recordings.

    python benchmarks/style_samples.py --output style_samples.html
    python benchmarks/style_samples.py --voice falabrasil --language pt-br --clip lively.wav calm.wav \\
        --sentences "O barco sai do porto às sete." --output amostras.html

One HTML file that holds its audio (MP3) and needs nothing else, offline too. The numbers come from the checkpoint's
styles.json (training_scripts/measure_styles.py); the curves are WORLD's pitch of the audio over that of the voice's own manner.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from valetts_hf import BASE_CHECKPOINT
from valetts_hf.direction.style import NEUTRAL, Style
from valetts_hf.direction.style_table import StyleTable
from valetts_hf.inference import ValeTTS
from valetts_hf.training.data.pitch import extract_log_f0
from valetts_hf.training.evaluation.style_measurement import SENTENCES
from valetts_hf.training.model_card import write_atomically


STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
_CURVE = (168, 44)  # width and height of a pitch curve
_PLOT = (680, 400)


@dataclass(frozen=True)
class Sample:
    """One utterance: MP3 as a `data:` URL, log-F0 [F] of the audio, seconds."""

    url: str
    log_f0: np.ndarray
    seconds: float


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=BASE_CHECKPOINT)
    parser.add_argument("--voice", help="as a call takes it; default: that of the language")
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--sentences", nargs="+", default=list(SENTENCES[:2]))
    parser.add_argument(
        "--clip", nargs="*", type=Path, default=[], help="recordings whose manner the voice takes over"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="HTML file")
    return parser.parse_args(arguments)


class Speaker:
    """Speaks the sentences in any style."""

    def __init__(self, tts: ValeTTS, parsed: argparse.Namespace):
        self.tts, self.parsed = tts, parsed

    def __call__(self, style: Any) -> list[Sample]:
        samples = []
        for text in self.parsed.sentences:
            speech = self.tts(
                text, language=self.parsed.language, voice=self.parsed.voice, style=style, seed=self.parsed.seed
            )
            samples.append(sample_of(np.asarray(speech.waveform, dtype=np.float32), self.tts.sampling_rate))
        return samples


def sample_of(waveform: np.ndarray, rate: int) -> Sample:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate, format="MP3")
    url = "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return Sample(url, extract_log_f0(waveform, rate), len(waveform) / rate)


def curve(sample: Sample, neutral: Sample | None) -> str:
    """The pitch as an SVG; the voice's own manner in grey behind it, on the same scale."""
    width, height = _CURVE
    both = [one for one in (neutral, sample) if one is not None]
    voiced = np.concatenate([one.log_f0[one.log_f0 > 0] for one in both])
    if not len(voiced):
        return ""
    middle = float(np.median(voiced))
    span = max(float(np.percentile(np.abs(voiced - middle), 98)), 0.2)
    longest = max(one.seconds for one in both)

    def path(one: Sample) -> str:
        steps, pen = [], "M"
        for index, value in enumerate(one.log_f0):
            if value <= 0:
                pen = "M"
                continue
            x = index / max(len(one.log_f0), 1) * one.seconds / longest * width
            y = height / 2 - float(np.clip((value - middle) / span, -1, 1)) * (height / 2 - 3)
            steps.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        return "".join(steps)

    lines = "".join(
        f'<path class="{kind}" d="{path(one)}"/>'
        for kind, one in (("own", neutral), ("styled", sample))
        if one is not None
    )
    return f'<svg class="curve" viewBox="0 0 {width} {height}" aria-hidden="true">{lines}</svg>'


def players(samples: list[Sample], neutral: list[Sample] | None, what: str) -> str:
    """One player with its pitch curve for each sentence."""
    cells = []
    for number, sample in enumerate(samples):
        label = html.escape(f"{what}, sentence {number + 1}")
        cells.append(
            f'<figure>{curve(sample, neutral[number] if neutral else None)}<audio controls preload="none" '
            f'aria-label="{label}" src="{sample.url}"></audio></figure>'
        )
    return f'<div class="players">{"".join(cells)}</div>'


def numbers(entry: dict[str, Any]) -> str:
    """Cells: rate, pitch, range, energy, each with a bar from the middle."""
    cells = []
    for what, shown, value in (
        ("rate", f"&times; {entry['rate']:.2f}", np.log(entry["rate"]) / np.log(1.3)),
        ("pitch", f"{round(entry['pitch'], 1) + 0.0:+.1f} st", entry["pitch"] / 3),
        ("range", f"&times; {entry['pitch_range']:.2f}", np.log(max(entry["pitch_range"], 0.01)) / np.log(2)),
        ("energy", f"{round(entry['energy'], 1) + 0.0:+.1f} dB", entry["energy"] / 4),
    ):
        size = min(abs(float(value)), 1.0) * 50
        left = 50 - size if value < 0 else 50
        cells.append(
            f'<td class="number" data-what="{what}">{shown}<span class="bar"><i style="left:{left:.1f}%;width:{size:.1f}%"></i></span></td>'
        )
    return "".join(cells)


def plot(entries: dict[str, dict[str, Any]]) -> str:
    """All styles by speaking rate and pitch range, as SVG; the colour tells the pitch."""
    if not entries:
        return ""
    width, height = _PLOT
    x = {name: float(np.log2(entry["rate"])) for name, entry in entries.items()}
    y = {name: float(np.log2(max(entry["pitch_range"], 0.05))) for name, entry in entries.items()}
    most_x, most_y = (1.15 * max(max(map(abs, values.values())), 0.1) for values in (x, y))

    def place(horizontal: float, vertical: float) -> tuple[float, float]:
        return width / 2 * (1 + horizontal / most_x * 0.92), height / 2 * (1 - vertical / most_y * 0.88)

    parts = [
        f'<line x1="0" y1="{height / 2}" x2="{width}" y2="{height / 2}"/><line x1="{width / 2}" y1="0" x2="{width / 2}" '
        f'y2="{height}"/>',
        f'<text class="axis" x="6" y="{height / 2 - 8}">slower</text>',
        f'<text class="axis" x="{width - 6}" y="{height / 2 - 8}" text-anchor="end">faster</text>',
        f'<text class="axis" x="{width / 2 + 8}" y="14">wider melody</text>',
        f'<text class="axis" x="{width / 2 + 8}" y="{height - 6}">narrower melody</text>',
    ]
    places = {name: place(x[name], y[name]) for name in entries}
    boxes = [(left - 6, top - 6, left + 6, top + 6) for left, top in places.values()]
    for name, entry in sorted(entries.items(), key=lambda item: item[0].startswith("token:")):
        left, top = places[name]
        token = name.startswith("token:")
        shown = name.removeprefix("token:")
        long, high = 7.5 * len(shown), 11.0
        choices = [
            (left + 9, top + 4),
            (left - 9 - long, top + 4),
            (left - long / 2, top - 9),
            (left - long / 2, top + 18),
        ]
        start, base = min(
            choices, key=lambda at: sum(_overlap((at[0], at[1] - high, at[0] + long, at[1] + 2), box) for box in boxes)
        )
        boxes.append((start, base - high, start + long, base + 2))
        strength = float(np.clip(entry["pitch"] / 1.5, -1, 1))
        colour = f"hsl({8 if strength > 0 else 212} {85 * abs(strength):.0f}% 48%)"
        dot = f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{4 if token else 6}" fill="{colour}"/>'
        parts.append(
            f"<g><title>{html.escape(name)}: {html.escape(entry['words'])}</title>{dot}"
            f'<text class="{"token" if token else "named"}" x="{start:.1f}" y="{base:.1f}">{html.escape(shown)}</text></g>'
        )
    return f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="Styles by rate and range">{"".join(parts)}</svg>'


def _overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Area that two boxes (left, top, right, bottom) share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)


def table(
    rows: list[tuple[str, str, dict[str, Any] | None, list[Sample]]], neutral: list[Sample], measured: bool
) -> str:
    """Rows of (name, what stands below it, numbers, samples)."""
    head = "<th>rate</th><th>pitch</th><th>range</th><th>energy</th>" if measured else ""
    body = []
    for name, below, entry, samples in rows:
        cells = "" if not measured else numbers(entry) if entry else '<td class="number" colspan="4">not measured</td>'
        body.append(
            f'<tr><th scope="row"><b>{html.escape(name)}</b><small>{html.escape(below)}</small></th>{cells}'
            f'<td class="listen">{players(samples, neutral, name)}</td></tr>'
        )
    return f'<div class="scroll"><table><thead><tr><th>style</th>{head}<th>listen</th></tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def page(tts: ValeTTS, parsed: argparse.Namespace) -> str:
    """The whole page."""
    speak = Speaker(tts, parsed)
    known = StyleTable({"tokens": [], **tts.style_table.values})
    entries = known.entries()
    neutral = speak(NEUTRAL)
    voice = str(parsed.voice or tts.processor.default_voice(parsed.language) or "the default voice")
    sections = []
    if known.names:
        rows = [
            (name, f"{entries[name]['description']}: {entries[name]['spec']}", entries[name], speak(name))
            for name in known.names
        ]
        sections.append(("Named styles", "Each is a mixture of tokens.", table(rows, neutral, True)))
        path = [known.names[0], known.names[min(1, len(known.names) - 1)]]
        mixed = [Style.mix([(path[0], 1 - share), (path[1], share)]) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        rows = [(f"{25 * step} % {path[1]}", str(style), None, speak(style)) for step, style in enumerate(mixed)]
        sections.append((f"From {path[0]} to {path[1]}", "Styles between styles.", table(rows, neutral, False)))
        strongest = path[1]
        rows = [(f"{strongest} * {step:g}", "", None, speak(Style.parse(strongest) * step)) for step in STEPS]
        sections.append(
            (f"How much of {strongest}", "Negative weights lead away from a style.", table(rows, neutral, False))
        )
    count = tts.model.config.style.num_tokens
    rows = []
    for number in range(count):
        entry = entries.get(f"token:{number}")
        rows.append((f"token:{number}", entry["words"] if entry else "", entry, speak(Style.token(number))))
    sections.append(("Style tokens", "Each alone, with weight 1.", table(rows, neutral, bool(entries))))
    if parsed.clip:
        rows = []
        for clip in parsed.clip:
            recorded = np.asarray(tts.processor.feature_extractor.load(str(clip)), dtype=np.float32)
            rows.append((clip.stem, "the recording itself", None, [sample_of(recorded, tts.sampling_rate)]))
            rows.append(
                (f"{voice} like {clip.stem}", "its manner, the voice stays", None, speak(Style.from_clip(clip)))
            )
        body = table(rows, neutral, False)
        sections.append(("Manners of recordings", f"The speaker is {voice} throughout.", body))
    spoken = "".join(f"<li>{html.escape(text)}</li>" for text in parsed.sentences)
    parts = [
        f"<h1>Styles of {html.escape(voice)}</h1><p>Seed {parsed.seed} throughout. The voice's own manner:</p><ol>{spoken}</ol>"
        f"{players(neutral, None, 'own manner')}"
    ]
    if entries:
        parts.append(
            "<h2>All at a glance</h2><p>Measured against the voices' own manner, which is the centre. Red is higher, blue lower, grey neither; "
            f"numbers are tokens.</p>{plot(entries)}"
        )
    parts += [f"<h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>{body}" for title, text, body in sections]
    return _PAGE.replace("{title}", html.escape(f"Styles of {voice}")).replace("{body}", "".join(parts))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root { --ink: #1d2733; --soft: #66727f; --line: #dde3e8; --paper: #fff; --mark: #1f6f8b; --own: #b4bec7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebef; --soft: #9aa7b3; --line: #33404b; --paper: #161c22; --mark: #5fb3cf; --own: #596773; }
}
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .3rem; }
p { margin: 0 0 .8rem; color: var(--soft); } ol { margin: 0 0 .8rem; padding-left: 1.4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: middle; padding: .5rem .7rem .5rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; }
th small { display: block; font-weight: 400; color: var(--soft); max-width: 20rem; overflow-wrap: anywhere; }
.number { white-space: nowrap; font-variant-numeric: tabular-nums; min-width: 4.4rem; }
.bar { display: block; position: relative; height: 4px; margin-top: 3px; border-radius: 2px; background: var(--line); }
.bar i { position: absolute; top: 0; bottom: 0; border-radius: 2px; background: var(--mark); }
.players { display: flex; flex-wrap: wrap; gap: .4rem 1rem; } figure { margin: 0; width: 200px; }
audio { width: 200px; height: 34px; display: block; }
.curve { width: 200px; height: 52px; display: block; } .curve path { fill: none; stroke-width: 1.6; stroke-linecap: round; }
.own { stroke: var(--own); } .styled { stroke: var(--mark); }
@media (max-width: 46rem) {
  thead { display: none; } tr { display: grid; grid-template-columns: repeat(4, 1fr); border-bottom: 1px solid var(--line); }
  th, td { border: 0; padding: .3rem .5rem .3rem 0; } tbody th, .listen { grid-column: 1 / -1; }
  th small { max-width: none; } .number { min-width: 0; }
  .number::before { content: attr(data-what); display: block; font-size: .75rem; color: var(--soft); }
}
.plot { width: 100%; max-width: 46rem; height: auto; border: 1px solid var(--line); border-radius: 6px; }
.plot line { stroke: var(--line); } .plot text { fill: var(--ink); font-size: 12px; } .plot .named { font-weight: 600; font-size: 13px; }
.plot .axis, .plot .token { fill: var(--soft); font-size: 11px; }
</style></head><body>{body}
<script>
// one at a time
document.addEventListener("play", event => {
  for (const audio of document.querySelectorAll("audio")) if (audio !== event.target) audio.pause();
}, true);
</script>
</body></html>
"""


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    text = page(ValeTTS.from_pretrained(parsed.checkpoint), parsed)
    write_atomically(parsed.output, text)
    print(f"{parsed.output}: {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
