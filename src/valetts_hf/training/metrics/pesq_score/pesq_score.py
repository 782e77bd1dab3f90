"""PESQ (MOS-LQO); see `valetts_hf.training.metrics.perceptual`."""

from valetts_hf.training.metrics import perceptual, wrappers


class PesqScore(wrappers.PairMetric):
    """`{"pesq": ...}`, 1.04 to 4.64 in wide band; for copy synthesis; needs the package pesq."""

    summary = 'ITU-T P.862.2 (wide band) or P.862 (`mode="nb"`); both must have one timing and length.'
    paper = "Rix, Beerends, Hollier, Hekstra: Perceptual evaluation of speech quality (ICASSP 2001)"

    def measure(self, predicted, reference, sampling_rate=24_000, mode="wb"):
        return {"pesq": perceptual.pesq_score(predicted, reference, sampling_rate, mode)}
