"""Languages and symbols beyond the built-in ones: registered, read, saved with the tokenizer, loaded back."""

import json

import pytest

from valetts_hf.processing.languages import LANGUAGES, language_id, register_language, resolve_language
from valetts_hf.processing.phonemization import clause_to_phonemes, dropped_sounds, phonemize
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.symbols import SYMBOLS
from valetts_hf.processing.text_analysis import analyze_text
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer


pytestmark = pytest.mark.usefixtures("languages_put_back")


FINNISH = {"code": "fi", "espeak_voice": "fi", "name": "Finnish", "native_name": "Suomi"}
GREEK = {"code": "el", "espeak_voice": "el", "name": "Greek", "script": "GREEK"}


def test_a_registered_language_is_read():
    row = register_language(**FINNISH)
    assert row.id == 21 and not row.promised and LANGUAGES["fi"] is row
    assert resolve_language("fi_FI.UTF-8") == resolve_language("Suomi") == "fi" and language_id("fi") == 21
    assert phonemize("Hyvää huomenta.", "fi").endswith(".")
    (segment,) = analyze_text("Hyvää huomenta.", "fi")
    assert segment.language == "fi" and segment.phonemes
    assert register_language(**FINNISH) is row, "the same again changes nothing"


def test_other_scripts_and_letters_become_readable():
    with pytest.raises(ValueError, match="Cannot read"):
        analyze_text("Καλημέρα σας.", "es")
    register_language(**GREEK)
    (segment,) = analyze_text("Καλημέρα σας.", "el")
    assert segment.language == "el" and len(segment.phonemes) > 8
    with pytest.raises(ValueError, match="Cannot read"):
        analyze_text("ɓera", "es")
    register_language("ha", "sw", "Hausa", letters="ɓɗƙ")
    assert analyze_text("ɓera", "ha")[0].language == "ha"
    assert analyze_text("[[baba]] mutum", "el")[0].phonemes, "a language without stand-ins of its script"


def test_bad_registrations_say_what_to_do():
    with pytest.raises(ValueError, match="lower case such as 'gl'.*'Gl'"):
        register_language("Gl", "gl")
    register_language(**FINNISH)
    with pytest.raises(ValueError, match="'fi' is already read by the espeak-ng voice 'fi'.*another code"):
        register_language("fi", "et")
    with pytest.raises(ValueError, match="'de' is already read"):
        register_language("de", "de")


def test_symbols_of_a_language_are_kept(monkeypatch):
    import valetts_hf.processing.phonemization as phonemization

    monkeypatch.setattr(phonemization, "_voice", lambda name: lambda text: "ꞎa2ʡ?")
    assert dropped_sounds("anything", "gl") == ["ꞎ"], "neither digits nor sounds that have a token"
    register_language("xa", "xa-voice", symbols="ꞎ")
    register_language("xb", "xb-voice")
    assert clause_to_phonemes("anything-a", "xa").startswith("ꞎa")
    assert clause_to_phonemes("anything-b", "xb").startswith("a")
    phonemization._remembered_phonemes.cache_clear()


def grown_vocabulary(tmp_path) -> str:
    vocabulary = {symbol: index for index, symbol in enumerate(SYMBOLS)}
    index = vocabulary.pop("<extra_0>")
    vocabulary["ꞎ"] = index
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(vocabulary), encoding="utf-8")
    return str(path)


def test_a_tokenizer_carries_its_languages_and_symbols(tmp_path):
    tokenizer = ValeTTSTokenizer(grown_vocabulary(tmp_path), extra_languages=[FINNISH], lexicon={"fi": {"hei": "ꞎei"}})
    tokenizer.save_pretrained(tmp_path / "saved")
    del LANGUAGES["fi"]  # a process that has never heard of it
    loaded = ValeTTSTokenizer.from_pretrained(tmp_path / "saved")
    assert loaded.languages[-1] == "fi" and loaded.language_id("fi-FI") == 21
    inputs = loaded("Hyvää huomenta.", language="fi")
    assert set(inputs["language_ids"]) == {21}
    assert loaded("aꞎa", is_phonemes=True)["input_ids"][2] == SYMBOLS.index("<extra_0>")
    assert SYMBOLS.index("<extra_0>") in loaded("Hei huomenta.", language="fi")["input_ids"], "through the lexicon"
    assert loaded("Good morning.", language="en-us")["language_ids"][0] == 0


def test_ids_are_the_checkpoints_own():
    first = ValeTTSTokenizer(extra_languages=[FINNISH, GREEK])
    second = ValeTTSTokenizer(extra_languages=[GREEK])
    assert first.language_id("el") == 22 and second.language_id("el") == 21
    assert set(second("Καλημέρα.", language="el")["language_ids"]) == {21}
    with pytest.raises(ValueError, match="this checkpoint does not speak 'fi'.*el"):
        second("Hyvää huomenta.", language="fi")


def test_a_processor_uses_the_default_voice_of_an_added_language(tiny_checkpoint, tmp_path):
    plain = ValeTTSProcessor.from_pretrained(tiny_checkpoint)
    voices = dict(plain.voices, aino=dict(plain.voices["ada"], style=[0.5] * 16))
    tokenizer = ValeTTSTokenizer(extra_languages=[FINNISH])
    processor = ValeTTSProcessor(
        plain.feature_extractor, tokenizer, voices=voices, default_voices={**plain.default_voices, "fi": "aino"}
    )
    processor.save_pretrained(tmp_path)
    loaded = ValeTTSProcessor.from_pretrained(tmp_path)
    inputs = loaded("Hyvää huomenta.", language="fi", return_tensors="pt")
    assert inputs["style"].tolist() == [[0.5] * 16]
