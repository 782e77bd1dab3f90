"""Numbers, dates and money in the languages with small rules of their own, and which language short texts are in."""

import time

import pytest

from valetts_hf.processing.language_detection import guess_language
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.normalization_tables import UNITS, unit_words
from valetts_hf.processing.number_words import WrittenNumber, is_one_number, parse_number
from valetts_hf.processing.text_cleaning import is_persian
from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    "en-us": {
        "Nov. 5-7": "November fifth to seventh",
        "5–7 Nov 2024": "the fifth to the seventh of November, twenty twenty-four",
        "at 2.30pm": "at two thirty PM",
    },
    "de": {
        "am 9.-12. Mai": "am neunten bis zwölften Mai",
        "9./10. Mai": "neunter und zehnter Mai",
    },
    "it": {"5 mld": "cinque miliardi", "1 mln €": "un milione di euro"},
    "pt-br": {"Seg. 10": "segunda dez", "30 seg. depois": "trinta segundos depois"},
    "pt-pt": {"10 000 pessoas": "dez mil pessoas", "912 345 678": "nove um dois, três quatro cinco, seis sete oito"},
    "nl": {
        "€ 5 mln": "vijf miljoen euro",
        "€ 3,- per stuk": "drie euro per stuk",
        "120 km/u": "honderdtwintig kilometer per uur",
        "5h": "vijf uur",
        "i.p.v. dat": "in plaats van dat",
    },
    "pl": {
        "12,50 zł": "dwanaście złotych pięćdziesiąt",
        "3 maja 2024 r. w": "trzeciego maja dwa tysiące dwudziestego czwartego roku w",
        "w 2024 roku": "w dwa tysiące dwudziestym czwartym roku",
        "o 14:30": "o czternastej trzydzieści",
        "od godz. 8": "od godziny ósmej",
        "2 h": "dwie godziny",
        "3. miejsce": "trzecie miejsce",
        "3. rocznica": "trzecia rocznica",
        "5 tys. osób": "pięć tysięcy osób",
        "XX wiek": "dwudziesty wiek",
        "m.in. to": "między innymi to",
    },
    "ru": {
        "1 руб.": "один рубль.",
        "12,50 руб. за": "двенадцать рублей пятьдесят за",
        "3 мая 2024 г. в": "третьего мая две тысячи двадцать четвёртого года в",
        "в 1985 г.": "в тысяча девятьсот восемьдесят пятом году.",
        "к 2030 году": "к две тысячи тридцатому году",
        "2-го": "второго",
        "3-я": "третья",
        "90-е": "девяностые",
        "2 ч": "два часа",
        "1 мин": "одна минута",
        "2 книги": "две книги",
        "XIX века": "девятнадцатого века",
        "г. Москва": "город Москва",
        "5 млн руб. в": "пять миллионов рублей в",
    },
    "tr": {"saat 14.30": "saat on dört otuz", "XX. yüzyıl": "yirminci yüzyıl", "5 milyon TL": "beş milyon lira"},
    "sv": {
        "3 maj 2024": "tredje maj tvåtusentjugofyra",
        "kl 14.30": "klockan fjorton trettio",
        "1 kr": "en krona",
        "1 kg": "ett kilo",
        "på 1800-talet": "på artonhundratalet",
        "5 milj. kr": "fem miljoner kronor",
    },
    "nb": {"03.05.2024": "tredje mai to tusen og tjuefire", "1980-tallet": "nittenåttitallet"},
    "hi": {"1,23,456": "एक लाख तेईस हज़ार चार सौ छप्पन", "₹5 लाख": "पाँच लाख रुपये"},
    "ro": {
        "12,50 lei": "doisprezece lei și cincizeci de bani",
        "50 RON": "cincizeci de lei",
        "2 ore": "două ore",
        "1 leu": "un leu",
        "1 mai": "întâi mai",
        "secolul al XX-lea": "secolul al douăzecilea",
        "5 mil. lei": "cinci milioane de lei",
        "3 mld. €": "trei miliarde de euro",
        "la 21:30": "la douăzeci și unu și treizeci",
    },
    "ca": {
        "2 h": "dues hores",
        "2a": "segona",
        "14:30 h": "catorze i trenta",
        "03/05/2024": "tres de maig de dos mil vint-i-quatre",
        "el segle XX": "el segle vint",
    },
    "ar": {"1,234": "ألف ومئتان وأربعة وثلاثون"},
    "fa": {
        "۱٬۲۳۴": "هزار وُ دویست وُ سی وُ چهار",
        "5 km": "پنج کیلومتر",
        "۱۴۰۳/۰۲/۱۴": "چهارده اردیبهشت هزار وُ چهارصد وُ سه",
    },
    "sw": {"5 m": "mita tano", "Dkt. Juma": "daktari Juma"},
    "eo": {"5 €": "kvin eŭroj", "la 3-a": "la tria", "5 kW": "kvin kilovatoj"},
}
CASES = [(language, text, spoken) for language, table in SPOKEN.items() for text, spoken in table.items()]


@pytest.mark.parametrize(("language", "text", "spoken"), CASES, ids=[f"{code}-{text}" for code, text, _ in CASES])
def test_spoken_form(language, text, spoken):
    assert normalize(text, language) == spoken


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_units_without_a_name_are_not_read_as_identifiers(language):
    assert not [symbol for symbol in UNITS if UNITS[symbol] in (unit_words(symbol, language, 5) or "")]


def test_indian_groups_of_digits():
    assert is_one_number("12,34,567.5") and not is_one_number("1,23,45")
    assert parse_number("12,34,567.5", ".") == WrittenNumber("1234567", "5", ".")


@pytest.mark.parametrize(
    ("language", "text"),
    [("pt-br", "Até logo"), ("en-us", "Merry Christmas"), ("fr", "Je comprends"), ("it", "Buon Natale"),
     ("nl", "Tot straks"), ("sv", "Vi ses"), ("nb", "Unnskyld"), ("sw", "Hakuna matata"), ("fa", "ممنون")],
)  # fmt: skip
def test_short_texts(language, text):
    assert guess_language(text) == language


def test_persian_is_known_by_its_words():
    assert is_persian("من خوبم") and not is_persian("شكرا جزيلا")


HOSTILE = ["1" * 20_000, "I" * 20_000, "1 " * 10_000, "1.000" * 4_000, "5-" * 10_000, "г. " * 7_000, "5 руб. " * 3_000]


@pytest.mark.parametrize(
    "language", ["en-us", "de", "nl", "pl", "ru", "tr", "sv", "ro", "ca", "fa", "ar", "hi", "sw", "eo"]
)
def test_time_is_linear(language):
    start = time.perf_counter()
    for text in HOSTILE:
        normalize(text, language)
    assert time.perf_counter() - start < 20  # quadratic rules would take minutes
