"""What Portuguese, Spanish and French numbers have in common: decimals read as numbers, "de" before currencies, genders."""

import re

from .normalization_base import Normalizer
from .number_words import number_words


class RomanceNormalizer(Normalizer):
    """Rules shared by the Romance languages; the attributes are the words and endings of each.

    Args:
        language: a key of `LANGUAGES`.
    """

    of_unit = "de"
    one_word, half_words, third_word, over_word = "", "", "", ""  # of fractions: "un", "un medio", "tercio", "sobre"
    plural_endings: tuple[tuple[str, str], ...] = ()  # plural -> singular, the first that fits
    feminine_endings: tuple[str, ...] = ()  # of singular nouns
    feminine_words: frozenset[str] = frozenset()
    masculine_words: frozenset[str] = frozenset()  # in spite of their endings

    def is_feminine(self, noun: str, singular: bool) -> bool:
        """Whether a noun is probably feminine, by its ending (`singular`: it stands behind "1")."""
        noun = noun.lower()
        if not singular:
            ending = next((pair for pair in self.plural_endings if noun.endswith(pair[0])), None)
            if ending is None:
                return False
            noun = noun[: len(noun) - len(ending[0])] + ending[1]
        if noun in self.masculine_words or len(noun) < 3:
            return False
        return noun.endswith(self.feminine_endings) or noun in self.feminine_words

    def ordinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language, "ordinal")
        return re.sub(r"o\b", "a", words) if feminine else words

    def decimals(self, fraction: str) -> str:
        if len(fraction) > 3:
            return super().decimals(fraction)
        zeros = len(fraction) - len(fraction.lstrip("0"))
        return " ".join([self.cardinal(0)] * zeros + ([self.cardinal(int(fraction))] if int(fraction) else []))

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if numerator >= denominator or not numerator or denominator > 10:
            return f"{self.cardinal(numerator)} {self.over_word} {self.cardinal(denominator)}"
        if denominator == 2:
            return self.half_words
        name = self.third_word if denominator == 3 else self.fraction_name(denominator)
        many = numerator > 1 and not name.endswith("s")
        return f"{self.one_word if numerator == 1 else self.cardinal(numerator)} {name}{'s' if many else ''}"

    def fraction_name(self, denominator: int) -> str:
        """What a fourth, a fifth, ... is called."""
        return self.ordinal(denominator)

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and re.sub(r"^(?:um|uno?) (?=mil(?:le)? )", "", words)  # "R$ 1 mil"

    def height_rule(self, joiner: str = "") -> tuple:
        """The rule for heights such as "1m80"; `joiner` stands before the centimetres."""

        def say(match: re.Match) -> str:
            metres = int(match["metres"])
            words = [self.cardinal(metres), self.unit("m", metres) or "m", joiner, self.cardinal(int(match["rest"]))]
            return " ".join(filter(None, words))

        return re.compile(r"(?<![\w.,])(?P<metres>\d)m(?P<rest>[1-9]\d)(?!\w)"), say

    def length_rule(self, joiner: str = "") -> tuple:
        """The rule for lengths such as "1,80 m", said as heights are; `joiner` stands before the centimetres."""

        def say(match: re.Match) -> str:
            metres = int(match["metres"])
            words = [
                self.counted(metres, "metro"),
                self.unit("m", metres) or "m",
                joiner,
                self.cardinal(int(match["rest"])),
            ]
            return " ".join(filter(None, words))

        return re.compile(r"(?<![\w.,])(?P<metres>[1-9]),(?P<rest>[1-9]\d)\s?m(?![\w/²³])"), say

    def between_amount_and_currency(self, count: int) -> str:
        return "de " if count >= 10**6 and count % 10**6 == 0 else ""
