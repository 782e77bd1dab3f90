"""RMSE of periodicity; see `valetts_hf.training.metrics.contours`."""

from valetts_hf.training.metrics import contours, wrappers


class PeriodicityError(wrappers.PairMetric):
    """`{"periodicity_rmse": ...}`, in [0, 1]; for copy synthesis."""

    summary = "How far the periodicity of speech is from that of its recording, frame by frame, without time warping."
    paper = "Morrison et al.: Chunked autoregressive GAN for conditional waveform synthesis (arXiv:2110.10139)"

    def measure(self, predicted, reference, sampling_rate=24_000):
        return {"periodicity_rmse": contours.periodicity_error(predicted, reference, sampling_rate)}
