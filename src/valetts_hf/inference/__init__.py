"""The Python SDK: `ValeTTS` speaks, `Speech` is what it returns."""

from valetts_hf.inference.engine import ValeTTS
from valetts_hf.inference.errors import (
    AudioFileError,
    CheckpointError,
    MissingWordsError,
    SpeechTextError,
    VoiceError,
)
from valetts_hf.inference.speech import Speech, Word


__all__ = [
    "AudioFileError",
    "CheckpointError",
    "MissingWordsError",
    "Speech",
    "SpeechTextError",
    "ValeTTS",
    "VoiceError",
    "Word",
]
