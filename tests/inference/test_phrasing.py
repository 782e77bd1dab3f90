"""Predicted pauses in speech: where they go, who overrides them, and that SSML and pause controls reach the audio."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.inference.test_engine import same
from valetts_hf.inference.long_text import Piece, TextPlan
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.phrasing import phrased
from valetts_hf.processing.directed_text import direct
from valetts_hf.processing.markup_reading import MarkupError
from valetts_hf.processing.pause_prediction import PauseModel


EVERYWHERE = PauseModel({"space": 9.0, "comma": 9.0, "mark": 9.0}, {"space": math.log(0.3)}, 0.0, breath=1000)
CLAUSES = "We waited for the ferry all morning long, but it never came to the harbour."


def piece_of(processor, text, language: str = "en-us") -> Piece:
    (piece,) = TextPlan(text, processor, language)
    return piece


def places_of(piece: Piece) -> list[int]:
    """First tokens of the predicted pauses."""
    return [
        token
        for token, seconds in enumerate(piece.directions.breaks)
        if not math.isnan(seconds) and (token == 0 or math.isnan(piece.directions.breaks[token - 1]))
    ]


def test_pauses_stand_behind_words(tts):
    piece = phrased(piece_of(tts.processor, "one two three four"), EVERYWHERE)
    assert places_of(piece) == [word.end for word in piece.words[:-1]]
    (seconds,) = {seconds for seconds in piece.directions.breaks if not math.isnan(seconds)}
    assert seconds == pytest.approx(0.3)


def test_what_is_spoken_as_one_is_not_parted(tts):
    piece = phrased(piece_of(tts.processor, "It costs R$ 21 here", "pt-br"), EVERYWHERE)
    inside = [word for word in piece.words if "21" in word.text]
    assert inside and not any(inside[0].start < place < inside[0].end for place in places_of(piece))


def test_pauses_of_the_text_are_left_alone(tts):
    text = direct("one two three four").pause(0.7, after="two").pause(0, after="three")
    piece = piece_of(tts.processor, text)
    found = phrased(piece, EVERYWHERE)
    assert found.directions.pauses == piece.directions.pauses
    assert places_of(found) == [piece.words[0].end]


def test_nothing_to_pause_at_changes_nothing(tts):
    piece = piece_of(tts.processor, "Hello")
    assert phrased(piece, EVERYWHERE) is piece


def test_the_bundled_model_pauses_between_clauses(tts):
    piece = phrased(piece_of(tts.processor, CLAUSES))
    (long,) = [word for word in piece.words if word.text == "long,"]
    assert places_of(piece) == [long.end]


def test_pauses_can_be_switched_off_and_scaled(tts):
    spoken = {
        (pauses, scale): tts(CLAUSES, "en-us", seed=1, pauses=pauses, pause_scale=scale).duration
        for pauses, scale in (("model", 1), ("model", 2), ("text", 1))
    }
    assert spoken["model", 1] != spoken["text", 1]
    assert spoken["model", 2] > spoken["model", 1] + 0.1
    with pytest.raises(ValueError, match="pauses must be one of 'model', 'text', got 'none'"):
        tts("Hello", pauses="none")


def test_manner_keeps_its_defaults():
    assert Manner.of() == Manner() == replace(Manner(), pauses="model")


# --- SSML, from the text to the audio ------------------------------------------------------------------------------


def test_ssml_is_spoken(tts):
    speech = tts(
        '<speak xml:lang="en"><s>One</s><break time="1.5s"/><s>two <say-as interpret-as="cardinal">3</say-as></s></speak>',
        ssml=True,
        seed=1,
    )
    assert [word.text for word in speech.words] == ["One", "two", "three"]
    one, two, _ = speech.words
    assert two.start - one.end >= 1.4
    silence = speech.waveform[
        round((one.end + 0.4) * speech.sampling_rate) : round((two.start - 0.1) * speech.sampling_rate)
    ]
    assert np.abs(silence).max() == 0


def test_sentences_without_marks_are_apart_and_paragraphs_more(tts):
    def gap(text: str) -> float:
        first, second = tts(f"<speak>{text}</speak>", "en-us", ssml=True, seed=1).words
        return second.start - first.end

    assert gap("<s>one</s><s>two</s>") > 0.4
    assert gap("<p>one</p><p>two</p>") > gap("<s>one</s><s>two</s>") + 0.2


def test_voices_and_languages_of_ssml(tts):
    speech = tts(
        '<speak><voice name="ada">one</voice> <voice name="rui" xml:lang="pt-br">dois</voice></speak>', ssml=True
    )
    assert [(word.text, word.language) for word in speech.words] == [("one", "en-us"), ("dois", "pt-br")]


def test_errors_of_ssml_reach_the_caller(tts):
    with pytest.raises(MarkupError, match="line 1, column 9"):
        tts("<speak>\u00e9<b/></speak>", ssml=True)
    with pytest.raises(ValueError, match="nobody"):
        tts('<speak><voice name="nobody">a</voice></speak>', ssml=True)


@pytest.mark.parametrize(
    ("inside", "column", "message"),
    [
        ('<voice name="adda">a</voice>', 14, "unknown voice 'adda'.*Did you mean 'ada'"),
        ('<express-as style="token:99">a</express-as>', 20, "there is no token 99"),
        ('<express-as style="token:1*2" styledegree="2">a</express-as>', 20, "weight"),
        ('<express-as style="calm)">a</express-as>', 20, r'expected "\+"'),
        ('<lang xml:lang="tlh">a</lang>', 17, "tlh"),
    ],
)
def test_unknown_names_in_ssml_are_found_where_they_stand(tts, inside, column, message):
    with pytest.raises(MarkupError, match=message) as caught:
        tts(f"<speak>\n{inside}</speak>", ssml=True)
    assert (caught.value.line, caught.value.column) == (2, column)


def test_styles_of_ssml(tts):
    text, arguments = "The ferry leaves at seven.", {"language": "en-us", "seed": 1, "noise_scale": 0.0}
    plain, styled = tts(text, **arguments), tts(text, style="token:1*1.5", **arguments)
    assert not same(plain, styled)
    marked = f'<speak><express-as style="token:1" styledegree="1.5">{text}</express-as></speak>'
    assert same(tts(marked, ssml=True, **arguments), styled, 1e-6)
    assert same(tts.batch([marked], ssml=True, **arguments)[0], styled, 1e-6)
    # what the text asks for comes before what the call asks for
    own = f'<speak><express-as style="neutral">{text}</express-as></speak>'
    assert same(tts(own, ssml=True, style="token:1*1.5", **arguments), plain, 1e-6)


def test_plain_text_is_never_taken_for_ssml(tts):
    text = '<speak>five <break time="9s"/> six</speak>'
    assert " ".join(word.text for word in tts(text, "en-us", seed=1).words) == text


def test_streams_and_batches_take_ssml(tts):
    text = "<speak>one <break/> two</speak>"
    whole = tts(text, ssml=True, seed=3)
    parts = list(tts.stream(text, ssml=True, seed=3))
    assert np.array_equal(np.concatenate([part.waveform for part in parts]), whole.waveform)
    (batched,) = tts.batch([text], ssml=True, seed=3)
    assert batched.duration == pytest.approx(whole.duration)
