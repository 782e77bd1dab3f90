"""Polish and Russian: ordinals that decline in dates, years and hours, and numbers that agree with feminine nouns."""

import re
from abc import ABC, abstractmethod

from .normalization_other import OtherNormalizer
from .normalization_tables import month_names, plural_form
from .number_words import number_words


_WORD_BEFORE = re.compile(r"(\w+)\s*$")
_LETTER = re.compile(r"\w")
_YEAR = r"(?P<y>1\d{3}|20\d\d)"


class SlavicNormalizer(OtherNormalizer, ABC):
    """Rules shared by Polish and Russian; the attributes are the words and endings of each."""

    feminine_units = frozenset(("min", "s", "ms", "t", "mi", "cal", "kcal", "мин"))
    feminine_nouns = "(?!)"  # nouns behind a number that ends in two
    feminine_two = ("", "")
    feminine_one = ("", "")
    year_words: dict[str, str] = {}  # "year" in each case -> the ending of the ordinal in front of it
    year_short, year_genitive, year_locative, inside = "", "", "", ""  # "r.", "roku", "roku", "w"
    century_words: dict[str, str] = {}
    genitive, locative = "", ""  # endings of ordinals

    @abstractmethod
    def inflected(self, number: int, ending: str) -> str:
        """The ordinal with the ending of a case in place of the one of the masculine nominative."""

    def written_date_patterns(self) -> list:
        months = "|".join(map(re.escape, month_names(self.language)))
        if not months:
            return []
        nouns = "|".join(map(re.escape, self.year_words))
        return [
            (rf"(?<![\w/.,-])(?P<d>\d{{1,2}})\s(?P<month>{months})(?!\w)"
             rf"(?:\s{_YEAR}(?!\w|[.,]\d)(?:\s?(?P<noun>{re.escape(self.year_genitive)}|{self.year_short}\.)(?!\w))?)?",
             self._written_date, re.I),
            (rf"(?<![\w/.,-]){_YEAR}\s?(?P<noun>(?:{nouns})(?!\w)|{self.year_short}\.)", self._year_of, 0),
            (rf"(?<!\w)(?P<roman>[IVX]+)(?P<gap>\s)(?P<noun>{'|'.join(self.century_words)})(?!\w)", self._century, 0),
        ]  # fmt: skip

    def _written_date(self, match: re.Match) -> str | None:
        months = [name.lower() for name in month_names(self.language)]
        spoken = self._checked_date(int(match["d"]), months.index(match["month"].lower()) + 1, match["y"])
        if spoken is None:
            return None
        return spoken + (f" {self._year_noun(match, self.year_genitive)}" if match["noun"] else "")

    def date(self, day: int, month: int, year: int | None) -> str | None:
        months = month_names(self.language)
        if not months:
            return None
        tail = "" if year is None else f" {self.inflected(year, self.genitive)}"
        return f"{self.inflected(day, self.genitive)} {months[month - 1]}{tail}"

    def _year_noun(self, match: re.Match, noun: str) -> str:
        """The word for the year, with the full stop of its abbreviation where that ends the text."""
        stop = match["noun"].endswith(".") and not _LETTER.search(match.string, match.end())
        return noun + ("." if stop else "")

    def _year_of(self, match: re.Match) -> str:
        inside = self._word_before(match) == self.inside
        if match["noun"].endswith("."):
            noun = self.year_locative if inside else self.year_genitive
        else:
            noun = match["noun"]
        ending = self.year_words[noun]
        if noun == self.year_locative == self.year_genitive and inside:
            ending = self.locative
        return f"{self.inflected(int(match['y']), ending)} {self._year_noun(match, noun)}"

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        if value is None:
            return None
        ending = self.century_words[match["noun"]]
        if ending == self.genitive and self.year_locative == self.year_genitive:
            ending = self.locative if self._word_before(match) == self.inside else ending
        return f"{self.inflected(value, ending)} {match['noun']}"

    def _word_before(self, match: re.Match) -> str:
        before = _WORD_BEFORE.search(match.string[max(0, match.start() - 20) : match.start()])
        return before[1].lower() if before else ""

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine:
            return words
        head, _, last = words.rpartition(" ")
        if last == self.feminine_one[0] and (number == 1 or self.language == "ru"):
            last = self.feminine_one[1]
        elif last == self.feminine_two[0]:
            last = self.feminine_two[1]
        return f"{head} {last}".strip()

    def counted(self, number: int, following: str) -> str:
        feminine = number % 10 in (1, 2) and re.fullmatch(self.feminine_nouns, following) is not None
        return self.cardinal(number, feminine)


