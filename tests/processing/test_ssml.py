"""SSML: what every tag becomes, what is refused and where, and that nothing else than MarkupError comes out of garbage."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing import markup_reading
from valetts_hf.processing.directed_text import Delivery, Pause, Span, joined
from valetts_hf.processing.markup_reading import MarkupError
from valetts_hf.processing.pause_lengths import PAUSE_SECONDS
from valetts_hf.processing.ssml import TAGS, escape_ssml, parse_ssml
from valetts_hf.processing.ssml_sections import PARAGRAPH_END
from valetts_hf.processing.text_cleaning import canonicalize
from valetts_hf.processing.text_markup import Mark


def one(inner: str, **options):
    (directed,) = parse_ssml(f"<speak>{inner}</speak>", **options)
    return directed


def texts(inner: str) -> list[str]:
    return [directed.text for directed in parse_ssml(f"<speak>{inner}</speak>")]


# --- tags ----------------------------------------------------------------------------------------------------------


def test_plain_content_is_the_text():
    directed = one("  Fish &amp; chips: 3 &lt; 5 &#233; <![CDATA[<b>]]> <!-- not --> end ")
    assert directed.text == "Fish & chips: 3 < 5 é <b>  end"
    assert (directed.spans, directed.pauses, directed.marks, directed.voice, directed.pause_after) == (
        (),
        (),
        (),
        None,
        None,
    )


def test_prosody_becomes_a_span():
    directed = one('Say <prosody rate="slow" pitch="+2st" range="150%" volume="-6dB">this part</prosody>.')
    (span,) = directed.spans
    assert directed.text[span.start : span.end] == "this part"
    assert span.delivery == Delivery(0.75, 2.0, 1.5, -6.0)


def test_nested_prosody_comes_outer_first():
    directed = one(
        '<prosody rate="fast">a <prosody pitch="high">b</prosody> <emphasis level="strong">c</emphasis></prosody>'
    )
    assert [directed.text[span.start : span.end] for span in directed.spans] == ["a b c", "b", "c"]


def test_contour_takes_precedence_over_pitch_and_range():
    (span,) = one('<prosody pitch="high" range="high" contour="(0%,+2st) (50%,-1st)">up</prosody>').spans
    assert span == Span(0, 2, Delivery(), ((0.0, 2.0), (0.5, -1.0)))


def test_emphasis_levels():
    assert one("<emphasis>a</emphasis>").spans == one('<emphasis level="moderate">a</emphasis>').spans
    assert one('<emphasis level="none">a</emphasis>').spans == ()
    strong, reduced = (
        one(f'<emphasis level="{level}">a</emphasis>').spans[0].delivery for level in ("strong", "reduced")
    )
    assert strong.speaking_rate < 1 < reduced.speaking_rate and strong.energy_shift > 0 > reduced.energy_shift


def test_break_is_a_pause_and_parts_words():
    directed = one('Hello<break time="250ms"/>world <break/>again')
    assert directed.text == "Hello world again"
    assert directed.pauses == (Pause(5, 0.25), Pause(12, PAUSE_SECONDS["clause"]))


def test_breaks_add_up_and_stop_at_ten_seconds():
    assert one('a <break time="1s"/><break time="500ms"/>b').pauses == (Pause(2, 1.5),)
    assert one('a <break time="9s"/><break time="9s"/>b').pauses == (Pause(2, 10.0),)


def test_time_of_a_break_wins_over_its_strength():
    assert one('a <break strength="x-strong" time="100ms"/>b').pauses == (Pause(2, 0.1),)
    assert one('a <break strength="none"/>b').pauses == (Pause(2, 0.0),)


def test_breaks_at_the_edges_of_texts():
    first, second = parse_ssml(
        '<speak><break time="1s"/><s>One.</s><break time="2s"/><s>Two. <break time="3s"/></s></speak>'
    )
    assert first.pauses == (Pause(0, 1.0),) and first.pause_after == 2.0
    assert second.pauses == () and second.pause_after == 3.0


def test_sentences_and_paragraphs_are_texts_of_their_own():
    found = parse_ssml("<speak><p>One<s>two</s> <s>three</s></p><p>four</p>five</speak>")
    assert [directed.text for directed in found] == ["One", "two", "three\n\n", "four\n\n", "five"]
    assert [directed.pause_after for directed in found] == [None] * 5
    asked, following = parse_ssml('<speak><p>One<break time="2s"/></p><p>two</p></speak>')
    assert (asked.text, asked.pause_after, following.text) == ("One", 2.0, "two\n\n")


def test_pauses_between_and_behind_sections_are_kept_in_one_text():
    whole = joined(parse_ssml("<speak>One.<break time='3s'/><p>Two.</p><break time='2s'/></speak>"))
    behind = whole.pauses[-1]
    assert whole.text.rstrip().endswith("Two.") and (behind.position, behind.seconds) == (len(whole.text), 2.0)
    assert [pause.seconds for pause in whole.pauses] == [3.0, 2.0]


def test_spans_go_on_over_sentences():
    found = parse_ssml('<speak><prosody rate="2"><s>One.</s><s>Two.</s></prosody></speak>')
    assert [directed.spans for directed in found] == [(Span(0, 4, Delivery(2.0)),)] * 2


def test_voices():
    found = parse_ssml('<speak>He said <voice name="ada">no<voice name="rui">sim</voice></voice> to me.</speak>')
    assert [(directed.text, directed.voice) for directed in found] == [
        ("He said", None),
        ("no", "ada"),
        ("sim", "rui"),
        ("to me.", None),
    ]
    assert found[0].pause_after == PAUSE_SECONDS["none"]
    (alone,) = parse_ssml('<speak><s><voice name="ada">no</voice></s></speak>')
    assert alone.pause_after is None


def test_styles():
    found = parse_ssml(
        '<speak xmlns:mstts="http://www.w3.org/2001/mstts"><mstts:express-as style="calm" styledegree="0.5">She said '
        '<express-as style="token:2*0.5 + lively">no</express-as><voice name="rui">sim</voice></mstts:express-as> to me.'
        "</speak>"
    )
    assert [(directed.text, directed.style, directed.voice) for directed in found] == [
        ("She said", "(calm)*0.5", None),
        ("no", "token:2*0.5 + lively", None),
        ("sim", "(calm)*0.5", "rui"),
        ("to me.", None, None),
    ]
    assert found[0].pause_after == PAUSE_SECONDS["none"]
    assert joined(found[:1]).style == "(calm)*0.5"
    with pytest.raises(ValueError, match=r"one text can have one style, got token:2\*0.5 \+ lively, None"):
        joined([found[1], found[3]])


def test_what_nobody_knows_is_refused_where_it_stands():
    def known(*names):
        def check(name):
            if name not in names:
                raise ValueError(f"unknown {name!r}")

        return check

    checks = {"language": known("de"), "voice": known("ada"), "style": known("calm", "(calm)*2")}
    text = '<speak>\n<voice name="ada"><express-as style="calm" styledegree="2">Ja</express-as></voice></speak>'
    assert parse_ssml(text, checks=checks)[0].style == "(calm)*2"
    for wrong, column in (('<voice name="eda">', 14), ('<express-as style="x">', 20), ('<lang xml:lang="fr">', 17)):
        tag = wrong[1:].split()[0]
        with pytest.raises(MarkupError, match="unknown '") as caught:
            parse_ssml(f"<speak>\n{wrong}a</{tag}></speak>", checks=checks)
        assert (caught.value.line, caught.value.column) == (2, column)
        assert isinstance(caught.value.__cause__, ValueError)


def test_languages_become_marks():
    directed = one('They say <lang xml:lang="pt-BR">pão <lang xml:lang="fr">café</lang></lang>.')
    assert directed.marks == (Mark(9, 17, language="pt-br"), Mark(13, 17, language="fr"))
    (spoken,) = parse_ssml('<speak xml:lang="de"><s>Ja</s></speak>')
    assert spoken.marks == (Mark(0, 2, language="de"),)


def test_phoneme_becomes_a_mark():
    directed = one('a <phoneme alphabet="ipa" ph="təmˈɑːtəʊ">tomato</phoneme> and <phoneme ph="ə"/>')
    assert directed.text == "a tomato and [[ə]]"
    assert directed.marks == (Mark(2, 8, ipa="təmˈɑːtəʊ"), Mark(13, 18, ipa="ə"))
    assert one('<phoneme ph="X">x</phoneme>', known=frozenset("X")).marks == (Mark(0, 1, ipa="X"),)


def test_sub_speaks_the_alias_where_the_text_stood():
    assert texts('the <sub alias="World Wide Web">WWW</sub>\'s') == ["the World Wide Web's"]


def test_say_as_is_words_apart_from_its_neighbours():
    assert texts('No<say-as interpret-as="cardinal">7</say-as>up') == ["No seven up"]
    (portuguese,) = parse_ssml('<speak>Custa muito: <say-as interpret-as="cardinal">7</say-as> para você.</speak>')
    assert "sete" in portuguese.text
    assert one('<say-as interpret-as="cardinal">7</say-as>', language="de").text == "sieben"
    assert one('<s xml:lang="fr"><say-as interpret-as="cardinal">7</say-as></s>', language="de").text == "sept"


def test_words_are_neither_glued_nor_split_at_tags():
    assert texts("un<emphasis>believ</emphasis>able") == ["unbelievable"]
    assert texts("a<p>b</p>c") == ["a", "b\n\n", "c"]
    assert texts("caf<emphasis>e</emphasis>\u0301!") == ["café!"]


def test_declaration_namespaces_and_white_space_around_are_accepted():
    text = (
        '\n<?xml version="1.0" encoding="utf-16"?>\n<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" xml:lang="de-DE">Größe</speak>\n'
    )
    assert parse_ssml(text)[0].text == "Größe"


# --- what is refused, and where ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "no <speak>"),
        ("hello", 1, 1, "outside of <speak>"),
        ("<speak>a</speak> b", 1, 18, "outside of <speak>"),
        ("<p>a</p>", 1, 1, "begins with <p>: put <speak>"),
        ("<speak>a\n  <p>b", 2, 3, "<p> is never closed: add </p>"),
        ("<speak>\né <s>a</p></speak>", 2, 7, r"</p> comes while <s> \(line 2, column 3\) is open: write </s>"),
        ("<speak>a <b", 1, 10, "does not end"),
        ("<speak>a < b</speak>", 1, 10, "&lt;"),
        ("<speak>R&D</speak>", 1, 9, "&amp;"),
        ("<speak>a&nbsp;b</speak>", 1, 9, "&#233;"),
        ("<speak>&#0;</speak>", 1, 8, "no character"),
        ("<speak>a\x00</speak>", 1, 9, "control characters"),
        ("<speak>\ud800</speak>", 1, 8, "surrogate"),
        ("<speak><![CDATA[a</speak>", 1, 8, "CDATA"),
        ('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', 1, 1, "document type"),
        ('<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak/>', 1, 1, "document type"),
        ("<speak>a<?php b?></speak>", 1, 9, "processing instructions"),
        ("<speak/>", 1, 1, "nothing to say"),
        ("<speak> <break/> </speak>", 1, 1, "nothing to say"),
        ("<speak>\n<speak>a</speak></speak>", 2, 1, "inside of <speak>"),
        ("<speak><blink>a</blink></speak>", 1, 8, "known are speak, p, s"),
        ('<speak><audio src="http://x"/></speak>', 1, 8, "not fetched"),
        ('<speak onload="x">a</speak>', 1, 16, 'attribute "onload" is not supported: <speak> may have version'),
        ("<speak><s><p>a</p></s></speak>", 1, 11, "<p> cannot stand inside of <s>"),
        ("<speak><emphasis><s>a</s></emphasis></speak>", 1, 18, "<s> cannot stand inside of <emphasis>"),
        ('<speak><sub alias="b"><p>a</p></sub></speak>', 1, 23, "holds text alone"),
        ("<speak><break>a</break></speak>", 1, 8, "write <break/>"),
        ("<speak><break><p/></break></speak>", 1, 15, "write <break/>"),
        ('<speak><break time="5"/></speak>', 1, 21, '<break time="5">: times are written as "500ms"'),
        ('<speak><break time="-1s"/></speak>', 1, 21, '"500ms"'),
        ('<speak><break time="11s"/></speak>', 1, 21, "at most 10 s"),
        ('<speak><break strength="huge"/></speak>', 1, 25, "none, x-weak"),
        ("<speak><prosody>a</prosody></speak>", 1, 8, "at least one of rate"),
        ('<speak><prosody rate="fast" rate="slow">a</prosody></speak>', 1, 29, "twice"),
        (
            '<speak>\n<prosody volume="+3dB"\n  rate="fasst">a</prosody></speak>',
            3,
            9,
            '<prosody rate="fasst">: write "slow"',
        ),
        ('<speak><prosody rate="900%">a</prosody></speak>', 1, 23, "9 times; it may be between 0.25 and 4"),
        ('<speak><prosody rate="+1">a</prosody></speak>', 1, 23, "120%"),
        ('<speak><prosody pitch="200Hz">a</prosody></speak>', 1, 24, "depends on the voice"),
        ('<speak><prosody pitch="2">a</prosody></speak>', 1, 24, "needs a unit"),
        ('<speak><prosody pitch="-100%">a</prosody></speak>', 1, 24, "nothing is left"),
        ('<speak><prosody pitch="+40st">a</prosody></speak>', 1, 24, "between -24 and 24"),
        ('<speak><prosody range="+2st">a</prosody></speak>', 1, 24, "150%"),
        ('<speak><prosody volume="+40dB">a</prosody></speak>', 1, 25, "between -20 and 20"),
        ('<speak><prosody volume="300">a</prosody></speak>', 1, 25, "0 to 100"),
        ('<speak><prosody volume="-200%">a</prosody></speak>', 1, 25, "nothing is left"),
        ('<speak><prosody volume="2st">a</prosody></speak>', 1, 25, "soft"),
        ('<speak><prosody duration="2s">a</prosody></speak>', 1, 27, "give a rate instead"),
        ('<speak><prosody contour="">a</prosody></speak>', 1, 26, "a contour is written as"),
        ('<speak><prosody contour="(0%,+2st) x">a</prosody></speak>', 1, 26, "a contour is written as"),
        ('<speak><prosody contour="x (0%,+2st)">a</prosody></speak>', 1, 26, "a contour is written as"),
        ('<speak><prosody contour="(50%,+2st) (10%,+1st)">a</prosody></speak>', 1, 26, '"10%" must come after'),
        ('<speak><prosody contour="(200%,+2st)">a</prosody></speak>', 1, 26, "between 0% and 100%"),
        ('<speak><prosody contour="(0%,2)">a</prosody></speak>', 1, 26, "needs a unit"),
        ('<speak><prosody contour="(0%,+1st)"><s>a</s></prosody></speak>', 1, 37, "belongs to one sentence"),
        ('<speak><emphasis level="big">a</emphasis></speak>', 1, 25, "strong, moderate, none, reduced"),
        ("<speak><phoneme>a</phoneme></speak>", 1, 8, 'needs the attribute ph="..."'),
        ('<speak><phoneme ph="">a</phoneme></speak>', 1, 21, "empty"),
        ('<speak><phoneme ph="Ж">a</phoneme></speak>', 1, 21, "not in the vocabulary"),
        ('<speak><phoneme alphabet="x-sampa" ph="a">a</phoneme></speak>', 1, 27, "only the alphabet ipa"),
        ('<speak><sub alias=" ">a</sub></speak>', 1, 20, "alias is empty"),
        ("<speak><sub>a</sub></speak>", 1, 8, "alias"),
        ('<speak><lang xml:lang="xx">a</lang></speak>', 1, 24, "xx"),
        ('<speak><voice name="/etc/passwd">a</voice></speak>', 1, 21, "not opened"),
        ('<speak><voice name="me.wav">a</voice></speak>', 1, 21, "not opened"),
        ("<speak><lang>a</lang></speak>", 1, 8, 'needs the attribute xml:lang="..."'),
        ('<speak><voice xml:lang="de">a</voice></speak>', 1, 8, 'needs the attribute name="..."'),
        ('<speak><express-as type="GoodNews">a</express-as></speak>', 1, 26, 'name a style: style="..."'),
        ('<speak><mstts:express-as style="a" role="Boy">a</mstts:express-as></speak>', 1, 42, "no roles"),
        ('<speak><express-as styledegree="1">a</express-as></speak>', 1, 8, 'needs the attribute style="..."'),
        ('<speak><express-as style="calm" styledegree="3">a</express-as></speak>', 1, 46, "0.01 to 2"),
        ('<speak><express-as style="calm" styledegree="50%">a</express-as></speak>', 1, 46, "0.01 to 2"),
        ('<speak><express-as style="clip:me">a</express-as></speak>', 1, 27, "not opened"),
        ('<speak><express-as style="me.wav">a</express-as></speak>', 1, 27, "not opened"),
        ('<speak><express-as style="voice: ada">a</express-as></speak>', 1, 27, "not opened"),
        ('<speak><express-as style="/etc/x">a</express-as></speak>', 1, 27, "not opened"),
        ("<speak><say-as>1</say-as></speak>", 1, 8, "interpret-as"),
        ('<speak><say-as interpret-as="magic">1</say-as></speak>', 1, 30, "characters, spell-out"),
        ('<speak><say-as interpret-as="date" format="xyz">1</say-as></speak>', 1, 44, "mdy, dmy"),
    ],
)
def test_errors_say_where_and_what_to_write(text, line, column, message):
    with pytest.raises(MarkupError, match=message) as caught:
        parse_ssml(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert f"line {line}, column {column}" in str(caught.value)


def test_other_errors():
    with pytest.raises(TypeError, match="must be a string, got bytes"):
        parse_ssml(b"<speak>a</speak>")
    with pytest.raises(ValueError, match="xx"):
        parse_ssml("<speak>a</speak>", language="xx")
    points = " ".join(f"({place / 2}%,+1st)" for place in range(101))
    with pytest.raises(MarkupError, match="at most 100 points, this has 101"):
        parse_ssml(f'<speak><prosody contour="{points}">a</prosody></speak>')


def test_limits(monkeypatch):
    with pytest.raises(MarkupError, match="10.0 MB, more than the 4 that are read"):
        parse_ssml("<speak>" + "x" * 10_000_000 + "</speak>")
    with pytest.raises(MarkupError, match="nested more than 32 deep"):
        parse_ssml("<speak>" + '<prosody rate="1">' * 100_000)
    monkeypatch.setattr(markup_reading, "MAX_ELEMENTS", 10)
    with pytest.raises(MarkupError, match="more than 10 elements"):
        parse_ssml("<speak>" + "<break/>a" * 20 + "</speak>")


def test_entity_bomb_is_refused_before_it_grows():
    layers = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    with pytest.raises(MarkupError, match="document type"):
        parse_ssml(f"<!DOCTYPE speak [{layers}]><speak>&e11;</speak>")


def test_the_error_survives_pickling():
    with pytest.raises(MarkupError) as caught:
        parse_ssml("<speak>\n<x/></speak>")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.line, copy.column) == (str(caught.value), 2, 1)


# --- properties ----------------------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=60))
def test_escaped_text_comes_back(text):
    allowed = "".join(
        c if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else " " for c in text
    )
    expected = canonicalize(allowed).strip()
    if expected:
        assert one(escape_ssml(text.replace("\r", " "))).text == expected


@given(st.text(max_size=60))
def test_garbage_is_a_markup_error(text):
    try:
        assert parse_ssml(text)
    except MarkupError:
        pass


_values = st.sampled_from(
    ["slow", "+2st", "-10%", "1.2", "x-loud", "500ms", "(0%,+1st)", "de", "ada", "cardinal", "ə", "", "&lt;", "1e9"]
)
_attributes = st.dictionaries(st.sampled_from(sorted(set().union(*TAGS.values()))), _values, max_size=2)
_leaves = st.sampled_from(["Hello ", "12", "é", "\u0301", " ", "a.b", "&amp;", "3/4", "\n"])


def _element(children):
    return st.builds(
        lambda tag, attributes, inner: "<{}{}>{}</{}>".format(
            tag, "".join(f' {name}="{value}"' for name, value in attributes.items()), "".join(inner), tag
        ),
        st.sampled_from(sorted(TAGS)),
        _attributes,
        st.lists(children, max_size=3),
    )


@given(st.lists(st.recursive(_leaves, _element, max_leaves=12), max_size=4))
def test_well_formed_documents_give_consistent_texts_or_a_markup_error(parts):
    try:
        found = parse_ssml(f"<speak>{''.join(parts)}</speak>")
    except MarkupError:
        return
    assert found
    for directed in found:
        text = directed.text.removesuffix(PARAGRAPH_END)
        assert text == text.strip() == canonicalize(text) != ""
        for stretch in (*directed.spans, *directed.marks):
            assert 0 <= stretch.start < stretch.end <= len(directed.text)
        assert [pause.position for pause in directed.pauses] == sorted({pause.position for pause in directed.pauses})


_DOCUMENT = (
    '<speak xml:lang="en"><p><s>A <prosody rate="fast" contour="(0%,+1st) (50%,-5%)">b</prosody></s><break time="1s"/>'
    '<say-as interpret-as="date" format="dmy">1/2/2020</say-as> <phoneme ph="ə">a</phoneme> &lt;<![CDATA[x]]></p></speak>'
)


@given(st.lists(st.tuples(st.integers(0, len(_DOCUMENT)), st.integers(0, 6), st.text(max_size=3)), max_size=4))
def test_a_damaged_document_is_a_markup_error(damages):
    text = _DOCUMENT
    for place, removed, added in damages:
        text = text[:place] + added + text[place + removed :]
    try:
        assert parse_ssml(text)
    except MarkupError as error:
        assert 1 <= error.line <= text.count("\n") + 2 and error.column >= 1
