"""How lines of Esperanto news, invitations, timetables, prices and recipes are said."""

import pytest

from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    # endings behind digits
    "la 3-an de majo": "la trian de majo",
    "la 26an de julio 1887": "la dudek sesan de julio mil okcent okdek sep",
    "en la 1980-aj jaroj": "en la mil naŭcent okdekaj jaroj",
    "ekde la 1990aj jaroj": "ekde la mil naŭcent naŭdekaj jaroj",
    "la 14-an horon": "la dek kvaran horon",
    "la 1000-a": "la mila",
    "2024-a jaro": "du mil dudek kvara jaro",
    "1-e, 2-e": "unue, due",
    "5-obla": "kvinobla",
    "20-jara knabo": "dudekjara knabo",
    "la XX-a jarcento": "la dudeka jarcento",
    "la XVIII-an": "la dek okan",
    "COVID-19": "COVID-dek naŭ",
    # dates and times
    "15.08.2024": "la dek kvina de aŭgusto du mil dudek kvar",
    "la 15.08.2024": "la dek kvina de aŭgusto du mil dudek kvar",
    "08/2024": "aŭgusto du mil dudek kvar",
    "je la 10:30": "je la deka kaj duono",
    "La 10:15 matene": "la deka kaj kvarono matene",
    "de 9:00 ĝis 17:00": "de la naŭa ĝis la dek sepa",
    "je 14:45 h": "je la dek kvara kaj kvardek kvin",
    # fractions
    "½ taso": "duona taso",
    "1½ taso": "unu kaj duona taso",
    "2½ horoj": "du kaj duona horoj",
    "3/4 de horo": "tri kvaronoj de horo",
    "1/3 de la homoj": "triono de la homoj",
    "½ kg da sukero": "duona kilogramo da sukero",
    "1/4 l": "kvarono de litro",
    "mi trinkis ½ tason": "mi trinkis duonan tason",
    # numbers and money
    "1 234 567 homoj": "unu miliono ducent tridek kvar mil kvincent sesdek sep homoj",
    "12 500 eŭroj": "dek du mil kvincent eŭroj",
    "12,50 €": "dek du eŭroj kaj kvindek cendoj",
    "$1,50": "unu dolaro kaj kvindek cendoj",
    "£20": "dudek pundoj",
    "1%": "unu procento",
    "12,5 %": "dek du komo kvin procentoj",
    "5 mln": "kvin milionoj",
    "5 mln €": "kvin milionoj da eŭroj",
    "+48 22 123 45 67": "plus kvar ok, du du, unu du tri, kvar kvin, ses sep",
    # scores, sums, signs
    "Ili venkis 3-1": "Ili venkis tri unu",
    "Ili venkis 3:1": "Ili venkis tri unu",
    "5-10 personoj": "kvin ĝis dek personoj",
    "3 × 4": "tri oble kvar",
    "§ 5": "paragrafo kvin",
    # abbreviations
    "k.t.p.": "kaj tiel plu.",
    "k.a. homoj": "kaj aliaj homoj",
    "44 a.K. kaj 14 p.K.": "kvardek kvar antaŭ Kristo kaj dek kvar post Kristo.",
    "pĝ. 12, vol. 3": "paĝo dek du, volumo tri",
    "f-ino Maria": "fraŭlino Maria",
    "je la 8:00 atm": "je la oka antaŭtagmeze",
    # more of everyday lines
    "17h30": "la dek sepa kaj duono",
    "15.30 h": "la dek kvina kaj duono",
    "2x pli": "du oble pli",
    "ĉ. 20 homoj": "ĉirkaŭ dudek homoj",
    "n-roj 5 kaj 6, pp. 5-7": "numeroj kvin kaj ses, paĝoj kvin ĝis sep",
    "k-do Petro": "kamarado Petro",
    "#5": "numero kvin",
    "± 3": "plus minus tri",
    "ĉap. 3": "ĉapitro tri",
}


@pytest.mark.parametrize(("text", "spoken"), SPOKEN.items())
def test_spoken_form(text, spoken):
    assert normalize(text, "eo") == spoken
