"""What numbers and short forms say in Brazilian sports, law, documents, addresses, medicine, technology and the Bible."""

import re
from collections.abc import Callable

from .normalization_romance import RomanceNormalizer
from .number_words import digit_words, parse_number, roman_value
from .spoken_items import CLOSE_QUOTE, OPEN_QUOTE


_Rules = list[tuple[re.Pattern, Callable[[re.Match], str | None]]]

_SCORE_WORDS = re.compile(
    r"(?<!\w)(?:por|placar(?: [^\W\d]+)?:?|resultado(?: de)?|empat\w+(?: em)?|ganh\w+(?: de)?|perd\w+(?: de)?|venc\w+|"
    r"bate\w*|gole\w+|virou|viram)$",
    re.I,
)
_SET = "(?:6/[0-4]|[0-4]/6|7/[56]|[56]/7)"  # of tennis
_LAWS = re.compile(
    r"(?:\b(?:Leis?|Decreto|Complementar|Portaria|Resolução|Provisória|Normativa|Edital|Súmula|PLC?|PEC|MP)|n[º°]|n\.º)\s$",
    re.I,
)
_ACCOUNTS = re.compile(
    r"(?<!\w)(?:ag(?:ência|\.)?|conta(?: corrente| poupança)?|c/c|cc|RG|matrícula|senha|PIN|código(?: de [^\W\d]+)?)"
    r"(?: é)?[:\s]*(?:n[º°]\s?)?$",
    re.I,
)
_BOOKS = (
    "Gênesis|Êxodo|Levítico|Números|Deuteronômio|Josué|Juízes|Rute|Samuel|Reis|Crônicas|Esdras|Neemias|Ester|Jó|Salmos?|"
    "Provérbios|Eclesiastes|Cânticos|Isaías|Jeremias|Lamentações|Ezequiel|Daniel|Oseias|Joel|Amós|Jonas|Miqueias|Malaquias|"
    "Mateus|Marcos|Lucas|João|Atos|Romanos|Coríntios|Gálatas|Efésios|Filipenses|Colossenses|Tessalonicenses|Timóteo|Tito|"
    "Hebreus|Tiago|Pedro|Judas|Apocalipse"
)
_TITLES = {
    "Cel": "coronel", "Ten": "tenente", "Cap": "capitão", "Maj": "major", "Sgt": "sargento", "Min": "ministro",
    "Des": "desembargador", "Arq": "arquiteto", "Adv": "advogado", "Ilmo": "ilustríssimo", "Ilma": "ilustríssima",
    "Jd": "Jardim", "Vl": "Vila", "Pq": "Parque", "Pça": "Praça", "Lgo": "Largo", "Estr": "Estrada", "Al": "Alameda",
    "Brig": "Brigadeiro", "N. Sra": "Nossa Senhora",
}  # fmt: skip
_TITLE = "|".join(map(re.escape, _TITLES))
_PARTS_OF_ADDRESSES = {"bl": "bloco", "qd": "quadra", "lt": "lote", "cj": "conjunto", "apto": "apartamento"}
_COURTESIES = {"V": "Vossa", "S": "Sua", "exa": "Excelência", "sa": "Senhoria"}


def context_rules(language: RomanceNormalizer) -> _Rules:
    """All rules.

    Args:
        language: reads the numbers.
    """
    return [
        *_sports(language),
        *_law(language),
        *_documents(language),
        *_places(),
        *_people(),
        *_measures(language),
        *_bible(language),
    ]


def _one_by_one(language: RomanceNormalizer, text: str) -> str:
    """Digits and letters of a code, with a pause where its kind changes or a sign stands."""
    parts = re.findall(r"\d+|[A-Z]+", text.upper())
    return ", ".join(
        digit_words(part, language.language) if part.isdigit() else language._spell_part(part) for part in parts
    )


def _before(match: re.Match, length: int = 40) -> str:
    return match.string[max(0, match.start() - length) : match.start()]


