"""Portuguese words that are written alike and said with an open or a closed vowel, where their neighbours tell which.

Most are a noun (closed: "o troco") and the first person of a verb (open: "eu troco"). espeak-ng knows many of them, but
looks little further than the word in front. A rule holds only where the other reading would hardly make sense.
"""

import re
from collections.abc import Callable


_OPEN, _CLOSED = str.maketrans("aeo", "áéó"), str.maketrans("eo", "êô")

# Nouns that espeak-ng takes for verbs unless an article stands in front: without a sign of the verb they are nouns.
_NOUNS = frozenset(
    "acerto apego apelo aperto arremesso arrocho atropelo boto broto choro conserto decoro desprezo desvelo emprego enterro "
    "enxerto esmero espeto gozo menosprezo molho namoro olho piloto reboco rego rolo sopro sossego sufoco tempero topo "
    "tropeço troco zelo".split()
)
_NOUNS_OR_VERBS = _NOUNS | frozenset(
    "aborto acordo adorno almoço apoio começo contorno desespero encosto endereço erro esboço esforço exagero forro gelo "
    "gosto governo jogo peso posto reforço retorno seco selo solto suborno transtorno".split()
)
_BETWEEN_I_AND_VERB = frozenset(
    "não nunca jamais já só também sempre ainda até nem mal quase mais mesmo apenas realmente simplesmente logo hoje amanhã "
    "agora me te se lhe lhes vos o a os as".split()
)
_BEFORE_VERBS = frozenset("não nunca jamais me te lhe lhes vos vezes geralmente normalmente raramente".split())
_EVERY = frozenset(("todo", "toda", "todos", "todas"))
_PERIODS = frozenset(
    "dia dias manhã manhãs tarde tardes noite noites semana mês ano domingo domingos sábado sábados segunda terça quarta quinta sexta".split()
)
_BEGINNINGS = frozenset(
    ("", "e", "mas", "também", "sempre", "já", "ainda", "hoje", "agora", "amanhã", "então", "porque", "quando", "onde")
)
_OBJECTS = frozenset("o os um uma meu minha meus minhas".split())
_TAKE_OBJECTS = frozenset("aperto começo conserto encosto jogo molho olho seco solto tempero topo troco".split())
_LIKED = frozenset(
    "de do da dos das dele dela deles delas disso disto daquilo desse dessa deste desta daquele daquela muito tanto "
    "demais".split()
)
_GAMES = frozenset(
    "bola futebol vôlei basquete tênis xadrez videogame cartas baralho dominó truco sinuca pôquer".split()
)
_HOW_ONE_WAKES = frozenset("cedo tarde às assustado assustada cansado cansada todo toda".split())
_INFINITIVES = ("ar", "er", "ir", "or")

_DETERMINERS = frozenset(
    "a as o os à às ao da das do dos na nas no nos pela pelo uma um esta essa este esse nesta nessa desta dessa grande muita "
    "mais com sem de por em sob sua seu".split()
)
_DOERS = frozenset("ele ela você eles elas ninguém se me quem não".split())
_CLAUSE_STARTS = frozenset(("", "que", "quando", "se", "e", "aí", "então"))
_WHERE_ONE_STOPS = frozenset(("", "o", "a", "os", "as", "no", "na", "em", "e", "aqui"))
_SEATS = frozenset("na à da nova antiga atual futura cidade país como".split())
_OF_SEATS = frozenset(
    "da do das dos social regional nacional central principal própria administrativa oficial municipal mundial provisória "
    "fica funciona".split()
)
_BEING = frozenset("ser é foi será sendo era seja fosse for virou".split())
_QUENCHING = re.compile(r"mat|saci")
_SPOONFULS = frozenset("sopa chá café sobremesa pau açúcar sal metal plástico prata pedreiro".split())
_HARVESTS = frozenset("o os as um uma uvas flores frutas frutos".split())
_BEFORE_INFINITIVES = frozenset("de para pra vou vai vamos vão ao por sem".split())
_BEGINNING = re.compile(r"come[cç]|volt[aoe]|ajud|aprend")
_BAKED = frozenset("bolo pudim silicone alumínio cupcake empada pizza".split())
_GREASED = frozenset("untada untadas enfarinhada enfarinhadas refratária refratárias antiaderente".split())
_GREASING = frozenset("unte untar unta unto untei untou forre forrar enfarinhe".split())
_COURTS = frozenset("a à da na pela suprema alta".split())
_OF_COURTS = frozenset(
    "suprema marcial internacional interamericana portuguesa europeia imperial constitucional".split()
)
_KNOWING = re.compile(r"sei$|sab[eiío]|soub|decor[aeo]|recit|aprend")
_COLOURED = re.compile(r"pessoa|homem|mulher|gente|lápis|mud|troc")


