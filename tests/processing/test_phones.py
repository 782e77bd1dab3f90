"""Phones out of IPA symbols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing.phones import group_phones
from valetts_hf.processing.symbols import SYMBOLS, normalize_ipa


def phones(ipa: str) -> list[str]:
    symbols = list(normalize_ipa(ipa))
    return ["".join(symbols[start:end]) for start, end in group_phones(symbols)]


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("ðə fˈɛɹi", ["ð", "ə", "f", "ˈɛ", "ɹ", "i"]),
        ("lˈiːvz, ˈɪt", ["l", "ˈiː", "v", "z", "ˈɪ", "t"]),
        ("nɐ̃ʊ̃", ["n", normalize_ipa("ɐ̃"), normalize_ipa("ʊ̃")]),
        ("t͡ʃˈatʲ", ["t͡ʃ", "ˈa", "tʲ"]),
        ("ˈˌa", ["ˈˌa"]),
        ("aˈ bˈ", ["a", "b"]),
        ("a‿b", ["a", "b"]),
        ("ː a", ["ː", "a"]),
        (", . ", []),
        ("", []),
    ],
)
def test_groups(ipa, expected):
    assert phones(ipa) == expected


def test_special_symbols_belong_to_no_phone():
    assert group_phones(["<s>", "a", "ː", "</s>", "<unk>"]) == [(1, 3)]


@given(st.lists(st.sampled_from(SYMBOLS), max_size=40))
def test_phones_are_in_order_and_apart(symbols):
    found = group_phones(symbols)
    assert all(start < end for start, end in found)
    assert all(first[1] <= second[0] for first, second in zip(found, found[1:]))
    letters = {i for i, symbol in enumerate(symbols) if symbol.isalpha() and symbol not in "ˈˌ"}
    assert letters <= {i for start, end in found for i in range(start, end)}
