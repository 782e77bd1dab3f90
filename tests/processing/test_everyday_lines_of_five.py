"""Lines from news, timetables, recipes, prices and addresses in Swedish, Norwegian, Turkish, Romanian and Catalan."""

import re

import pytest

from valetts_hf.processing.sentence_splitting import split_sentences
from valetts_hf.processing.suffixes_tr import attach_suffix, fit_suffix
from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    "sv": {
        "den 3 maj 2024 kl. 14.30–16.00.": "den tredje maj tvåtusentjugofyra klockan fjorton trettio till sexton.",
        "Vi ses 19.30!": "Vi ses nitton trettio!",
        "kl. 20.05, 8.30–17": "klockan tjugo noll fem, åtta trettio till sjutton",
        "49:90 kr, 14,90 kr, 99:-/mån": "förtionio kronor och nittio öre, fjorton kronor och nittio öre, nittionio kronor per månad",
        "85 öre/kWh, 5 kr/kg, 30 kr/st": "åttiofem öre per kilowattimme, fem kronor per kilo, trettio kronor per styck",
        "slog Norge med 3–1": "slog Norge med tre ett",
        "5–10 personer": "fem till tio personer",
        "Karl XVI Gustaf, Gustav III, Karl X": "Karl den sextonde Gustaf, Gustav den tredje, Karl den tionde",
        "kapitel IV": "kapitel fyra",
        "60-talet, 2010-talet, 80-talister": "sextiotalet, tjugohundratiotalet, åttiotalister",
        "2 dl mjöl, 1/2 tsk salt, 1½ msk": "två deciliter mjöl, en halv tesked salt, en och en halv matsked",
        "2/3 av svenskarna": "två tredjedelar av svenskarna",
        "mån–fre 10–18, lör 10–16": "måndag till fredag tio till arton, lördag tio till sexton",
        "t.o.m. 31 aug.": "till och med trettioförsta augusti.",
        "5–7 maj, 25 maj–3 juni": "femte till sjunde maj, tjugofemte maj till tredje juni",
        "3/5 2024, 31/12-2023, den 3/5": "tredje maj tvåtusentjugofyra, trettioförsta december tvåtusentjugotre, den tredje maj",
        "Kungsgatan 5A, 3 tr.": "Kungsgatan fem A, tre trappor.",
        "15-årig, 100-lapp": "femtonårig, hundralapp",
        "p.g.a. snö, f.d. statsminister": "på grund av snö, före detta statsminister",
        "på 1:an, den 2:a": "på ettan, den andra",
        "5 kap. 3 § brottsbalken": "femte kapitlet tredje paragrafen brottsbalken",
        "1 flicka, 1 hus, 1 bil": "en flicka, ett hus, en bil",
        "1 miljon kr, 3,4 Mkr": "en miljon kronor, tre komma fyra miljoner kronor",
        "50 mg/dag, 2 ggr/dag": "femtio milligram per dag, två gånger per dag",
        "2x4 m": "två gånger fyra meter",
        "1939–45": "nittonhundratrettionio till förtiofem",
        "Det var mina ord. Ord. pris 5 kr": "Det var mina ord. Ordinarie pris fem kronor",
        "tisd 5/3, dec 2023, kl. 9 f.m.": "tisdag femte mars, december tvåtusentjugotre, klockan nio på förmiddagen.",
        "covid-19-pandemin, G20-mötet": "covid-nitton-pandemin, G tjugo-mötet",
        "08 – 123 456": "noll åtta, ett två tre, fyra fem sex",
        "10–14 h, 2 h": "tio till fjorton timmar, två timmar",
        "Den 1, 2 och 3 juni, Rocky II": "Den första, andra och tredje juni, Rocky två",
        "6–3, 3–6, 7–5": "sex tre, tre sex, sju fem",
        "mån 3/6, 1 klyfta, 1 öga": "måndag tredje juni, en klyfta, ett öga",
        "Ring 112!": "Ring ett ett två!",
        "3 x 4 = 12": "tre gånger fyra är lika med tolv",
    },
    "nb": {
        "100, 1001, 2 100": "hundre, tusen og en, to tusen ett hundre",
        "2 000 000": "to millioner",
        "1 hus, 1 bil, 21 år, 101 hus": "ett hus, en bil, tjueett år, hundre og ett hus",
        "kr. 500, kr 49,50": "fem hundre kroner, førtini kroner og femti øre",
        "49,90 kr, kr. 1 200,-": "førtini kroner og nitti øre, tusen to hundre kroner",
        "80 km/t, 85 øre/kWh": "åtti kilometer i timen, åttifem øre per kilowattime",
        "Ring 22 12 34 56 eller 912 34 567": "Ring to to, en to, tre fire, fem seks eller ni en to, tre fire, fem seks syv",
        "Kong Harald V, Haakon VII": "Kong Harald den femte, Haakon den syvende",
        "60-tallet, 2010-tallet, 1980-årene": "sekstitallet, tjuetitallet, nittenåttiårene",
        "1½ kg poteter, 1/2 ts salt": "ett og et halvt kilo poteter, en halv teskje salt",
        "man.–fre. 10–18": "mandag til fredag ti til atten",
        "den 24.12. og 5.–7. mai": "den tjuefjerde desember og femte til syvende mai",
        "29/2, 31. aug.": "tjueniende februar, trettiførste august.",
        "kl. 14.30–16.00": "klokken fjorten tretti til seksten",
        "vant 2-0": "vant to null",
        "pga. snø, inkl. mva.": "på grunn av snø, inklusive merverdiavgift.",
        "1 t 20 min": "en time tjue minutter",
        "Kontonummer 1234 56 78903": "Kontonummer en to tre fire, fem seks, syv åtte ni null tre",
        "USA, USAs president": "U S A, U S As president",
        "Boka er min. Takk. 1-åring": "Boka er min. Takk. ettåring",
        "kl. 0730, pr. 31.12.": "klokken syv tretti, per trettiførste desember.",
        "1., 2. og 3. juni, 5.mai": "første, andre og tredje juni, femte mai",
        "Tor og Mann": "Tor og Mann",
        "t.o.m. 31.5.": "til og med trettiførste mai.",
        "Ring 91234567": "Ring ni en to, tre fire fem, seks syv",
        "1.-3. plass, den 3.": "første til tredje plass, den tredje.",
    },
    "tr": {
        "1923'ün, 2024'ten, 14.30'da": "bin dokuz yüz yirmi üçün, iki bin yirmi dörtten, on dört otuzda",
        "%50'si, 4'ü, 44'üncü": "yüzde ellisi, dördü, kırk dördüncü",
        "1.299,90 TL'ye, 5 TL'nin, 10 kg'lık": "bin iki yüz doksan dokuz lira doksan kuruşa, beş liranın, on kiloluk",
        "Nüfusun 2/3'ü, 3/4": "Nüfusun üçte ikisi, dörtte üç",
        "1/2 çay kaşığı, 1½ kg": "yarım çay kaşığı, bir buçuk kilo",
        "II. Abdülhamid, V. Murad, 2. Dünya Savaşı": "ikinci Abdülhamid, beşinci Murad, ikinci Dünya Savaşı",
        "Madde 12. Bu": "Madde on iki. Bu",
        "8.30'dan 17.00'ye": "sekiz otuzdan on yediye",
        "10.30-12.00, 09.05'te": "on otuz ila on iki, dokuz sıfır beşte",
        "90 km/s, 15.000 TL/ay": "saatte doksan kilometre, ayda on beş bin lira",
        "3-1 yendi, 5-10 kişi": "üç bir yendi, beş ila on kişi",
        "2023-2024 yılı": "iki bin yirmi üç iki bin yirmi dört yılı",
        "25-30 dk. pişirin": "yirmi beş ila otuz dakika pişirin",
        "Gül Sok. No:5 D: 3": "Gül sokak numara beş daire üç",
        "0 (212) 345 67 89": "sıfır, iki bir iki, üç dört beş, altı yedi, sekiz dokuz",
        "M.Ö. 300, MS 476": "milattan önce üç yüz, milattan sonra dört yüz yetmiş altı",
        "T.C. No: 12345678901": "te ce numara bir iki üç, dört beş altı, yedi sekiz dokuz, sıfır bir",
        "12 Ocak-15 Şubat": "on iki Ocak ila on beş Şubat",
        "1.000.000": "bir milyon",
        "ABD'nin, TBMM'de, NATO'nun": "a be denin, te be me mede, NATO'nun",
        "100 bin TL'lik, TL'nin değeri": "yüz bin liralık, te lenin değeri",
        "gel de gör. Sonra av. Av. Ali": "gel de gör. Sonra av. avukat Ali",
        "No: 12A, No:12/B": "numara on iki A, numara on iki B",
        "I. ve II. Dünya Savaşı": "birinci ve ikinci Dünya Savaşı",
        "1234 5678 9012 3456": "bir iki üç dört, beş altı yedi sekiz, dokuz sıfır bir iki, üç dört beş altı",
        "3.kat, 4.00'te, 1-2 kaybetti": "üçüncü kat, dörtte, bir iki kaybetti",
        "Tel. (0212) 345 67 89": "telefon sıfır iki bir iki, üç dört beş, altı yedi, sekiz dokuz",
        "32 TL/kg, USD/TL 32,45": "kilosu otuz iki lira, USD lira otuz iki virgül kırk beş",
    },
    "ro": {
        "35 lei, 25 ani, 119 lei, 20-30 grade": "treizeci și cinci de lei, douăzeci și cinci de ani, o sută nouăsprezece lei, douăzeci până la treizeci de grade",
        "22 de fete, 21 persoane": "douăzeci și două de fete, douăzeci și una de persoane",
        "2 cărți, 2 luni, 2 copii, 1 băiat": "două cărți, două luni, doi copii, un băiat",
        "2 octombrie, 12 ianuarie, 1 Mai": "doi octombrie, doisprezece ianuarie, întâi Mai",
        "locul 2 este": "locul doi este",
        "3-0, a pierdut cu 1-3": "trei la zero, a pierdut cu unu la trei",
        "a 4-a, a 8-a, clasa a V-a, a 21-a": "a patra, a opta, clasa a cincea, a douăzeci și una",
        "Carol I, clasa I, Liga I": "Carol întâi, clasa întâi, Liga întâi",
        "sec. al XV-lea, sec. XX": "secolul al cincisprezecelea, secolul douăzeci",
        "2/3 din, 1/2 linguriță, 1/2 kg, 1½ kg": "două treimi din, o jumătate de linguriță, o jumătate de kilogram, un kilogram și jumătate",
        "45 mp, 2.500 euro/mp": "patruzeci și cinci de metri pătrați, două mii cinci sute de euro pe metru pătrat",
        "Bd. Unirii nr. 5, bl. 2, et. 4/10": "bulevardul Unirii numărul cinci, blocul doi, etajul patru din zece",
        "D-l Pop, dna. Ana, ș.a.m.d.": "domnul Pop, doamna Ana, și așa mai departe.",
        "Legea nr. 287/2009, Legea 10/2001": "Legea numărul două sute optzeci și șapte din două mii nouă, Legea zece din două mii unu",
        "ora 8.30, ora 2": "ora opt și treizeci, ora două",
        "anii '90": "anii nouăzeci",
        "12,99 RON/kg, 0,50 lei": "doisprezece lei și nouăzeci și nouă de bani pe kilogram, cincizeci de bani",
        "Sf. Maria, Sf. Nicolae": "Sfânta Maria, Sfântul Nicolae",
        "etajul I, vol. II, Al 5-lea, 2.50 lei": "etajul întâi, volumul doi, al cincilea, doi lei și cincizeci de bani",
        "pe 16.05, din 10.12": "pe șaisprezece mai, din zece decembrie",
        "nr. 12A, bl. 5A": "numărul doisprezece A, blocul cinci A",
        "clasele I-IV, 3 1/2 căni": "clasele întâi până la a patra, trei căni și jumătate",
        "DNA și dna. Pop": "D N A și doamna Pop",
        "6-3, 3-6; ora 24:00": "șase la trei, trei la șase; ora douăzeci și patru",
        "0-1, 1 000 lei, 2 t": "zero la unu, o mie de lei, două tone",
        "Vinul e sec. Are un cal. Apoi": "Vinul e sec. Are un cal. Apoi",
        "luni-vineri 9-17": "luni până vineri nouă până la șaptesprezece",
        "21.345 și 021.345.67.89": "douăzeci și unu de mii trei sute patruzeci și cinci și zero doi unu, trei patru cinci, șase șapte, opt nouă",
    },
    "ca": {
        "2 noies, 21 dones, 200 persones, 200 euros": "dues noies, vint-i-una dones, dues-centes persones, dos-cents euros",
        "2 dies, 2 llibres, 1 nit, 1 problema": "dos dies, dos llibres, una nit, un problema",
        "a les 14.30 h, a la 1, a les 2": "a les catorze i trenta, a la una, a les dues",
        "10.30-12.00 h": "deu i trenta a dotze",
        "a les 21:30": "a les vint-i-una i trenta",
        "Jaume I, Felip V, Alfons XIII": "Jaume primer, Felip cinquè, Alfons tretze",
        "segles XVIII i XIX, s. XX": "segles divuit i dinou, segle vint",
        "l'1 d'octubre, 1 de maig": "l'u d'octubre, u de maig",
        "01/05/2021": "u de maig de dos mil vint-i-u",
        "2/3 de la població, 3/4 parts": "dos terços de la població, tres quartes parts",
        "1/2 culleradeta, 1/2 kg, 1½ kg": "mitja culleradeta, mig quilo, un quilo i mig",
        "3 M€, 1 M€, 0,95 €": "tres milions d'euros, un milió d'euros, noranta-cinc cèntims",
        "200 €/mes, 5 €/kg": "dos-cents euros al mes, cinc euros el quilo",
        "C/ Major, Pl. Nova, Sta. Coloma": "carrer Major, plaça Nova, santa Coloma",
        "93 123 45 67": "nou tres, un dos tres, quatre cinc, sis set",
        "300 aC, 476 dC": "tres-cents abans de Crist, quatre-cents setanta-sis després de Crist",
        "10-14 h, 1-2 h": "deu a catorze hores, una a dues hores",
        "De dl. a dv. de 9 a 14 h": "De dilluns a divendres de nou a catorze hores",
        "Llei 1/2024": "Llei un de dos mil vint-i-quatre",
        "l'1 i la 1 i 5, segle I aC": "l'u i la una i cinc, segle un abans de Crist",
        "de 9.00 a 18.00 h, 3 1/2 tasses": "de nou a divuit, tres tasses i mitja",
        "per l'element, JAVAC": "per l'element, JAVAC",
        "Access II, de dl a dv": "Access dos, de dilluns a divendres",
        "sortida 06.12, 12.345": "sortida sis i dotze, dotze mil tres-cents quaranta-cinc",
        "2 x 3 m": "dos per tres metres",
    },
}  # fmt: skip
CASES = [(language, text, spoken) for language, table in SPOKEN.items() for text, spoken in table.items()]


