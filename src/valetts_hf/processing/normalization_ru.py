"""Russian: the endings of its ordinals, years and centuries, and what its numbers agree with."""

import re

from .normalization_slavic import SlavicNormalizer
from .normalization_weekdays import weekday_rules
from .number_words import WrittenNumber, declined_number, number_words


_LETTER = re.compile(r"\w")
_WEEKDAYS = dict(
    zip("пн вт ср чт пт сб вс".split(), "понедельник вторник среда четверг пятница суббота воскресенье".split())
)
_COINS = ("копейка", "копейки", "копеек")
_HOURS = {"g": ("часа", "часов"), "d": ("часу", "часам")}
_PERCENT = ("процент", "процента", "процентов")
# Denominators of decimals: for one and for other numerators.
_PARTS = {1: ("десятая", "десятых"), 2: ("сотая", "сотых"), 3: ("тысячная", "тысячных")}
_NEUTER = re.compile(
    r"(?:окн|письм|мест|слов|яйц|дел|кресл|предложени|очк|здани|задани|сообщени|упражнени|событи|решени|кольц)[ое]"
)
# Rulers: stem -> endings of the name in each case with the ending of the ordinal behind it.
_MEN = {"": "ый", "й": "ый", "а": "ого", "я": "ого", "у": "ому", "ю": "ому", "ом": "ым", "ем": "ым", "е": "ом"}
_WOMEN = {"а": "ая", "ы": "ой", "е": "ой", "у": "ую", "ой": "ой"}
_KINGS = "П[её]тр|Никола|Александр|Павел|Павл|Иван|Людовик|Карл|Генрих|Филипп|Фридрих|Вильгельм|Георг|Эдуард|Иоанн|Наполеон|Пи"
_QUEENS = "Екатерин|Елизавет|Анн|Изабелл|Маргарит"
_SPOONS = {
    "ч": ("чайная ложка", "чайные ложки", "чайных ложек", "чайной ложки"),
    "ст": ("столовая ложка", "столовые ложки", "столовых ложек", "столовой ложки"),
}
_EACH = {
    "мес": "в месяц",
    "год": "в год",
    "день": "в день",
    "час": "в час",
    "чел": "с человека",
    "сутки": "в сутки",
    "нед": "в неделю",
}
_WARS = {"мировая": "ая", "мировой": "ой", "мировую": "ую"}


