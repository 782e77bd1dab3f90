"""Norwegian Bokmål: "en" and "ett", years by the century, "kr" for its own crowns, "17. mai"."""

import re

from .normalization_nordic import NordicNormalizer
from .normalization_tables import month_names
from .number_words import number_words


_NEUTER = frozenset(
    "hus år minutt sekund kilo kilogram gram tonn barn mål poeng tog kort sted land lag døgn kvarter bord rom "
    "ord spørsmål egg glass stykk stykke eple brød bilde skip fly sett slag spill svar tilfelle medlem menneske "
    "foto hefte liv nummer firma bord vindu tre fjell kryddermål hundre tusen århundre tiår hekto selskap "
    "problem museum".split()
)
_PLACES = "|".join(("[Kk]apittel", "[Kk]ap\\.", "[Dd]el", "[Vv]edlegg", "[Aa]rtikkel", "[Aa]kt", "[Bb]ind", "[Tt]ype"))


class NorwegianNormalizer(NordicNormalizer):
    """Norwegian Bokmål with the number format 1 234,56."""

    clock_word, page_word, crowns = "klokken", "side", "kroner"
    currency_codes = {"kr": "NOK"}
    decimal_words = {",": "komma", ".": "punktum"}
    minus, plus, percent, permille = "minus", "pluss", "prosent", "promille"
    range_word, and_word, equals, per_word, power_word = "til", "og", "er lik", "per", "opphøyd i"
    cents_joiner = "og"
    per_nouns = r"(?:år|måned|uke|dag|døgn|natt|time|person|stk|stykk|min|porsjon)\b"
    times_word, size_word, fold_words = "ganger", "ganger", ("gang", "ganger")
    dot, at, slash, dash, underscore = "punktum", "krøllalfa", "skråstrek", "bindestrek", "understrek"
    powers = ("i annen", "i tredje")
    date_before = "den|innen|mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag"
    roman_contexts = _PLACES
    ordinal_ending = r"\.(?=\s+[a-zæøå])"
    decade_word = r"(?:tall|år(?=ene|a\b))\w*"
    halves_of, quarter, many_parts, decade_of_2000 = ("en halv", "et halvt"), "kvart", "er", "tjue"
    parts = tuple("tredjedel fjerdedel femtedel sjettedel sjudel åttedel nidel tidel".split())
    magnitude_forms = {10**6: ("million",) + ("millioner",) * 3, 10**9: ("milliard",) + ("milliarder",) * 3}
    magnitude_signs = {"mill.": 10**6, "mill": 10**6, "mrd.": 10**9, "mrd": 10**9}
    currencies = {
        "NOK": ("krone", "kroner", "øre", "øre"), "USD": ("dollar", "dollar", "cent", "cent"),
        "EUR": ("euro", "euro", "cent", "cent"), "GBP": ("pund", "pund", "pence", "pence"),
    }  # fmt: skip
    unit_overrides = {"kg": ("kilo", "kilo"), "°": ("grad", "grader"), "km/h": ("kilometer i timen",) * 2}
    measures = {
        "dl": ("desiliter",) * 3, "ts": ("teskje", "teskjeer", "teskjeer"),
        "ss": ("spiseskje", "spiseskjeer", "spiseskjeer"),
        "hg": ("hekto",) * 3, "stk": ("stykk", "stykker", "stykker"), "mnd": ("måned", "måneder", "måneder"),
        "sek": ("sekund", "sekunder", "sekunder"), "kvm": ("kvadratmeter",) * 3,
        "pers": ("person", "personer", "personer"), "Mbps": ("megabit per sekund",) * 3,
        "km/t": ("kilometer i timen",) * 3, "t": ("time", "timer", "timer"),
    }  # fmt: skip
    per_shorts = {"mnd": "måned", "t": "time", "stk": "stykk", "pers": "person"}
    neuter_measures = frozenset(("hg", "stk", "sek"))
    weekdays = {
        "man": "mandag", "tir": "tirsdag", "tirs": "tirsdag", "ons": "onsdag", "tor": "torsdag", "tors": "torsdag",
        "fre": "fredag", "lør": "lørdag", "søn": "søndag",
    }  # fmt: skip
    short_months = {
        "jan": "januar", "feb": "februar", "febr": "februar", "mar": "mars", "apr": "april", "jun": "juni",
        "jul": "juli",
        "aug": "august", "sep": "september", "sept": "september", "okt": "oktober", "nov": "november",
        "des": "desember",
    }  # fmt: skip
    symbols = {
        "°": "grader", "±": "pluss minus", "×": "ganger", "÷": "delt på", "≈": "omtrent", "≠": "ikke lik",
        "≤": "mindre enn eller lik", "≥": "større enn eller lik", "<": "mindre enn", ">": "større enn",
        "√": "kvadratroten av", "∞": "uendelig", "§": "paragraf", "©": "copyright", "№": "nummer", "µ": "mikro",
        "€": "euro",
        "$": "dollar", "£": "pund", "¥": "yen", "‰": "promille", "→": "til", "*": "ganger", "#": "nummer",
        "?": "spørsmålstegn", ":": "kolon",
    }  # fmt: skip
    spelled = frozenset("USA EM OL LO AS IT NTNU USB OECD IMF WHO NHO KI".split())
    abbreviations = {
        "f.eks": "for eksempel", "feks": "for eksempel", "bl.a": "blant annet", "dvs": "det vil si",
        "osv": "og så videre",
        "m.m": "med mer", "mm": ".med mer", "m.fl": "med flere", "t.o.m": "til og med", "f.o.m": "fra og med",
        "kl": ".klokken",
        "nr": "nummer", "ca": "cirka", "pga": "på grunn av", "p.g.a": "på grunn av", "mht": "med hensyn til",
        "m.h.t": "med hensyn til", "mtp": "med tanke på", "ift": "i forhold til", "ifm": "i forbindelse med",
        "iht": "i henhold til",
        "ang": ".angående", "evt": "eventuelt", "ev": ".eventuelt", "inkl": "inklusive", "ekskl": "eksklusive",
        "mva": "merverdiavgift", "o.l": "og lignende", "e.l": "eller lignende", "jf": "jamfør", "jfr": "jamfør",
        "f.kr": "før Kristus", "e.kr": "etter Kristus", "dr": ".doktor", "prof": ".professor", "kap": ".#kapittel",
        "tlf": "telefon", "mob": ".mobil", "org.nr": "organisasjonsnummer", "fig": ".#figur", "tab": ".#tabell",
        "art": ".#artikkel", "statsmin": ".statsminister", "adm.dir": "administrerende direktør", "avd": ".avdeling",
        "resp": ".respektive", "maks": ".maksimalt", "gj.sn": "gjennomsnitt", "hhv": "henholdsvis",
        "vha": "ved hjelp av", "vs": "versus", "mnd": "måned", "stk": ".#stykk", "forts": ".fortsetter",
        "avg": "avgang", "etg": "etasje", "gml": ".gamle",
        "ank": "ankomst", "pr": ".per", "org. nr": "organisasjonsnummer", "m.a.o": "med andre ord",
        "d.v.s": "det vil si", "o.s.v": "og så videre", "bl. a": "blant annet",
        "f. eks": "for eksempel", "rv": ".#riksvei", "fv": ".#fylkesvei", "d.e": "det er",
    }  # fmt: skip

    def hundred_between(self, rest: int) -> str:
        return "" if rest else "hundre"  # "nittenåttitallet"

    def first_rules(self) -> list:
        return [*self._rules_in_front(), *super().first_rules(), *self._rules_behind()]

    def _rules_in_front(self) -> list:
        """Crowns in front, days with the stops of ordinals, hours without one."""
        months = "|".join([*month_names(self.language), *self.short_months])
        return [
            (
                re.compile(
                    r"(?<!\w)kr\.?\s(?P<n>(?:\d{1,3}(?:[ .]\d{3})+|\d+)(?:,\d\d)?)(?:,-|,—)?(?![\w-]|[.,]\d|\s?mi?ll|"
                    r"\s?mrd)"
                ),
                self._crowns_in_front,
            ),
            (
                re.compile(
                    r"(?:(?<=\b[Dd]en\s)|(?<=\binnen\s)|(?<=\bpr\.\s)|(?<=\bsenest\s))(?P<a>\d{1,2})\.(?P<b>\d{1,2})"
                    r"(?:\.(?=\s\w)|(?=\.?(?:\s|$)))"
                ),
                self._spoken_short_date,
            ),
            (
                re.compile(r"(?<![\w.,:/-])(?<!versjon\s)(?P<a>[12]?\d|3[01])\.(?P<b>[1-9])(?:\.(?=\s)|(?=\.$))"),
                self._spoken_short_date,
            ),
            (
                re.compile(
                    r"(?<![\w.,:/-])(?<!\b[Kk]l\.\s)(?<!\b[Kk]l\s)(?P<a>[12]?\d|3[01])\.(?P<b>1[0-2]|[1-9])\.(?=,|"
                    r"\s[a-zæøå])"
                ),
                self._spoken_short_date,
            ),
            (
                re.compile(r"(?:(?<=\b[Kk]l\.\s)|(?<=\b[Kk]l\s))(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)(?![\w.,:]\w|\w)"),
                self._time,
            ),
            (
                re.compile(
                    r"(?<![\w.,/-])(?P<a>\d{1,3})\.\s?[-—]\s?(?P<b>\d{1,3})\.(?=\s[a-zæøå])(?!\s(?:" + months + "))"
                ),
                lambda m: f"{self.ordinal(int(m['a']))} til {self.ordinal(int(m['b']))}",
            ),
            (
                re.compile(r"(?<=\b[Dd]en\s)(?P<n>[12]?\d|3[01])\.(?=\s*$|\s[A-ZÆØÅ])"),
                lambda m: f"{self.ordinal(int(m['n']))}.",
            ),
            (
                re.compile(rf"(?<!\w)(?P<letters>{'|'.join(self.spelled)})s(?!\w)"),
                lambda m: " ".join(m["letters"]) + "s",
            ),
        ]

    def _rules_behind(self) -> list:
        """Days, weekdays, prices per month, telephone and account numbers."""
        months = "|".join([*month_names(self.language), *self.short_months])
        return [
            (
                re.compile(rf"(?<![\w.,])(?P<n>[12]?\d|3[01])\.(?=\s?(?:{months})(?!\w))"),
                lambda m: self.ordinal(int(m["n"])),
            ),
            (
                re.compile(
                    r"(?<!\w)(?P<day>[Mm]an|[Tt]irs?|[Oo]ns|[Tt]ors?|[Ff]re|[Ll]ør|[Ss]øn)\.(?=\s\d|\s[a-zæøå])"
                ),
                lambda m: self.weekdays[m["day"].lower()],
            ),
            self.per_short_rule(),
            (
                re.compile(
                    r"(?<![\w.,+-])(?<!\d )(?:[2-9]\d(?: \d\d){3}|[49]\d\d \d\d \d{3}|\d{4}[ .]\d\d[ .]\d{5}|"
                    r"(?<=nr\. )\d{3} \d{3} \d{3})(?!\w| ?\d)"
                ),
                self.digits,
            ),
        ]

    def _crowns_in_front(self, match: re.Match) -> str | None:
        return self.money(self._parse(match["n"]), None, "NOK", None)

    def _spoken_short_date(self, match: re.Match) -> str | None:
        return self._checked_date(int(match["a"]), int(match["b"]), None)

    def cardinal(self, number: int, feminine: bool = False) -> str:
        if not number:
            return "null"
        words = number_words(number, self.language)
        words = re.sub(r"^en (?=hundre|tusen)", "", re.sub(r"(?<=\w )en (?=hundre|tusen)", "ett ", words))
        return re.sub(r"\b(million|milliard)\b(?<!^en million)(?<!^en milliard)", r"\1er", words)

    def counted(self, number: int, following: str) -> str:
        words = self.cardinal(number)
        return (
            re.sub(r"en$", "ett", words) if number % 10 == 1 and number % 100 != 11 and following in _NEUTER else words
        )

    def year(self, year: int) -> str:
        return number_words(year, self.language, "year") if 1100 <= year <= 1999 else self.cardinal(year)
