"""Lines as they stand in news, addresses, timetables, recipes and statutes, read as people of the language would."""

import pytest

from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    "en-us": {
        "Mon-Fri 9am-5pm": "Monday to Friday nine AM to five PM",
        "Mon., Jan. 5": "Monday, January fifth",
        "Sun 3 was hot": "Sunday three was hot",
        "The Sun 3 was big": "The Sun three was big",
        "in St Andrews, on Wall St; St. Louis": "in Saint Andrews, on Wall Street; Saint Louis",
        "2 tbsp. butter and 1 tsp salt": "two tablespoons butter and one teaspoon salt",
        "a 10 x 12 ft room": "a ten by twelve feet room",
        "won 3:1": "won three to one",
        "1914–1918": "nineteen fourteen to nineteen eighteen",
        "$5.99/lb": "five dollars and ninety-nine cents per pound",
        "Springfield, IL 62704": "Springfield, IL six two seven zero four",
        ".5 mile": "point five mile",
        "c. 1850": "circa eighteen fifty",
        "Henry V": "Henry the fifth",
        "Malcolm X": "Malcolm X",
        "Super Bowl LVIII": "Super Bowl fifty-eight",
        "on 3rd of May": "on the third of May",
        "ISBN 978-3-16-148410-0": "ISBN nine seven eight, three, one six, one four eight four one zero, zero",
        "3 ft. of snow": "three feet of snow",
        "1,500 sq. ft. home": "one thousand five hundred square feet home",
    },
    "de": {
        "Mo.-Fr. 9-18 Uhr": "Montag bis Freitag neun bis achtzehn Uhr",
        "Fr. Müller kommt Fr. 10 Uhr": "Frau Müller kommt Freitag zehn Uhr",
        "gewann 3:1 (1:0)": "gewann drei zu eins (eins zu null)",
        "8 : 2 = 4": "acht geteilt durch zwei gleich vier",
        "1/2 TL Salz, 2 EL Öl": "ein halber Teelöffel Salz, zwei Esslöffel Öl",
        "ca. 30 Min. backen": "zirka dreißig Minuten backen",
        "1 Mio. Euro, 1 Mio. €": "eine Million Euro, eine Million Euro",
        "in der 3. Klasse": "in der dritten Klasse",
        "1,80 m groß": "ein Meter achtzig groß",
        "ein 12-jähriger": "ein zwölfjähriger",
        "Tel. 030/123456": "Telefon null drei null, eins zwei drei vier fünf sechs",
        "Hofweg 2, 10115 Berlin": "Hofweg zwei, eins null eins eins fünf Berlin",
        "5 €/m²": "fünf Euro pro Quadratmeter",
        "Karl V. war da": "Karl der fünfte war da",
        "§ 5 Satz 1 Nr. 3": "Paragraf fünf Satz eins Nummer drei",
        "Art. 3 i. V. m. § 12": "Artikel drei in Verbindung mit Paragraf zwölf",
    },
    "fr": {
        "du lun. au ven.": "du lundi au vendredi.",
        "sam. 10h-14h": "samedi dix heures à quatorze heures",
        "1/2 c. à café de sel": "une demi cuillère à café de sel",
        "1,80 m": "un mètre quatre-vingts",
        "J.-C. Dupont": "J.-C. Dupont",
        "50 av. J.-C.": "cinquante avant Jésus-Christ.",
        "50 €/mois": "cinquante euros par mois",
        "St-Denis, Me Bernard": "saint-Denis, maître Bernard",
        "art. L. 123-4": "article L. cent vingt-trois tiret quatre",
        "au XXIe s. déjà": "au vingt et unième siècle déjà",
        "Charles V": "Charles cinq",
        "1 M d'habitants": "un million d'habitants",
    },
    "es": {
        "lun. a vie.": "lunes a viernes.",
        "de 10-14 h": "de diez a catorce horas",
        "8:30 a. m., 9 p. m. hoy": "ocho y treinta de la mañana, nueve de la noche hoy",
        "12 p.m.": "doce de la tarde.",
        "1/2 taza, 2 1/2 kilos": "media taza, dos y medio kilos",
        "10 000 €": "diez mil euros",
        "II Guerra Mundial": "segunda Guerra Mundial",
        "III Congreso, XX edición": "tercer Congreso, vigésima edición",
        "Isabel II y Carlos V": "Isabel segunda y Carlos quinto",
        "3º B": "tercero B",
        "91 123 45 67": "nueve uno, uno dos tres, cuatro cinco, seis siete",
        "25 dic. 2023": "veinticinco de diciembre de dos mil veintitrés",
        "3 €/kg": "tres euros por kilo",
        "1,80 m": "un metro ochenta",
    },
    "it": {
        "dal lun. al ven. dalle 9": "dal lunedì al venerdì dalle nove",
        "0,50 €, 1,01 €": "cinquanta centesimi, un euro e un centesimo",
        "1 milione": "un milione",
        "gli anni '80": "gli anni ottanta",
        "nel 1918": "nel millenovecentodiciotto",
        "nel 2023": "nel duemilaventitré",
        "S. Maria, S. Anna, S. Stefano": "Santa Maria, Sant'Anna, Santo Stefano",
        "P.zza Dante 5": "piazza Dante cinque",
        "II guerra mondiale": "seconda guerra mondiale",
        "sec. XX": "secolo ventesimo",
        "50 €/mese, 3 €/ora": "cinquanta euro al mese, tre euro all'ora",
        "1/2 tazza": "mezza tazza",
        "alle 8,30": "alle otto e trenta",
        "8 : 2 = 4": "otto diviso due uguale quattro",
        "a.C.": "avanti Cristo.",
    },
}
CASES = [(language, text, spoken) for language, table in SPOKEN.items() for text, spoken in table.items()]


@pytest.mark.parametrize(("language", "text", "spoken"), CASES, ids=[f"{code}-{text}" for code, text, _ in CASES])
def test_spoken_form(language, text, spoken):
    assert normalize(text, language) == spoken
