"""A new language for a checkpoint: tables grow, what was there stays, everything loads back."""

import json

import pytest
import torch
from hub.loopback import run_python

import valetts_hf.training.finetuning.growth as growth_module
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.training.finetuning.growth import (
    check_known,
    describe_language,
    grow,
    nearest_language,
    similar_symbol,
)


DANISH = ["Jeg vil gerne have en kop kaffe.", "Hvad hedder du?", "Det regner i København i dag."]


pytestmark = pytest.mark.usefixtures("languages_put_back")


@pytest.fixture
def checkpoint(tiny_checkpoint):
    return ValeTTSForSpeech.from_pretrained(tiny_checkpoint), ValeTTSProcessor.from_pretrained(tiny_checkpoint)


def entry(symbols: str = "") -> dict:
    """Danish, registered."""
    return describe_language("da", "da", DANISH, "Danish", "Dansk", symbols)


def test_texts_tell_script_letters_and_symbols(monkeypatch):
    monkeypatch.setattr(growth_module, "dropped_sounds", lambda text, voice: ["ꞎ"] if "ɓ" in text else [])
    told = describe_language("ha", "sw", ["Ina kwana?", "ɓera da ƙashi", ""], "Hausa", symbols="ʡ")
    assert told["script"] == "LATIN" and told["letters"] == "ɓ" and told["symbols"] == "ʡꞎ"
    assert LANGUAGES["ha"].name == "Hausa"
    assert describe_language("el", "el", ["Καλημέρα."])["script"] == "GREEK"
    with pytest.raises(ValueError, match="none of the 1 texts in 'xx' has a letter: check the text column"):
        describe_language("xx", "de", ["123"])


def test_a_missing_espeak_voice_is_named():
    known = (
        r"espeak-ng cannot read with the voice 'klingon-2' .*spelled alike \(--espeak_voice\); there are af, .* yue"
    )
    with pytest.raises(ValueError, match=known):
        describe_language("xx", "klingon-2", ["abc"])


def test_how_a_language_is_added_is_told_where_it_is_asked_for():
    with pytest.raises(ValueError, match="'da' is not supported.* Or add it: --new_language da instead of --language"):
        check_known("da")
    entry()
    check_known("da"), check_known("German"), check_known(None)


def test_the_nearest_language_reads_alike():
    describe_language("da", "da", DANISH)
    assert nearest_language(DANISH, "da", ["en-us", "fr", "nb", "ru"]) == "nb"
    describe_language("el", "el", ["Καλημέρα."])
    assert nearest_language(["Καλημέρα."], "el", ["en-us", "ru"]) == "en-us", "no other is written in Greek letters"


def test_similar_symbols():
    known = "lhsʃ"
    assert similar_symbol("ɫ", known) == "l" and similar_symbol("ħ", known) == "h"
    assert similar_symbol("ʡ", known) == ""


def test_tables_grow_and_old_rows_stay(checkpoint):
    model, processor = checkpoint
    encoder = model.model.text_encoder
    languages, tokens = encoder.embed_languages.weight.clone(), encoder.embed_tokens.weight.clone()
    grown, growth = grow(model, processor, entry("ƚ꜠"), "nb")
    nb = model.config.languages.index("nb")
    assert model.config.languages[-1] == "da" and grown.tokenizer.language_id("da") == 21
    assert torch.equal(encoder.embed_languages.weight[:-1], languages)
    assert torch.equal(encoder.embed_languages.weight[-1], languages[nb])
    assert torch.equal(model.model.default_styles[-1], model.model.default_styles[nb])
    first, second = growth.token_rows
    assert processor.tokenizer.decoder[first] == "<extra_0>" and grown.tokenizer.decoder[first] == "ƚ"
    assert growth.symbols == {"ƚ": "l", "꜠": ""}
    weight = encoder.embed_tokens.weight
    assert torch.equal(weight[first], tokens[grown.tokenizer.encoder["l"]])
    old = [row for row in range(256) if row not in growth.token_rows]
    assert torch.equal(weight[old], tokens[old]) and model.config.vocab_size == 256
    assert grown.voices == processor.voices and "da" not in processor.tokenizer.languages


def test_the_vocabulary_grows_when_its_slots_are_used_up(checkpoint, tmp_path):
    model, processor = checkpoint
    free = sum(name.startswith("<extra_") for name in processor.tokenizer.encoder)
    symbols = "".join(chr(0xA720 + index) for index in range(free + 2))
    grown, growth = grow(model, processor, entry(symbols), "nb")
    assert model.config.vocab_size == 258 == len(model.model.text_encoder.embed_tokens.weight)
    assert growth.token_rows[-2:] == [256, 257] and grown.tokenizer.vocab_size == 258
    model.save_pretrained(tmp_path)
    loaded = ValeTTSForSpeech.from_pretrained(tmp_path)
    assert torch.equal(loaded.model.text_encoder.embed_tokens.weight, model.model.text_encoder.embed_tokens.weight)


def test_known_languages_speak_as_before(checkpoint):
    model, processor = checkpoint
    inputs = processor("Good morning.", return_tensors="pt")
    with torch.inference_mode():
        before = model(**inputs, seed=1).waveform
        grown, _ = grow(model, processor, entry("ꞎ"), "nb")
        after = model(**grown("Good morning.", return_tensors="pt"), seed=1).waveform
    assert torch.equal(before, after)


def test_bad_growth_is_refused(checkpoint):
    model, processor = checkpoint
    with pytest.raises(ValueError, match="speaks 'de' already"):
        grow(model, processor, entry() | {"code": "de"}, "nl")
    with pytest.raises(ValueError, match="nearest language 'xx' is none of the checkpoint's"):
        grow(model, processor, entry(), "xx")
    model.config.languages = [*model.config.languages, "fi"]
    with pytest.raises(ValueError, match="differ beyond the built-in ones"):
        grow(model, processor, entry(), "nb")


SPEAK = """
import torch
from transformers import AutoModelForTextToWaveform, AutoProcessor
processor = AutoProcessor.from_pretrained({folder!r}, trust_remote_code={trust})
model = AutoModelForTextToWaveform.from_pretrained({folder!r}, trust_remote_code={trust})
inputs = processor("Hvad hedder du?", language="da", return_tensors="pt")
assert set(inputs["language_ids"][0].tolist()) == {{21}}
assert processor.tokenizer.encoder["ꞎ"] < 256
with torch.inference_mode():
    print(float(model(**inputs, seed=1).waveform.double().abs().sum()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("package", [True, False])
def test_grown_checkpoints_load_in_a_new_process(checkpoint, tmp_path, package):
    model, processor = checkpoint
    grown, _ = grow(model, processor, entry("ꞎ"), "nb")
    folder = tmp_path / "grown"
    model.save_pretrained(folder)
    grown.save_pretrained(folder)
    assert json.loads((folder / "tokenizer_config.json").read_text())["extra_languages"][0]["code"] == "da"
    with torch.inference_mode():
        inputs = grown("Hvad hedder du?", language="da", return_tensors="pt")
        expected = float(model(**inputs, seed=1).waveform.double().abs().sum())
    code = ("import valetts_hf\n" if package else "") + SPEAK.format(folder=str(folder), trust=not package)
    printed = run_python(code, home=tmp_path / "home", package=package, offline=True)
    assert float(printed.split()[-1]) == pytest.approx(expected, rel=1e-3)  # threads sum in another order
