"""A text as a row of spoken words and punctuation marks, each knowing which characters it stands for.

`split_items` cuts a text into items, the phonemizer fills in the phonemes of the words, `join_items` writes the IPA
string: words separated by single spaces, marks attached to the word before (opening marks to the word behind).
"""

import re
from dataclasses import dataclass, field


OPEN_QUOTE, CLOSE_QUOTE = "\ue000", "\ue001"  # quotation marks whose direction is known
_QUOTES = f"[{OPEN_QUOTE}{CLOSE_QUOTE}]"
PLACEHOLDER = "\ue010"  # stands for a word whose phonemes are given
MAX_WORD_BYTES = 120  # espeak-ng cuts longer words off (its buffer holds 160)

# Where a clause ends. Marks inside numbers, times, initials and addresses ("3.14", "U.S.A.", "10:30") do not count.
_MARK = re.compile(
    rf"""(\.{{3,}} | … | — | [()¿¡!?;] | (?<=\s)-{{1,3}}(?=\s) | -{{2,}} | ,(?!\d) | (?<!\d),
        | (?<![^\W\d_]\.[^\W\d_])\.(?=[\s)…—{OPEN_QUOTE}{CLOSE_QUOTE}]) | [.:](?=\s*$) | :(?=[\s)…—{OPEN_QUOTE}{CLOSE_QUOTE}]))""",
    re.VERBOSE,
)
_WORD = re.compile(rf"[^\s{OPEN_QUOTE}{CLOSE_QUOTE}]+|{_QUOTES}")
_SOUND = re.compile(rf"[^\W_]|[&%@$€£+=#°{PLACEHOLDER}]")


@dataclass
class Item:
    """One spoken word or one punctuation mark.

    Args:
        text: the word or the mark.
        start, end: the characters of the text it comes from.
        is_mark: whether it is punctuation.
        phonemes: IPA; the mark itself for punctuation, empty until the word is phonemised.
        joined: the next word follows without a space.
        language: language code of a word.
        fixed: the phonemes are given, by the user.
    """

    text: str
    start: int
    end: int
    is_mark: bool = False
    phonemes: str = ""
    joined: bool = False
    language: str = ""
    fixed: bool = field(default=False, repr=False)

    @property
    def opens(self) -> bool:
        """Whether this is a mark that belongs to the word behind it."""
        return self.is_mark and self.text in ("(", "¿", "¡", OPEN_QUOTE)

    @property
    def is_quote(self) -> bool:
        """Whether this is a quotation mark, which does not end a clause."""
        return self.is_mark and self.text in (OPEN_QUOTE, CLOSE_QUOTE)


def mark_quotes(text: str) -> str:
    """Replace every `"` by OPEN_QUOTE or CLOSE_QUOTE: by the white space around it, else in turn."""
    if '"' not in text:
        return text
    out, inside = [], False
    for i, c in enumerate(text):
        if c == '"':
            before = i == 0 or text[i - 1].isspace() or text[i - 1] in "(¿¡—"
            after = i + 1 == len(text) or text[i + 1].isspace() or text[i + 1] in ",.?!;:…—)"
            inside = before if before != after else not inside
            c = OPEN_QUOTE if inside else CLOSE_QUOTE
        out.append(c)
    return "".join(out)


def split_items(text: str) -> list[Item]:
    """Cut a text into words and marks.

    Args:
        text: cleaned text (`clean_punctuation`, `mark_quotes`) with numbers and abbreviations written out.

    Returns:
        Items in order with their offsets in `text`. Stretches without any sound ("~", "'") are left out; words too
        long for espeak-ng are cut into several items.
    """
    items: list[Item] = []
    position = 0
    for index, part in enumerate(_MARK.split(text)):
        start, position = position, position + len(part)
        if index % 2:
            mark = "…" if part.startswith("...") else "—" if part[0] == "-" else part
            if _is_new(mark, items):
                items.append(Item(mark, start, position, is_mark=True, phonemes=mark))
            continue
        for found in _WORD.finditer(part):
            word, at = found.group(), start + found.start()
            if word in (OPEN_QUOTE, CLOSE_QUOTE):
                if _is_new(word, items):
                    items.append(Item(word, at, at + 1, is_mark=True, phonemes='"'))
            elif _SOUND.search(word):
                for piece in _cut(word):
                    items.append(Item(piece, at, at + len(piece)))
                    at += len(piece)
    return items


def _is_new(mark: str, items: list[Item]) -> bool:
    """Whether no mark of the kind stands since the last word: "?!?!!!" is read as "?!"."""
    for item in reversed(items):
        if not item.is_mark:
            return True
        if item.text == mark:
            return False
    return True


def _cut(word: str) -> list[str]:
    if len(word.encode("utf-8", "surrogatepass")) <= MAX_WORD_BYTES:
        return [word]
    step = MAX_WORD_BYTES // 6  # a character has at most 4 bytes; short pieces stay pronounceable
    return [word[i : i + step] for i in range(0, len(word), step)]


def separators(items: list[Item]) -> list[str]:
    """What stands before each item in the IPA string: `" "` or nothing."""
    out = []
    glue = True  # nothing before the first
    for item in items:
        closing = item.is_mark and not item.opens
        silent = not item.phonemes
        out.append("" if glue or closing or silent else " ")
        if not silent:
            glue = item.opens or (item.joined and not item.is_mark)
    return out


def join_items(items: list[Item]) -> str:
    """The IPA string of items whose phonemes are known."""
    return "".join(space + item.phonemes for space, item in zip(separators(items), items))
