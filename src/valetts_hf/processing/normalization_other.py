"""What languages share that have few rules of their own or none: a table of words, numbers by num2words, names of units by Babel."""

import re

from .normalization_base import Normalizer
from .normalization_other_words import MAGNITUDE_SIGNS, MAGNITUDES, UNIT_NAMES
from .normalization_tables import CURRENCIES, plural_form
from .number_words import WrittenNumber, number_words


# decimal separator, word for it, words for minus, percent, "to" in ranges, dot, at, slash, hyphen, and, equals, plus
_WORDS = {
    "it": (",", "virgola", "meno", "per cento", "a", "punto", "chiocciola", "barra", "trattino", "e", "uguale", "più"),
    "nl": (",", "komma", "min", "procent", "tot", "punt", "apenstaartje", "slash", "streepje", "en", "is", "plus"),
    "pl": (",", "przecinek", "minus", "procent", "do", "kropka", "małpa", "ukośnik", "minus", "i", "równa się", "plus"),
    "ru": (",", "запятая", "минус", "процентов", "до", "точка", "собака", "слэш", "дефис", "и", "равно", "плюс"),
    "tr": (",", "virgül", "eksi", "yüzde", "ile", "nokta", "et", "bölü", "tire", "ve", "eşittir", "artı"),
    "sv": (",", "komma", "minus", "procent", "till", "punkt", "snabel-a", "snedstreck", "bindestreck", "och", "är lika med",
           "plus"),
    "nb": (",", "komma", "minus", "prosent", "til", "punktum", "krøllalfa", "skråstrek", "bindestrek", "og", "er lik",
           "pluss"),
    "hi": (".", "दशमलव", "माइनस", "प्रतिशत", "से", "डॉट", "ऐट", "स्लैश", "हाइफ़न", "और", "बराबर", "प्लस"),
    "sw": (".", "nukta", "hasi", "asilimia", "hadi", "nukta", "at", "mkwaju", "kistari", "na", "ni sawa na", "jumlisha"),
    "ar": (",", "فاصلة", "ناقص", "بالمئة", "إلى", "نقطة", "آت", "شرطة مائلة", "شرطة", "و", "يساوي", "زائد"),
    "eo": (",", "komo", "minus", "procentoj", "ĝis", "punkto", "heliko", "oblikvo", "streketo", "kaj", "egalas", "plus"),
    "fa": (".", "ممیز", "منفی", "درصد", "تا", "نقطه", "ات", "اسلش", "خط تیره", "و", "مساوی", "به علاوه"),
    "ca": (",", "coma", "menys", "per cent", "a", "punt", "arrova", "barra", "guió", "i", "igual a", "més"),
    "ro": (",", "virgulă", "minus", "la sută", "la", "punct", "arond", "slash", "cratimă", "și", "egal cu", "plus"),
}  # fmt: skip
_SPACE_GROUPS = frozenset(("pl", "ru", "sv", "nb"))
_PERCENT_FIRST = frozenset(("tr", "sw"))
_ORDINAL_ENDINGS = {
    "nl": r"(?:e|de|ste)(?!\w)",
    "sv": r":(?:a|e)(?!\w)",
    "eo": r"-?an?(?!\w)",
    "tr": r"\.(?=\s+[a-zçğıöşü])",
    "nb": r"\.(?=\s+[a-zæøå])",
}
_ABBREVIATIONS = {
    "it": {"sig": ".signor", "sig.ra": "signora", "sigg": ".signori", "dott": ".dottor", "dott.ssa": "dottoressa",
           "prof": ".professor", "ecc": "eccetera", "p.es": "per esempio", "pag": ".#pagina", "n": ".#numero",
           "art": ".#articolo", "via": "via", "tel": ".telefono", "s.p.a": "S P A"},
    "nl": {"dhr": "de heer", "mevr": "mevrouw", "mw": ".mevrouw", "dr": ".doctor", "prof": ".professor",
           "bijv": "bijvoorbeeld", "bv": ".bijvoorbeeld", "enz": "enzovoort", "d.w.z": "dat wil zeggen",
           "o.a": "onder andere", "m.a.w": "met andere woorden", "nr": "nummer", "blz": "bladzijde", "ca": ".circa",
           "a.u.b": "alstublieft", "t/m": "tot en met", "m.b.t": "met betrekking tot", "i.p.v": "in plaats van",
           "d.m.v": "door middel van", "i.v.m": "in verband met", "o.l.v": "onder leiding van", "a.s": "aanstaande",
           "t.o.v": "ten opzichte van", "n.a.v": "naar aanleiding van", "e.d": "en dergelijke", "max": ".maximaal",
           "min": ".#minimaal", "st": ".sint"},
    "pl": {"np": "na przykład", "itd": "i tak dalej", "itp": "i tym podobne", "tzn": "to znaczy", "ul": ".ulica",
           "dr": "doktor", "prof": ".profesor", "nr": "numer", "godz": "godzina", "r": ".#rok", "tel": ".telefon",
           "inż": "inżynier", "al": ".aleja", "tj": "to jest", "wg": "według", "ok": ".#około", "str": ".#strona"},
    "ru": {"г-н": "господин", "г-жа": "госпожа", "т.е": "то есть", "т. е": "то есть", "т.д": "так далее", "т. д": "так далее", "т.п": "тому подобное",
           "т. п": "тому подобное", "др": ".другие", "г": ".год", "гг": ".годы", "ул": ".улица", "руб": "рублей",
           "тыс": "тысяч", "млн": "миллионов", "млрд": "миллиардов", "стр": ".#страница", "см": ".смотри",
           "напр": ".например", "им": ".имени"},
    "tr": {"dr": ".doktor", "prof": ".profesör", "vb": ".ve benzeri", "vs": ".vesaire", "örn": ".örneğin",
           "sn": ".sayın", "no": ".#numara", "tl": "#lira"},
    "sv": {"t.ex": "till exempel", "t. ex": "till exempel", "bl.a": "bland annat", "bl. a": "bland annat",
           "d.v.s": "det vill säga", "dvs": "det vill säga", "osv": "och så vidare", "m.m": "med mera", "fr.o.m": "från och med", "t.o.m": "till och med",
           "kl": ".klockan", "nr": "nummer", "s.k": "så kallad", "ca": "cirka", "st": ".#stycken"},
    "nb": {"f.eks": "for eksempel", "bl.a": "blant annet", "dvs": "det vil si", "osv": "og så videre",
           "m.m": "med mer", "t.o.m": "til og med", "f.o.m": "fra og med", "kl": ".klokken", "nr": "nummer", "ca": "cirka"},
    "ca": {"sr": "senyor", "sra": "senyora", "dr": "doctor", "dra": "doctora", "etc": "etcètera",
           "p. ex": "per exemple", "núm": "número", "pàg": "pàgina", "av": ".avinguda"},
    "sw": {"dkt": ".daktari", "bw": ".bwana", "bi": ".bibi", "n.k": "na kadhalika"},
    "eo": {"ktp": "kaj tiel plu", "t.e": "tio estas", "ekz": "ekzemple", "d-ro": "doktoro", "s-ro": "sinjoro",
           "s-ino": "sinjorino", "prof": ".profesoro", "n-ro": "numero", "p": ".#paĝo"},
    "hi": {"डॉ": "डॉक्टर", "प्रो": ".प्रोफ़ेसर"},
    "ar": {"د": ".دكتور"},
    "ro": {"dl": "domnul", "d-na": "doamna", "dr": ".doctor", "etc": "et cetera", "ex": ".exemplu", "nr": "numărul",
           "str": ".strada"},
}  # fmt: skip
_PERSIAN_MONTHS = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()
_GROUPS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_LETTER = re.compile(r"\w")

