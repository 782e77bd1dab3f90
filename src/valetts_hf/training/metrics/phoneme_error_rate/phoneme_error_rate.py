"""Phoneme error rate between strings in IPA; see `valetts_hf.training.metrics.phonemes`."""

from valetts_hf.training.metrics import phonemes, wrappers


class PhonemeErrorRate(wrappers.TranscriptMetric):
    """`{"per": ...}`: errors per folded phone of the references; 0 is perfect."""

    summary = (
        "Errors per phone of the references. Both sides are in IPA (phones need no spaces between them) and are folded: "
        "without stress, length and punctuation, near sounds as one."
    )
    paper = "Lee, Hon: Speaker-independent phone recognition using hidden Markov models (IEEE TASSP 1989)"

    def rates(self, heard, references, languages):
        pairs = [[phonemes.phones_of_ipa(text) for text in texts] for texts in (heard, references)]
        return {"per": phonemes.phoneme_error_rate(*pairs)}
