"""What all metrics of pairs of waveforms check. S samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def checked_waveform(waveform: object, name: str = "waveform") -> np.ndarray:
    """
    A waveform as float64 `(S,)`.

    Raises:
        ValueError: not one channel, empty, not floating point, or with samples that are not finite.
    """
    array = np.asarray(waveform)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; pass one channel of shape (S,)")
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} has dtype {array.dtype}; pass floating point samples in [-1, 1]")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has samples that are not finite; remove NaN and infinity first")
    return array.astype(np.float64)


def checked_pair(predicted: object, reference: object, same_length: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """
    Two waveforms as float64 `(S,)`.

    Args:
        predicted, reference: floating point samples in [-1, 1].
        same_length (`bool`): the metric compares sample by sample.

    Raises:
        ValueError: as `checked_waveform`, or lengths that differ although they must not.
    """
    predicted, reference = checked_waveform(predicted, "predicted"), checked_waveform(reference, "reference")
    if same_length and len(predicted) != len(reference):
        raise ValueError(
            f"predicted has {len(predicted)} samples and reference {len(reference)}: this metric needs speech with the "
            "timing of the recording (copy synthesis); cut both to one length"
        )
    return predicted, reference


def mean_over_pairs(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each value over the rows, leaving out NaN (a value that some pair does not have); NaN if none has it."""
    if not rows:
        raise ValueError("there is no pair of recordings to compare")
    means = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows], dtype=np.float64)
        means[name] = float(np.mean(values[~np.isnan(values)])) if (~np.isnan(values)).any() else float("nan")
    return means
