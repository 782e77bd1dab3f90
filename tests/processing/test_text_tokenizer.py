"""ValeTTSTokenizer: ids, languages, padding, saving, hand-written IPA and its error messages."""

import json

import numpy as np
import pytest
import torch

from valetts_hf.processing.languages import language_id
from valetts_hf.processing.lexicon import Lexicon
from valetts_hf.processing.symbols import SYMBOL_TO_ID, SYMBOLS, ipa_to_ids
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return ValeTTSTokenizer()


def test_vocabulary_is_the_symbol_table(tokenizer):
    assert len(tokenizer) == tokenizer.vocab_size == 256
    assert tokenizer.get_vocab() == SYMBOL_TO_ID
    assert tokenizer.convert_ids_to_tokens(range(256)) == SYMBOLS
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (
        0,
        1,
        2,
        3,
    )


def test_one_text(tokenizer):
    out = tokenizer("Hello, world.", language="en")
    ipa = "həlˈoʊ, wˈɜːld."
    assert out["input_ids"] == ipa_to_ids(ipa)
    assert out["attention_mask"] == [1] * len(out["input_ids"])
    assert out["language_ids"] == [0] * len(out["input_ids"])
    assert tokenizer.decode(out["input_ids"], skip_special_tokens=True) == ipa
    assert tokenizer.decode(out["input_ids"]) == f"<s>{ipa}</s>"
    assert tokenizer.phonemize("Hello, world.") == ipa == "".join(tokenizer.tokenize("Hello, world."))
    assert tokenizer.encode("Hello, world.") == out["input_ids"]
    assert tokenizer("Hello, world.", add_special_tokens=False)["input_ids"] == out["input_ids"][1:-1]


def test_batch(tokenizer):
    out = tokenizer(["Hello.", "Bom dia, tudo bem?"], padding=True, return_tensors="pt")
    assert out["input_ids"].shape == out["attention_mask"].shape == out["language_ids"].shape
    length = int(out["attention_mask"][0].sum())
    assert out["language_ids"][0].tolist() == [0] * out["input_ids"].shape[1]
    assert set(out["language_ids"][1].tolist()) == {language_id("pt")}
    assert out["input_ids"][0, length - 1] == 3 and not out["input_ids"][0, length:].any()
    assert torch.equal(tokenizer(["Hello.", "Bom dia, tudo bem?"], return_tensors="pt")["input_ids"], out["input_ids"])
    arrays = tokenizer("Hello.", return_tensors="np")
    assert isinstance(arrays["language_ids"], np.ndarray) and arrays["language_ids"].shape == (1, length)
    lists = tokenizer(["Hello.", "Bom dia, tudo bem?"])
    assert len(lists["input_ids"][0]) == length and len(lists["language_ids"][1]) == len(lists["input_ids"][1])


def test_padding_side_multiple_and_truncation(tokenizer):
    left = tokenizer(["Oi.", "Bom dia, tudo bem?"], language="pt", padding=True, padding_side="left")
    assert left["language_ids"][0][0] == 0 and left["language_ids"][0][-1] == 2
    assert left["input_ids"][0][-1] == 3 and len(set(map(len, left["language_ids"]))) == 1
    padded = tokenizer("Oi.", language="pt", padding="max_length", max_length=20, pad_to_multiple_of=8)
    assert [len(padded[name]) for name in tokenizer.model_input_names] == [24, 24, 24]
    cut = tokenizer("Bom dia, tudo bem?", language="pt", truncation=True, max_length=8)
    assert len(cut["input_ids"]) == len(cut["language_ids"]) == 8 and cut["input_ids"][-1] == 3


def test_languages_of_tokens(tokenizer):
    out = tokenizer("Das Wort спасибо ist russisch.")
    german, russian = language_id("de"), language_id("ru")
    assert out["language_ids"][0] == out["language_ids"][-1] == german and russian in out["language_ids"]
    spoken = [symbol for symbol, code in zip(tokenizer.convert_ids_to_tokens(out["input_ids"]), out["language_ids"])
              if code == russian]  # fmt: skip
    assert "".join(spoken).strip() == tokenizer.phonemize("спасибо")
    out = tokenizer(["Hi.", "Hi."], language=["en-gb", None])
    assert [set(row) for row in out["language_ids"]] == [{1}, {0}]


def test_ipa_input(tokenizer):
    ipa = "tˈɛst, wˈʌn."
    for out in (tokenizer(ipa, is_phonemes=True, language="de"), tokenizer(ipa, phonemize=False, language="de")):
        assert out["input_ids"] == ipa_to_ids(ipa) and set(out["language_ids"]) == {5}
    assert tokenizer("gut", is_phonemes=True)["input_ids"] == ipa_to_ids("ɡut")
    assert tokenizer.tokenize("ʧa", is_phonemes=True) == ["t", "ʃ", "a"]
    assert set(ValeTTSTokenizer(language="pt")("a", is_phonemes=True)["language_ids"]) == {2}


def test_pairs_and_words(tokenizer):
    pair = tokenizer("Hello.", "Bom dia!")
    assert pair["input_ids"] == tokenizer("Hello.")["input_ids"] + tokenizer("Bom dia!")["input_ids"][1:]
    assert len(pair["language_ids"]) == len(pair["input_ids"]) and pair["language_ids"][-1] == 2
    assert tokenizer([("Hello.", "Bom dia!")])["input_ids"] == [pair["input_ids"]]
    assert (
        tokenizer(["one", "of", "them"], is_split_into_words=True)["input_ids"]
        == tokenizer("one of them")["input_ids"]
    )


