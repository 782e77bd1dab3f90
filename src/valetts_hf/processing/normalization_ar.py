"""Arabic: numbers that agree with what they count, hours and centuries as ordinals, its words for signs and units."""

import re

from .counting_ar import MEASURES, SUMS, Counted, is_feminine
from .normalization_base import Replacement
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import CURRENCIES, month_names
from .number_words import WrittenNumber
from .number_words_ar import arabic_number, arabic_ordinal, in_front_of_noun, oblique


_GROUPS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_NUMBER = r"\d+(?:[.,]\d+)*"
_YEAR = "عام|سنة|لعام|بعام|وعام|لسنة|وسنة"
# Behind these a number is in the oblique case.
_GOVERNING = re.compile(
    rf"(?<!\w)(?:[وف]?(?:في|من|إلى|على|عن|حتى|منذ|بعد|قبل|خلال|نحو|حوالي|بنسبة|نسبة|مع|كل|بين|بقيمة|لمدة|بسعر|سعر)|{_YEAR})\s$"
)
_NO_NOUNS = frozenset(
    "و في من إلى على عن ثم أو أم حتى منذ بعد قبل مع هو هي كان كانت لم لا ما هل قد إن أن بالمئة فقط".split()
)
_ORDERED = (  # in front of a number that says which of them
    "القرن|المركز|الطابق|الصف|الفصل|الباب|الجزء|الموسم|الدقيقة|الجولة|المرتبة|الطبعة|الدورة|النسخة|الحلقة|المرحلة|المادة|الفقرة|الصفحة"
)
_NUMERIC = re.compile(rf"[\d%]|(?:{_ORDERED})\s")
_HIJRI_MONTHS = (
    "محرم", "صفر", "ربيع الأول", "ربيع الآخر", "جمادى الأولى", "جمادى الآخرة", "رجب", "شعبان", "رمضان", "شوال", "ذو القعدة", "ذو الحجة",
)  # fmt: skip
_MORE_MONTHS = (
    "كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران", "تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول",
    "ابريل", "اغسطس", "اكتوبر", "ذي القعدة", "ذي الحجة",
)  # fmt: skip
_ONE_OR_TWO = "دولار|ريال|درهم|دينار|جنيه|كيلو|كوب|ملعقة|حبة|بيضة|لتر|متر|كيلومتر|يوم|شهر|سنة|ساعة|دقيقة|ليلة|شخص|طفل|مرة|ليرة|كيس|علبة"
_BEHIND_NOUN = re.compile(r"(?<!\w)(?:ال|لل|بال|وال)(?P<noun>\w+)\s$")
_HOURS = {15: "والربع", 30: "والنصف"}
_FRACTIONS = {2: ("نصف", "أنصاف"), 3: ("ثلث", "أثلاث"), 4: ("ربع", "أرباع"), 5: ("خمس", "أخماس"), 8: ("ثمن", "أثمان"),
              10: ("عشر", "أعشار")}  # fmt: skip


class ArabicScriptNormalizer(PluralFormsNormalizer):
    """How numbers are written in Arabic script."""

    def first_rules(self) -> list:
        percent = rf"(?<![\w%])%\s?(?P<number>{_NUMBER})(?!\w|\s?%)"  # as it is typed from right to left
        return [(re.compile(percent), lambda m: f"{self.number(self._parse(m['number']))} {self.percent}")]

    def _parse(self, text: str) -> WrittenNumber:
        return WrittenNumber(re.sub("[.,]", "", text)) if _GROUPS.fullmatch(text) else super()._parse(text)


