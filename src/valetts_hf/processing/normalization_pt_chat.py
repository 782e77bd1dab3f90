"""How Brazilians write in chats: words without their vowels or their accents, drawn-out letters, laughter."""

import re
from collections.abc import Callable


_SHORT = {
    "abs": "abraços", "agr": "agora", "amr": "amor", "axo": "acho", "bb": "bebê",
    "bjss": "beijos", "dnv": "de novo", "ent": "então", "fmz": "firmeza", "glr": "galera", "kero": "quero",
    "lgl": "legal", "mlk": "moleque", "mlr": "melhor", "nmrl": "na moral", "obgda": "obrigada", "plmdds": "pelo amor de Deus",
    "pprt": "papo reto", "pse": "pois é", "qndo": "quando", "sqn": "só que não", "tbn": "também", "tlgd": "tá ligado",
    "tmb": "também", "vms": "vamos",
    "abç": "abraço", "abçs": "abraços", "bj": "beijo", "bjão": "beijão", "bjo": "beijo", "bjos": "beijos", "bjs": "beijos", "blz": "beleza",
    "cmg": "comigo", "ctg": "contigo", "ctz": "certeza", "dps": "depois", "dscp": "desculpa", "fds": "fim de semana",
    "flw": "falou", "fzr": "fazer", "gnt": "gente", "kd": "cadê", "mds": "meu Deus", "msg": "mensagem", "msgs": "mensagens",
    "msm": "mesmo", "msma": "mesma", "mt": "muito", "mta": "muita", "mtas": "muitas", "mto": "muito", "mtos": "muitos",
    "mts": "muitos", "naum": "não", "nd": "nada", "neh": "né", "ngm": "ninguém", "nss": "nossa", "obg": "obrigado", "obgd": "obrigado",
    "oq": "o que", "pff": "por favor", "pfv": "por favor", "pfvr": "por favor", "qlqr": "qualquer", "qm": "quem", "qnd": "quando",
    "qnto": "quanto", "qq": "qualquer", "qro": "quero", "qto": "quanto", "s2": "", "sdd": "saudade",
    "sdds": "saudades", "sla": "sei lá", "slk": "cê é louco", "tah": "tá", "tbem": "também", "td": "tudo", "tds": "todos",
    "tmj": "tamo junto", "vdd": "verdade", "vlw": "valeu", "ñ": "não",
}  # fmt: skip
# Everyday words that mean nothing without their accents.
_ACCENTED = (
    "não né já tá você vocês também alguém ninguém amanhã então três além mãe mães irmão irmãos irmã até após só são "
    "estão vão tão mão mãos pão opinião fácil difícil possível impossível próximo próxima último última números número música músicas "
    "família famílias história histórias aniversário horário horários salário necessário relatório reunião café inglês "
    "português ônibus médico médica ótimo ótima péssimo péssima rápido rápida único única máximo mínimo saúde atrás mês "
    "furacão furacões vulcão vulcões falcão falcões balcão balcões facão facões"
)
_BARE = str.maketrans("áâãàéêíóôõúç", "aaaaeeiooouc")
_NAMES_TOO = ("Irma", "Mao", "Tao", "S2")
_VOWELS = frozenset("aeiouáâãàéêíóôõú")

_words = {**{word.translate(_BARE): word for word in _ACCENTED.split()}, **_SHORT}
_FORMS = {form for word in _words for form in (word, word.capitalize())} - set(_NAMES_TOO)
_ANY = "|".join(sorted(_FORMS, key=len, reverse=True))
_SAYS_NO = (  # "n sei", "vc n foi"; not "onde n é par". It begins with its letter: that is found fast.
    r"n(?<![\w.,'-]n)(?:(?=\s(?:sei|vou|vai|tenho|tô|to|tá|ta|eh|dá|da|fui|quero|quer|gosto|posso|consigo|acho|vi|fala|falei|"
    r"entendi|aguento|acredito)\b)|(?:(?<=\beu\sn)|(?<=\bvc\sn)|(?<=\bele\sn)|(?<=\bela\sn)|(?<=\bpq\sn)|(?<=\bhj\sn)|"
    r"(?<=\bmas\sn))(?=\s[a-zà-ý]))"
)


def _shrink(match: re.Match) -> str | None:
    """A word without its drawn-out letters: "nãooo", "siiim", "isssso"."""
    word = match[0]
    acronym = word.isupper() and (len(word) < 5 or set(word) <= set("IVXLCDM"))
    if (
        acronym
        or not (word.isupper() or word[1:].islower())
        or word.lower() == "www"
        or not set(word.lower()) & _VOWELS
    ):
        return None

    def once(run: re.Match) -> str:
        letter, behind = run[1], word[run.end() : run.end() + 1].lower()
        between = run.start() and word[run.start() - 1].lower() in _VOWELS and behind and behind in _VOWELS
        return letter * 2 if letter.lower() in "rs" and between else letter

    short = re.sub(r"([^\W\d_])\1{2,}", once, word, flags=re.I)
    return _word(short)


def _word(short: str) -> str:
    word = _words.get(short.lower(), short)
    return word.capitalize() if word and short[0].isupper() and not short.isupper() else word


def chat_rules() -> list[tuple[re.Pattern, Callable[[re.Match], str | None]]]:
    """The rules, each with what it says; words in capitals are left to the rules for acronyms ("PF", "TD")."""
    return [
        (re.compile(r"(?<!\w)(?:k{2,60}|K{4,60})(?!\w)"), lambda m: "cá cá cá"[: 2 + 3 * (min(len(m[0]), 3) - 1)]),
        (re.compile(r"(?<!\w)rs(?:rs){0,30}(?!\w)"), lambda m: "risos"),
        (re.compile(r"(?<![\w.@/])[^\W\d_]{0,30}?([^\W\d_])\1{2,30}[^\W\d_]{0,30}(?![\w@])", re.I), _shrink),
        (re.compile(r"(?<!\w)[Tt]ds(?=\sbem(?!\w))"), lambda m: "tudo"),
        (re.compile(r"(?<!\w)d\+(?![\w+])|(?<!as\s)(?<![\w@#./-])dms(?![\w@/-])"), lambda m: "demais"),  # "nas dms": messages
        (re.compile(rf"(?<![\w@#./-])(?:{_ANY})(?![\w@/-]|\.\w|\s\d)"), lambda m: _word(m[0])),
        (re.compile(r"(?<![\w@#./-])(?P<stem>[A-Za-zà-ý][a-zà-ý]{1,20})c(?P<end>ao|oes)(?!\w)"),
         lambda m: m["stem"] + {"ao": "ção", "oes": "ções"}[m["end"]]),
        (re.compile(r"(?<![\w.,'-])q(?=\s[a-zà-ý]{2})"), lambda m: "que"),
        (re.compile(_SAYS_NO), lambda m: "não"),
        (re.compile(r"(?<![\w.,'-])eh(?=\s[a-zà-ý])"), lambda m: "é"),
        (re.compile(r"(?<![\w.,'-])c(?=\s(?:vcs?|vocês?|el[ea]s?|meu|minha)(?!\w))"), lambda m: "com"),
    ]  # fmt: skip
