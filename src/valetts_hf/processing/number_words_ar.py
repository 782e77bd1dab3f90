"""Arabic numbers in words, of either gender and in two cases, as news are read: without the endings of the pause."""

import re


# Of masculine nouns (from 3 on with the ending that feminine nouns lack), and of feminine ones.
# "ten" has a vowel less of feminine nouns, and in their teens.
_MASCULINE = "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة".split()
_FEMININE = "صفر واحدة اثنتان ثلاث أربع خمس ست سبع ثماني تسع عشْر".split()
_TENS = "عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون".split()
_HUNDREDS = "مئة مئتان ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة".split()
_SCALES = (
    (10**12, ("تريليون", "تريليونان", "تريليونات")),
    (10**9, ("مليار", "ملياران", "مليارات")),
    (10**6, ("مليون", "مليونان", "ملايين")),
    (1000, ("ألف", "ألفان", "آلاف")),
)
# Duals and tens behind a preposition or another noun.
_ENDING = re.compile(r"(?<!\w)(و?(?:اثن|اثنت|مئت|ألف|مليون|مليار|تريليون))(ان|ا)(?![\w\u064b])")
_ROUND = re.compile(rf"(?<!\w)(و?(?:ال)?(?:{'|'.join(word[:-2] for word in _TENS)}))ون(?!\w)")
_ORDINALS = "أول ثاني ثالث رابع خامس سادس سابع ثامن تاسع عاشر".split()


def arabic_number(number: int, feminine: bool = False) -> str:
    """A cardinal number (0 and above) in words, in the nominative.

    Args:
        number: at most 15 digits.
        feminine: whether the counted noun is.
    """
    parts = []
    for scale, names in _SCALES:
        count, number = divmod(number, scale)
        if count:
            parts.append(_scaled(count, names))
    hundreds, rest = divmod(number, 100)
    if hundreds:
        parts.append(_HUNDREDS[hundreds - 1])
    if rest or not parts:
        parts.append(_below_hundred(rest, feminine))
    return " و".join(parts)


def _scaled(count: int, names: tuple[str, str, str]) -> str:
    one, two, few = names
    if count <= 2:
        return (one, two)[count - 1]
    words = re.sub(r"مئتان$", "مئتا", arabic_number(count))
    if 3 <= count % 100 <= 10:
        return f"{words} {few}"
    return f"{words} {one}اً" if count % 100 > 10 else f"{words} {one}"


def _below_hundred(number: int, feminine: bool) -> str:
    ones = _FEMININE if feminine else _MASCULINE
    if number <= 10:
        return ones[number]
    tens, one = divmod(number, 10)
    unit = "إحدى" if feminine and one == 1 else ones[one]
    if tens == 1:
        unit = {"واحد": "أحد", "اثنان": "اثنا", "اثنتان": "اثنتا"}.get(unit, unit)
        return f"{unit} {'عشْرة' if feminine else 'عشر'}"
    return f"{unit} و{_TENS[tens - 2]}" if one else _TENS[tens - 2]


def oblique(words: str) -> str:
    """A number in words behind a preposition or another noun ("ألفان" becomes "ألفين")."""
    return _ROUND.sub(r"\1ين", _ENDING.sub(lambda m: m[1] + ("ين" if m[2] == "ان" else "ي"), words))


def in_front_of_noun(words: str) -> str:
    """A number in words right in front of what it counts ("مئتا ريال")."""
    return re.sub(r"((?:^|\s|و)(?:مئت|ألف|مليون|مليار|تريليون)ا)ن$", r"\1", words)


def arabic_ordinal(number: int, feminine: bool = False) -> str:
    """An ordinal number (1 to 99) with its article, a cardinal for others."""
    ending = "ة" if feminine else ""
    if not 1 <= number <= 99:
        return arabic_number(number)
    if number == 1:
        return "الأولى" if feminine else "الأول"
    if number <= 10:
        return f"ال{_ORDINALS[number - 1]}{ending}"
    tens, one = divmod(number, 10)
    unit = f"ال{'حادي' if one == 1 else _ORDINALS[one - 1]}" + ending
    if tens == 1:
        return f"{unit} {'عشْرة' if feminine else 'عشر'}"
    return f"{unit} وال{_TENS[tens - 2]}" if one else f"ال{_TENS[tens - 2]}"