def unmistakable(words: list[str], index: int) -> str | None:
    """How espeak-ng must see a word to give it the vowel that its neighbours tell.

    Args:
        words: a clause in small letters.
        index: which of its words.

    Returns:
        The word with an accent on its vowel ("trôco", "gósto"), or None where espeak-ng is trusted.
    """
    word = words[index]
    if word in _NOUNS_OR_VERBS:
        open_ = True if _is_first_person(words, index) else False if word in _NOUNS else None
    elif word in _RULES:
        before, after = ["", "", *words[:index]][:-3:-1], [*words[index + 1 : index + 3], "", ""]
        open_ = _RULES[word](before, after, words[:index])
    else:
        return None
    if open_ is None:
        return None
    at = max(i for i, letter in enumerate(word.removesuffix("s")[:-1]) if letter in "aeo")
    return word[:at] + word[at].translate(_OPEN if open_ else _CLOSED) + word[at + 1 :]


def _is_first_person(words: list[str], index: int) -> bool:
    before = words[index - 1] if index else ""
    subject = index - 1
    while subject >= 0 and words[subject] in _BETWEEN_I_AND_VERB:
        subject -= 1
    if before in _BEFORE_VERBS or (subject >= 0 and words[subject] == "eu"):
        return True
    if before == "e" and index > 2 and words[index - 3] == "eu":  # "eu acordo e almoço"
        return True
    if before in _PERIODS and _EVERY & set(words[max(index - 3, 0) : index - 1]):
        return True
    return before in _BEGINNINGS and _begins_with_verb(words[index], before, [*words[index + 1 : index + 3], "", ""])


def _begins_with_verb(word: str, before: str, after: list[str]) -> bool:
    if word in _TAKE_OBJECTS and before in ("", "sempre") and after[0] in _OBJECTS:
        return True
    if word == "gosto":
        return before == "porque" or (after[0] in _LIKED and not (before == "e" and after[0] == "de"))
    if word == "acordo":
        return before == "quando" or after[0] in _HOW_ONE_WAKES
    if word == "começo":
        continued = after[0] == "a" and after[1].endswith(_INFINITIVES)
        return before in ("já", "amanhã", "onde") or after[0] in ("amanhã", "hoje", "agora") or continued
    if word == "jogo":
        return after[0] in _GAMES
    return word == "olho" and (before == "quando" or after[0] in ("para", "pra", "pro"))


# Rules see the two words in front, the nearest first, the two words behind, and all that is in front. They say whether
# the vowel is open, or None where espeak-ng is trusted.


def _is_done(before: list[str], after: list[str], front: list[str]) -> bool:
    """ "Ela solta a voz", "controle o fogo" against "a pele seca", "com força"."""
    return before[0] in _DOERS or (before[0] not in _DETERMINERS and after[0] in _OBJECTS)


def _is_seat(before: list[str], after: list[str], front: list[str]) -> bool | None:
    if before[0] in _SEATS or (before[0] in ("com", "tem") and after[0] == "em"):
        return True
    if after[0] == "de":
        return True if before[0] in _BEING else None
    return True if after[0] in _OF_SEATS and not any(map(_QUENCHING.match, front)) else None


def _is_spoon(before: list[str], after: list[str], front: list[str]) -> bool | None:
    if after[0] == "de" and after[1] in _SPOONFULS:
        return True
    harvest = before[0] in _BEFORE_INFINITIVES or (before[0] == "a" and _BEGINNING.match(before[1]))
    return False if harvest and after[0] in _HARVESTS else None


def _is_no_mould(before: list[str], after: list[str], front: list[str]) -> bool | None:
    mould = after[0] == "de" and after[1] in _BAKED and before[0] not in ("em", "na", "sob")
    return False if mould or after[0] in _GREASED or before[1] in _GREASING else None


def _is_cut(before: list[str], after: list[str], front: list[str]) -> bool | None:
    if before == ["a", "e"] and after[0] in ("em", "ao"):  # "lave a carne e a corte em cubos"
        return True
    return False if before[0] in _COURTS or after[0] in _OF_COURTS else None


def _is_by_heart(before: list[str], after: list[str], front: list[str]) -> bool | None:
    known = before[0] == "de" and any(map(_KNOWING.match, front)) and not _COLOURED.match(before[1])
    return True if known and after[0] in ("", "e", "o", "a", "os", "as", "todo", "toda") else None


def _stops(before: list[str], after: list[str], front: list[str]) -> bool | None:
    stops_doing = after[0] == "de" and after[1].endswith(_INFINITIVES)
    command = not before[0] and (not after[0] or after[:2] == ["com", "isso"])
    never = before[0] == "não" and after[0] in ("", "de", "nunca", "quieto", "quieta")
    someone = before[0] in ("ele", "ela", "você") and before[1] in _CLAUSE_STARTS and after[0] in _WHERE_ONE_STOPS
    return True if stops_doing or command or never or someone else None


def _is_wait(before: list[str], after: list[str], front: list[str]) -> bool:
    """ "Pera aí" against the fruit."""
    return after[0] in ("aí", "lá")


_RULES: dict[str, Callable[[list[str], list[str], list[str]], bool | None]] = {
    **dict.fromkeys(("controle", "escova", "força", "seca", "solta"), _is_done),
    "sede": _is_seat,
    "colher": _is_spoon,
    **dict.fromkeys(("forma", "formas"), _is_no_mould),
    "corte": _is_cut,
    "cor": _is_by_heart,
    "para": _stops,
    "pera": _is_wait,
}
