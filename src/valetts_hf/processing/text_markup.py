"""The three marks a text may carry: hand-written IPA, a phoneme tag and a language tag.

    I say [[təmˈeɪɾoʊ]], you say <phoneme ph="təmˈɑːtəʊ">tomato</phoneme>.
    They call it <lang xml:lang="pt-br">pão de queijo</lang>.        (short form: <lang pt-br>pão de queijo</lang>)

The phoneme and language tags are those of SSML; anything else in angle brackets is plain text.
"""

import re
from dataclasses import dataclass

from .languages import resolve_language
from .symbols import SYMBOL_TO_ID, character_names, normalize_ipa


_TAG = re.compile(
    r"\[\[(?P<ipa>(?:(?!\[\[).)*?)\]\]"
    r"|<phoneme\b(?P<attributes>[^<>]*?)(?:/>|>(?P<written>[^<>]*)</phoneme\s*>)"
    r"|<lang\b(?P<lang>[^<>]*)>|(?P<end></lang\s*>)|(?P<stray></?phoneme\b[^<>]*>)",
    re.DOTALL,
)
_VALUE = r"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
_PH = re.compile(r"\bph" + _VALUE)
_LANG = re.compile(r"(?:(?:xml:)?lang|code)" + _VALUE)


@dataclass(frozen=True)
class Mark:
    """What the user says about the characters `start` to `end` of the plain text: their IPA or their language."""

    start: int
    end: int
    ipa: str | None = None
    language: str | None = None


def check_ipa(ipa: str, known: frozenset[str] = frozenset()) -> str:
    """Normalise hand-written IPA.

    Args:
        ipa: the transcription.
        known: symbols that are allowed beside the built-in ones.

    Returns:
        `normalize_ipa(ipa)`.

    Raises:
        ValueError: it is empty or holds symbols without a token; the message names them.
    """
    normal = normalize_ipa(ipa)
    if not normal:
        raise ValueError(f"The phoneme mark {ipa!r} is empty: write IPA between [[ and ]], for example [[həlˈoʊ]].")
    unknown = [c for c in dict.fromkeys(normal) if c not in SYMBOL_TO_ID and c not in known]
    if unknown:
        raise ValueError(
            f"The IPA {ipa!r} has symbols that are not in the vocabulary: {character_names(unknown)}. "
            "Use the symbols of the International Phonetic Alphabet, or add new ones with tokenizer.add_tokens([...])."
        )
    return normal


def parse_marks(text: str, known: frozenset[str] = frozenset()) -> tuple[str, list[Mark]]:
    """Take the marks out of a text.

    Args:
        text: text with marks (result of `canonicalize`).
        known: additional IPA symbols, see `check_ipa`.

    Returns:
        The plain text (language tags removed, `[[...]]` kept as written, the inner text of a phoneme tag kept) and
        the marks with positions in it.

    Raises:
        ValueError: a tag is not closed, has no usable attribute, names an unknown language or unknown IPA symbols.
    """
    if "[[" not in text and "<" not in text:
        return text, []
    out: list[str] = []
    marks: list[Mark] = []
    open_tags: list[tuple[int, str, str]] = []
    length = position = 0
    for found in _TAG.finditer(text):
        before = text[position : found.start()]
        out.append(before)
        length += len(before)
        position = found.end()
        if found["end"]:
            if not open_tags:
                raise ValueError(
                    f"{found[0]!r} at character {found.start()} closes a language tag that was not opened."
                )
            start, language, _ = open_tags.pop()
            marks.append(Mark(start, length, language=language))
        elif found["lang"] is not None:
            named = _LANG.search(found["lang"])
            code = (named[1] or named[2] or "") if named else found["lang"].strip(" /\"'=")
            if not code:
                raise ValueError(f'{found[0]!r} names no language: write <lang xml:lang="pt-br">...</lang>.')
            open_tags.append((length, resolve_language(code), found[0]))
        elif found["stray"]:
            raise ValueError(
                f"{found[0]!r} at character {found.start()} is incomplete: "
                'write <phoneme ph="təmˈɑːtəʊ">tomato</phoneme>, without other tags inside.'
            )
        else:
            ipa = found["ipa"]
            if ipa is None:
                named = _PH.search(found["attributes"])
                if not named:
                    raise ValueError(f'{found[0]!r} has no ph="..." attribute with the IPA.')
                ipa = named[1] or named[2] or ""
            written = found["written"] if (found["written"] or "").strip() else f"[[{ipa}]]"
            out.append(written)
            marks.append(Mark(length, length + len(written), ipa=check_ipa(ipa, known)))
            length += len(written)
    if open_tags:
        raise ValueError(f"{open_tags[-1][2]!r} is never closed: write </lang> behind the words it is about.")
    out.append(text[position:])
    return "".join(out), sorted(marks, key=lambda mark: (mark.start, -mark.end))
