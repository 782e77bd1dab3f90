"""The user's own pronunciations: written word -> IPA, for one language or for all.

    {"ValeTTS": "vˈæliː tˌiːtˌiːˈɛs"}                                one table for every language
    {"en-us": {"GIF": "dʒˈɪf"}, "pt-br": {"GIF": "ʒˈifi"}}           one table per language

The same as JSON in a file, or as lines `word<TAB>IPA` or `word<TAB>IPA<TAB>language` in a `.tsv` / `.txt` file.
"""

import json
import os
import re
from collections.abc import Mapping

from .languages import LANGUAGES, resolve_language
from .text_cleaning import canonicalize, clean
from .text_markup import check_ipa


ALL_LANGUAGES = "*"
_CHUNK = re.compile(r"\S+")
_OUTER = re.compile(r"^[^\w+#]*(.*?)[^\w+#]*$", re.DOTALL)


class Lexicon:
    """Pronunciations that win over every rule.

    Args:
        entries: word -> IPA, or language -> (word -> IPA); the language `"*"` stands for all. A word may be several
            words ("São Tomé") and is found in any letter case unless the very spelling is listed, too.
        known: additional IPA symbols that are allowed.

    Raises:
        TypeError: `entries` is no mapping of that kind.
        ValueError: an entry has no IPA or unknown symbols in it, or the language is not supported.
    """

    def __init__(self, entries: "Mapping | Lexicon | None" = None, known: frozenset[str] = frozenset()):
        if isinstance(entries, Lexicon):
            entries = entries.to_dict()
        entries = {} if entries is None else entries
        if not isinstance(entries, Mapping):
            raise TypeError(f"A lexicon is a mapping word -> IPA or a path to a file, got {type(entries).__name__}.")
        self._tables: dict[str, dict[str, str]] = {}
        self._words_in_longest = 1
        for key, value in entries.items():
            if isinstance(value, Mapping):
                language = ALL_LANGUAGES if key == ALL_LANGUAGES else resolve_language(key)
                for word, ipa in value.items():
                    self._add(language, word, ipa, known)
            else:
                self._add(ALL_LANGUAGES, key, value, known)
        self._folded = {
            language: {word.casefold(): ipa for word, ipa in reversed(table.items())}
            for language, table in self._tables.items()
        }

        self._hash = hash(json.dumps(self._tables, sort_keys=True))

    def _add(self, language: str, word: str, ipa: str, known: frozenset[str]) -> None:
        if not isinstance(word, str) or not isinstance(ipa, str):
            raise TypeError(f"A lexicon entry is a pair of strings, got {word!r}: {ipa!r}.")
        word = " ".join(clean(canonicalize(word)).split())
        if not word:
            raise ValueError(f"The lexicon has an entry without a word (its IPA is {ipa!r}).")
        try:
            ipa = check_ipa(ipa.strip().removeprefix("[[").removesuffix("]]"), known)
        except ValueError as error:
            raise ValueError(f"Lexicon entry {word!r}: {error}") from None
        self._tables.setdefault(language, {})[word] = ipa
        self._words_in_longest = max(self._words_in_longest, word.count(" ") + 1)

    @classmethod
    def from_file(
        cls, path: "str | os.PathLike", language: str | None = None, known: frozenset[str] = frozenset()
    ) -> "Lexicon":
        """Read a lexicon from a `.json` file or a file of tab-separated lines.

        Args:
            path: the file, UTF-8.
            language: language of entries that name none (default: all languages).
            known: additional IPA symbols that are allowed.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not in one of the two forms; the message names the line.
        """
        default = ALL_LANGUAGES if language is None else resolve_language(language)
        with open(path, encoding="utf-8-sig") as file:
            content = file.read()
        if str(path).lower().endswith(".json"):
            try:
                entries = json.loads(content)
            except json.JSONDecodeError as error:
                raise ValueError(f"The lexicon {str(path)!r} is not valid JSON: {error}.") from None
            if not isinstance(entries, dict):
                raise ValueError(f"The lexicon {str(path)!r} must be a JSON object of word: IPA pairs.")
            if not any(isinstance(value, dict) for value in entries.values()):
                entries = {default: entries}
            return cls(entries, known)
        tables: dict[str, dict[str, str]] = {}
        for number, line in enumerate(content.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.rstrip().split("\t")
            if len(fields) not in (2, 3):
                raise ValueError(
                    f"Line {number} of the lexicon {str(path)!r} must be word<TAB>IPA or word<TAB>IPA<TAB>language, "
                    f"got {line!r}."
                )
            code = fields[2].strip() if len(fields) == 3 else default
            tables.setdefault(code, {})[fields[0]] = fields[1]
        return cls(tables, known)

    def to_dict(self) -> dict[str, dict[str, str]]:
        """Language (or `"*"`) -> word -> IPA, ready for JSON."""
        return {language: dict(table) for language, table in self._tables.items()}

    def lookup(self, word: str, language: str) -> str | None:
        """IPA of a word, or None. The language's own table goes before the common one, the spelling before the case."""
        folded = word.casefold()
        for table in (language, ALL_LANGUAGES):
            if table in self._tables:
                ipa = self._tables[table].get(word) or self._folded[table].get(folded)
                if ipa:
                    return ipa
        return None

    def find(self, text: str, language: str) -> list[tuple[int, int, str]]:
        """All entries in a cleaned text as `(start, end, ipa)`, the longest first where several fit."""
        if not self or (language not in self._tables and ALL_LANGUAGES not in self._tables):
            return []
        chunks = list(_CHUNK.finditer(text))
        found, k = [], 0
        while k < len(chunks):
            for count in range(min(self._words_in_longest, len(chunks) - k), 0, -1):
                start, end = chunks[k].start(), chunks[k + count - 1].end()
                span = self._match(text, start, end, language)
                if span:
                    found.append(span)
                    k += count
                    break
            else:
                k += 1
        return found

    def _match(self, text: str, start: int, end: int, language: str) -> tuple[int, int, str] | None:
        written = text[start:end]
        inner = _OUTER.match(written)
        trims = [(0, len(written))] + ([inner.span(1)] if inner else [])
        for left, right in trims:
            ipa = self.lookup(" ".join(written[left:right].split()), language)
            if ipa and right > left:
                return start + left, start + right, ipa
        return None

    def __len__(self) -> int:
        return sum(len(table) for table in self._tables.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self._tables == other._tables

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        languages = ", ".join(code for code in (*LANGUAGES, ALL_LANGUAGES) if code in self._tables)
        return f"Lexicon({len(self)} words; languages: {languages or 'none'})"
