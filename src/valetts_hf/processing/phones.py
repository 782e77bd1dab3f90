"""Phones out of the symbols of IPA: a letter with what belongs to it (stress before it, length, diacritics, tie bars)."""

import unicodedata
from collections.abc import Sequence

from .symbols import PUNCTUATION


_BEFORE = frozenset("ˈˌ")
_BEHIND = frozenset("ːˑʰʱʲʷʼˀ˞ˠˡˢˣˤⁿᵃᵊᵐᵑᵝᶮᶯ˥˦˧˨˩↗↘↑↓")
_TIES = frozenset("\u0361\u035c")
_BETWEEN = frozenset(PUNCTUATION + " ‿|‖")


def group_phones(symbols: Sequence[str]) -> list[tuple[int, int]]:
    """Which of some symbols make up a phone.

    Args:
        symbols: in order, each a symbol of the vocabulary; those in angle brackets (`<s>`) and punctuation belong to none.

    Returns:
        `(start, end)` of each phone, `start <= i < end`; a phone lies within a word.
    """
    phones: list[tuple[int, int]] = []
    begun: int | None = None  # stress marks that wait for their letter
    tied = open_ = False  # whether the last symbol ties on the next one, belongs to a phone at all
    for index, symbol in enumerate(symbols):
        if symbol in _BETWEEN or symbol.startswith("<"):
            begun, tied, open_ = None, False, False
        elif symbol in _BEFORE:
            begun = index if begun is None else begun
        elif open_ and begun is None and (tied or symbol in _BEHIND or unicodedata.combining(symbol[0])):
            phones[-1] = (phones[-1][0], index + 1)
            tied = symbol in _TIES
        else:
            phones.append((index if begun is None else begun, index + 1))
            begun, tied, open_ = None, symbol in _TIES, True
    return phones
