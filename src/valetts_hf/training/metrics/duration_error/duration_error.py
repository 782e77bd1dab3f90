"""Error of predicted durations; see `valetts_hf.training.metrics.durations`."""

from valetts_hf.training.metrics import durations, wrappers


class DurationError(wrappers.PairMetric):
    """`{"duration_mae_ms", "duration_rmse_ms", "duration_correlation", "duration_ratio"}` of frames per token."""

    summary = "Error of predicted durations; predictions and references are lists of frames of each token."
    paper = "Kim, Kong, Son: VITS (arXiv:2106.06103), where durations are predicted"
    features_expected = wrappers.FRAME_PAIRS

    def measure(self, predicted, reference, milliseconds_per_frame=durations.MILLISECONDS_PER_FRAME):
        return durations.duration_error(predicted, reference, milliseconds_per_frame)
