"""How lines of Brazilian news, laws, recipes, documents and chats are said."""

import pytest

from valetts_hf.processing.text_analysis import analyze_text
from valetts_hf.processing.text_normalization import normalize


SPOKEN = {
    # sports
    "Palmeiras 2x1 Corinthians": "Palmeiras dois a um Corinthians",
    "Terminou 0 x 0": "Terminou zero a zero",
    "ganhou de 3x1": "ganhou de três a um",
    "Brasil x Argentina": "Brasil contra Argentina",
    "venceu por 6/4, 3/6 e 7/5": "venceu por seis a quatro, três a seis e sete a cinco",
    "foto 3x4 e 1/2, 1/3 e 1/4": "foto três por quatro e meio, um terço e um quarto",
    "a x b": "a x b",
    "3 × 4 = 12": "três vezes quatro igual a doze",
    "Placar agregado: 4x3": "Placar agregado: quatro a três",
    "aos 45'+2 do 2º tempo": "aos quarenta e cinco mais dois minutos do segundo tempo",
    "BRASIL X CHILE": "brasil contra chile",
    "Raio X Digital, 1,5 x 2 de vapor 2x3": "Raio X Digital, um vírgula cinco por dois de vapor dois por três",
    # law
    "art. 927, CC": "artigo novecentos e vinte e sete, CC",
    "§§ 1º e 2º": "parágrafos primeiro e segundo",
    "Lei nº 8.112/90": "Lei número oito mil cento e doze de noventa",
    "PL 2630/2020": "PL dois mil seiscentos e trinta de dois mil e vinte",
    "art. 5º, XI, c/c art. 6º, inc. II": "artigo quinto, onze, combinado com artigo sexto, inciso dois",
    "Inciso III": "Inciso três",
    "0001234-56.2023.8.26.0100": "zero zero zero um dois três quatro, cinco seis, dois zero dois três, oito, dois seis, "
    "zero um zero zero",
    "V. Exa. e V.Sa.": "Vossa Excelência e Vossa Senhoria",
    "o Cel. Silva": "o coronel Silva",
    # documents and addresses
    "RG 12.345.678-X": "RG um dois, três quatro cinco, seis sete oito, xis",
    "agência 1234-5": "agência um dois três quatro, cinco",
    "páginas 10-12": "páginas dez a doze",
    "placa ABC1D23": "placa á bê cê, um, dê, dois três",
    "R. Augusta, 123": "Rua Augusta, cento e vinte e três",
    "Pça. da Sé, s/n": "Praça da Sé, sem número",
    "bl. B, apto. 302": "bloco B, apartamento trezentos e dois",
    "Jd. Europa e Pq. do Ibirapuera": "Jardim Europa e Parque do Ibirapuera",
    "a VIP do IPCA": "a Vip do í pê cê á",
    "RIO-2016, f(s), Lucas 1.200": "RIO-dois mil e dezesseis, f(s), Lucas mil e duzentos",
    "código de verificação é 482-913": "código de verificação é quatro oito dois, nove um três",
    "Av. Brig. Faria Lima": "avenida Brigadeiro Faria Lima",
    "Pça. XV de Novembro": "praça Quinze de Novembro",
    "Dr.ª Ana, prezado(a) doutor(a), aluno(s)": "doutora Ana, prezado ou prezada doutor ou doutora, aluno",
    "D. Pedro I e D. Maria I": "Dom Pedro primeiro e Dona Maria primeira",
    "Henrique VIII": "Henrique oitavo",
    "II Congresso e XX Bienal": "Segundo Congresso e Vigésima Bienal",
    "séculos XVIII e XIX": "séculos dezoito e dezenove",
    "A.C. Camargo, 70 d.C.": "A.C. Camargo, setenta depois de Cristo.",
    # times
    "nesta 3ª (14/5)": "nesta terça-feira (catorze de maio)",
    "provas em 3 e 10/11": "provas em três e dez de novembro",
    "5/8 de x": "cinco oitavos de x",
    "cerca de 2/3 dos votos, até 5/12 de 2024": "cerca de dois terços dos votos, até cinco de dezembro de dois mil e "
    "vinte e quatro",
    "às 0h30": "às zero hora e trinta",
    "das 9h. às 10h": "das nove horas às dez horas",
    "São 7h.": "São sete horas.",
    "por 1h30": "por uma hora e trinta minutos",
    "às 1h30": "às uma e trinta",
    "em 14h30": "em catorze e trinta",
    "2h01min09s": "duas horas, um minuto e nove segundos",
    "Sáb., dom. e feriados": "sábado, domingo e feriados",
    "Ter.: fechado": "terça: fechado",
    "4T23 e 2º tri": "quarto trimestre de vinte e três e segundo trimestre",
    # amounts
    "1,5 mi de pessoas": "um vírgula cinco milhão de pessoas",
    "2 bi de reais": "dois bilhões de reais",
    "R$ 5,00 o kg": "cinco reais o quilo",
    "temperatura máx. e valor mín. aqui": "temperatura máxima e valor mínimo aqui",
    "pressão de 120/80 mmHg": "pressão de cento e vinte por oitenta milímetros de mercúrio",
    "de 8/8h": "de oito em oito horas",
    "99 mg/dL": "noventa e nove miligramas por decilitro",
    "motor 1.6 16V": "motor um ponto seis dezesseis válvulas",
    "João 3:16 e Salmo 23:1-3": "João três, dezesseis e Salmo vinte e três, um a três",
    "2 1/2 xíc. de leite e 3 col. de sopa": "duas xícaras e meia de leite e três colheres de sopa",
    "½ xíc. e 1 col. de mel": "meia xícara e uma colher de mel",
    "1/2 kg e ½ h": "meio quilo e meia hora",
    "1 1/2 kg, 2½ h": "um quilo e meio, duas horas e meia",
    "acabou 3:1, tela 16:9": "acabou três a um, tela dezesseis a nove",
    "R$ 5,00/litro": "cinco reais por litro",
    "* item": "item",
    "cap. XII": "capítulo doze",
    "leite cond.": "leite condensado",
    "0,5 ml/kg e 10 reais/kg": "zero vírgula cinco mililitro por quilo e dez reais por quilo",
    "8 h/dia": "oito horas por dia",
    "alta de 0,5 p.p., a 10% a.a.": "alta de zero vírgula cinco pontos percentuais, a dez por cento ao ano.",
    "50 hab./km²": "cinquenta habitantes por quilômetro quadrado",
    "10% OFF": "dez por cento Off",
    # chats
    "hj eh sexta c vc": "hoje é sexta com você",
    "blz, vlw!": "beleza, valeu!",
    "Pq vc n foi?": "porque você não foi?",
    "eu n vou, q pena": "eu não vou, que pena",
    "onde n é par": "onde n é par",
    "kkkkkkk": "cá cá cá",
    "rsrs": "risos",
    "RS, rss e PF": "RS, rss e PF",
    "nãooo, siiim, isssso, beijosss": "não, sim, isso, beijos",
    "Oooi genteee": "Oi gente",
    "www e AAA, IEEE e ProcessService": "www e AAA, IEEE e ProcessService",
    "Nao sei, a situacao ta dificil": "Não sei, a situação tá difícil",
    "Sao Paulo, furacao, Mao": "São Paulo, furacão, Mao",
    "Mt 5": "Mt cinco",
    "#TBT": "hashtag TBT",
    "GRANDE SHOW DE ROCK COM AR": "grande show de rock com ar",
    "O STF DECIDIU QUE A OMS": "O ésse tê éfe decidiu que A OMS",
    "IBGE, PIB": "í bê gê é, Pib",
}


@pytest.mark.parametrize(("text", "spoken"), SPOKEN.items())
def test_spoken_form(text, spoken):
    assert normalize(text, "pt-br") == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Chego às 7h. Saio às 8h.", ["Chego às sete horas.", "Saio às oito horas."]),
        ("O Cel. Silva e o Des. Lima.", ["O coronel Silva e o desembargador Lima."]),
        ('Uma TV de 55" nova.', ["Uma TV de cinquenta e cinco polegadas nova."]),
        ('Disse: "Tenho 55".', ['Disse: "Tenho cinquenta e cinco".']),
        ("Está apto. Ele vem.", ["Está apto.", "Ele vem."]),
    ],
)
def test_sentences(text, spoken):
    assert [segment.normalized for segment in analyze_text(text, "pt-br")] == spoken
