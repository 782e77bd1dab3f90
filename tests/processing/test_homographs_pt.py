"""Portuguese words whose vowel is open or closed by what they are: each rule, from both sides."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing.homographs_pt import unmistakable
from valetts_hf.processing.phonemization import phonemize_items
from valetts_hf.processing.spoken_items import split_items


# The word with its vowel, and sentences with that word.
SENTENCES = {
    ("gosto", "ɔ"): ("Eu gosto.", "Gosto de praia.", "Eu também gosto dele.", "Porque gosto de você.", "Mas gosto de sol."),
    ("gosto", "o"): ("Gosto não se discute.", "De mau gosto.", "Sal a gosto.", "Cheiro e gosto de mar.", "Dá gosto de ver."),
    ("jogo", "ɔ"): ("Às vezes jogo xadrez.", "Jogo bola aos domingos.", "Toda quinta jogo com eles.", "Jogo o lixo fora."),
    ("jogo", "o"): ("Jogo bem disputado.", "Hoje jogo do Brasil.", "Não tem jogo hoje.", "Jogo entre Flamengo e Vasco."),
    ("começo", "ɛ"): ("Começo a entender.", "Amanhã começo na academia.", "Começo hoje.", "Agora começo a ver."),
    ("começo", "e"): ("Começo de ano.", "No começo a gente ria.", "Do começo ao fim."),
    ("acordo", "ɔ"): ("Acordo cedo.", "Acordo às seis.", "Todo dia acordo assim.", "Quando acordo, tomo café."),
    ("acordo", "o"): ("Acordo de paz é assinado.", "De acordo com a polícia.", "Não houve acordo."),
    ("almoço", "ɔ"): ("Eu acordo e almoço.", "Todo dia almoço aqui."),
    ("almoço", "o"): ("Eu quero almoço.", "Almoço grátis não existe."),
    ("olho", "ɔ"): ("Olho para você.", "Eu nem olho.", "Olho o relógio."),
    ("olho", "o"): ("Olho por olho.", "Colírio para olho seco.", "Mau olho não pega."),
    ("choro", "ɔ"): ("Eu não choro.", "Às vezes choro."),
    ("choro", "o"): ("Sem choro nem vela.", "Muito choro.", "Choro livre."),
    ("troco", "ɔ"): ("Eu troco de roupa.", "Nunca troco de canal.", "Troco o óleo."),
    ("troco", "o"): ("Faltou troco no caixa.", "Sem troco, moço.", "Em troco, sorriu."),
    ("aperto", "ɛ"): ("Eu o aperto contra mim.", "Se eu aperto, desliga."),
    ("aperto", "e"): ("Sem aperto.", "Que aperto!"),
    ("conserto", "ɛ"): ("Eu conserto rádios.",),
    ("conserto", "e"): ("O conserto ficou caro.", "Levei para conserto."),
    ("posto", "ɔ"): ("Eu posto tudo.",),
    ("posto", "o"): ("Fila no posto.", "Foi posto de lado."),
    ("controle", "ɔ"): ("É bom que ele controle os gastos.", "Controle o fogo."),
    ("controle", "o"): ("Sem controle, bateu.", "Está sob controle.", "O controle o tempo todo."),
    ("seca", "ɛ"): ("Ela seca os pratos.", "Seca o cabelo."),
    ("seca", "e"): ("A seca castiga o sertão.", "Minha pele está seca."),
    ("força", "ɔ"): ("Ele força a porta.", "Ninguém força você."),
    ("força", "o"): ("Com força o time venceu.", "Muita força a todos."),
    ("solta", "ɔ"): ("Ela solta a voz.", "Solta o meu braço."),
    ("solta", "o"): ("Uma ponta solta.",),
    ("sede", "ɛ"): (
        "A sede da empresa.", "Na sede da ONU.", "Empresa com sede em Curitiba.", "O Brasil foi sede da Copa.",
        "Paris será sede de jogos.", "A cidade sede.",
    ),
    ("sede", "e"): (
        "Estou com sede.", "Fiquei com sede na praia.", "A sede de justiça.", "Matou a sede do gado.", "Morto de sede.",
    ),
    ("colher", "ɛ"): ("Uma colher de sopa.", "Duas medidas de colher de chá."),
    ("colher", "e"): ("É hora de colher o café.", "Começou a colher uvas.", "Vou colher os frutos."),
    ("forma", "o"): ("Use uma forma de bolo.", "Unte a forma.", "Numa forma untada."),
    ("forma", "ɔ"): ("Em forma de bolo.", "De qualquer forma.", "Uma forma de pagar."),
    ("corte", "o"): ("A corte do rei.", "A Suprema Corte.", "Levou o caso à corte."),
    ("corte", "ɔ"): ("Lave a carne e a corte em cubos.", "O corte de gastos.", "Não corte o bolo."),
    ("cor", "ɔ"): ("Sei tudo de cor.", "Sei de cor e salteado.", "Recitou de cor."),
    ("cor", "o"): ("Lápis de cor.", "Sei que mudou de cor.", "Não sei de que cor é."),
    ("pera", "e"): ("Comi uma pera.",),
    ("pera", "ɛ"): ("Pera aí!",),
}  # fmt: skip


def vowel_of(word: str, sentence: str) -> str:
    items = split_items(sentence)
    for item in items:
        item.language = "pt-br"
    phonemize_items(items)
    phonemes = next(item.phonemes for item in items if item.text.lower() == word)
    return re.search("ˈ[^aeiouɔɛæɐʊy]*(.)", phonemes)[1]


@pytest.mark.parametrize(
    ("word", "vowel", "sentence"),
    [(word, vowel, sentence) for (word, vowel), sentences in SENTENCES.items() for sentence in sentences],
)
def test_vowels_follow_from_the_neighbours(word, vowel, sentence):
    assert vowel_of(word, sentence) == vowel


@pytest.mark.parametrize(
    ("sentence", "stressed"),
    [
        ("ele não para de falar", True),
        ("para com isso", True),
        ("ele para o carro", True),
        ("dei a ele para o curso", False),
        ("vou para casa", False),
        ("não vai dar para ir", False),
    ],
)
def test_stopping_is_stressed(sentence, stressed):
    words = sentence.split()
    assert (unmistakable(words, words.index("para")) == "pára") is stressed


def test_names_and_other_words_are_left_alone():
    assert [unmistakable(["o", "povo", "jogo"], index) for index in range(3)] == [None] * 3
    assert unmistakable(["eu", "governo"], 1) == "govérno"
    assert unmistakable(["sem", "troco"], 1) == "trôco"
    assert unmistakable(["formas", "untadas"], 0) == "fôrmas"


@given(
    st.lists(
        st.sampled_from("eu não o a de e gosto troco sede colher forma corte cor para pera seca que todo dia".split())
    )
)
def test_words_keep_their_letters(words):
    bare = str.maketrans("áéóêô", "aeoeo")
    read = [unmistakable(words, index) or word for index, word in enumerate(words)]
    assert [word.translate(bare) for word in read] == [word.translate(bare) for word in words]