def _sports(language: RomanceNormalizer) -> _Rules:
    def score(match: re.Match) -> str | None:
        before, behind = _before(match).rstrip(), match.string[match.end() :]
        names = re.search(r"(?<!\w)[A-ZÀ-Ý][\w'-]*$", before) and re.match(r"\s[A-ZÀ-Ý]", behind)
        if not (names or "0" in (match["a"], match["b"]) or _SCORE_WORDS.search(before)):
            return None
        return f"{language.cardinal(int(match['a']))} a {language.cardinal(int(match['b']))}"

    def sets(match: re.Match) -> str:
        return re.sub(
            r"(\d)/(\d)", lambda m: " a ".join(language.cardinal(int(games)) for games in m.groups()), match[0]
        )

    def opponents(match: re.Match) -> str | None:
        before = re.search(r"(?<!\w)(?P<team>[A-ZÀ-Ý][\w'-]+)\s$", _before(match))
        return "contra" if before and (match[0] == "x" or before["team"].isupper()) else None  # "Raio X Digital"

    return [
        (
            re.compile(r"(?<![\w.,/-])(?P<a>\d{1,2})\s?[xX×]\s?(?P<b>\d{1,2})(?![\w/]|[.,]\d|\s?(?:=|[cmk]?m\b))"),
            score,
        ),
        (re.compile(rf"(?<![\w/,.]){_SET}(?:(?:, | e ){_SET})+(?![\w/])"), sets),
        (re.compile(r"(?<=\s)[xX](?=\s[A-ZÀ-Ý]\w)"), opponents),
    ]


def _law(language: RomanceNormalizer) -> _Rules:
    def numbered(match: re.Match) -> str | None:
        if "." not in match["n"] and not _LAWS.search(_before(match)):
            return None
        return f"{language.cardinal(int(match['n'].replace('.', '')))} de {language.cardinal(int(match['year']))}"

    def item(match: re.Match) -> str | None:
        value = roman_value(match[0])
        return language.cardinal(value) if value else None

    return [
        (re.compile(r"§\s?§"), lambda m: "parágrafos"),
        (re.compile(r"(?<!\w)c/c(?=\s(?:[oa]s?\s)?(?:art|§|Lei|inc))"), lambda m: "combinado com"),
        (re.compile(r"(?<!\w)c/c(?!\w)"), lambda m: "conta corrente"),
        (re.compile(r"(?<=\d[º°],\s)[IVXL]{1,6}(?!\w)|(?<=\d,\s)[IVXL]{2,6}(?!\w)"), item),
        (
            re.compile(
                r"(?<![\w.,/-])(?P<n>\d{1,3}(?:\.\d{3})+|\d{1,6})/(?P<year>(?:19|20)\d\d|\d\d)(?![\w/-]|[.,]\d)"
            ),
            numbered,
        ),
    ]


def _documents(language: RomanceNormalizer) -> _Rules:
    def account(match: re.Match) -> str | None:
        return _one_by_one(language, match[0]) if _ACCOUNTS.search(_before(match)) else None

    return [
        (re.compile(r"(?<![\w.,/-])\d{7}-\d\d\.\d{4}\.\d\.\d\d\.\d{4}(?![\w-])"), language.digits),  # lawsuits
        (re.compile(r"(?<![\w.,/-])\d{1,2}\.\d{3}\.\d{3}-[\dXx](?![\w-])"), lambda m: _one_by_one(language, m[0])),  # RG
        (re.compile(r"(?<![\w.,/-])(?:\d[\d.]{1,12}-[\dXx]|\d{3}[- ]\d{3}|\d{4,8})(?![\w-]|[.,]\d)"), account),
        (re.compile(r"(?<![\w-])(?!ISO|NBR)[A-Z]{3}(?:-(?!19|20)\d{4}|-?\d[A-Z]\d\d)(?![\w-])"),
         lambda m: _one_by_one(language, m[0])),  # car plates
    ]  # fmt: skip