def test_default_languages():
    tokenizer = ValeTTSTokenizer(language="pt_BR", default_language="de")
    assert tokenizer.language == "pt-br" and set(tokenizer("Hello")["language_ids"]) == {2}
    assert set(tokenizer("Hello", language="en")["language_ids"]) == {0}
    assert set(ValeTTSTokenizer(default_language="de")("2024")["language_ids"]) == {5}


def test_save_and_load(tmp_path):
    lexicon = {"en-us": {"ValeTTS": "vˈæliː"}, "*": {"Ann": "ˈæn"}}
    tokenizer = ValeTTSTokenizer(language="en-gb", lexicon=lexicon)
    tokenizer.add_tokens(["tʃ", "ξ"])
    tokenizer.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "vocab.json").read_text(encoding="utf-8")) == SYMBOL_TO_ID
    loaded = ValeTTSTokenizer.from_pretrained(tmp_path)
    assert (loaded.language, loaded.lexicon, len(loaded)) == ("en-gb", lexicon, 258)
    text = "ValeTTS and Ann sing in church, [[ξa]]."
    assert loaded(text) == tokenizer(text)
    assert 256 in loaded(text)["input_ids"] and 257 in loaded(text)["input_ids"]
    tokenizer.lexicon = None
    tokenizer.save_pretrained(tmp_path)
    assert ValeTTSTokenizer.from_pretrained(tmp_path).lexicon is None


def test_lexicon(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps({"GIF": "dʒˈɪf"}), encoding="utf-8")
    tokenizer = ValeTTSTokenizer(lexicon=str(path))
    assert tokenizer.phonemize("A GIF.", "en") == "ɐ dʒˈɪf."
    tokenizer.lexicon = {"en": {"GIF": "ɡˈɪf"}}
    assert tokenizer.phonemize("A GIF.", "en") == "ɐ ɡˈɪf." and tokenizer.lexicon == {"en-us": {"GIF": "ɡˈɪf"}}
    tokenizer.lexicon = Lexicon({"GIF": "hˈɪf"})
    assert tokenizer.phonemize("A GIF.", "en") == "ɐ hˈɪf."
    with pytest.raises(ValueError, match="Lexicon entry 'x': The IPA 'ξ' has symbols"):
        tokenizer.lexicon = {"x": "ξ"}


def test_words_count_tokens_of_the_vocabulary():
    tokenizer = ValeTTSTokenizer()
    text = "The church choir, one of the best."
    plain = tokenizer.analyze(text)[0]
    tokenizer.add_tokens(["tʃ", "ɜː", "ʌvð"])
    segment = tokenizer.analyze(text)[0]
    assert segment.phonemes == plain.phonemes
    ids = tokenizer(text)["input_ids"]
    for before, after in zip(plain.words, segment.words):
        spoken = tokenizer.decode(ids[after.token_start : after.token_end])
        assert plain.phonemes[before.token_start - 1 : before.token_end - 1] in spoken
    church = segment.words[1]
    assert tokenizer.convert_ids_to_tokens(ids[church.token_start : church.token_end]) == ["tʃ", "ˈ", "ɜː", "tʃ"]


def test_segments_encode_to_what_their_words_say(tokenizer):
    for segment in tokenizer.analyze("Dr. Smith paid $5.99 for one of the books. Er sagte: ja!", max_tokens=40):
        ids = tokenizer(segment.phonemes, is_phonemes=True, language=segment.language)["input_ids"]
        assert len(ids) <= 40
        joined = [tokenizer.decode(ids[word.token_start : word.token_end]) for word in segment.words]
        assert all(joined) and sum(map(len, joined)) <= len(ids) - 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": ""}, ValueError, "The text is empty"),
        ({"text": ["ok", "  "]}, ValueError, "is only white space"),
        ({"text": "🎉"}, ValueError, "has nothing to read"),
        ({"text": []}, ValueError, "text is an empty list: pass at least one text"),
        ({"text": 5}, TypeError, "text must be a string or a list of strings, got int: 5"),
        ({"text": ["a", None]}, TypeError, "got NoneType"),
        ({"text": "日本"}, ValueError, r"Cannot read '日' \(U\+65E5"),
        ({"text": "a", "language": "xx"}, ValueError, "Language 'xx' is not supported"),
        (
            {"text": ["a", "b"], "language": ["en"]},
            ValueError,
            "1 languages for 2 texts: pass one for all or one per text",
        ),
        ({"text": "ξ", "is_phonemes": True}, ValueError, r"The IPA 'ξ' has symbols .* tokenizer.add_tokens"),
        ({"text": "", "is_phonemes": True}, ValueError, "is empty"),
    ],
)
def test_errors(tokenizer, arguments, error, message):
    with pytest.raises(error, match=message):
        tokenizer(**arguments)


def test_broken_vocabularies(tmp_path, tokenizer):
    path = tmp_path / "vocab.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="is not valid JSON"):
        ValeTTSTokenizer(str(path))
    path.write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="ids 0, 1, 2, ... without gaps"):
        ValeTTSTokenizer(str(path))
    path.write_text('{"a": 0}', encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the symbols"):
        ValeTTSTokenizer(str(path))
    with pytest.raises(NotADirectoryError, match="Cannot save the vocabulary: .* is not a folder"):
        tokenizer.save_vocabulary(str(tmp_path / "nowhere"))
