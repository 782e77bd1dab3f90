"""Portuguese amounts: units and packages that CLDR does not know, recipes, sizes, medicine, minutes of a match, rates."""

import re
from collections.abc import Callable

from .normalization_measures import size_rule
from .normalization_romance import RomanceNormalizer
from .number_words import parse_number
from .spoken_items import CLOSE_QUOTE, OPEN_QUOTE


_Rules = list[tuple[re.Pattern, Callable[[re.Match], str | None]]]

_NUMBER = r"(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?)"
# What is written behind a number -> one, many.
_UNITS = {
    "cx": ("caixa", "caixas"), "pct": ("pacote", "pacotes"), "pcts": ("pacote", "pacotes"),
    "un": ("unidade", "unidades"), "gts": ("gota", "gotas"), "pts": ("ponto", "pontos"),
    "cp": ("comprimido", "comprimidos"), "cps": ("comprimido", "comprimidos"), "qto": ("quarto", "quartos"),
    "qtos": ("quarto", "quartos"), "vg": ("vaga", "vagas"), "vgs": ("vaga", "vagas"),
    "bpm": ("batimento por minuto", "batimentos por minuto"), "rpm": ("rotação por minuto", "rotações por minuto"),
    "ppm": ("parte por milhão", "partes por milhão"), "cv": ("cavalo", "cavalos"), "ha": ("hectare", "hectares"),
    "mAh": ("miliampère-hora", "miliampères-hora"), "dB": ("decibel", "decibéis"),
    "Mbps": ("megabit por segundo", "megabits por segundo"), "Gbps": ("gigabit por segundo", "gigabits por segundo"),
    "UI": ("unidade internacional", "unidades internacionais"), "mcg": ("micrograma", "microgramas"),
    "mUI": ("miliunidade internacional", "miliunidades internacionais"),
    "µUI": ("microunidade internacional", "microunidades internacionais"), "ng": ("nanograma", "nanogramas"),
    "mmHg": ("milímetro de mercúrio", "milímetros de mercúrio"), "mEq": ("miliequivalente", "miliequivalentes"),
    "g/m²": ("grama por metro quadrado", "gramas por metro quadrado"),
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_PER = {"ml": "mililitro", "dl": "decilitro", "l": "litro", "kg": "quilo", "h": "hora", "min": "minuto"}
_WARMEST = {"máx": "máxima", "mín": "mínima"}
_KITCHEN = "xícara|colher|copo|lata|pacote|tablete|litro|quilo|maço"
_SPOON = r"(?:(?<=[Cc]olher)|(?<=[Cc]olheres)|(?<=[Cc]ol\.)|(?<=xícara)|(?<=xícaras)|(?<=xíc\.))"
_OPEN_APOSTROPHE = re.compile(r"(?<!\w)'\w")


def amount_rules(language: RomanceNormalizer) -> _Rules:
    """All rules.

    Args:
        language: reads the numbers.
    """
    return [
        *_packages(language),
        *_recipes(language),
        *_medicine(language),
        *_matches(language),
        *_rates(language),
    ]


def _packages(language: RomanceNormalizer) -> _Rules:
    def amount(match: re.Match) -> str:
        number = parse_number(match["n"], language.decimal)
        one, many = _UNITS[match["unit"]]
        name = one if number.value < 2 and (number.fraction or number.value == 1) else many
        words = language.number(number, one if name == one else many, language.is_feminine(one.split()[0], True))
        per = f" por {_PER[match['per'].lower()]}" if match["per"] else ""
        return f"{words} {name}{per}"

    def several(match: re.Match) -> str:
        return language.counted(int(match["n"]), match["noun"])

    return [
        size_rule(language),
        (re.compile(rf"(?<![\w.,/-])(?P<n>{_NUMBER})\s?(?P<unit>{_UNIT})(?:/(?P<per>m[lL]|d[lL]|[lLh]|kg|min)(?!\w))?"
                    r"(?![\w/²³])(?:\.(?=,|\s[a-zà-ý(]))?"), amount),
        (re.compile(r"(?<=\d)/un(?:id)?\b(?:\.(?=\s[a-zà-ý]))?"), lambda m: " por unidade"),
        # Forms and advertisements fill up with zeros: "05 (cinco) dias", "02 quartos".
        (re.compile(r"(?<![\w.,:/-])(?<!\d\s)0(?P<n>[1-9])(?=\s(?:\([a-zà-ý]+\)\s)?(?P<noun>[a-zà-ý]{3,}))"), several),
        (re.compile(r"(?<=\b[dD]ia\s)0(?P<n>[1-9])(?![\w/]|[.,:-]\d)|(?<=\b[dD]ias\s)0(?P<m>[1-9])(?![\w/]|[.,:-]\d)"),
         lambda m: "primeiro" if "1" in m.groups() else language.cardinal(int(m["n"] or m["m"]))),
        (re.compile(r"(?<=[a-z]{4})/kg(?!\w)"), lambda m: " por quilo"),
        (re.compile(r"(?<=\bo )kg(?!\w)|(?<=\bpor )kg(?!\w)|(?<=\bcada )kg(?!\w)"), lambda m: "quilo"),
    ]  # fmt: skip


def _recipes(language: RomanceNormalizer) -> _Rules:
    def spoons(match: re.Match) -> str:
        noun = "xícara" if match["noun"][0] in "Xx" else "colher"
        if match["half"] and not match["n"]:
            return f"meia {noun}"
        plural = noun if match["n"] == "1" else f"{noun}s" if noun == "xícara" else f"{noun}es"
        return f"{language.cardinal(int(match['n']), feminine=True)} {plural}{' e meia' if match['half'] else ''}"

    return [
        (
            re.compile(r"(?<![\w.,/])(?=[\d½])(?P<n>\d{1,2}(?!/))?\s?(?P<half>1/2|½)?\s(?P<noun>[Xx]íc|[Cc]ol)\."),
            spoons,
        ),
        (re.compile(rf"{_SPOON}\s\((?P<of>sopa|chá|café|sobremesa)\)"), lambda m: f" de {m['of']}"),
        (re.compile(rf"(?:(?<=[⅓⅔¼¾])|(?<=\b[1-7]/[3-8]))\s(?=(?:{_KITCHEN})(?:s|es)?\b)"), lambda m: " de "),
        (re.compile(r"(?<=leite )cond\."), lambda m: "condensado"),
    ]


def _medicine(language: RomanceNormalizer) -> _Rules:
    def pressure(match: re.Match) -> str:
        return f"{language.cardinal(int(match['a']))} por {language.cardinal(int(match['b']))} milímetros de mercúrio"

    def every(match: re.Match) -> str:
        hours = language.cardinal(int(match["n"]), feminine=True)
        return f"de {hours} em {hours} horas"

    return [
        (re.compile(r"(?<![\w.,/])(?P<a>\d{2,3})\s?[/x]\s?(?P<b>\d{2,3})\s?mmHg(?!\w)"), pressure),
        (re.compile(r"(?:\bde\s)?(?<![\w.,/])(?P<n>\d{1,2})/(?P=n)\s?(?:h|hs|horas)(?!\w)"), every),
        (
            re.compile(r"(?<=\d)\s?(?P<milli>m?)g/d[lL](?!\w)"),
            lambda m: f" {'miligramas' if m['milli'] else 'gramas'} por decilitro",
        ),
        (re.compile(r"(?<=\d)/mm³"), lambda m: " por milímetro cúbico"),
    ]


def _matches(language: RomanceNormalizer) -> _Rules:
    def minutes(match: re.Match) -> str | None:
        if _OPEN_APOSTROPHE.search(match.string, max(0, match.start() - 80), match.start()):
            return None  # "'geração 90'"
        extra = match["extra"] or match["more"]
        count = language.cardinal(int(match["n"] or match["first"]))
        half = f" do {language.ordinal(int(match['half']))} tempo" if match["half"] else ""
        return f"{count}{f' mais {language.cardinal(int(extra))}' if extra else ''} minutos{half}"

    def run(match: re.Match) -> str:
        seconds = language.cardinal(int(match["s"]))
        return f"{seconds} {'segundo' if match['s'] == '1' else 'segundos'} e {language.decimals(match['rest'])}"

    return [
        (re.compile(r"(?<![\w.,'])(?:(?P<n>\d{1,3})'(?:\+(?P<extra>\d{1,2})'?)?|(?P<first>\d{2,3})\+(?P<more>\d{1,2})')"
                    r"(?:\s?/?\s?(?:do\s)?(?P<half>[12])[º°]?T)?(?!\w)"), minutes),
        (re.compile(r"(?<![\w.,:])(?P<s>\d{1,2})s(?P<rest>\d{2,3})(?!\w)"), run),
        (re.compile(r"(?<=\d\))\s?x\s?(?=\(\d)"), lambda m: " a "),  # of penalties
    ]  # fmt: skip


def _rates(language: RomanceNormalizer) -> _Rules:
    def inches(match: re.Match) -> str | None:
        open_quotes = match.string.count(OPEN_QUOTE, 0, match.start())
        return " polegadas" if open_quotes == match.string.count(CLOSE_QUOTE, 0, match.start()) else None

    def quarter(match: re.Match) -> str:
        return f"{language.ordinal(int(match['n']))} trimestre de {language.cardinal(int(match['year']))}"

    def extreme(match: re.Match) -> str:
        stem = "mínim" if match["word"][-1] == "n" else "máxim"
        return f"{match['noun']} {stem}{'a' if language.is_feminine(match['noun'], True) else 'o'}"

    def rate(match: re.Match) -> str:
        ends = not match.string[match.end() :].strip()
        return {"a": "ao ano", "m": "ao mês", "d": "ao dia"}[match["period"]] + ("." if ends else "")

    def many(match: re.Match) -> str:
        number = match["n"]
        one = number.split(",")[0] in ("0", "1")
        name = {"mi": "milh", "bi": "bilh", "tri": "trilh"}[match["word"]] + ("ão" if one else "ões")
        return f"{language.number(parse_number(number, ','))} {name}"

    return [
        (re.compile(r"(?<=%\s)a\.\s?(?P<period>[amd])\."), rate),
        (re.compile(r"(?<=\d\s)p\.\s?p\."), lambda m: "pontos percentuais"),
        (re.compile(r"\bhab\.?/km²"), lambda m: "habitantes por quilômetro quadrado"),
        (re.compile(r"(?<![\w.,])(?P<n>\d{1,2})\s?h(?=/(?:dia|semana|mês))"),
         lambda m: f"{language.cardinal(int(m['n']), feminine=True)} {'hora' if m['n'] == '1' else 'horas'}"),
        (re.compile(rf"(?<=\d){CLOSE_QUOTE}"), inches),
        (re.compile(r"(?<=\d)\s?MP(?!\w)"), lambda m: " megapixels"),
        (re.compile(r"(?<=\d[.,]\d\s)(?P<n>8|12|16|24|32)[vV](?!\w)"), lambda m: f"{language.cardinal(int(m['n']))} válvulas"),
        (re.compile(r"(?<![\w.,])(?P<n>[1-4])T(?P<year>\d\d|20\d\d)(?!\w)"), quarter),
        (re.compile(r"(?<=[1-4][º°]\s)tri(?=\s|[.,;)]|$)"), lambda m: "trimestre"),
        (re.compile(r"(?<!\w)(?P<word>máx|mín)\.(?=\s-?\d{1,2}\s?[º°])"), lambda m: _WARMEST[m["word"]]),
        (re.compile(r"(?<!\w)(?P<noun>[^\W\d_]{3,20})\s(?P<word>m[ií]n|m[aá]x)\."), extreme),
        (re.compile(r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{1,2})?)\s(?P<word>mi|bi|tri)(?=\sde\s)"), many),
    ]  # fmt: skip
