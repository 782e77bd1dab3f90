"""Few-shot adaptation: a voice out of up to five clips in at most 100 steps."""
