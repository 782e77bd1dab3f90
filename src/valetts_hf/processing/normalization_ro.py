"""Romanian: numbers that agree with their noun, "de" from twenty on, ordinals, lei and bani, fractions."""

import re

from .normalization_measures import (
    code_rule,
    hours_rule,
    measure_rule,
    per_quantity_rule,
    sets_rule,
    size_rule,
    span_of_hours_rule,
)
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_weekdays import month_rule
from .number_words import number_words


_MASCULINE = frozenset(
    "leu an om metru kilometru centimetru milimetru litru kilogram gram minut euro dolar procent grad milion "
    "miliard ban copil bărbat student elev loc pas punct kilo watt terabyte gigabyte megabyte kilobyte".split()
)
_FEMININE = frozenset("zi parte carte noapte floare familie femeie vreme dimineață ediție stație lecție minge".split())
_FEMININE_PLURALS = frozenset(
    "luni cărți săptămâni nopți zile mii părți țări flori fete mașini școli țigări uși sări vieți lumi mări ploi "
    "lămâi roți camere case mese ore săli fațade familii femei ouă surori ori mâini limbi universități biserici "
    "perechi sticle felii cutii căni bucăți linguri lingurițe boabe foi echipe victorii înfrângeri partide gări "
    "stații străzi alegeri întrebări".split()
)
_FEMININE_PLURAL_ENDINGS = ("e", "uri", "âni", "ini", "ții", "ări", "tăți", "uni")
_NO_NOUNS = frozenset(
    "este de pe ce se care face merge vine dintre peste între spre aproape bine unde sunt iunie iulie ianuarie "
    "februarie martie aprilie septembrie octombrie noiembrie decembrie poate trece crește începe devine rămâne "
    "ajunge și la din cu sau în pentru până are a au mai fiecare față foarte despre către".split()
)
_COUNTED = (  # stands behind "de" from twenty on
    "lei|bani|euro|dolari|ani|zile|luni|săptămâni|ore|minute|secunde|grade|metri|kilometri|hectare|kilograme|"
    "grame|litri|tone|persoane|oameni|copii|elevi|studenți|locuri|puncte|procente|goluri|meciuri|cazuri|case|"
    "camere|locuitori|angajați|pagini|femei|bărbați|milioane|miliarde|mii|kilowați|megabyți|gigabyți|state|țări|"
    "orașe|mașini|bilete|etape"
)
_MONTH = "ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|noiembrie|decembrie"
_SHORT_MONTHS = {month[:3]: month for month in _MONTH.split("|") if month != "mai"} | {
    "noi": "noiembrie",
    "sept": "septembrie",
}
_WEEKDAY = "luni|marți|miercuri|joi|vineri|sâmbătă|duminică"
_RULERS = (
    "Carol|Ferdinand|Mihai|Elisabeta|Ludovic|Petru|Ștefan|Vlad|Mircea|Basarab|Nicolae|Alexandru|Henric|Napoleon|"
    "Frederic|Wilhelm"
)
_FIRST = rf"{_RULERS}|[Ll]iga|[Cc]lasa|[Ee]tapa|[Ee]tajul|[Gg]radul|[Pp]artea|Mondial|[Rr]angul|[Pp]remiul|[Ll]ocul"
_MEN_IN_A = frozenset("Luca Toma Sava Mina Zaharia Ilia".split())
_PARTS = {3: "treime", 4: "pătrime", 5: "cincime", 6: "șesime", 7: "șeptime", 8: "optime", 9: "noime", 10: "zecime"}


