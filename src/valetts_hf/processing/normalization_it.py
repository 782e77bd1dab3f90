"""Italian: articles for "1", fractions, "primo" of a month, times with a full stop, Roman numerals of rulers and centuries."""

import re

from .normalization_measures import span_of_hours_rule
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_weekdays import month_rule, weekday_rules


_MONTH = "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre"
_SHORT_MONTHS = {month[:3]: month for month in _MONTH.split("|")} | {
    "sett": "settembre",
    "genn": "gennaio",
    "febbr": "febbraio",
}
_MASCULINE = frozenset(
    "problema sistema programma tema clima poema dramma schema diploma pianeta poeta turista milione campione rione "
    "copione scorpione testimone".split()
)
_FEMININE = frozenset(
    "notte parte classe chiave nave rete voce luce croce legge mano gente carne neve stazione".split()
)
_WEEKDAYS = dict(
    zip("lun mar mer gio ven sab dom".split(), "lunedì martedì mercoledì giovedì venerdì sabato domenica".split())
)
_ORDERED = (  # what an ordinal in Roman numerals stands in front of
    "[Ss]ecolo|[Mm]illennio|[Cc]ongresso|[Ee]dizione|[Ff]estival|[Pp]remio|[Ll]egislatura|[Mm]unicipio|[Dd]inastia|"
    "[Aa]nniversario|[Gg]uerra|Reich|[Rr]epubblica|[Cc]anto"
)
_SAINTS = (
    "Maria|Pietro|Paolo|Giovanni|Anna|Antonio|Marco|Lucia|Francesco|Giuseppe|Michele|Giorgio|Croce|Stefano|Lorenzo|Agata|"
    "Caterina|Chiara|Martino|Nicola|Andrea|Ambrogio|Agostino|Rita|Teresa|Margherita|Vito|Donato|Giacomo|Luca|Matteo"
)
_MEN_IN_A = frozenset("Nicola Andrea Luca".split())
_NO_NOUNS = frozenset(
    "per più meno con dei del della delle degli alla allo contro volte sono era una uno che non".split()
)
_COUNTED_BY = frozenset("capitolo volume vol. tomo art. parte atto scena tipo fase titolo articolo".split())


