"""Voices: style vectors, adapters, the folder they travel in, and where they are kept."""
