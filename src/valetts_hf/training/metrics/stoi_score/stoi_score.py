"""STOI; see `valetts_hf.training.metrics.perceptual`."""

from valetts_hf.training.metrics import perceptual, wrappers


class StoiScore(wrappers.PairMetric):
    """`{"stoi": ...}`, about 0 to 1; for copy synthesis; needs the package pystoi."""

    summary = "Short-time objective intelligibility, or the extended one; both must have one timing and length."
    paper = "Taal, Hendriks, Heusdens, Jensen: An algorithm for intelligibility prediction (IEEE TASLP 2011)"

    def measure(self, predicted, reference, sampling_rate=24_000, extended=False):
        return {"stoi": perceptual.stoi_score(predicted, reference, sampling_rate, extended)}
