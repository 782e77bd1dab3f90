"""Training parts: data preparation, losses, alignment, steps, meta-learning and evaluation, each in its own module."""
