"""Spanish: numbers with apocope and gender ("un libro", "veintiuna casas"), dates, times, money, abbreviations."""

import re

from .chat_words import chat_rules
from .normalization_measures import code_rule, secret_rule
from .normalization_romance import RomanceNormalizer
from .normalization_weekdays import weekday_rules
from .number_words import WrittenNumber, number_words


_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_MONTH = "|".join([*_MONTHS, "setiembre"])
_SHORT_MONTHS = {month[:3]: month for month in _MONTHS} | {"sept": "septiembre"}
_WEEKDAYS = dict(
    zip(
        "lun mar mié mie jue vie sáb sab dom".split(),
        "lunes martes miércoles miércoles jueves viernes sábado sábado domingo".split(),
    )
)
_EVENTS = (
    "[Cc]ongreso|[Ee]dición|[Jj]ornadas|[Ff]estival|[Pp]remios?|[Ff]eria|[Ee]ncuentro|[Cc]oncurso|[Aa]niversario|"
    "[Ss]emana|[Cc]onferencia|[Ff]oro|[Rr]epública|Reich|[Ll]egislatura|[Cc]umbre"
)
_ACTS = re.compile(r"(?:\b(?:Ley|Ley Orgánica|L\.?O\.?|R\.?D\.?|Decreto|Sentencia|Orden|Expediente)|n\.?[º°])\s$")
_QUEENS = frozenset("Isabel Beatriz Leonor Berenice".split())
_MASCULINE_NOUNS = frozenset(
    "día mapa planeta problema programa sistema tema clima idioma poema drama diploma fantasma cometa telegrama "
    "kilograma miligrama dilema esquema lema teorema diagrama colega guardia pirata poeta atleta turista artista "
    "periodista dentista tranvía sofá".split()
)
_FEMININE_NOUNS = frozenset(
    "vez mujer madre noche parte tarde clase fase frase base llave nave red sede fuente puente voz luz cruz flor "
    "ley mano gente muerte suerte carne calle sangre leche nube torre imagen mente".split()
)


