"""Unicode clean-up and the question which characters can be read at all.

Two steps. `canonicalize` may change the length (composition, ligatures, invisible characters); its result is "the text
as written". `clean` then maps characters one to one (curly quotes, digits of other scripts, emoji to spaces), so that
positions in both strings agree. Documented results: emoji, pictographs, control and private-use characters make no
sound and become a space; zero-width characters vanish; full-width, mathematical and ligature forms become the plain
letters; stray combining marks are dropped.
"""

import re
import unicodedata
from functools import lru_cache

from .languages import registered_letter, registered_script


# Written punctuation -> the marks that are tokens. What is missing here and in `symbols` makes no sound and no pause.
_SPELLINGS = str.maketrans(
    {
        **dict.fromkeys("«»“”„‟‹›「」『』〝〞＂", '"'),
        **dict.fromkeys("[{（［｛【", "("),
        **dict.fromkeys("]}）］｝】", ")"),
        **dict.fromkeys("–―⸺⸻─━", "—"),
        **dict.fromkeys("−‐‑﹣－", "-"),
        **dict.fromkeys("，、‚،﹐", ","),
        **dict.fromkeys("؛；﹔", ";"),
        **dict.fromkeys("؟？﹖⸮‽", "?"),
        **dict.fromkeys("！﹗", "!"),
        **dict.fromkeys("：﹕∶", ":"),
        **dict.fromkeys("。．।॥۔﹒", "."),
        **dict.fromkeys("‘’‛ʼ`´ʹ′＇", "'"),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("⋯‥", "…"),
        **dict.fromkeys("‧∙⋅", "·"),
        "％": "%",
        "٪": "%",
        "٫": ",",
        "٬": ".",
    }
)
# Compatibility forms that stand for plain letters or digits; "ª", "²" and "½" are left to the number rules.
_COMPATIBLE = re.compile(
    "[\ufb00-\ufb06\uff10-\uff19\uff21-\uff5a\u2071-\u209c\u2160-\u217f\u2100-\u214f\u3371-\u33df\ufb50-\ufdfb\ufe70-\ufefc\U0001d400-\U0001d7ff]"
)
_KEPT_COMPATIBLE = "№™℠℮"
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
                              "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]")  # fmt: skip
_JOINER = re.compile("(?<![\u0600-\u06ff\u0900-\u097f])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u06ff\u0900-\u097f])")
_STRAY_MARKS = re.compile("(?<![\u0400-\u04ff])\u0301|[\u0300\u0302-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
_DEGREES = re.compile(r"º(?=[CF](?!\w))")  # the ordinal sign of keyboards in place of the degree sign
_TATWEEL = "\u0640"
_KEPT_SYMBOLS = frozenset("&%@$€£¥₹₽₺¢+<=>|~^°#*/\\_§©®™№‰×÷±≈≠≤≥→µ√∞²³¹½¼¾⅓⅔⅛'-·")

READABLE_SCRIPTS = ("LATIN", "CYRILLIC", "DEVANAGARI", "ARABIC", "GREEK")
_CYRILLIC = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_ARABIC = frozenset("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگکیۀ")
_PERSIAN_ONLY = frozenset("پچژگکی")
_PERSIAN_WORDS = re.compile(r"(?<!\w)(?:است|هستم|را|از|در|این|شما|ممنون|خوبم|خداحافظ|دارم|دارد)(?!\w)")
_LATIN_UNREADABLE = frozenset("ƅƨƽƾɂƄƧƼɁ")


def canonicalize(text: str) -> str:
    """Bring a text into one Unicode form without changing what it says.

    Args:
        text: any string, lone surrogates and control characters included.

    Returns:
        NFC text without invisible characters; compatibility letters ("ﬁ", "Ａ", "Ⅷ", "𝐁", "㎏") are plain letters.

    Raises:
        TypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}: {text!r:.80}")
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    text = _COMPATIBLE.sub(lambda m: m[0] if m[0] in _KEPT_COMPATIBLE else unicodedata.normalize("NFKC", m[0]), text)
    text = _JOINER.sub("", _INVISIBLE.sub("", text)).replace(_TATWEEL, "")
    return _STRAY_MARKS.sub("", text)


def clean(text: str) -> str:
    """Map every character to what the rules and the phonemizer know; the length stays the same.

    Args:
        text: result of `canonicalize`.

    Returns:
        Text of the same length; line breaks stay, what makes no sound is a space.
    """
    text = _DEGREES.sub("°", text.translate(_SPELLINGS))
    return text if text.isascii() and text.isprintable() else "".join(map(_clean_character, text))


@lru_cache(maxsize=4096)
def _clean_character(c: str) -> str:
    if c in "\n\u2028\u2029\x0b\x0c\x85":
        return "\n"
    category = unicodedata.category(c)
    if category[0] == "L":
        return unicodedata.normalize("NFD", c)[0] if "\u1e00" <= c <= "\u1eff" else c
    if category == "Nd":
        return str(unicodedata.digit(c))
    if category[0] in "MP" or c in _KEPT_SYMBOLS or c in "\u200c\u200d":
        return c
    return " "


@lru_cache(maxsize=4096)
def script_of(c: str) -> str:
    """The script of a letter (`"LATIN"`, `"CYRILLIC"`, `"CJK"`, ...), `""` for what belongs to every script."""
    if c.isascii():
        return "LATIN" if c.isalpha() else ""
    if unicodedata.category(c)[0] not in "LM" or c in "ªº":
        return ""
    name = unicodedata.name(c, "UNKNOWN").split(" ")[0]
    return "" if name in ("COMBINING", "MODIFIER", "MICRO", "ZERO", "VARIATION") else name


def readable_in(c: str) -> bool:
    """Whether some supported language has a sound for this letter."""
    script = script_of(c)
    if script in ("", "DEVANAGARI", "GREEK") or registered_letter(c):
        return True
    if script == "LATIN":
        return c not in _LATIN_UNREADABLE and (c < "\u0250" or "\u1e00" <= c <= "\u1eff")
    if script == "CYRILLIC":
        return c.lower() in _CYRILLIC or unicodedata.category(c) == "Mn"
    if script == "ARABIC":
        return c in _ARABIC or unicodedata.category(c) == "Mn"
    return registered_script(script)


def is_persian(text: str) -> bool:
    """Whether a text in Arabic script has letters or everyday words that only Persian uses."""
    return any(c in _PERSIAN_ONLY for c in text) or _PERSIAN_WORDS.search(text) is not None