class PolishNormalizer(SlavicNormalizer):
    """Polish with the number format 1 234,56."""

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
        return " ".join(_polish_ending(word, ending) if word.endswith(("y", "i")) else word for word in words)

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


def _polish_ending(word: str, ending: str) -> str:
    stem = word[:-1]
    if word.endswith("y"):
        return stem + ending
    if ending == "a":
        return f"{stem}a" if stem.endswith("g") else f"{stem}ia"  # "druga", "trzecia"
    return stem + {"y": "i", "ym": "im"}.get(ending, f"i{ending}")


class RussianNormalizer(SlavicNormalizer):
    """Russian with the number format 1 234,56."""

    feminine_nouns = (
        r"(?:минут|секунд|недел|книг|женщин|девуш|девоч|страниц|тысяч|машин|песн|комнат|групп|тонн|мил|копе|гривн|"
        r"собак|ночь|ноч|част|дочер|сест|улиц|чаш|лож)\w{0,4}|кошки|цели|цены"
    )
    feminine_one, feminine_two = ("один", "одна"), ("два", "две")
    genitive, locative = "ого", "ом"
    year_words = {"году": "ом", "года": "ого", "год": "ый", "годом": "ым"}
    year_short, year_genitive, year_locative, inside = "г", "года", "году", "в"
    century_words = {"века": "ого", "веке": "ом", "веком": "ым", "век": "ый"}
    _endings = {
        "й": "ый", "ый": "ый", "ой": "ый", "ий": "ый", "я": "ая", "ая": "ая", "го": "ого", "ого": "ого", "его": "ого",
        "му": "ому", "ому": "ому", "м": "ом", "ом": "ом", "ю": "ую", "ую": "ую", "х": "ых", "ых": "ых", "е": "ое",
        "ое": "ое", "ее": "ое", "ые": "ые",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            (re.compile(r"(?<!\w)(?<!\d )г\.(?=\s?[А-ЯЁ])"), lambda m: "город"),
            (re.compile(r"№(?=\s?\d)"), lambda m: "номер"),
        ]

    def inflected(self, number: int, ending: str) -> str:
        words = number_words(number, self.language, "ordinal")
        stem, last = words[:-2], words[-2:]
        if last not in ("ый", "ой", "ий") or ending == "ый":
            return words
        if last == "ий":  # "третий"
            soft = {"ая": "ья", "ое": "ье", "ого": "ьего", "ому": "ьему", "ом": "ьем", "ую": "ью", "ых": "ьих"}
            return stem + (soft | {"ые": "ьи", "ым": "ьим"})[ending]
        return stem + ending

    def ordinal_patterns(self) -> list:
        endings = "|".join(sorted(self._endings, key=len, reverse=True))
        return [
            (rf"(?<![\w.,-])(?P<n>\d{{1,4}})-(?P<end>{endings})(?!\w)", self._ordinal, 0),
            *super().ordinal_patterns(),
        ]

    def _ordinal(self, match: re.Match) -> str:
        number, ending = int(match["n"]), self._endings[match["end"]]
        if match["end"] == "е" and number >= 20 and number % 10 == 0:  # "90-е" are years
            ending = "ые"
        return self.inflected(number, ending)

    def _year_of(self, match: re.Match) -> str:
        if match["noun"] == "году" and self._word_before(match) in ("к", "ко", "по"):
            return f"{self.inflected(int(match['y']), 'ому')} году"
        return super()._year_of(match)

    def _written_date(self, match: re.Match) -> str | None:
        spoken = super()._written_date(match)
        if spoken and self._word_before(match) in ("на", "по", "за", "сегодня", "это"):
            day = self.inflected(int(match["d"]), self.genitive)
            return self.inflected(int(match["d"]), "ое") + spoken[len(day) :]
        return spoken

    def _percent(self, match: re.Match) -> str | None:
        words = super()._percent(match)
        if not words:
            return words
        last = self._parse(match["to"] or match["number"])
        forms = ("процент", "процента", "процентов")
        index = {"one": 0, "few": 1}.get(plural_form("ru", last.value), 2) if last.is_integer else 1
        return words.removesuffix(self.percent) + forms[index]

    def _money(self, match: re.Match) -> str | None:
        words = super()._money(match)
        stop = match["currency"].endswith(".") and not _LETTER.search(match.string, match.end())
        return f"{words}." if words and stop else words
