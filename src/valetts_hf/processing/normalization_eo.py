"""Esperanto: endings behind digits ("3-an", "20-jara"), hours as ordinals, its words for signs, currencies and units."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import month_names


_PARTS_OF_HOUR = {15: "kvarono", 30: "duono"}
_NOUN = re.compile(r"\w+oj?(?P<object>n?)")


class EsperantoNormalizer(PluralFormsNormalizer):
    """Esperanto with the number format 1.234,56."""

    decimal_words = {",": "komo", ".": "punkto"}
    minus, plus, percent = "minus", "plus", "procentoj"
    range_word, score_word, and_word, equals = "ĝis", "", "kaj", "egalas"
    times_word = size_word = "oble"
    fold_words = ("oble", "oble")
    space_groups = True
    symbols = {
        "§": "paragrafo",
        "×": "oble",
        "#": "numero",
        "№": "numero",
        "~": "ĉirkaŭ",
        "≈": "ĉirkaŭ",
        "±": "plus minus",
        "÷": "dividite per",
    }
    halves = ("duona", "duona")
    of_unit, of_millions, cents_joiner = "de", "da", "kaj"
    magnitude_forms = {10**6: ("miliono",) + ("milionoj",) * 3, 10**9: ("miliardo",) + ("miliardoj",) * 3}
    magnitude_signs = {"mln": 10**6, "mrd": 10**9, "mld": 10**9}
    dot, at, slash, dash = "punkto", "heliko", "oblikvo", "streketo"
    currencies = {"EUR": ("eŭro", "eŭroj", "cendo", "cendoj"), "USD": ("dolaro", "dolaroj", "cendo", "cendoj")}
    currency_forms = {
        code: (name, f"{name}j", f"{name}j")
        for code, name in {
            "EUR": "eŭro", "USD": "dolaro", "GBP": "pundo", "JPY": "eno", "BRL": "realo", "RUB": "rublo", "INR": "rupio",
            "CHF": "franko", "PLN": "zloto", "SEK": "krono", "NOK": "krono", "TRY": "liro",
        }.items()
    }  # fmt: skip
    unit_overrides = {
        "mg": ("miligramo", "miligramoj"), "t": ("tuno", "tunoj"), "ml": ("mililitro", "mililitroj"),
        "mL": ("mililitro", "mililitroj"), "cl": ("centilitro", "centilitroj"), "°": ("grado", "gradoj"),
        "m³": ("kuba metro", "kubaj metroj"), "m3": ("kuba metro", "kubaj metroj"), "Hz": ("herco", "hercoj"),
        "kHz": ("kiloherco", "kilohercoj"), "MHz": ("megaherco", "megahercoj"), "W": ("vato", "vatoj"),
        "kW": ("kilovato", "kilovatoj"), "MW": ("megavato", "megavatoj"), "V": ("volto", "voltoj"),
        "A": ("ampero", "amperoj"), "J": ("ĵulo", "ĵuloj"), "cal": ("kalorio", "kalorioj"),
        "kcal": ("kilokalorio", "kilokalorioj"), "kWh": ("kilovathoro", "kilovathoroj"),
        "m/s": ("metro en sekundo", "metroj en sekundo"),
    }  # fmt: skip
    abbreviations = {
        "ktp": "kaj tiel plu", "k.t.p": "kaj tiel plu", "k.a": "kaj aliaj", "k.s": "kaj similaj", "t.e": "tio estas",
        "t.n": "tiel nomata", "ekz": "ekzemple", "a.k": "antaŭ Kristo", "p.k": "post Kristo", "atm": "antaŭtagmeze",
        "ptm": "posttagmeze", "d-ro": "doktoro", "s-ro": "sinjoro", "s-ino": "sinjorino", "f-ino": "fraŭlino",
        "s-ano": "samideano", "s-anoj": "samideanoj", "s-roj": "sinjoroj", "ges-roj": "gesinjoroj", "k-do": "kamarado",
        "k-dino": "kamaradino", "bv": ".bonvolu", "i.a": "interalie", "ĉ": ".#ĉirkaŭ", "nr": ".#numero", "n-roj": "numeroj", "pp": ".#paĝoj", "prof": ".profesoro", "inĝ": ".inĝeniero", "n-ro": "numero",
        "p": ".#paĝo", "pĝ": ".#paĝo", "vol": ".#volumo", "ĉap": ".#ĉapitro", "tel": ".telefono", "kp": ".komparu",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [(re.compile(r"(?<![\w-])(?P<roman>[IVX]+)-a(?P<end>j?n?)(?!\w)"), self._roman_ordinal)]

    def time_patterns(self) -> list:
        hour = r"(?P<h>[01]?\d|2[0-3])"
        clock = rf"{hour}(?:[:h]|\.(?=\d\d\s?h))(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]|[.,]\d)(?:\s?h(?!\w))?"
        return [(rf"(?:(?<!\w)[Ll]a\s)?(?<![\w:.,]){clock}", self._time, 0)]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = ["la", self.ordinal(hour)]
        if minute:
            words += ["kaj", _PARTS_OF_HOUR.get(minute) or self.cardinal(minute)]
        return " ".join([*words, *self.seconds(second)])

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (r"(?<![\w.,-])(?P<n>\d{1,4})-?a(?P<end>j?n?)(?!\w)",
             lambda m: self.ordinal(int(m["n"])) + m["end"], 0),
            (r"(?<![\w.,-])(?P<n>\d{1,4})-(?P<rest>[a-zĉĝĥĵŝŭ]*[aeo]j?n?)(?!\w)",
             lambda m: self.cardinal(int(m["n"])) + m["rest"], 0),
        ]  # fmt: skip

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return f"{self.cardinal(number)}a"

    def date(self, day: int, month: int, year: int | None) -> str | None:
        months = month_names(self.language)
        if not months:
            return None
        return (
            f"la {self.ordinal(day)} de {months[month - 1].lower()} {'' if year is None else self.year(year)}".rstrip()
        )

    def _numeric_date(self, match: re.Match) -> str | None:
        words = super()._numeric_date(match)
        return words and (
            words.removeprefix("la ")
            if match.string[max(0, match.start() - 3) : match.start()].lower() == "la "
            else words
        )

    def month_and_year(self, month: int, year: int) -> str | None:
        words = super().month_and_year(month, year)
        return words and words.lower()

    def fraction(self, numerator: int, denominator: int) -> str:
        return (
            f"{self.cardinal(numerator)} {self.cardinal(denominator)}onoj"
            if numerator > 1
            else f"{self.cardinal(denominator)}ono"
        )

    def _slash_fraction(self, match: re.Match) -> str | None:
        return self._in_front_of_noun(match, super()._slash_fraction(match))

    def _unicode_fraction(self, match: re.Match) -> str | None:
        return self._in_front_of_noun(match, super()._unicode_fraction(match))

    def _mixed_number(self, match: re.Match) -> str | None:
        return self._in_front_of_noun(match, super()._mixed_number(match))

    def _in_front_of_noun(self, match: re.Match, words: str | None) -> str | None:
        """One part of a thing is an adjective: "duona taso"."""
        noun = _NOUN.fullmatch(self._following(match))
        return f"{words[:-1]}a{noun['object']}" if words and words.endswith("ono") and noun else words

    def _percent(self, match: re.Match) -> str | None:
        words = super()._percent(match)
        return words and re.sub(r"^unu procentoj$", "unu procento", words)

    def _roman_ordinal(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value) + match["end"]
