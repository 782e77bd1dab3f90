"""A picture of a sketch over its words (needs matplotlib)."""

from __future__ import annotations

from typing import Any

import numpy as np

from valetts_hf.direction.sketch import Sketch


_LABELS = {"relative": "", "hz": " (Hz)", "semitones": " (semitones)", "db": " (dB)"}
_LETTERS_IN_A_ROW = 80  # of words side by side under a panel
_COLORS = {"pitch": "tab:blue", "energy": "tab:orange"}


def plot_sketch(sketch: Sketch, plan: Any = None, axes: Any = None) -> Any:
    """Draw a sketch, one panel per curve, with the words below.

    Args:
        sketch ([`Sketch`]).
        plan ([`ProsodyPlan`], *optional*): what the model predicts, drawn behind curves in physical units, and its words.
        axes (*optional*): list of matplotlib axes, one per curve; default: a new figure.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed. ValueError: fewer axes than curves.
    """
    curves = [
        (name, curve) for name, curve in (("pitch", sketch.pitch), ("energy", sketch.energy)) if curve is not None
    ]
    if axes is None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError("plots need matplotlib: pip install matplotlib") from error
        figure = Figure(figsize=(9, 2.4 * len(curves)), layout="constrained")
        axes = list(np.atleast_1d(figure.subplots(len(curves), 1, sharex=True)))
    axes = list(np.atleast_1d(axes))
    if len(axes) < len(curves):
        raise ValueError(f"{len(curves)} curves need as many axes, got {len(axes)}")
    predicted = None if plan is None else plan.sketch()
    words = sketch.words or (predicted.words if predicted is not None else ())
    crowded = sum(len(word.text) + 1 for word in words) > _LETTERS_IN_A_ROW
    for panel, (name, curve) in zip(axes, curves):
        own = getattr(predicted, name, None)
        if own is not None and own.unit == curve.unit:
            panel.plot(own.positions, own.values, color="0.7", label="predicted")
        panel.plot(curve.positions, curve.values, color=_COLORS[name], linewidth=2, label="sketch")
        if len(panel.get_legend_handles_labels()[1]) > 1:
            panel.legend()
        panel.set_ylabel(name + _LABELS[curve.unit])
        panel.set_xlim(0, 1)
        if curve.unit == "relative":
            panel.set_ylim(-0.05, 1.05)
        for word in words:
            panel.axvline(word.start, color="0.9", linewidth=1, zorder=0)
        if words:
            middles = [(word.start + word.end) / 2 for word in words]
            panel.set_xticks(middles, [word.text for word in words], rotation=90 if crowded else 0)
        else:
            panel.set_xlabel("share of the text")
    return axes[0].figure
