"""German: ordinals that decline, years, dates, times with "Uhr", money and abbreviations."""

import re

from .chat_words import chat_rules
from .normalization_base import Normalizer
from .normalization_measures import code_rule, secret_rule
from .normalization_weekdays import weekday_rules
from .number_words import WrittenNumber, number_words


_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
_MONTH = "|".join([*_MONTHS, "Jänner", *(rf"{m[:3]}\." for m in _MONTHS), "Sept\\."])
_WEEKDAYS = dict(
    zip("mo di mi do fr sa so".split(), "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split())
)
_NOT_FEMININE = frozenset(  # in spite of their "-e"
    "Junge Kunde Name Käse Ende Auge Kollege Riese Löwe Hase Affe Experte Erbe Buchstabe Gedanke Friede Wille Pole Däne "
    "Russe Franzose Türke Chinese Zeuge Bote Pate Neffe Genosse Gebäude Gelände Getränke Gemüse Café".split()
)
_HALVES = {
    "TL": "ein halber Teelöffel", "EL": "ein halber Esslöffel", "l": "ein halber Liter", "Liter": "ein halber Liter", "km": "ein halber Kilometer", "m": "ein halber Meter",
    "kg": "ein halbes Kilo", "Kilo": "ein halbes Kilo", "Stunde": "eine halbe Stunde", "Std": "eine halbe Stunde",
}  # fmt: skip
# Behind a number, in front of a noun: as on scales, in recipes, in timetables.
_MEASURES = {
    "TL": ("Teelöffel", "Teelöffel"), "EL": ("Esslöffel", "Esslöffel"), "Pck": ("Päckchen", "Päckchen"),
    "Min": ("Minute", "Minuten"), "Std": ("Stunde", "Stunden"), "Sek": ("Sekunde", "Sekunden"),
    "Msp": ("Messerspitze", "Messerspitzen"), "Tbl": ("Tablette", "Tabletten"),
    "Mio": ("Million", "Millionen"), "Mrd": ("Milliarde", "Milliarden"), "Tsd": ("tausend", "tausend"),
}  # fmt: skip
_NUMBERED = re.compile(
    r"(?:§|Abs\.|Art\.|Nr\.|S\.|Satz|Absatz|Artikel|Nummer|Platz|Seite|Kapitel|Punkt|Gleis|Linie)\s$"
)
_DATIVE = frozenset(
    "am im zum vom beim dem den des einem einen eines seinem seinen ihrem ihren diesem diesen bis ab seit nach zur zu "
    "unserem unseren meinem meinen jedem jeden".split()
)
_WEAK = frozenset("der die das diese dieser dieses jede jeder jedes".split())
_NEUTER = frozenset("Jahrhundert Jahrtausend Jahr Mal Kapitel Haus Tor Kind Quartal Semester Halbjahr Buch".split())
_QUEENS = frozenset("Elisabeth Katharina Margarethe Margrethe Maria Christina Beatrix Wilhelmina Isabella".split())
_FEMININE_ENDINGS = ("ung", "heit", "keit", "schaft", "ion", "tät", "ei", "ik", "ur", "in")
_FEMININE = frozenset(
    "Woche Stunde Minute Sekunde Tasse Flasche Person Seite Frau Million Milliarde Stimme Tonne Meile Karte Frage "
    "Straße Stadt Klasse Etage Runde Auflage Liga Ausgabe Hälfte Reihe Staffel Folge Nacht Tür Kirche Schule Reise Sache Hand Uhr Stelle Gruppe Familie Sprache".split()
)


class GermanNormalizer(Normalizer):
    """German with the number format 1.234,56."""

    decimal = ","
    decimal_words = {",": "Komma", ".": "Punkt"}
    range_word, score_word = "bis", "zu"
    minus, percent, permille = "minus", "Prozent", "Promille"
    times_word = "mal"
    fold_words = ("mal", "mal")
    power_word = "hoch"
    per_word = "pro"
    per_nouns = r"(?:Stunde|Tag|Nacht|Woche|Monat|Jahr|Person)\b"
    dot, at, slash, dash, underscore, plus, equals = (
        "Punkt",
        "ät",
        "Schrägstrich",
        "Minus",
        "Unterstrich",
        "plus",
        "gleich",
    )
    date_before = "am|vom|zum|bis|ab|seit|den|dem"
    and_word = "und"
    powers = ("Quadrat", "hoch drei")
    roman_contexts = "Kapitel|Kap\\.|Bd\\.|Band|Teil|Akt|Szene|Klasse|Typ|Stufe|Artikel|Anhang|Weltkrieg"
    magnitudes = {
        "Tausend": 10**3, "tausend": 10**3, "Million": 10**6, "Millionen": 10**6, "Milliarde": 10**9,
        "Milliarden": 10**9, "Billionen": 10**12, "Mio.": 10**6, "Mio": 10**6, "Mrd.": 10**9, "Mrd": 10**9,
    }  # fmt: skip
    currencies = {
        "EUR": ("Euro", "Euro", "Cent", "Cent"),
        "USD": ("Dollar", "Dollar", "Cent", "Cent"),
        "GBP": ("Pfund", "Pfund", "Pence", "Pence"),
        "CHF": ("Franken", "Franken", "Rappen", "Rappen"),
        "JPY": ("Yen", "Yen", "", ""),
        "BRL": ("Real", "Real", "Centavo", "Centavos"),
    }
    unit_overrides = {"kg": ("Kilo", "Kilo"), "min": ("Minute", "Minuten"), "km/h": ("Kilometer pro Stunde",) * 2}
    feminine_units = frozenset(("h", "min", "s", "t", "mi", "ms", "cal", "kcal", "kWh"))
    spelled = frozenset("EU USA AG URL API KI AI GPU".split())
    symbols = {
        "&": "und", "+": "plus", "=": "gleich", "%": "Prozent", "@": "ät", "°": "Grad", "±": "plus minus",
        "×": "mal", "÷": "geteilt durch", "≈": "ungefähr", "≠": "ungleich", "≤": "kleiner gleich",
        "≥": "größer gleich", "√": "Wurzel aus", "∞": "unendlich", "§": "Paragraf", "©": "Copyright", "№": "Nummer",
        "µ": "Mikro", "€": "Euro", "£": "Pfund", "$": "Dollar", "¥": "Yen", "¢": "Cent", "‰": "Promille",
        "<": "kleiner als", ">": "größer als", "→": "zu", "*": "mal", "#": "Nummer", "?": "Fragezeichen",
        ":": "Doppelpunkt",
    }  # fmt: skip
    abbreviations = {
        "dr": ".Doktor", "prof": ".Professor", "hr": ".Herr", "hrn": ".Herrn", "fr": ".Frau", "frl": ".Fräulein",
        "z. b": "zum Beispiel", "z.b": "zum Beispiel", "d. h": "das heißt", "d.h": "das heißt",
        "u. a": "unter anderem", "u.a": "unter anderem", "u. ä": "und Ähnliches", "o. ä": "oder Ähnliches",
        "usw": "und so weiter", "bzw": "beziehungsweise", "vgl": "vergleiche", "ca": "zirka", "evtl": "eventuell",
        "ggf": "gegebenenfalls", "inkl": "inklusive", "exkl": "exklusive", "zzgl": "zuzüglich", "nr": "Nummer",
        "str": ".Straße", "tel": ".Telefon", "s": ".#Seite", "abs": ".#Absatz", "art": ".#Artikel", "bd": ".#Band",
        "kap": ".#Kapitel", "abb": ".#Abbildung", "jh": ".Jahrhundert", "jhd": ".Jahrhundert", "v. chr": "vor Christus",
        "v.chr": "vor Christus", "n. chr": "nach Christus", "n.chr": "nach Christus", "etc": "et cetera",
        "max": ".maximal", "min": ".minimal", "mio": "Millionen", "mrd": "Milliarden", "geb": ".geboren",
        "gest": ".gestorben", "st": ".Sankt", "i. d. r": "in der Regel", "i.d.r": "in der Regel", "u. s. w": "und so weiter",
        "nrn": ".Nummern", "einw": ".Einwohner", "whg": ".Wohnung", "dipl.-ing": "Diplomingenieur", "vs": "versus", "sog": ".sogenannte", "wg": ".wegen", "std": ".#Stunden",
        "co": ".Co", "a. d": "an der",
        "u": ".und", "u. v. m": "und vieles mehr", "u.v.m": "und vieles mehr", "i. v. m": "in Verbindung mit",
        "i.v.m": "in Verbindung mit", "gem": ".gemäß", "mwst": "Mehrwertsteuer", "z. t": "zum Teil", "z.t": "zum Teil",
        "u. u": "unter Umständen", "s. o": "siehe oben", "s.o": "siehe oben", "s. u": "siehe unten", "s.u": "siehe unten",
        "bzgl": "bezüglich", "einschl": "einschließlich", "hbf": "Hauptbahnhof", "zzt": "zurzeit", "i. a": "im Auftrag",
        "n. v": "nach Verlängerung", "i. e": "im Elfmeterschießen", "zi": ".Zimmer", "qm": "Quadratmeter",
        "ccm": "Kubikzentimeter", "tab": ".#Tabelle", "anm": ".#Anmerkung", "aufl": ".#Auflage", "pkt": ".#Punkt",
        "bsp": ".Beispiel", "d. j": "des Jahres", "m. e": "meines Erachtens", "og": ".Obergeschoss", "gl": ".#Gleis",
        "o. g": "oben genannte", "o.g": "oben genannte", "ausschl": "ausschließlich", "zw": ".zwischen",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            *chat_rules("de"),
            *self._calendar_rules(),
            *self._amount_rules(),
            *self._address_and_statute_rules(),
            *self._code_rules(),
        ]

    def _code_rules(self) -> list:
        """What is read digit by digit."""
        return [
            secret_rule(self, "(?:TAN|PIN|PLZ|Passwort|[A-Za-zäöü]*[Cc]ode)(?: lautet| ist)?"),
            (re.compile(r"(?<=\bD-)\d{5}(?=\s[A-ZÄÖÜ])"), self.digits),
            (re.compile(r"(?<!\w)DE(?P<n>\d{9})(?!\w)"), lambda m: f"D E, {self._in_groups(m['n'])}"),
        ]

    def _calendar_rules(self) -> list:
        """Weekdays, months and decades."""
        return [
            (
                re.compile(
                    rf"(?<!\w)(?P<day>{'|'.join(name.capitalize() for name in _WEEKDAYS)})(?=,?\s\d{{1,2}}\.\s?\d{{1,2}}\.)"
                ),
                lambda m: _WEEKDAYS[m["day"].lower()],
            ),
            (
                re.compile(
                    rf"(?<!\w)(?P<month>{'|'.join(month[:3] for month in _MONTHS)}|Sept)\.(?=\s(?:1\d{{3}}|20\d\d)(?!\w))"
                ),
                lambda m: next(month for month in _MONTHS if month.startswith(m["month"])),
            ),
            *weekday_rules(_WEEKDAYS, "bis", "bis|und", capitals=True),
            (re.compile(r"(?<!\w)(?P<d>[1-9]\d)er(?!\w)"), lambda m: number_words(int(m["d"]), "de") + "er"),
            (re.compile(r"(?<!\w)(?P<y>1[1-9]\d0|20\d0)er(?!\w)"), lambda m: self.year(int(m["y"])) + "er"),
        ]

    def _amount_rules(self) -> list:
        """Prices, measures, recipes and words with a number as their first part."""
        return [
            (
                re.compile(r"(?<![\w.,])(?P<n>\d[\d.]*),[-—]+(?:\s?(?:€|Euro|EUR)(?!\w))?"),
                lambda m: f"{self.number(self._parse(m['n']), following='Euro')} Euro",
            ),
            (re.compile(r"(?<!\w)(?<!\d\s)km(?=\s\d)"), lambda m: "Kilometer"),
            (re.compile(r"(?<=\d\s)Bd\.(?=\s[A-ZÄÖÜ])"), lambda m: "Bund"),
            (
                re.compile(r"(?<![\w.,/])(?P<a>\d{2,3})/(?P<b>\d{2,3})\s?mmHg(?!\w)"),
                lambda m: f"{self.cardinal(int(m['a']))} zu {self.cardinal(int(m['b']))} Millimeter Quecksilber",
            ),
            (
                re.compile(r"(?:(?<=\bum\s)|(?<=\bgegen\s))(?P<h>[01]?\d|2[0-4])\s?h(?!\w)"),
                lambda m: self.time(int(m["h"]), 0, None),
            ),
            (re.compile(r"(?<=\d)\s?l/100\s?km(?!\w)"), lambda m: " Liter auf hundert Kilometer"),
            (
                re.compile(r"(?<![\w.,])(?P<n>\d{1,3})\s?%(?P<rest>ige?[rmns]?)(?!\w)"),
                lambda m: f"{self.cardinal(int(m['n']))}prozent{m['rest']}",
            ),
            (
                re.compile(
                    rf"(?<![\w.,/])(?:(?P<from>\d+(?:,\d+)?)\s?[-—]\s?)?(?P<n>\d+(?:,\d+)?)\s?(?P<short>{'|'.join(_MEASURES)})(?!\w)(?:\.|(?!\.))(?!\s?€)"
                ),
                self._measure,
            ),
            (
                re.compile(rf"(?<![\w/,.])(?<!\d\s)(?:1/2|½)\s?(?P<unit>{'|'.join(_HALVES)})(?!\w)"),
                lambda m: _HALVES[m["unit"]],
            ),
            (
                re.compile(r"(?<![\w.,])(?P<m>[1-9]),(?P<cm>[1-9]\d)\s?m(?!\w)"),
                lambda m: (
                    f"{'ein' if m['m'] == '1' else self.cardinal(int(m['m']))} Meter {self.cardinal(int(m['cm']))}"
                ),
            ),
            (
                re.compile(
                    r"(?<![\w.,-])(?P<n>\d{1,3})(?:-|(?=fach))(?P<rest>(?i:jährig|fach|mal|prozentig|tägig|stündig|minütig|köpfig|"
                    r"seitig|stellig|stöckig)\w*)"
                ),
                lambda m: ("ein" if m["n"] == "1" else self.cardinal(int(m["n"]))) + m["rest"].lower(),
            ),
        ]

    def _address_and_statute_rules(self) -> list:
        """Streets, postcodes ("Hofweg 2, 10115 Berlin"), telephone numbers and references."""
        return [
            (re.compile(r"(?<![\w.,-])0\d{2,5}/\s?\d{3,9}(?:-\d{1,4})?(?![\w/])"), self.digits),
            (
                re.compile(r"(?<=,\s)(?!\d\d000)\d{5}(?=\s[A-ZÄÖÜ][a-zäöü])"),
                self.digits,
            ),
            (re.compile(r"(?<!\w)s\.(?=\sS\.\s?\d)"), lambda m: "siehe"),
            (re.compile(r"(?<=[A-Z]\.\s)v\.(?=\s[A-ZÄÖÜ])"), lambda m: "von"),
            (
                re.compile(r"(?<![A-ZÄÖÜa-zäöüß-])(?P<stem>[A-ZÄÖÜa-zäöüß-]{3,})str\.(?!\w)"),
                lambda m: m["stem"] + "straße",
            ),
            (re.compile(r"§§(?=\s?\d)"), lambda m: "Paragrafen"),
            (re.compile(r"(?<=\d\s)ff?\.(?=\s\w)"), lambda m: "folgende"),
            (re.compile(r"(?<=Frankfurt\s)a\.\s?M\."), lambda m: "am Main"),
        ]

    def _measure(self, match: re.Match) -> str:
        one, many = _MEASURES[match["short"]]
        number = self._parse(match["n"])
        alone = number.is_integer and number.value == 1
        stop = "." if match[0].endswith(".") and not re.search(r"\w", match.string[match.end() :]) else ""
        first = f"{self.number(self._parse(match['from']), following=one)} {self.range_word} " if match["from"] else ""
        return f"{first}{self.number(number, following=one)} {one if alone else many}{stop}"

    def written_date_patterns(self) -> list:
        return [
            (rf"(?<![\w/.,])(?P<from>\d{{1,2}})\.\s?(?P<sign>[-—/])\s?(?P<d>\d{{1,2}})\.\s*(?P<month>{_MONTH})(?!\w)"
             r"(?:\s+(?P<y>1\d{3}|20\d\d)(?!\w|[.,]\d))?", self._written_dates, 0),
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})\.\s*(?P<month>{_MONTH})(?!\w)(?:\s+(?P<y>1\d{{3}}|20\d\d)(?!\w|[.,]\d))?",
             self._written_date, 0),
            (r"(?<![\w/.,])(?P<d>0?[1-9]|[12]\d|3[01])\.\s?(?P<m>0[1-9]|1[0-2]|[1-9])\.(?!\s?\d)", self._day_month, 0),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[:.](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?\s+Uhr(?!\w)", self._time, 0),
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])\s+Uhr(?:\s+(?P<m>[0-5]?\d)(?![\w.,]))?(?!\w)", self._time, 0),
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]|[.,]\d)", self._time, 0),
        ]

    def phone_patterns(self) -> list:
        return [*super().phone_patterns(), (*code_rule(self), 0)]

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?P<n>\d{1,3})\.(?=\s+[A-ZÄÖÜa-zäöü])", self._ordinal, 0),
            (r"(?<![\w.])(?P<roman>[IVX]{2,}|(?<=Karl )[VX])\.(?=\s+[A-ZÄÖÜa-zäöü]|[,;:)])", self._roman_ordinal, 0),
        ]

    def year_patterns(self) -> list:
        return [
            (
                r"(?<![\w.,€$-])(?<!\d—)(?P<y>1[1-9]\d\d)(?![\w]|[.,:/]\d|-\w|—\d|\s?[€$%])",
                lambda m: self.year(int(m["y"])),
                0,
            )
        ]

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language)
        if number == 1:
            return "eine" if feminine else "eins"
        return re.sub(r"^ein(?=tausend|hundert)", "", words) if number in (100, 1000) else words

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return number_words(number, self.language, "ordinal")

    def counted(self, number: int, following: str) -> str:
        if number == 1 and following == "mal":
            return "ein"
        if number != 1 or not following[:1].isupper() or following in ("Nr", "Abs", "Satz", "Hs"):
            return self.cardinal(number)
        return "eine" if self._is_feminine(following) else "ein"

    @staticmethod
    def _is_feminine(noun: str) -> bool:
        ends = noun.endswith(_FEMININE_ENDINGS) or (noun.endswith("e") and noun not in _NOT_FEMININE)
        return noun in _FEMININE or (len(noun) > 4 and noun[0].isupper() and ends)

    def _plain_number(self, match: re.Match) -> str:
        numbered = match["number"] == "1" and _NUMBERED.search(match.string, max(0, match.start() - 12), match.start())
        return "eins" if numbered else super()._plain_number(match)

    def range_number(self, number: WrittenNumber, following: str) -> str:
        if number.is_integer and 1100 <= number.value <= 1999 and len(number.whole) == 4:
            return self.year(number.value)
        return self.number(number, following)

    def year(self, year: int) -> str:
        return number_words(year, self.language, "year") if 1100 <= year <= 1999 else self.cardinal(year)

    def _declined(self, number: int, before: str, following: str = "") -> str:
        words = self.ordinal(number)
        before = before.lower()
        if before == "der" and self._is_feminine(following):
            return words + "n"
        strong = "s" if following in _NEUTER else "r"
        return words + ("n" if before in _DATIVE else "" if before in _WEAK else strong)

    def _before(self, match: re.Match) -> str:
        before = re.search(r"(\w+)[,\s]*$", match.string[max(0, match.start() - 30) : match.start()])
        return before[1] if before else ""

    def _ordinal(self, match: re.Match) -> str:
        return self._declined(int(match["n"]), self._before(match), self._following(match))

    def _roman_ordinal(self, match: re.Match) -> str | None:
        from_roman = self._roman_value(match["roman"])
        if from_roman is None:
            return None
        before = self._before(match)
        if before[:1].isupper() and before.lower() not in _DATIVE | _WEAK:
            return f"{'die' if before in _QUEENS else 'der'} {self._declined(from_roman, 'der')}"
        return self._declined(from_roman, before, self._following(match))

    def _written_date(self, match: re.Match) -> str | None:
        name = match["month"].replace("Jänner", "Januar")
        month = next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(name[:3]))
        return self._say_date(match, int(match["d"]), month, match["y"])

    def _written_dates(self, match: re.Match) -> str | None:
        """Two days of one month ("9.-12. Mai", "9./10. Mai")."""
        last, first = self._written_date(match), int(match["from"])
        if last is None or not 1 <= first <= 31:
            return None
        return f"{self._declined(first, self._before(match))} {'und' if match['sign'] == '/' else 'bis'} {last}"

    def _day_month(self, match: re.Match) -> str | None:
        """A date without year ("am 15.3."), unless it may be the number of a section ("1.5.")."""
        before = self._before(match)
        sure = match["m"].startswith("0") or (int(match["d"]) > 12 and len(match["m"]) == 2)
        if not sure and before.lower() not in _DATIVE | _WEAK | _WEEKDAYS.keys():
            return None
        at_end = not re.search(r"\w", match.string[match.end() :])
        return f"{self._declined(int(match['d']), before)} {_MONTHS[int(match['m']) - 1]}{'.' if at_end else ''}"

    def _numeric_date(self, match: re.Match) -> str | None:
        groups = match.groupdict()
        if "d" in groups:
            return self._say_date(match, int(groups["d"]), int(groups["m"]), groups["y"])
        return self._say_date(match, int(groups["a"]), int(groups["b"]), groups["y"])

    def _short_date(self, match: re.Match) -> str | None:
        spoken = self._checked_date(int(match["a"]), int(match["b"]), None)
        if spoken is None:
            return None
        return f"{match['before']} {self._declined(int(match['a']), match['before'])} {_MONTHS[int(match['b']) - 1]}"

    def _say_date(self, match: re.Match, day: int, month: int, year: str | None) -> str | None:
        spoken = self._checked_date(day, month, year)
        if spoken is None:
            return None
        return self._declined(day, self._before(match)) + spoken[len(self._declined(day, "")) :]

    def date(self, day: int, month: int, year: int | None) -> str:
        tail = "" if year is None else f" {self.year(year)}"
        return f"{self._declined(day, '')} {_MONTHS[month - 1]}{tail}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = f"{'ein' if hour == 1 else self.cardinal(hour)} Uhr"
        if minute or second:
            words += f" {self.cardinal(minute)}"
        return words + (f" und {self.cardinal(second)} Sekunden" if second else "")

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and re.sub(r"^eins? (?=Milli)", "eine ", words)

    def money_with_cents(self, amount: WrittenNumber, names: tuple[str, str, str, str]) -> str:
        cents = int(amount.fraction)
        whole = "ein" if amount.value == 1 else self.cardinal(amount.value)
        if not amount.value and cents:
            return f"{'ein' if cents == 1 else self.cardinal(cents)} {names[2 if cents == 1 else 3]}"
        return f"{whole} {names[0 if amount.value == 1 else 1]}" + (f" {self.cardinal(cents)}" if cents else "")

    def mixed_number(self, whole: int, fraction: str) -> str:
        if fraction == "ein halb":
            return f"{'ein' if whole == 1 else self.cardinal(whole)}einhalb"
        return f"{self.cardinal(whole)} {fraction}"

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        one = count.value == 1 and count.is_integer
        return {10**3: "tausend", 10**6: "Million", 10**9: "Milliarde", 10**12: "Billion"}[factor] + (
            "" if one or factor == 1000 else "n" if factor == 10**9 else "en"
        )

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if numerator >= denominator or not numerator or denominator > 20:
            return f"{self.cardinal(numerator)} durch {self.cardinal(denominator)}"
        if denominator == 2:
            return "ein halb"
        name = {3: "Drittel", 7: "Siebtel"}.get(denominator) or number_words(denominator, "de").capitalize() + "tel"
        return f"{'ein' if numerator == 1 else self.cardinal(numerator)} {name}"

    def roman(self, value: int, word: str) -> str:
        if word.split()[-1] in (
            "Kapitel",
            "Kap.",
            "Bd.",
            "Band",
            "Teil",
            "Akt",
            "Szene",
            "Klasse",
            "Typ",
            "Stufe",
            "Artikel",
            "Anhang",
        ):
            return self.cardinal(value)
        return f"der {self._declined(value, 'der')}"
