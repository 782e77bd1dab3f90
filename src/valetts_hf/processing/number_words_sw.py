"""Swahili numbers in words: the scale stands in front of its count ("elfu mbili"), and "na" in front of the last part."""

_ONES = "sifuri moja mbili tatu nne tano sita saba nane tisa".split()
_TENS = "kumi ishirini thelathini arobaini hamsini sitini sabini themanini tisini".split()
_SCALES = ((10**12, "trilioni"), (10**9, "bilioni"), (10**6, "milioni"), (10**5, "laki"), (1000, "elfu"), (100, "mia"))


def swahili_number(number: int) -> str:
    """A cardinal number (0 and above) in words, as it is counted: without the class of a noun."""
    if number < 10:
        return _ONES[number]
    parts = []
    for scale, name in _SCALES:
        count, number = divmod(number, scale)
        if count:
            parts.append(f"{name} {swahili_number(count)}")
    tens, ones = divmod(number, 10)
    if tens:
        parts.append(_TENS[tens - 1])
    if ones:
        parts.append(_ONES[ones])
    if number:  # "elfu moja mia tisa tisini na tisa", "mia moja na kumi"
        parts[-2:] = [" na ".join(parts[-2:])]
    return " ".join(parts)
