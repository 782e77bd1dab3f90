"""Persian: its words for signs and units, and dates of its own calendar."""

import re

from .normalization_ar import ArabicScriptNormalizer


_MONTHS = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()


class PersianNormalizer(ArabicScriptNormalizer):
    """Persian with the number format 1,234.56."""

    decimal = "."
    decimal_words = {",": "ممیز", ".": "ممیز"}
    minus, plus, percent = "منفی", "به علاوه", "درصد"
    range_word, and_word, equals = "تا", "و", "مساوی"
    dot, at, slash, dash = "نقطه", "ات", "اسلش", "خط تیره"
    unit_overrides = {
        "km": ("کیلومتر",) * 2, "m": ("متر",) * 2, "dm": ("دسی‌متر",) * 2, "cm": ("سانتی‌متر",) * 2,
        "mm": ("میلی‌متر",) * 2, "kg": ("کیلوگرم",) * 2, "g": ("گرم",) * 2, "mg": ("میلی‌گرم",) * 2,
        "t": ("تن",) * 2, "l": ("لیتر",) * 2, "L": ("لیتر",) * 2, "ml": ("میلی‌لیتر",) * 2,
        "mL": ("میلی‌لیتر",) * 2, "h": ("ساعت",) * 2, "min": ("دقیقه",) * 2, "s": ("ثانیه",) * 2,
        "ms": ("میلی‌ثانیه",) * 2, "°": ("درجه",) * 2, "Hz": ("هرتز",) * 2, "MHz": ("مگاهرتز",) * 2,
        "GHz": ("گیگاهرتز",) * 2, "W": ("وات",) * 2, "MW": ("مگاوات",) * 2, "V": ("ولت",) * 2,
        "A": ("آمپر",) * 2, "cal": ("کالری",) * 2, "J": ("ژول",) * 2, "ft": ("فوت",) * 2, "mi": ("مایل",) * 2,
    }  # fmt: skip

    def first_rules(self) -> list:
        year, month, day = r"(?P<y>1[34]\d\d)", "(?P<m>0?[1-9]|1[0-2])", r"(?P<d>0?[1-9]|[12]\d|3[01])"
        return [(re.compile(rf"(?<![\w/.,]){year}/{month}/{day}(?![\w/])"), self._date_at_home)]

    def _date_at_home(self, match: re.Match) -> str:
        month = _MONTHS[int(match["m"]) - 1]
        return f"{self.cardinal(int(match['d']))} {month} {self.cardinal(int(match['y']))}"
