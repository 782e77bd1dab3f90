"""Plots of a corpus report as SVG."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from valetts_hf.training.data.quality import DROP, FIX, KEEP, ClipReport


COLORS = {KEEP: "#2f8f83", FIX: "#e3a13a", DROP: "#c4513c"}
_INK, _FAINT = "#33404a", "#d9dfe3"
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "Segoe UI", "Helvetica Neue", "Arial", "DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.titlesize": 10,
    "axes.titlecolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#edf0f2",
    "xtick.color": "#6b7780",
    "ytick.color": "#6b7780",
    "svg.fonttype": "none",
    "svg.hashsalt": "valetts",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}

# title, value of a clip (0: not known), lowest and highest value drawn (None: from the data), logarithmic
METRICS: tuple[tuple[str, Callable[[ClipReport], float], float | None, float | None], ...] = (
    ("duration (s)", lambda clip: clip.measures["prepared_seconds"], 0.0, None),
    ("characters per second", lambda clip: clip.characters_per_second, 0.0, None),
    ("signal-to-noise ratio (dB)", lambda clip: clip.measures["snr"], None, None),
    ("bandwidth (kHz)", lambda clip: clip.measures["bandwidth"] / 1000.0, 0.0, None),
    ("median pitch (Hz)", lambda clip: clip.measures["f0"], None, None),
    ("level as recorded (dBFS)", lambda clip: clip.measures["level"], None, None),
)
MAX_SPEAKERS = 12


def overview(clips: Sequence[ClipReport]) -> str:
    """Histograms of all clips, coloured by verdict; `data:` URL of an SVG."""
    heard = [clip for clip in clips if clip.measures]
    with _figure(2, 3, (11.0, 5.0)) as (figure, axes):
        for axis, (title, value, low, high) in zip(axes.flat, METRICS):
            groups = [[value(clip) for clip in heard if clip.verdict == verdict] for verdict in COLORS]
            groups = [[number for number in group if number] for group in groups]
            edges = _edges([number for group in groups for number in group], low, high, 40)
            clipped = [np.clip(group, edges[0], edges[-1]) if group else [] for group in groups]
            axis.hist(clipped, bins=edges, stacked=True, color=list(COLORS.values()), label=list(COLORS), rwidth=0.92)
            axis.set_title(title, loc="left")
            axis.tick_params(length=0)
        return _svg(figure)


def speakers(clips: Sequence[ClipReport]) -> str:
    """A row of histograms for each of the speakers with most speech; `data:` URL of an SVG."""
    groups: dict[str, list[ClipReport]] = defaultdict(list)
    for clip in clips:
        if clip.measures:
            groups[clip.speaker].append(clip)
    names = sorted(groups, key=lambda name: -sum(c.measures["prepared_seconds"] for c in groups[name]))[:MAX_SPEAKERS]
    metrics = METRICS[:5]
    heard = [clip for name in names for clip in groups[name]]
    with _figure(len(names), len(metrics), (11.0, 0.35 + 0.82 * len(names))) as (figure, axes):
        for column, (title, value, low, high) in enumerate(metrics):
            edges = _edges([number for clip in heard if (number := value(clip))], low, high, 32)
            for row, name in enumerate(names):
                axis = axes[row, column]
                numbers = [number for clip in groups[name] if (number := value(clip))]
                axis.hist(np.clip(numbers, edges[0], edges[-1]), bins=edges, color=COLORS[KEEP], rwidth=0.95)
                if numbers:
                    axis.axvline(float(np.clip(np.median(numbers), edges[0], edges[-1])), color=_INK, linewidth=1)
                axis.set_xlim(edges[0], edges[-1])
                axis.set_yticks([])
                axis.tick_params(length=0, labelbottom=row == len(names) - 1)
                if row == 0:
                    axis.set_title(title, loc="left")
                if column == 0:
                    shown = name if len(name) <= 18 else f"{name[:17]}…"
                    axis.set_ylabel(shown, rotation=0, ha="right", va="center", labelpad=6)
        return _svg(figure)


def _edges(numbers: Sequence[float], low: float | None, high: float | None, bins: int) -> np.ndarray:
    """Bins from the first to the last percentile or so; what lies outside falls into the outer ones."""
    if not len(numbers):
        return np.linspace(0.0, 1.0, bins + 1)
    first = float(np.percentile(numbers, 0.5)) if low is None else low
    last = float(np.percentile(numbers, 99.5)) if high is None else high
    if last - first < 1e-3 * max(abs(last), 1.0):
        first, last = first - 0.5, last + 0.5
    margin = 0.04 * (last - first)
    return np.linspace(first if low is not None else first - margin, last + margin, bins + 1)


class _figure:
    """A figure in the style of the report, freed at the end; axes `[rows, columns]`."""

    def __init__(self, rows: int, columns: int, size: tuple[float, float]):
        self.rows, self.columns, self.size = rows, columns, size

    def __enter__(self):
        import matplotlib
        from matplotlib.figure import Figure

        self.context = matplotlib.rc_context(_STYLE)
        self.context.__enter__()
        figure = Figure(figsize=self.size, layout="constrained")
        return figure, figure.subplots(self.rows, self.columns, squeeze=False)

    def __exit__(self, *exception):
        self.context.__exit__(*exception)


def _svg(figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
