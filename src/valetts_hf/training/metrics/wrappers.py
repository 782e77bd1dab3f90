"""What the folders of metrics share: `evaluate.Metric` around the pure functions of this package.

`evaluate` copies the file of a metric folder into its cache and imports it from there, so the folders hold nothing but a
class each and everything else is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from valetts_hf.training.metrics.audio_pairs import mean_over_pairs


TEXTS = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
AUDIO_PAIRS = datasets.Features(
    {
        "predictions": datasets.Sequence(datasets.Value("float32")),
        "references": datasets.Sequence(datasets.Value("float32")),
    }
)
AUDIO_AND_TEXTS = datasets.Features(
    {"predictions": datasets.Sequence(datasets.Value("float32")), "references": datasets.Value("string")}
)
FRAME_PAIRS = datasets.Features(
    {
        "predictions": datasets.Sequence(datasets.Value("int64")),
        "references": datasets.Sequence(datasets.Value("int64")),
    }
)
_AUDIO_INPUTS = """
Args:
    predictions: list of waveforms, one channel, floating point in [-1, 1] (lists, arrays).
    references: list of recordings of the same number.
    sampling_rate: in Hz, default 24000.
"""


def metric_info(
    description: str, citation: str, features: datasets.Features | list[datasets.Features], inputs: str = _AUDIO_INPUTS
) -> evaluate.MetricInfo:
    """The card of a metric."""
    return evaluate.MetricInfo(
        description=description, citation=citation, inputs_description=inputs, features=features
    )


class PairMetric(evaluate.Metric, ABC):
    """A metric that is the mean over pairs of waveforms. Sub-classes set the three class attributes and `measure`."""

    summary = ""
    paper = ""
    features_expected: Any = AUDIO_PAIRS

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(self.summary, self.paper, self.features_expected)

    @abstractmethod
    def measure(self, predicted: np.ndarray, reference: np.ndarray, **options: Any) -> dict[str, float]:
        """Values of one pair."""

    def _compute(self, predictions, references, **options: Any) -> dict[str, float]:
        return mean_over_pairs(
            [
                self.measure(np.asarray(one), np.asarray(other), **options)
                for one, other in zip(predictions, references, strict=True)
            ]
        )


class TranscriptMetric(evaluate.Metric, ABC):
    """Error rates: predictions are texts, or waveforms together with `transcriber=`."""

    summary = ""
    paper = ""
    rate: Callable[..., float]

    def _info(self) -> evaluate.MetricInfo:
        inputs = """
Args:
    predictions: list of texts that were heard; or of waveforms, to be heard by the transcriber.
    references: list of texts that were to be said.
    language: code such as "pt-br", or a list of them; decides how numbers are written out.
    transcriber: callable (waveform, sampling_rate, language) -> text, for waveforms.
    sampling_rate: in Hz, default 24000.
"""
        return metric_info(self.summary, self.paper, [TEXTS, AUDIO_AND_TEXTS], inputs)

    def _compute(
        self,
        predictions,
        references,
        language: str | Sequence[str] | None = None,
        transcriber: Callable[..., Any] | None = None,
        sampling_rate: int = 24_000,
    ) -> dict[str, float]:
        references = [str(text) for text in references]
        languages = [language] * len(references) if language is None or isinstance(language, str) else list(language)
        if len(references) and isinstance(predictions[0], str):
            heard = [str(text) for text in predictions]
        elif transcriber is None:
            raise ValueError(
                "waveforms need a transcriber: pass transcriber=callable(waveform, sampling_rate, language)"
            )
        else:
            heard = [
                transcriber(np.asarray(waveform, dtype=np.float32), sampling_rate, code)
                for waveform, code in zip(predictions, languages, strict=True)
            ]
        return self.rates(heard, references, languages)

    @abstractmethod
    def rates(self, heard: list[str], references: list[str], languages: list[str | None]) -> dict[str, float]:
        """Values of all texts together."""
