"""What numbers and short forms say in Brazilian sports, law, addresses and the Bible."""

import re
from collections.abc import Callable

from .normalization_romance import RomanceNormalizer
from .number_words import roman_value


_Rules = list[tuple[re.Pattern, Callable[[re.Match], str | None]]]

_SCORE_WORDS = re.compile(
    r"(?<!\w)(?:por|placar(?: [^\W\d]+)?:?|resultado(?: de)?|empat\w+(?: em)?|ganh\w+(?: de)?|perd\w+(?: de)?|venc\w+|"
    r"bate\w*|gole\w+|virou|viram)$",
    re.I,
)
# Of tennis, and of volleyball, which are no dates.
_SET = "(?:6/[0-4]|[0-4]/6|7/[56]|[56]/7)"
_LONG_SET = "(?:2[5-9]/(?:1[3-9]|2\\d)|(?:1[3-9]|2\\d)/2[5-9]|15/1[3-9]|1[3-9]/15)"
_LAWS = re.compile(
    r"(?:\b(?:Leis?|Decreto|Complementar|Portaria|Resolução|Provisória|Normativa|Edital|Súmula|PLC?|PEC|EC|MP|ADI|ADPF|[Pp]rocesso(?: é)?)|n[º°]|n\.º)\s$",
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
    "Jd": "Jardim", "Vl": "Vila", "Pq": "Parque", "Pça": "Praça", "Lgo": "Largo", "Estr": "Estrada", "Est": "Estrada", "Al": "Alameda",
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
        *_places(),
        *_people(),
        *_bible(language),
    ]


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
            r"(\d+)/(\d+)", lambda m: " a ".join(language.cardinal(int(games)) for games in m.groups()), match[0]
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
        (re.compile(rf"(?<![\w/,.]){_LONG_SET}(?:(?:, | e ){_LONG_SET})+(?![\w/])"), sets),
        (re.compile(r"(?<=\s)[xX](?=\s[A-ZÀ-Ý]\w)"), opponents),
    ]


def _law(language: RomanceNormalizer) -> _Rules:
    def numbered(match: re.Match) -> str | None:
        if "." not in match["n"] and not _LAWS.search(_before(match)):
            return None
        year = int(match["year"])
        year += 2000 if year < 30 else 0
        return f"{language.cardinal(int(match['n'].replace('.', '')))} de {language.cardinal(year)}"

    def item(match: re.Match) -> str | None:
        value = roman_value(match[0])
        return language.cardinal(value) if value else None

    return [
        (re.compile(r"§\s?§"), lambda m: "parágrafos"),
        (
            re.compile(
                r"(?:(?<=\bfls\.\s)|(?<=\bpágs\.\s)|(?<=\bpp\.\s)|(?<=\b[fF]olhas\s)|(?<=\bpáginas\s))"
                r"(?P<a>\d{1,4})/(?P<b>\d{1,4})(?![\w/])"
            ),
            lambda m: f"{language.cardinal(int(m['a']))} a {language.cardinal(int(m['b']))}",
        ),
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


def _places() -> _Rules:
    return [
        (re.compile(r"(?<!\w)R\.(?=\s[A-ZÀ-Ý][\w.]+(?:\s[\w.]+){0,5},?\s(?:n[º°]\s?)?\d)"), lambda m: "Rua"),
        (re.compile(rf"(?<!\w)(?P<short>{_TITLE})\.(?=\s(?:d[aeo]s?\s)?[A-ZÀ-Ý][a-zà-ý])"), lambda m: _TITLES[m["short"]]),
        (re.compile(r"(?<!\w)(?P<whose>[VS])\.\s?(?P<what>Exa|Sa)\."),
         lambda m: f"{_COURTESIES[m['whose']]} {_COURTESIES[m['what'].lower()]}"),
        (re.compile(rf"(?<!\w)(?P<part>{'|'.join(_PARTS_OF_ADDRESSES)})\.(?=\s(?:\d|[A-Z](?!\w)))", re.I),
         lambda m: _PARTS_OF_ADDRESSES[m["part"].lower()]),
        (re.compile(r"(?<!\w)R\.(?=\sXV\sde)"), lambda m: "Rua"),
        (re.compile(r"(?<=[ºª]\s)and(?=\.)(?:\.(?=,|\s[a-zà-ý]))?"), lambda m: "andar"),
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


def _bible(language: RomanceNormalizer) -> _Rules:
    def verse(match: re.Match) -> str:
        words = f"{language.cardinal(int(match['chapter']))}, {language.cardinal(int(match['verse']))}"
        return f"{match['book']} {words}" + (f" a {language.cardinal(int(match['to']))}" if match["to"] else "")

    return [
        (re.compile(rf"(?<!\w)(?P<book>{_BOOKS})\s(?P<chapter>\d{{1,3}}):(?P<verse>\d{{1,3}})(?:[-—](?P<to>\d{{1,3}}))?(?![\w:])"),
         verse),
    ]  # fmt: skip
