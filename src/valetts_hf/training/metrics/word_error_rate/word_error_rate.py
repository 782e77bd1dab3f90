"""Word error rate of texts, or of waveforms with a transcriber; see `valetts_hf.training.metrics.transcripts`."""

from valetts_hf.training.metrics import transcripts, wrappers


class WordErrorRate(wrappers.TranscriptMetric):
    """`{"wer": ...}`: errors per word of the references; 0 is perfect."""

    summary = "Errors (substituted, left out, put in) per word of the references, after normalisation of both sides."
    paper = "Morris, Maier, Green: From WER and RIL to MER and WIL (Interspeech 2004); counted by jiwer"

    def rates(self, heard, references, languages):
        return {"wer": transcripts.transcript_error_rates(heard, references, languages)["wer"]}
