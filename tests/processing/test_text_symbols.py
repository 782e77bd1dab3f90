"""The symbol table and the language table: frozen, complete, and forgiving about spellings."""

import hashlib
import unicodedata

import pytest

from valetts_hf.processing.languages import LANGUAGES, language_id, resolve_language
from valetts_hf.processing.symbols import SYMBOL_TO_ID, SYMBOLS, ids_to_ipa, ipa_to_ids, normalize_ipa, unknown_symbols


def test_table_is_frozen():
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 256
    assert SYMBOLS[:18] == ["<pad>", "<unk>", "<s>", "</s>", " ", *',.?!;:…—()"¿¡']
    used = "\n".join(symbol for symbol in SYMBOLS if not symbol.startswith("<extra_"))
    assert hashlib.sha256(used.encode()).hexdigest()[:16] == "6c4b4fb3158926f6"


def test_symbols_are_what_normalize_ipa_gives():
    for symbol in SYMBOLS:
        if len(symbol) == 1 and symbol != " ":
            assert unicodedata.normalize("NFD", symbol) == symbol
            assert normalize_ipa("a" + symbol) == "a" + symbol


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("gæg", "ɡæɡ"),
        ("ʧaʤ", "tʃadʒ"),
        ("ça", "c\u0327a"),
        ("a  \n b", "a b"),
        ("wait...", "wait…"),
        ("ki'lo", "kiˈlo"),
    ],
)
def test_other_spellings_of_ipa(written, normal):
    assert normalize_ipa(written) == normal
    assert not unknown_symbols(written)


def test_ids_round_trip():
    ids = ipa_to_ids("həlˈoʊ, wˈɜːld.")
    assert ids[0] == 2 and ids[-1] == 3 and ids[1] == SYMBOL_TO_ID["h"]
    assert ids_to_ipa(ids) == "həlˈoʊ, wˈɜːld."
    assert ipa_to_ids("aЖb") == [2, SYMBOL_TO_ID["a"], 1, SYMBOL_TO_ID["b"], 3]
    assert unknown_symbols("aЖЖb") == ["Ж"]


def test_language_order_is_frozen():
    codes = "en-us en-gb pt-br pt-pt es de fr it nl pl ru tr sv hi nb sw ar eo fa ca ro".split()
    assert list(LANGUAGES) == codes
    assert [LANGUAGES[code].id for code in codes] == list(range(21))
    assert all(LANGUAGES[code].promised for code in codes)


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("pt", "pt-br"),
        ("PT_br", "pt-br"),
        ("pt-PT", "pt-pt"),
        ("en", "en-us"),
        ("en-US", "en-us"),
        ("en_AU", "en-gb"),
        ("es-MX", "es"),
        ("pt_BR.UTF-8", "pt-br"),
        ("por", "pt-br"),
        ("Portuguese", "pt-br"),
        ("Français", "fr"),
        ("Español", "es"),
        (" de ", "de"),
        ("no", "nb"),
        ("zho", None),
        ("ja", None),
        ("", None),
        ("xx-yy", None),
    ],
)
def test_resolve_language(named, code):
    if code is None:
        with pytest.raises(ValueError, match=r"is not supported. Choose one of: en-us, .*ro\."):
            resolve_language(named)
    else:
        assert resolve_language(named) == code
        assert language_id(named) == LANGUAGES[code].id


def test_resolve_language_wants_a_string():
    with pytest.raises(TypeError, match="language must be a string such as 'en-us', got int: 3"):
        resolve_language(3)
