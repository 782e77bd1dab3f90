"""Cosine similarity of speaker embeddings; see `valetts_hf.training.metrics.speakers`."""

from valetts_hf.training.metrics import speakers, wrappers


class SpeakerSimilarity(wrappers.PairMetric):
    """`{"speaker_similarity": ...}` in [-1, 1], by `embedder=callable(waveform, sampling_rate)`."""

    summary = "Mean cosine of the embeddings of each pair, by any speaker encoder given as `embedder`."
    paper = "Wan, Wang, Papir, Moreno: Generalized end-to-end loss for speaker verification (arXiv:1710.10467)"

    def measure(self, predicted, reference, embedder=None, sampling_rate=24_000):
        if embedder is None:
            raise ValueError("speaker_similarity needs an embedder: pass embedder=callable(waveform, sampling_rate)")
        values = speakers.speaker_similarity([predicted], [reference], embedder, sampling_rate)
        return {"speaker_similarity": values[0]}
