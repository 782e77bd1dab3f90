"""How far predicted durations of tokens are from measured ones. T tokens."""

from __future__ import annotations

import numpy as np


MILLISECONDS_PER_FRAME = 256 / 24.0


def duration_error(
    predicted: np.ndarray, reference: np.ndarray, milliseconds_per_frame: float = MILLISECONDS_PER_FRAME
) -> dict[str, float]:
    """
    Args:
        predicted, reference (`np.ndarray` of shape `(T,)`): frames of each token, >= 0.
        milliseconds_per_frame (`float`): 10.67 at 24 kHz and hop 256.

    Returns:
        `dict`: "duration_mae_ms" (mean absolute error of a token), "duration_rmse_ms", "duration_correlation" (Pearson, in
        [-1, 1], NaN if one side is constant) and "duration_ratio" (whole length, predicted over reference).

    Raises:
        ValueError: shapes that differ, a negative duration, or a reference of no length.
    """
    predicted, reference = np.asarray(predicted, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if predicted.ndim != 1 or predicted.shape != reference.shape:
        raise ValueError(f"durations must have one shape (T,), got {predicted.shape} and {reference.shape}")
    if (predicted < 0).any() or (reference < 0).any() or reference.sum() == 0:
        raise ValueError("durations must be 0 frames or more, and the reference must have some")
    difference = (predicted - reference) * milliseconds_per_frame
    constant = np.ptp(predicted) == 0 or np.ptp(reference) == 0
    return {
        "duration_mae_ms": float(np.abs(difference).mean()),
        "duration_rmse_ms": float(np.sqrt((difference**2).mean())),
        "duration_correlation": float("nan") if constant else float(np.corrcoef(predicted, reference)[0, 1]),
        "duration_ratio": float(predicted.sum() / reference.sum()),
    }
