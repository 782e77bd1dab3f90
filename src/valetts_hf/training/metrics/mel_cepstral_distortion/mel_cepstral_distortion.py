"""Mel-cepstral distortion in dB; see `valetts_hf.training.metrics.cepstra`."""

from valetts_hf.training.metrics import cepstra, wrappers


class MelCepstralDistortion(wrappers.PairMetric):
    """`{"mel_cepstral_distortion": ...}` in dB, >= 0; `align=False` compares without time warping."""

    summary = "Distance of mel-cepstra 1 to 24 of WORLD's envelope in dB, time axes warped onto each other."
    paper = "Kubichek: Mel-cepstral distance measure for objective speech quality assessment (1993)"

    def measure(self, predicted, reference, sampling_rate=24_000, align=True, order=cepstra.ORDER):
        value = cepstra.mel_cepstral_distortion(predicted, reference, sampling_rate, align, order)
        return {"mel_cepstral_distortion": value}
