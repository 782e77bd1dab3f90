"""From tokens to the sounds an aligner can tell apart, and back to durations of tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valetts_hf.processing.symbols import END_ID, PUNCTUATION, SPACE, START_ID, SYMBOLS


PHONE, SEPARATOR, START_UNIT, END_UNIT = range(4)

_STRESS = "ˈˌ"
_SEPARATORS = frozenset(PUNCTUATION + SPACE + "|‖")
# Which mark of a run of separators owns its pause; a space only if there is no other.
_PAUSES = '.?!…;:,—()"¿¡|‖ '
_STOPS = frozenset("pbtdkɡgqcɟʔʈɖɢʡ")
_VOWELS = frozenset("aeiouyæøœɐɑɒɔɘəɚɛɜɝɞɤɨɪɵɶʉʊʌʏᵻᵿɯ")


def _is_modifier(symbol: str) -> bool:
    """Marks that change the sound before them: length, combining marks, raised letters, tones, ties."""
    if len(symbol) != 1:
        return False
    return symbol in "ːˑ‿↗↘↑↓" or unicodedata.category(symbol) in ("Mn", "Lm", "Sk") and symbol not in _STRESS


@dataclass
class UnitSequence:
    """
    The sounds and pauses of one utterance, U in all.

    Attributes:
        keys (`list[str]`): the sound without stress, such as "aː"; for pauses their marks.
        kinds (`np.ndarray` of shape `(U,)`, int): `PHONE`, `SEPARATOR`, `START_UNIT` or `END_UNIT`.
        token_counts (`np.ndarray` of shape `(U,)`, int): tokens of each unit; units cover all tokens in order.
        weights (`np.ndarray` of shape `(U,)`, float): relative length expected of each.
        is_stop (`np.ndarray` of shape `(U,)`, bool): the unit begins with a closure.
        symbols (`list[str]`): the tokens.
    """

    keys: list[str]
    kinds: np.ndarray
    token_counts: np.ndarray
    weights: np.ndarray
    is_stop: np.ndarray
    symbols: list[str]

    def token_durations(self, unit_durations: np.ndarray) -> np.ndarray:
        """
        Spread frames of units over their tokens.

        A stress mark gets one frame, a sound and the marks behind it share the rest evenly; a pause belongs to its
        strongest punctuation mark, or to the space if there is no other; `<s>` and `</s>` own the silence at the ends.

        Args:
            unit_durations (`np.ndarray` of shape `(U,)`, int): at least `token_counts`.

        Returns:
            `np.ndarray` of shape `(T,)`, int64: every token >= 1, same sum.

        Raises:
            ValueError: a unit with fewer frames than tokens.
        """
        if (np.asarray(unit_durations) < self.token_counts).any():
            raise ValueError(f"unit durations {unit_durations} are below the token counts {self.token_counts}")
        result = np.ones(int(self.token_counts.sum()), dtype=np.int64)
        position = 0
        for kind, count, frames in zip(self.kinds, self.token_counts, unit_durations):
            symbols = self.symbols[position : position + count]
            spare = int(frames) - int(count)
            if kind == PHONE:
                owners = [k for k, symbol in enumerate(symbols) if symbol not in _STRESS]
                for rank, k in enumerate(owners):
                    result[position + k] += spare // len(owners) + (rank < spare % len(owners))
            else:
                if kind == START_UNIT:
                    owner = 0
                elif kind == END_UNIT:
                    owner = count - 1
                else:
                    owner = min(range(count), key=lambda k: _PAUSES.find(symbols[k]) % (len(_PAUSES) + 1))
                result[position + owner] += spare
            position += count
        return result


def parse_units(input_ids: Sequence[int]) -> UnitSequence:
    """
    Group tokens into sounds and pauses.

    Args:
        input_ids (sequence of `int` of length T): `<s>` first, `</s>` last.

    Raises:
        ValueError: no `<s>` in front or no `</s>` behind.
    """
    ids = [int(i) for i in input_ids]
    if len(ids) < 2 or ids[0] != START_ID or ids[-1] != END_ID:
        raise ValueError(f"input_ids must begin with {START_ID} (<s>) and end with {END_ID} (</s>), got {ids[:3]}...")
    symbols = [SYMBOLS[i] for i in ids]
    groups: list[tuple[int, list[str]]] = [(START_UNIT, [symbols[0]])]
    pending: list[str] = []  # stress marks waiting for their sound
    for symbol in symbols[1:-1]:
        kind, members = groups[-1]
        if symbol in _STRESS:
            pending.append(symbol)
        elif symbol in _SEPARATORS:
            if pending:  # a stress mark with nothing behind it goes to the sound before
                members.extend(pending)
                pending = []
            if kind in (SEPARATOR, START_UNIT):
                members.append(symbol)
            else:
                groups.append((SEPARATOR, [symbol]))
        elif _is_modifier(symbol) and kind == PHONE and not pending:
            members.append(symbol)
        else:
            groups.append((PHONE, [*pending, symbol]))
            pending = []
    if groups[-1][0] == SEPARATOR:
        groups[-1] = (END_UNIT, [*groups[-1][1], *pending, symbols[-1]])
    else:
        groups[-1][1].extend(pending)
        groups.append((END_UNIT, [symbols[-1]]))

    keys = ["".join(s for s in members if s not in _STRESS) or members[0] for _, members in groups]
    kinds = np.array([kind for kind, _ in groups])
    weights = np.ones(len(groups))
    for k, key in enumerate(keys):
        if kinds[k] == PHONE:
            weights[k] = (1.4 if key[0] in _VOWELS else 1.0) * (1.5 if "ː" in key else 1.0)
    return UnitSequence(
        keys=keys,
        kinds=kinds,
        token_counts=np.array([len(members) for _, members in groups]),
        weights=weights,
        is_stop=np.array([kind == PHONE and key[0] in _STOPS for (kind, _), key in zip(groups, keys)]),
        symbols=symbols,
    )
