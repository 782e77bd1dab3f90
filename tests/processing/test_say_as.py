"""What `<say-as>` puts into words in several languages, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetts_hf.processing.languages import BUILT_IN, LANGUAGES, register_language
from valetts_hf.processing.say_as import DATE_FORMATS, KINDS, TIME_FORMATS, say_as
from valetts_hf.processing.text_normalization import normalizer_for


@pytest.mark.parametrize(
    ("content", "kind", "language", "form", "spoken"),
    [
        ("ABC-1", "characters", "en-us", None, "A, B, C, dash, one"),
        ("é!@", "spell-out", "fr", None, "É, arobase"),
        ("x", "verbatim", "de", None, "X"),
        ("-3", "cardinal", "de", None, "minus drei"),
        ("1.234,5", "cardinal", "pt-br", None, "mil duzentos e trinta e quatro vírgula cinco"),
        ("XIV", "number", "en-us", None, "fourteen"),
        ("42", "cardinal", "sw", None, "arobaini na mbili"),
        ("3", "ordinal", "pt-br", None, "terceiro"),
        ("3ª", "ordinal", "pt-br", None, "terceira"),
        ("22nd", "ordinal", "en-gb", None, "twenty-second"),
        ("XIV", "ordinal", "fr", None, "quatorzième"),
        ("4021", "digits", "en-us", None, "four zero two one"),
        ("1-800-ABC", "telephone", "en-us", None, "one, eight zero zero, A, B, C"),
        ("+55 11 98", "telephone", "pt-br", None, "mais cinco cinco, um um, nove oito"),
        ("2024-05-17", "date", "en-us", None, "May seventeenth, twenty twenty-four"),
        ("05/17/2024", "date", "en-us", None, "May seventeenth, twenty twenty-four"),
        ("17/05/2024", "date", "pt-br", None, "dezessete de maio de dois mil e vinte e quatro"),
        ("17/05/99", "date", "en-gb", "dmy", "the seventeenth of May, nineteen ninety-nine"),
        ("17.5.", "date", "de", "dm", "siebzehnter Mai"),
        ("05-17", "date", "en-us", "md", "May seventeenth"),
        ("20240517", "date", "fr", "yyyymmdd", "dix-sept mai deux mille vingt-quatre"),
        ("5/2024", "date", "pt-br", "my", "maio de dois mil e vinte e quatro"),
        ("2024.5", "date", "en-us", "ym", "May twenty twenty-four"),
        ("1999", "date", "en-us", "y", "nineteen ninety-nine"),
        ("5", "date", "en-us", "m", "May"),
        ("5", "date", "en-us", "d", "fifth"),
        ("May 5 2020", "date", "en-us", None, "May fifth, twenty twenty"),
        ("14:30", "time", "pt-br", None, "catorze e trinta"),
        ("7h", "time", "fr", None, "sept heures"),
        ("2:30pm", "time", "en-us", "hms12", "two thirty PM"),
        ("2:30 p.m.", "time", "de", None, "vierzehn Uhr dreißig"),
        ("R$ 10,50", "currency", "pt-br", None, "dez reais e cinquenta centavos"),
        ("EUR 5", "currency", "en-us", None, "five euros"),
        ("3/4", "fraction", "en-us", None, "three quarters"),
        ("2 1/2", "fraction", "pt-br", None, "dois e meio"),
        ("2½", "fraction", "en-us", None, "two and one half"),
        ("2 1/2", "fraction", "de", None, "zweieinhalb"),
        ("2 1/2", "fraction", "fr", None, "deux et demi"),
        ("2 1/2", "fraction", "ru", None, "два с половиной"),
        ("3-я", "ordinal", "ru", None, "третья"),
        ("5/2024", "date", "pl", "my", "maj dwa tysiące dwudziestego czwartego"),
        ("5", "date", "ru", "m", "май"),
        ("1999", "date", "ru", "y", "тысяча девятьсот девяносто девятый"),
        ("9:05", "time", "pl", None, "dziewiąta zero pięć"),
        ("14:30:10", "time", "it", None, "quattordici e trenta e dieci secondi"),
        ("0,50 €", "currency", "nl", None, "vijftig cent"),
        ("5 km", "unit", "en-us", None, "five kilometers"),
        ("10 km/h", "unit", "de", None, "zehn Kilometer pro Stunde"),
        ("10%", "unit", "fr", None, "dix pour cent"),
    ],
)
def test_words(content, kind, language, form, spoken):
    assert say_as(content, kind, language, form) == spoken


@pytest.mark.parametrize(
    ("content", "kind", "form", "message"),
    [
        ("1", "magic", None, "interpret-as is one of characters"),
        ("1", "cardinal", "mdy", "only date and time have a format"),
        (" ", "cardinal", None, "nothing in it to say"),
        ("1" * 201, "digits", None, "more than 200"),
        ("''", "characters", None, "has a name to spell"),
        ("12a", "digits", None, "no row of digits"),
        ("!", "telephone", None, "no telephone number"),
        ("abc", "cardinal", None, "is no number"),
        ("1,2,3", "cardinal", None, "is no number"),
        ("third", "ordinal", None, "no ordinal number"),
        ("1/2", "date", None, "takes a format"),
        ("1/2/2020", "date", "foo", "one of mdy, dmy"),
        ("1/2", "date", "mdy", "needs 3 number"),
        ("2024051", "date", "yyyymmdd", "eight digits"),
        ("30/02/2024", "date", "dmy", "no day of the calendar"),
        ("0", "date", "y", "between 1 and 9999"),
        ("some day", "date", None, "not understood as a date"),
        ("noon", "time", None, "is no time"),
        ("1:30", "time", "12", "one of hms12, hms24"),
        ("14:30", "time", "hms12", "no such hour"),
        ("25:00", "time", None, "no such hour"),
        ("5", "currency", None, "no amount in a currency"),
        ("$x", "currency", None, "no amount in a currency"),
        ("5 zz", "unit", None, "a unit that is known"),
        ("half", "fraction", None, "is no fraction"),
        ("1/0", "fraction", None, "is no fraction"),
    ],
)
def test_refusals(content, kind, form, message):
    with pytest.raises(ValueError, match=message):
        say_as(content, kind, "en-us", form)


def test_what_a_language_cannot_say(monkeypatch):
    monkeypatch.setattr(normalizer_for("eo"), "fraction", lambda numerator, denominator: None)
    with pytest.raises(ValueError, match="fractions such as '3/4' are not known in eo"):
        say_as("3/4", "fraction", "eo")


def test_every_kind_works_where_there_are_rules():
    examples = {"date": "2024-05-17", "time": "14:30", "currency": "$5", "fraction": "1/2", "unit": "5 km"}
    for kind in KINDS:
        for language in ("en-us", "en-gb", "pt-br", "pt-pt", "es", "de", "fr", "it", "nl", "pl", "ru"):
            words = say_as(examples.get(kind, "12"), kind, language)
            assert words and not any(c.isdigit() for c in words), (kind, language, words)


def test_an_added_language_has_no_rules(languages_put_back):
    register_language("fi", "fi", "Finnish")
    with pytest.raises(ValueError, match="no rules for numbers and dates in the added language Finnish"):
        say_as("5", "cardinal", "fi")


@given(
    st.text(alphabet="0123456789.,:/-+ ½apmhXIVLkg%€$R°ªnd\u0661\u00b2", max_size=14),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(list(LANGUAGES)[:BUILT_IN]),
    st.sampled_from([None, None, *DATE_FORMATS, *TIME_FORMATS]),
)
def test_any_content_is_words_or_a_value_error(content, kind, language, form):
    try:
        assert say_as(content, kind, language, form).strip()
    except ValueError:
        pass
