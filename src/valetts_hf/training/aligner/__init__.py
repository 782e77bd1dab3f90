"""Bootstrapped alignment: a monophone hard-EM aligner that gives durations before anything is trained."""
