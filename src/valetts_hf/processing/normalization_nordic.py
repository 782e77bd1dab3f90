"""What Swedish and Norwegian share: hours, days, decades, prices with ",-", measures, fractions, compounds, kings."""

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
from .normalization_tables import month_names
from .normalization_weekdays import weekday_rules
from .number_words import WrittenNumber, number_words


_TIME = r"(?P<h>[01]?\d|2[0-3])[.:](?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
_BARE_TIME = (
    r"(?<![\w.,:/])(?<!(?<!\d)-)(?P<h>[01]\d|2[0-3])\.(?P<m>[0-5]\d)"
    r"(?![\w%]|[.,:]\d|\.(?!\s|$)|\s?[%€$°]|\s(?:kr|kg|km|m|g|l|cm|mm|dl)(?!\w))"
)
_RULERS = (
    "Albert|Alexander|Benedikt|Birger|Carl|Charles|Christian|Clemens|Edvard|Edward|Eirik|Elisabet|Elizabeth|Erik|"
    "Felipe|Franciskus|Fransiskus|Frederik|Fredrik|Georg|Gregor|Gregorius|Gustaf|Gustav|Haakon|Harald|Henrik|"
    "Henry|Håkan|Håkon|Inge|Innocentius|Ivan|Jakob|James|Johan|Johannes Paulus|Johannes Paul|Josef|Karl|Katarina|"
    "Kleopatra|Knut|Kristian|Leo|Leopold|Louis|Ludvig|Magnus|Margareta|Margrethe|Mehmed|Napoleon|Nikolai|Nikolaj|"
    "Olav|Oscar|Oskar|Paul|Peter|Philip|Pius|Ramses|Sigurd|Sten|Sverre|Umberto|Urban|Valdemar|Victor|Viktor|"
    "Wilhelm|William|Øystein"
)
_STREET = r"\w+(?:gatan|vägen|gränd|torget|plan|allén|gata|gate|gaten|veien|vegen|vei|allé|plass)"
_FRACTION = r"(?:(?P<n>\d{1,2})\s?)?(?:(?P<a>[1-9])/(?P<b>[2-8])|(?P<sign>[½⅓⅔¼¾⅛]))"
_FRACTION_SIGNS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8)}


