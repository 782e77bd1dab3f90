"""Directed texts in the SDK: words obey, pauses last, sections have voices of their own, and nothing depends on how it is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.inference.test_engine import same
from valetts_hf import direct
from valetts_hf.inference import Speech, SpeechTextError
from valetts_hf.inference.joining import PAUSES
from valetts_hf.inference.long_text import TextPlan
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.script import Script
from valetts_hf.processing.directed_text import DirectedText, Pause


PLAIN = "Three small boats were tied to the pier."
SENTENCE = PAUSES["sentence"]
STILL = {"seed": 1, "language": "en", "noise_scale": 0.0, "pauses": "text"}


def lengths(speech: Speech) -> dict[str, float]:
    return {word.text.strip(".,").lower(): word.end - word.start for word in speech.words}


def gap(speech: Speech, number: int) -> float:
    """Seconds between a word (from 0) and the next."""
    return speech.words[number + 1].start - speech.words[number].end


def test_a_text_without_directions_is_the_text(tts):
    plain, directed = tts(PLAIN, **STILL), tts(direct(PLAIN), **STILL)
    assert same(plain, directed, 1e-6) and directed.text == PLAIN
    assert same(plain, tts([direct(PLAIN)], **STILL), 1e-6)


def test_paragraphs_of_a_directed_text_and_its_end(tts):
    """Only an empty line ends a paragraph: the end of a section may be the middle of one."""
    for end, last in (("", "sentence"), ("\n\n", "paragraph")):
        pieces = TextPlan(direct(f"One boat.\n\nTwo boats.{end}"), tts.processor, "en")
        assert [piece.pause for piece in pieces] == ["paragraph", last]


def test_directions_behind_an_ornament_reach_their_word(tts):
    text = direct("One boat.\n\n* * *\n\nTwo boats.").pause(0.3, after="Two")
    pieces = [piece for _, piece in Script.of(text, tts.processor, "en")]
    assert [word.text for word in pieces[1].words] == ["Two", "boats."] and pieces[1].progress == len(text.text)
    assert gap(tts(text, **STILL), 2) == pytest.approx(0.3, abs=0.02)


def test_one_word_obeys_and_the_others_stay(tts):
    plain = tts(PLAIN, **STILL)
    slow = tts(direct(PLAIN).on("boats", speaking_rate=0.5), **STILL)
    before, after = lengths(plain), lengths(slow)
    assert after.pop("boats") == pytest.approx(2 * before.pop("boats"), rel=0.15)
    assert after == pytest.approx(before, abs=0.011)
    soft = tts(direct(PLAIN).on("boats", energy_shift=-12), **STILL)
    word = plain.words[2]
    inside = slice(round((word.start + 0.03) * 24000), round((word.end - 0.03) * 24000))
    quiet = slice(round((word.end + 0.1) * 24000), None)
    change = np.linalg.norm(soft.waveform[inside]) / np.linalg.norm(plain.waveform[inside])
    assert change == pytest.approx(10 ** (-12 / 20), rel=0.1)
    np.testing.assert_allclose(soft.waveform[quiet], plain.waveform[quiet], atol=1e-6)


def test_explicit_pauses_last_as_long_as_asked(tts):
    for seconds in (0.0, 0.05, 0.3, 1.0):
        text = direct(PLAIN).pause(seconds, after="boats")
        for manner in ({}, {"speaking_rate": 2.0}, {"pause_scale": 0.0}):
            speech = tts(text, **STILL, **manner)
            assert gap(speech, 2) == pytest.approx(seconds, abs=0.02)
            begin, end = speech.words[2].end, speech.words[3].start
            inner = speech.waveform[round((begin + 0.02) * 24000) : round((end - 0.02) * 24000)]
            assert seconds < 0.1 or np.sqrt(np.mean(inner**2)) < 0.2 * np.sqrt(np.mean(speech.waveform**2))


def test_pauses_between_sentences_before_and_behind_everything(tts):
    text = DirectedText("One. Two.", pauses=(Pause(0, 0.5), Pause(5, 0.8), Pause(9, 0.6)))
    plain, speech = tts("One. Two.", **STILL), tts(text, **STILL)
    assert speech.words[0].start - plain.words[0].start == pytest.approx(
        0.47, abs=0.011
    )  # 0.03 s are before any speech
    assert gap(speech, 0) - gap(plain, 0) == pytest.approx(0.8 - SENTENCE, abs=0.02)
    assert speech.duration - plain.duration == pytest.approx(0.47 + 0.8 - SENTENCE + 0.54, abs=0.02)
    assert not speech.waveform[-round(0.5 * 24000) :].any()


def test_pause_scale(tts):
    text = "One, two. Three."
    short, plain, long = (tts(text, **STILL, pause_scale=scale) for scale in (0.0, 1.0, 3.0))
    assert gap(short, 0) < gap(plain, 0) < gap(long, 0)
    assert gap(long, 0) == pytest.approx(3 * gap(plain, 0), abs=0.03)
    assert gap(long, 1) - gap(plain, 1) == pytest.approx(2 * SENTENCE, abs=0.03)
    assert [word.text for word in short.words] == [word.text for word in plain.words]


def long_text() -> DirectedText:
    """Several blocks and pieces, with directions all over."""
    sentence = "The ferry leaves the harbour at seven, and nobody on board has slept for a long while. "
    text = direct((sentence * 12).strip())
    for number in (1, 5, 12):
        text = text.on("harbour", number, pitch_shift=4, energy_shift=3).pause(0.7, before="nobody", occurrence=number)
    return text.throughout(contour=[(0, -2), (1, 2)])


def test_long_texts_stream_and_batch_as_they_are_spoken(tts):
    text = long_text()
    whole = tts(text, **STILL)
    assert same(whole, Speech.concatenate(tts.stream(text, **STILL)))
    assert same(whole, tts.batch([text], **STILL)[0])
    names = [word.text for word in whole.words]
    assert len(names) == 12 * 17
    pauses = [gap(whole, number - 1) for number, name in enumerate(names) if name == "nobody"]
    assert [number for number, seconds in enumerate(pauses, 1) if abs(seconds - 0.7) < 0.02] == [1, 5, 12]


def test_directions_are_read_lazily(tts, monkeypatch):
    read = []
    analyze = type(tts.processor).analyze
    monkeypatch.setattr(
        type(tts.processor),
        "analyze",
        lambda self, text, language=None: read.append(text) or analyze(self, text, language),
    )
    next(tts.stream(long_text(), **STILL))
    assert len(read) == 1 and len(read[0].text) < 400


def test_sections_speak_in_their_own_voices(tts, monkeypatch):
    styles = []
    generate = tts.model.generate_latents
    monkeypatch.setattr(
        tts.model, "generate_latents", lambda **inputs: styles.append(inputs["style"][0].numpy()) or generate(**inputs)
    )
    sections = [
        DirectedText("One.", voice="rui", pause_after=1.5),
        DirectedText("Two."),
        DirectedText("Three.", voice="rui"),
    ]
    speech = tts(sections, voice="ada", **STILL)
    for style, name in zip(styles, ("rui", "ada", "rui")):
        np.testing.assert_allclose(style, tts.voices[name]["style"], atol=1e-6)
    assert [word.text for word in speech.words] == ["One.", "Two.", "Three."] and speech.text == "One. Two. Three."
    plain = tts([DirectedText("One.", voice="rui"), *sections[1:]], voice="ada", **STILL)
    assert speech.duration - plain.duration == pytest.approx(1.5 - SENTENCE, abs=0.02)


def test_ssml(tts):
    document = '<speak>One <prosody rate="50%">two</prosody> three. <break time="700ms"/> Four.</speak>'
    speech = tts(document, ssml=True, **STILL)
    assert [word.text for word in speech.words] == ["One", "two", "three.", "Four."]
    plain = tts("One two three. Four.", **STILL)
    assert lengths(speech)["two"] > 1.7 * lengths(plain)["two"]
    assert tts("<speak>One</speak>", **STILL).words[0].text.startswith("<")  # plain text is never taken for markup


@pytest.mark.parametrize(
    "text",
    [
        "<speak><p>One.</p><p>Two.<break time='1s'/></p><break time='500ms'/></speak>",
        [direct("One."), replace(direct("Two.").pause(0.5, after="Two"), pause_after=1.0)],
    ],
    ids=["ssml", "sections"],
)
def test_the_pause_behind_the_last_section_is_kept(tts, text):
    speech = tts(text, ssml=isinstance(text, str), **STILL)
    tail = speech.waveform[round(speech.words[-1].end * speech.sampling_rate) :]
    assert len(tail) / speech.sampling_rate == pytest.approx(1.5, abs=0.25) and not tail[-30000:].any()
    streamed = list(tts.stream(text, ssml=isinstance(text, str), **STILL))
    np.testing.assert_array_equal(Speech.concatenate(streamed).waveform, speech.waveform)


def test_progress_counts_characters_of_all_sections(tts):
    seen = []
    tts([direct("One here."), direct("Two there.")], **STILL, progress=lambda *state: seen.append(state))
    assert seen[-1] == (19, 19) and [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ([], SpeechTextError, "text is empty"),
        ([DirectedText(" ")], SpeechTextError, "text is empty"),
        (["One."], TypeError, "a list of sections holds directed texts, got str"),
        (DirectedText("..."), SpeechTextError, "nothing"),
        (DirectedText("One.", voice="nobody"), ValueError, "nobody"),
        (DirectedText("cafe\u0301"), ValueError, "not in canonical form"),
    ],
)
def test_bad_texts(tts, text, error, message):
    with pytest.raises(error, match=message):
        tts(text, seed=0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pitch_range": -1}, ValueError, "pitch_range must be between 0 and 4, got -1"),
        ({"energy_shift": 30}, ValueError, "energy_shift must be between -20 and 20, got 30"),
        ({"energy_shift": float("nan")}, ValueError, "energy_shift must be between"),
        ({"pause_scale": 6}, ValueError, "pause_scale must be between 0 and 5, got 6"),
        ({"pause_scale": "long"}, TypeError, "pause_scale must be a number, got 'long'"),
        ({"noise_scale": 3}, ValueError, "noise_scale must be between 0 and 2, got 3"),
    ],
)
def test_bad_manners(arguments, error, message):
    with pytest.raises(error, match=message):
        Manner.of(**arguments)


def test_a_script_knows_its_text(tts):
    script = Script.of([direct("One here."), direct("Two.")], tts.processor, "en-us")
    assert script.text == "One here. Two." and script.length == 13 and script.voices == [None, None]
    numbers = [number for number, _ in script]
    assert numbers == [0, 1] and script.asked == ["One", "here.", "Two."] and script.language_of_voice == "en-us"
    assert script.pause_at_end is None
