"""The errors of the SDK, each a subclass of the built-in a caller would expect.

Every message names the offending value and the remedy. Errors of the text front end and of the model (`ValueError`,
`TypeError`) pass through unchanged.
"""

from __future__ import annotations

from valetts_hf.direction.style_spec import StyleError
from valetts_hf.processing.markup_reading import MarkupError
from valetts_hf.voices.errors import ConsentError, QualityError, VoiceError, VoiceFileError, VoiceMismatchError


__all__ = [
    "AudioFileError",
    "CheckpointError",
    "ConsentError",
    "MarkupError",
    "MissingWordsError",
    "QualityError",
    "SpeechTextError",
    "StyleError",
    "VoiceError",
    "VoiceFileError",
    "VoiceMismatchError",
]


class SpeechTextError(ValueError):
    """The text holds nothing that can be spoken."""


class CheckpointError(OSError):
    """The checkpoint is missing, damaged, incomplete or made for another model."""


class AudioFileError(OSError):
    """The speech could not be written where it was asked for."""


class MissingWordsError(RuntimeError):
    """Some words that were asked for did not reach the waveform: an internal error, never a short result.

    Args:
        missing (`list[str]`): the words, in the order of the text.
    """

    def __init__(self, missing: list[str]):
        shown = ", ".join(repr(word) for word in missing[:10]) + (", ..." if len(missing) > 10 else "")
        super().__init__(
            f"{len(missing)} word(s) of the text were not spoken: {shown}. This is a defect of the package: please "
            "report it with the text, the language and the seed."
        )
        self.missing = missing
