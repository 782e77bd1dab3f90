"""Swahili: "asilimia" in front of the number, and the velar nasal that is written with an apostrophe."""

import re

from .normalization_plural_forms import PluralFormsNormalizer


class SwahiliNormalizer(PluralFormsNormalizer):
    """Swahili with the number format 1,234.56; its numbers are left to espeak-ng."""

    percent_first = True
    decimal = "."
    decimal_words = {",": "nukta", ".": "nukta"}
    minus, plus, percent = "hasi", "jumlisha", "asilimia"
    range_word, and_word, equals = "hadi", "na", "ni sawa na"
    dot, at, slash, dash = "nukta", "at", "mkwaju", "kistari"
    unit_overrides = {
        "m": ("mita",) * 2, "cm": ("sentimita",) * 2, "mm": ("milimita",) * 2, "g": ("gramu",) * 2,
        "t": ("tani",) * 2, "l": ("lita",) * 2, "L": ("lita",) * 2, "ml": ("mililita",) * 2,
        "mL": ("mililita",) * 2, "ha": ("hekta",) * 2, "h": ("saa",) * 2, "min": ("dakika",) * 2,
        "s": ("sekunde",) * 2, "mi": ("maili",) * 2, "ft": ("futi",) * 2, "V": ("volti",) * 2,
        "W": ("wati",) * 2, "kW": ("kilowati",) * 2, "°": ("digrii",) * 2,
    }  # fmt: skip
    abbreviations = {"dkt": ".daktari", "bw": ".bwana", "bi": ".bibi", "n.k": "na kadhalika"}

    def first_rules(self) -> list:
        # without a stop; espeak-ng spells what the apostrophe parts
        return [(re.compile(r"(?i:\w*ng'\w+)"), lambda m: m[0].replace("'", ""))]
