"""Persian: dates of its own calendar, ordinals, "/" as the decimal separator, its words for signs and units."""

import re

from .normalization_ar import ArabicScriptNormalizer
from .number_words import WrittenNumber, digit_words


_MONTHS = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()
_LARGE = "هزار|میلیون|میلیارد|تریلیون"
_TENS = "بیست سی چهل پنجاه شصت هفتاد هشتاد نود صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد هزار میلیون میلیارد".split()
_BELOW = (
    "یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده یکم سوم نیم".split()
)
_AND = "و\u064f"  # "o" between the parts of a number; espeak-ng says "va" without the vowel
_AND_IN_NUMBER = re.compile(
    "(?:" + "|".join(rf"(?<=(?<!\w){word} )" for word in _TENS) + rf")و(?= (?:{'|'.join(_TENS + _BELOW)})(?!\w))"
)
_SHARES = ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4))
_MEASURES = "متر|کیلو|سانتی|میلی|لیتر|گرم|تن"
_HALF = "نیم"


class PersianNormalizer(ArabicScriptNormalizer):
    """Persian with the number format 1,234.56."""

    decimal = "."
    decimal_words = {",": "ممیز", ".": "ممیز"}
    minus, plus, percent = "منفی", "به علاوه", "درصد"
    range_word, score_word, and_word, equals = "تا", "بر", _AND, "مساوی"
    times_word, size_word, cents_joiner = "ضرب در", "در", _AND
    dot, at, slash, dash = "نقطه", "ات", "اسلش", "خط تیره"
    symbols = {
        "&": "و", "#": "شمارهٔ", "№": "شمارهٔ", "~": "حدود", "≈": "حدود", "±": "به علاوه یا منهای", "÷": "تقسیم بر",
    }  # fmt: skip
    magnitude_forms = {
        10**3: ("هزار",) * 4, 10**6: ("میلیون",) * 4, 10**9: ("میلیارد",) * 4, 10**12: ("تریلیون",) * 4,
    }  # fmt: skip
    currencies = {"USD": ("دلار", "دلار", "سنت", "سنت"), "EUR": ("یورو", "یورو", "سنت", "سنت")}
    currency_forms = {"USD": ("دلار",) * 3, "EUR": ("یورو",) * 3, "GBP": ("پوند",) * 3}
    unit_overrides = {
        "km": ("کیلومتر",) * 2, "m": ("متر",) * 2, "dm": ("دسی‌متر",) * 2, "cm": ("سانتی‌متر",) * 2,
        "mm": ("میلی‌متر",) * 2, "kg": ("کیلوگرم",) * 2, "g": ("گرم",) * 2, "mg": ("میلی‌گرم",) * 2,
        "t": ("تن",) * 2, "l": ("لیتر",) * 2, "L": ("لیتر",) * 2, "ml": ("میلی‌لیتر",) * 2,
        "mL": ("میلی‌لیتر",) * 2, "h": ("ساعت",) * 2, "min": ("دقیقه",) * 2, "s": ("ثانیه",) * 2,
        "ms": ("میلی‌ثانیه",) * 2, "°": ("درجه",) * 2, "°C": ("درجهٔ سانتی‌گراد",) * 2, "Hz": ("هرتز",) * 2,
        "MHz": ("مگاهرتز",) * 2, "GHz": ("گیگاهرتز",) * 2, "W": ("وات",) * 2, "MW": ("مگاوات",) * 2, "V": ("ولت",) * 2,
        "A": ("آمپر",) * 2, "cal": ("کالری",) * 2, "J": ("ژول",) * 2, "ft": ("فوت",) * 2, "mi": ("مایل",) * 2,
    }  # fmt: skip
    abbreviations = {
        "ه.ش": "هجری شمسی", "ه‍.ش": "هجری شمسی", "ه.ق": "هجری قمری", "ه‍.ق": "هجری قمری", "ق.م": "قبل از میلاد",
        "ص": "#صفحهٔ", "ج": "#جلد",
    }  # fmt: skip

    def first_rules(self) -> list:
        month, day = "(?P<m>0?[1-9]|1[0-2])", r"(?P<d>0?[1-9]|[12]\d|3[01])(?![\w/])"
        return [
            *super().first_rules(),
            (re.compile(rf"(?<![\w/.,])(?P<y>1[34]\d\d|[3-9]\d)/{month}/{day}"), self._date_at_home),
            (re.compile(r"(?<![\w/.,])(?P<d>0?[1-9]|[12]\d|3[01])/(?P<m>0?[1-9]|1[0-2])/(?P<y>1[34]\d\d)(?![\w/])"),
             self._date_at_home),
            (re.compile(rf"(?<![\w/.,])(?P<y>(?:19|20)\d\d)/{month}/{day}"), self._numeric_date),
            (re.compile(r"(?<![\w/.,])[1-9]\d{0,2}(?:/\d{3})+(?=\s?(?:تومان|ریال))"),
             lambda m: self.cardinal(int(m[0].replace("/", "")))),
            (re.compile(rf"(?<![\w/.,])(?P<a>\d{{1,3}})/(?P<b>\d{{1,2}})(?=\s?(?:%|درصد|درجه|ریشتر|برابر|{_LARGE}))"),
             self._decimal),
            (re.compile(rf"(?<![\w/.,])(?P<a>\d{{1,3}})/(?P<b>\d{{1,2}})(?=\s?(?:{_MEASURES}))"),
             lambda m: None if (int(m["a"]), int(m["b"])) in _SHARES else self._decimal(m)),
            (re.compile(r"(?<=متر)/(?=ساعت|ثانیه)"), lambda m: " بر "),
            (re.compile(r"(?<=\d\d\d)\s?م(?!\w|\.\w|\s?[\d²³])(?:\.(?=\s+\S))?"), lambda m: " میلادی"),
            (_AND_IN_NUMBER, lambda m: _AND),
            (re.compile(r"(?<=\d )و(?= [1-9]/[2-9])"), lambda m: _AND),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        return [
            (r"(?<![\w.,-])\d{4}(?:[ -]\d{4}){3}(?![\w-])", self.digits, 0),  # a bank card
            (r"(?<![\w.,-])09\d{9}(?!\w|[.,-]\d)", self._mobile, 0),
            (r"(?:(?<=تلفن )|(?<=تلفن: )|(?<=تماس )|(?<=تماس: ))\d{7,11}(?!\d)", self.digits, 0),
            (r"(?:(?<=کد پستی )|(?<=کد ملی ))\d{10}(?!\d)", self.digits, 0),
            *super().phone_patterns(),
        ]

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?P<n>\d{1,4})[\u200c\s]?(?P<end>اُ?م(?:ین)?|مین)(?!\w)", self._ordinal, 0),
            (r"(?<![\w.,])(?P<n>\d{1,2})(?P<end>م)(?!\w)", self._ordinal, 0),
            (r"(?<=قرن )(?P<n>\d{1,2})(?P<end>)(?!\w|[.,/-]\d)", self._ordinal, 0),
            *super().ordinal_patterns(),
        ]

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return super().cardinal(number).replace(" و ", f" {_AND} ")

    def ordinal(self, number: int, feminine: bool = False) -> str:
        if number == 1:
            return "اول"
        return re.sub("سیم$", "سی\u200cام", super().ordinal(number).replace(" و ", f" {_AND} "))

    def fraction(self, numerator: int, denominator: int) -> str:
        if (numerator, denominator) == (1, 2):
            return _HALF
        return f"{self.cardinal(numerator)} {self.ordinal(denominator)}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        parts = [self.cardinal(hour)] + ([f"{self.cardinal(minute)} دقیقه"] if minute or second else [])
        return f" {_AND} ".join(parts + ([f"{self.cardinal(second)} ثانیه"] if second else []))

    def _ordinal(self, match: re.Match) -> str:
        return self.ordinal(int(match["n"])) + ("ین" if match["end"].endswith("مین") else "")

    def _date_at_home(self, match: re.Match) -> str:
        month = _MONTHS[int(match["m"]) - 1]
        return f"{self.cardinal(int(match['d']))} {month} {self.cardinal(int(match['y']))}"

    def _decimal(self, match: re.Match) -> str:
        return self.number(WrittenNumber(match["a"], match["b"], "."))

    def _mobile(self, match: re.Match) -> str:
        groups = match[0][:4], match[0][4:7], match[0][7:]
        return ", ".join(digit_words(group, self.language) for group in groups)

    def _slash_fraction(self, match: re.Match) -> str | None:
        more = int(match["a"]) > int(match["b"]) > 0 and match[0] != "24/7"
        return self._decimal(match) if more else super()._slash_fraction(match)

    def _range(self, match: re.Match) -> str | None:
        first, last = self._parse(match["number"]), self._parse(match["to"])
        if self._in_equation(match):
            return f"{self.number(first)} منهای {self.number(last)}"
        result = first.is_integer and last.is_integer and last.value <= first.value < 100
        if result:  # "3-1"
            return f"{self.number(first)} {self.score_word} {self.number(last)}"
        return super()._range(match)
