"""Russian: the endings of its ordinals, years and centuries, and what its numbers agree with."""

import re

from .normalization_slavic import SlavicNormalizer
from .normalization_tables import plural_form
from .number_words import number_words


_LETTER = re.compile(r"\w")


class RussianNormalizer(SlavicNormalizer):
    """Russian with the number format 1 234,56."""

    decimal_words = {",": "запятая", ".": "точка"}
    minus, plus, percent = "минус", "плюс", "процентов"
    range_word, and_word, equals = "до", "и", "равно"
    dot, at, slash, dash = "точка", "собака", "слэш", "дефис"
    magnitude_forms = {
        10**3: ("тысяча", "тысячи", "тысяч", "тысячи"), 10**6: ("миллион", "миллиона", "миллионов", "миллиона"),
        10**9: ("миллиард", "миллиарда", "миллиардов", "миллиарда"),
    }  # fmt: skip
    magnitude_signs = {"тыс.": 10**3, "тыс": 10**3, "млн": 10**6, "млрд": 10**9}
    currency_forms = {
        "RUB": ("рубль", "рубля", "рублей"), "USD": ("доллар", "доллара", "долларов"), "EUR": ("евро",) * 3,
    }  # fmt: skip
    abbreviations = {
        "г-н": "господин", "г-жа": "госпожа", "т.е": "то есть", "т. е": "то есть", "т.д": "так далее",
        "т. д": "так далее", "т.п": "тому подобное", "т. п": "тому подобное", "др": ".другие", "г": ".год",
        "гг": ".годы", "ул": ".улица", "руб": "рублей", "тыс": "тысяч", "млн": "миллионов",
        "млрд": "миллиардов", "стр": ".#страница", "см": ".смотри", "напр": ".например", "им": ".имени",
    }  # fmt: skip
    feminine_nouns = (
        r"(?:минут|секунд|недел|книг|женщин|девуш|девоч|страниц|тысяч|машин|песн|комнат|групп|тонн|мил|копе|гривн|"
        r"собак|ночь|ноч|част|дочер|сест|улиц|чаш|лож)\w{0,4}|кошки|цели|цены"
    )
    feminine_one, feminine_two = ("один", "одна"), ("два", "две")
    last_one_agrees = True
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
