"""Pitch error, correlation, voicing and periodicity; see `valetts_hf.training.metrics.contours`."""

from valetts_hf.training.metrics import contours, wrappers


class F0Error(wrappers.PairMetric):
    """`{"f0_rmse_hz", "f0_rmse_cents", "f0_correlation", "voicing_error", "voicing_f1", "periodicity_rmse"}`."""

    summary = "Differences of pitch, voicing and periodicity; `align=False` compares without time warping."
    paper = "Morrison et al.: Chunked autoregressive GAN for conditional waveform synthesis (arXiv:2110.10139)"

    def measure(self, predicted, reference, sampling_rate=24_000, align=True):
        return contours.f0_error(predicted, reference, sampling_rate, align)
