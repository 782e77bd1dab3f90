"""Where sentences end, in any of the languages and before the language is known.

A sentence ends at a full stop, question mark, exclamation mark, ellipsis or danda with white space behind it, and at
an empty line. It does not end after an abbreviation, an initial, a number in front of a lower-case word or a German
ordinal in front of a month.
"""

import re

from .ordered_names_tr import ORDERED_NAMES


# Titles and the like: a name follows, so the full stop never ends a sentence.
_BEFORE_NAMES = frozenset(
    "mr mrs ms messrs dr prof st mt gen capt lt sgt gov rev vs "
    "sr sra srs srta dra profa exmo exma ilmo ilma av trav bl dom d dª dña avda lic ing gral c/ "
    "hr fr frl z.b d.h u.a bzw ca evtl ggf inkl exkl zzgl dipl-ing z d i u o v n "
    "m mm mme mmes mlle mlles me mgr p.ex p.ej sig sigg dott dott.ssa sig.ra avv mons geom dhr mevr drs bijv t.ex bl.a np tzn ul pl ks św płk mjr inż ул им проф акад пл пер наб тов "
    "डॉ प्रो पं कु स्व ई د أ dkt dk bw mhe mwl d-ro s-ro s-ino f-ino e.g i.e cf approx aprox apr "
    "doç öğr örn bkz șos sf jud dna sc mn ctra rda resp".split()
)
# The same, but words of some language in small letters (Polish "sto", German "eng").
_CAPITALS_BEFORE_NAMES = frozenset(
    "Pe Sta Sto Eng Pres Cel Ten Des Dep Sen Arq Adv Rod Jd Vl Pça Lgo Brig Al Estr On Fa Bi "
    "Cad Sok Mah Gör Cd Bd Pza Ctra Urb".split()
)
# The same in small letters only: in capitals they are names themselves ("in his DNA. She", "Columbia, SC. He").
_NAMES_IN_CAPITALS = frozenset("DNA SF SC MN RDA".split())
# These end no sentence when a number follows.
_BEFORE_NUMBERS = frozenset(
    "no nos nº n núm nr num apto fig figs vol art arts p pp pg pág págs pag s sec séc ch cap chap tel cel fl max min "
    "alin jan feb fev mar apr abr may mai jun jul aug ago sep sept set oct out okt nov dec dez dic ca c abs bd ed "
    "rs रु नं पृ सं मो ص ج sh shs tsh tshs ksh kshs na n-ro pĝ".split()
)
_END = re.compile(r"(?<![.!?…।])([.!?…।]+)([\"'”’»)\]\ue001]*)(?=\s|$)|\n[ \t]*(?:\n\s*)+")
_LAST_WORD = re.compile(r"([^\s(\"'“‘«¿¡\[]+)$")
_MORE = re.compile(r"\s*\S")
_NEXT = re.compile(r"[\s\"'“‘«»(¿¡\[—-]*(\w+)")
_GERMAN_BEFORE_ORDINAL = frozenset(
    "der die das dem den des am im zum zur beim vom ein eine einem einen einer eines jeder jede jedes dieser diese".split()
)
_STARTERS = frozenset(
    "the a an he she it they we i you this that these those there but and so in on at if when then however his her my "
    "our their what who why how ele ela eles elas o os as ele isso mas não el ella pero er sie es wir il elle mais".split()
)
_BEHIND_HALF_DAYS = frozenset(  # "at 5 p.m. Monday"
    "monday tuesday wednesday thursday friday saturday sunday est edt pst pdt cst cdt gmt utc et pt ct eastern pacific".split()
)
_PAIRS = frozenset(
    (("ee", "UU"), ("co", "KG"), ("co", "KGaA"), ("co", "OHG"), ("co", "Ltd"), ("jj", "OO"), ("cc", "OO"), ("a", "M"))
)
_MONTHS = "janua|jänner|febru|märz|april|mai|juni|juli|august|septem|oktob|novem|dezem|jahrh|klass|etage|stock"
# Behind a number they may end a sentence; in front of a city (Russian), an engineer (Arabic) or a person they do not.
_UNITS_OR_TITLES = frozenset("г م hz sn dl".split())
_TURKISH_ORDERED = re.compile(rf"(?:{ORDERED_NAMES})$")
_ROMANIAN_STREET = re.compile(r"(?:^|[,(:]|\b(?:pe|în|din))\s*Str$")
_ROMAN = re.compile(r"[IVXLC]+")
_ORDINAL_NEXT = re.compile(_MONTHS, re.IGNORECASE)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text into sentences.

    Args:
        text: cleaned text (`clean`) of length N.

    Returns:
        Pairs of offsets `(start, end)`; the stretches follow each other without a gap from 0 to N, white space
        behind a sentence belongs to it. Empty for an empty text.
    """
    spans, start = [], 0
    for found in _END.finditer(text):
        if found[1] and not _ends_sentence(text, found):
            continue
        end = found.end()
        while end < len(text) and text[end].isspace():
            end += 1
        if end > start:
            spans.append((start, end))
            start = end
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _ends_sentence(text: str, found: re.Match) -> bool:
    following = _NEXT.match(text, found.end())
    next_word = following[1] if following else ""
    if not following and _MORE.match(text, found.end()):
        return False  # "Tel. : 5"
    if found[1] != ".":
        # "Oh! said she" goes on; a question or an ellipsis in front of a lower-case word is no end either.
        return not next_word[:1].islower()
    before = _LAST_WORD.search(text, max(0, found.start() - 40), found.start())
    word = before[1] if before else ""
    if next_word[:1].islower():
        return False
    if not word:
        return True
    if "\n" in text[found.end() : following.start(1) if following else len(text)].strip(" \t")[1:]:
        return True
    bare = word.lower().rstrip(".").rpartition("'")[2]  # "l'avv"
    number_next = next_word[:1].isdigit() or (_ROMAN.fullmatch(next_word) and (bare, next_word) != ("no", "I"))
    if number_next:
        short = len(bare) <= 3 and bare.isalpha() and word.islower()
        if bare in _BEFORE_NUMBERS or short or "." in bare or bare.endswith("str"):
            return False
    if (len(word) <= 2 and word.isdigit() or _ROMAN.fullmatch(word)) and _TURKISH_ORDERED.match(next_word):
        return False
    if word.isdigit():
        article = re.search(r"(\w+)\s+$", text[max(0, found.start() - len(word) - 12) : found.start() - len(word)])
        german = article and article[1].lower() in _GERMAN_BEFORE_ORDINAL and next_word[:1].isupper()
        return not (german or (len(word) <= 2 and _ORDINAL_NEXT.match(next_word)))
    told = _told_by_neighbours(text, found.start(), bare, next_word)
    if told is not None:
        return told
    if "." in bare and bare not in _BEFORE_NAMES and next_word:  # "the U.S. Army", "in the U.S. She"
        return next_word.lower() in _STARTERS
    if len(word) == 1 and word.isupper():  # an initial: "J. Silva"; "vitamin C. He" cannot be told apart
        return False
    if not next_word or word in _NAMES_IN_CAPITALS:
        return True
    return bare not in _BEFORE_NAMES and word.rstrip(".") not in _CAPITALS_BEFORE_NAMES


def _told_by_neighbours(text: str, stop: int, bare: str, next_word: str) -> bool | None:
    """Whether a sentence ends at the full stop of an abbreviation that may or may not end one; None for others."""
    if bare in ("a.m", "p.m"):
        return next_word.lower() not in _BEHIND_HALF_DAYS
    if bare in ("n.k", "k.t.p", "k.a"):  # "and so on" in Swahili and Esperanto
        return next_word[:1].isupper()
    if bare in _UNITS_OR_TITLES:
        return re.search(r"\d\s?\w{1,2}$", text[max(0, stop - 4) : stop]) is not None
    if bare == "ex":  # Romanian, Catalan
        return re.search(r"\b(?:de|p\.)\s?ex$", text[max(0, stop - 6) : stop]) is None
    if _ROMANIAN_STREET.search(text[max(0, stop - 12) : stop]):
        return False
    if (bare, next_word) in _PAIRS or text.endswith("Dr. med", 0, stop):
        return False
    return None
