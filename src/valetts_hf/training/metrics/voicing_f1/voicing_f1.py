"""F1 of the voiced / unvoiced decision; see `valetts_hf.training.metrics.contours`."""

from valetts_hf.training.metrics import contours, wrappers


class VoicingF1(wrappers.PairMetric):
    """`{"voicing_f1": ...}`, in [0, 1], 1 = the same; for copy synthesis."""

    summary = "Whether the same frames are voiced as in the recording, without time warping."
    paper = "Morrison et al.: Chunked autoregressive GAN for conditional waveform synthesis (arXiv:2110.10139)"

    def measure(self, predicted, reference, sampling_rate=24_000):
        return {"voicing_f1": contours.voicing_f1(predicted, reference, sampling_rate)}
