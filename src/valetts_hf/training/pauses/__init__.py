"""Learning from recordings where readers pause and for how long."""