@pytest.mark.parametrize(("language", "text", "spoken"), CASES, ids=[f"{code}-{text}" for code, text, _ in CASES])
def test_spoken_form(language, text, spoken):
    assert normalize(text, language) == spoken


@pytest.mark.parametrize(("language", "text"), [case[:2] for case in CASES])
def test_no_digit_or_sign_is_left(language, text):
    assert not re.search(r"[\d½⅓⅔¼¾%€§°×/²³]", normalize(text, language))


@pytest.mark.parametrize(
    ("words", "suffix", "attached"),
    [("üç", "te", "üçte"), ("dört", "ü", "dördü"), ("dört", "te", "dörtte"), ("on dört", "ün", "on dördün")],
)
def test_turkish_suffixes_are_joined(words, suffix, attached):
    assert attach_suffix(words, suffix) == attached


@pytest.mark.parametrize(
    ("words", "suffix", "fitted"),
    [("lira", "ye", "ya"), ("lira", "nin", "nın"), ("kuruş", "den", "tan"), ("kuruş", "lik", "luk"), ("kuruş", "yi", "u"),
     ("kilometre", "lik", "lik"), ("dolar", "i", "ı"), ("lira", "in", "nın")],
)  # fmt: skip
def test_turkish_suffixes_fit_the_spoken_word(words, suffix, fitted):
    assert fit_suffix(words, suffix) == fitted


def test_turkish_fractions_take_the_possessive():
    assert fit_suffix("iki", "ü", possessive=True) == "si" and fit_suffix("üç", "si", possessive=True) == "ü"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("II. Mehmed ve III. Selim, 2. Dünya Savaşı.", 1),
        ("Bölüm 3. Sonra gittik.", 2),
        ("Atatürk Cad. No: 12, Gül Sok. Kadıköy, bkz. Şekil 3, Doç. Dr. Ali, Hz. Ali, Sn. Başkan", 1),
        ("Frekans 50 Hz. Sonra arttı.", 2),
        ("Str. Lungă, Bd. Magheru, Șos. Kiseleff, jud. Cluj, sc. B, Sf. Maria, dl. Pop, alin. (2), de ex. Iași", 1),
        ("El meu ex. Res més.", 2),
        ("Ctra. Nova, Mn. Cinto, p. ex. Girona", 1),
    ],
)
def test_abbreviations_and_ordinals_end_no_sentence(text, sentences):
    assert len(split_sentences(text)) == sentences
