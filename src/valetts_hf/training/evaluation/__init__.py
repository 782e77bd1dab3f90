"""Evaluation of what a model speaks: held-out sentences, a phoneme recogniser, tables of intelligibility."""
