"""Currencies, units and month names: what the symbols mean, and their words from Babel (CLDR) in every language."""

import re
from functools import lru_cache


CURRENCIES = {
    "R$": "BRL", "US$": "USD", "U$": "USD", "A$": "AUD", "C$": "CAD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY",
    "₹": "INR", "₽": "RUB", "₺": "TRY", "zł": "PLN", "kr": "SEK", "USD": "USD", "EUR": "EUR", "GBP": "GBP",
    "BRL": "BRL", "JPY": "JPY", "CHF": "CHF", "PLN": "PLN", "SEK": "SEK", "NOK": "NOK", "INR": "INR", "TRY": "TRY",
    "RUB": "RUB", "TL": "TRY", "RON": "RON", "руб.": "RUB", "руб": "RUB",
}  # fmt: skip

# Written unit -> CLDR unit id. Single letters that mean many things (s, h, m, l, g) need a number right before them.
UNITS = {
    "km": "length-kilometer", "m": "length-meter", "dm": "length-decimeter", "cm": "length-centimeter",
    "mm": "length-millimeter", "µm": "length-micrometer", "μm": "length-micrometer", "nm": "length-nanometer",
    "ft": "length-foot", "mi": "length-mile", "yd": "length-yard",
    "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram", "t": "mass-tonne", "lb": "mass-pound",
    "lbs": "mass-pound", "oz": "mass-ounce",
    "l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter", "mL": "volume-milliliter",
    "cl": "volume-centiliter", "m³": "volume-cubic-meter", "m3": "volume-cubic-meter", "km³": "volume-cubic-kilometer",
    "cm³": "volume-cubic-centimeter", "cm3": "volume-cubic-centimeter",
    "m²": "area-square-meter", "m2": "area-square-meter", "km²": "area-square-kilometer",
    "km2": "area-square-kilometer", "cm²": "area-square-centimeter", "ha": "area-hectare",
    "km/h": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second", "mph": "speed-mile-per-hour",
    "h": "duration-hour", "min": "duration-minute", "s": "duration-second", "ms": "duration-millisecond",
    "Hz": "frequency-hertz", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz",
    "W": "power-watt", "kW": "power-kilowatt", "MW": "power-megawatt", "GW": "power-gigawatt",
    "kWh": "energy-kilowatt-hour", "J": "energy-joule", "kJ": "energy-kilojoule", "cal": "energy-calorie",
    "kcal": "energy-kilocalorie", "V": "electric-volt", "mA": "electric-milliampere", "A": "electric-ampere",
    "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte",
    "TB": "digital-terabyte", "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "°C": "temperature-celsius", "°F": "temperature-fahrenheit", "°": "angle-degree", "hPa": "pressure-hectopascal",
    "Pa": "pressure-pascal", "км": "length-kilometer", "м": "length-meter", "см": "length-centimeter",
    "мм": "length-millimeter", "кг": "mass-kilogram", "л": "volume-liter", "мл": "volume-milliliter",
    "т": "mass-tonne", "м²": "area-square-meter", "м³": "volume-cubic-meter", "км²": "area-square-kilometer",
    "га": "area-hectare", "кВт": "power-kilowatt", "км/ч": "speed-kilometer-per-hour", "МБ": "digital-megabyte", "ГБ": "digital-gigabyte",
    "ч": "duration-hour", "мин": "duration-minute", "сек": "duration-second", "sek": "duration-second", "godz": "duration-hour",
}  # fmt: skip


_NUMBER = re.compile(r"[\d.,\u00a0\u202f]*\d")


def _locale_name(language: str) -> str:
    base, _, region = language.partition("-")
    return f"{base}_{region.upper()}" if region else base


@lru_cache(maxsize=4096)
def unit_words(symbol: str, language: str, count: "int | float" = 2) -> str | None:
    """The name of a unit for a count, None where Babel is missing or has no name for it."""
    try:
        from babel.units import UnknownUnitError, format_unit
    except ImportError:
        return None
    try:
        formatted = format_unit(count, UNITS[symbol], length="long", locale=_locale_name(language))
    except UnknownUnitError:
        return None
    words = _NUMBER.sub(" ", formatted)
    if UNITS[symbol] in words:  # what Babel says for a unit without a name
        return None
    return " ".join(words.replace("/", " ").split()) if words != formatted and words.strip() else None


@lru_cache(maxsize=1024)
def currency_words(code: str, language: str, count: "int | float" = 2) -> str | None:
    """The name of a currency for a count, None where Babel is missing."""
    try:
        from babel.numbers import get_currency_name
    except ImportError:
        return None
    return get_currency_name(code, count=count, locale=_locale_name(language))


@lru_cache(maxsize=1024)
def plural_form(language: str, count: "int | float") -> str:
    """The CLDR plural category of a count ("one", "few", "many", "other"); "other" where Babel is missing."""
    try:
        from babel import Locale
    except ImportError:
        return "other"
    return Locale.parse(_locale_name(language)).plural_form(count)


@lru_cache(maxsize=64)
def month_names(language: str, alone: bool = False) -> tuple[str, ...]:
    """The twelve month names as they stand in a date, or `alone` without a day; empty where Babel is missing."""
    try:
        from babel import Locale
    except ImportError:
        return ()
    months = Locale.parse(_locale_name(language)).months["stand-alone" if alone else "format"]["wide"]
    # Before 2.19 Babel wrote a hamza of the construct state into Persian ones.
    return tuple(months[i].replace("\u0654", "") for i in range(1, 13))
