"""Chats, notices of banks and couriers, recipes, matches, clinics and laws, read as people of the language would."""

import time

import pytest

from valetts_hf.processing.phonemization import phonemize
from valetts_hf.processing.symbols import normalize_ipa
from valetts_hf.processing.text_analysis import analyze_text
from valetts_hf.processing.text_normalization import normalize, normalizer_for


SPOKEN = {
    "pt-br": {
        "lindo dms, me chama nas dms": "lindo demais, me chama nas dms",
        # documents, accounts, parcels
        "nosso PIS 123.45678.90-1, IE 123.456.789.112": "nosso PIS um dois três, quatro cinco seis sete oito, nove zero, um, "
        "IE um dois três, quatro cinco seis, sete oito nove, um um dois",
        "Título 1234 5678 9012": "Título um dois três quatro, cinco seis sete oito, nove zero um dois",
        "meu IBAN PT50 0002 0123 1234 5678 9015 4": "meu IBAN P T, cinco zero, zero zero zero dois, zero um dois três, "
        "um dois três quatro, cinco seis sete oito, nove zero um cinco, quatro",
        "34191.79001 01043.510047 91020.150008 5 98760000012345": "três quatro um nove um, sete nove zero zero um, "
        "zero um zero quatro três, cinco um zero zero quatro sete, nove um zero dois zero, um cinco zero zero zero oito, "
        "cinco, nove oito sete seis zero zero zero zero zero um dois três quatro cinco",
        "objeto AA123456789BR": "objeto á á, um dois três quatro cinco seis sete oito nove, bê érre",
        "pedido nº 20394857": "pedido número dois zero três, nove quatro oito, cinco sete",
        "Chave 11987654321": "Chave um um, nove oito sete seis cinco, quatro três dois um",
        "final 4532 e ramal 2045": "final quatro cinco três dois e ramal dois zero quatro cinco",
        "Disque 190, 192 ou 193": "Disque um nove zero, um nove dois ou um nove três",
        "número 1900": "número mil e novecentos",
        "50000000 de reais": "cinquenta milhões de reais",
        # amounts
        "1.200 ha, 128 cv, 72 bpm": "mil e duzentos hectares, cento e vinte e oito cavalos, setenta e dois batimentos por minuto",
        "1 cx. de leite, 20 gts e 2 un.": "uma caixa de leite, vinte gotas e duas unidades.",
        "TSH 2,5 µUI/mL. Vitamina D 32 ng/mL": "tê ésse agá duas vírgula cinco microunidades internacionais por mililitro. "
        "Vitamina D trinta e dois nanogramas por mililitro",
        "R$ 59,90/un.": "cinquenta e nove reais e noventa centavos por unidade.",
        "2x/dia, 12x de R$ 10": "duas vezes por dia, doze vezes de dez reais",
        "05 (cinco) dias, 02 vagas, dia 03, 007": "cinco (cinco) dias, duas vagas, dia três, zero zero sete",
        "dia 01, dias 05 e 08/10": "dia primeiro, dias cinco e oito de outubro",
        "1,85m e 1,80 m de altura": "um metro e oitenta e cinco e um metro e oitenta de altura",
        "10x25 m e 2 cm x 2 cm": "dez por vinte e cinco metros e dois centímetros por dois centímetros",
        "2 xíc. (chá), 1 colher (sopa)": "duas xícaras de chá, uma colher de sopa",
        "1 1/2 xícara, 3/4 xícara, 1/2 kg": "uma xícara e meia, três quartos de xícara, meio quilo",
        "Tempo: 1h20. Daqui a 2h30": "Tempo: uma hora e vinte minutos. Daqui a duas horas e trinta minutos",
        # sports
        "Pedro (12'/1T), Gabigol (45'+3/2T)": "Pedro (doze minutos do primeiro tempo), "
        "Gabigol (quarenta e cinco mais três minutos do segundo tempo)",
        "dura 90', a 'geração 90'": "dura noventa minutos, a 'geração noventa'",
        "Brasil 4 (2) x (4) 2 Chile": "Brasil quatro (dois) a (quatro) dois Chile",
        "25/20, 23/25 e 25/18": "vinte e cinco a vinte, vinte e três a vinte e cinco e vinte e cinco a dezoito",
        "em 25/12, 26/12": "em vinte e cinco de dezembro, vinte e seis de dezembro",
        "em 9s58": "em nove segundos e cinquenta e oito",
        # law, addresses, dates
        "Lei 13.709/18": "Lei treze mil setecentos e nove de dois mil e dezoito",
        "fls. 32/35": "folhas trinta e dois a trinta e cinco",
        "Processo n. 5, ag. 0123, tab. 3": "Processo número cinco, agência zero um dois três, tabela três",
        "esq. c/ R. XV de Novembro, 3º and.": "esquina com Rua Quinze de Novembro, terceiro andar.",
        "Est. do Galeão": "Estrada do Galeão",
        "Pedro I, Maria I e Pedro I. Silva": "Pedro primeiro, Maria primeira e Pedro I. Silva",
        "a II Guerra": "a Segunda Guerra",
        "o 1.000º gol": "o milésimo gol",
        "vence em 30/set, chega 12 ago. cedo": "vence em trinta de setembro, chega doze de agosto cedo",
        "para 10/10, para 1/4 dela": "para dez de outubro, para um quarto dela",
        "dom., 16h e dom. 14h": "domingo, dezesseis horas e domingo catorze horas",
        "Fev/24, ago. 2023 e seg-sex": "fevereiro de dois mil e vinte e quatro, agosto de dois mil e vinte e três e segunda a sexta",
        "portão 23A, Rua Bela, 45A, corrente de 10A": "portão vinte e três á, Rua Bela, quarenta e cinco á, corrente de dez amperes",
        "amanhã é 3ª, a 3ª via": "amanhã é terça-feira, a terceira via",
        "EC 103/2019, Processo nº 123/2024": "EC cento e três de dois mil e dezenove, Processo número cento e vinte e três de dois mil e vinte e quatro",
        "Temp. máx. 32ºC, mín. 18ºC": "temperatura máxima trinta e dois graus Celsius, mínima dezoito graus Celsius",
        "1 dose, 2 qtos e 1 vg": "uma dose, dois quartos e uma vaga",
        "Hb 13,5 g/dL, 250.000/mm³": "Hb treze vírgula cinco gramas por decilitro, duzentos e cinquenta mil por milímetro cúbico",
        "Rocky II e Bento II": "Rocky dois e Bento segundo",
        # acronyms
        "a CPI do TSE, o DNA": "a cê pê í do tê ésse é, o dê êne á",
        "a PEC, o SAC, a TED": "a Pec, o Sac, a Ted",
        "o PSOL, a CREA, o SPA": "o PSOL, a CREA, o SPA",
        # chats
        "oi amr, vms agr? tlgd": "oi amor, vamos agora? tá ligado",
        "tds bem? vc é d+!": "tudo bem? você é demais!",
        "Abs, Carlos": "Abraços, Carlos",
        "Att., Marcos": "atenciosamente, Marcos",
        "#Copa2026 e #a_b": "hashtag Copa dois mil e vinte e seis e hashtag a b",
        "anexo boleto_v2.pdf, gov.br": "anexo boleto underline v dois ponto pê dê éfe, gov ponto bê érre",
    },
    "en-us": {
        "thx 4 ur help, c u 2moro!": "thanks for your help, see you tomorrow!",
        "Thx! call me b4 u go, c u b4 8": "Thanks! call me before u go, see you before eight",
        "gate B4, the city of Ur, Imo State, b4 and e5": "gate B four, the city of Ur, Imo State, b four and e five",
        "idk, r u coming 2nite?": "I don't know, are you coming tonight?",
        "let u = 2, the URL": "let u equals two, the URL",
        "Tue., 8/13 and Wed 3/15": "Tuesday, August thirteenth and Wednesday March fifteenth",
        "thru 12/31": "thru December thirty-first",
        "exit 12A, 12A of current": "exit twelve A, twelve amperes of current",
        "32 pts, 25 bps, 35 mpg": "thirty-two points, twenty-five basis points, thirty-five miles per gallon",
        "12'x15' room": "twelve feet by fifteen feet room",
        "1/4 tsp. salt, 2 tsp salt": "one quarter teaspoon salt, two teaspoons salt",
        "2x/day, no. of items": "two times per day, number of items",
        "on Jones Dr. near, ask Dr. Who": "on Jones Drive near, ask doctor Who",
        "order 20394857": "order two zero three, nine four eight, five seven",
        "#Mars2020": "hashtag Mars two thousand twenty",
        "my_file.pdf": "my underscore file dot PDF",
    },
    "es": {
        "la letra q se usa, dime q quieres": "la letra q se usa, dime que quieres",
        "hola, q tal? tqm, xfa": "hola, que tal? te quiero mucho, por favor",
        "Su código es 482913": "Su código es cuatro ocho dos nueve uno tres",
        "DNI 12345678Z": "D N I uno dos tres, cuatro cinco seis, siete ocho, Z",
        "Pza. España s/n, Ctra. N, km 5": "plaza España sin número, carretera N, kilómetro cinco",
        "el 2T de 2024": "el segundo trimestre de dos mil veinticuatro",
        "Ley 39/2015, el 10/2024, R.D. 5/2020": "Ley treinta y nueve de dos mil quince, el octubre de dos mil veinticuatro, "
        "R.D. cinco de dos mil veinte",
        "a las 9.30 h.": "a las nueve y treinta.",
        "a las 9 h. en punto": "a las nueve horas en punto",
        "Madrid 3-1 Barcelona": "Madrid tres a uno Barcelona",
        "1 kg y 1/2 de tomates": "un kilo y medio de tomates",
        "los '90, cap. IV": "los noventa, capítulo cuatro",
        "120 l/m²": "ciento veinte litros por metro cuadrado",
        "los JJ. OO. y CC. OO.": "los Juegos Olímpicos y Comisiones Obreras.",
        "IBAN ES91 2100 0418 4502 0005 1332": "IBAN E S, nueve uno, dos uno cero cero, cero cuatro uno ocho, "
        "cuatro cinco cero dos, cero cero cero cinco, uno tres tres dos",
    },
    "fr": {
        "pk tu viens pas ? Au pk 12.": "pourquoi tu viens pas ? Au pk douze.",
        "slt, bcp de taf, c pas grave, tkt": "salut, beaucoup de taf, c'est pas grave, t'inquiète",
        "la DSL, mon CV": "la DSL, mon CV",
        "Votre code est 482913": "Votre code est quatre huit deux neuf un trois",
        "le code postal 75002": "le code postal soixante-quinze mille deux",
        "2 c. à s. d'huile, 1 c. à c. de sel": "deux cuillères à soupe d'huile, une cuillère à café de sel",
        "128 Go, 5 Mo": "cent vingt-huit gigaoctets, cinq mégaoctets",
        "24h/24 et 7j/7": "vingt-quatre heures sur vingt-quatre et sept jours sur sept",
        "au T2 2024": "au deuxième trimestre deux mille vingt-quatre",
        "les nos 2 et 3, nos 2 chats": "les numéros deux et trois, nos deux chats",
        "en juil., th. 6, chap. IV": "en juillet, thermostat six, chapitre quatre",
        "av. du Gal de Gaulle": "avenue du général de Gaulle",
        "3x/jour": "trois fois par jour",
    },
    "de": {
        "Vlt heute. Lg Anna, das LG": "Vielleicht heute. Liebe Grüße Anna, das LG",
        "hdl, vlt. morgen, lg": "hab dich lieb, vielleicht morgen, liebe Grüße",
        "LG und HDL": "LG und HDL",
        "Ihre TAN lautet 482913, PLZ 10115": "Ihre TAN lautet vier acht zwei neun eins drei, PLZ eins null eins eins fünf",
        "35-40 Min. backen": "fünfunddreißig bis vierzig Minuten backen",
        "1 Bd. Dill, 1 Msp. Zimt, 2 Tbl.": "ein Bund Dill, eine Messerspitze Zimt, zwei Tabletten.",
        "RR 120/80 mmHg": "RR einhundertzwanzig zu achtzig Millimeter Quecksilber",
        "gegen 21 h, in 2 h": "gegen einundzwanzig Uhr, in zwei Stunden",
        "Elisabeth II. und Ludwig XIV.": "Elisabeth die zweite und Ludwig der vierzehnte.",
        "D-60311 Frankfurt a. M. liegt": "D-sechs null drei eins eins Frankfurt am Main liegt",
        "§§ 1 ff. StGB": "Paragrafen eins folgende StGB",
        "USt-IdNr. DE123456789": "USt-IdNr. D E, eins zwei drei, vier fünf sechs, sieben acht neun",
        "IBAN DE89 3704 0044 0532 0130 00": "IBAN D E, acht neun, drei sieben null vier, null null vier vier, "
        "null fünf drei zwei, null eins drei null, null null",
    },
    "it": {"aperto 10-14 h": "aperto dieci a quattordici ore"},
    "nl": {"open 10-14 h": "open tien tot veertien uur"},
}
CASES = [(language, text, spoken) for language, table in SPOKEN.items() for text, spoken in table.items()]


