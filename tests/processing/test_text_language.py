"""Which language, where sentences end, the user's marks and lexicon."""

import json
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing import language_detection
from valetts_hf.processing.language_detection import detect_language, detect_languages, guess_language
from valetts_hf.processing.languages import LANGUAGES
from valetts_hf.processing.lexicon import Lexicon
from valetts_hf.processing.sentence_splitting import split_sentences
from valetts_hf.processing.text_analysis import analyze_text
from valetts_hf.processing.text_cleaning import is_persian, readable_in, script_of
from valetts_hf.processing.text_markup import check_ipa, parse_marks


DETECTED = {
    "en-us": ["Hello", "Good morning!", "Yes.", "OK.", "The ferry leaves the harbour at seven.", "Help me"],
    "pt-br": [
        "Bom dia!",
        "Não",
        "Obrigado",
        "O gato dorme.",
        "R$ 1.234,56",
        "São Paulo",
        "Como vai você?",
        "vc vem hj?",
        "Sair",
        "Puxe",
        "Fica tranquilo",
        "Partiu praia",
        "Sua fatura venceu",
    ],
    "es": ["Feliz Navidad", "Hola", "¿Cómo estás?", "Gracias", "La casa es azul", "uno dos tres"],
    "de": ["Guten Tag", "Wo ist der Bahnhof?", "Ich liebe dich", "Danke", "Vielen Dank"],
    "fr": ["Bonjour", "Je t'aime", "Merci", "C'est la vie, mon ami."],
    "it": ["Buongiorno", "Ciao", "La casa è blu", "Come stai?"],
    "nl": ["Goedemorgen", "Waar is het station?"],
    "pl": ["Dzień dobry", "Gdzie jest dworzec?"],
    "ru": ["Привет", "Где вокзал?"],
    "tr": ["Merhaba", "Bugün hava çok güzel."],
    "sv": ["Hej", "Jag älskar dig"],
    "nb": ["Jeg elsker deg", "Hva heter du?"],
    "hi": ["नमस्ते", "आप कैसे हैं?"],
    "ro": ["Bună ziua", "La revedere"],
    "ca": ["T'estimo", "Adéu"],
    "eo": ["Saluton", "Ĝis revido"],
    "sw": ["habari yako"],
    "ar": ["مرحبا"],
    "fa": ["سلام چطوری"],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in DETECTED.items() for text in texts])
def test_detection(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["Paris", "123", "A", "...", "", "漢字"])
def test_doubtful_texts_take_the_default(text):
    assert guess_language(text) is None
    assert detect_language(text) == "en-us" and detect_language(text, default="pt") == "pt-br"


def test_doubtful_sentences_follow_their_neighbours():
    assert detect_languages(["Bom dia, tudo bem?", "Paris.", "Wo ist der Bahnhof?", "123"]) == [
        "pt-br",
        "pt-br",
        "de",
        "de",
    ]
    assert detect_languages(["Paris.", "Não é isso, meu amigo."]) == ["pt-br", "pt-br"]
    assert detect_languages(["Paris.", "Rom."], default="it") == ["it", "it"]
    assert detect_languages([]) == []


