"""Swahili: what is counted stands in front of its number, which agrees with it; the velar nasal written with an apostrophe."""

import re

from .normalization_plural_forms import PluralFormsNormalizer
from .normalization_tables import CURRENCIES
from .number_words import WrittenNumber, digit_words


_NUMBER = r"\d+(?:[.,]\d+)*"
_SHILLINGS = r"(?:TZS|KES|UGX|[TKU]?[Ss][Hh]s?)\.?"
_MAGNITUDES = "elfu|laki|milioni|bilioni|trilioni"
# Frequent nouns by the prefix that "one" and the other numbers take behind them.
_CLASSES = {
    ("m", "wa"): "mtu watu mtoto watoto mwanafunzi wanafunzi mchezaji wachezaji mwanamke wanawake mwanaume wanaume "
    "mgonjwa wagonjwa mbunge wabunge mwalimu walimu vijana wananchi wafanyakazi wasichana wavulana askari polisi "
    "wanajeshi raia wakimbizi abiria wageni ndugu",
    ("m", "mi"): "mwaka miaka mwezi miezi mkoa mikoa mti miti mfano mifano mchezo michezo mtaa mitaa mradi miradi mji miji "
    "msimu misimu mkutano mikutano mlango milango mguu miguu mkono mikono",
    ("", "ma"): "bao mabao gari magari masaa eneo maeneo jambo mambo jimbo majimbo taifa mataifa kosa makosa yai mayai jengo "
    "majengo goli magoli tunda matunda swali maswali jibu majibu kundi makundi basi mabasi",
    ("ki", "vi"): "kitabu vitabu kijiji vijiji kikombe vikombe kituo vituo chumba vyumba kijiko vijiko kitu vitu kiti viti chama "
    "vyama kikundi vikundi kisa visa kifo vifo kipande vipande kiwanda viwanda kikao vikao",
}  # fmt: skip
_PREFIXES = {noun: prefixes for prefixes, nouns in _CLASSES.items() for noun in nouns.split()}
_AGREEING = re.compile(
    r"(?<!\w)(?<!mia )(?<!elfu )(?<!laki )(?<!milioni )(?<!bilioni )(moja|mbili|tatu|nne|tano|nane)(?=$| na nusu$| na robo)"
)
_NOUN = re.compile(r"(?<!\w)(\w+)\s$")
_VERSE = re.compile(r"(?<!\w)([A-Z]\w+)\s$")  # "Yohana 3:16"
_ORDINALS = {1: "kwanza", 2: "pili"}


