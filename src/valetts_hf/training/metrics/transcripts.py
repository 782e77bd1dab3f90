"""Word and character error rate of what a recogniser hears, after one normalisation of both sides.

The counting is jiwer's (Levenshtein over words or characters; errors of all texts over the length of all references).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from valetts_hf.processing.text_normalization import normalize


# Scripts whose vowel signs are written or left out at will.
_OPTIONAL_VOWELS = ("ar", "fa")
# Languages with a dotted and a dotless i, and the small letter of each capital one.
_TWO_I = ("tr", "az")
_SMALL_I = str.maketrans({"I": "ı", "İ": "i"})


class Transcriber(Protocol):
    """Any recogniser: samples in [-1, 1] of shape `(S,)`, their rate in Hz and a language code ("pt-br"), to text."""

    def __call__(self, waveform: np.ndarray, sampling_rate: int, language: str | None) -> str: ...


def normalize_transcript(text: str, language: str | None = None) -> str:
    """
    What is left of a text when only the words count.

    Numbers and abbreviations are written out by the text front end of the language, letters made small, punctuation
    other than apostrophes inside of words replaced by spaces; Arabic and Persian lose their optional vowel signs.

    Args:
        text (`str`): of a recogniser or a transcript.
        language (`str`, *optional*): code the text front end knows; without it numbers stay as they are.

    Returns:
        `str`: words separated by single spaces; may be empty.
    """
    if language is not None:
        text = normalize(text, language)
    text = unicodedata.normalize("NFKC", text)
    if language is not None and language.split("-")[0] in _TWO_I:
        text = text.translate(_SMALL_I)
    text = text.casefold().replace("\u2019", "'")
    if language is not None and language.split("-")[0] in _OPTIONAL_VOWELS:
        text = "".join(c for c in text if unicodedata.category(c) != "Mn" and c != "\u0640")
    characters = []
    for index, c in enumerate(text):
        inside = c == "'" and 0 < index < len(text) - 1 and text[index - 1].isalnum() and text[index + 1].isalnum()
        characters.append(c if inside or unicodedata.category(c)[0] in "LMN" else " ")
    return " ".join("".join(characters).split())


def transcript_error_rates(
    predictions: Sequence[str], references: Sequence[str], language: str | Sequence[str] | None = None
) -> dict[str, float]:
    """
    Args:
        predictions (sequence of `str` of length N): what was heard.
        references (sequence of `str` of length N): what was to be said.
        language (`str`, or sequence of N, *optional*): see `normalize_transcript`.

    Returns:
        `dict`: "wer" and "cer", errors per word and per character (spaces included) of the references; 0 is perfect,
        insertions can bring them above 1.

    Raises:
        ValueError: lists of different length or empty, or a reference without a word.
        ImportError: jiwer is missing.
    """
    try:
        import jiwer
    except ImportError as error:
        raise ImportError("word error rates need the package jiwer: pip install jiwer") from error
    if len(predictions) != len(references) or not len(references):
        raise ValueError(f"{len(predictions)} predictions cannot be compared with {len(references)} references")
    languages = [language] * len(references) if language is None or isinstance(language, str) else list(language)
    if len(languages) != len(references):
        raise ValueError(f"{len(languages)} languages are given for {len(references)} references")
    heard = [normalize_transcript(text, code) for text, code in zip(predictions, languages, strict=True)]
    wanted = [normalize_transcript(text, code) for text, code in zip(references, languages, strict=True)]
    for index, text in enumerate(wanted):
        if not text:
            raise ValueError(f"reference {index}, {references[index]!r}, has no word: leave it out")
    return {"wer": float(jiwer.wer(wanted, heard)), "cer": float(jiwer.cer(wanted, heard))}