def test_detection_works_without_py3langid():
    program = (
        "import sys, json\nsys.modules['py3langid'] = sys.modules['py3langid.langid'] = None\n"
        "from valetts_hf.processing.language_detection import detect_language\n"
        "print(json.dumps([detect_language(t) for t in ('Bom dia!', 'Guten Tag, wie geht es dir?', 'Paris')]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["pt-br", "de", "en-us"]


def test_detection_from_threads():
    texts = [f"Windows Paris matters number {i}" for i in range(40)]
    wanted = [guess_language(text) for text in texts]
    language_detection._guess.cache_clear()
    results = []
    threads = [threading.Thread(target=lambda: results.append([guess_language(t) for t in texts])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [wanted] * 6


def test_scripts():
    assert [script_of(c) for c in "aЖहسα漢カก1 ªµ"] == [
        "LATIN", "CYRILLIC", "DEVANAGARI", "ARABIC", "GREEK", "CJK", "KATAKANA", "THAI", "", "", "", "",
    ]  # fmt: skip
    assert all(map(readable_in, "abçłşộЖёहقپα1!")) and not any(map(readable_in, "ї漢カ한กəעџ"))
    assert is_persian("چطور") and not is_persian("كيف")


SPLITS = [
    ["Dr. Silva chegou às 10h. ", "Ele disse: não! ", "E foi embora...  ", "Depois voltou."],
    ["I said no. ", "He left. ", "See fig. 3 and no. 5. ", "Apples, etc. ", "Then we left."],
    ["The U.S. Army came. ", "He lives in the U.S. ", "She doesn't."],
    ['"Really?" she asked. ', "J. K. Rowling wrote it."],
    ["Am 3. Oktober war es z. B. kalt. ", "Das 2. Kapitel. ", "Das ist gut usw. ", "Dann kam er."],
    ["Nasceu no séc. XX. ", "Morreu na Av. Brasil, nº 10. ", "Certo?"],
    ["Visitei a Sta. Maria e o Pe. José. ", "O Eng. Silva veio."],
    ["Kosztuje sto. ", "Nie kupię."],
    ["Das ist zu eng. ", "Er bleibt."],
    ["Die Müller GmbH & Co. KG kommt. ", "He left Smith & Co. ", "Then he came."],
    ["Hauptstr. 12, Tel. : 5. ", "Ende."],
    ["Title\n\n", "Para one, line\ntwo. ", "Three"],
    ["Version 3.14 is out, see www.example.com for more. ", "OK?"],
    ["मैं ठीक हूँ। ", "आप कैसे हैं?"],
    ["Wait... what? ", "Yes."],
    ["Meet me at 5 p.m. Monday. ", "Or at 6 p.m. ", "Bring food."],
    ["No. 5 is alive. ", "No. ", "I will not."],
    ["Herr Dr. med. Weber und die Fa. Meier. ", "Gut."],
    ["They tested his DNA. ", "He lives in Columbia, SC. ", "She does not."],  # "dna. Ana", "sc. B" in Romanian
    ["Café com leite ou sem? ", "Com. ", "Eu também quero com. ", "Ele não."],
    ["Vive en EE. UU. desde 1990. ", "Bien."],
    ["Parla l'avv. Conti. ", "Due anni fa. ", "Poi no."],
    ["Spotkał św. Jana i ks. Marka. ", "Tak."],
    ["डॉ. शर्मा ने रु. 250 लिए। ", "1526 ई. में। ", "पृ. 25 देखो।"],
    ["وقال م. خالد. ", "سنة 1990 م. ", "ثم ذهب."],
    ["Bei ni Sh. 500. ", "Bi. Asha, Dkt. Juma n.k. ", "Tunaenda."],
    ["Pomoj k.t.p. ", "Ni iras al d-ro Petro."],
    ["В 1998 г. ", "Потом г. Москва, ул. Ленина и им. Пушкина. ", "Да."],
]


@pytest.mark.parametrize("sentences", SPLITS, ids=[sentences[0].strip() for sentences in SPLITS])
def test_sentences(sentences):
    text = "".join(sentences)
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


@given(st.text("aA1.!?…\n \"')Dr", max_size=60))
def test_sentences_cover_the_text(text):
    spans = split_sentences(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(end > start for start, end in spans)


def test_marks():
    plain, marks = parse_marks(
        'Say [[təmˈeɪɾoʊ]] or <phoneme alphabet="ipa" ph="təmˈɑːtəʊ">tomato</phoneme>, '
        "<lang xml:lang=\"pt_BR\">pão de <lang de>Haus</lang></lang> and <phoneme ph='ˈaɪ'/>; a < b > c."
    )
    assert plain == "Say [[təmˈeɪɾoʊ]] or tomato, pão de Haus and [[ˈaɪ]]; a < b > c."
    assert [(plain[m.start : m.end], m.ipa, m.language) for m in marks] == [
        ("[[təmˈeɪɾoʊ]]", "təmˈeɪɾoʊ", None),
        ("tomato", "təmˈɑːtəʊ", None),
        ("pão de Haus", None, "pt-br"),
        ("Haus", None, "de"),
        ("[[ˈaɪ]]", "ˈaɪ", None),
    ]
    assert parse_marks("no marks [at] all") == ("no marks [at] all", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<lang de>Haus", r"'<lang de>' is never closed: write </lang>"),
        ("Haus</lang>", r"'</lang>' at character 4 closes a language tag that was not opened"),
        ("<lang>Haus</lang>", r"'<lang>' names no language"),
        ("<lang xx>Haus</lang>", r"Language 'xx' is not supported. Choose one of: en-us"),
        ("<phoneme>Haus</phoneme>", r"has no ph=\"...\" attribute"),
        ('<phoneme ph="a">Haus', r"at character 0 is incomplete: write <phoneme ph="),
        ("a</phoneme>", r"'</phoneme>' at character 1 is incomplete"),
        ("[[ ]]", r"The phoneme mark ' ' is empty"),
        (
            "[[aξb]]",
            r"The IPA 'aξb' has symbols that are not in the vocabulary: 'ξ' \(U\+03BE GREEK SMALL LETTER XI\)",
        ),
    ],
)
def test_malformed_marks(text, message):
    with pytest.raises(ValueError, match=message):
        parse_marks(text)


def test_added_symbols_are_allowed_in_marks():
    assert check_ipa("aξ", frozenset("ξ")) == "aξ"


def test_lexicon_lookup():
    lexicon = Lexicon({"*": {"ValeTTS": "vˈæliː"}, "pt": {"GIF": "ʒˈifi", "são tomé": "sˈɐ̃ʊ̃ tomˈɛ"}})
    assert lexicon.lookup("ValeTTS", "de") == "vˈæliː" and lexicon.lookup("valetts", "en-us") == "vˈæliː"
    assert lexicon.lookup("GIF", "pt-br") == "ʒˈifi" and lexicon.lookup("GIF", "en-us") is None
    text = "(GIF), um gif de São  Tomé!"
    assert [text[a:b] for a, b, _ in lexicon.find(text, "pt-br")] == ["GIF", "gif", "São  Tomé"]
    assert lexicon.find(text, "en-us") == []
    assert len(lexicon) == 3 and Lexicon(lexicon) == lexicon and hash(Lexicon(lexicon)) == hash(lexicon)
    assert Lexicon(lexicon.to_dict()) == lexicon and "3 words" in repr(lexicon)
    assert not Lexicon() and Lexicon({"C++": "sˈiː"}).find("I like C++.", "en-us")[0][:2] == (7, 10)
    assert Lexicon({"Polish": "pˈoʊlɪʃ", "polish": "pˈɑːlɪʃ"}).lookup("polish", "en-us") == "pˈɑːlɪʃ"


def test_lexicon_files(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"GIF": "dʒˈɪf"}), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"en": {"GIF": "dʒˈɪf"}}), encoding="utf-8")
    (tmp_path / "c.tsv").write_text("# words\n\nGIF\tdʒˈɪf\nOi\tˈɔɪ\tpt-br\n", encoding="utf-8")
    assert Lexicon.from_file(tmp_path / "a.json").lookup("GIF", "de") == "dʒˈɪf"
    assert Lexicon.from_file(tmp_path / "a.json", language="pt").lookup("GIF", "de") is None
    assert Lexicon.from_file(str(tmp_path / "b.json")).to_dict() == {"en-us": {"GIF": "dʒˈɪf"}}
    table = Lexicon.from_file(tmp_path / "c.tsv", language="en")
    assert table.to_dict() == {"en-us": {"GIF": "dʒˈɪf"}, "pt-br": {"Oi": "ˈɔɪ"}}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "is not valid JSON"),
        ("a.json", "[1]", "must be a JSON object of word: IPA pairs"),
        ("a.tsv", "GIF dʒˈɪf\n", "Line 1 of the lexicon .* must be word<TAB>IPA"),
        ("a.tsv", "GIF\tξ\n", "Lexicon entry 'GIF': The IPA 'ξ' has symbols that are not in the vocabulary"),
        ("a.tsv", "GIF\t\n", "Line 1 of the lexicon"),
        ("a.tsv", "GIF\ta\txx\n", "Language 'xx' is not supported"),
    ],
)
def test_malformed_lexicon_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        Lexicon.from_file(path)


