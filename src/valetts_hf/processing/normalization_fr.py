"""French: numbers, "premier", times with "heures", money and abbreviations."""

import re

from .chat_words import chat_rules
from .normalization_measures import code_rule, secret_rule
from .normalization_romance import RomanceNormalizer
from .normalization_weekdays import weekday_rules
from .number_words import WrittenNumber, number_words


_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_MONTH = "|".join([*_MONTHS, "janv\\.", "févr\\.", "avr\\.", "juil\\.", "sept\\.", "oct\\.", "nov\\.", "déc\\."])
_SHORT_MONTH = "janv|févr|avr|juil|sept|oct|nov|déc"
_OCTETS = {"K": "kilo", "M": "méga", "G": "giga", "T": "téra"}
_FEMININE_ENDINGS = ("tion", "sion", "ette", "ée", "ance", "ence", "ture", "esse")
_MASCULINE = frozenset("musée lycée trophée apogée silence squelette".split())
_WEEKDAYS = dict(
    zip("lun mar mer jeu ven sam dim".split(), "lundi mardi mercredi jeudi vendredi samedi dimanche".split())
)
_FEMININE = frozenset(
    "heure minute seconde année fois semaine journée personne page partie ville maison femme fille chose table chambre "
    "voiture place pièce rue école question réponse bouteille tasse livre tonne main nuit vie idée histoire image "
    "vidéo équipe chance".split()
)


_TITLES = {"Pr": "professeur", "Me": "maître", "St": "saint", "Ste": "sainte"}