# Everyday names of the currencies at home, by plural form: one, few, many / other.
_CURRENCY_FORMS = {
    "ru": {"RUB": ("рубль", "рубля", "рублей"), "USD": ("доллар", "доллара", "долларов"), "EUR": ("евро",) * 3},
    "pl": {"PLN": ("złoty", "złote", "złotych"), "USD": ("dolar", "dolary", "dolarów"), "EUR": ("euro",) * 3},
    "it": {"EUR": ("euro",) * 3, "USD": ("dollaro", "dollari", "dollari")},
    "nl": {"EUR": ("euro",) * 3, "USD": ("dollar",) * 3},
    "tr": {"TRY": ("lira",) * 3, "USD": ("dolar",) * 3, "EUR": ("avro",) * 3},
    "sv": {"SEK": ("krona", "kronor", "kronor"), "USD": ("dollar",) * 3, "EUR": ("euro",) * 3},
    "nb": {"NOK": ("krone", "kroner", "kroner"), "USD": ("dollar",) * 3, "EUR": ("euro",) * 3},
    "hi": {"INR": ("रुपया", "रुपये", "रुपये"), "USD": ("डॉलर",) * 3},
    "ca": {"EUR": ("euro", "euros", "euros"), "USD": ("dòlar", "dòlars", "dòlars")},
    "ro": {
        "RON": ("leu", "lei", "de lei"),
        "EUR": ("euro", "euro", "de euro"),
        "USD": ("dolar", "dolari", "de dolari"),
    },
    "eo": {"EUR": ("eŭro", "eŭroj", "eŭroj"), "USD": ("dolaro", "dolaroj", "dolaroj")},
}


