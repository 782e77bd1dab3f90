"""Swedish: "en" and "ett", years by the century, kronor and öre."""

import re

from .normalization_nordic import NordicNormalizer
from .number_words import number_words


_COMMON_GENDER = frozenset(
    "krona timme minut sekund kilometer meter centimeter millimeter liter deciliter centiliter dollar euro grad "
    "procent mil dag vecka månad gång person kvinna man miljon miljard bil bok plats match seger tesked matsked "
    "natt hund katt vän son dotter bror mor far säng stol dörr buss båt cykel burk trappa styck flaska kopp skål "
    "del sida".split()
)
_COMMON_ENDINGS = ("are", "ning", "ling", "tion", "het", "else", "dag")
_NEUTER = frozenset("öga öra hjärta".split())
_SINGLES = dict(enumerate("ettan tvåan trean fyran femman sexan sjuan åttan nian tian elvan tolvan".split(), 1))
_PLACES = "|".join(("[Kk]apitel", "[Kk]ap\\.", "[Dd]el", "[Bb]ilaga", "[Aa]rtikel", "[Aa]kt", "[Bb]and", "[Tt]yp"))


class SwedishNormalizer(NordicNormalizer):
    """Swedish with the number format 1 234,56."""

    clock_word, page_word, crowns = "klockan", "sidan", "kronor"
    decimal_words = {",": "komma", ".": "punkt"}
    minus, plus, percent, permille = "minus", "plus", "procent", "promille"
    range_word, and_word, equals, per_word, power_word = "till", "och", "är lika med", "per", "upphöjt till"
    cents_joiner = "och"
    per_nouns = r"(?:år|månad|mån|vecka|dag|dygn|natt|timme|tim|person|pers|st|styck|min|sek|skiva|port)\b"
    times_word, size_word, fold_words = "gånger", "gånger", ("gång", "gånger")
    dot, at, slash, dash, underscore = "punkt", "snabel-a", "snedstreck", "bindestreck", "understreck"
    powers = ("i kvadrat", "i kubik")
    date_before = "den|senast|måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag|mån|tis|ons|tors|fre|lör|sön"
    roman_contexts = _PLACES
    ordinal_ending = r":(?:a|e)(?!\w)"
    halves_of, quarter, many_parts, decade_of_2000 = ("en halv", "ett halvt"), "kvarts", "ar", "tjugohundra"
    parts = tuple("tredjedel fjärdedel femtedel sjättedel sjundedel åttondel niondel tiondel".split())
    magnitude_forms = {10**6: ("miljon",) + ("miljoner",) * 3, 10**9: ("miljard",) + ("miljarder",) * 3}
    magnitude_signs = {"milj.": 10**6, "milj": 10**6, "mn": 10**6, "md": 10**9, "mdr": 10**9, "mdr.": 10**9}
    currencies = {
        "SEK": ("krona", "kronor", "öre", "öre"), "USD": ("dollar", "dollar", "cent", "cent"),
        "EUR": ("euro", "euro", "cent", "cent"), "GBP": ("pund", "pund", "pence", "pence"),
    }  # fmt: skip
    unit_overrides = {"kg": ("kilo", "kilo"), "°": ("grad", "grader")}
    measures = {
        "dl": ("deciliter",) * 3, "tsk": ("tesked", "teskedar", "teskedar"),
        "msk": ("matsked", "matskedar", "matskedar"),
        "krm": ("kryddmått",) * 3, "hg": ("hekto",) * 3, "st": ("styck", "stycken", "stycken"), "ggr": ("gånger",) * 3,
        "tim": ("timme", "timmar", "timmar"), "mån": ("månad", "månader", "månader"),
        "sek": ("sekund", "sekunder", "sekunder"),
        "tkr": ("tusen kronor",) * 3, "Mkr": ("miljon kronor", "miljoner kronor", "miljoner kronor"),
        "mkr": ("miljon kronor", "miljoner kronor", "miljoner kronor"),
        "kkr": ("tusen kronor",) * 3, "kvm": ("kvadratmeter",) * 3, "pers": ("person", "personer", "personer"),
        "Mbps": ("megabit per sekund",) * 3,
        "km/tim": ("kilometer i timmen",) * 3, "tr": ("trappa", "trappor", "trappor"),
    }  # fmt: skip
    neuter_measures = frozenset(("krm", "hg"))
    per_shorts = {"mån": "månad", "tim": "timme", "pers": "person", "st": "styck", "sek": "sekund"}
    weekdays = {
        "mån": "måndag", "tis": "tisdag", "ons": "onsdag", "tors": "torsdag", "tor": "torsdag", "fre": "fredag",
        "tisd": "tisdag", "onsd": "onsdag", "torsd": "torsdag", "fred": "fredag", "lör": "lördag", "lörd": "lördag",
        "sön": "söndag", "sönd": "söndag",
    }  # fmt: skip
    short_months = {
        "jan": "januari", "feb": "februari", "febr": "februari", "mar": "mars", "apr": "april", "jun": "juni",
        "jul": "juli", "aug": "augusti", "sep": "september", "sept": "september", "okt": "oktober", "nov": "november",
        "dec": "december",
    }  # fmt: skip
    symbols = {
        "°": "grader", "±": "plus minus", "×": "gånger", "÷": "delat med", "≈": "ungefär", "≠": "inte lika med",
        "≤": "mindre än eller lika med", "≥": "större än eller lika med", "<": "mindre än", ">": "större än",
        "√": "roten ur", "∞": "oändligheten", "§": "paragraf", "©": "copyright", "№": "nummer", "µ": "mikro",
        "€": "euro",
        "$": "dollar", "£": "pund", "¥": "yen", "‰": "promille", "→": "till", "*": "gånger", "#": "nummer",
        "?": "frågetecken", ":": "kolon",
    }  # fmt: skip
    spelled = frozenset("EM OS LO TCO SMHI USB OECD WHO IT AB".split())
    abbreviations = {
        "t.ex": "till exempel", "t. ex": "till exempel", "t ex": "till exempel", "bl.a": "bland annat",
        "bl. a": "bland annat",
        "d.v.s": "det vill säga", "dvs": "det vill säga", "d v s": "det vill säga", "osv": "och så vidare",
        "o.s.v": "och så vidare",
        "m.m": "med mera", "m.fl": "med flera", "fr.o.m": "från och med", "t.o.m": "till och med", "kl": ".klockan",
        "nr": "nummer", "s.k": "så kallad", "ca": "cirka", "c:a": "cirka", "p.g.a": "på grund av",
        "pga": "på grund av",
        "m.a.o": "med andra ord", "o.d": "och dylikt", "e.d": "eller dylikt", "resp": ".respektive",
        "inkl": "inklusive",
        "exkl": "exklusive", "f.d": "före detta", "f.kr": "före Kristus", "e.kr": "efter Kristus", "dr": ".doktor",
        "prof": ".professor", "sid": ".#sidan", "kap": ".#kapitel", "v": ".#vecka", "tel": ".telefon",
        "mob": ".mobil", "fig": ".#figur", "tab": ".#tabell", "art": ".#artikel", "jfr": "jämför", "ev": ".eventuellt",
        "i st.f": "i stället för", "f.n": "för närvarande", "o.dyl": "och dylikt", "m.h.a": "med hjälp av",
        "a.a": "anfört arbete", "fr.a": "framför allt", "bl": ".bland", "st": ".#stycken", "max": ".maximalt",
        "vard": ".vardagar", "st:t": "sankt", "s:t": "sankt", "s:ta": "sankta", "avg": "avgång", "ank": "ankomst",
        "temp": ".temperatur", "f.m": "på förmiddagen", "e.m": "på eftermiddagen", "lgh": "lägenhet",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<![\w.,:])(?P<n>\d{1,2}):(?P<end>ans?|orna|or)(?!\w)"), self._single),
            (re.compile(r"(?<![\w.,:])(?P<kr>\d{1,3}(?:\s\d{3})*|\d+):(?P<ore>\d\d)\s?kr(?!\w)"), self._with_colon),
            (
                re.compile(r"(?<![\w.,])(?P<kap>\d{1,2})\s?kap\.\s(?=\d{1,3}\s?§)"),
                lambda m: f"{self.ordinal(int(m['kap']))} kapitlet ",
            ),
            (
                re.compile(r"(?<![\w.,-])(?P<n>\d{1,3})\s?§"),
                lambda m: f"{self.ordinal(int(m['n']))} paragrafen",
            ),
            (re.compile(r"(?<![\w.,:])(?P<n>\d{1,4}):s(?!\w)"), lambda m: f"{self.cardinal(int(m['n']))}s"),
            (
                re.compile(rf"(?<!\w)(?P<day>{'|'.join(self.weekdays)})\s(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?![\w/])"),
                self._weekday_and_date,
            ),
            *super().first_rules(),
            (re.compile(r"(?<!\w)(?P<o>[Oo])rd\.(?=\spris|\s\d)"), lambda m: f"{m['o']}rdinarie"),
            (
                re.compile(r"(?<!\w)(?:[Mm]ån|[Tt]isd?|[Oo]nsd?|[Tt]orsd?|[Ff]red?|[Ll]örd?|[Ss]önd?)(?=\.?\s\d)\.?"),
                lambda m: self.weekdays[m[0].lower().rstrip(".")],
            ),
            self.per_short_rule(),
        ]

    def _weekday_and_date(self, match: re.Match) -> str | None:
        date = self._checked_date(int(match["a"]), int(match["b"]), None)
        return date and f"{self.weekdays[match['day']]} {date}"

    @staticmethod
    def _single(match: re.Match) -> str | None:
        name = _SINGLES.get(int(match["n"]))
        if name is None:
            return None
        return {"an": name, "ans": name + "s", "or": name[:-2] + "or", "orna": name[:-2] + "orna"}[match["end"]]

    def _with_colon(self, match: re.Match) -> str | None:
        return self.money(self._parse(f"{match['kr']},{match['ore']}"), None, "kr", None)

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and re.sub(r"^ett (?=mil)", "en ", words)

    def cardinal(self, number: int, feminine: bool = False) -> str:
        return number_words(number, self.language).replace("etttusen", "ettusen")

    def counted(self, number: int, following: str) -> str:
        common = (
            following in _COMMON_GENDER
            or following == "av"
            or (
                following not in _NEUTER
                and following.islower()
                and (following.endswith(_COMMON_ENDINGS) or re.fullmatch(r"\w{4,}a", following))
            )
        )
        return "en" if number == 1 and common else self.cardinal(number)

    def year(self, year: int) -> str:
        if not 1100 <= year <= 1999:
            return self.cardinal(year)
        rest = self.cardinal(year % 100) if year % 100 else ""
        return f"{self.cardinal(year // 100)}hundra{rest}"
