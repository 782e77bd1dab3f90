"""How long the silences are that punctuation calls for, at speaking rate 1."""

# Seconds from the last sound before to the first sound behind.
PAUSE_SECONDS = {"none": 0.05, "comma": 0.2, "clause": 0.3, "sentence": 0.45, "ellipsis": 0.6, "paragraph": 0.8}
