"""Words that people shorten in chats in English, Spanish, French and German; Portuguese has `normalization_pt_chat`.

They are read in small letters, and with a capital where a sentence or a line begins; all in capitals ("DSL", "LG") they are
acronyms.
"""

import re
from collections.abc import Callable


_WORDS = {
    "en": {
        "thx": "thanks", "tnx": "thanks", "pls": "please", "plz": "please", "ur": "your", "idk": "I don't know",
        "tbh": "to be honest", "imo": "in my opinion", "imho": "in my humble opinion", "omg": "oh my God",
        "brb": "be right back", "gtg": "got to go", "g2g": "got to go", "ttyl": "talk to you later", "lmk": "let me know",
        "bday": "birthday", "2moro": "tomorrow", "tmrw": "tomorrow", "2nite": "tonight", "2day": "today", "gr8": "great",
        "l8r": "later", "btw": "by the way", "nvm": "never mind", "ppl": "people", "acct": "account",
    },
    "es": {
        "tqm": "te quiero mucho", "bss": "besos", "ntp": "no te preocupes", "mñn": "mañana", "dnd": "dónde",
        "xfa": "por favor", "xk": "porque", "pq": "porque", "kiero": "quiero", "tmb": "también", "grax": "gracias",
        "msj": "mensaje", "finde": "fin de semana",
    },
    "fr": {
        "slt": "salut", "bjr": "bonjour", "bsr": "bonsoir", "mdr": "mort de rire", "ptdr": "pété de rire",
        "jsp": "je sais pas", "dsl": "désolé", "bcp": "beaucoup", "tkt": "t'inquiète",
        "tjrs": "toujours", "qqn": "quelqu'un", "qqch": "quelque chose", "auj": "aujourd'hui",
    },
    "de": {
        "lg": "liebe Grüße", "vg": "viele Grüße", "mfg": "mit freundlichen Grüßen", "hdl": "hab dich lieb",
        "vlt": "vielleicht", "vll": "vielleicht", "kp": "kein Plan", "iwie": "irgendwie", "sry": "sorry",
        "gn8": "gute Nacht",
    },
}  # fmt: skip
_NAMES = frozenset(("ur", "imo"))  # a city and a state, with a capital
_NEIGHBOURS = {
    "en": (
        (r"(?<![\w'-])r(?=\su(?![\w'-]))|(?<=\bu\s)r(?=\s[a-z])", "are"),
        (r"(?<![\w'-])c(?=\su(?![\w'-]))", "see"),
        (r"(?:(?<=\br\s)|(?<=\bare\s)|(?<=\bc\s)|(?<=\bsee\s)|(?<=\blove\s)|(?<=\bmiss\s)|(?<=\bthank\s)|(?<=\bhow\s)"
         r"|(?<=\bcan\s)|(?<=\bdid\s)|(?<=\bdo\s)|(?<=\bif\s)|(?<=\b4\s))u(?![\w'-]|\s?[=+])"
         r"|(?<![\w'-])u(?=\s(?:r|are|can|know|want|need|guys|were|should|will|got|think)(?!\w))", "you"),
        (r"(?<=\bthx\s)4(?=\s[a-z])", "for"),
        (r"(?<=[a-z]\s)b4(?=\s(?:I|u|you|we|he|she|they|it|the|my|ur|your|noon|\d{1,2}|\w{2,20}ing)(?!\w))", "before"),
    ),
    "es": ((r"(?<![\w.,'-])(?<!letra\s)q(?=\s[a-záéíóúñ]{2})", "que"),),
    "fr": (
        (r"(?<![\w@#./'-])pk(?![\w@/'-]|\.\w|\s?\d)", "pourquoi"),  # "le pk 12" is of a road
        (r"(?<![\w.,'-])c(?=\s(?:pas|bon|clair|vrai|quoi|ça)(?!\w))", "c'est"),
    ),
}  # fmt: skip


def chat_rules(language: str) -> list[tuple[re.Pattern, Callable[[re.Match], "str | None"]]]:
    """Patterns with what they say.

    Args:
        language: the language without its region, `"en"`, `"es"`, `"fr"` or `"de"`.
    """
    words = _WORDS[language]
    small = sorted(words, key=len, reverse=True)
    large = [word.capitalize() for word in small if word[0].isalpha() and word not in _NAMES]
    form = rf"{'|'.join(small)}|(?:^|(?<=[.!?…]\s)|(?<=\n))(?:{'|'.join(large)})"

    def word(match: re.Match) -> str:
        spoken = words[match["word"].lower()]
        return spoken[0].upper() + spoken[1:] if match["word"][0].isupper() else spoken

    return [
        *((re.compile(pattern), lambda m, spoken=spoken: spoken) for pattern, spoken in _NEIGHBOURS.get(language, ())),
        (re.compile(rf"(?<![\w@#./'-])(?P<word>{form})(?![\w@/'-]|\.\w)(?:\.(?=,?\s[a-zà-ÿ]))?"), word),
    ]
