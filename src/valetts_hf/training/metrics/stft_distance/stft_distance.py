"""Multi-resolution STFT distance; see `valetts_hf.training.metrics.spectra`."""

from valetts_hf.training.metrics import spectra, wrappers


class StftDistance(wrappers.PairMetric):
    """`{"spectral_convergence", "log_stft_distance", "stft_distance"}`, each >= 0; for copy synthesis."""

    summary = "Distance of spectrograms of three resolutions; both recordings must have one timing and length."
    paper = "Yamamoto, Song, Kim: Parallel WaveGAN (arXiv:1910.11480)"

    def measure(self, predicted, reference):
        return spectra.stft_distance(predicted, reference)
