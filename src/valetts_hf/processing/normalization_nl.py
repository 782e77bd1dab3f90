"""Dutch: years by the century, times with "uur", prices with ",-"."""

import re

from .normalization_measures import span_of_hours_rule
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_weekdays import month_rule, weekday_rules
from .number_words import WrittenNumber, number_words


_WEEKDAYS = dict(
    zip("ma di wo do vr za zo".split(), "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag".split())
)
_SHORT_MONTHS = {
    "jan": "januari", "feb": "februari", "febr": "februari", "mrt": "maart", "apr": "april", "jun": "juni", "jul": "juli",
    "aug": "augustus", "sep": "september", "sept": "september", "okt": "oktober", "nov": "november", "dec": "december",
}  # fmt: skip
_DENOMINATORS = {3: "derde", 4: "kwart"}
_COUNTED_BY = frozenset("deel hoofdstuk bijlage artikel".split())


class DutchNormalizer(PluralFormsNormalizer):
    """Dutch with the number format 1.234,56."""

    decimal_words = {",": "komma", ".": "punt"}
    minus, plus, percent = "min", "plus", "procent"
    range_word, and_word, equals, permille, per_word, power_word = "tot", "en", "is", "promille", "per", "tot de macht"
    per_nouns = r"(?:uur|dag|nacht|week|maand|jaar|persoon|stuk)\b"
    score_word, times_word, size_word, fold_words = "", "keer", "bij", ("keer", "keer")
    underscore = "laag streepje"
    powers = ("kwadraat", "tot de derde")
    roman_contexts = "[Dd]eel|[Hh]oofdstuk|[Bb]ijlage|[Aa]rtikel"
    symbols = {
        "°": "graden", "±": "plusminus", "×": "keer", "÷": "gedeeld door", "≈": "ongeveer", "≠": "ongelijk aan",
        "≤": "kleiner dan of gelijk aan", "≥": "groter dan of gelijk aan", "<": "kleiner dan", ">": "groter dan",
        "√": "wortel", "∞": "oneindig", "§": "paragraaf", "©": "copyright", "№": "nummer", "µ": "micro", "€": "euro",
        "$": "dollar", "£": "pond", "¥": "yen", "‰": "promille", "→": "naar", "*": "keer", "#": "nummer",
        "?": "vraagteken", ":": "dubbelepunt",
    }  # fmt: skip
    cent_forms = {"EUR": ("cent",) * 3, "USD": ("cent",) * 3}
    dot, at, slash, dash = "punt", "apenstaartje", "slash", "streepje"
    ordinal_ending = r"(?:e|de|ste)(?!\w)"
    magnitude_forms = {10**6: ("miljoen",) * 4, 10**9: ("miljard",) * 4}
    magnitude_signs = {"mln.": 10**6, "mln": 10**6, "mld.": 10**9, "mld": 10**9}
    currency_forms = {"EUR": ("euro",) * 3, "USD": ("dollar",) * 3}
    unit_overrides = {"h": ("uur",) * 2, "°": ("graad", "graden")}
    abbreviations = {
        "dhr": "de heer", "mevr": "mevrouw", "mw": ".mevrouw", "dr": ".doctor", "prof": ".professor",
        "bijv": "bijvoorbeeld", "bv": ".bijvoorbeeld", "enz": "enzovoort", "d.w.z": "dat wil zeggen",
        "o.a": "onder andere", "m.a.w": "met andere woorden", "nr": "nummer", "blz": "bladzijde",
        "ca": ".circa", "a.u.b": "alstublieft", "t/m": "tot en met", "m.b.t": "met betrekking tot",
        "i.p.v": "in plaats van", "d.m.v": "door middel van", "i.v.m": "in verband met",
        "o.l.v": "onder leiding van", "a.s": "aanstaande", "t.o.v": "ten opzichte van",
        "n.a.v": "naar aanleiding van", "e.d": "en dergelijke", "max": ".maximaal", "min": ".#minimaal",
        "st": ".sint", "art": ".#artikel", "hfst": ".#hoofdstuk", "p": ".#pagina", "m.b.v": "met behulp van",
        "z.s.m": "zo snel mogelijk", "evt": "eventueel", "incl": "inclusief", "excl": "exclusief",
        "t.a.v": "ter attentie van", "i.h.b": "in het bijzonder", "resp": "respectievelijk", "vgl": "vergelijk",
        "a.h.w": "als het ware", "tel": ".telefoon", "mr": ".meester", "ir": ".ingenieur", "drs": ".doctorandus",
        "ds": ".dominee", "v.chr": "voor Christus", "n.chr": "na Christus", "mvg": "met vriendelijke groet",
        "jl": ".jongstleden", "p.p": "per persoon", "p.st": "per stuk", "e.v": "en verder", "mob": ".mobiel", "fam": ".familie", "afd": ".afdeling",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            month_rule(_SHORT_MONTHS),
            span_of_hours_rule(self),
            (re.compile(r"(?<=\de\s)min\."), lambda m: "minuut"),
            (re.compile(r"(?<=\d\s)sec\."), lambda m: "seconden"),
            (re.compile(r"(?<![\w.,])0\d{1,3}\s?-\s?\d\d[\d ]{3,9}\d(?![\w-])"), self.digits),
            *weekday_rules(_WEEKDAYS, "tot", "tot|t/m|en"),
            (
                re.compile(r"(?<![\w.,])(?P<h>[01]?\d|2[0-4])\.(?P<m>[0-5]\d)(?=[-—]\d{1,2}(?:\.\d\d)?\suur)"),
                self._time,
            ),
            (
                re.compile(r"(?<![\w.,])(?P<m>[1-9]),(?P<cm>[1-9]\d)\s?m(?!\w)"),
                lambda m: f"{self.cardinal(int(m['m']))} meter {self.cardinal(int(m['cm']))}",
            ),
            (
                re.compile(
                    r"(?<![\w.,-])(?P<n>\d{1,3})-(?P<rest>(?:jarig|daags|urig|voudig|koppig|delig|procent)\w*)"
                ),
                lambda m: ("een" if m["n"] == "1" else self.cardinal(int(m["n"]))) + m["rest"],
            ),
            (
                re.compile(r"(?<![\w.,])(?P<n>1/2|½|\d+)\s(?P<spoon>[te])l(?=\s[a-z])"),
                self._spoons,
            ),
            (
                re.compile(r"(?<!\w)WO\s(?P<roman>I{1,2})(?!\w)"),
                lambda m: f"Wereldoorlog {self.cardinal(len(m['roman']))}",
            ),
            (re.compile(r"(?<!\w)'(?=\d0(?!\d))"), lambda m: ""),
            (re.compile(r"(?<=\d)(?<!\d[.:]\d\d)\s?u(?!\w)"), lambda m: " uur"),
            (
                re.compile(r"(?<!\w)(?P<a>[1-9]\d)(?P<b>[1-9]\d)\s?(?=[A-Z]{2}\s[A-Z])"),
                lambda m: f"{self.cardinal(int(m['a']))} {self.cardinal(int(m['b']))} ",
            ),  # "1011 AB Amsterdam"
            (re.compile(r"(?<=\d),[-—](?!\w)"), lambda m: ""),
            (re.compile(r"(?<=\d)\s?km/u(?!\w)"), lambda m: " kilometer per uur"),
        ]

    def _spoons(self, match: re.Match) -> str:
        name = {"t": "theelepel", "e": "eetlepel"}[match["spoon"]]
        if not match["n"].isdecimal():
            return f"een halve {name}"
        return f"{self.cardinal(int(match['n']))} {name}{'' if match['n'] == '1' else 's'}"

    def range_number(self, number: WrittenNumber, following: str) -> str:
        is_year = number.is_integer and len(number.whole) == 4
        return self.year(number.value) if is_year else self.number(number, following)

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[:.](?P<m>[0-5]\d)\s+u(?:ur(?!\w)|\.)", self._time, 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        minutes = [self.cardinal(minute)] if minute else []
        return " ".join([self.cardinal(hour), "uur", *minutes, *self.seconds(second)])

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if numerator >= denominator or not numerator or denominator > 20:
            return f"{self.cardinal(numerator)} gedeeld door {self.cardinal(denominator)}"
        if denominator == 2:
            return "een half"
        name = _DENOMINATORS.get(denominator) or self.ordinal(denominator)
        return f"{'een' if numerator == 1 else self.cardinal(numerator)} {name}"

    def mixed_number(self, whole: int, fraction: str) -> str:
        if fraction == "een half":
            number = self.cardinal(whole)
            return "anderhalf" if whole == 1 else f"{number}{'ën' if number.endswith('e') else 'en'}half"
        return super().mixed_number(whole, fraction)

    def roman(self, value: int, word: str) -> str:
        return self.cardinal(value) if word.lower() in _COUNTED_BY else f"de {self.ordinal(value)}"

    def year(self, year: int) -> str:
        return number_words(year, self.language, "year") if 1100 <= year <= 1999 else self.cardinal(year)

    def year_patterns(self) -> list:
        return [self.century_year_pattern()]