class NordicNormalizer(PluralFormsNormalizer):
    """Rules shared by Swedish and Norwegian; the attributes are the words of each."""

    space_groups = True
    score_word = ""
    clock_word, page_word = "", ""  # "klockan", "sidan"
    crowns = ""  # the plural of the currency at home
    measures: dict[str, tuple[str, str, str]] = {}  # of kitchens, shops and timetables
    neuter_measures: frozenset[str] = frozenset()
    per_shorts: dict[str, str] = {}  # what prices are per, shortened ("99 kr/mån")
    halves_of: tuple[str, str] = ("", "")  # a half in front of common nouns, of neuter ones
    quarter = ""  # in front of a measure
    parts: tuple[str, ...] = ()  # a third, a fourth, ... a tenth
    many_parts = ""  # ending of their plural
    decade_of_2000 = ""
    decade_word = r"tal\w*"  # pattern of what follows the digits of a decade
    weekdays: dict[str, str] = {}
    short_months: dict[str, str] = {}

    def hundred_between(self, rest: int) -> str:
        """What stands between a century and the `rest` of its years in the name of a decade."""
        return "hundra"

    def first_rules(self) -> list:
        return [*self._date_rules(), *self._amount_rules(), *self._name_rules()]

    def per_short_rule(self) -> tuple:
        """The rule for what is per month, hour or piece behind a price that has been read."""
        shorts = "|".join(self.per_shorts)
        return re.compile(rf"(?<=[\w€-])/(?P<noun>{shorts})(?!\w)"), lambda m: f" per {self.per_shorts[m['noun']]}"

    def _date_rules(self) -> list:
        """Hours, days, decades and years."""
        months = "|".join([*month_names(self.language), *self.short_months])
        to = f" {self.range_word} "
        return [
            (re.compile(r"(?<!\w)[Kk]l(?=\s\d)"), lambda m: self.clock_word),
            (re.compile(rf"(?<![\w.,])(?P<y>1[1-9]\d0|20\d0|[1-9]0)-?(?P<tal>{self.decade_word})"), self._decade),
            (
                re.compile(
                    rf"(?<![\w/.,-])(?P<a>[12]?\d|3[01])\.?\s?[-—]\s?(?P<b>[12]?\d|3[01])\.?(?=\s(?:{months})(?!\w))"
                ),
                lambda m: self.ordinal(int(m["a"])) + to + self.ordinal(int(m["b"])),
            ),
            (re.compile(rf"(?<=[a-z.])\s?[-—]\s?(?=(?:[12]?\d|3[01])\.?\s(?:{months})(?!\w))"), self._between_dates),
            (
                re.compile(
                    r"(?:(?<=\b[Kk]l\.\s\d)|(?<=\b[Kk]l\.\s\d\d)|(?<=\b[Kk]l\s\d)|(?<=\b[Kk]l\s\d\d))"
                    r"\s?[-—]\s?(?=\d{1,2}[.:]\d\d(?!\d))"
                ),
                lambda m: to,
            ),
            (
                re.compile(
                    rf"(?<![\w/.,-])(?P<d>[12]?\d|3[01])"
                    rf"\.?(?=(?:,\s\d{{1,2}}\.?)*\s{self.and_word}\s\d{{1,2}}\.?\s(?:{months})(?!\w))"
                ),
                self._day,
            ),
            hours_rule(self),
            span_of_hours_rule(self),
            (
                re.compile(rf"(?:(?<=\d\s)|(?<=\d\.\s))(?P<m>{'|'.join(self.short_months)})(?P<stop>\.?)(?!\w)"),
                self._month,
            ),
            (
                re.compile(rf"(?<!\w)(?P<m>{'|'.join(self.short_months)})\.?(?=\s(?:19|20)\d\d(?!\d))"),
                lambda m: self.short_months[m["m"]],
            ),
            *weekday_rules(self.weekdays, self.range_word, self.range_word),
            (
                re.compile(
                    r"(?<![\w/.,-])(?P<a>[12]?\d|3[01])/(?P<b>1[0-2]|[1-9])(?:-|\s|\s-\s)(?P<y>(?:19|20)\d\d)"
                    r"(?![\w-]|[.,]\d)"
                ),
                lambda m: self._checked_date(int(m["a"]), int(m["b"]), m["y"]),
            ),
            (
                re.compile(r"(?<![\w.,-])(?P<y>1[1-9]\d\d)\s?[-—]\s?(?P<to>\d\d)(?![\w-]|[.,:]\d)"),
                lambda m: self.year(int(m["y"])) + to + self.cardinal(int(m["to"])),
            ),
        ]

    def _amount_rules(self) -> list:
        """Prices and measures."""
        measures = "|".join(sorted(self.measures, key=len, reverse=True))
        return [
            (re.compile(r"(?<=\d)(?:,-|:-|,—)(?:\s?kr(?!\w))?(?!\w)"), lambda m: f" {self.crowns}"),
            (re.compile(rf"(?<![\w./,-]){_FRACTION}\s?(?P<unit>{measures})(?![\w/])"), self._part_of_measure),
            measure_rule(self, self.measures),
            per_quantity_rule(self),
            (
                re.compile(r"(?:(?<=\wre)|(?<=kr)|(?<=kron[eo]r))/(?P<unit>kWh|kg|hg|km|l|m²|min)(?!\w)"),
                self._per_unit,
            ),
            size_rule(self),
            sets_rule(self, " "),
        ]

    def _name_rules(self) -> list:
        """Pages, house numbers, kings, compounds and telephone numbers."""
        return [
            (re.compile(r"(?<!\w)s\.(?=\s\d)"), lambda m: self.page_word),
            (
                re.compile(rf"(?<![\w.,/])(?P<street>{_STREET})\s(?P<n>\d{{1,3}})(?P<door>[A-Z])(?!\w)"),
                lambda m: f"{m['street']} {self.cardinal(int(m['n']))} {m['door']}",
            ),
            (re.compile(rf"(?<!\w)(?P<word>{_RULERS})\s(?P<roman>[IVX]+)(?!\w)"), self._roman),
            (re.compile(r"(?<![\w.,-])(?P<n>\d{1,4})-(?P<noun>[a-zæøåäö]{3,})(?![\w-])"), self._compound),
            (re.compile(r"(?<![\w.,])0\d{1,3}\s?[-—]\s?\d{2,3}(?:\s\d{2,3}){1,3}(?![\w-]|\s\d)"), self.digits),
            code_rule(self),
            (re.compile(r"(?<=\b[Rr]ing\s)11\d(?![\d.,-]|\s\d)"), self.digits),
        ]

    def _decade(self, match: re.Match) -> str:
        century, rest = divmod(int(match["y"]), 100)
        tens = self.cardinal(rest) if rest else ""
        if not century:
            return tens + match["tal"]
        if century == 20:
            return (self.decade_of_2000 + tens if rest else self.cardinal(2000).replace(" ", "")) + match["tal"]
        return number_words(century, self.language) + self.hundred_between(rest) + tens + match["tal"]

    def _between_dates(self, match: re.Match) -> str | None:
        before = match.string[max(0, match.start() - 12) : match.start()]
        months = "|".join([*month_names(self.language), *self.short_months])
        return f" {self.range_word} " if re.search(rf"\d\.?\s(?:{months})\.?$", before) else None

    def _month(self, match: re.Match) -> str:
        ends = match["stop"] and not re.search(r"\w", match.string[match.end() :])
        return self.short_months[match["m"]] + ("." if ends else "")

    def _compound(self, match: re.Match) -> str:
        number = int(match["n"])
        words = {100: self.hundred_between(0), 1000: "tusen"}.get(number) or self.counted(number, "år")
        return words.replace(" ", "") + match["noun"]

    def _part_of_measure(self, match: re.Match) -> str:
        above, below = _FRACTION_SIGNS[match["sign"]] if match["sign"] else (int(match["a"]), int(match["b"]))
        one, _, many = self.measures[match["unit"]]
        neuter = match["unit"] in self.neuter_measures
        if below == 2:
            part = self.halves_of[neuter]
        elif below == 4:
            part = f"{self.counted(above, one)} {self.quarter}"
        else:
            part = self.fraction(above, below) or ""
        if not match["n"]:
            return f"{part} {one}"
        return f"{self.counted(int(match['n']), one)} {self.and_word} {part} {one if match['n'] == '1' else many}"

    def time_patterns(self) -> list:
        return [
            (rf"(?:(?<=\b[Kk]l\.\s)|(?<=\b[Kk]l\s)|(?<=\b{self.clock_word}\s)){_TIME}", self._time, 0),
            (_BARE_TIME, self._time, 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        if not 0 < minute < 10:
            return super().time(hour, minute, second)
        words = [self.cardinal(hour), self.cardinal(0), self.cardinal(minute)]
        return " ".join([*words, *self.seconds(second)])

    def written_date_patterns(self) -> list:
        months = "|".join([*month_names(self.language), *self.short_months])
        if not months:
            return []
        return [(rf"(?<![\w/.,-])(?P<d>[12]?\d|3[01])(?=\s(?:{months})(?!\w))", self._day, 0)]

    def _day(self, match: re.Match) -> str | None:
        return self.ordinal(int(match["d"])) if int(match["d"]) else None

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, year)
        return words and self.ordinal(day) + words[len(self.cardinal(day)) :]

    def year_patterns(self) -> list:
        return [self.century_year_pattern()]

    def range_number(self, number: WrittenNumber, following: str) -> str:
        is_year = number.is_integer and len(number.whole) == 4 and not following
        return self.year(number.value) if is_year else self.number(number, following)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator < numerator <= 31 and 0 < denominator <= 12:
            return self.date(numerator, denominator, None)  # "24/12"
        if not numerator or numerator >= denominator or denominator > 10:
            return None
        if denominator == 2:
            return self.halves_of[0]
        return (
            f"en {self.parts[denominator - 3]}"
            if numerator == 1
            else (f"{self.cardinal(numerator)} {self.parts[denominator - 3]}{self.many_parts}")
        )

    def mixed_number(self, whole: int, fraction: str) -> str:
        return f"{'en' if whole == 1 else self.cardinal(whole)} {self.and_word} {fraction}"

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        if words and match["unit"] in ("kg", "g"):
            common, neuter = self.halves_of
            words = re.sub(r"^en(?= o)", "ett", words.replace(common, neuter))
        return words

    def roman(self, value: int, word: str) -> str:
        return f"den {self.ordinal(value)}" if re.fullmatch(_RULERS, word) else self.cardinal(value)