def _places() -> _Rules:
    return [
        (re.compile(r"(?<!\w)R\.(?=\s[A-ZÀ-Ý][\w.]+(?:\s[\w.]+){0,5},?\s(?:n[º°]\s?)?\d)"), lambda m: "Rua"),
        (re.compile(rf"(?<!\w)(?P<short>{_TITLE})\.(?=\s(?:d[aeo]s?\s)?[A-ZÀ-Ý][a-zà-ý])"), lambda m: _TITLES[m["short"]]),
        (re.compile(r"(?<!\w)(?P<whose>[VS])\.\s?(?P<what>Exa|Sa)\."),
         lambda m: f"{_COURTESIES[m['whose']]} {_COURTESIES[m['what'].lower()]}"),
        (re.compile(rf"(?<!\w)(?P<part>{'|'.join(_PARTS_OF_ADDRESSES)})\.(?=\s(?:\d|[A-Z](?!\w)))", re.I),
         lambda m: _PARTS_OF_ADDRESSES[m["part"].lower()]),
        (re.compile(r"(?<=\.\s)XV(?=\sde\sNovembro)"), lambda m: "Quinze"),
        (re.compile(r"(?<!\w)s/n(?:[º°])?(?!\w)", re.I), lambda m: "sem número"),
    ]  # fmt: skip


def _people() -> _Rules:
    """Both sexes in one word: "prezado(a)"."""

    def both(match: re.Match) -> str:
        word, plural = match["word"], match["plural"]
        return f"{word}{plural} ou {word[:-1]}a{plural}" if word[-1] == "o" else f"{word}{plural} ou {word}a{plural}"

    return [
        (re.compile(r"(?<!\w)Sr\(a\)\.?"), lambda m: "senhor ou senhora"),
        (re.compile(r"(?<!\w)Dr\(a\)\.?"), lambda m: "doutor ou doutora"),
        (re.compile(r"(?<!\w)(?P<word>[^\W\d_]{2,30}(?:o|or))(?P<plural>(?:(?<=o)s)?)\(as?\)(?!\w)"), both),
        (re.compile(r"(?<=[^\W\d_]{2})\((?:s|es)\)(?!\w)"), lambda m: ""),
    ]


