"""Polish: the endings of its ordinals, hours and years, and what its numbers agree with."""

import re

from .normalization_slavic import SlavicNormalizer
from .normalization_weekdays import weekday_rules
from .number_words import number_words


_WEEKDAYS = {
    "pn": "poniedziałek", "pon": "poniedziałek", "wt": "wtorek", "śr": "środa", "czw": "czwartek", "pt": "piątek",
    "sob": "sobota", "nd": "niedziela", "niedz": "niedziela",
}  # fmt: skip
_GENITIVES = {
    "jeden": "jednego", "jedna": "jednej", "dwa": "dwóch", "dwie": "dwóch", "trzy": "trzech", "cztery": "czterech",
    "dwadzieścia": "dwudziestu", "trzydzieści": "trzydziestu", "czterdzieści": "czterdziestu", "sto": "stu",
    "dwieście": "dwustu", "trzysta": "trzystu", "czterysta": "czterystu", "tysiąc": "tysiąca", "tysiące": "tysięcy",
    "milion": "miliona", "miliony": "milionów", "miliard": "miliarda", "miliardy": "miliardów", "zero": "zera", "dwanaście": "dwunastu",
}  # fmt: skip
_FIRST_PARTS = {"jednego": "jedno", "dwóch": "dwu", "trzech": "trzy", "czterech": "cztero"}
_FEMININE_LOCATIVES = frozenset(
    "klasie rundzie lidze edycji turze połowie minucie godzinie części osobie stronie kolejce".split()
)
_EACH = {"os": "za osobę", "mies": "miesięcznie", "godz": "za godzinę", "szt": "za sztukę"}
_COINS = ("grosz", "grosze", "groszy")
_OF_MEN = re.compile(
    r"\w+(?:ów|arzy|erzy)|mężczyzn|ludzi|braci|gości"
)  # behind 2, 3, 4; other nouns stand in the nominative
_MEN = frozenset(
    "mężczyzn ludzi panów chłopców braci uczniów studentów pracowników zawodników piłkarzy posłów lekarzy żołnierzy "
    "policjantów strażaków mieszkańców kandydatów gości".split()
)
_CHILDREN = dict(
    enumerate("dwoje troje czworo pięcioro sześcioro siedmioro ośmioro dziewięcioro dziesięcioro".split(), 2)
)
_WARS = {"wojna": "a", "wojny": "ej", "wojnie": "ej", "wojnę": "ą", "wojną": "ą", "rp": "a", "rzeczpospolita": "a"}


