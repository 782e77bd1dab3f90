"""Esperanto: its words for signs, currencies and units."""

from .normalization_plural_forms import PluralFormsNormalizer


class EsperantoNormalizer(PluralFormsNormalizer):
    """Esperanto with the number format 1.234,56."""

    decimal_words = {",": "komo", ".": "punkto"}
    minus, plus, percent = "minus", "plus", "procentoj"
    range_word, and_word, equals = "ĝis", "kaj", "egalas"
    dot, at, slash, dash = "punkto", "heliko", "oblikvo", "streketo"
    ordinal_ending = r"-?an?(?!\w)"
    currency_forms = {"EUR": ("eŭro", "eŭroj", "eŭroj"), "USD": ("dolaro", "dolaroj", "dolaroj")}
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
        "ktp": "kaj tiel plu", "t.e": "tio estas", "ekz": "ekzemple", "d-ro": "doktoro", "s-ro": "sinjoro",
        "s-ino": "sinjorino", "prof": ".profesoro", "n-ro": "numero", "p": ".#paĝo",
    }  # fmt: skip
