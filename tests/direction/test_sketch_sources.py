"""Sketches out of strokes, SVGs, pictures and recordings."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tests.conftest import voice_like
from valetts_hf.direction.sketch import Sketch, SketchError, SketchWord, as_sketch
from valetts_hf.direction.sketch_svg import path_lines


# --- strokes ----------------------------------------------------------------------------------------------------------


def test_a_stroke_is_the_same_in_both_directions():
    line = [(0.0, 0.1), (0.5, 0.6), (1.0, 0.2)]
    forward, backward = Sketch.from_strokes(line), Sketch.from_strokes(line[::-1])
    places = np.linspace(0, 1, 41)
    np.testing.assert_allclose(forward.pitch.at(places), backward.pitch.at(places), atol=1e-2)
    assert float(forward.pitch.at([0.5])[0]) == pytest.approx(0.6, abs=0.01)


def test_what_is_drawn_last_counts():
    back = Sketch.from_strokes([(0.0, 0.2), (1.0, 0.2), (1.0, 0.8), (0.5, 0.8)])
    assert back.pitch.at([0.25, 0.75]).tolist() == pytest.approx([0.2, 0.8], abs=0.01)
    over = Sketch.from_strokes([[(0.0, 0.3), (1.0, 0.3)], [(0.4, 0.9), (0.6, 0.9)]])
    assert over.pitch.at([0.2, 0.5]).tolist() == pytest.approx([0.3, 0.9], abs=0.01)
    upright = Sketch.from_strokes([(0.0, 0.5), (0.5, 0.5), (0.5, 0.9), (0.5, 0.7), (1.0, 0.7)])
    assert float(upright.pitch.at([0.75])[0]) == pytest.approx(0.7, abs=0.01)


def test_strokes_on_a_screen_leave_gaps_and_are_kept_in_the_box():
    sketch = Sketch.from_strokes(
        pitch=[[(10, 400), (110, 0)], [(210, 100), (500, -50)]], box=(10, 0, 410, 200), y_down=True
    )
    assert np.isnan(sketch.pitch.at([0.4])).all()
    assert float(sketch.pitch.at([0.0])[0]) == pytest.approx(0.0)  # below the box
    assert float(sketch.pitch.at([1.0])[0]) == pytest.approx(1.0)  # beyond its corner
    assert float(sketch.pitch.at([0.505])[0]) == pytest.approx(0.5, abs=0.02)


def test_strokes_in_hertz_and_decibels():
    sketch = Sketch.from_strokes(
        [(0, 0), (1, 1)], [(0, 0.5), (1, 0.5)], pitch_range=(100, 400), energy_range=(-12, 12)
    )
    assert sketch.pitch.at([0.0, 0.5, 1.0]).tolist() == pytest.approx([100, 200, 400], rel=0.01)
    assert sketch.energy.at([0.5]).tolist() == pytest.approx([0.0])


def test_a_dot_and_a_line_along_the_bottom():
    assert len(Sketch.from_strokes([(0.5, 0.4)]).pitch.values) == 2
    flat = Sketch.from_strokes([(0.0, 0.0), (1.0, 0.0)])
    assert 0 < max(flat.pitch.values) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pitch": []}, "drawing is empty"),
        ({"pitch": [[], []]}, "drawing is empty"),
        ({"pitch": [(0.0, float("nan"))]}, "finite"),
        ({"pitch": [(0, 1, 2)]}, "list of points"),
        ({"pitch": ["ab", "cd"]}, "list of points"),
        ({"pitch": 5}, "list of points"),
        ({"pitch": [(0, 0), (1, 1)], "box": (1, 0, 1, 1)}, "some extent"),
        ({"pitch": [(0, 0), (1, 1)], "box": (0, 0, 1)}, "four finite numbers"),
        ({"pitch": [(0, 0), (1, 1)], "box": "abcd"}, "four finite numbers"),
        ({"pitch": [(0, 0), (1, 1)], "pitch_range": (300, 200)}, "low < high"),
        ({"pitch": [(0, 0), (1, 1)], "pitch_range": 100}, "low < high"),
        ({"energy": [(0, 0), (1, 1)], "energy_range": (0, 90)}, "low < high within"),
        ({"pitch": [(0.1, 0.1)] * 20_001}, "more than 20000 points"),
        ({}, "needs a curve"),
    ],
)
def test_strokes_that_cannot_be(arguments, message):
    with pytest.raises(SketchError, match=message):
        Sketch.from_strokes(**arguments)


# --- SVG --------------------------------------------------------------------------------------------------------------


def svg(inside: str, head: str = 'viewBox="0 0 100 50"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{inside}</svg>'


def test_lines_of_an_svg(tmp_path):
    path = tmp_path / "line.svg"
    path.write_text(svg('<g><polyline points="0,50 100,0"/></g><path id="energy" d="M0 25 H100"/>'))
    sketch = as_sketch(path)
    assert sketch.pitch.at([0.0, 0.5, 1.0]).tolist() == pytest.approx([0.0, 0.5, 1.0], abs=0.01)
    assert sketch.energy.at([0.5]).tolist() == pytest.approx([0.5])
    sized = Sketch.from_svg(
        svg('<line x1="0" y1="10" x2="40" y2="10"/>', 'width="40px" height="20px"'), curve="energy"
    )
    assert sized.energy.at([0.3]).tolist() == pytest.approx([0.5])


def test_what_is_not_drawn_is_not_read():
    hidden = '<defs><path d="M0 0H100"/></defs><clipPath><path d="M0 0H100"/></clipPath>'
    sketch = Sketch.from_svg(svg(f'{hidden}<path d="M0 25H100"/>{hidden}'))
    assert sketch.pitch.at([0.5]).tolist() == pytest.approx([0.5])


def test_commands_of_a_path():
    (line,) = path_lines("m 10,10 l 5 5 h5 v-5 L0,0Z")
    assert line.tolist() == [[10, 10], [15, 15], [20, 15], [20, 10], [0, 0], [10, 10]]
    (curve,) = path_lines("M0 0C0 10 10 10 10 0")
    assert curve[-1].tolist() == [10, 0]
    assert float(curve[:, 1].max()) == pytest.approx(7.5)
    (line,) = path_lines("m1 1 1 1 1 1zl5 5")  # further pairs are lines; after Z it goes on from the beginning
    assert line.tolist() == [[1, 1], [2, 2], [3, 3], [1, 1], [6, 6]]
    first, second = path_lines("M0,0 1,1 M5 5q5 10 10 0t10 0a5 5 0 0 1 3 3")
    assert first.tolist() == [[0, 0], [1, 1]]
    assert second[-1].tolist() == [28, 8]
    assert float(second[:, 1].min()) == pytest.approx(0, abs=0.1)  # the mirrored half dips as far as the first rises


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (svg(""), "no path, polyline or line"),
        (svg('<path d="M0 0L1 1"/>', ""), "neither viewBox nor width"),
        (svg('<path d="M0 0 L 1"/>'), "needs 2 numbers"),
        (svg('<path d="0 0 L 1 1"/>'), "does not begin with a command"),
        (svg('<path d="M0 0 X 1 1"/>'), "no path command"),
        (svg('<polyline points="0 0 1"/>'), "one is missing"),
        (svg('<line x1="a"/>'), "has numbers for x1"),
        (svg('<g transform="scale(2)"><path d="M0 0L1 1"/></g>'), "transformation"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "document type"),
        ("<svg><path></svg>", "cannot be read, line 1, column 12: "),
        (b"plain text", "no SVG"),
        (7, "got int"),
    ],
)
def test_svgs_that_cannot_be(text, message):
    with pytest.raises(SketchError, match=message):
        Sketch.from_svg(text)


def test_the_curve_has_a_known_name():
    for make in (Sketch.from_svg, Sketch.from_image):
        with pytest.raises(SketchError, match="'pitch' or 'energy', got 'colour'"):
            make("<svg/>", curve="colour")


# --- pictures ---------------------------------------------------------------------------------------------------------


def picture(width: int = 300, height: int = 100, ink: int = 20, paper: int = 240):
    image = pytest.importorskip("PIL.Image")
    pixels = np.full((height, width), paper, np.uint8)
    for column in range(width // 3, width):
        row = int((height - 1) * (1 - (column - width / 3) / (width * 2 / 3)))
        pixels[max(row - 1, 0) : row + 2, column] = ink
    return image.fromarray(pixels)


def test_a_line_in_a_picture(tmp_path):
    picture().save(tmp_path / "line.png")
    sketch = as_sketch(tmp_path / "line.png")
    assert np.isnan(sketch.pitch.at([0.2])).all()
    assert sketch.pitch.at([0.4, 0.7, 0.95]).tolist() == pytest.approx([0.1, 0.55, 0.925], abs=0.03)
    light = Sketch.from_image(picture(ink=250, paper=10), curve="energy", limits=(-10, 10))
    assert float(light.energy.at([0.7])[0]) == pytest.approx(1.0, abs=0.6)
    small = Sketch.from_image(picture(30, 20))
    assert not np.isnan(small.pitch.at(np.linspace(0.4, 0.9, 30))).any()


def test_pictures_that_cannot_be(tmp_path):
    image = pytest.importorskip("PIL.Image")
    with pytest.raises(SketchError, match="no line on a plain background"):
        Sketch.from_image(image.new("L", (20, 20), 255))
    with pytest.raises(SketchError, match="no picture"):
        Sketch.from_image(b"not a picture")
    with pytest.raises(SketchError, match="million"):
        Sketch.from_image(image.new("1", (40_000, 1_001)))
    with pytest.raises(FileNotFoundError):
        Sketch.from_image(tmp_path / "nothing.png")
    data = io.BytesIO()
    picture().save(data, "png")
    with pytest.raises(SketchError, match="damaged"):
        Sketch.from_image(data.getvalue()[:100])


# --- recordings -------------------------------------------------------------------------------------------------------


def test_the_melody_of_a_recording():
    rate = 16_000
    sound = voice_like(2.0, rate, 150.0)
    sketch = Sketch.from_recording({"array": np.pad(sound, rate), "sampling_rate": rate})
    assert sketch.pitch.unit == "relative"
    assert min(sketch.pitch.values) == 0 and max(sketch.pitch.values) == 1
    places = np.linspace(0.1, 0.9, 17)
    expected = np.sin(2 * np.pi * 0.7 * 2.0 * places)  # the vibrato of the recording
    assert np.corrcoef(sketch.pitch.at(places), expected)[0, 1] > 0.85
    hertz = Sketch.from_recording({"array": sound, "sampling_rate": rate}, unit="hz", energy=False)
    assert hertz.energy is None
    assert float(np.mean(hertz.pitch.values)) == pytest.approx(150, rel=0.12)
    semitones = Sketch.from_recording({"array": sound, "sampling_rate": rate}, unit="semitones")
    assert float(np.mean(semitones.pitch.values)) == pytest.approx(0, abs=1e-6)
    words = (SketchWord("a", 0.0, 1.0),)
    assert Sketch.from_recording({"array": sound, "sampling_rate": rate}, words=words).words == words


def test_recordings_that_cannot_be(voice_wav):
    assert as_sketch(voice_wav).energy is not None
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1
    with pytest.raises(SketchError, match="no voice with a pitch"):
        Sketch.from_recording({"array": noise, "sampling_rate": 16_000})
    with pytest.raises(SketchError, match="too little speech"):
        Sketch.from_recording({"array": voice_like(2.0, 16_000)[2_000:4_000], "sampling_rate": 16_000})
    with pytest.raises(SketchError, match="relative, semitones or hz"):
        Sketch.from_recording(voice_wav, unit="bark")
