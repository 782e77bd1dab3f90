"""Turkish: "yüzde" in front of the number, suffixes behind apostrophes, hours with a full stop, ordinals of rulers."""

import re

from .normalization_base import Replacement
from .normalization_measures import code_rule, hours_rule, measure_rule, sets_rule, size_rule
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import CURRENCIES, month_names
from .normalization_weekdays import month_rule
from .number_words import number_words
from .ordered_names_tr import ORDERED_NAMES
from .suffixes_tr import attach_suffix, fit_suffix


_NUMERALS = (
    "trilyon milyar milyon sıfır sekiz seksen dokuz doksan yirmi altmış altı yetmiş yedi dört beş bir iki üç "
    "otuz kırk elli yüz bin on".split()
)
_NUMERAL = re.compile(rf"dördüncü|(?:{'|'.join(_NUMERALS)})(?:[ıiuü]?nc[ıiuü])?")
_SHARES = dict(enumerate("ikide üçte dörtte beşte altıda yedide sekizde dokuzda onda".split(), 2))
_NAMED = rf"{ORDERED_NAMES}|Louis|Elizabeth|Charles|Henry|William|Wilhelm|Nikola|Petro|Katerina|Ramses|Aleksandr"
_SHORT_MONTHS = dict(
    zip(
        "oca şub mar nis haz tem ağu eyl eki kas ara".split(),
        "ocak şubat mart nisan haziran temmuz ağustos eylül ekim kasım aralık".split(),
    )
)
_PER = {
    "ay": "ayda", "gün": "günde", "saat": "saatte", "yıl": "yılda", "hafta": "haftada", "gece": "gecesi",
    "kişi": "kişi başı",
    "kg": "kilosu", "lt": "litresi", "l": "litresi", "m²": "metrekaresi", "m2": "metrekaresi", "adet": "tanesi",
    "ton": "tonu",
    "kWh": "kilovatsaati", "dk": "dakikada",
}  # fmt: skip
_WORDS_TOO = {"Av": "avukat", "Gen": "general", "Sok": "sokak", "Cd": "caddesi"}  # "av" is a hunt
_WITH_DOTTED_I = {"IMF": "i me fe", "FIFA": "fifa", "IBAN": "iban", "IT": "ay ti", "WiFi": "vayfay", "Wi-Fi": "vayfay"}
_TIME = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
_BARE_TIME = (
    r"(?<![\w.,:/])(?<!(?<!\d)-)(?P<h>[01]\d|2[0-3])\.(?P<m>[0-5]\d)"
    r"(?![\w%]|[.,:]\d|\s?[%€$₺°]|\s(?:TL|kg|km|m|cm)(?!\w))"
)
_SUFFIX = re.compile(r"'(?P<suffix>[a-zçğıöşü]+)(?!\w)")
_LETTERS = dict(
    zip(
        "ABCÇDEFGHIİJKLMNOÖPRSŞTUÜVYZ",
        "a be ce çe de e fe ge he ı i je ke le me ne o ö pe re se şe te u ü ve ye ze".split(),
    )
)
_SPELLED = "ABD|AB|AKP|AYM|AİHM|AVM|ATM|ÖTV|ÖSYM|BAE|KOAH|İBB|İETT|DSİ|USB|USD|CEO"  # in spite of their vowels
_ACRONYM = (
    rf"(?<!\w)(?<!\d\s)(?<!bin\s)(?<!milyon\s)(?<!milyar\s)"
    rf"(?P<letters>{_SPELLED}|[BCÇDFGHJKLMNPRSŞTVYZ]{{2,5}})'(?P<suffix>[a-zçğıöşü]+)(?!\w)"
)
_HAS_DIGIT = re.compile(r"\d")
_SPELLED_OUT = re.compile(r"[^\W\d]$|[₺°]$")  # the writer's suffix may be for the letters