class SpanishNormalizer(RomanceNormalizer):
    """Spanish with the number format 1.234,56 (1,234.56 is understood, too)."""

    decimal = ","
    space_groups = True
    decimal_words = {",": "coma", ".": "punto"}
    halves = ("medio", "media")
    range_word = score_word = "a"
    minus, percent, permille = "menos", "por ciento", "por mil"
    times_word = "por"
    fold_words = ("vez", "veces")
    power_word = "elevado a"
    per_word = "por"
    per_nouns = r"(?:hora|día|noche|semana|mes|año|persona)\b"
    dot, at, slash, dash, underscore, plus, equals = "punto", "arroba", "barra", "guion", "guion bajo", "más", "igual"
    month_year_joiner = "de"
    date_before = "el|del|al|día|hasta|desde|fecha"
    cents_joiner, and_word = "con", "y"
    one_word, half_words, third_word, over_word = "un", "un medio", "tercio", "sobre"
    powers = ("al cuadrado", "al cubo")
    plural_endings = (
        ("ciones", "ción"),
        ("siones", "sión"),
        ("dades", "dad"),
        ("ces", "z"),
        ("eres", "er"),
        ("s", ""),
    )
    feminine_endings = ("a", "ción", "sión", "dad", "tad", "tud", "umbre", "ie")
    feminine_words = _FEMININE_NOUNS
    masculine_words = _MASCULINE_NOUNS
    roman_contexts = (
        "[Ss]iglo|[Aa]rt\\.|[Ss]\\.|[Cc]apítulo|[Cc]ap\\.|[Vv]olumen|[Vv]ol\\.|[Tt]omo|[Pp]arte|[Aa]cto|[Ee]scena|[Tt]ítulo|[Aa]rtículo|[Aa]nexo|"
        "[Ff]ase|[Tt]ipo|Guerra Mundial|(?:Don|Papa|papa|[Rr]ey|[Rr]eina|[Ee]mperador|Juan|San) [A-ZÁ-Ú]\\w+"
    )
    magnitudes = {"mil": 10**3, "millón": 10**6, "millones": 10**6, "billón": 10**12, "billones": 10**12, "M": 10**6}
    currencies = {
        "EUR": ("euro", "euros", "céntimo", "céntimos"),
        "USD": ("dólar", "dólares", "centavo", "centavos"),
        "GBP": ("libra", "libras", "penique", "peniques"),
        "BRL": ("real", "reales", "centavo", "centavos"),
        "JPY": ("yen", "yenes", "", ""),
        "CHF": ("franco suizo", "francos suizos", "céntimo", "céntimos"),
    }
    unit_overrides = {"kg": ("kilo", "kilos"), "min": ("minuto", "minutos")}
    feminine_units = frozenset(("h", "t", "lb", "lbs", "mi", "oz", "yd", "mph", "cal", "kcal", "ha"))
    spelled = frozenset("UE IBM URL API IA AI DNI".split())
    symbols = {
        "&": "y", "+": "más", "=": "igual a", "%": "por ciento", "@": "arroba", "°": "grados", "±": "más menos",
        "×": "por", "÷": "entre", "≈": "aproximadamente", "≠": "distinto de", "≤": "menor o igual que",
        "≥": "mayor o igual que", "√": "raíz cuadrada de", "∞": "infinito", "§": "sección", "©": "copyright",
        "№": "número", "µ": "micro", "€": "euros", "£": "libras", "$": "dólares", "¥": "yenes", "¢": "centavos",
        "‰": "por mil", "<": "menor que", ">": "mayor que", "→": "a", "*": "por", "#": "número",
        "?": "interrogación", ":": "dos puntos",
    }  # fmt: skip
    abbreviations = {
        "sr": "señor", "sra": "señora", "sres": "señores", "sras": "señoras", "srta": "señorita", "dr": "doctor",
        "dra": "doctora", "prof": ".profesor", "profa": "profesora", "d": ".don", "dª": "doña", "dña": "doña",
        "ud": "usted", "uds": "ustedes", "vd": "usted", "vds": "ustedes", "av": ".avenida", "avda": "avenida",
        "c/": "calle", "nº": "número", "n°": "número", "n.º": "número", "núm": "número", "no": ".#número",
        "pág": "página", "págs": "páginas", "p": ".#página", "tel": ".teléfono", "p. ej": "por ejemplo",
        "p.ej": "por ejemplo", "ej": ".ejemplo", "etc": "etcétera", "ee. uu": "Estados Unidos",
        "ee.uu": "Estados Unidos", "eeuu": "Estados Unidos", "s.a": "S A", "s.l": "S L", "vs": "versus",
        "a.c": "antes de Cristo", "a. c": "antes de Cristo", "d.c": "después de Cristo", "d. c": "después de Cristo",
        "s": ".#siglo", "art": ".#artículo", "cap": ".#capítulo", "vol": ".#volumen", "fig": ".#figura",
        "ing": ".ingeniero", "lic": ".licenciado", "gral": "general", "depto": "departamento", "dpto": "departamento",
        "aprox": "aproximadamente", "máx": "máximo", "mín": "mínimo", "admón": "administración", "cía": "compañía",
        "jr": ".júnior", "sta": ".santa", "sto": ".santo", "q.e.p.d": "que en paz descanse",
        "cdta": "cucharadita", "cdtas": "cucharaditas", "cda": "cucharada", "cdas": "cucharadas", "izda": "izquierda",
        "izq": "izquierda", "dcha": "derecha", "d.ª": "doña", "párr": ".#párrafo", "excmo": "excelentísimo", "excma": "excelentísima", "rvdo": "reverendo", "pp": ".#páginas",
        "nn": ".#números", "min": ".#minuto", "hnos": ".hermanos",
        "pza": "plaza", "ctra": "carretera", "urb": ".urbanización", "esc": ".escalera", "jj. oo": "Juegos Olímpicos",
        "jj.oo": "Juegos Olímpicos", "cc. oo": "Comisiones Obreras", "cc.oo": "Comisiones Obreras", "dto": ".descuento",
        "hab": ".habitantes", "tfno": "teléfono", "c.p": "código postal", "xq": "porque", "tb": "también", "i. e": "es decir", "i.e": "es decir",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            *chat_rules("es"),
            secret_rule(self, r"(?i:código(?: de [^\W\d]+)?|clave|contraseña|PIN)(?: es)?"),
            (re.compile(r"(?<![\w-])[XYZ]?\d{7,8}[A-Z](?![\w-])"), self._identity),
            (re.compile(r"(?<![\w.,/-])(?P<n>\d{1,5})/(?P<y>(?:19|20)\d\d)(?![\w/-]|[.,]\d)"), self._act),
            (
                re.compile(r"(?<![\w.,])(?P<n>[1-4])T(?=\s(?:de\s|del\s)?20\d\d)"),
                lambda m: f"{self.ordinal(int(m['n']))} trimestre".replace("primero", "primer").replace(
                    "tercero", "tercer"
                ),
            ),
            (re.compile(r"(?<!\w)(?<!\d\s)[Kk]m(?=\s\d)"), lambda m: "kilómetro"),
            (re.compile(r"(?<!\w)hab\.?/km²"), lambda m: "habitantes por kilómetro cuadrado"),
            (re.compile(r"(?<!\w)s/n(?!\w)"), lambda m: "sin número"),
            (re.compile(r"(?<!\w)'(?=\d0(?!\d))"), lambda m: ""),
            (re.compile(r"(?<=\sy\s)(?:1/2|½)(?![\w/])(?!\s(?!de\s)[a-záéíóúñ]{3})"), lambda m: "medio"),
            (re.compile(r"(?<!\w)24/7(?!\w)"), lambda m: "veinticuatro siete"),
            *weekday_rules(_WEEKDAYS, "a", "a|y"),
            self.length_rule(),
            (
                re.compile(
                    rf"(?<!\w)(?<!\d\s)(?P<month>{'|'.join(_SHORT_MONTHS)})\.(?=\s(?:de\s)?(?:1\d{{3}}|20\d\d)(?!\w))"
                ),
                lambda m: _SHORT_MONTHS[m["month"]],
            ),
            (re.compile(rf"(?<=\d\sde\s)(?P<month>{'|'.join(_SHORT_MONTHS)})\."), lambda m: _SHORT_MONTHS[m["month"]]),
            (re.compile(r"(?<=[\w€])/pers(?:\.|(?!\w))"), lambda m: " por persona"),
            (re.compile(r"(?<=\d)\s?[lL]/100\s?km(?!\w)"), lambda m: " litros a los cien kilómetros"),
            (
                re.compile(r"(?<![\w/.,])(?P<a>\d)/(?P<b>[3-9])(?=\s(?:taza|cdta|cda|cuchara|litro|kilo|vaso))"),
                lambda m: f"{self.fraction(int(m['a']), int(m['b']))} de",
            ),
            (
                re.compile(r"(?<=[Ss]iglos\s)(?P<first>[IVX]+)(?P<to>\s(?:y|al?|e)\s)(?P<last>[IVX]+)(?!\w)"),
                self._centuries,
            ),
            (re.compile(r"(?<![\w/.,])(?:(?P<n>\d{1,2})\s)?(?:1/2|½)(?=\s(?P<noun>[a-záéíóúñ]{3,}))"), self._half),
            (
                re.compile(
                    rf"(?<!\w)(?P<roman>I{{1,3}})(?=\s[Gg]uerra\s[Mm]undial)|(?<!\w)(?P<more>[IVX]+)(?=\s(?:{_EVENTS})(?!\w))"
                ),
                self._ordinal_in_front,
            ),
            (re.compile(r"(?<![\w.,-])9\d(?:[ -]\d{3})(?:[ -]\d\d){2}(?![\w-])"), self.digits),
        ]

    def _identity(self, match: re.Match) -> str:
        parts = re.findall(r"[A-Z]|\d+", match[0])
        return ", ".join(self._in_groups(part) if part.isdigit() else part for part in parts)

    def _act(self, match: re.Match) -> str | None:
        """A law and its year ("Ley 39/2015"); a small number may be a month."""
        if int(match["n"]) <= 12 and not _ACTS.search(match.string[max(0, match.start() - 30) : match.start()]):
            return None
        return f"{self.cardinal(int(match['n']))} de {self.cardinal(int(match['y']))}"

    def _centuries(self, match: re.Match) -> str | None:
        first, last = self._roman_value(match["first"]), self._roman_value(match["last"])
        return f"{self.cardinal(first)}{match['to']}{self.cardinal(last)}" if first and last else None

    def _half(self, match: re.Match) -> str:
        noun = match["noun"]
        feminine = noun.startswith(("cda", "cdta")) or self.is_feminine(noun, not noun.endswith("s"))
        half = "media" if feminine else "medio"
        return f"{self.cardinal(int(match['n']), feminine)} y {half}" if match["n"] else half

    def _ordinal_in_front(self, match: re.Match) -> str | None:
        value, noun = self._roman_value(match[0]), self._following(match)
        if value is None:
            return None
        words = self.ordinal(value, feminine=self.is_feminine(noun, not noun.endswith("s")))
        return re.sub(r"(primer|tercer)o$", r"\1", words)

    def written_date_patterns(self) -> list:
        return [
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})[º°]?\s+de\s+(?P<month>{_MONTH})"
             r"(?:\s+(?:de|del)\s+(?P<y>1\d{3}|20\d\d)(?!\w|[.,]\d))?(?!\w)", self._written_date, re.I),
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})[\s-](?:de\s)?(?P<month>{'|'.join(_SHORT_MONTHS)})\.?[\s-](?:de\s)?"
             r"(?P<y>1\d{3}|20\d\d)(?!\w|[.,]\d)", self._written_date, re.I),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,/])(?P<h>1[0-2]|0?[1-9])(?:[:.](?P<m>[0-5]\d))?\s?(?P<half>[ap])\.?\s?m(?:\.|(?!\w))",
             self._half_day, re.I),
            (r"(?<![\w:.,/])(?P<h>[01]?\d|2[0-4])[:h](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?:\s?(?:hs|hrs|h)(?!\w)(?:\.(?=,|\s[a-záéíóúñ\d]))?)?"
             r"(?![\w:]|[.,]\d)", self._time, 0),
            (r"(?<![\w:.,/])(?P<h>[01]?\d|2[0-4])\.(?P<m>[0-5]\d)\s?(?:hs|hrs|h)(?!\w)(?:\.(?=,|\s[a-záéíóúñ\d]))?", self._time, 0),
            (r"(?<![\w:.,/])(?P<h>[01]?\d|2[0-4])\s?(?:hs|hrs|h)(?![\w:/])(?:\.(?=,|\s[a-záéíóúñ\d]))?", self._time, 0),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        return [
            (r"(?<![\w.,-])(?:\+34[ -]?)?[679]\d{2}(?:[ -]\d{3}){2}(?![\w-])", self.digits, 0),
            (r"(?<![\w.,-])(?:\+34[ -]?)?[6789]\d{2}(?:[ -]\d{2}){3}(?![\w-])", self.digits, 0),
            *super().phone_patterns(),
            (*code_rule(self), 0),
        ]

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])(?P<n>\d{1,4})\.?(?P<o>[ºª])(?!\w)", self._ordinal, 0),
            (r"(?<![\w.,])(?P<n>\d{1,3})\.?(?P<o>er|ro|do|to|mo|ra|da|ta|ma)(?!\w)", self._ordinal, 0),
            (r"(?<![\w.,])(?P<n>\d{1,2})(?P<o>°)(?=\s+[a-zà-ý]{4,})", self._ordinal, 0),
        ]

    def _ordinal(self, match: re.Match) -> str:
        words = self.ordinal(int(match["n"]), match["o"][-1] in "ªa")
        following = self._following(match)
        if match["o"] == "er" or (len(following) > 1 and words.endswith(("primero", "tercero"))):
            words = re.sub(r"(primer|tercer)o$", r"\1", words)
        return words

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language)
        if feminine:
            head, joiner, tail = words.rpartition("illones ") if "illones " in words else words.rpartition("illón ")
            tail = re.sub(r"(?<=cient)os\b|(?<=quinient)os\b", "as", tail)
            tail = re.sub(r"un[oó]?\b(?! mill)", "una", tail) if re.search(r"uno?\b", tail) else tail
            words = head + joiner + tail
        return words

    def counted(self, number: int, following: str) -> str:
        if following[:1].islower() and self.is_feminine(following, number == 1):
            return self.cardinal(number, feminine=True)
        words = self.cardinal(number)
        if following and following[0].islower() and len(following) > 2:
            words = re.sub(r"veintiuno$", "veintiún", words)
            words = re.sub(r"\buno$", "un", words)
        return words

    def _written_date(self, match: re.Match) -> str | None:
        name = match["month"].lower().replace("setiembre", "septiembre")
        name = _SHORT_MONTHS.get(name, name)
        return self._checked_date(int(match["d"]), _MONTHS.index(name) + 1, match["y"])

    def date(self, day: int, month: int, year: int | None) -> str:
        tail = "" if year is None else f" de {self.cardinal(year)}"
        return f"{'primero' if day == 1 else self.cardinal(day)} de {_MONTHS[month - 1]}{tail}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = self.cardinal(hour, feminine=True)
        if not minute and not second:
            return f"{words} {'hora' if hour == 1 else 'horas'}"
        if minute:
            words += f" y {self.cardinal(minute)}"
        return words + (f" y {self.cardinal(second)} segundos" if second else "")

    def _half_day(self, match: re.Match) -> str:
        hour = int(match["h"])
        words = self.time(hour, int(match["m"] or 0), None).removesuffix(" horas").removesuffix(" hora")
        if match["half"].lower() == "a":
            part = "de la noche" if hour == 12 else "de la madrugada" if hour < 6 else "de la mañana"
        else:
            part = "de la noche" if 8 <= hour < 12 else "de la tarde"
        at_end = match[0].endswith(".") and not re.search(r"\w", match.string[match.end() :])
        return f"{words} {part}{'.' if at_end else ''}"

    def mixed_number(self, whole: int, fraction: str) -> str:
        return super().mixed_number(whole, fraction.removeprefix("un ") if fraction == self.half_words else fraction)

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        if factor == 1000:
            return "mil"
        stem = "mill" if factor == 10**6 else "bill"
        return stem + ("ón" if count.value == 1 and count.is_integer else "ones")

    def roman(self, value: int, word: str) -> str:
        last = word.split()[-1]
        if last.lower() == "mundial":
            return self.ordinal(value, feminine=True)
        if (
            last[0].isupper()
            and value <= 10
            and last.lower() not in ("capítulo", "cap.", "tomo", "vol.", "parte", "acto", "tipo")
        ):
            return self.ordinal(value, feminine=last.endswith("a") or last in _QUEENS)
        return self.cardinal(value)
