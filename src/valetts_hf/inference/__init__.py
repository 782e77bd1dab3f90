"""The Python SDK: `ValeTTS` speaks, `Speech` is what it returns."""

from valetts_hf.inference.engine import ValeTTS
from valetts_hf.inference.errors import (
    AudioFileError,
    CheckpointError,
    ConsentError,
    MissingWordsError,
    QualityError,
    SpeechTextError,
    StyleError,
    VoiceError,
    VoiceFileError,
    VoiceMismatchError,
)
from valetts_hf.inference.speech import Speech, Word


__all__ = [
    "AudioFileError",
    "CheckpointError",
    "ConsentError",
    "MissingWordsError",
    "QualityError",
    "Speech",
    "SpeechTextError",
    "StyleError",
    "ValeTTS",
    "VoiceError",
    "VoiceFileError",
    "VoiceMismatchError",
    "Word",
]
