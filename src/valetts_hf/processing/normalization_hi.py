"""Hindi: lakh and crore, quarters that have words of their own, ordinals, years by hundreds, times with "बजे"."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .number_words import digit_words


_NUMBER = r"\d+(?:[.,]\d+)*"
_ORDINALS = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}  # without their ending: it tells the gender
_PER = "घं|सेकंड|किलो|किग्रा|लीटर|वर्ग|दिन|माह|महीन|व्यक्ति"
_HALVES = {1: "डेढ़", 2: "ढाई"}  # one and a half, two and a half
_SHARES = {(1, 2): "आधा", (1, 3): "एक तिहाई", (2, 3): "दो तिहाई", (1, 4): "एक चौथाई", (3, 4): "तीन चौथाई"}


class HindiNormalizer(PluralFormsNormalizer):
    """Hindi with the number format 12,34,567.89."""

    decimal = "."
    decimal_words = {",": "दशमलव", ".": "दशमलव"}
    minus, plus, percent = "माइनस", "प्लस", "प्रतिशत"
    range_word, score_word, and_word, equals = "से", "", "और", "बराबर"
    times_word, size_word, per_word = "गुणा", "गुणा", "प्रति"
    symbols = {"#": "नंबर", "№": "नंबर", "~": "लगभग", "≈": "लगभग", "±": "प्लस माइनस", "÷": "भाग"}
    dot, at, slash, dash = "डॉट", "ऐट", "स्लैश", "हाइफ़न"
    magnitude_forms = {
        10**3: ("हज़ार",) * 4, 10**12: ("लाख करोड़",) * 4, 10**5: ("लाख",) * 4, 10**7: ("करोड़",) * 4,
        10**9: ("अरब",) * 4,
    }  # fmt: skip
    magnitude_signs = {"लाख करोड़": 10**12, "हजार": 10**3}
    currencies = {
        "INR": ("रुपया", "रुपये", "पैसा", "पैसे"), "USD": ("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "EUR": ("यूरो", "यूरो", "सेंट", "सेंट"),
    }  # fmt: skip
    currency_forms = {"INR": ("रुपया", "रुपये", "रुपये"), "USD": ("डॉलर",) * 3}
    unit_overrides = {"°": ("डिग्री",) * 2}
    abbreviations = {
        "डॉ": "डॉक्टर", "प्रो": ".प्रोफ़ेसर", "पं": ".पंडित", "कु": ".कुमारी", "स्व": ".स्वर्गीय", "नं": ".नंबर",
        "no": ".#नंबर", "dr": ".डॉक्टर", "mr": ".मिस्टर", "mrs": ".मिसेज़", "पृ": ".#पृष्ठ", "सं": ".#संख्या", "मो": ".#मोबाइल",
        "क्र.सं": "क्रम संख्या", "वि.सं": "विक्रम संवत", "ई.पू": "ईसा पूर्व", "किमी": "किलोमीटर", "कि.मी": "किलोमीटर",
        "सेमी": "सेंटीमीटर", "से.मी": "सेंटीमीटर", "मिमी": "मिलीमीटर", "मि.मी": "मिलीमीटर", "किग्रा": "किलोग्राम",
        "कि.ग्रा": "किलोग्राम", "मि.ली": "मिलीलीटर", "सितं": ".सितंबर", "अक्टू": ".अक्टूबर",
        "नवं": ".नवंबर", "दिसं": ".दिसंबर",
    }  # fmt: skip

    def first_rules(self) -> list:
        magnitude = rf"(?:\s?(?P<magnitude>{self._magnitude_pattern()})(?!\w))?"
        several = "करोड़|लाख|हज़ार|हजार"
        return [
            (re.compile(rf"(?<![\w\u0900-\u097f])(?:₹|Rs\.?|रु\.?)\s?(?P<a>\d+)\s?(?P<large>{several})\s(?P<b>\d+)\s?(?P<small>{several})(?!\w)"),
             lambda m: f"{self.cardinal(int(m['a']))} {m['large']} {self.cardinal(int(m['b']))} {m['small']} रुपये"),
            (re.compile(rf"(?<![\w\u0900-\u097f])(?:Rs|रु|रू)\.?\s?(?P<number>{_NUMBER}){magnitude}(?:/-)?"),
             lambda m: self.money(self._parse(m["number"]), None, "₹", m["magnitude"])),
            (re.compile(r"(?<=\d)/-(?!\w)"), lambda m: ""),  # "500/-"
            (re.compile(r"(?:(?<=\d)|(?<=/-))\s?(?:रु|रू)(?![\w\u0900-\u097f])(?:\.(?=\s*\S))?"), lambda m: " रुपये"),
            (re.compile(rf"/(?={_PER})"), lambda m: " प्रति "),
            (re.compile(r"(?<!\w)24\s?[x×*/]\s?7(?!\w)"), lambda m: "चौबीसों घंटे"),
            (re.compile(r"(?<=\d)\s?ई\.(?=\s)"), lambda m: " ईस्वी"),
            (re.compile(r"(?<=\d)\s?मिली(?![\w\u0900-\u097f])"), lambda m: " मिलीलीटर"),
            (re.compile(r"(?<![\w:.,])(?P<h>\d|1[0-2])\.(?P<m>[0-5]\d)(?=\s?[AaPp]\.?[Mm](?!\w))"), self._time),
            (re.compile(r"(?<=\d)\s?मी(?![\w\u0900-\u097f])(?:\.(?=\s*\S))?"), lambda m: " मीटर"),
            (re.compile(r"(?<=\d)\s?(?P<half>[AaPp])\.?[Mm](?!\w)\.?"),
             lambda m: " ए एम" if m["half"] in "Aa" else " पी एम"),
            (re.compile(r"(?<![\w:.,])(?P<h>\d|1[0-2])-(?P<to>\d|1[0-2])(?=\s?बजे)"),
             lambda m: f"{self.cardinal(int(m['h']))} से {self.cardinal(int(m['to']))}"),
            (re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)\s?बजे(?P<at>\s(?:पर|से|तक|के)(?![\w\u0900-\u097f]))?"),
             self._oclock),
            (re.compile(r"(?<![\w.,-])(?P<y>(?:19|20)\d\d)-(?P<to>\d\d)(?![\w-]|[.,]\d)"), self._financial_year),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        return [
            (r"(?<![\w.,-])1800[ -]\d{2,4}[ -]\d{3,5}(?![\w-])", self.digits, 0),
            (r"(?<![\w.,-])[6-9]\d{9}(?!\w|[.,-]\d)", self._mobile, 0),
            (
                r"(?<=पिन )\d{6}(?!\d)|(?<=कोड )\d{4,6}(?!\d)|(?<=OTP )\d{4,6}(?!\d)|(?<=ओटीपी )\d{4,6}(?!\d)",
                self.digits,
                0,
            ),
            (r"(?:(?<=[^\W\d]-)|(?<=[\u093e-\u094d]-))[1-9]\d{5}(?!\w|[.,-]\d)", self.digits, 0),  # "दिल्ली-110006"
            *super().phone_patterns(),
            (r"(?<![\w.,-])[6-9]\d{4}[ -]\d{5}(?!\w|[.,-]\d)", self.digits, 0),
        ]

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?P<n>\d{1,4})\s?-?(?P<end>वां|वाँ|वीं|वें|वा|वी|वे)(?![\w\u0900-\u097f])",
             lambda m: self.cardinal(int(m["n"])) + m["end"], 0),
            (r"(?<![\w.,])(?:1ल|2र|3र|4थ|6ठ)(?P<end>[ाीे])(?![\w\u0900-\u097f])",
             lambda m: _ORDINALS[int(m[0][0])] + m["end"], 0),
            *super().ordinal_patterns(),
        ]  # fmt: skip

    def year_patterns(self) -> list:
        return [self.century_year_pattern()]

    def year(self, year: int) -> str:
        if not 1100 <= year < 2000:
            return self.cardinal(year)
        return f"{self.cardinal(year // 100)} सौ {self.cardinal(year % 100) if year % 100 else ''}".rstrip()

    def range_number(self, number, following: str) -> str:
        year = number.is_integer and len(number.whole) == 4
        return self.year(number.value) if year else super().range_number(number, following)

    def ordinal(self, number: int, feminine: bool = False) -> str:
        stem = _ORDINALS.get(number)
        if stem is None:
            return self.cardinal(number) + ("वीं" if feminine else "वाँ")
        return stem + ("ी" if feminine else "ा")

    def decimals(self, fraction: str) -> str:
        return digit_words(fraction, self.language)

    def fraction(self, numerator: int, denominator: int) -> str:
        known = _SHARES.get((numerator, denominator))
        return known or f"{self.cardinal(numerator)} बटा {self.cardinal(denominator)}"

    def mixed_number(self, whole: int, fraction: str) -> str:
        if fraction == _SHARES[1, 2]:
            return _HALVES.get(whole) or f"साढ़े {self.cardinal(whole)}"
        if fraction == _SHARES[1, 4]:
            return f"सवा {self.cardinal(whole)}"
        if fraction == _SHARES[3, 4]:
            return f"पौने {self.cardinal(whole + 1)}"
        return super().mixed_number(whole, fraction)

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = [self.cardinal(hour), f"बजकर {self.cardinal(minute)} मिनट" if minute or second else "बजे"]
        return " ".join(words + ([f"{self.cardinal(second)} सेकंड"] if second else []))

    def _oclock(self, match: re.Match) -> str:
        """A time with "बजे" behind it: by quarters where the clock has twelve hours."""
        hour, minute = int(match["h"]), int(match["m"])
        if minute in (15, 30, 45) and 1 <= hour <= 12:
            whole = hour % 12 if minute == 45 else hour
            return f"{self.mixed_number(whole, _SHARES[minute // 15, 4] if minute != 30 else _SHARES[1, 2])} बजे" + (
                match["at"] or ""
            )
        return self.time(hour, minute, None) + (match["at"] or (" पर" if minute else ""))

    def _financial_year(self, match: re.Match) -> str | None:
        if int(match["to"]) != (int(match["y"]) + 1) % 100:
            return None
        return f"{self.year(int(match['y']))} {self.cardinal(int(match['to']))}"

    def _mobile(self, match: re.Match) -> str:
        return ", ".join(digit_words(half, self.language) for half in (match[0][:5], match[0][5:]))
