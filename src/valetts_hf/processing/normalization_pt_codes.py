"""Portuguese numbers that are read digit by digit: documents, accounts, parcels, bills, telephones, plates of cars."""

import re
from collections.abc import Callable

from .normalization_romance import RomanceNormalizer
from .number_words import digit_words


_Rules = list[tuple[re.Pattern, Callable[[re.Match], str | None]]]

_ACCOUNTS = re.compile(
    r"(?<!\w)(?:ag(?:ência|\.)?|conta(?: corrente| poupança)?|c/c|cc|RG|matrícula|senha|PIN|código(?: de [^\W\d]+)?|"
    r"ramal|final|protocolo)"
    r"(?: é)?[:\s]*(?:n[º°]\s?)?$",
    re.I,
)
# In front of a number with a letter, which is no current: "portão 23A", "Rua Bela, 45A".
_LABELS = re.compile(
    r"(?<!\w)(?:portão|apto\.?|ap\.|apartamento|sala|poltrona|assento|fila|casa|bloco|lote|loja|box|turma|linha|nº|número|"
    r"(?:rua|av\.|avenida|r\.)\s[^,\d]{1,40},)\s$",
    re.I,
)
_CALLING = r"(?:[Dd]isque|[Ll]igu[ea]m?|[Ll]igar|[Dd]iscar|[Aa]cione|[Tt]elefone|[Nn]úmero)\s(?:para\s(?:o\s)?|pr[ao]\s|ao?\s|no\s|o\s)?"


def one_by_one(language: RomanceNormalizer, text: str) -> str:
    """Digits and letters of a code, with a pause where its kind changes or a sign stands."""
    parts = re.findall(r"\d+|[A-Z]+", text.upper())
    return ", ".join(
        digit_words(part, language.language) if part.isdigit() else language._spell_part(part) for part in parts
    )


def code_rules(language: RomanceNormalizer) -> _Rules:
    """All rules, in order of priority.

    Args:
        language: reads the numbers.
    """

    def spelled(match: re.Match) -> str:
        return one_by_one(language, match[0])

    def account(match: re.Match) -> str | None:
        before = match.string[max(0, match.start() - 40) : match.start()]
        return one_by_one(language, match[0]) if _ACCOUNTS.search(before) else None

    def labelled(match: re.Match) -> str | None:
        named = _LABELS.search(match.string[max(0, match.start() - 60) : match.start()])
        return f"{language.cardinal(int(match['n']))} {language._spell_part('A')}" if named else None

    def emergency(match: re.Match) -> str:
        return match["call"] + re.sub(r"\d+", lambda m: digit_words(m[0], language.language), match["numbers"])

    def mobile(match: re.Match) -> str:
        return ", ".join(digit_words(group, language.language) for group in match.groups())

    return [
        (re.compile(r"(?<![\w.,/-])\d{3}\.\d{3}\.\d{3}-\d\d(?![\w-])"), language.digits),  # CPF
        (re.compile(r"(?<![\w.,/-])\d\d\.\d{3}\.\d{3}/\d{4}-\d\d(?![\w-])"), language.digits),  # CNPJ
        (re.compile(r"(?<![\w.,/-])\d{5}-\d{3}(?![\w-])"), language.digits),  # CEP
        (re.compile(r"(?<![\w.,/-])\d{7}-\d\d\.\d{4}\.\d\.\d\d\.\d{4}(?![\w-])"), language.digits),  # lawsuits
        (re.compile(r"(?<![\w.,/-])\d{3}\.\d{5}\.\d\d-\d(?![\w-])"), language.digits),  # PIS
        (re.compile(r"(?<=\bIE\s)\d[\d.]{6,16}\d(?![\w-])"), language.digits),  # of firms
        (re.compile(r"(?<![\w.,/-])(?<!\d )\d{4} \d{4} \d{4}(?![\w-]| \d)"), language.digits),  # of voters
        (re.compile(r"(?<![\w.,/-])\d{5}\.\d{5} (?:\d{5}\.\d{6} ){2}\d \d{14}(?!\w)"), language.digits),  # of bills
        (re.compile(r"(?<![\w.,/-])\d{1,2}\.\d{3}\.\d{3}-[\dXx](?![\w-])"), spelled),  # RG
        (re.compile(r"(?<![\w-])[A-Z]{2}\d{9}[A-Z]{2}(?![\w-])"), spelled),  # parcels
        (re.compile(r"(?<![\w.,/-])(?:\d[\d.]{1,12}-[\dXx]|\d{3}[- ]\d{3}|\d{4,8})(?![\w-]|[.,]\d)"), account),
        (re.compile(r"(?<![\w-])(?!ISO|NBR)[A-Z]{3}(?:-(?!19|20)\d{4}|-?\d[A-Z]\d\d)(?![\w-])"), spelled),  # car plates
        (re.compile(r"(?<![\w.,])(?P<n>\d{1,4})A(?!\w)"), labelled),
        (re.compile(r"(?<![\w.,+/-])([1-9]\d)(9\d{4})(\d{4})(?![\w-]|[.,]\d)"), mobile),
        (re.compile(rf"(?<!\w)(?P<call>{_CALLING})(?P<numbers>1\d\d(?:(?:,|\sou|\se)\s1\d\d){{0,4}})(?![\w.,]*\d|\w)"),
         emergency),
    ]  # fmt: skip