class FrenchNormalizer(RomanceNormalizer):
    """French with the number format 1 234,56."""

    decimal = ","
    space_groups = True
    decimal_words = {",": "virgule", ".": "point"}
    halves = ("demi", "demie")
    range_word = score_word = "à"
    minus, percent, permille = "moins", "pour cent", "pour mille"
    times_word, size_word = "fois", "sur"
    fold_words = ("fois", "fois")
    power_word = "puissance"
    per_word = "par"
    per_nouns = r"(?:heure|jour|nuit|semaine|mois|an|personne)\b"
    dot, at, slash, dash, underscore, plus, equals = "point", "arobase", "slash", "tiret", "tiret bas", "plus", "égal"
    date_before = "le|du|au|depuis le|jusqu'au|dès le"
    and_word = "et"
    one_word, half_words, third_word, over_word = "un", "un demi", "tiers", "sur"
    powers = ("au carré", "au cube")
    roman_contexts = "[Cc]hapitre|[Cc]hap\\.|[Aa]rt\\.|[Tt]\\.|[Vv]olume|[Vv]ol\\.|[Tt]ome|[Pp]artie|[Aa]cte|[Ss]cène|[Tt]itre|[Aa]rticle|[Aa]nnexe|[Pp]hase|[Tt]ype"
    magnitudes = {
        "mille": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9, "M": 10**6,
        "Md": 10**9, "Mds": 10**9,
    }  # fmt: skip
    currencies = {
        "EUR": ("euro", "euros", "centime", "centimes"),
        "USD": ("dollar", "dollars", "cent", "cents"),
        "GBP": ("livre", "livres", "penny", "pence"),
        "CHF": ("franc", "francs", "centime", "centimes"),
        "JPY": ("yen", "yens", "", ""),
        "BRL": ("réal", "réaux", "centavo", "centavos"),
    }
    unit_overrides = {
        "kg": ("kilo", "kilos"),
        "km/h": ("kilomètre heure", "kilomètres heure"),
        "min": ("minute", "minutes"),
    }
    feminine_units = frozenset(("h", "min", "s", "t", "lb", "lbs", "oz", "ms", "cal", "kcal"))
    spelled = frozenset("UE URL API IA AI ADN".split())
    symbols = {
        "&": "et", "+": "plus", "=": "égale", "%": "pour cent", "@": "arobase", "°": "degrés", "±": "plus ou moins",
        "×": "fois", "÷": "divisé par", "≈": "environ", "≠": "différent de", "≤": "inférieur ou égal à",
        "≥": "supérieur ou égal à", "√": "racine carrée de", "∞": "infini", "§": "paragraphe", "©": "copyright",
        "№": "numéro", "µ": "micro", "€": "euros", "£": "livres", "$": "dollars", "¥": "yens", "¢": "cents",
        "‰": "pour mille", "<": "inférieur à", ">": "supérieur à", "→": "vers", "*": "fois", "#": "numéro",
        "?": "point d'interrogation", ":": "deux points",
    }  # fmt: skip
    abbreviations = {
        "m": ".monsieur", "mm": ".messieurs", "mr": "monsieur", "mme": "madame", "mmes": "mesdames",
        "mlle": "mademoiselle", "mlles": "mesdemoiselles", "dr": "docteur", "pr": ".professeur", "me": ".maître",
        "st": ".saint", "ste": ".sainte", "n°": "numéro", "nº": "numéro", "no": ".#numéro", "p": ".#page",
        "pp": ".#pages", "av": ".avenue", "bd": "boulevard", "bld": "boulevard", "etc": "et cætera",
        "p. ex": "par exemple", "p.ex": "par exemple", "c.-à-d": "c'est-à-dire", "cf": "confer", "env": ".environ",
        "tél": "téléphone", "chap": ".#chapitre", "vol": ".#volume", "fig": ".#figure", "art": ".#article",
        "s.a": "S A", "vs": "versus", "av. j.-c": "avant Jésus-Christ", "apr. j.-c": "après Jésus-Christ",
        "ap. j.-c": "après Jésus-Christ", "svp": "s'il vous plaît", "max": ".maximum",
        "min": ".minimum", "éd": ".édition",
        "al": ".#alinéa", "bât": ".bâtiment", "cie": "compagnie", "c. à c": "cuillère à café",
        "c. à s": "cuillère à soupe", "c. à café": "cuillère à café", "c. à soupe": "cuillère à soupe", "t": ".#tome",
        "hab": ".habitants", "th": ".#thermostat", "rdv": "rendez-vous", "ét": ".étage", "n°s": "numéros", "mgr": "monseigneur", "vve": "veuve", "stp": "s'il te plaît", "appt": "appartement", "i.e": "c'est-à-dire",
    }  # fmt: skip

    def first_rules(self) -> list:
        return [
            *chat_rules("fr"),
            secret_rule(self, r"(?i:code(?: de [^\W\d]+| secret)?|PIN)(?: est)?\s?"),
            (re.compile(r"(?<![\w/.,])(?P<n>\d{1,2})\sc\.\s?à\s?(?P<of>soupe|s|café|c)(?!\w)\.?"), self._spoons),
            (re.compile(r"(?<=\d)\s?(?P<unit>[KMGT]o)(?!\w)"), lambda m: f" {_OCTETS[m['unit'][0]]}octets"),
            (
                re.compile(r"(?<!\w)T(?P<n>[1-4])(?=\s(?:de\s)?20\d\d)"),
                lambda m: f"{'premier' if m['n'] == '1' else self.ordinal(int(m['n']))} trimestre",
            ),
            (re.compile(r"(?<!\w)hab\.?/km²"), lambda m: "habitants par kilomètre carré"),
            (re.compile(r"(?<!\w)24\s?h?/24(?:\s?h)?(?!\w)"), lambda m: "vingt-quatre heures sur vingt-quatre"),
            (re.compile(r"(?<!\w)7\s?j?/7(?:\s?j)?(?!\w)"), lambda m: "sept jours sur sept"),
            (re.compile(r"(?<=\b[lL]es\s)nos(?=\s\d)"), lambda m: "numéros"),
            (re.compile(r"(?<=\b[Dd]u\s)Gal(?=\s(?:de\s)?[A-ZÀ-Ý])"), lambda m: "général"),
            (
                re.compile(rf"(?:(?<=\ben\s)|(?<=\bfin\s)|(?<=\bmi-))(?P<month>{_SHORT_MONTH})\.(?=,|\s)"),
                self._month_name,
            ),
            *weekday_rules(_WEEKDAYS, "à", "au|à|et"),
            (re.compile(rf"(?<!\w)(?P<month>{_MONTH})(?=\s(?:1\d{{3}}|20\d\d)(?!\w))"), self._month_name),
            (re.compile(r"(?<=\de\s)min\."), lambda m: "minute"),
            (re.compile(r"(?<=[\w€])/pers(?:\.|(?!\w))"), lambda m: " par personne"),
            (re.compile(r"(?<=\d)\s?[lL]/100\s?km(?!\w)"), lambda m: " litres aux cent kilomètres"),
            self.height_rule(),
            self.length_rule(),
            (re.compile(r"(?<!\w)(?P<title>Pr|Me|Ste?)(?=[\s-][A-ZÀ-Ý])"), lambda m: _TITLES[m["title"]]),
            (re.compile(r"(?<=\bavant\s|\baprès\s)J\.-C(?:\.|(?!\w))"), self._era),
            (re.compile(r"(?<!\w)[Aa]rt\.(?=\s[LRD]\.)"), lambda m: "article"),
            (
                re.compile(
                    r"(?<![\w/.,])(?<!\d\s)(?:1/2|½)(?=\s(?:c\.|cuill|tasse|heure|bouteille|tranche|gousse|douzaine|journée|livre))"
                ),
                lambda m: "une demi",
            ),
            (re.compile(r"(?<=[IVX]e\s)s\."), lambda m: "siècle"),
            (
                re.compile(r"(?:(?<=\b[LRD]\.\s)|(?<=\b[LRD]\s)|(?<=n°\s))\d+(?:-\d+)+(?![\w-])"),
                lambda m: " tiret ".join(self.cardinal(int(part)) for part in m[0].split("-")),
            ),
            (re.compile(r"(?<![\w.,])(?P<n>\d+(?:,\d+)?)\sM(?=\s(?:de\s|d'))"), self._millions),
        ]

    def _spoons(self, match: re.Match) -> str:
        count = int(match["n"])
        name = "cuillère à soupe" if match["of"][0] == "s" else "cuillère à café"
        return f"{self.cardinal(count, feminine=True)} {name if count == 1 else name.replace('cuillère', 'cuillères')}"

    @staticmethod
    def _month_name(match: re.Match) -> str:
        name = match["month"].lower().rstrip(".")
        return next(month for month in _MONTHS if month.startswith(name))

    def _era(self, match: re.Match) -> str:
        return "Jésus-Christ" + ("" if re.search(r"\w", match.string[match.end() :]) else ".")

    def _millions(self, match: re.Match) -> str:
        number = self._parse(match["n"])
        return f"{self.number(number)} {self.magnitude_name(10**6, number)}"

    def written_date_patterns(self) -> list:
        return [
            (rf"(?<![\w/.,])(?P<d>\d{{1,2}})(?:er)?\s+(?P<month>{_MONTH})(?!\w)(?:\s+(?P<y>1\d{{3}}|20\d\d)(?!\w|[.,]\d))?",
             self._written_date, re.I),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        return [
            (r"(?<![\w:.,/])(?P<h>[01]?\d|2[0-4])\s?h\s?(?P<m>[0-5]\d)(?:\s?min)?(?:\s?(?P<s>[0-5]\d)\s?s)?(?!\w)",
             self._time, 0),
            (r"(?<![\w:.,/])(?P<h>[01]?\d|2[0-4])\s?h(?![\w:/])", self._time, 0),
            *super().time_patterns(),
        ]  # fmt: skip

    def phone_patterns(self) -> list:
        return [
            (r"(?<![\w.,-])(?:\+33[ .]?|0)[1-9](?:[ .-]?\d{2}){4}(?![\w-])", self._phone, 0),
            *super().phone_patterns(),
            (*code_rule(self), 0),
        ]

    def _phone(self, match: re.Match) -> str:
        text = match[0]
        if text.startswith("+33"):
            rest = re.sub(r"\D", "", text[3:])
            groups, start = (
                [rest[i : i + 2] for i in range(1, len(rest), 2)],
                f"plus trente-trois, {self.cardinal(int(rest[0]))}",
            )
            return ", ".join([start, *(self._pair(group) for group in groups)])
        digits = re.sub(r"\D", "", text)
        return ", ".join(self._pair(digits[i : i + 2]) for i in range(0, len(digits), 2))

    def _pair(self, digits: str) -> str:
        return self.number(WrittenNumber(digits))

    def ordinal_patterns(self) -> list:
        return [
            (r"(?<![\w.,])1(?P<o>er|re|ère)s?(?!\w)", lambda m: "premier" if m["o"] == "er" else "première", 0),
            (r"(?<![\w.,])2(?P<o>nde?)s?(?!\w)", lambda m: "second" if m["o"] == "nd" else "seconde", 0),
            (r"(?<![\w.,])(?P<n>\d{1,4})(?:e|è|ème|eme|ième)s?(?!\w)", lambda m: self.ordinal(int(m["n"])), 0),
            (r"(?<![\w.,])(?P<roman>[IVX]+)(?P<o>er|re|ère|e|ème)(?!\w)", self._roman_ordinal, 0),
        ]

    def _roman_ordinal(self, match: re.Match) -> str | None:
        value = self._roman_value(match["roman"])
        if value is None:
            return None
        if value == 1:
            return "premier" if match["o"] == "er" else "première"
        return self.ordinal(value)

    def cardinal(self, number: int, feminine: bool = False) -> str:
        words = number_words(number, self.language)
        return re.sub(r"\bun$", "une", words) if feminine else words

    def counted(self, number: int, following: str) -> str:
        word = following.lower()
        if word.removesuffix("s").endswith(_FEMININE_ENDINGS) and word.removesuffix("s") not in _MASCULINE:
            return self.cardinal(number, feminine=True)
        return self.cardinal(number, feminine=word in _FEMININE or word.removesuffix("s") in _FEMININE)

    def _written_date(self, match: re.Match) -> str | None:
        name = match["month"].lower().rstrip(".")
        month = next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(name))
        return self._checked_date(int(match["d"]), month, match["y"])

    def date(self, day: int, month: int, year: int | None) -> str:
        tail = "" if year is None else f" {self.cardinal(year)}"
        return f"{'premier' if day == 1 else self.cardinal(day)} {_MONTHS[month - 1]}{tail}"

    def time(self, hour: int, minute: int, second: int | None) -> str:
        words = f"{self.cardinal(hour, feminine=True)} {'heure' if hour < 2 else 'heures'}"
        if minute or second:
            words += f" {self.cardinal(minute, feminine=True)}"
        return words + (f" et {self.cardinal(second, feminine=True)} secondes" if second else "")

    def money_with_cents(self, amount: WrittenNumber, names: tuple[str, str, str, str]) -> str:
        cents = int(amount.fraction)
        if not amount.value and cents:
            return f"{self.cardinal(cents)} {names[2 if cents == 1 else 3]}"
        words = f"{self.counted(amount.value, names[0])} {names[0 if amount.value < 2 else 1]}"
        return words + (f" {self.cardinal(cents)}" if cents else "")

    def _fraction_of_unit(self, match: re.Match) -> str | None:
        words = super()._fraction_of_unit(match)
        words = words and re.sub(r"\bde (?=[aeiouyhé])", "d'", words)
        return words and re.sub(r"^demie? ", lambda m: "une demi " if m[0] == "demie " else "un demi ", words)

    def mixed_number(self, whole: int, fraction: str) -> str:
        return super().mixed_number(whole, fraction.removeprefix("un ") if fraction == self.half_words else fraction)

    def magnitude_name(self, factor: int, count: WrittenNumber) -> str:
        name = {10**3: "mille", 10**6: "million", 10**9: "milliard"}[factor]
        return name + ("s" if factor > 1000 and count.value > 1 else "")

    def money(self, amount, to, symbol, magnitude):
        words = super().money(amount, to, symbol, magnitude)
        return re.sub(r"\bde (?=[aeiouyéh])", "d'", words) if words else words

    def ordinal(self, number: int, feminine: bool = False) -> str:
        return number_words(number, self.language, "ordinal")

    def fraction_name(self, denominator: int) -> str:
        return "quart" if denominator == 4 else self.ordinal(denominator)
