"""The Python SDK: `ValeTTS` speaks, `Speech` is what it returns."""

from valetts_hf.inference.engine import ValeTTS
from valetts_hf.inference.errors import (
    AudioFileError,
    CheckpointError,
    ConsentError,
    MarkupError,
    MissingWordsError,
    QualityError,
    SpeechTextError,
    StyleError,
    VoiceError,
    VoiceFileError,
    VoiceMismatchError,
)
from valetts_hf.inference.speech import Phoneme, Speech, Word


__all__ = [
    "AudioFileError",
    "CheckpointError",
    "ConsentError",
    "MarkupError",
    "MissingWordsError",
    "Phoneme",
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
