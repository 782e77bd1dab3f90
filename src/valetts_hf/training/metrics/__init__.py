"""Metrics of synthesised speech: pure functions in the modules, and one folder a metric for `evaluate.load(<folder>)`.

```python
import evaluate
from valetts_hf.training.metrics import metric_path

metric = evaluate.load(metric_path("mel_cepstral_distortion"))
metric.compute(predictions=[spoken], references=[recorded], sampling_rate=24000)
```
"""

from __future__ import annotations

from pathlib import Path


METRICS = (
    "character_error_rate",
    "duration_error",
    "f0_error",
    "mel_cepstral_distortion",
    "mel_distance",
    "periodicity_error",
    "pesq_score",
    "phoneme_error_rate",
    "speaker_similarity",
    "stft_distance",
    "stoi_score",
    "voicing_f1",
    "word_error_rate",
)


def metric_path(name: str) -> str:
    """
    The folder to hand to `evaluate.load`.

    Args:
        name (`str`): one of `METRICS`.

    Raises:
        ValueError: there is no such metric.
    """
    if name not in METRICS:
        raise ValueError(f"there is no metric {name!r}; the metrics are {', '.join(METRICS)}")
    return str(Path(__file__).parent / name)
