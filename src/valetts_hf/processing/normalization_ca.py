"""Catalan: numbers that agree with their noun, hours, kings, centuries, "de" and "d'" in front of currencies."""

import re

from .normalization_measures import (
    code_rule,
    hours_rule,
    measure_rule,
    per_quantity_rule,
    size_rule,
    span_of_hours_rule,
)
from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import month_names


_FEMININE_ORDINALS = {"primer": "primera", "segon": "segona", "tercer": "tercera", "quart": "quarta"}
_MASCULINE_ENDINGS = (  # of plurals in "-es"
    "tres", "bres", "dres", "cles", "ples", "bles", "omes", "emes", "ames", "atges", "etges", "itges", "xes",
    "istes", "ytes",
)  # fmt: skip
_MASCULINE = frozenset(
    "gra dia problema sistema programa tema idioma mapa poeta planeta clima poema cinema drama dies pares "
    "alumnes comptes mapes poetes planetes joves oncles pobles euros companys cognoms temes".split()
)
_FEMININE = frozenset(
    "nit nits part parts mà mans festes cartes platges imatges llet sal clau claus veu veus creu llei lleis font "
    "fonts paret parets dent dents flor flors gent mort morts sort vall valls carn sang pell serp serps classe "
    "mare febre sèrie espècie superfície base frase fase imatge torre llengües cambres obres portes lletres "
    "ombres llibretes costes fires finestres".split()
)
_FEMININE_ENDINGS = ("ció", "sió", "tat", "tud", "cions", "sions", "tats", "tuds", "xions")
_NO_NOUNS = frozenset(
    "a la de contra per una era està va ja fa ha cada sobre com que i o entre en es són les més és tres dues".split()
)
_WEEKDAYS = dict(
    zip("dl dt dc dj dv ds dg".split(), "dilluns dimarts dimecres dijous divendres dissabte diumenge".split())
)
_RULERS = (
    "Jaume|Pere|Felip|Alfons|Joan Carles|Carles|Ferran|Enric|Lluís|Martí|Joan|Pius|Lleó|Francesc|Benet|Joan "
    "Pau|Jordi|Elisabet|Isabel|Guillem|Napoleó|Ramon "
    "Berenguer|Ramon|Frederic|Sanç|Nicolau|Climent|Urbà|Innocenci|Gregori"
)
_PARTS = {3: ("terç", "terços"), 4: ("quart", "quarts")}