class OtherNormalizer(Normalizer):
    """Generic rules with the words of one of the remaining languages."""

    def __init__(self, language: str):
        words = _WORDS[language]
        self.decimal = words[0]
        self.decimal_words = {",": words[1], ".": words[1] if words[0] == "." else words[5]}
        self.minus, self.percent, self.range_word = words[2:5]
        self.dot, self.at, self.slash, self.dash, self.and_word, self.equals, self.plus = words[5:12]
        self.symbols = {"&": self.and_word, "+": self.plus, "=": self.equals, "@": self.at, "%": self.percent}
        self.cents_joiner = self.and_word if language in ("it", "ca", "ro", "hi") else ""
        self.space_groups = language in _SPACE_GROUPS
        self.abbreviations = _ABBREVIATIONS.get(language, {})
        self.unit_overrides = UNIT_NAMES.get(language, {})
        names = MAGNITUDES.get(language, {})
        self.signs = MAGNITUDE_SIGNS.get(language, {})
        self.magnitudes = {name.split()[-1]: factor for factor in names for name in names[factor]} | self.signs
        super().__init__(language)

    def currency(self, symbol: str, count: "int | float") -> tuple[str, str | None]:
        forms = _CURRENCY_FORMS.get(self.language, {}).get(CURRENCIES[symbol])
        if forms is None:
            return super().currency(symbol, count)
        return forms[{"one": 0, "few": 1}.get(plural_form(self.language, min(count, 10**12)), 2)], None

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        forms = MAGNITUDES[self.language][factor]
        if not count.is_integer:
            return forms[3]
        return forms[{"one": 0, "few": 1}.get(plural_form(self.language, count.value), 2)]

    def _magnitude(self, match: re.Match) -> str:
        """A number and the abbreviation of "thousand", "million", ... behind it."""
        number = self._parse(match["number"])
        name = self.magnitude_name(self.magnitudes[match["sign"]], number)
        stop = match["sign"].endswith(".") and not _LETTER.search(match.string, match.end())
        return f"{self.number(number, following=name)} {name}" + ("." if stop else "")

    def between_amount_and_currency(self, count: int) -> str:
        word = {"it": "di ", "ca": "de ", "ro": "de "}.get(self.language, "")
        return word if count >= 10**6 and count % 10**5 == 0 else ""

    def decimals(self, fraction: str) -> str:
        if len(fraction) > 2 or fraction.startswith("0"):
            return super().decimals(fraction)
        return self.cardinal(int(fraction))

    def first_rules(self) -> list:
        rules: dict[str, list] = {
            # the velar nasal without a stop; espeak-ng spells what the apostrophe parts
            "sw": [(r"(?i:\w*ng'\w+)", lambda m: m[0].replace("'", ""))],
            "nl": [
                (r"(?<=\d),[-—](?!\w)", lambda m: ""),
                (r"(?<=\d)\s?km/u(?!\w)", lambda m: " kilometer per uur"),
            ],
            "tr": [(r"(?<!\w)(?P<roman>[IVX]+)\.(?=\s[Yy]üzyıl)", self._roman_ordinal)],
            "fa": [
                (
                    r"(?<![\w/.,])(?P<y>1[34]\d\d)/(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\w/])",
                    self._persian_date,
                )
            ],
        }
        return [(re.compile(pattern), say) for pattern, say in rules.get(self.language, [])]

    def _roman_ordinal(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        return None if value is None else self.ordinal(value)

    def _persian_date(self, match: re.Match) -> str:
        """A date of the Persian calendar: year, month, day."""
        month = _PERSIAN_MONTHS[int(match["m"]) - 1]
        return f"{self.cardinal(int(match['d']))} {month} {self.cardinal(int(match['y']))}"

    def _parse(self, text: str) -> WrittenNumber:
        if self.language in ("ar", "fa") and _GROUPS.fullmatch(text):  # both signs part groups
            return WrittenNumber(re.sub("[.,]", "", text))
        return super()._parse(text)

    def time_patterns(self) -> list:
        if self.language == "tr":
            times = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
            return [(rf"(?:(?<=\bsaat\s)|(?<=\bSaat\s)){times}", self._time, 0), *super().time_patterns()]
        if self.language != "nl":
            return super().time_patterns()
        return [
            (r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[:.](?P<m>[0-5]\d)\s+uur(?!\w)", self._time, 0),
            *super().time_patterns(),
        ]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = super().time(hour, minute, second).split(" ", 1)
        if self.language == "nl":
            return " uur ".join([*words, ""][:2]).strip()
        if self.language in ("it", "ca", "ro") and len(words) > 1:
            return f"{words[0]} {self.and_word} {words[1]}"
        return " ".join(words)

    def ordinal_patterns(self) -> list:
        patterns = self.magnitude_patterns()
        ending = _ORDINAL_ENDINGS.get(self.language)
        if ending is not None:
            patterns.append((rf"(?<![\w.,])(?P<n>\d{{1,3}}){ending}", lambda m: self.ordinal(int(m["n"])), 0))
        return patterns

    def magnitude_patterns(self) -> list:
        """Abbreviations of "thousand", "million", ... behind a number."""
        if not self.signs:
            return []
        signs = "|".join(re.escape(sign) for sign in sorted(self.signs, key=len, reverse=True))
        return [(rf"(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*)\s?(?P<sign>{signs})(?!\w)", self._magnitude, 0)]

    def year(self, year: int) -> str:
        if self.language in ("nl", "nb") and 1100 <= year <= 1999:
            return number_words(year, self.language, "year")
        if self.language == "sv" and 1100 <= year <= 1999:
            rest = number_words(year % 100, "sv") if year % 100 else ""
            return f"{number_words(year // 100, 'sv')}hundra{rest}"
        return self.cardinal(year)

    def year_patterns(self) -> list:
        if self.language not in ("nl", "nb", "sv"):
            return []
        return [(r"(?<![\w.,-])(?P<y>1[1-9]\d\d)(?!\w|[.,:/]\d|-\w)", lambda m: self.year(int(m["y"])), 0)]

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language).replace("etttusen", "ettusen")
        return "null" if self.language == "nb" and number == 0 else words

    def _percent(self, match) -> str | None:
        words = super()._percent(match)
        if words and self.language in _PERCENT_FIRST:
            words = f"{self.percent} {words.removesuffix(' ' + self.percent)}"
        return words
