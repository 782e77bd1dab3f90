"""How Arabic number words sound in the form of the pause: espeak-ng reads most of them as bare consonants ("khmst")."""

_ONES = {
    "واحد": "wˈaːħid", "اثنان": "ʔiθnˈaːn", "اثنين": "ʔiθnˈajn", "ثلاثة": "θalˈaːθa", "أربعة": "ʔˈarbaʕa", "خمسة": "χˈamsa",
    "ستة": "sˈitːa", "سبعة": "sˈabʕa", "ثمانية": "θamˈaːnija", "تسعة": "tˈisʕa", "عشرة": "ʕˈaʃara", "عشر": "ʕˈaʃar",
    "واحدة": "wˈaːħida", "اثنتان": "ʔiθnatˈaːn", "اثنتين": "ʔiθnatˈajn", "ثلاث": "θalˈaːθ", "أربع": "ʔˈarbaʕ", "خمس": "χˈams",
    "ست": "sˈitː", "سبع": "sˈabʕ", "ثماني": "θamˈaːniː", "تسع": "tˈisʕ", "عشْر": "ʕˈaʃr", "عشْرة": "ʕˈaʃra", "صفر": "s̪ˈifr",
    "أحد": "ʔˈaħada", "إحدى": "ʔˈiħdaː", "اثنا": "ʔˈiθnaː", "اثني": "ʔˈiθnaj", "اثنتا": "ʔiθnatˈaː", "اثنتي": "ʔiθnatˈaj",
}  # fmt: skip
_TENS = {
    "عشر": "ʕiʃr", "ثلاث": "θalaːθ", "أربع": "ʔarbaʕ", "خمس": "χams", "ست": "sitː", "سبع": "sabʕ", "ثمان": "θamaːn", "تسع": "tisʕ",
}  # fmt: skip
_SCALES = {
    "ألف": "ʔˈalf", "ألفا": "ʔalfˈaː", "ألفاً": "ʔˈalfan", "آلاف": "ʔaːlˈaːf", "مليون": "miljˈuːn", "مليوناً": "miljˈuːnan",
    "مليونا": "miljuːnˈaː", "ملايين": "malaːjˈiːn", "مليار": "miljˈaːr", "ملياراً": "miljˈaːran", "مليارا": "miljaːrˈaː",
    "مليارات": "miljaːrˈaːt", "ألفي": "ʔalfˈaj", "مليوني": "miljuːnˈaj",
}  # fmt: skip
_DUALS = {"ألف": "ʔalf", "مليون": "miljuːn", "مليار": "miljaːr", "مئت": "miʔat"}
_ORDINALS = {
    "ثاني": "θˈaːni", "ثالث": "θˈaːliθ", "رابع": "rˈaːbiʕ", "خامس": "χˈaːmis", "سادس": "sˈaːdis", "سابع": "sˈaːbiʕ",
    "ثامن": "θˈaːmin", "تاسع": "tˈaːsiʕ", "عاشر": "ʕˈaːʃir", "حادي": "ħˈaːdi",
}  # fmt: skip
_PREFIXES = {"و": "wa", "ب": "bi", "ل": "li"}
_SOLAR = "θrsʃt"  # the article takes their sound


def _with_article(ipa: str) -> str:
    return f"ʔa{ipa[0]}ː{ipa[1:]}" if ipa[0] in _SOLAR else f"ʔal{ipa}"


def _ending(ipa: str, feminine: bool) -> str:
    """An ordinal with its ending: "thānī", "thāniya", "khāmis", "khāmisa"."""
    weak = ipa.endswith("i")
    return ipa + ("ja" if weak else "a") if feminine else ipa + ("ː" if weak else "")


def _sounds() -> dict[str, str]:
    sounds = _ONES | _SCALES | {"بالمئة": "bilmˈiʔa", "فاصلة": "fˈaːs̪ila", "أرباع": "ʔarbˈaːʕ", "أخماس": "ʔaχmˈaːs"}
    for stem, ipa in _TENS.items():
        sounds |= {f"{stem}ون": f"{ipa}ˈuːn", f"{stem}ين": f"{ipa}ˈiːn"}
        sounds |= {f"ال{stem}ون": _with_article(f"{ipa}ˈuːn"), f"ال{stem}ين": _with_article(f"{ipa}ˈiːn")}
        if stem != "عشر":
            sounds |= {f"{stem}{hundred}": f"{ipa}umˈiʔa" for hundred in ("مئة", "مائة")}
    for stem, ipa in _DUALS.items():
        sounds |= {f"{stem}ان": f"{ipa}ˈaːn", f"{stem}ين": f"{ipa}ˈajn"}
    sounds |= {"مئة": "mˈiʔa", "مائة": "mˈiʔa", "المئة": "ʔalmˈiʔa", "مئتا": "miʔatˈaː", "مئتي": "miʔatˈaj"}
    for stem, ipa in _ORDINALS.items():
        sounds[f"ال{stem}"] = _with_article(_ending(ipa, feminine=False))
        sounds[f"ال{stem}ة"] = _with_article(_ending(ipa, feminine=True))
    sounds |= {"الأول": "ʔalʔˈawːal", "الأولى": "ʔalʔˈuːlaː", "الواحدة": "ʔalwˈaːħida"}
    sounds |= {f"ال{word}": _with_article(ipa) for word, ipa in _ONES.items()}
    # Behind a prefix the glottal stop of the article and of "two" falls silent, with its vowel.
    elided = {
        word: ipa.removeprefix("ʔ")[1:] if word.startswith(("ال", "اثن")) else ipa for word, ipa in sounds.items()
    }
    prefixed = {f"{prefix}{word}": vowel + ipa for prefix, vowel in _PREFIXES.items() for word, ipa in elided.items()}
    return sounds | prefixed


NUMBER_SOUNDS = _sounds()
