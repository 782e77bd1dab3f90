"""Turkish suffixes behind numbers: joined to the word, and fitted to it where another word was written ("TL'ye": "liraya")."""

import re


_VOWELS = "aeıioöuü"
_FRONT, _ROUND = frozenset("eiöü"), frozenset("oöuü")
_VOICELESS = frozenset("fstkçşhp")
_BUFFERED = re.compile(r"^[yns](?=[aeıiuü])")


def attach_suffix(words: str, suffix: str) -> str:
    """The words with a suffix: `attach_suffix("on dört", "e") == "on dörde"`."""
    if words.endswith("dört") and suffix[0] in _VOWELS:
        words = words[:-1] + "d"
    return words + suffix


def fit_suffix(words: str, suffix: str, possessive: bool = False) -> str:
    """A suffix in the form that the last word asks for.

    Args:
        words: what is spoken in front of it.
        suffix: in the form for another word.
        possessive: a lone vowel is "its" ("2/3'ü": "üçte ikisi"), not the accusative.

    Returns:
        The suffix with its vowels in harmony, its buffer consonant where two vowels meet, and "t" behind a voiceless sound.
    """
    vowel = next((c for c in reversed(words) if c in _VOWELS), "e")
    last_is_vowel = words[-1] in _VOWELS
    if possessive and suffix in ("ı", "i", "u", "ü", "sı", "si", "su", "sü"):
        suffix = suffix[-1:] if not last_is_vowel else "s" + suffix[-1]
    elif last_is_vowel and suffix[0] in _VOWELS:
        genitive = re.fullmatch(r"[ıiuü]n", suffix)
        suffix = ("n" if genitive else "y") + suffix
    elif not last_is_vowel:
        suffix = _BUFFERED.sub("", suffix)
    if suffix[0] in "dt":
        suffix = ("t" if words[-1] in _VOICELESS else "d") + suffix[1:]
    fitted = []
    for c in suffix:
        if c in _VOWELS:
            low = c in "ae"
            front, rounded = vowel in _FRONT, vowel in _ROUND
            vowel = c = ("e" if front else "a") if low else "ıiuü"[front + 2 * rounded]
        fitted.append(c)
    return "".join(fitted)
