"""Italian: articles for "1", fractions, "primo" of a month, times with a full stop, Roman numerals of rulers and centuries."""

import re

from .normalization_plural_forms import PluralFormsNormalizer


_MONTH = "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre"
_MASCULINE = frozenset(
    "problema sistema programma tema clima poema dramma schema diploma pianeta poeta turista".split()
)
_FEMININE = frozenset(
    "notte parte classe chiave nave rete voce luce croce legge mano gente carne neve stazione".split()
)
_NO_NOUNS = frozenset(
    "per più meno con dei del della delle degli alla allo contro volte sono era una uno che non".split()
)
_COUNTED_BY = frozenset("capitolo volume parte atto scena tipo fase titolo articolo".split())


class ItalianNormalizer(PluralFormsNormalizer):
    """Italian with the number format 1.234,56."""

    decimal_words = {",": "virgola", ".": "punto"}
    minus, plus, percent = "meno", "più", "per cento"
    range_word, and_word, equals = "a", "e", "uguale"
    dot, at, slash, dash = "punto", "chiocciola", "barra", "trattino"
    cents_joiner = time_joiner = "e"
    of_millions = "di"
    magnitude_forms = {10**6: ("milione",) + ("milioni",) * 3, 10**9: ("miliardo",) + ("miliardi",) * 3}
    magnitude_signs = {"mln": 10**6, "mld": 10**9}
    currency_forms = {"EUR": ("euro",) * 3, "USD": ("dollaro", "dollari", "dollari")}
    abbreviations = {
        "sig": ".signor", "sig.ra": "signora", "sigg": ".signori", "dott": ".dottor", "dott.ssa": "dottoressa",
        "prof": ".professor", "ecc": "eccetera", "p.es": "per esempio", "pag": ".#pagina", "n": ".#numero",
        "art": ".#articolo", "via": "via", "tel": ".telefono", "s.p.a": "S P A",
    }  # fmt: skip
    times_word = "per"
    fold_words = ("volta", "volte")
    roman_contexts = "[Cc]apitolo|[Vv]olume|[Pp]arte|[Aa]tto|[Ss]cena|[Tt]ipo|[Ff]ase|[Tt]itolo|[Aa]rticolo"

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<!\w)(?P<roman>[IVX]+)(?=\s[Ss]ecolo(?!\w))"), self._century),
            (re.compile(rf"(?<![\w/.,])1(?=\s(?:{_MONTH})(?!\w))", re.I), lambda m: "primo"),
        ]

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value)

    def time_patterns(self) -> list:
        times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%€]|[.,:]\d|\s[%€])"
        return [
            (rf"(?:(?<=\balle\s)|(?<=\bAlle\s)|(?<=\bore\s)|(?<=\bOre\s)){times}", self._time, 0),
            *super().time_patterns(),
        ]

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (r"(?<![\w.,])(?P<n>\d{1,3})\.?(?P<o>[ºª°])(?!\w)", lambda m: self.ordinal(int(m["n"]), m["o"] == "ª"), 0),
        ]

    def ordinal(self, number: int, feminine: bool = False) -> str:
        words = super().ordinal(number)
        return re.sub(r"o$", "a", words) if feminine else words

    def counted(self, number: int, following: str) -> str:
        if number != 1 or len(following) < 3 or not following.islower() or following in _NO_NOUNS:
            return self.cardinal(number)
        if following in _FEMININE or (following.endswith(("a", "ione", "tà", "tù")) and following not in _MASCULINE):
            return "un" if re.match(r"[aeiouàèéìòù]", following) else "una"  # "un'ora"
        return "uno" if re.match(r"s[^aeiouàèéìòù]|z|gn|ps|x|y", following) else "un"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if numerator >= denominator or not numerator or denominator > 10:
            return f"{self.cardinal(numerator)} su {self.cardinal(denominator)}"
        if denominator == 2:
            return "mezzo"
        name = self.ordinal(denominator)
        return f"un {name}" if numerator == 1 else f"{self.cardinal(numerator)} {name[:-1]}i"

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and re.sub(r"^uno ", "primo ", words)

    def roman(self, value: int, word: str) -> str:
        return self.cardinal(value) if word.lower() in _COUNTED_BY else self.ordinal(value)
