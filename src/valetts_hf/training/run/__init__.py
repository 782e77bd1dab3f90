"""A training run around the step: folder, log, state, samples, plots, stopping, several processes."""
