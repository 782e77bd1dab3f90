"""Norwegian Bokmål: "null", years by the century, "kr" for its own crowns."""

from .normalization_nordic import NordicNormalizer
from .number_words import number_words


class NorwegianNormalizer(NordicNormalizer):
    """Norwegian Bokmål with the number format 1 234,56."""

    clock_word, crowns = "klokken", "kroner"
    currency_codes = {"kr": "NOK"}
    decimal_words = {",": "komma", ".": "punktum"}
    minus, plus, percent = "minus", "pluss", "prosent"
    range_word, and_word, equals = "til", "og", "er lik"
    dot, at, slash, dash = "punktum", "krøllalfa", "skråstrek", "bindestrek"
    ordinal_ending = r"\.(?=\s+[a-zæøå])"
    magnitude_forms = {10**6: ("million",) + ("millioner",) * 3, 10**9: ("milliard",) + ("milliarder",) * 3}
    magnitude_signs = {"mill.": 10**6, "mrd.": 10**9, "mrd": 10**9}
    currency_forms = {"NOK": ("krone", "kroner", "kroner"), "USD": ("dollar",) * 3, "EUR": ("euro",) * 3}
    abbreviations = {
        "f.eks": "for eksempel", "bl.a": "blant annet", "dvs": "det vil si", "osv": "og så videre",
        "m.m": "med mer", "t.o.m": "til og med", "f.o.m": "fra og med", "kl": ".klokken", "nr": "nummer",
        "ca": "cirka",
    }  # fmt: skip

    def hundred_between(self, rest: int) -> str:
        return "" if rest else "hundre"  # "nittenåttitallet"

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return number_words(number, self.language) if number else "null"

    def year(self, year: int) -> str:
        return number_words(year, self.language, "year") if 1100 <= year <= 1999 else self.cardinal(year)
