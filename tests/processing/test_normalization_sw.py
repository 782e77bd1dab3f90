"""How lines of Swahili news, prices, timetables, recipes and sport are said."""

import pytest

from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    # numbers and agreement
    "1999": "elfu moja mia tisa tisini na tisa",
    "101": "mia moja na moja",
    "110": "mia moja na kumi",
    "1,234,567": "milioni moja laki mbili elfu thelathini na nne mia tano sitini na saba",
    "0.25": "sifuri nukta mbili tano",
    "watu 25": "watu ishirini na watano",
    "Watoto 3": "Watoto watatu",
    "miaka 5": "miaka mitano",
    "miaka 21": "miaka ishirini na mmoja",
    "mwaka 1": "mwaka mmoja",
    "mabao 2": "mabao mawili",
    "vikombe 8": "vikombe vinane",
    "kikombe 1½": "kikombe kimoja na nusu",
    "siku 5": "siku tano",
    "miaka ya 1990": "miaka ya elfu moja mia tisa na tisini",
    "nafasi ya 1": "nafasi ya kwanza",
    "nafasi ya 2": "nafasi ya pili",
    "mechi ya 1 hadi 3": "mechi ya moja hadi tatu",
    "bei ya 2,000": "bei ya elfu mbili",
    "wa 1.5": "wa moja nukta tano",
    # money
    "Sh. 500": "shilingi mia tano",
    "Sh 2,500/=": "shilingi elfu mbili mia tano",
    "5,000/= tu": "shilingi elfu tano tu",
    "TSh 10,000": "shilingi elfu kumi",
    "KSh. 1,000": "shilingi elfu moja",
    "Sh500 milioni": "shilingi milioni mia tano",
    "Sh milioni 500": "shilingi milioni mia tano",
    "TZS 5,000 - 10,000": "shilingi elfu tano hadi elfu kumi",
    "$1.50": "dola moja na senti hamsini",
    "US$ 20 milioni": "dola milioni ishirini",
    "€50": "yuro hamsini",
    # times
    "Saa 3:30 asubuhi": "Saa tatu na nusu asubuhi",
    "saa 10:00 jioni": "saa kumi jioni",
    "saa 2.30 usiku": "saa mbili na nusu usiku",
    "saa 3:15": "saa tatu na robo",
    "saa 3:45 usiku": "saa nne kasoro robo usiku",
    "saa 12:45": "saa moja kasoro robo",
    "saa 4:20": "saa nne na dakika ishirini",
    # units and percentages
    "Joto ni 30°C mjini": "Joto ni nyuzi joto thelathini mjini",
    "hadi -2°C": "hadi nyuzi joto hasi mbili",
    "Nyuzi joto 25–30°C": "Nyuzi joto ishirini na tano hadi thelathini",
    "15 km": "kilomita kumi na tano",
    "km 15": "kilomita kumi na tano",
    "80 km/h": "kilomita themanini kwa saa",
    "2 kg za unga": "kilo mbili za unga",
    "100 m²": "mita za mraba mia moja",
    "asilimia 50%": "asilimia hamsini",
    "12.5%": "asilimia kumi na mbili nukta tano",
    "10-20%": "asilimia kumi hadi ishirini",
    # fractions, scores, sums
    "1/2 kikombe": "nusu kikombe",
    "3/4": "robo tatu",
    "⅔": "theluthi mbili",
    "3/5": "tatu kwa tano",
    "Yanga 3-1 Simba": "Yanga tatu moja Simba",
    "2 × 3 = 6": "mbili mara tatu ni sawa na sita",
    # abbreviations
    "Dk. Magufuli na Mhe. Spika": "daktari Magufuli na mheshimiwa Spika",
    "Bw Juma na Bi Asha": "bwana Juma na Bi Asha",
    "Mwl. Nyerere": "mwalimu Nyerere",
    "S.L.P. 123": "sanduku la posta mia moja ishirini na tatu",
    "k.m. ndizi, maembe n.k.": "kwa mfano ndizi, maembe na kadhalika.",
    "Na. 5, uk. 12": "namba tano, ukurasa kumi na mbili",
    # more of everyday lines
    "watu 1,500": "watu elfu moja mia tano",
    "watu 5,000": "watu elfu tano",
    "Dkt Juma": "daktari Juma",
    "k.n.y. Bw. Ali": "kwa niaba ya bwana Ali",
    "No. 5": "namba tano",
    "~ 20": "takriban ishirini",
    "Yohana 3:16": "Yohana tatu kumi na sita",
}


@pytest.mark.parametrize(("text", "spoken"), SPOKEN.items())
def test_spoken_form(text, spoken):
    assert normalize(text, "sw") == spoken
