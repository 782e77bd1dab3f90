"""Arabic: its words for signs and units, and groups of digits, which both "." and "," may part."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .number_words import WrittenNumber


_GROUPS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")


class ArabicScriptNormalizer(PluralFormsNormalizer):
    """How numbers are written in Arabic script."""

    def _parse(self, text: str) -> WrittenNumber:
        return WrittenNumber(re.sub("[.,]", "", text)) if _GROUPS.fullmatch(text) else super()._parse(text)


class ArabicNormalizer(ArabicScriptNormalizer):
    """Arabic with the number format 1.234,56."""

    decimal_words = {",": "فاصلة", ".": "نقطة"}
    minus, plus, percent = "ناقص", "زائد", "بالمئة"
    range_word, and_word, equals = "إلى", "و", "يساوي"
    dot, at, slash, dash = "نقطة", "آت", "شرطة مائلة", "شرطة"
    unit_overrides = {
        "l": ("لتر",) * 2, "L": ("لتر",) * 2, "ha": ("هكتار",) * 2, "Hz": ("هرتز",) * 2, "W": ("واط",) * 2,
        "V": ("فولت",) * 2, "A": ("أمبير",) * 2, "J": ("جول",) * 2, "°": ("درجة",) * 2, "ft": ("قدم",) * 2,
        "TB": ("تيرابايت",) * 2,
    }  # fmt: skip
    abbreviations = {"د": ".دكتور"}
