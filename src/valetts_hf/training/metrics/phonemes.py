"""Phonemes of the text front end folded to sounds that a listener of little data can tell apart, and their error rate.

Folding phones before counting errors is the custom since Lee and Hon, "Speaker-independent phone recognition using hidden
Markov models" (1989), who folded the 61 labels of TIMIT to 39. T tokens, U phones of an utterance.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from valetts_hf.processing.symbols import PUNCTUATION, SPACE, SYMBOLS, normalize_ipa


# Sounds that are told apart by length, place or voicing finer than some minutes of speech teach, or by spelling habits of
# one language's front end. Everything maps to the sound that most languages have.
_FOLD = {
    "ᵻ": "ɪ",
    "ɨ": "ɪ",
    "ɚ": "ə",
    "ɜ": "ə",
    "ɝ": "ə",
    "ɐ": "ə",
    "ɘ": "ə",
    "ʏ": "y",
    "ʉ": "u",
    "ɵ": "ʊ",
    "ɯ": "u",
    "ɒ": "ɔ",
    "r": "ɾ",
    "ɣ": "ɡ",
    "β": "b",
    "χ": "x",
    "ʎ": "j",
    "ʝ": "j",
    "ɟ": "j",
    "ʂ": "ʃ",
    "ʐ": "ʒ",
    "ɕ": "ʃ",
    "ʑ": "ʒ",
    "ɫ": "l",
    "ʋ": "v",
    "ɱ": "m",
}
_NASAL, _CEDILLA = "\u0303", "\u0327"
_SILENT = frozenset(PUNCTUATION + SPACE + "|‖‿ˈˌ")


def fold_tokens(symbols: Sequence[str]) -> list[str | None]:
    """
    The phone that each symbol of the token table stands for.

    Args:
        symbols (sequence of `str` of length T): NFD code points and special tokens, as in `SYMBOLS`.

    Returns:
        `list[str | None]` of length T: None for silence, punctuation, stress and special tokens; marks behind a sound
        (length, nasal tilde, ...) carry the phone of that sound.
    """
    phones: list[str | None] = []
    for index, symbol in enumerate(symbols):
        if len(symbol) != 1 or symbol in _SILENT:
            phones.append(None)
        elif symbol in "ːˑ" or unicodedata.category(symbol) in ("Mn", "Lm", "Sk"):
            phones.append(phones[-1] if phones else None)
        else:
            following = symbols[index + 1] if index + 1 < len(symbols) else ""
            phone = _FOLD.get(symbol, symbol)
            if following == _NASAL:
                phone += _NASAL
            elif symbol == "c" and following == _CEDILLA:
                phone = "ç"
            phones.append(phone)
    return phones


def fold_phones(phones: Sequence[str | None]) -> list[str]:
    """What `fold_tokens` gave as a sequence of sounds: silences left out, runs of one phone (long and double ones) once."""
    sounds = [phone for phone in phones if phone is not None]
    return [phone for index, phone in enumerate(sounds) if index == 0 or phone != sounds[index - 1]]


def phones_of_ids(input_ids: Sequence[int]) -> list[str]:
    """Folded phones `[U]` of token ids."""
    return fold_phones(fold_tokens([SYMBOLS[int(i)] for i in input_ids]))


def phones_of_ipa(ipa: str) -> list[str]:
    """Folded phones `[U]` of a string in IPA."""
    return fold_phones(fold_tokens(list(normalize_ipa(ipa))))


def phoneme_error_rate(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """
    Errors (substituted, left out, put in) of all utterances over the phones of all references.

    Args:
        hypotheses, references (sequences of N sequences of `str`): phones, one utterance an entry.

    Returns:
        `float`: 0 is perfect; insertions can bring it above 1.

    Raises:
        ValueError: lists of different length, or no phone in the references.
        ImportError: rapidfuzz is missing.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise ImportError("phoneme error rates need rapidfuzz, which comes with jiwer: pip install jiwer") from error
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses cannot be compared with {len(references)} references")
    total = sum(len(reference) for reference in references)
    if total == 0:
        raise ValueError("the references have no phone to compare with")
    pairs = zip(hypotheses, references, strict=True)
    return sum(Levenshtein.distance(list(heard), list(wanted)) for heard, wanted in pairs) / total
