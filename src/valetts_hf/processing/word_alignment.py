"""Which phonemes belong to which written word, although espeak-ng joins ("of the") and splits words as it likes.

Where the numbers of written and spoken words differ, every written word is also read alone; equal readings anchor the
two sequences and the gaps between anchors are aligned letter by letter with an edit distance. Nothing is ever lost:
the pieces put together are exactly what espeak-ng said.
"""

import unicodedata
from collections.abc import Callable
from difflib import SequenceMatcher


_STRESS = str.maketrans("", "", "ˈˌ")
_FOLLOWERS = "ːˑʰʲʷˠˤˀ˞"
_VOWELS = frozenset("aeiouyæøœɐɑɒɔɘəɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻ")
_MAX_CELLS = 10_000  # of the edit distance table: some milliseconds
_JOIN, _GAP, _MISMATCH = 0.4, 1.0, 1.6


def align_words(written: list[str], spoken: str, read_alone: Callable[[str], str]) -> list[tuple[str, bool]]:
    """Share the phonemes of a clause among its words.

    Args:
        written: the N words of the clause.
        spoken: its phonemes, words separated by single spaces.
        read_alone: gives the phonemes of one word by itself.

    Returns:
        N pairs: the phonemes of the word (empty where it is silent) and whether the next word follows without a
        space. Joined again with those spaces they are `spoken`.
    """
    tokens = spoken.split()
    alone = [read_alone(word) for word in written]
    if len(tokens) == len(written) and not any(" " in reading for reading in alone):
        return [(token, False) for token in tokens]
    left = [reading.translate(_STRESS) for reading in alone]
    right = [token.translate(_STRESS) for token in tokens]
    out: list[tuple[str, bool]] = []
    i = j = 0
    for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        found = tokens[block.b : block.b + block.size]
        if found and block.a == 0:
            found[0] = " ".join(tokens[: block.b + 1])  # more than was written, and no word before it
        else:
            out += _align_gap(left[i : block.a], " ".join(tokens[j : block.b]), out)
        out += [(token, False) for token in found]
        i, j = block.a + block.size, block.b + block.size
    return out


def _align_gap(readings: list[str], spoken: str, before: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    if not readings:
        if spoken and before:  # more than was written: it belongs to the word before
            phonemes, joined = before[-1]
            before[-1] = (f"{phonemes} {spoken}".strip(), joined)
        return []
    if not spoken or len(readings) == 1:
        return [(spoken if k == 0 else "", False) for k in range(len(readings))]
    cells = (sum(map(len, readings)) + len(readings)) * len(spoken)
    starts = (_word_starts if cells <= _MAX_CELLS else _proportional_starts)(readings, spoken) + [len(spoken)]
    out = []
    for start, end in zip(starts, starts[1:]):
        joined = 0 < end < len(spoken) and spoken[end - 1] != " " and spoken[end] != " " and end > start
        out.append((spoken[start:end].strip(), joined))
    return out


def _proportional_starts(readings: list[str], spoken: str) -> list[int]:
    """Word starts by length alone, for gibberish that would take seconds to align."""
    total, before, offsets = sum(map(len, readings)) or 1, 0, [0]
    for reading in readings[:-1]:
        before += len(reading)
        offsets.append(max(offsets[-1], _tidy_offset(spoken, before * len(spoken) // total)))
    return offsets


def _word_starts(readings: list[str], spoken: str) -> list[int]:
    """Offsets in `spoken` where each of the words begins (first is 0, never decreasing)."""
    source = " ".join(readings)
    owner = [k for k, reading in enumerate(readings) for _ in range(len(reading) + 1)]
    kept = [p for p, c in enumerate(spoken) if c not in "ˈˌ"]
    target = [spoken[p] for p in kept]
    rows = [[_GAP * n for n in range(len(target) + 1)]]
    for a in source:
        above = rows[-1]
        drop = _JOIN if a == " " else _GAP
        row = [above[0] + drop]
        for n, b in enumerate(target):
            add = _JOIN if b == " " else _GAP
            row.append(min(above[n] + _substitution(a, b), above[n + 1] + drop, row[n] + add))
        rows.append(row)
    starts = [0] * len(readings)
    n, m = len(source), len(target)
    while n and m:
        a, b = source[n - 1], target[m - 1]
        here = rows[n][m]
        if here == rows[n - 1][m - 1] + _substitution(a, b):
            n, m = n - 1, m - 1
            starts[owner[n]] = m
        elif here == rows[n - 1][m] + (_JOIN if a == " " else _GAP):
            n -= 1
            starts[owner[n]] = m
        else:
            m -= 1
            starts[owner[min(n, len(owner) - 1)]] = m
    offsets = [0]
    for start in starts[1:]:
        offsets.append(max(offsets[-1], _tidy_offset(spoken, kept[start] if start < len(kept) else len(spoken))))
    return offsets


def _substitution(a: str, b: str) -> float:
    if a == b:
        return 0.0
    if a == " " or b == " ":
        return 3.0
    return 0.8 if (a in _VOWELS) == (b in _VOWELS) else _MISMATCH


def _tidy_offset(spoken: str, offset: int) -> int:
    """Move a word start so that it parts no phoneme and keeps the stress mark with the word it stands before."""
    while offset < len(spoken) and (spoken[offset] in _FOLLOWERS or unicodedata.combining(spoken[offset])):
        offset += 1
    while offset > 0 and spoken[offset - 1] in "ˈˌ":
        offset -= 1
    if offset + 1 < len(spoken) and spoken[offset] != " " and spoken[offset - 1 : offset] != " ":
        if spoken[offset + 1] == " ":
            return offset + 1
        if offset > 1 and spoken[offset - 2] == " ":
            return offset - 1
    return offset
