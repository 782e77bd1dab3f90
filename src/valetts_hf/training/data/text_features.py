"""From the transcript of a clip to its tokens, read exactly as the tokenizer reads text when it is to be spoken."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from valetts_hf.training.data.feature_cache import digest


def text_key(text: str, language: str) -> str:
    """Cache key of a transcript; changes with the text front end: its code, and the language's entry."""
    from valetts_hf.processing.languages import BUILT_IN, LANGUAGES

    row = LANGUAGES.get(language)
    reader = [repr(row)] if row is not None and row.id >= BUILT_IN else []  # its code says not how it is read
    return digest("text", front_end_digest(), text, language, *reader)


@lru_cache(maxsize=1)
def front_end_digest() -> str:
    """Digest of the source files of the text front end."""
    import valetts_hf.processing as processing

    files = sorted(Path(processing.__file__).parent.glob("*.py"))
    return digest(*(part for path in files for part in (path.name, path.read_bytes())))


def read_text(text: str, language: str) -> dict[str, Any]:
    """
    Phonemes and tokens of a transcript.

    Args:
        text (`str`): as written.
        language (`str`): code of the text front end.

    Returns:
        `dict` of `phonemes` (IPA), `input_ids` (`<s>` and `</s>` included; empty if there is nothing to say),
        `detected` (language its words tell, or None), `unknown` (number of sounds without a token) and `problem`
        (why there are no tokens, or "").
    """
    from valetts_hf.processing.language_detection import guess_language
    from valetts_hf.processing.symbols import UNKNOWN_ID, ipa_to_ids
    from valetts_hf.processing.text_analysis import analyze_text

    result: dict[str, Any] = {"phonemes": "", "input_ids": [], "detected": None, "unknown": 0, "problem": ""}
    if not text:
        return result
    result["detected"] = guess_language(text)
    try:
        segments = analyze_text(text, language=language, max_tokens=None)
    except ValueError as error:
        return {**result, "problem": " ".join(str(error).split())}
    phonemes = " ".join(segment.phonemes for segment in segments)
    ids = ipa_to_ids(phonemes)
    result["unknown"] = ids.count(UNKNOWN_ID)
    if not any(c.isalpha() for c in phonemes) or result["unknown"] >= len(ids) - 2:
        return {**result, "problem": f"no sound of it is known ({text[:40]!r} gives {phonemes[:40]!r})"}
    return {**result, "phonemes": phonemes, "input_ids": ids}
