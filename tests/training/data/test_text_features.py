"""Transcripts to tokens: what is read, what is refused, and what a cached reading depends on."""

from types import SimpleNamespace

import pytest

from valetts_hf.processing import text_analysis
from valetts_hf.processing.symbols import ipa_to_ids
from valetts_hf.training.data.text_features import read_text, text_key


def test_texts_are_read_as_they_are_spoken():
    result = read_text("It costs $5.", "en-us")
    assert result["input_ids"] == ipa_to_ids(result["phonemes"]) and not result["problem"] and not result["unknown"]
    assert result["phonemes"] == read_text("It costs five dollars.", "en-us")["phonemes"]
    assert read_text("", "en-us")["input_ids"] == [] and read_text("", "en-us")["problem"] == ""
    assert read_text("Das ist doch ein ganz einfacher deutscher Satz.", "en-us")["detected"] == "de"


@pytest.mark.parametrize("text, message", [("?! ...", "nothing to read"), ("漢字", "Cannot read '漢'")])
def test_texts_that_cannot_be_read(text, message):
    result = read_text(text, "en-us")
    assert message in result["problem"] and result["input_ids"] == []


def test_a_text_without_a_single_known_sound(monkeypatch):
    monkeypatch.setattr(text_analysis, "analyze_text", lambda text, **options: [SimpleNamespace(phonemes="ꟻꟺ")])
    result = read_text("hm", "en-us")
    assert result["problem"] == "no sound of it is known ('hm' gives 'ꟻꟺ')" and result["input_ids"] == []
    monkeypatch.setattr(text_analysis, "analyze_text", lambda text, **options: [SimpleNamespace(phonemes="hˈaꟻ")])
    assert read_text("hm", "en-us")["unknown"] == 1 and len(read_text("hm", "en-us")["input_ids"]) == 6


def test_keys_depend_on_text_and_language():
    assert len({text_key("a", "de"), text_key("b", "de"), text_key("a", "en-us")}) == 3
    assert text_key("a", "de") == text_key("a", "de")