class RomanianNormalizer(PluralFormsNormalizer):
    """Romanian with the number format 1.234,56."""

    decimal_words = {",": "virgulă", ".": "punct"}
    minus, plus, percent, permille = "minus", "plus", "la sută", "la mie"
    range_word, and_word, equals, per_word, power_word = "până la", "și", "egal cu", "pe", "la puterea"
    score_word = "la"
    space_groups = True
    per_nouns = r"(?:lună|zi|an|oră|noapte|săptămână|persoană|minut|bucată|buc|porție)\b"
    times_word, size_word, fold_words = "ori", "pe", ("dată", "ori")
    of_unit, unit_of_fraction, halves = "de", 1, ("jumătate", "jumătate")
    dot, at, slash, dash, underscore = "punct", "arond", "slash", "cratimă", "liniuță jos"
    roman_contexts = (
        "[Cc]apitolul|[Cc]ap\\.|[Vv]olumul|[Vv]ol\\.|[Tt]itlul|[Aa]nexa|[Tt]omul|[Gg]rupa|[Tt]ipul|[Ff]aza"
    )
    powers = ("la pătrat", "la cub")
    cents_joiner = time_joiner = "și"
    of_millions = "de"
    magnitude_forms = {
        10**6: ("milion", "milioane", "de milioane", "milioane"),
        10**9: ("miliard", "miliarde", "de miliarde", "miliarde"),
    }  # fmt: skip
    magnitude_signs = {"mil.": 10**6, "mld.": 10**9, "mld": 10**9}
    currency_forms = {
        "RON": ("leu", "lei", "de lei"), "EUR": ("euro", "euro", "de euro"),
        "USD": ("dolar", "dolari", "de dolari"), "GBP": ("liră", "lire", "de lire"),
    }  # fmt: skip
    measures = {
        "mp": ("metru pătrat", "metri pătrați", "de metri pătrați"),
        "mc": ("metru cub", "metri cubi", "de metri cubi"),
        "dl": ("decilitru", "decilitri", "de decilitri"), "gr": ("gram", "grame", "de grame"),
        "ml": ("mililitru", "mililitri", "de mililitri"), "sec": ("secundă", "secunde", "de secunde"),
        "buc": ("bucată", "bucăți", "de bucăți"), "ha": ("hectar", "hectare", "de hectare"),
        "Mbps": ("megabit pe secundă", "megabiți pe secundă", "de megabiți pe secundă"),
        "pers": ("persoană", "persoane", "de persoane"), "cp": ("cal putere", "cai putere", "de cai putere"),
        "CP": ("cal putere", "cai putere", "de cai putere"),
    }  # fmt: skip
    symbols = {
        "°": "grade", "±": "plus minus", "×": "ori", "÷": "împărțit la", "≈": "aproximativ", "≠": "diferit de",
        "≤": "mai mic sau egal cu", "≥": "mai mare sau egal cu", "<": "mai mic decât", ">": "mai mare decât",
        "√": "radical din", "∞": "infinit", "§": "paragraful", "©": "copyright", "№": "numărul", "µ": "micro",
        "€": "euro",
        "$": "dolari", "£": "lire", "¥": "yeni", "‰": "la mie", "→": "", "*": "ori", "#": "numărul",
        "?": "semnul întrebării", ":": "două puncte",
    }  # fmt: skip
    spelled = frozenset("UE SUA TVA FMI CNA DNA SRI ITP RCA ATM IT USR UDMR OMS UMF RAR".split())
    abbreviations = {
        "dl": "domnul", "d-l": "domnul", "d-lui": "domnului", "dlui": "domnului", "d-na": "doamna",
        "d-nei": "doamnei", "dnei": "doamnei", "d-ra": "domnișoara", "dra": "domnișoara", "dr": ".doctor",
        "prof": ".profesor",
        "ing": ".inginer", "av": ".avocat", "acad": ".academician", "conf": ".conferențiar", "univ": ".universitar",
        "etc": "et cetera", "ș.a": "și altele", "ș.a.m.d": "și așa mai departe", "ex": ".exemplu", "nr": "numărul",
        "str": ".strada", "bd": ".bulevardul", "b-dul": "bulevardul", "bdul": "bulevardul", "bld": ".bulevardul",
        "șos": ".șoseaua", "al": ".#aleea", "bl": ".blocul", "sc": ".scara", "et": ".#etajul",
        "ap": ".#apartamentul", "jud": ".județul", "com": ".comuna", "sect": ".#sectorul",
        "pag": ".#pagina", "p": ".#pagina", "art": ".#articolul", "alin": ".alineatul", "lit": ".litera",
        "cap": ".#capitolul",
        "vol": ".#volumul", "tel": ".telefon", "cca": "circa", "aprox": ".aproximativ", "max": ".maximum",
        "min": ".minimum",
        "î.hr": "înainte de Hristos", "d.hr": "după Hristos", "î.e.n": "înaintea erei noastre", "e.n": "era noastră",
        "n.red": "nota redacției", "resp": ".respectiv", "fig": ".#figura", "lb": ".limba",
        "pt": ".pentru", "ca": ".#circa", "pr": ".părintele", "dvs": "dumneavoastră", "d-voastră": "dumneavoastră",
        "cf": ".conform", "cl": ".clasa",
    }  # fmt: skip
    feminine_units = frozenset(("h", "s", "t", "ms", "cal", "kcal"))

    def first_rules(self) -> list:
        return [*self._date_rules(), *self._order_rules(), *self._code_rules(), *self._amount_rules()]

    def _date_rules(self) -> list:
        """Days, weekdays, decades and hours."""
        return [
            month_rule(_SHORT_MONTHS),
            (
                re.compile(rf"(?<!\w)(?P<first>{_WEEKDAY})\s?[-—]\s?(?P<last>{_WEEKDAY})(?!\w)", re.I),
                lambda m: f"{m['first']} până {m['last']}",
            ),
            (re.compile(rf"(?<![\w.,/])1(?=\s(?:{_MONTH})(?!\w))", re.I), lambda m: "întâi"),
            (
                re.compile(rf"(?<![\w.,/-])(?P<n>[12]?\d|3[01])(?=\s(?:{_MONTH})(?!\w))", re.I),
                lambda m: self.cardinal(int(m["n"])),
            ),
            (re.compile(r"(?<!\w)'(?=\d0(?!\d))"), lambda m: ""),
            (re.compile(rf"(?<=[a-z])\s?[-—]\s?(?=(?:[12]?\d|3[01])\s(?:{_MONTH})(?!\w))"), self._between_dates),
            (
                re.compile(
                    rf"(?<!\w)(?P<day>{_WEEKDAY}|pe|din),?\s(?P<a>[0-2]?\d|3[01])\.(?P<b>0[1-9]|1[0-2])(?![\w.,]\d|\w)",
                    re.I,
                ),
                self._day_and_month,
            ),
            (
                re.compile(r"(?<=\b[Oo]ra\s)(?:2|12|22)(?![\w:]|[.,]\d)"),
                lambda m: self.cardinal(int(m[0]), feminine=True),
            ),
            (re.compile(r"(?<=\d\sde\s)min(?:\.|(?!\w))"), lambda m: "minute"),
        ]

    def _order_rules(self) -> list:
        """Ordinals, centuries and rulers."""
        return [
            (re.compile(r"(?<!\w)(?P<article>[Aa]l|[Aa])\s(?P<n>\d{1,3}|[IVX]+)-(?P<end>lea|a)(?!\w)"), self._ordinal),
            (re.compile(r"(?<!\w)(?P<century>[Ss]ecolul|[Ss]ec\.)\s(?P<roman>[IVX]+)(?!\w|-[a-z])"), self._century),
            (re.compile(r"(?<!\w)[Ss]ec\.(?=\s(?:al\s)?[IVX\d])"), lambda m: "secolul"),
            (
                re.compile(r"(?<=\b[Ss]ecolele\s)(?P<first>[IVX]+)\s?(?P<between>[-—]|și)\s?(?P<last>[IVX]+)(?!\w)"),
                self._centuries,
            ),
            (
                re.compile(r"(?<=\b[Cc]lasele\s)(?P<first>[IVX]+)\s?[-—]\s?(?P<last>[IVX]+)(?!\w)"),
                self._classes,
            ),
            (re.compile(r"(?<!\w)[Cc]lasa\sa\sI-a(?!\w)"), lambda m: m[0][:5] + " întâi"),
            (re.compile(rf"(?<!\w)(?P<word>{_FIRST})\sI(?!\w|-)"), lambda m: f"{m['word']} întâi"),
        ]

    def _code_rules(self) -> list:
        """Telephone numbers, laws, floors and saints."""
        return [
            (re.compile(r"(?<![\w.,])0\d{2,3}[. ]\d{3}[. ]\d{2,3}(?:[. ]\d\d)?(?![\w-])"), self.digits),
            (
                re.compile(
                    r"(?<!\w)(?P<law>[Ll]egea|[Nn]r\.|[Oo]rdonanța|HG|OUG|OG|[Dd]ecizia|[Hh]otărârea)\s(?P<n>\d{1,4})"
                    r"/(?P<y>(?:19|20)\d\d)(?!\w)"
                ),
                self._law,
            ),
            (
                re.compile(r"(?<!\w)[Ee]t\.\s(?P<a>\d{1,2})/(?P<b>\d{1,2})(?!\w)"),
                lambda m: f"etajul {self.cardinal(int(m['a']))} din {self.cardinal(int(m['b']))}",
            ),
            (
                re.compile(
                    r"(?:(?<=nr\.\s)|(?<=bl\.\s)|(?<=sc\.\s)|(?<=ap\.\s))(?P<n>\d{1,3})\s?(?P<letter>[A-Z])(?!\w)"
                ),
                lambda m: f"{self.cardinal(int(m['n']))} {m['letter']}",
            ),
            (re.compile(r"(?<!\w)[Dd]na\.?(?!\w)"), lambda m: "doamna"),  # "DNA" is an office
            (re.compile(r"(?<!\w)Sf\.\s(?P<name>[A-ZȘȚÎÂ]\w+)"), self._saint),
            code_rule(self),
        ]

    def _amount_rules(self) -> list:
        """Prices, fractions, measures and scores."""
        amount = r"(?P<lei>\d{1,3}(?:\.\d{3})+|\d+)"
        return [
            (re.compile(rf"(?<![\w.,]){amount}[.,](?P<bani>\d\d)\s?(?:de\s)?(?:lei|RON)(?!\w)"), self._lei),
            (
                re.compile(r"(?<![\w./,-])(?<!\d\s)(?P<a>[1-9])/(?P<b>[2-9]|10)(?=\s(?!din|dintre|de)[a-zăâîșț]{3})"),
                lambda m: f"{self.fraction(int(m['a']), int(m['b']))} de" if int(m["a"]) < int(m["b"]) else None,
            ),
            (
                re.compile(r"(?<![\w./,-])(?P<n>\d{1,2})\s?(?:1/2|½)\s(?P<noun>[a-zăâîșț]{3,})"),
                lambda m: f"{self.counted(int(m['n']), m['noun'])} {m['noun']} și jumătate",
            ),
            measure_rule(self, self.measures),
            per_quantity_rule(self),
            hours_rule(self),
            span_of_hours_rule(self),
            (re.compile(r"(?<![\w.,:])24[:.]00(?!\d)"), lambda m: self.cardinal(24)),
            (re.compile(r"(?:(?<=\blei)|(?<=\beuro)|(?<=€))/mp(?!\w)"), lambda m: " pe metru pătrat"),
            (re.compile(r"(?:(?<=\blei)|(?<=\beuro)|(?<=€))/kWh(?!\w)"), lambda m: " pe kilowatt-oră"),
            (
                re.compile(r"(?:(?<=\blei)|(?<=\bRON)|(?<=\bEUR)|(?<=\beuro))/(?P<unit>kg|l|km|h)(?!\w)"),
                self._per_unit,
            ),
            size_rule(self),
            sets_rule(self, " la "),
            (
                re.compile(r"(?<=\w)/(?P<noun>buc|pers)(?:\.|(?!\w))"),
                lambda m: {"buc": " pe bucată", "pers": " de persoană"}[m["noun"]],
            ),
            (
                re.compile(
                    r"(?<=\bcu\s)(?P<a>\d{1,2})\s?[-—]\s?(?P<b>\d{1,2})(?!\s(?!în |la |pe |cu |contra |după |acasă )"
                    r"[a-zăâîșț]|[\w-])"
                ),
                lambda m: f"{self.cardinal(int(m['a']))} la {self.cardinal(int(m['b']))}",
            ),
        ]

    def _lei(self, match: re.Match) -> str:
        whole, cents = int(match["lei"].replace(".", "")), int(match["bani"])
        parts = [f"{self.counted(whole, 'lei')} {self.currency('RON', whole)[0]}"] if whole or not cents else []
        if cents:
            one, many = ("ban", "bani") if cents < 20 else ("", "de bani")
            parts.append(f"{self.counted(cents, 'ban')} {one if cents == 1 else many}")
        return " și ".join(parts)

    def _law(self, match: re.Match) -> str:
        name = "numărul" if match["law"].endswith(".") else match["law"]
        return f"{name} {self.cardinal(int(match['n']))} din {self.cardinal(int(match['y']))}"

    def _day_and_month(self, match: re.Match) -> str | None:
        words = self._checked_date(int(match["a"]), int(match["b"]), None)
        return words and f"{match['day']} {words}"

    @staticmethod
    def _saint(match: re.Match) -> str:
        name = match["name"]
        woman = (name.endswith(("a", "ă")) and name not in _MEN_IN_A) or name in ("Treime", "Vineri", "Scriptură")
        return f"{'Sfânta' if woman else 'Sfântul'} {name}"

    def _between_dates(self, match: re.Match) -> str | None:
        before = match.string[max(0, match.start() - 14) : match.start()]
        return f" {self.range_word} " if re.search(rf"\d\s(?:{_MONTH})$", before) else None

    def _ordinal(self, match: re.Match) -> str | None:
        number = int(match["n"]) if match["n"].isdigit() else self._roman_value(match["n"])
        if not number:
            return None
        if match["article"].lower() == "al":
            return number_words(number, "ro", "ordinal")
        return self._feminine_ordinal(number) if number > 1 else None

    def _classes(self, match: re.Match) -> str | None:
        first, last = self._roman_value(match["first"]), self._roman_value(match["last"])
        if not (first and last):
            return None
        start = "întâi" if first == 1 else self._feminine_ordinal(first)
        return f"{start} {self.range_word} {self._feminine_ordinal(last)}"

    def _feminine_ordinal(self, number: int) -> str:
        words = self.cardinal(number, feminine=True)
        for ending, ordinal in (("trei", "treia"), ("i", "ea"), ("e", "ea"), ("ă", "a"), ("u", "a"), ("t", "ta")):
            if words.endswith(ending):
                return f"a {words.removesuffix(ending).removeprefix('o ')}{ordinal}"
        return f"a {words}"

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else f"secolul {self.cardinal(value)}"

    def _centuries(self, match: re.Match) -> str | None:
        first, last = self._roman_value(match["first"]), self._roman_value(match["last"])
        between = "și" if match["between"] == "și" else self.range_word
        return f"{self.cardinal(first)} {between} {self.cardinal(last)}" if first and last else None

    def _magnitude(self, match: re.Match) -> str:
        counts_money = re.match(r"\s(?:lei|euro|dolari)(?!\w)", match.string[match.end() : match.end() + 10])
        return super()._magnitude(match) + (" de" if counts_money else "")

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and words.replace(" de de ", " de ")  # the forms of the currency have it, too

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if number >= 10**12:
            words = re.sub(r"^(?=bilion )", "un ", words)
        if not feminine:
            return words
        if number == 1:
            return "o"
        return re.sub(r"doi(?=$|sprezece$)", "două", re.sub(r"unu$", "una", words))

    def counted(self, number: int, following: str) -> str:
        if number == 1:
            if following in _FEMININE_PLURALS or following.endswith("uri"):
                return "una"  # "1-2 zile"
            if following in _NO_NOUNS or not following.islower():
                return self.cardinal(1)
            if following in _FEMININE or following.endswith(("ă", "are", "ere", "ire", "tate", "une", "ție")):
                return "o"
            return "un" if following in _MASCULINE or following[-1] not in "eia" else self.cardinal(1)
        return self.cardinal(number, following not in _NO_NOUNS and (
            following in _FEMININE_PLURALS or following.endswith(_FEMININE_PLURAL_ENDINGS)
        ))  # fmt: skip

    def _following(self, match: re.Match) -> str:
        following = re.match(r"\s+(?:de\s+)?([^\W\d_]+)", match.string[match.end() : match.end() + 40])
        return following[1] if following else ""

    def unit(self, symbol: str, count: "int | float") -> str | None:
        words = super().unit(symbol, count)
        return words and re.sub(r" metric[ăe]$", "", words)

    def _plain_number(self, match: re.Match) -> str:
        return self._with_de(match, super()._plain_number(match), match["number"])

    def _range(self, match: re.Match) -> str | None:
        first, last = self._parse(match["number"]), self._parse(match["to"])
        if (
            first.is_integer
            and last.is_integer
            and (last.value <= first.value < 1000 or not (first.value or self._following(match)))
            and not self._in_equation(match)
        ):
            return f"{self.number(first)} {self.score_word} {self.number(last)}"
        words = super()._range(match)
        return words and self._with_de(match, words, match["to"])

    def _with_de(self, match: re.Match, words: str, written: str) -> str:
        """The words with "de" where Romanian puts it and the text does not ("25 ani")."""
        number = self._parse(written)
        if not number.is_integer or (number.value % 100 < 20 and number.value % 100) or not number.value:
            return words
        return (
            f"{words} de"
            if re.match(rf"\s(?:{_COUNTED})(?!\w)", match.string[match.end() : match.end() + 20])
            else words
        )

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not numerator or numerator >= denominator or denominator > 10:
            return None
        if denominator == 2:
            return "o jumătate"
        if denominator == 4:
            return "un sfert" if numerator == 1 else f"{self.cardinal(numerator)} sferturi"
        part = _PARTS[denominator]
        return f"o {part}" if numerator == 1 else f"{self.cardinal(numerator, feminine=True)} {part[:-1]}i"

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        return words and re.sub(r"^jumătate ", "o jumătate de ", words)

    def time_patterns(self) -> list:
        times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
        return [
            (
                rf"(?:(?<=\bora\s)|(?<=\bOra\s)|(?<=\borele\s)|(?<=\bOrele\s)|(?<=\bla\s)|(?<=\bLa\s)"
                rf"){times}(?!\s(?:lei|la sută|milioane|puncte|metri|%))",
                self._time,
                0,
            ),
            (r"(?<=\d:\d\d)\s?[-—]\s?(?=\d{1,2}:\d\d(?!\d))", lambda m: f" {self.range_word} ", 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = [self.cardinal(hour, feminine=hour % 10 == 2)]
        if minute:
            words += [self.time_joiner, self.cardinal(minute, feminine=minute % 10 == 2)]
        return " ".join([*words, *self.seconds(second)])

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and re.sub(r"^unu ", "întâi ", words)
