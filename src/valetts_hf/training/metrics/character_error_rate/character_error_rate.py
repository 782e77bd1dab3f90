"""Character error rate of texts, or of waveforms with a transcriber; see `valetts_hf.training.metrics.transcripts`."""

from valetts_hf.training.metrics import transcripts, wrappers


class CharacterErrorRate(wrappers.TranscriptMetric):
    """`{"cer": ...}`: errors per character of the references; 0 is perfect."""

    summary = "Errors per character (spaces included) of the references, after normalisation of both sides."
    paper = "Morris, Maier, Green: From WER and RIL to MER and WIL (Interspeech 2004); counted by jiwer"

    def rates(self, heard, references, languages):
        return {"cer": transcripts.transcript_error_rates(heard, references, languages)["cer"]}