class PolishNormalizer(SlavicNormalizer):
    """Polish with the number format 1 234,56."""

    decimal_words = {",": "przecinek", ".": "kropka"}
    minus, plus, percent = "minus", "plus", "procent"
    and_word, equals, permille, per_word, power_word = "i", "równa się", "promili", "za", "do potęgi"
    times_word, size_word, fold_words, underscore = "razy", "na", ("raz", "razy"), "podkreślnik"
    per_nouns = r"(?:godzinę|dzień|noc|tydzień|miesiąc|rok|osobę|sztukę)\b"
    powers = ("do kwadratu", "do sześcianu")
    roman_contexts = "[Tt]om|[Rr]ozdział|[Cc]zęść|[Kk]sięga"
    century_short = "w"
    genitive_singular = {"złoty": "złotego", "dolar": "dolara"}
    short_months = {name: i for i, name in enumerate("sty lut mar kwi maj cze lip sie wrz paź lis gru".split(), 1)}
    month_locatives = tuple(
        "styczniu lutym marcu kwietniu maju czerwcu lipcu sierpniu wrześniu październiku listopadzie grudniu".split()
    )
    from_day, to_day, last_day = "od", "do", "ego"
    genitive_after = frozenset("do od około ok powyżej poniżej dla bez spośród oprócz blisko".split())
    symbols = {
        "°": "stopni", "±": "plus minus", "×": "razy", "÷": "podzielić przez", "≈": "około", "≠": "różne od",
        "≤": "mniejsze lub równe", "≥": "większe lub równe", "<": "mniejsze od", ">": "większe od", "√": "pierwiastek z",
        "∞": "nieskończoność", "§": "paragraf", "©": "copyright", "№": "numer", "µ": "mikro", "€": "euro", "$": "dolarów",
        "£": "funtów", "¥": "jenów", "‰": "promili", "→": "do", "*": "razy", "#": "numer", "?": "znak zapytania",
        ":": "dwukropek",
    }  # fmt: skip
    cent_forms = {"PLN": _COINS, "EUR": ("cent", "centy", "centów"), "USD": ("cent", "centy", "centów")}
    dot, at, slash, dash = "kropka", "małpa", "ukośnik", "minus"
    magnitude_forms = {
        10**3: ("tysiąc", "tysiące", "tysięcy", "tysiąca"), 10**6: ("milion", "miliony", "milionów", "miliona"),
        10**9: ("miliard", "miliardy", "miliardów", "miliarda"),
    }  # fmt: skip
    magnitude_signs = {"tys.": 10**3, "mln": 10**6, "mld": 10**9}
    currency_forms = {
        "PLN": ("złoty", "złote", "złotych"), "USD": ("dolar", "dolary", "dolarów"), "EUR": ("euro",) * 3,
    }  # fmt: skip
    abbreviations = {
        "np": "na przykład", "itd": "i tak dalej", "itp": "i tym podobne", "tzn": "to znaczy", "ul": ".ulica",
        "dr": "doktor", "prof": ".profesor", "nr": "numer", "godz": "godzina", "r": ".#rok", "tel": ".telefon",
        "inż": "inżynier", "al": ".aleja", "tj": "to jest", "wg": "według", "ok": ".#około", "str": ".#strona", "pl": ".plac", "os": ".osiedle", "kom": ".komórkowy", "mgr": "magister", "ks": ".ksiądz",
        "gen": ".generał", "im": ".imienia", "art": ".#artykuł", "ust": ".#ustęp", "pkt": "#punkt", "poz": ".#pozycja",
        "rozdz": ".#rozdział", "rys": ".#rysunek", "tab": ".#tabela", "s": ".#strona", "zob": ".zobacz",
        "por": ".porównaj", "tzw": "tak zwany", "ww": "wyżej wymieniony", "ds": ".do spraw", "woj": ".województwo",
        "gm": ".gmina", "k.c": "kodeksu cywilnego", "k.k": "kodeksu karnego", "dz.u": "Dziennik Ustaw",
        "p.n.e": "przed naszą erą", "n.e": "naszej ery", "mies": "miesiąc", "hab": ".habilitowany", "red": ".redaktor",
        "pow": ".powiat", "proc": "procent", "mjr": "major", "płk": "pułkownik",
    }  # fmt: skip
    feminine_units = SlavicNormalizer.feminine_units | {"h", "godz", "sek"}
    feminine_nouns = (
        r"(?:godzin|minut|sekund|kobiet|osob|dziewczyn|książ|stron|ton|ksią|szklan|kropl|łyż|wieś|ws|noc|częśc|"
        r"córk|siostr|ulic|złotów)\w{0,4}|rzeczy|mile"
    )
    feminine_one, feminine_two = ("jeden", "jedna"), ("dwa", "dwie")
    nominative, genitive, locative = "y", "ego", "ym"
    nominative_feminine = "a"
    year_words = {"roku": "ego", "rok": "y", "rokiem": "ym", "rokowi": "emu"}
    year_short, year_genitive, year_locative, inside = "r", "roku", "roku", "w"
    century_words = {"wieku": "ego", "wiekiem": "ym", "wiek": "y"}

    def first_rules(self) -> list:
        return [
            *weekday_rules(_WEEKDAYS, "—", "i"),
            self.compound_rule(),
            (
                re.compile(r"(?<=\bw\s)(?P<n>\d{1,3})\.\s?min(?:\.|(?!\w))"),
                lambda m: f"{self.inflected(int(m['n']), 'ej')} minucie",
            ),
            (re.compile(r"(?<=[\włę€])/(?P<noun>os|mies|godz|szt)(?:\.|(?!\w))"), lambda m: f" {_EACH[m['noun']]}"),
            (re.compile(r"(?<=\d\sgodz)\.(?=\s\d+\s?min)"), lambda m: ""),
            (re.compile(r"(?<!\w)m\.\s?in\.(?!\w)"), lambda m: "między innymi"),
            (re.compile(r"(?<!\w)p\.(?=\s[A-ZĆŁŚŻŹ][a-ząćęłńóśźż])"), lambda m: "pan"),
            (
                re.compile(r"(?<!\w)[śŚ]w\.(?=\s(?P<name>[A-ZĆŁŚŻŹ]\w+))"),
                lambda m: "święta" if m["name"].endswith("a") and m["name"] != "Kosma" else "święty",
            ),
            (re.compile(r"(?<=\d\s)m\.(?=\s\d)"), lambda m: "mieszkanie"),
            (re.compile(r"(?<![\w.,])(?P<n>\d{1,3})\s(?P<short>gr|pkt)(?!\w)\.?(?!\s\d)"), self._counted_short),
            (re.compile(r"(?<!\w)(?P<years>[Ll]at(?:a|ach)?)\s(?P<n>[1-9]0)\."), self._decade),
            (
                re.compile(r"(?<!\w)(?P<roman>I{1,3})(?=\s(?:(?P<noun>wojn[aęyą]|wojnie|RP|Rzeczpospolita)(?!\w)))"),
                self._war,
            ),
            (
                re.compile(
                    r"(?<![\w.,+])(?:\+48 )?\d{3}[ -]\d{3}[ -]\d{3}(?![\w-]|\s\d|\s?(?:zł|%))|(?<![\w.,])\d\d[ -]\d{3}[ -]\d\d[ -]\d\d(?![\w-])"
                ),
                self._phone,
            ),
        ]

    def _counted_short(self, match: re.Match) -> str:
        forms = _COINS if match["short"] == "gr" else ("punkt", "punkty", "punktów")
        count = int(match["n"])
        stop = "." if match[0].endswith(".") and not re.search(r"\w", match.string[match.end() :]) else ""
        return f"{self.cardinal(count)} {forms[self._form(count)]}{stop}"

    def _decade(self, match: re.Match) -> str:
        ending = "e" if match["years"].lower() == "lata" else "ych"
        return f"{match['years']} {self.inflected(int(match['n']), ending)}"

    def _war(self, match: re.Match) -> str:
        return self.inflected(len(match["roman"]), _WARS[match["noun"].lower()])

    def genitive_cardinal(self, number: int, feminine: bool = False) -> str:
        words = [_in_genitive(word) for word in self.cardinal(number, feminine).split()]
        if len(words) > 1 and words[-1] == "jednego":
            words[-1] = "jeden"  # "dwudziestu jeden"
        return " ".join(words)

    def before_adjective(self, number: int) -> str:
        words = [_FIRST_PARTS.get(word) or _first_part(word) for word in self.genitive_cardinal(number).split()]
        return "".join(words)

    def counted(self, number: int, following: str) -> str:
        if following == "dzieci" and number in _CHILDREN:
            return _CHILDREN[number]
        few = 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14
        if 1 < number < 1000 and (following in _MEN or (few and _OF_MEN.fullmatch(following))):
            return self.genitive_cardinal(number)
        return super().counted(number, following)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not numerator or denominator < 2 or numerator >= denominator:
            return None
        if denominator == 2:
            return "pół"
        few = 2 <= numerator % 10 <= 4 and not 12 <= numerator % 100 <= 14
        name = self.inflected(denominator, "a" if numerator == 1 else "e" if few else "ych")
        return f"{self.cardinal(numerator, feminine=True)} {name}"

    def roman(self, value: int, word: str) -> str:
        return self.inflected(value, "a" if word.lower() in ("część", "księga") or word.endswith("a") else "y")

    def inflected(self, number: int, ending: str) -> str:
        words = number_words(number, self.language, "ordinal").split()
        return " ".join(_with_ending(word, ending) if word.endswith(("y", "i")) else word for word in words)

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (r"(?<![\w.,])(?P<n>\d{1,3})\.(?=\s+(?P<noun>[a-ząćęłńóśźż]+))", self._ordinal, 0),
        ]

    def _ordinal(self, match: re.Match) -> str:
        noun = match["noun"]
        if self._word_before(match) in ("na", "w", "we", "po", "o", "przy") and noun.endswith(("e", "u")):
            return self.inflected(int(match["n"]), "ej" if noun in _FEMININE_LOCATIVES else "ym")
        ending = {"a": "a", "o": "e", "e": "e", "ę": "e"}.get(noun[-1], "y")
        return self.inflected(int(match["n"]), ending)

    def time(self, hour: int, minute: int, second: int | None) -> str:
        """The hour is an ordinal: "czternasta trzydzieści"."""
        return " ".join([self._hour(hour, minute), *self.seconds(second)])

    def _hour(self, hour: int, minute: int, ending: str = "a") -> str:
        words = self.inflected(hour, ending) if hour else "zera" if ending == "ej" and not minute else "zero"
        zero = "zero " if 0 < minute < 10 else ""
        return f"{words} {zero}{self.cardinal(minute)}" if minute else words

    def _time(self, match: re.Match) -> str:
        """Behind some words the hour declines: "o czternastej trzydzieści"."""
        hour, minute, before = int(match["h"]), int(match["m"] or 0), self._word_before(match)
        after = before in ("o", "od", "do", "po", "przed", "około", "godziny", "godzinie")
        words = self._hour(hour, minute, "ej") if after else super()._time(match)
        if "noun" not in match.groupdict():
            return words
        noun = "godzinie" if before in ("o", "po") else "godziny" if after else "godzina"
        return f"{noun} {words}"

    def _hours(self, match: re.Match) -> str:
        """From one hour to another: "od dziewiątej do siedemnastej"."""
        noun = "godziny " if "noun" in match.groupdict() else ""
        start = "" if self._word_before(match) == "od" else "od "
        first, last = (self._hour(int(match[h]), int(match[m] or 0), "ej") for h, m in (("h", "m"), ("to", "to_m")))
        return f"{start}{noun}{first} do {last}"

    def time_patterns(self) -> list:
        hour, minute = r"(?:[01]?\d|2[0-3])", r"[:.](?P<m>[0-5]\d)"
        to_minute = minute.replace("<m>", "<to_m>")
        hours = rf"(?P<h>{hour})(?:{minute})?\s?[-—]\s?(?P<to>{hour})(?:{to_minute})?"
        exact_hours = rf"(?P<h>{hour}){minute}\s?[-—]\s?(?P<to>{hour}){to_minute}"
        return [
            (rf"(?<!\w)(?P<noun>godz\.)\s?{hours}(?!\w|[.,:]\d)", self._hours, 0),
            (rf"(?<![\w:.,]){exact_hours}(?!\w|[.,:]\d|\s(?:zł|%))", self._hours, 0),
            (r"(?<=\bo\s)(?P<h>1?\d|2[0-3])(?P<m>)(?=[,.;!?]?(?:$|\s(?:rano|wieczorem|w\snocy|po\społudniu)))", self._time, 0),
            (r"(?<!\w)(?P<noun>godz\.)\s?(?P<h>[01]?\d|2[0-3])(?:[:.](?P<m>[0-5]\d))?(?!\w|[.,:]\d)", self._time, 0),
            (r"(?<=\bo\s)(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d|\s(?:zł|%|mln|mld|proc|pkt|punkt))", self._time, 0),
            *super().time_patterns(),
        ]  # fmt: skip


def _in_genitive(word: str) -> str:
    """One word of a cardinal in the genitive."""
    if word in _GENITIVES:
        return _GENITIVES[word]
    if word.endswith("dziesiąt"):
        return word.removesuffix("dziesiąt") + "dziesięciu"
    if word.endswith("naście"):
        return word.removesuffix("ście") + "stu"
    if word.endswith("set"):
        return _in_genitive(word.removesuffix("set")) + "set"
    if word.endswith("ć"):
        return word[:-1] + "ciu"
    return {"siedem": "siedmiu", "osiem": "ośmiu"}.get(word, word)


def _first_part(word: str) -> str:
    return word if word == "stu" or not word.endswith("u") else word[:-1] + "o"


def _with_ending(word: str, ending: str) -> str:
    stem = word[:-1]
    if word.endswith("y"):
        return stem + ending
    if ending == "a":
        return f"{stem}a" if stem.endswith("g") else f"{stem}ia"  # "druga", "trzecia"
    return stem + {"y": "i", "ym": "im"}.get(ending, f"i{ending}")