class ItalianNormalizer(PluralFormsNormalizer):
    """Italian with the number format 1.234,56."""

    decimal_words = {",": "virgola", ".": "punto"}
    minus, plus, percent = "meno", "più", "per cento"
    of_unit = "di"
    halves = ("mezzo", "mezzo")
    range_word = score_word = "a"
    and_word, equals, permille, per_word, power_word = "e", "uguale", "per mille", "al", "alla"
    per_nouns = r"(?:mese|giorno|litro|chilo|metro|minuto|secondo)\b"
    space_groups = True
    underscore = "trattino basso"
    powers = ("al quadrato", "al cubo")
    symbols = {
        "°": "gradi", "±": "più o meno", "×": "per", "÷": "diviso", "≈": "circa", "≠": "diverso da",
        "≤": "minore o uguale a", "≥": "maggiore o uguale a", "<": "minore di", ">": "maggiore di", "√": "radice quadrata di",
        "∞": "infinito", "§": "paragrafo", "©": "copyright", "№": "numero", "µ": "micro", "€": "euro", "$": "dollari",
        "£": "sterline", "¥": "yen", "‰": "per mille", "→": "a", "*": "per", "#": "numero", "?": "punto interrogativo",
        ":": "due punti",
    }  # fmt: skip
    dot, at, slash, dash = "punto", "chiocciola", "barra", "trattino"
    cents_joiner = time_joiner = "e"
    of_millions = "di"
    magnitude_forms = {10**6: ("milione",) + ("milioni",) * 3, 10**9: ("miliardo",) + ("miliardi",) * 3}
    magnitude_signs = {"mln": 10**6, "mld": 10**9}
    currencies = {
        "EUR": ("euro", "euro", "centesimo", "centesimi"),
        "USD": ("dollaro", "dollari", "centesimo", "centesimi"),
        "GBP": ("sterlina", "sterline", "penny", "pence"),
        "CHF": ("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
        "JPY": ("yen", "yen", "", ""),
    }
    abbreviations = {
        "sig": ".signor", "sig.ra": "signora", "sigg": ".signori", "dott": ".dottor", "dott.ssa": "dottoressa",
        "prof": ".professor", "ecc": "eccetera", "p.es": "per esempio", "pag": ".#pagina", "n": ".#numero",
        "art": ".#articolo", "via": "via", "tel": ".telefono", "s.p.a": "S P A",
        "s.r.l": "S R L", "sig.na": "signorina", "prof.ssa": "professoressa", "avv": ".avvocato", "ing": ".ingegner",
        "on": ".onorevole", "n°": "numero", "nº": "numero", "p": ".#pagina", "pagg": ".#pagine", "pp": ".#pagine",
        "cap": ".#capitolo", "vol": ".#volume", "fig": ".#figura", "tab": ".#tabella", "es": ".esempio",
        "ad es": "ad esempio", "p. es": "per esempio", "cfr": "confronta", "c.c": "codice civile",
        "c.p": "codice penale", "d.lgs": "decreto legislativo", "a.c": "avanti Cristo", "d.c": "dopo Cristo",
        "p.zza": "piazza", "p.za": "piazza", "v.le": "viale", "c.so": "corso", "l.go": "largo", "v.lo": "vicolo",
        "sec": ".#secolo", "geom": ".geometra", "rag": ".ragionier", "mons": ".monsignor", "xché": "perché",
        "cmq": "comunque", "mq": "metri quadrati", "co": ".#comma", "gent.ma": "gentilissima", "gent.mo": "gentilissimo",
        "egr": ".egregio", "spett.le": "spettabile", "cell": ".cellulare", "int": ".#interno", "nn": "non", "max": ".massimo", "min": ".minimo", "tot": ".totale", "ca": ".circa",
    }  # fmt: skip
    times_word = "per"
    fold_words = ("volta", "volte")
    roman_contexts = "[Cc]apitolo|[Aa]rt\\.|[Vv]olume|[Vv]ol\\.|[Tt]omo|[Ss]ec\\.|[Pp]arte|[Aa]tto|[Ss]cena|[Tt]ipo|[Ff]ase|[Tt]itolo|[Aa]rticolo"

    def first_rules(self) -> list:
        return [
            month_rule(_SHORT_MONTHS),
            span_of_hours_rule(self),
            (re.compile(r"(?<!\w)nn\.(?=\s?\d)"), lambda m: "numeri"),
            (
                re.compile(r"(?<![\w.,])(?P<m>[1-9]),(?P<cm>[1-9]\d)\s?m(?![\w/²³])"),
                lambda m: (
                    f"{self.counted(int(m['m']), 'metro')} {self.unit('m', int(m['m']))} e {self.cardinal(int(m['cm']))}"
                ),
            ),
            (re.compile(r"(?<=[\w€])/pers(?:\.|(?!\w))"), lambda m: " a persona"),
            (re.compile(r"(?<=\d)\s?[lL]/100\s?km(?!\w)"), lambda m: " litri per cento chilometri"),
            (re.compile(r"(?<![\w.,])0\d{1,3}[/.]\d{5,8}(?![\w/])"), self.digits),
            (re.compile(r"(?<=\b[Ss]ecoli\s)(?P<first>[IVX]+)\se\s(?P<last>[IVX]+)(?!\w)"), self._centuries),
            *weekday_rules(_WEEKDAYS, "a", "al|a|e"),
            (re.compile(rf"(?<!\w)(?P<roman>[IVX]+)(?=\s(?P<noun>{_ORDERED})(?!\w))"), self._ordinal_in_front),
            (re.compile(rf"(?<!\w)S\.\s(?P<name>{_SAINTS})(?!\w)"), self._saint),
            (re.compile(r"(?<!\w)'(?=\d0(?!\d))"), lambda m: ""),
            (re.compile(r"(?<![\w/.,])(?<!\d\s)(?:1/2|½)(?=\s(?P<noun>[a-zàèéìòù]{3,}))"), self._half),
            (re.compile(r"(?<=[\w€])/(?P<noun>ora|anno|persona|notte|settimana)(?!\w)"), self._per),
            (re.compile(r"(?<![\w.,-])3\d\d[ ./-]\d{3}[ ]?\d{3,4}(?![\w-])"), self.digits),
            (re.compile(rf"(?<![\w/.,])1(?=\s(?:{_MONTH})(?!\w))", re.I), lambda m: "primo"),
        ]

    def _ordinal_in_front(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value, feminine=self._is_feminine(match["noun"].lower()))

    @staticmethod
    def _saint(match: re.Match) -> str:
        name = match["name"]
        if name[0] in "AEIOU":
            return f"Sant'{name}"
        woman = name == "Croce" or (name.endswith("a") and name not in _MEN_IN_A)
        return f"{'Santa' if woman else 'Santo' if name == 'Stefano' else 'San'} {name}"

    def _centuries(self, match: re.Match) -> str | None:
        first, last = self._roman_value(match["first"]), self._roman_value(match["last"])
        return f"{self.ordinal(first)} e {self.ordinal(last)}" if first and last else None

    def _half(self, match: re.Match) -> str | None:
        noun = match["noun"]
        return None if noun in _NO_NOUNS else "mezza" if self._is_feminine(noun) else "mezzo"

    @staticmethod
    def _per(match: re.Match) -> str:
        noun = match["noun"]
        return " " + {"ora": "all'ora", "anno": "all'anno", "settimana": "alla settimana"}.get(noun, f"a {noun}")

    @staticmethod
    def _is_feminine(noun: str) -> bool:
        return noun in _FEMININE or (noun.endswith(("a", "ione", "tà", "tù")) and noun not in _MASCULINE)

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number).replace("dicotto", "diciotto")  # a slip of num2words
        return re.sub(r"(?<=\w)tre\b", "tré", words)

    def time_patterns(self) -> list:
        times = r"(?P<h>[01]?\d|2[0-3])[.,](?P<m>[0-5]\d)(?![\w%€]|[.,:]\d|\s[%€])"
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
        if self._is_feminine(following):
            return "un" if re.match(r"[aeiouàèéìòù]", following) else "una"  # "un'ora"
        return "uno" if re.match(r"s[^aeiouàèéìòù]|z|gn|ps|x|y", following) else "un"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if numerator >= denominator or not numerator or denominator > 10:
            return f"{self.cardinal(numerator)} su {self.cardinal(denominator)}"
        if denominator == 2:
            return "mezzo"
        name = self.ordinal(denominator)
        return f"un {name}" if numerator == 1 else f"{self.cardinal(numerator)} {name[:-1]}i"

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        words = words and re.sub(r"\bdi (?=[aeiou])", "d'", words)
        return words and re.sub(r"(?<=or[ae]) e mezzo$", " e mezza", words).replace("mezzo ora", "mezz'ora")

    def money_with_cents(self, amount, names) -> str:
        words = super().money_with_cents(amount, names)
        return words.removesuffix(f" {names[3]}") if amount.value else words  # "due euro e cinquanta"

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and re.sub(r"^uno ", "primo ", words)

    def roman(self, value: int, word: str) -> str:
        return self.cardinal(value) if word.lower() in _COUNTED_BY else self.ordinal(value)
