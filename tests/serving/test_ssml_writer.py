"""What the page holds as SSML is read back as what it was."""

from __future__ import annotations

import numpy as np
import pytest

from valetts_hf.direction.sketch import Curve, Sketch
from valetts_hf.processing.ssml import parse_ssml
from valetts_hf.serving.schemas import Controls, Prosody
from valetts_hf.serving.ssml_writer import write_ssml


STEP = 0.01
TEXT = 'He said: "Fish & <chips>, please."'


def prosody(text: str, hz: float = 200.0) -> Prosody:
    words = [{"text": word, "start": 0.3 * i, "end": 0.3 * i + 0.28} for i, word in enumerate(text.split())]
    count = 30 * len(words)
    curves = {"pitch": [hz] * count, "energy": [0.0] * count}
    return Prosody(duration=count * STEP, words=words, phonemes=[], step=STEP, language="en-us", seed=1, **curves)


def test_a_plain_text_comes_back():
    (read,) = parse_ssml(write_ssml(TEXT, prosody(TEXT), Controls()))
    assert read.text == TEXT and not read.spans


def test_controls_become_one_delivery_around_the_text():
    controls = Controls(speaking_rate=1.25, pitch_shift=-2.5, pitch_range=0.5, energy_shift=3)
    (read,) = parse_ssml(write_ssml(TEXT, prosody(TEXT), controls, voice="kathleen"))
    assert read.text == TEXT and read.voice == "kathleen"
    (span,) = read.spans
    found = span.delivery
    assert (span.start, span.end) == (0, len(TEXT))
    assert (found.speaking_rate, found.pitch_shift) == pytest.approx((1.25, -2.5))
    assert (found.pitch_range, found.energy_shift) == pytest.approx((0.5, 3))


def test_a_style_goes_around_the_text():
    written = write_ssml(TEXT, prosody(TEXT), Controls(), voice="kathleen", style="calm*0.5 + token:2*0.5")
    (read,) = parse_ssml(written)
    assert (read.text, read.voice, read.style) == (TEXT, "kathleen", "calm*0.5 + token:2*0.5")


def test_a_drawing_becomes_contours_of_the_words_under_it():
    text = "one two three"
    said = prosody(text)
    place = (said.words[2].start / said.duration, said.words[2].end / said.duration)
    sketch = Sketch(Curve(place, (200.0, 400.0), "hz"), Curve(place, (6.0, 6.0), "db"))
    (read,) = parse_ssml(write_ssml(text, prosody(text), Controls(), sketch))
    (span,) = read.spans
    assert read.text[span.start : span.end] == "three"
    assert span.delivery.energy_shift == pytest.approx(6.0, abs=0.05)
    assert [position for position, _ in span.contour] == [0, 0.25, 0.5, 0.75, 1]
    assert span.contour[0][1] == pytest.approx(0, abs=0.05) and span.contour[-1][1] == pytest.approx(12, abs=0.05)
    assert span.contour[2][1] == pytest.approx(12 * np.log2(1.5), abs=0.1)


def test_a_drawing_over_a_corner_of_a_word_says_nothing_of_it():
    text = "one two three"
    sketch = Sketch(Curve((0.31, 0.37), (300.0, 300.0), "hz"))
    (read,) = parse_ssml(write_ssml(text, prosody(text), Controls(), sketch))
    assert not read.spans


def test_over_http(client):
    request = {"text": "Bom dia & boa tarde.", "language": "pt-br", "seed": 1, "controls": {"pitch_shift": 2}}
    (read,) = parse_ssml(client.post("/api/ssml", json=request).json()["ssml"])
    assert read.text == "Bom dia & boa tarde." and read.spans[0].delivery.pitch_shift == 2
