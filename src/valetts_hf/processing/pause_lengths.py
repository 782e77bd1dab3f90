"""How long the silences are that punctuation calls for, at speaking rate 1: what readers make of it, see `pause_weights`."""

from .pause_weights import MARK_SECONDS


# Seconds from the last sound before to the first sound behind. Recordings of single sentences do not tell how long the
# silence between paragraphs is, nor is there an ellipsis in many of them.
PAUSE_SECONDS = {"none": 0.05, "comma": 0.2, "clause": 0.3, "sentence": 0.45, "ellipsis": 0.6, "paragraph": 0.9}
PAUSE_SECONDS.update({mark: seconds for mark, seconds in MARK_SECONDS.items() if mark in PAUSE_SECONDS})
