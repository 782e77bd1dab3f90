"""Pictures of a training run: curves over the steps, and one sheet per spoken sample.

matplotlib is imported when the first picture is drawn; it needs no display.
F frames, T tokens, M mel bands.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RECORDED, _SPOKEN, _FOUND = "#333333", "#d1495b", "#00798c"
_MAX_LABELS = 70  # more symbols than this are not legible
_MARKS = "␣ˈˌː"  # no sound of their own: not written, so that the others can be read


@dataclass
class SampleSheet:
    """What is drawn of one spoken sentence.

    Args:
        title (`str`): heading.
        symbols (`list[str]` of length T): the tokens.
        frame_rate (`float`): frames per second.
        recorded_mel (`np.ndarray` [F, M]), spoken_mel (`np.ndarray` [G, M]): log-mels; `G` frames of speech.
        recorded_pitch (`np.ndarray` [F]), spoken_pitch (`np.ndarray` [G]): log-F0, 0 = unvoiced.
        spoken_durations (`np.ndarray` [T]): frames per token that the model chose.
        recorded_durations (`np.ndarray` [T]), found_durations (`np.ndarray` [T]): of the recording: the corpus's, and
            those of monotonic alignment search with the model.
        attraction (`np.ndarray` [T, F]): for every frame of the recording, how likely each token is to have made it:
            columns sum to 1.
    """

    title: str
    symbols: list[str]
    frame_rate: float
    recorded_mel: np.ndarray
    spoken_mel: np.ndarray
    recorded_pitch: np.ndarray
    spoken_pitch: np.ndarray
    spoken_durations: np.ndarray
    recorded_durations: np.ndarray
    found_durations: np.ndarray
    attraction: np.ndarray


def plot_sample(sheet: SampleSheet, path: str | os.PathLike[str]) -> Path:
    """Draw a sample: both spectrograms, both pitch curves, and the alignment of the recording."""
    seconds = max(len(sheet.recorded_mel), len(sheet.spoken_mel)) / sheet.frame_rate
    figure = _figure(12, 14.5)
    figure.suptitle(sheet.title, fontsize=12)
    rows = figure.subplots(4, 1, height_ratios=[2, 2, 1.3, 3.6])
    levels = np.percentile(sheet.recorded_mel, [1, 99.7])
    for axes, mel, name in ((rows[0], sheet.recorded_mel, "recording"), (rows[1], sheet.spoken_mel, "model")):
        axes.imshow(
            mel.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            interpolation="nearest",
            vmin=levels[0],
            vmax=levels[1],
            extent=(0, len(mel) / sheet.frame_rate, 0, mel.shape[1]),
        )
        axes.set(ylabel=f"{name}\nmel band", xlim=(0, seconds))
        axes.set_facecolor("#eeeeee")
    _mark_tokens(rows[0], sheet.symbols, sheet.recorded_durations, sheet.frame_rate)
    _mark_tokens(rows[1], sheet.symbols, sheet.spoken_durations, sheet.frame_rate)

    for pitch, colour, name in (
        (sheet.recorded_pitch, _RECORDED, "recording"),
        (sheet.spoken_pitch, _SPOKEN, "model"),
    ):
        hertz = np.where(pitch > 0, np.exp(pitch), np.nan)
        rows[2].plot((np.arange(len(hertz)) + 0.5) / sheet.frame_rate, hertz, color=colour, label=name, linewidth=1.6)
    rows[2].set(ylabel="pitch [Hz]", xlabel="seconds", xlim=(0, seconds))
    rows[2].grid(alpha=0.3)
    rows[2].legend(loc="upper right", ncols=2, framealpha=0.9)
    _plot_alignment(rows[3], sheet)
    return _save(figure, path)


def plot_curves(
    rows: Sequence[dict[str, Any]], path: str | os.PathLike[str], title: str, mark: int | None = None
) -> Path:
    """Small multiples: every number of `rows` over their `step`, thin as logged and thick smoothed.

    Args:
        rows: of a log, each with `step`; numbers may be missing in some.
        path: PNG to write.
        title: heading.
        mark (`int`, *optional*): a step to mark by a dotted line (the judges' beginning).
    """
    names = sorted({key for row in rows for key, value in row.items() if _is_number(value)} - {"step", "seconds"})
    columns = 4 if len(names) > 4 else max(len(names), 1)
    lines = max(-(-len(names) // columns), 1)
    figure = _figure(3.6 * columns, 2.3 * lines + 0.5)
    figure.suptitle(title, fontsize=12)
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        points = [(row["step"], row[name]) for row in rows if _is_number(row.get(name))]
        steps, values = (np.array(column, dtype=float) for column in zip(*points, strict=True))
        axes.plot(steps, values, color=_FOUND, alpha=0.35, linewidth=0.8, marker="." if len(steps) < 30 else "")
        axes.plot(steps, _smoothed(values), color=_FOUND, linewidth=1.8)
        if np.all(values > 0) and values.max() > 30 * np.median(values):
            axes.set_yscale("log")
        if mark is not None and steps.min() < mark < steps.max():
            axes.axvline(mark, color=_SPOKEN, linestyle=":", linewidth=1.2)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
    for axes in list(grid.flat)[len(names) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("step", fontsize=8)
    return _save(figure, path)


def _plot_alignment(axes: Axes, sheet: SampleSheet) -> None:
    frames, tokens = len(sheet.recorded_mel), len(sheet.symbols)
    seconds = frames / sheet.frame_rate
    axes.imshow(
        sheet.attraction,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        interpolation="nearest",
        extent=(0, seconds, 0, tokens),
        vmin=0,
        vmax=1,
    )
    for durations, colour, name, style in (
        (sheet.recorded_durations, _SPOKEN, "corpus", "-"),
        (sheet.found_durations, _FOUND, "search with the model", "--"),
    ):
        edges = np.concatenate([[0], np.cumsum(durations)]) / sheet.frame_rate
        middle = np.repeat(np.arange(tokens), 2) + 0.5  # the path runs through the middle of the cells
        axes.plot(np.repeat(edges, 2)[1:-1], middle, style, color=colour, label=name)
    axes.set(xlabel="seconds of the recording", ylabel="token", xlim=(0, seconds), ylim=(0, tokens))
    if tokens <= _MAX_LABELS:
        places = [index for index, symbol in enumerate(sheet.symbols) if symbol not in _MARKS]
        axes.set_yticks(np.array(places) + 0.5, [sheet.symbols[index] for index in places], fontsize=8)
    axes.legend(loc="upper left", framealpha=0.9, title="who decides which frame belongs to which token")


def _mark_tokens(axes: Axes, symbols: list[str], durations: np.ndarray, frame_rate: float) -> None:
    """Token boundaries as thin lines, the symbols above."""
    edges = np.concatenate([[0], np.cumsum(durations)]) / frame_rate
    axes.vlines(edges, *axes.get_ylim(), color="white", linewidth=0.4, alpha=0.6)
    if len(symbols) > 2 * _MAX_LABELS:
        return
    for symbol, left, right in zip(symbols, edges[:-1], edges[1:], strict=True):
        if symbol in _MARKS:
            continue
        axes.annotate(
            symbol,
            ((left + right) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Moving mean over about a thirtieth of the curve, centred, shorter at the ends."""
    half = len(values) // 60
    sums = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    width = np.minimum(np.minimum(index, len(values) - 1 - index), half)
    return (sums[index + width + 1] - sums[index - width]) / (2 * width + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, format="png", dpi=100)
    os.replace(temporary, path)
    return path