class TurkishNormalizer(PluralFormsNormalizer):
    """Turkish with the number format 1.234,56."""

    percent_first = True
    decimal_words = {",": "virgül", ".": "nokta"}
    minus, plus, percent, permille = "eksi", "artı", "yüzde", "binde"
    range_word, and_word, equals, power_word = "ila", "ve", "eşittir", "üzeri"
    score_word = ""
    times_word, size_word, fold_words = "çarpı", "çarpı", ("kat", "kat")
    dot, at, slash, dash, underscore = "nokta", "et", "bölü", "tire", "alt çizgi"
    powers = ("kare", "küp")
    ordinal_ending = r"\.(?=\s*[a-zçğıöşü])"
    magnitude_forms = {10**3: ("bin",) * 4, 10**6: ("milyon",) * 4, 10**9: ("milyar",) * 4}
    magnitude_signs = {"mn": 10**6, "mr": 10**9, "mlyr": 10**9}
    currencies = {
        "TRY": ("lira", "lira", "kuruş", "kuruş"), "USD": ("dolar", "dolar", "sent", "sent"),
        "EUR": ("avro", "avro", "sent", "sent"), "GBP": ("sterlin", "sterlin", "peni", "peni"),
    }  # fmt: skip
    unit_overrides = {
        "kg": ("kilo", "kilo"),
        "°C": ("derece", "derece"),
        "°": ("derece", "derece"),
        "L": ("litre", "litre"),
    }
    measures = {
        "dk": ("dakika",) * 3, "sn": ("saniye",) * 3, "sa": ("saat",) * 3, "lt": ("litre",) * 3, "gr": ("gram",) * 3,
        "cc": ("santimetreküp",) * 3, "Mbps": ("megabit bölü saniye",) * 3, "mbps": ("megabit bölü saniye",) * 3,
    }  # fmt: skip
    symbols = {
        "°": "derece", "±": "artı eksi", "×": "çarpı", "÷": "bölü", "≈": "yaklaşık", "≠": "eşit değildir",
        "≤": "küçük eşittir", "≥": "büyük eşittir", "<": "küçüktür", ">": "büyüktür", "√": "karekök", "∞": "sonsuz",
        "§": "paragraf", "©": "telif hakkı", "№": "numara", "µ": "mikro", "€": "avro", "$": "dolar", "£": "sterlin",
        "¥": "yen",
        "₺": "lira", "‰": "binde", "→": "", "*": "çarpı", "#": "numara", "?": "soru işareti", ":": "iki nokta",
    }  # fmt: skip
    spelled = frozenset("THY YKS DSİ USB İBB İETT TC".split())
    abbreviations = {
        "dr": ".doktor", "prof": ".profesör", "doç": ".doçent", "yrd": ".yardımcı", "öğr": ".öğretim",
        "öğr. gör": "öğretim görevlisi", "arş. gör": "araştırma görevlisi",
        "uzm": ".uzman", "müh": ".mühendis", "alb": ".albay", "hz": ".hazreti",
        "vb": ".ve benzeri", "vs": ".vesaire", "vd": ".ve diğerleri", "örn": ".örneğin", "bkz": "bakınız",
        "yy": ".yüzyıl",
        "sn": ".sayın", "no": ".#numara", "tl": "#lira", "cad": ".caddesi", "sk": ".sokak",
        "mah": ".mahallesi", "mh": ".mahallesi", "apt": ".apartmanı", "bulv": ".bulvarı", "blv": ".bulvarı",
        "s": ".#sayfa", "syf": "sayfa", "sf": ".#sayfa", "mad": ".#madde", "md": ".#madde", "m.ö": "milattan önce",
        "mö": "#milattan önce", "m.s": "milattan sonra", "ms": "#milattan sonra", "t.c": "te ce",
        "a.ş": "anonim şirketi",
        "ltd": ".limited", "şti": ".şirketi", "ort": ".ortalama", "maks": ".maksimum", "min": ".minimum",
        "üni": ".üniversitesi", "fak": ".fakültesi", "arş": ".araştırma", "op": ".operatör", "v.b": "ve benzeri",
        "v.s": "vesaire",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [*self._order_rules(), *self._date_rules(), *self._word_rules(), *self._amount_rules()]

    def _order_rules(self) -> list:
        """Ordinals of centuries, rulers and numbers with a suffix."""
        return [
            (re.compile(r"(?<!\w)(?P<roman>[IVX]+)\.(?=\s[Yy](?:üzyıl|y\.))"), self._roman_ordinal),
            (re.compile(r"(?<!\w)(?P<roman>[IVX]{2,})\.(?=\s\w)"), self._roman_ordinal),
            (re.compile(rf"(?<!\w)(?P<roman>[IVX])\.(?=\s(?:{_NAMED}|ve\s[IVX]+\.))"), self._roman_ordinal),
            (re.compile(rf"(?<![\w.,])(?P<n>\d{{1,3}})\.(?=\s(?:{_NAMED}))"), lambda m: self.ordinal(int(m["n"]))),
            (re.compile(r"(?<![\w.,])(?P<n>\d{1,3})'[ıiuü]?nc[ıiuü](?!\w)"), lambda m: self.ordinal(int(m["n"]))),
        ]

    def _date_rules(self) -> list:
        """Months, school years and days."""
        months = "|".join(month_names(self.language))
        return [
            month_rule(_SHORT_MONTHS),
            (
                re.compile(r"(?<![\w.,/-])(?P<y>(?:19|20)\d\d)\s?[-—/]\s?(?P<to>(?:19|20)?\d\d)(?![\w-]|[.,/]\d)"),
                self._season,
            ),
            (
                re.compile(
                    rf"(?<![\w.,])(?P<a>\d{{1,2}})\s(?P<month>{months})\s?[-—]\s?(?=\d{{1,2}}\s(?:{months})(?!\w))"
                ),
                lambda m: f"{self.cardinal(int(m['a']))} {m['month']} {self.range_word} ",
            ),
        ]

    def _word_rules(self) -> list:
        """Acronyms, addresses and telephone numbers."""
        return [
            (re.compile(rf"(?<!\w)(?:{'|'.join(_WITH_DOTTED_I)})(?!\w)"), lambda m: _WITH_DOTTED_I[m[0]]),
            (re.compile(rf"(?<!\w)(?:{'|'.join(_WORDS_TOO)})\.(?=\s[A-ZÇĞİÖŞÜ\d])"), lambda m: _WORDS_TOO[m[0][:-1]]),
            (re.compile(r"(?<!\w)Tel\.?\s?:?(?=\s?[+(\d])"), lambda m: "telefon"),
            (re.compile(_ACRONYM), self._acronym),
            (
                re.compile(r"(?<!\w)No\s?:\s?(?P<a>\d+)/(?P<b>\d+)(?!\w)"),
                lambda m: f"numara {self.cardinal(int(m['a']))} bölü {self.cardinal(int(m['b']))}",
            ),
            (
                re.compile(r"(?<!\w)No\s?:\s?(?P<n>\d+)[/-]?(?P<letter>[A-Z])(?!\w)"),
                lambda m: f"numara {self.cardinal(int(m['n']))} {m['letter']}",
            ),
            (re.compile(r"(?<!\w)No\s?:\s?(?=\d)"), lambda m: "numara "),
            (re.compile(r"(?<!\w)D(?:aire)?\s?:\s?(?=\d)"), lambda m: "daire "),
            (re.compile(r"(?<!\w)K(?:at)?\s?:\s?(?=\d)"), lambda m: "kat "),
            (re.compile(r"(?<![\w.,])0?\s?\(0?\d{3}\)\s?\d{3}(?:[ -]?\d\d){2}(?![\w-])"), self.digits),
        ]

    def _amount_rules(self) -> list:
        """Speeds, prices, fractions, scores and measures."""
        return [
            (
                re.compile(r"(?<![\w.,])(?P<number>\d+(?:,\d+)?)(?:\s?[-—]\s?(?P<to>\d+))?\s?km/(?:sa?|saat|h)(?!\w)"),
                self._speed,
            ),
            (re.compile(r"(?<=\w)/TL(?=\s\d)"), lambda m: " lira"),
            (re.compile(r"(?<![\w./,-])1/2(?=\s[a-zçğıöşü])"), lambda m: "yarım"),
            (
                re.compile(
                    rf"(?<![\w.,])(?P<number>\d[\d.,]*)\s?(?P<unit>TL|₺|mg|ml|kg|g|km|m³)/(?P<per>{'|'.join(_PER)})"
                    rf"(?!\w)"
                ),
                self._per,
            ),
            (
                re.compile(
                    r"(?<![\w.,-])(?P<a>\d)-(?P<b>\d)(?='|\s(?:kaybe|yenil|mağlup|yendi|bitti|sona|öne|kazan|galip|"
                    r"berabere))"
                ),
                lambda m: f"{self.cardinal(int(m['a']))} {self.cardinal(int(m['b']))}",
            ),
            hours_rule(self),
            measure_rule(self, self.measures),
            size_rule(self),
            sets_rule(self, " "),
            code_rule(self),
        ]

    def find(self, text: str, taken: "list[tuple[int, int]] | None" = None) -> list[Replacement]:
        """All stretches to replace; a suffix behind an apostrophe belongs to the number in front of it."""
        found = super().find(text, taken)
        return [self._with_suffix(item, text) for item in found]

    @staticmethod
    def _with_suffix(item: Replacement, text: str) -> Replacement:
        match = _SUFFIX.match(text, item.end)
        written = text[item.start : item.end]
        if match is None or not _HAS_DIGIT.search(written) or not item.spoken[-1:].isalpha():
            return item
        suffix = match["suffix"]
        if "/" in written and "." not in written:
            suffix = fit_suffix(item.spoken, suffix, possessive=True)
        elif _SPELLED_OUT.search(written):
            suffix = fit_suffix(item.spoken, suffix)
        return Replacement(item.start, match.end(), attach_suffix(item.spoken, suffix))

    @staticmethod
    def _acronym(match: re.Match) -> str:
        """ "ABD'nin": the suffix belongs to the name of the last letter, and espeak-ng would read a word."""
        return " ".join(_LETTERS[letter] for letter in match["letters"]) + match["suffix"]

    def _roman_ordinal(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value)

    def _season(self, match: re.Match) -> str | None:
        first, last = int(match["y"]), int(match["to"])
        if (last if last > 100 else first // 100 * 100 + last) != first + 1:
            return None
        return f"{self.cardinal(first)} {self.cardinal(last)}"

    def _per(self, match: re.Match) -> str | None:
        number, unit = self._parse(match["number"]), match["unit"]
        if unit in CURRENCIES:
            words = self.money(number, None, unit, None)
        else:
            words = f"{self.number(number)} {self.unit(unit, number.value)}"
        return words and f"{_PER[match['per']]} {words}"

    def _speed(self, match: re.Match) -> str:
        words = self.number(self._parse(match["number"]))
        return f"saatte {self._upto(match, words)} kilometre"

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return _apart(number_words(number, self.language))

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return _apart(number_words(number, self.language, "ordinal"))

    def fraction(self, numerator: int, denominator: int) -> str | None:
        share = _SHARES.get(denominator)
        return f"{share} {self.cardinal(numerator)}" if share and 0 < numerator < denominator else None

    def mixed_number(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} buçuk" if fraction == "ikide bir" else f"{self.cardinal(whole)} tam {fraction}"

    def _unicode_fraction(self, match: re.Match) -> str | None:
        return "yarım" if match[0] == "½" else super()._unicode_fraction(match)

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        return words and re.sub(r"^ikide bir", "yarım", re.sub(r"^dörtte bir", "çeyrek", words))

    def time_patterns(self) -> list:
        return [
            (rf"(?:(?<=\bsaat\s)|(?<=\bSaat\s)){_TIME}", self._time, 0),
            (rf"(?<![\w.,:/-]){_TIME}(?='[a-z])", self._time, 0),
            (_BARE_TIME, self._time, 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        if not 0 < minute < 10:
            return super().time(hour, minute, second)
        return " ".join([self.cardinal(hour), self.cardinal(0), self.cardinal(minute), *self.seconds(second)])


def _apart(words: str) -> str:
    """Numerals as separate words ("on dört"), which num2words runs together."""
    return " ".join(_NUMERAL.findall(words)) or words