class RussianNormalizer(SlavicNormalizer):
    """Russian with the number format 1 234,56."""

    decimal_words = {",": "запятая", ".": "точка"}
    minus, plus, percent = "минус", "плюс", "процентов"
    range_word, and_word, equals, permille, per_word, power_word = "", "и", "равно", "промилле", "за", "в степени"
    times_word, size_word, fold_words, underscore = "умножить на", "на", ("раз", "раз"), "подчёркивание"
    powers = ("в квадрате", "в кубе")
    century_short = "в"
    short_months = {
        "янв": 1, "фев": 2, "февр": 2, "мар": 3, "апр": 4, "июн": 6, "июл": 7, "авг": 8, "сен": 9, "сент": 9, "окт": 10,
        "нояб": 11, "ноя": 11, "дек": 12,
    }  # fmt: skip
    month_locatives = tuple(
        "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре".split()
    )
    from_day, to_day, last_day = "с", "по", "ое"
    genitive_after = frozenset(
        "с до от около ок более менее свыше больше меньше из у без после для против порядка".split()
    )
    roman_contexts = "[Тт]ом|[Гг]лава|[Чч]асть|[Кк]нига|[Рр]аздел"
    symbols = {
        "°": "градусов", "±": "плюс минус", "×": "умножить на", "÷": "разделить на", "≈": "примерно", "≠": "не равно",
        "≤": "меньше или равно", "≥": "больше или равно", "<": "меньше", ">": "больше", "√": "корень из",
        "∞": "бесконечность", "§": "параграф", "©": "копирайт", "№": "номер", "µ": "микро", "€": "евро", "$": "долларов",
        "£": "фунтов", "¥": "иен", "‰": "промилле", "→": "к", "*": "умножить на", "#": "номер", "?": "вопросительный знак",
        ":": "двоеточие",
    }  # fmt: skip
    cent_forms = {"RUB": _COINS, "USD": ("цент", "цента", "центов"), "EUR": ("цент", "цента", "центов")}
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
        "тел": ".телефон", "проф": ".профессор", "акад": ".академик", "д-р": "доктор", "гр": ".гражданин",
        "т.к": "так как", "т. к": "так как", "т.н": "так называемый", "т. н": "так называемый", "н.э": "нашей эры",
        "н. э": "нашей эры", "ок": ".#около", "чел": ".человек", "ср": ".сравни", "пр": ".прочее", "обл": ".область",
        "р-н": "район", "пр-т": "проспект", "пр-кт": "проспект", "наб": ".набережная", "пл": ".площадь",
        "пер": ".переулок", "д": ".#дом", "кв": ".#квартира", "корп": ".#корпус", "с": ".#страница", "гл": ".#глава",
        "рис": ".#рисунок", "табл": ".#таблица", "ст": ".#статья", "ч": ".#часть", "п": ".#пункт", "мес": "месяц",
        "б/у": "бывший в употреблении",
        "спс": "спасибо", "пжл": "пожалуйста", "кв. м": "квадратных метров", "долл": ".долларов",
    }  # fmt: skip
    feminine_nouns = (
        r"(?:минут|секунд|недел|книг|женщин|девуш|девоч|страниц|тысяч|машин|песн|комнат|групп|тонн|мил[яиюе]|копе|гривн|"
        r"собак|ночь|ноч|част|дочер|сест|улиц|чаш|лож)\w{0,4}|кошки|цели|цены"
    )
    feminine_units = SlavicNormalizer.feminine_units | {"т", "сек"}
    feminine_one, feminine_two = ("один", "одна"), ("два", "две")
    last_one_agrees = True
    nominative, genitive, locative = "ый", "ого", "ом"
    nominative_feminine = "ая"
    year_words = {"году": "ом", "года": "ого", "год": "ый", "годом": "ым"}
    year_short, year_genitive, year_locative, inside = "г", "года", "году", "в"
    century_words = {"века": "ого", "веке": "ом", "веком": "ым", "век": "ый"}
    _endings = {
        "й": "ый", "ый": "ый", "ой": "ый", "ий": "ый", "я": "ая", "ая": "ая", "го": "ого", "ого": "ого", "его": "ого",
        "му": "ому", "ому": "ому", "м": "ом", "ом": "ом", "ю": "ую", "ую": "ую", "х": "ых", "ых": "ых", "е": "ое",
        "ое": "ое", "ее": "ое", "ые": "ые",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [*self._history_rules(), *self._amount_rules(), *self._address_and_statute_rules()]

    def _history_rules(self) -> list:
        """Weekdays, years, rulers and wars."""
        return [
            *weekday_rules(_WEEKDAYS, "—", "по|и"),
            (
                re.compile(
                    rf"(?<!\w)(?P<name>(?P<man>{_KINGS})(?P<his>[а-я]{{0,2}})|(?P<woman>{_QUEENS})(?P<her>[а-я]{{1,2}}))\s(?P<roman>[IVX]+)(?!\w)"
                ),
                self._ruler,
            ),
            (
                re.compile(r"(?<!\w)(?P<roman>I{1,3})(?=\s(?P<noun>мировая|мировой|мировую)(?!\w))"),
                lambda m: self.inflected(len(m["roman"]), _WARS[m["noun"]]),
            ),
            (
                re.compile(
                    r"(?<![\w.,])(?P<from>1\d{3}|20\d\d)\s?[-—]\s?(?P<y>1\d{3}|20\d\d)(?P<noun>\s?гг\.)?(?![\w-]|[.,]\d)"
                ),
                self._years,
            ),
            (
                re.compile(r"(?<=\bна\s)(?P<n>\d{1,3})-й\sмин(?:\.|(?!\w))"),
                lambda m: f"{self.inflected(int(m['n']), 'ой')} минуте",
            ),
            (
                re.compile(rf"(?<!\w)(?P<day>{'|'.join(_WEEKDAYS)})(?=,\s\d{{1,2}}[\s.])"),
                lambda m: _WEEKDAYS[m["day"]],
            ),
        ]

    def _amount_rules(self) -> list:
        """Quantities, recipes, prices and words with a number as their first part."""
        return [
            (
                re.compile(r"(?<![\w.,])(?P<n>\d{1,3})\sг(?=\s[а-яё]|[,;)])"),
                lambda m: f"{self.cardinal(int(m['n']))} {self.unit('g', int(m['n']))}",
            ),
            (re.compile(r"(?<![\w.,])(?P<n>\d{1,3})\sкоп(?:\.|(?!\w))"), self._kopecks),
            (re.compile(r"(?<![\w.,/])(?P<n>1/2|½|\d{1,2})\s(?P<spoon>ч|ст)\.\s?л\.(?!\w)"), self._spoons),
            (re.compile(r"(?<=\d:\d\d)\s?[-—]\s?(?=\d{1,2}:\d\d)"), lambda m: " — "),
            (
                re.compile(r"(?<=[\w.₽])/(?P<noun>чел|мес|год|день|час|сутки|нед)(?!\w)\.?"),
                lambda m: f" {_EACH[m['noun']]}",
            ),
            (re.compile(r"(?<=\d\sч)\.(?=\s\d+\s?мин)"), lambda m: ""),
            (re.compile(r"(?<![\w/.,])(?<!\d\s)(?:1/2|½)(?=\s[а-яё]{3,})"), lambda m: "половина"),
            self.compound_rule(),
        ]

    def _address_and_statute_rules(self) -> list:
        """Streets, cities, telephone numbers and references to laws."""
        return [
            (re.compile(r"(?<!\w)ч\.(?=\s?\d+\s(?:п|ст)\.)"), lambda m: "часть"),
            (re.compile(r"(?<!\w)пр\.(?=\s[А-ЯЁ])"), lambda m: "проспект"),
            (
                re.compile(
                    r"(?<![\w.,-])(?:(?:8|\+7)[ -]?)?(?:\(\d{3,5}\)|\d{3,5})[ -]\d{1,3}(?:-\d\d){2}(?![\w-])|"
                    r"(?<![\w.,-])(?:8[ -])?\d{2,3}(?:-\d{3})?(?:-\d\d){2}(?![\w-])"
                ),
                self._phone,
            ),
            (
                re.compile(r"(?<!\w)ст\.\s?(?P<n>\d{1,4})\s?ч\.(?=\s?\d)"),
                lambda m: f"статья {self.cardinal(int(m['n']))} часть",
            ),
            (re.compile(r"(?<!\w)(?<!\d )г\.(?=\s?[А-ЯЁ])"), lambda m: "город"),
            (re.compile(r"№(?=\s?\d)"), lambda m: "номер"),
        ]

    def _ruler(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        ending = _MEN.get(match["his"]) if match["man"] else _WOMEN.get(match["her"])
        return f"{match['name']} {self.inflected(value, ending)}" if value and ending else None

    def _spoons(self, match: re.Match) -> str:
        forms = _SPOONS[match["spoon"]]
        if not match["n"].isdecimal():
            return f"половина {forms[3]}"
        count = int(match["n"])
        return f"{self.cardinal(count, feminine=True)} {forms[self._form(count)]}"

    def _years(self, match: re.Match) -> str:
        """From one year to another, with or without "гг."."""
        inside = self._word_before(match) == self.inside
        ending, noun = (
            (self.locative, "годах") if inside else (self.genitive, "годов") if match["noun"] else ("ый", "")
        )
        years = " — ".join(self.inflected(int(match[name]), ending) for name in ("from", "y"))
        stop = "." if match["noun"] and not _LETTER.search(match.string, match.end()) else ""
        return f"{years} {noun}".strip() + stop

    def _fold(self, match: re.Match) -> str | None:
        words = super()._fold(match)
        last = self._parse(match["to"])
        return f"{words}а" if words and (not last.is_integer or self._form(last.value) == 1) else words

    def _kopecks(self, match: re.Match) -> str:
        count = int(match["n"])
        stop = "." if match[0].endswith(".") and not _LETTER.search(match.string, match.end()) else ""
        return f"{self.cardinal(count, feminine=True)} {_COINS[self._form(count)]}{stop}"

    def genitive_cardinal(self, number: int, feminine: bool = False) -> str:
        return declined_number(number, self.language, "g", feminine)

    def before_adjective(self, number: int) -> str:
        if number == 1:
            return "одно"
        kept = {"ста": "сто", "девяноста": "девяносто", "одного": "одно"}
        return "".join(kept.get(word, word) for word in self.genitive_cardinal(number).split())

    def roman(self, value: int, word: str) -> str:
        return self.inflected(value, "ая" if word.endswith(("а", "ь")) else "ый")

    def number(self, number: WrittenNumber, following: str = "", feminine: bool = False) -> str:
        """Decimals are said as tenths, hundredths or thousandths."""
        parts = _PARTS.get(len(number.fraction))
        if parts is None or number.separator != self.decimal:
            return super().number(number, following, feminine)
        if number.value == 1 and number.fraction == "5" and following.islower():
            return "полторы" if feminine or re.fullmatch(self.feminine_nouns, following) else "полтора"
        whole, part = number.value, int(number.fraction)
        ones = "целая" if whole % 10 == 1 and whole % 100 != 11 else "целых"
        name = parts[0] if part % 10 == 1 and part % 100 != 11 else parts[1]
        return f"{self.cardinal(whole, feminine=True)} {ones} {self.cardinal(part, feminine=True)} {name}"

    def counted(self, number: int, following: str) -> str:
        if number % 10 == 1 and number % 100 != 11 and _NEUTER.fullmatch(following):
            return re.sub(r"один$", "одно", self.cardinal(number))
        return super().counted(number, following)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator == 2 and numerator == 1:
            return "одна вторая"
        if not numerator or denominator < 2:
            return None
        name = (
            {3: ("треть", "трети"), 4: ("четверть", "четверти")}.get(denominator) if numerator < denominator else None
        )
        if name is None:
            one = numerator % 10 == 1 and numerator % 100 != 11
            name = (self.inflected(denominator, "ая" if one else "ых"),) * 2
        return f"{self.cardinal(numerator, feminine=True)} {name[0 if numerator == 1 else 1]}"

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        return words and re.sub("^одна вторая", "половина", words)

    def mixed_number(self, whole: int, fraction: str) -> str:
        if fraction == "одна вторая":
            return f"{self.cardinal(whole)} с половиной"
        ones = "целая" if whole % 10 == 1 and whole % 100 != 11 else "целых"
        return f"{self.cardinal(whole, feminine=True)} {ones} {fraction}"

    def _time(self, match: re.Match) -> str:
        words, hour, before = super()._time(match), int(match["h"]), self._word_before(match)
        case = "g" if before in self.genitive_after else "d" if before in ("к", "ко") else ""
        if not case:
            return words
        rest = words[len(self.cardinal(hour)) :]
        if rest == f" {self.unit('h', hour)}":
            rest = " " + _HOURS[case][0 if hour in (1, 21) else 1]
        return declined_number(hour, self.language, case) + rest

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = super().time(hour, minute, second)
        if not minute and not second:
            return f"{words} {self.unit('h', hour)}"
        return words.replace(" ", " ноль ", 1) if 0 < minute < 10 and " " not in self.cardinal(hour) else words

    def inflected(self, number: int, ending: str) -> str:
        words = number_words(number, self.language, "ordinal")
        stem, last = words[:-2], words[-2:]
        if last not in ("ый", "ой", "ий") or ending == "ый":
            return words
        if last == "ий":  # "третий"
            soft = {
                "ая": "ья",
                "ое": "ье",
                "ого": "ьего",
                "ому": "ьему",
                "ом": "ьем",
                "ую": "ью",
                "ых": "ьих",
                "ой": "ьей",
            }
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
        form = self._form(last.value) if last.is_integer else 1
        if last.is_integer and self._word_before(match) in self.genitive_after:
            form = 2 if form else 1
        return words.removesuffix(self.percent) + _PERCENT[form]

    def _money(self, match: re.Match) -> str | None:
        words = super()._money(match)
        stop = match["currency"].endswith(".") and not _LETTER.search(match.string, match.end())
        return f"{words}." if words and stop else words
