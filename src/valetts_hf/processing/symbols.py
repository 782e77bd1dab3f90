"""The symbol table: which integer every phoneme, stress mark and punctuation mark has.

One table serves all languages. A text in the International Phonetic Alphabet (IPA) is put into Unicode NFD form and
every code point is one token; combining marks such as the tilde of a nasal vowel are tokens of their own. The order
below is frozen: checkpoints depend on it. New symbols take the place of `<extra_n>` slots, from the first on.
"""

import unicodedata


PAD, UNKNOWN, START, END, SPACE = "<pad>", "<unk>", "<s>", "</s>", " "
PAD_ID, UNKNOWN_ID, START_ID, END_ID, SPACE_ID = range(5)
VOCABULARY_SIZE = 256

PUNCTUATION = ',.?!;:…—()"¿¡'
STRESS_AND_LENGTH = "ˈˌːˑ"
_LATIN = "abcdefhijklmnopqrstuvwxyz"  # without g: IPA writes ɡ (U+0261)
_LETTERS = "æðøħŋœβθχɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɩɪɫɬɭɮɯɰɱɲɳɴɵɶɷɸɹɺɻɼɽɾɿʀʁʂʃʄʅʆʇʈʉʊʋʌʍʎʏʐʑʒʓʔʕʖʗʘʙʚʛʜʝʞʟʠʡʢǀǁǂǃⱱᵻᵿ"
_MODIFIERS = "ʰʱʲʳʴʵʶʷʸʼˀ˞ˠˡˢˣˤⁿᵃᵊᵐᵑᵝᶮᶯ"
_TONES = "˥˦˧˨˩↗↘↑↓"
_COMBINING = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0308\u030a\u030b\u030c\u030f\u0318\u0319\u031a\u031c\u031d\u031e\u031f"
    "\u0320\u0324\u0325\u0327\u0329\u032a\u032c\u032f\u0330\u0334\u0339\u033a\u033b\u033c\u033d\u035c\u0361"
)
_LINKS = "‿|‖"

IPA_CHARACTERS = STRESS_AND_LENGTH + _LATIN + _LETTERS + _MODIFIERS + _TONES + _COMBINING + _LINKS

_used = [PAD, UNKNOWN, START, END, SPACE, *PUNCTUATION, *IPA_CHARACTERS]
SYMBOLS: list[str] = _used + [f"<extra_{i}>" for i in range(VOCABULARY_SIZE - len(_used))]
SYMBOL_TO_ID: dict[str, int] = {symbol: index for index, symbol in enumerate(SYMBOLS)}

# Other spellings of the same sound, as found in dictionaries and on keyboards.
_ALIASES = str.maketrans(
    {
        "g": "ɡ",
        "ε": "ɛ",
        "ϵ": "ɛ",
        "φ": "ɸ",
        "Φ": "ɸ",
        "ϕ": "ɸ",
        "ϑ": "θ",
        "ß": "β",
        "ꭓ": "χ",
        "ʦ": "ts",
        "ʧ": "tʃ",
        "ʨ": "tɕ",
        "ʣ": "dz",
        "ʤ": "dʒ",
        "ʥ": "dʑ",
        "ı": "ɯ",
        "ƛ": "tɬ",
        "'": "ˈ",
        "’": "ˈ",
        "ʹ": "ˈ",
        "–": "—",
        "\u00a0": " ",
        "\u202f": " ",
        "“": '"',
        "”": '"',
        "\u0311": "\u032f",
        "\u0335": "\u0334",
        "\u0347": "",
        "⁀": "\u0361",
    }
)


def normalize_ipa(ipa: str) -> str:
    """Write IPA the one way the symbol table knows: NFD, `ɡ` for `g`, `ts` for `ʦ`, runs of white space as one space.

    Args:
        ipa: any string in IPA.

    Returns:
        The same sounds; characters the table does not know are left in place.
    """
    ipa = unicodedata.normalize("NFD", ipa).translate(_ALIASES).replace("...", "…")
    return " ".join(ipa.split())


def unknown_symbols(ipa: str) -> list[str]:
    """Characters of `ipa` that have no token, each once, in order of appearance (after `normalize_ipa`)."""
    return list(dict.fromkeys(c for c in normalize_ipa(ipa) if c not in SYMBOL_TO_ID))


def ipa_to_ids(ipa: str) -> list[int]:
    """Token ids of a string in IPA with `<s>` in front and `</s>` behind.

    Args:
        ipa: IPA with punctuation, words separated by spaces.

    Returns:
        One id per NFD code point plus two; `<unk>` where the table has no such symbol.
    """
    return [START_ID, *(SYMBOL_TO_ID.get(c, UNKNOWN_ID) for c in normalize_ipa(ipa)), END_ID]


def ids_to_ipa(ids) -> str:
    """The IPA string of token ids; `<pad>`, `<s>`, `</s>`, `<unk>` and free slots are left out.

    Raises:
        IndexError: an id is outside of `0..255`.
    """
    return "".join(SYMBOLS[i] for i in ids if i >= SPACE_ID and len(SYMBOLS[i]) == 1)


def character_names(characters) -> str:
    """Characters with code point and name for messages: `'漢' (U+6F22 CJK UNIFIED IDEOGRAPH-6F22)`."""
    return ", ".join(f"{c!r} (U+{ord(c):04X} {unicodedata.name(c, 'unnamed')})" for c in characters)
