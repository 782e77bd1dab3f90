"""Swedish: "en" and "ett", years by the century."""

from .normalization_nordic import NordicNormalizer
from .number_words import number_words


_COMMON_GENDER = frozenset(
    "krona timme minut sekund kilometer meter centimeter millimeter liter deciliter dollar euro grad procent mil dag "
    "vecka månad gång person kvinna man miljon miljard bil bok".split()
)


class SwedishNormalizer(NordicNormalizer):
    """Swedish with the number format 1 234,56."""

    clock_word, crowns = "klockan", "kronor"
    decimal_words = {",": "komma", ".": "punkt"}
    minus, plus, percent = "minus", "plus", "procent"
    range_word, and_word, equals = "till", "och", "är lika med"
    dot, at, slash, dash = "punkt", "snabel-a", "snedstreck", "bindestreck"
    ordinal_ending = r":(?:a|e)(?!\w)"
    magnitude_forms = {10**6: ("miljon",) + ("miljoner",) * 3, 10**9: ("miljard",) + ("miljarder",) * 3}
    magnitude_signs = {"milj.": 10**6, "mn": 10**6, "md": 10**9, "mdr": 10**9}
    currency_forms = {"SEK": ("krona", "kronor", "kronor"), "USD": ("dollar",) * 3, "EUR": ("euro",) * 3}
    abbreviations = {
        "t.ex": "till exempel", "t. ex": "till exempel", "bl.a": "bland annat", "bl. a": "bland annat",
        "d.v.s": "det vill säga", "dvs": "det vill säga", "osv": "och så vidare", "m.m": "med mera",
        "fr.o.m": "från och med", "t.o.m": "till och med", "kl": ".klockan", "nr": "nummer", "s.k": "så kallad",
        "ca": "cirka", "st": ".#stycken",
    }  # fmt: skip

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return number_words(number, self.language).replace("etttusen", "ettusen")

    def counted(self, number: int, following: str) -> str:
        return "en" if number == 1 and following in _COMMON_GENDER else self.cardinal(number)

    def year(self, year: int) -> str:
        if not 1100 <= year <= 1999:
            return self.cardinal(year)
        rest = self.cardinal(year % 100) if year % 100 else ""
        return f"{self.cardinal(year // 100)}hundra{rest}"