class ArabicNormalizer(ArabicScriptNormalizer):
    """Arabic with the number format 1.234,56."""

    decimal_words = {",": "فاصلة", ".": "نقطة"}
    minus, plus, percent = "ناقص", "زائد", "بالمئة"
    range_word, score_word, and_word, equals = "إلى", "", "و", "يساوي"
    times_word, size_word = "ضرب", "في"
    symbols = {"#": "رقم", "№": "رقم", "~": "حوالي", "≈": "حوالي", "±": "زائد أو ناقص", "÷": "على"}
    dot, at, slash, dash = "نقطة", "آت", "شرطة مائلة", "شرطة"
    unit_overrides = {
        "l": ("لتر",) * 2, "L": ("لتر",) * 2, "ha": ("هكتار",) * 2, "Hz": ("هرتز",) * 2, "W": ("واط",) * 2,
        "V": ("فولت",) * 2, "A": ("أمبير",) * 2, "J": ("جول",) * 2, "°": ("درجة",) * 2, "ft": ("قدم",) * 2,
        "TB": ("تيرابايت",) * 2, "kWh": ("كيلوواط ساعة",) * 2,
    }  # fmt: skip
    magnitude_forms = {
        10**3: ("ألف", "آلاف", "ألف", "ألف"), 10**6: ("مليون", "ملايين", "مليون", "مليون"),
        10**9: ("مليار", "مليارات", "مليار", "مليار"),
    }  # fmt: skip
    abbreviations = {
        "د": ".دكتور", "أ.د": "أستاذ دكتور", "أ": ".أستاذ", "ص.ب": "صندوق بريد", "ق.م": "قبل الميلاد", "ا.د": "أستاذ دكتور", "إلخ": "إلى آخره",
        "الخ": "إلى آخره",
    }  # fmt: skip

    def find(self, text: str, taken: "list[tuple[int, int]] | None" = None) -> list[Replacement]:
        return [self._governed(text, item) for item in super().find(text, taken)]

    def _governed(self, text: str, item: Replacement) -> Replacement:
        if not _NUMERIC.match(text, item.start):
            return item
        first, to, last = item.spoken.partition(" إلى ")
        if _GOVERNING.search(text, max(0, item.start - 12), item.start):
            first = oblique(first)
        return Replacement(item.start, item.end, first + to + oblique(last))

    def first_rules(self) -> list:
        start, end = r"(?<![\w.,])", r"(?!\w|[.,:/-]\d)"
        symbols = "|".join(
            re.escape(symbol) for symbol in sorted(MEASURES, key=len, reverse=True) if not symbol.isascii()
        )
        months = "|".join((*month_names(self.language), *_HIJRI_MONTHS, *_MORE_MONTHS))
        date = r"(?P<d>0?[1-9]|[12]\d|3[01])/(?P<m>0?[1-9]|1[0-2])/(?P<y>1[34]\d\d)"
        return [
            *super().first_rules(),
            (re.compile(rf"(?<!\w)(?P<word>{_YEAR})\s(?P<y>\d{{1,4}})(?:\s?(?P<era>م|ه|ق\.م)(?!\w)(?:(?<=\.م)\.(?=\s+\w))?)?{end}"), self._year),
            (re.compile(rf"{start}(?P<y>\d{{3,4}})\s?(?P<era>ه)(?!\w)"), self._year),
            (re.compile(rf"{start}(?P<y>1[5-9]\d\d(?=م)|19\d\d|20(?!00)[0-3]\d)\s?(?P<era>م)(?!\w)"), self._year),
            (re.compile(rf"(?P<word>(?<!\w)[وفب]?(?:ال|لل)ساعة)\s(?P<h>\d|1\d|2[0-4])(?:\s?(?P<half>[صم])(?!\w))?{end}"), self._hour),
            (re.compile(rf"(?<!\w)(?P<word>{_ORDERED})\s(?:ال)?(?P<n>\d{{1,2}}){end}"),
             lambda m: f"{m['word']} {self.ordinal(int(m['n']), feminine=m['word'].endswith('ة'))}"),
            (re.compile(rf"{start}{date}(?![\w/])"), self._hijri_date),
            (re.compile(r"(?<![\w/.,])(?P<y>(?:19|20)\d\d)/(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\w/])"),
             self._numeric_date),
            (re.compile(rf"(?<![\w.,/:-])(?P<n>[12])\s(?P<noun>{_ONE_OR_TWO})(?P<size>\s(?:كبيرة|صغيرة))?(?!\w)"), self._one_or_two),
            (re.compile(rf"(?<!\w)و(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}}){end}"),
             lambda m: f"و{self.fraction(int(m['a']), int(m['b']))}"),
            (re.compile(rf"(?<!\w)(?P<prefix>[وبل]|بال|لل|ال)\s?(?P<n>\d{{1,4}}){end}(?!\s?[%°])"), self._prefixed),
            (re.compile(rf"{start}(?P<d>\d{{1,2}})\s(?P<month>{months})(?:\s(?P<y>\d{{4}}){end})?(?!\w)"), self._written_date),
            (re.compile(rf"{start}(?<![$€£])(?P<n>[2-9]|10)\s(?P<scale>ألف|مليون|مليار)(?!\w)(?P<noun>(?=\s\w))?"), self._scaled),
            (re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?:\s?(?P<half>[صم])(?!\w))?"
                        r"(?![\w:]|[.,]\d)"), self._clock),
            (re.compile(rf"(?P<sign>(?<![\w.,)%])[-+])?(?<!\d)(?<!\d[.,'])(?P<number>{_NUMBER})(?:\s?[-—]\s?(?P<to>{_NUMBER}))?"
                        rf"\s?(?P<unit>{symbols})(?P<unit2>)(?P<per>)(?![\w²³]|\.\w)"), self._quantity),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        named = "|".join(f"(?<={word}{mark} )" for word in ("هاتف", "جوال", "موبايل") for mark in ("", ":"))
        return [(rf"(?:{named})\d{{7,15}}(?!\d)", self.digits, 0), *super().phone_patterns()]

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return arabic_number(number, feminine) if number < 10**15 else super().cardinal(number)

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return arabic_ordinal(number, feminine)

    def counted(self, number: int, following: str) -> str:
        words = self.cardinal(number, is_feminine(following, number))
        return in_front_of_noun(words) if following and following not in _NO_NOUNS else words

    def fraction(self, numerator: int, denominator: int) -> str:
        one, many = _FRACTIONS.get(denominator, ("", ""))
        if not one or numerator >= denominator:
            return f"{self.cardinal(numerator)} على {self.cardinal(denominator)}"
        if numerator <= 2:
            return one if numerator == 1 else f"{one}ان"
        return f"{self.cardinal(numerator)} {many}"

    def mixed_number(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} و{fraction}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        parts = [self.ordinal(hour, feminine=True) if hour not in (0, 1) else ("الواحدة" if hour else "الثانية عشْرة")]
        if minute:
            parts.append(_HOURS.get(minute) or f"و{MEASURES['min'].spoken(minute)}")
        return " ".join([*parts, *([f"و{MEASURES['s'].spoken(second)}"] if second else [])])

    def date(self, day: int, month: int, year: int | None) -> str | None:
        months = month_names(self.language)
        return self._date(day, months[month - 1], year) if months else None

    def money(self, amount, to, symbol, magnitude) -> str | None:
        thing = SUMS.get(CURRENCIES[symbol])
        if thing is None or magnitude is not None:
            return super().money(amount, to, symbol, magnitude)
        if to is None and len(amount.fraction) == 2:
            cents = f" و{SUMS['cent'].spoken(int(amount.fraction))}" if int(amount.fraction) else ""
            return f"{thing.spoken(amount.value)}{cents}"
        return self._measured(thing, amount, to)

    def currency(self, symbol: str, count: "int | float") -> tuple[str, str | None]:
        thing = SUMS.get(CURRENCIES[symbol])
        return (thing.one, None) if thing else super().currency(symbol, count)

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        one, few, *_ = self.magnitude_forms[factor]
        return few if count.is_integer and 3 <= count.value % 100 <= 10 else one

    def _quantity(self, match: re.Match) -> str | None:
        thing = MEASURES.get(match["unit"] or match["unit2"])
        if thing is None or match["per"]:
            return super()._quantity(match)
        to = self._parse(match["to"]) if match["to"] else None
        return self._signed(match, self._measured(thing, self._parse(match["number"]), to))

    def _measured(self, thing: Counted, number: WrittenNumber, to: WrittenNumber | None) -> str:
        last = to or number
        words = f"{self.number(number, feminine=thing.feminine)} {self.range_word} " if to else ""
        if last.is_integer and len(last.whole) < 16:
            return words + thing.spoken(last.value)
        return f"{words}{self.number(last)} {thing.one}"

    def _year(self, match: re.Match) -> str:
        word = match.groupdict().get("word")
        era = {"م": "ميلادي", "ه": "هجري", "ق.م": "قبل الميلاد"}.get(match["era"] or "")
        feminine = bool(word) and word.endswith("ة")
        if era and feminine:
            era = {"ميلادي": "ميلادية", "هجري": "هجرية"}.get(era, era)
        year = self.cardinal(int(match["y"]), feminine)
        return " ".join(filter(None, [word, oblique(year) if word else year, era]))

    def _hour(self, match: re.Match) -> str:
        return f"{match['word']} {self._half(self.time(int(match['h']) % 24, 0, None), match)}"

    def _clock(self, match: re.Match) -> str:
        return self._half(self._time(match), match)

    def _half(self, words: str, match: re.Match) -> str:
        return words + {"ص": " صباحا", "م": " مساء"}.get(match["half"] or "", "")

    def _prefixed(self, match: re.Match) -> str:
        """A number with a preposition or the article in front ("ب50", "القرن ال20")."""
        prefix, number = match["prefix"], int(match["n"])
        before = _BEHIND_NOUN.search(match.string, max(0, match.start() - 20), match.start())
        if prefix == "ال" and before and number < 100:
            return self.ordinal(number, feminine=before["noun"].endswith(("ة", "ى")))
        words = self.counted(number, self._following(match))
        return prefix + (words if prefix == "و" else oblique(words))

    def _written_date(self, match: re.Match) -> str:
        return self._date(int(match["d"]), match["month"], int(match["y"]) if match["y"] else None)

    def _date(self, day: int, month: str, year: int | None) -> str:
        return f"{self.ordinal(day)} من {month} {oblique(self.year(year)) if year is not None else ''}".rstrip()

    def _hijri_date(self, match: re.Match) -> str:
        return self._date(int(match["d"]), _HIJRI_MONTHS[int(match["m"]) - 1], int(match["y"]))

    def _one_or_two(self, match: re.Match) -> str:
        """ "1 ساعة", "2 ملعقة كبيرة": the noun stands first, or is a dual."""
        words = match["noun"].split() + (match["size"] or "").split()
        if match["n"] == "1":
            return " ".join([*words, self.cardinal(1, words[0].endswith("ة"))])
        return " ".join(f"{word[:-1]}تان" if word.endswith("ة") else f"{word}ان" for word in words)

    def _scaled(self, match: re.Match) -> str:
        number, scale = int(match["n"]), match["scale"]
        if number == 2:
            return f"{scale}ا" if match["noun"] is not None else f"{scale}ان"
        factor = next(factor for factor, names in self.magnitude_forms.items() if scale == names[0])
        return f"{self.cardinal(number)} {self.magnitude_forms[factor][1]}"