class SwahiliNormalizer(PluralFormsNormalizer):
    """Swahili with the number format 1,234.56."""

    percent_first = True
    decimal = "."
    decimal_words = {",": "nukta", ".": "nukta"}
    minus, plus, percent = "hasi", "jumlisha", "asilimia"
    range_word, score_word, and_word, equals = "hadi", "", "na", "ni sawa na"
    times_word = size_word = "mara"
    per_word = "kwa"
    symbols = {
        "#": "namba",
        "№": "namba",
        "~": "takriban",
        "≈": "takriban",
        "±": "jumlisha au toa",
        "÷": "gawanya kwa",
    }
    dot, at, slash, dash = "nukta", "at", "mkwaju", "kistari"
    magnitude_forms = {
        factor: (word,) * 4 for word, factor in zip(_MAGNITUDES.split("|"), (10**3, 10**5, 10**6, 10**9, 10**12))
    }
    currency_forms = {
        "USD": ("dola",) * 3, "EUR": ("yuro",) * 3, "GBP": ("pauni",) * 3, "INR": ("rupia",) * 3,
    }  # fmt: skip
    unit_overrides = {
        "m": ("mita",) * 2, "cm": ("sentimita",) * 2, "mm": ("milimita",) * 2, "g": ("gramu",) * 2, "kg": ("kilo",) * 2,
        "t": ("tani",) * 2, "l": ("lita",) * 2, "L": ("lita",) * 2, "ml": ("mililita",) * 2,
        "mL": ("mililita",) * 2, "ha": ("hekta",) * 2, "h": ("saa",) * 2, "min": ("dakika",) * 2,
        "s": ("sekunde",) * 2, "mi": ("maili",) * 2, "ft": ("futi",) * 2, "V": ("volti",) * 2,
        "W": ("wati",) * 2, "kW": ("kilowati",) * 2, "kWh": ("kilowati-saa",) * 2, "°": ("digrii",) * 2,
        "°C": ("nyuzi joto",) * 2, "sm": ("sentimita",) * 2,
    }  # fmt: skip
    abbreviations = {
        "dkt": "daktari", "dk": ".daktari", "bw": "bwana", "bi": ".bibi", "mhe": ".mheshimiwa", "mh": ".mheshimiwa",
        "prof": ".profesa", "mwl": ".mwalimu", "s.l.p": "sanduku la posta", "n.k": "na kadhalika", "nk": ".na kadhalika",
        "k.m": "kwa mfano", "k.v": "kama vile", "k.n.y": "kwa niaba ya", "alh": ".alhaji", "no": ".#namba", "na": ".#namba", "uk": ".#ukurasa",
    }  # fmt: skip

    def first_rules(self) -> list:
        magnitude = rf"(?:\s?(?P<magnitude>{_MAGNITUDES})(?!\w))?"
        return [
            # without a stop; espeak-ng spells what the apostrophe parts
            (re.compile(r"(?i:\w*ng'\w+)"), lambda m: m[0].replace("'", "")),
            (re.compile(rf"(?<!\w){_SHILLINGS}\s?(?P<number>{_NUMBER}){magnitude}(?:/[=-]|\s?[-—]\s?(?P<to>{_NUMBER}))?"),
             self._shillings),
            (re.compile(rf"(?<![\w.,])(?P<number>{_NUMBER})(?P<magnitude>)(?P<to>)/[=-](?!\w)"), self._shillings),
            (re.compile(rf"(?<!\w){_SHILLINGS}\s(?={_MAGNITUDES})"), lambda m: "shilingi "),
            (re.compile(r"(?<!\w)(?P<unit>(?i:km|kg|cm|sm|mm|ml))\s?(?=\d)"), lambda m: f"{self.unit(m['unit'].lower(), 1)} "),
            (re.compile(r"(?:(?<=\bya )|(?<=\bwa )|(?<=\bla )|(?<=\bcha ))(?P<n>[12])(?!\w|[.,:/°%-]\d|\s?[%°/-]|\s(?:hadi|na)\s)"),
             lambda m: _ORDINALS[int(m["n"])]),
        ]  # fmt: skip

    def time_patterns(self) -> list:
        dotted = r"(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\w%]|[.,:]\d)"
        return [(rf"(?:(?<=\bsaa\s)|(?<=\bSaa\s)){dotted}", self._time, 0), *super().time_patterns()]

    def time(self, hour: int, minute: int, second: int | None) -> str:
        if minute == 45 and hour <= 12 and not second:
            return f"{self.cardinal(hour % 12 + 1)} kasoro robo"
        tail = {15: "na robo", 30: "na nusu"}.get(minute) if not second else None
        words = [self.cardinal(hour), tail or (f"na dakika {self.cardinal(minute)}" if minute or second else "")]
        return " ".join(filter(None, [*words, f"na sekunde {self.cardinal(second)}" if second else ""]))

    def _time(self, match: re.Match) -> str:
        verse = _VERSE.search(match.string, max(0, match.start() - 20), match.start())
        if verse and verse[1] != "Saa" and int(match["m"]):
            return f"{self.cardinal(int(match['h']))} {self.cardinal(int(match['m']))}"
        return super()._time(match)

    def decimals(self, fraction: str) -> str:
        return digit_words(fraction, self.language)

    def fraction(self, numerator: int, denominator: int) -> str:
        name = {2: "nusu", 3: "theluthi", 4: "robo"}.get(denominator)
        if name is None or numerator >= denominator:
            return f"{self.cardinal(numerator)} kwa {self.cardinal(denominator)}"
        return name if numerator == 1 else f"{name} {self.cardinal(numerator)}"

    def money(self, amount, to, symbol, magnitude) -> str | None:
        name, _ = self.currency(symbol, 2)
        return self._sum(name.lower() if CURRENCIES[symbol] in self.currency_forms else name, amount, to, magnitude)

    def _shillings(self, match: re.Match) -> str:
        to = self._parse(match["to"]) if match["to"] else None
        return self._sum("shilingi", self._parse(match["number"]), to, match["magnitude"])

    def _sum(self, name: str, amount: WrittenNumber, to: WrittenNumber | None, magnitude: str | None) -> str:
        words = [name, magnitude or ""]
        if len(amount.fraction) == 2 and to is None and not magnitude:
            cents = f"na senti {self.cardinal(int(amount.fraction))}" if int(amount.fraction) else ""
            words += [self.cardinal(amount.value), cents]
        else:
            words += [self.number(amount), f"{self.range_word} {self.number(to)}" if to else ""]
        return " ".join(filter(None, words))

    def _quantity(self, match: re.Match) -> str | None:
        words = super()._quantity(match)
        name = self.unit(match["unit"] or match["unit2"], 2)
        if words is None or name is None:
            return None
        if match["per"]:
            name = f"{name} {self.per_word} {self.unit(match['per'], 1)}"
        thing, per, by = name.partition(f" {self.per_word} ")  # "kilomita themanini kwa saa"
        said = (
            match.string[max(0, match.start() - 20) : match.start()].lower().endswith(f"{thing} ")
        )  # "nyuzi joto 25-30°C"
        return f"{'' if said else thing + ' '}{words.removesuffix(' ' + name)}{per}{by}"

    def _percent(self, match: re.Match) -> str | None:
        words = super()._percent(match)
        before = match.string[max(0, match.start() - 9) : match.start()].lower()
        return words and (words.removeprefix("asilimia ") if before == "asilimia " else words)

    def _plain_number(self, match: re.Match) -> str | None:
        return self._agreeing(match, super()._plain_number(match))

    def _unicode_fraction(self, match: re.Match) -> str | None:
        return self._agreeing(match, super()._unicode_fraction(match))

    def _agreeing(self, match: re.Match, words: str | None) -> str | None:
        """A number behind the noun that it counts: "watu watatu", "miaka mitano"."""
        noun = _NOUN.search(match.string, max(0, match.start() - 20), match.start())
        prefixes = _PREFIXES.get(noun[1].lower()) if noun else None
        if words is None or prefixes is None:
            return words
        one, many = prefixes
        return _AGREEING.sub(lambda m: one + m[0] if m[0] == "moja" else many + m[0].replace("mbili", "wili"), words)
