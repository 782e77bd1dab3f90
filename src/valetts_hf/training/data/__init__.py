"""Training data: sources, preparation, quality, the packed corpus and batches cut out of it."""
