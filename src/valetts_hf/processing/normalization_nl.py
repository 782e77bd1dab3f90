"""Dutch: years by the century, times with "uur", prices with ",-"."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .number_words import number_words


class DutchNormalizer(PluralFormsNormalizer):
    """Dutch with the number format 1.234,56."""

    decimal_words = {",": "komma", ".": "punt"}
    minus, plus, percent = "min", "plus", "procent"
    range_word, and_word, equals = "tot", "en", "is"
    dot, at, slash, dash = "punt", "apenstaartje", "slash", "streepje"
    ordinal_ending = r"(?:e|de|ste)(?!\w)"
    magnitude_forms = {10**6: ("miljoen",) * 4, 10**9: ("miljard",) * 4}
    magnitude_signs = {"mln.": 10**6, "mln": 10**6, "mld.": 10**9, "mld": 10**9}
    currency_forms = {"EUR": ("euro",) * 3, "USD": ("dollar",) * 3}
    unit_overrides = {"h": ("uur",) * 2}
    abbreviations = {
        "dhr": "de heer", "mevr": "mevrouw", "mw": ".mevrouw", "dr": ".doctor", "prof": ".professor",
        "bijv": "bijvoorbeeld", "bv": ".bijvoorbeeld", "enz": "enzovoort", "d.w.z": "dat wil zeggen",
        "o.a": "onder andere", "m.a.w": "met andere woorden", "nr": "nummer", "blz": "bladzijde",
        "ca": ".circa", "a.u.b": "alstublieft", "t/m": "tot en met", "m.b.t": "met betrekking tot",
        "i.p.v": "in plaats van", "d.m.v": "door middel van", "i.v.m": "in verband met",
        "o.l.v": "onder leiding van", "a.s": "aanstaande", "t.o.v": "ten opzichte van",
        "n.a.v": "naar aanleiding van", "e.d": "en dergelijke", "max": ".maximaal", "min": ".#minimaal",
        "st": ".sint",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<=\d),[-—](?!\w)"), lambda m: ""),
            (re.compile(r"(?<=\d)\s?km/u(?!\w)"), lambda m: " kilometer per uur"),
        ]

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[:.](?P<m>[0-5]\d)\s+uur(?!\w)", self._time, 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        rest = [self.cardinal(part) for part in (minute, second) if part]
        return " ".join([self.cardinal(hour), "uur", *rest])

    def year(self, year: int) -> str:
        return number_words(year, self.language, "year") if 1100 <= year <= 1999 else self.cardinal(year)

    def year_patterns(self) -> list:
        return [self.century_year_pattern()]
