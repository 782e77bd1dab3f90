"""Distance of log-mel spectrograms; see `valetts_hf.training.metrics.spectra`."""

from valetts_hf.training.metrics import spectra, wrappers


class MelDistance(wrappers.PairMetric):
    """`{"mel_distance": ...}` >= 0, natural logarithm; for copy synthesis."""

    summary = "Mean absolute difference of 100-band log-mel spectrograms; both must have one timing and length."
    paper = "Lee et al.: BigVGAN (arXiv:2206.04658), whose spectrogram this is"

    def measure(self, predicted, reference, sampling_rate=24_000):
        return {"mel_distance": spectra.mel_distance(predicted, reference, sampling_rate)}
