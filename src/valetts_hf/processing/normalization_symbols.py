"""E-mail and web addresses, abbreviations, acronyms and symbols: the part of a `Normalizer` that spells."""

import re

from .normalization_numbers import NumberReader
from .number_words import WrittenNumber, digit_words


# Words of some language beside being abbreviations: at the end of a sentence they are the word.
_WORDS_TOO = frozenset("max min art gen col rep sen mt st me m d s av gov dep pres ex im dr sat sun".split())


class SymbolReader(NumberReader):
    """Says what is written with signs; the attributes are the words of the language for them.

    Args:
        language: a key of `LANGUAGES`.
    """

    at, slash, dash, underscore, equals = "", "", "", "", ""
    power_word = ""  # what "^" says ("10^6")
    per_nouns = ""  # pattern of the words that "/" stands in front of with the meaning "per"
    symbols: dict[str, str] = {}
    # Lower case, without the last full stop -> words. "." in front: only with the full stop, "#": only before a number.
    abbreviations: dict[str, str] = {}
    spelled: frozenset[str] = frozenset()  # acronyms read letter by letter that espeak-ng takes for words

    def __init__(self, language: str):
        super().__init__(language)
        self._abbreviations = {key.rstrip(".").lower(): value for key, value in self.abbreviations.items()}

    def _address(self, match: re.Match) -> str | None:
        if not self.dot:
            return None
        return self._spell_address(re.sub(r"^https?://", "", match[0], flags=re.I))

    def _spell_address(self, address: str, spell_short: bool = True) -> str:
        """The parts of an address and its signs; `spell_short`: letter by letter where there are two ("br")."""
        marks = {".": self.dot, "@": self.at, "/": self.slash, "-": self.dash, "_": self.underscore, "+": self.plus,
                 "=": self.equals, ":": self.symbols.get(":", ""), "&": self.symbols.get("&", ""),
                 "#": self.symbols.get("#", ""), "%": self.percent, "?": self.symbols.get("?", "")}  # fmt: skip
        words = []
        for part in re.findall(r"[^\W\d_]+|\d+|[^\w]|_", address.rstrip("/")):
            if part.isdigit():
                words.append(self._digits_of_name(part))
            elif part.isalpha():
                words.append(self._spell_part(part) if spell_short else part)
            elif marks.get(part):
                words.append(marks[part])
        return " ".join(words)

    def _file_name(self, match: re.Match) -> str | None:
        if not self.dot:
            return None
        name = self._spell_address(match["name"], spell_short=False)
        return f"{name} {self.dot} {self._spell_address(match['kind'].upper())}"

    def _hashtag_words(self, name: str) -> str:
        def number(match: re.Match) -> str:
            return f" {self._digits_of_name(match[0])} "

        return " ".join(re.sub(r"\d+", number, name.replace("_", " ")).split())

    def _digits_of_name(self, digits: str) -> str:
        return self.number(WrittenNumber(digits)) if len(digits) < 5 else digit_words(digits, self.language)

    def _spell_part(self, part: str) -> str:
        return " ".join(part.upper()) if len(part) == 2 and part.islower() else part

    def _per_unit(self, match: re.Match) -> str | None:
        name = self.unit(match["unit"], 1)
        return f" {self.per_word} {name}" if name and self.per_word else None

    def _abbreviation_patterns(self) -> list:
        patterns: list = []
        if self._abbreviations:
            names = "|".join(
                re.escape(name).replace(r"\ ", r"\s?") for name in sorted(self._abbreviations, key=len, reverse=True)
            )
            patterns.append(
                (rf"(?<![\w.])(?P<name>{names})(?P<stop>\.?)(?:(?<=[.º°])(?=\d)|(?![\w']))", self._abbreviation, re.I)
            )
        if self.spelled:
            names = "|".join(sorted(self.spelled, key=len, reverse=True))
            patterns.append((rf"(?<![\w.])(?:{names})(?!\w)", lambda m: " ".join(m[0]), 0))
        return patterns

    def abbreviation_words(self, word: str) -> str | None:
        value = self._abbreviations.get(word.lower().rstrip(".")) if word.endswith(".") else None
        return value.lstrip(".#") if value else None

    def _abbreviation(self, match: re.Match) -> str | None:
        key = re.sub(r"(?<=\.)\s", "", match["name"].lower())
        value = self._abbreviations.get(key) or self._abbreviations.get(match["name"].lower())
        if value is None:
            return None
        at_end = match["stop"] and not re.search(r"\w", match.string[match.end() :])
        if value.startswith("."):  # only with its full stop
            if not match["stop"] or (at_end and key.rstrip(".") in _WORDS_TOO):
                return None
            value = value[1:]
        if value.startswith("#"):  # only in front of a number
            if not re.match(r"\s?\d", match.string[match.end() :]):
                return None
            value = value[1:]
        return value + ("." if at_end else "")

    def _symbol_patterns(self) -> list:
        if not self.symbols:
            return []
        signs = "".join(re.escape(sign) for sign in self.symbols if sign not in "?:#/")
        return [
            (
                r"(?P<sign>[^\w\s.,!?;:()\"…])(?:\s?(?P=sign)){2,}",
                lambda m: "",
                0,
            ),  # rulers such as "=====" and "* * *"
            (r"(?<![\w*])\*{1,2}(?=\w)|(?<=[\w.!?])\*{1,2}(?![\w*])", lambda m: "", 0),  # *bold*
            (rf"[{signs}]", lambda m: self.symbols[m[0]], 0),
            *(
                [(rf"(?<=[\w€$£¥])/(?={self.per_nouns})", lambda m: f" {self.per_word} ", re.I)]
                if self.per_nouns
                else []
            ),
            (r"(?<=[\d€$£¥.ł₽])\s?/\s?(?P<unit>kg|lb|oz|km|m²|m³|l|L|h|t|min|кг|л)(?!\w)", self._per_unit, 0),
            (
                r"(?<=\d)\s[/:]\s(?=\d[\d.,]*\s?=)",
                lambda m: f" {self.symbols['÷']} " if "÷" in self.symbols else None,
                0,
            ),
            (r"(?<=[\w)])\^(?=-?\w)", lambda m: f" {self.power_word} " if self.power_word else None, 0),
            (r"#(?=\d)", lambda m: self.symbols.get("#"), 0),
            (r"(?<=\w)/(?=\w)", lambda m: " ", 0),
        ]
