"""The errors of voices, each a subclass of the built-in a caller would expect. Messages name the value and the remedy."""

from __future__ import annotations

from typing import Any


class VoiceError(ValueError):
    """The voice is unknown, or what it was to be made of cannot be used."""


class ConsentError(VoiceError):
    """Nobody has said that the speaker agreed."""


class VoiceMismatchError(VoiceError):
    """The voice was made for another checkpoint."""


class QualityError(VoiceError):
    """The recordings cannot make a good voice.

    Args:
        message (`str`): what is wrong, with the numbers and how to fix it.
        report (`QualityReport`, *optional*): everything that was measured.
    """

    def __init__(self, message: str, report: Any = None):
        super().__init__(message)
        self.report = report


class VoiceFileError(OSError):
    """The folder or repository of a voice cannot be read or written."""


def one_line(error: BaseException, limit: int = 300) -> str:
    """What a library said, on one line, not endless and with one full stop at its end."""
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= limit else text[: limit - 3] + "...").rstrip(".") + "."