def _measures(language: RomanceNormalizer) -> _Rules:
    def pressure(match: re.Match) -> str:
        return f"{language.cardinal(int(match['a']))} por {language.cardinal(int(match['b']))} milímetros de mercúrio"

    def every(match: re.Match) -> str:
        hours = language.cardinal(int(match["n"]), feminine=True)
        return f"de {hours} em {hours} horas"

    def inches(match: re.Match) -> str | None:
        open_quotes = match.string.count(OPEN_QUOTE, 0, match.start())
        return " polegadas" if open_quotes == match.string.count(CLOSE_QUOTE, 0, match.start()) else None

    def quarter(match: re.Match) -> str:
        return f"{language.ordinal(int(match['n']))} trimestre de {language.cardinal(int(match['year']))}"

    def extreme(match: re.Match) -> str:
        stem = "mínim" if match["word"][-1] == "n" else "máxim"
        return f"{match['noun']} {stem}{'a' if language.is_feminine(match['noun'], True) else 'o'}"

    def spoons(match: re.Match) -> str:
        noun = "xícara" if match["noun"][0] in "Xx" else "colher"
        if match["half"] and not match["n"]:
            return f"meia {noun}"
        plural = noun if match["n"] == "1" else f"{noun}s" if noun == "xícara" else f"{noun}es"
        return f"{language.cardinal(int(match['n']), feminine=True)} {plural}{' e meia' if match['half'] else ''}"

    def minutes(match: re.Match) -> str:
        extra = f" mais {language.cardinal(int(match['extra']))}" if match["extra"] else ""
        return f"{language.cardinal(int(match['n']))}{extra} minutos"

    def rate(match: re.Match) -> str:
        ends = not match.string[match.end() :].strip()
        return {"a": "ao ano", "m": "ao mês", "d": "ao dia"}[match["period"]] + ("." if ends else "")

    def many(match: re.Match) -> str:
        number = match["n"]
        one = number.split(",")[0] in ("0", "1")
        name = {"mi": "milh", "bi": "bilh", "tri": "trilh"}[match["word"]] + ("ão" if one else "ões")
        return f"{language.number(parse_number(number, ','))} {name}"

    return [
        (re.compile(r"(?<![\w.,/])(?P<a>\d{2,3})\s?[/x]\s?(?P<b>\d{2,3})\s?mmHg(?!\w)"), pressure),
        (re.compile(r"(?:\bde\s)?(?<![\w.,/])(?P<n>\d{1,2})/(?P=n)\s?(?:h|hs|horas)(?!\w)"), every),
        (re.compile(r"(?<=\d)\s?mg/d[lL](?!\w)"), lambda m: " miligramas por decilitro"),
        (re.compile(r"(?<![\w.,/])(?=[\d½])(?P<n>\d{1,2}(?!/))?\s?(?P<half>1/2|½)?\s(?P<noun>[Xx]íc|[Cc]ol)\."), spoons),
        (re.compile(r"(?<=leite )cond\."), lambda m: "condensado"),
        (re.compile(r"(?<=%\s)a\.\s?(?P<period>[amd])\."), rate),
        (re.compile(r"(?<=\d\s)p\.\s?p\."), lambda m: "pontos percentuais"),
        (re.compile(r"\bhab\.?/km²"), lambda m: "habitantes por quilômetro quadrado"),
        (re.compile(r"(?<![\w.,])(?P<n>\d{1,2})\s?h(?=/(?:dia|semana|mês))"),
         lambda m: f"{language.cardinal(int(m['n']), feminine=True)} {'hora' if m['n'] == '1' else 'horas'}"),
        (re.compile(r"(?<=[a-z]{4})/kg(?!\w)"), lambda m: " por quilo"),
        (re.compile(r"(?<=\baos )(?P<n>\d{1,3})'(?:\+(?P<extra>\d{1,2}))?(?!\w)"), minutes),
        (re.compile(rf"(?<=\d){CLOSE_QUOTE}"), inches),
        (re.compile(r"(?<=\d)\s?MP(?!\w)"), lambda m: " megapixels"),
        (re.compile(r"(?<=\d[.,]\d\s)(?P<n>8|12|16|24|32)[vV](?!\w)"), lambda m: f"{language.cardinal(int(m['n']))} válvulas"),
        (re.compile(r"(?<![\w.,])(?P<n>[1-4])T(?P<year>\d\d|20\d\d)(?!\w)"), quarter),
        (re.compile(r"(?<=[1-4][º°]\s)tri(?=\s|[.,;)]|$)"), lambda m: "trimestre"),
        (re.compile(r"(?<!\w)(?P<noun>[^\W\d_]{3,20})\s(?P<word>m[ií]n|m[aá]x)\."), extreme),
        (re.compile(r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{1,2})?)\s(?P<word>mi|bi|tri)(?=\sde\s)"), many),
        (re.compile(r"(?<=\bo )kg(?!\w)|(?<=\bpor )kg(?!\w)|(?<=\bcada )kg(?!\w)"), lambda m: "quilo"),
    ]  # fmt: skip


def _bible(language: RomanceNormalizer) -> _Rules:
    def verse(match: re.Match) -> str:
        words = f"{language.cardinal(int(match['chapter']))}, {language.cardinal(int(match['verse']))}"
        return f"{match['book']} {words}" + (f" a {language.cardinal(int(match['to']))}" if match["to"] else "")

    return [
        (re.compile(rf"(?<!\w)(?P<book>{_BOOKS})\s(?P<chapter>\d{{1,3}}):(?P<verse>\d{{1,3}})(?:[-—](?P<to>\d{{1,3}}))?(?![\w:])"),
         verse),
    ]  # fmt: skip
