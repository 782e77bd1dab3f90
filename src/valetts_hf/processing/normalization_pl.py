"""Polish: the endings of its ordinals, hours and years, and what its numbers agree with."""

import re

from .normalization_slavic import SlavicNormalizer
from .number_words import number_words


class PolishNormalizer(SlavicNormalizer):
    """Polish with the number format 1 234,56."""

    decimal_words = {",": "przecinek", ".": "kropka"}
    minus, plus, percent = "minus", "plus", "procent"
    range_word, and_word, equals = "do", "i", "równa się"
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
        "inż": "inżynier", "al": ".aleja", "tj": "to jest", "wg": "według", "ok": ".#około", "str": ".#strona",
    }  # fmt: skip
    feminine_units = SlavicNormalizer.feminine_units | {"h"}
    feminine_nouns = (
        r"(?:godzin|minut|sekund|kobiet|osob|dziewczyn|książ|stron|ton|ksią|szklan|kropl|łyż|wieś|ws|noc|częśc|"
        r"córk|siostr|ulic|złotów)\w{0,4}|rzeczy|mile"
    )
    feminine_one, feminine_two = ("jeden", "jedna"), ("dwa", "dwie")
    genitive, locative = "ego", "ym"
    year_words = {"roku": "ego", "rok": "y", "rokiem": "ym", "rokowi": "emu"}
    year_short, year_genitive, year_locative, inside = "r", "roku", "roku", "w"
    century_words = {"wieku": "ego", "wiekiem": "ym", "wiek": "y"}

    def first_rules(self) -> list:
        return [(re.compile(r"(?<!\w)m\.\s?in\.(?!\w)"), lambda m: "między innymi")]

    def inflected(self, number: int, ending: str) -> str:
        words = number_words(number, self.language, "ordinal").split()
        return " ".join(_with_ending(word, ending) if word.endswith(("y", "i")) else word for word in words)

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (r"(?<![\w.,])(?P<n>\d{1,3})\.(?=\s+(?P<noun>[a-ząćęłńóśźż]+))", self._ordinal, 0),
        ]

    def _ordinal(self, match: re.Match) -> str:
        ending = {"a": "a", "o": "e", "e": "e", "ę": "e"}.get(match["noun"][-1], "y")
        return self.inflected(int(match["n"]), ending)

    def _time(self, match: re.Match) -> str:
        """The hour is an ordinal: "czternasta trzydzieści", "o czternastej trzydzieści"."""
        words = super()._time(match)
        hour = int(match["h"])
        if not hour:
            return words
        before = self._word_before(match)
        after = before in ("o", "od", "do", "po", "przed", "około", "godziny", "godzinie")
        spoken = f"{self.inflected(hour, 'ej' if after else 'a')}{words[len(self.cardinal(hour)) :]}"
        if "noun" not in match.groupdict():
            return spoken
        noun = "godzinie" if before in ("o", "po") else "godziny" if after else "godzina"
        return f"{noun} {spoken}"

    def time_patterns(self) -> list:
        return [
            (r"(?<!\w)(?P<noun>godz\.)\s?(?P<h>[01]?\d|2[0-3])(?:[:.](?P<m>[0-5]\d))?(?!\w|[.,:]\d)", self._time, 0),
            (r"(?<=\bo\s)(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d|\s(?:zł|%|mln|mld|proc|pkt|punkt))", self._time, 0),
            *super().time_patterns(),
        ]  # fmt: skip


def _with_ending(word: str, ending: str) -> str:
    stem = word[:-1]
    if word.endswith("y"):
        return stem + ending
    if ending == "a":
        return f"{stem}a" if stem.endswith("g") else f"{stem}ia"  # "druga", "trzecia"
    return stem + {"y": "i", "ym": "im"}.get(ending, f"i{ending}")
