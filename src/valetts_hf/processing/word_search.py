"""Finding words of a text by how they are written."""

import re

from .text_cleaning import canonicalize


_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LISTED = 12


def find_words(text: str, words: str, occurrence: int = 1) -> tuple[int, int]:
    """Characters `start, end` of some words in a row.

    Args:
        text: canonical text.
        words: as written; upper and lower case and the kinds of white space and of apostrophes do not count.
        occurrence: 1 is the first, 2 the second, -1 the last.

    Raises:
        ValueError: they are not there, or not so often; the message lists the words of the text.
    """
    parts = canonicalize(words).split()
    if not parts:
        raise ValueError(f"no word to look for in {words!r}: pass a word of the text.")
    if isinstance(occurrence, bool) or not isinstance(occurrence, int) or occurrence == 0:
        raise ValueError(
            f"occurrence must be 1 for the first, 2 for the second, -1 for the last, ..., got {occurrence!r}."
        )
    spaced = re.sub("['’]", "['’]", r"\s+".join(map(re.escape, parts)))
    pattern = rf"(?<!\w){spaced}(?!\w)"
    found = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    if not found:
        listed = list(dict.fromkeys(_WORD.findall(text)))
        more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        raise ValueError(f"the text has no {words!r}; its words are {', '.join(listed[:_LISTED])}{more}.")
    index = occurrence - 1 if occurrence > 0 else occurrence
    if not -len(found) <= index < len(found):
        raise ValueError(f"{words!r} is {len(found)} time(s) in the text, so there is no occurrence {occurrence}.")
    return found[index]