@pytest.mark.parametrize(("language", "text", "spoken"), CASES, ids=[f"{code}-{text}" for code, text, _ in CASES])
def test_spoken_form(language, text, spoken):
    assert normalize(text, language) == spoken


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("es", "En la Pza. España. Ya.", ["En la plaza España.", "Ya."]),
        ("es", "Los JJ. OO. de París. Ya.", ["Los Juegos Olímpicos de París.", "Ya."]),
        ("es", "Salió a las 9 h. Luego volvió.", ["Salió a las nueve horas.", "Luego volvió."]),
        ("de", "In Frankfurt a. M. ist es schön. Ja.", ["In Frankfurt am Main ist es schön.", "Ja."]),
        ("pt-br", "Moro no 3º and. Venha ver.", ["Moro no terceiro andar.", "Venha ver."]),
    ],
)
def test_sentences(language, text, spoken):
    assert [segment.normalized for segment in analyze_text(text, language)] == spoken


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("o ChatGPT", "ʊ tʃˈɛtʃiʒˈepetˈe"),
        ("os smartphones", "ʊz ˌizmaɾətefˈonys"),
        ("home office", "xˈoumj ˈɔfisy"),
        ("um post no feed", "ũŋ pˈoustʃi nʊ fˈidʒi"),
    ],
)
def test_loan_words_sound_as_brazilians_say_them(text, sounds):
    assert phonemize(text, "pt-br") == normalize_ipa(sounds)


@pytest.mark.parametrize("unit", ["12'", "AB ", "\n", "1+", "R. ", "dia 01 ", "a.pdf ", "25/20, "])
@pytest.mark.parametrize("language", ["pt-br", "en-us"])
def test_the_rules_take_linear_time(language, unit):
    text = (unit * 50_000)[:50_000]
    start = time.perf_counter()
    normalizer_for(language).find(text)
    assert time.perf_counter() - start < 5  # a rule that looks at every pair of characters takes a minute