def test_malformed_lexicons(tmp_path):
    with pytest.raises(FileNotFoundError):
        Lexicon.from_file(tmp_path / "none.json")
    with pytest.raises(TypeError, match="A lexicon is a mapping word -> IPA or a path to a file, got list"):
        Lexicon([("a", "b")])
    with pytest.raises(TypeError, match="A lexicon entry is a pair of strings, got 'a': 5"):
        Lexicon({"a": 5})
    with pytest.raises(ValueError, match="an entry without a word"):
        Lexicon({" ": "a"})
    with pytest.raises(ValueError, match="Lexicon entry 'a': The phoneme mark '' is empty"):
        Lexicon({"en": {"a": ""}})


@pytest.mark.parametrize(
    "text",
    ["Добър ден!", "Това е моят дом.", "Днес времето е хубаво.", "Здравейте, казвам се Иван.", "Пътуваме към София."],
)
def test_bulgarian_is_refused(text):
    with pytest.raises(ValueError, match="appears to be Bulgarian, which is not supported.*Pass language='ru'"):
        analyze_text(text)
    assert analyze_text(text, "ru")


@pytest.mark.parametrize(
    "text",
    [
        "Объект съёмки",
        "Он съел объявление.",
        "Подъезд закрыт.",
        "Много раз.",
        "Домъ и столъ",
        "Он служил в СА.",
        "Как си?",
    ],
)
def test_russian_is_no_bulgarian(text):
    assert {segment.language for segment in analyze_text(text)} == {"ru"}


def test_every_promised_language_can_be_detected():
    assert {code for code in DETECTED} >= {code for code in LANGUAGES if LANGUAGES[code].promised} - {"en-gb", "pt-pt"}