class CatalanNormalizer(PluralFormsNormalizer):
    """Catalan with the number format 1.234,56."""

    decimal_words = {",": "coma", ".": "punt"}
    minus, plus, percent, permille = "menys", "més", "per cent", "per mil"
    range_word = score_word = "a"
    and_word, equals, per_word, power_word = "i", "igual a", "per", "elevat a"
    per_nouns = r"(?:mes|dia|any|hora|nit|setmana|persona|pers|minut|unitat|u)\b"
    space_groups = True
    of_unit, unit_of_fraction, halves = "de", 1, ("mig", "mitja")
    times_word, size_word, fold_words = "per", "per", ("vegada", "vegades")
    dot, at, slash, dash, underscore = "punt", "arrova", "barra", "guió", "guió baix"
    powers = ("al quadrat", "al cub")
    roman_contexts = (
        "[Cc]apítol|[Cc]ap\\.|[Vv]olum|[Vv]ol\\.|[Tt]om|[Aa]cte|[Tt]ítol|[Tt]ipus|[Aa]nnex|[Gg]rup|[Ff]ase"
    )
    cents_joiner = time_joiner = "i"
    of_millions = "de"
    magnitude_forms = {10**6: ("milió",) + ("milions",) * 3}
    currency_forms = {
        "EUR": ("euro", "euros", "euros"),
        "USD": ("dòlar", "dòlars", "dòlars"),
        "GBP": ("lliura", "lliures", "lliures"),
    }
    cent_forms = {"EUR": ("cèntim", "cèntims", "cèntims"), "USD": ("centau", "centaus", "centaus")}
    unit_overrides = {
        "kg": ("quilo", "quilos"),
        "t": ("tona", "tones"),
        "°C": ("grau", "graus"),
        "°": ("grau", "graus"),
    }
    measures = {
        "Mbps": ("megabit per segon", "megabits per segon", "megabits per segon"),
        "seg": ("segon", "segons", "segons"),
    }
    symbols = {
        "°": "graus", "±": "més o menys", "×": "per", "÷": "dividit per", "≈": "aproximadament", "≠": "diferent de",
        "≤": "menor o igual que", "≥": "major o igual que", "<": "menor que", ">": "major que",
        "√": "arrel quadrada de",
        "∞": "infinit", "§": "paràgraf", "©": "copyright", "№": "número", "µ": "micro", "€": "euros", "$": "dòlars",
        "£": "lliures", "¥": "iens", "‰": "per mil", "→": "", "*": "per", "#": "número", "?": "interrogant",
        ":": "dos punts",
    }  # fmt: skip
    spelled = frozenset("UE EUA ATM FMI ERC IPC UB".split())
    abbreviations = {
        "sr": "senyor", "sra": "senyora", "srs": ".senyors", "dr": "doctor", "dra": "doctora", "prof": ".professor",
        "etc": "etcètera", "p. ex": "per exemple", "p.ex": "per exemple", "núm": "número", "nº": "número",
        "n°": "número", "n": ".#número",
        "pàg": "pàgina",
        "pàgs": "pàgines", "p": ".#pàgina", "av": ".avinguda", "avda": ".avinguda", "pl": ".plaça", "plç": ".plaça",
        "pg": ".passeig", "ptge": ".passatge", "ctra": ".carretera", "c/": "carrer", "st": ".sant",
        "sta": ".santa", "art": ".#article", "cap": ".#capítol", "vol": ".#volum", "tel": ".telèfon",
        "tfn": ".telèfon",
        "aprox": "aproximadament", "a.c": "abans de Crist", "a. c": "abans de Crist",
        "d.c": "després de Crist", "d. c": "després de Crist", "fig": ".#figura", "màx": ".màxim", "mín": ".mínim",
        "dept": ".departament", "hble": ".honorable", "excm": ".excel·lentíssim", "ex": ".#exemple",
        "s/n": "sense número",
        "esc": ".#escala", "bxs": ".baixos", "ent": ".entresol", "tq": "t'estimo", "rda": ".ronda",
        "srta": "senyoreta", "mn": ".mossèn", "pp": ".#pàgines", "pq": "perquè", "xq": "perquè",
    }  # fmt: skip
    month_year_joiner = "de"
    feminine_units = frozenset(("h", "t", "lb", "lbs", "mi", "cal", "kcal", "ha"))

    def first_rules(self) -> list:
        return [*self._date_rules(), *self._name_rules(), *self._amount_rules()]

    def _date_rules(self) -> list:
        """Centuries, years, days and hours."""
        months = "|".join(re.sub("^(?:de |d['’])", "", month) for month in month_names(self.language))
        return [
            (re.compile(r"(?<!\w)(?P<century>[Ss]egle|[Ss]\.)\s(?P<roman>[IVX]+)(?!\w)"), self._century),
            (
                re.compile(r"(?<=\b[Ss]egles\s)(?P<first>[IVX]+)\s?(?P<between>[-—ia])\s?(?P<last>[IVX]+)(?!\w)"),
                self._centuries,
            ),
            (re.compile(rf"(?<![\w.,/])1(?=\s(?:de\s|d')(?:{months})(?!\w))", re.I), lambda m: "u"),
            (re.compile(r"(?<=\b[Ll]')1(?!\w|[.,:/]\d)"), lambda m: "u"),
            (re.compile(r"(?<=\b[Ll]a\s)1(?=\s(?:i\s\d|de\sla|del|en\spunt))"), lambda m: "una"),
            (
                re.compile(r"(?<![\w.,:])(?P<h>1?\d|2[0-4])\.(?P<m>[0-5]\d)(?=\sa\s(?:les\s)?\d{1,2}[.:]\d\d)"),
                self._time,
            ),
            (
                re.compile(
                    r"(?:(?<=\b[Ll]a\s)|(?<=\b[Ll]es\s))(?P<h>1?\d|2[0-4])[.:](?P<m>[0-5]\d)(?:\s?h(?!\w))?(?![\w%]|"
                    r"[.,:]\d)"
                ),
                self._time,
            ),
            (re.compile(r"(?<=\b[Aa] la\s)1(?:\s?h)?(?![\w.,:]\w|\s?[%€]|\w)"), lambda m: "una"),
            (
                re.compile(r"(?<=\b[Ll]es\s)(?P<n>\d{1,2})(?P<h>\s?h)?(?![\w/]|[.,:]\d|\s?[%€])"),
                lambda m: self.cardinal(int(m["n"]), feminine=True) + (" hores" if m["h"] else ""),
            ),
            (re.compile(r"(?<!\w)(?P<day>d[ltcjvsg])\.(?=\s\d|\s?[-—a,])"), lambda m: _WEEKDAYS[m["day"]]),
            (re.compile(r"(?<=\b[Dd]e\s)(?P<day>d[ltcjvsg])(?=\sa\sd[ltcjvsg](?!\w))"), lambda m: _WEEKDAYS[m["day"]]),
            (re.compile(r"(?<=\b[aA]\s)(?P<day>d[lvsg])\.?(?!\w)"), lambda m: _WEEKDAYS[m["day"]]),
            (re.compile(r"(?:(?<=\d)\s?|(?<=[IVX])\s)(?:[aA]\.\s?C\.|[aA]C)(?!\w)"), lambda m: " abans de Crist"),
            (re.compile(r"(?:(?<=\d)\s?|(?<=[IVX])\s)(?:[dD]\.\s?C\.|[dD]C)(?!\w)"), lambda m: " després de Crist"),
            (re.compile(r"(?<![\w.,])1-O(?!\w)"), lambda m: "u O"),
        ]

    def _name_rules(self) -> list:
        """Rulers, streets, laws and telephone numbers."""
        return [
            (re.compile(rf"(?<!\w)(?P<word>{_RULERS})\s(?P<roman>[IVX]+)(?!\w)"), self._roman),
            (re.compile(r"(?<!\w)[Cc]/\s?(?=[A-ZÀ-Þ])"), lambda m: "carrer "),
            (
                re.compile(
                    r"(?<![\w.,-])(?<!\d )(?:9\d \d{3} \d\d \d\d|[679]\d\d \d{3} \d{3}|[679]\d\d(?: \d\d){3})"
                    r"(?![\w-]| ?\d)"
                ),
                self.digits,
            ),
            (re.compile(r"(?<!\w)C\.\s(?=[A-ZÀ-Þ][\w' ]+,\s\d)"), lambda m: "carrer "),
            (
                re.compile(
                    r"(?<!\w)(?P<law>[Ll]lei|[Dd]ecret(?:\s[Ll]lei)?|[Oo]rdre|[Rr]esolució|[Nn]úm\.)\s(?P<n>\d{1,4})"
                    r"/(?P<y>(?:19|20)\d\d)(?!\w)"
                ),
                lambda m: f"{m['law']} {self.cardinal(int(m['n']))} de {self.year(int(m['y']))}",
            ),
        ]

    def _amount_rules(self) -> list:
        """Money, fractions and measures."""
        return [
            (re.compile(r"(?<=\d)\s?M€"), self._millions),
            (
                re.compile(r"(?<=[\w€])/(?P<noun>mes|dia|any|hora|nit|setmana|persona|pers|kg|l|m²|kWh)(?!\w)"),
                self._per,
            ),
            (
                re.compile(r"(?<![\w./,-])(?<!\d\s)1/2(?=\s(?P<noun>[a-zà-ÿ·]{3,}))"),
                lambda m: "mitja" if self._is_feminine(m["noun"]) else "mig",
            ),
            (re.compile(r"(?<![\w./,-])(?P<n>\d{1,2})\s?(?:1/2|½)\s(?P<noun>[a-zà-ÿ·]{3,})"), self._and_a_half),
            measure_rule(self, self.measures),
            per_quantity_rule(self),
            (re.compile(r"(?<![\w/])(?P<a>[1-9])/(?P<b>[345])\s(?P<noun>parts?)(?!\w)"), self._shares),
            hours_rule(self),
            span_of_hours_rule(self),
            (re.compile(r"(?<![\w.,:])24[:.]00(?!\d)"), lambda m: self.cardinal(24)),
            size_rule(self),
            code_rule(self),
        ]

    def _century(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        name = {"s.": "segle", "S.": "segle"}.get(match["century"], match["century"])
        return None if value is None else f"{name} {self.cardinal(value)}"

    def _centuries(self, match: re.Match) -> str | None:
        first, last = self._roman_value(match["first"]), self._roman_value(match["last"])
        between = "i" if match["between"] == "i" else "a"
        return f"{self.cardinal(first)} {between} {self.cardinal(last)}" if first and last else None

    @staticmethod
    def _millions(match: re.Match) -> str:
        single = re.search(r"(?<![\d.,])1$", match.string[max(0, match.start() - 2) : match.start()])
        return f" {'milió' if single else 'milions'} d'euros"

    def _per(self, match: re.Match) -> str | None:
        noun = match["noun"]
        names = {
            "mes": "al mes",
            "dia": "al dia",
            "any": "a l'any",
            "kg": "el quilo",
            "kWh": "el quilowatt hora",
            "l": "el litre",
            "m²": "el metre quadrat",
        }
        if noun in ("kg", "l", "m²", "kWh") and match.string[match.start() - 1] not in "€s":
            return None
        return " " + names.get(noun, f"per {'persona' if noun == 'pers' else noun}")

    def roman(self, value: int, word: str) -> str:
        is_ruler = value <= 10 and re.fullmatch(_RULERS, word)
        return self.ordinal(value) if is_ruler else self.cardinal(value)

    @staticmethod
    def _is_feminine(noun: str) -> bool:
        if noun in _MASCULINE or noun in _NO_NOUNS or not noun.islower():
            return False
        if noun in _FEMININE or noun.endswith(_FEMININE_ENDINGS):
            return True
        return noun.endswith("a") or (noun.endswith("es") and not noun.endswith(_MASCULINE_ENDINGS))

    def counted(self, number: int, following: str) -> str:
        return self.cardinal(number, feminine=self._is_feminine(following))

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not numerator or numerator >= denominator or denominator > 10:
            return None
        if denominator == 2:
            return "mig"
        one, many = _PARTS.get(denominator) or (self.ordinal(denominator), self.ordinal(denominator)[:-1] + "ens")
        return f"un {one}" if numerator == 1 else f"{self.cardinal(numerator)} {many}"

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        return words and re.sub(r"\bde (?=[aeiouh])", "d'", words)

    def time_patterns(self) -> list:
        return [
            (
                r"(?<![\w:.,])(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)(?:\s?h(?!\w)|(?=\s?[-—]\s?\d{1,2}[.:]\d\d\s?h))",
                self._time,
                0,
            ),
            (
                r"(?<![\w.,:/])(?<!(?<!\d)-)(?P<h>[01]\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d|\s?[%€$°]|\s(?:kg|"
                r"km|m|cm)(?!\w))",
                self._time,
                0,
            ),
            *super().time_patterns(),
        ]

    def _and_a_half(self, match: re.Match) -> str:
        noun, half = match["noun"], "mitja" if self._is_feminine(match["noun"]) else "mig"
        return f"{self.counted(int(match['n']), noun)} {noun} i {half}"

    def _shares(self, match: re.Match) -> str | None:
        above, below = int(match["a"]), int(match["b"])
        share = {3: "tercer", 4: "quart", 5: "cinquen"}[below]
        if above >= below:
            return None
        return f"una {share}a part" if above == 1 else f"{self.cardinal(above, feminine=True)} {share}es parts"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = [self.cardinal(hour, feminine=True)]
        if minute:
            words += ["i", self.cardinal(minute)]
        return " ".join([*words, *self.seconds(second)])

    def ordinal_patterns(self) -> list:
        return [
            *self.magnitude_patterns(),
            (
                r"(?<![\w.,])(?P<n>\d{1,3})(?P<end>r|n|t|è|a|ª|º)(?!\w)",
                lambda m: self.ordinal(int(m["n"]), m["end"] in "aª"),
                0,
            ),
        ]

    def ordinal(self, number: int, feminine: bool = False) -> str:
        words = super().ordinal(number)
        return (_FEMININE_ORDINALS.get(words) or re.sub("è$", "ena", words)) if feminine else words

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = super().cardinal(number)
        if not feminine or number >= 10**6:
            return words
        return re.sub(r"\bun$", "una", re.sub(r"\bdos(?=$|-cents)", "dues", words)).replace("cents", "centes")

    def year(self, year: int) -> str:
        return re.sub(r"\bun$", "u", self.cardinal(year))

    def date(self, day: int, month: int, year: int | None) -> str | None:
        words = super().date(day, month, None)
        words = words and re.sub(r"^un ", "u ", words)
        return words and (words if year is None else f"{words} de {self.year(year)}")

    def money(self, amount, to, symbol, magnitude) -> str | None:
        words = super().money(amount, to, symbol, magnitude)
        return words and re.sub(r"\bde (?=[aeiou])", "d'", words)
