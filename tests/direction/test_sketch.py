"""Sketches as objects: curves, words, files, and what they refuse."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from valetts_hf.direction.prosody_plan import PlanPhoneme, PlanWord, ProsodyPlan
from valetts_hf.direction.sketch import Sketch, SketchError, SketchWord, as_sketch
from valetts_hf.direction.sketch_curve import Curve, smoothed_values
from valetts_hf.direction.sketch_tokens import TokenSpan, padded_curves, token_curves


NAN = float("nan")


# --- curves -----------------------------------------------------------------------------------------------------------


def test_a_curve_is_straight_between_its_points_and_nothing_elsewhere():
    curve = Curve((0.2, 0.4, 0.6, 0.8), (0.0, 1.0, NAN, 0.5))
    found = curve.at([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(found, [NAN, 0.0, 0.5, 1.0, NAN, NAN, NAN, 0.5, NAN], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.0, 1.0), (0.5,)), "2 positions and 1 values"),
        (((), ()), "at least one point"),
        (((0.0, 0.5, 0.5), (0.1, 0.2, 0.3)), "two values for the position 0.5"),
        (((0.0, 0.5, 0.4), (0.1, 0.2, 0.3)), "backwards from 0.5 to 0.4.*from_strokes"),
        (((0.0, 1.2), (0.1, 0.2)), r"\[0, 1\], got 1.2"),
        (((0.0, 1.0), (0.0, 0.0)), "every value of the curve is 0"),
        (((0.0, 1.0), (NAN, NAN)), "every value of the curve is NaN"),
        (((0.0, NAN), (0.1, 0.2)), "got NaN"),
        (((0.0, 1.0), (0.1, math.inf)), "infinite"),
        (((0.0, 1.0), (0.1, 180.0)), "lies in .0, 1., got 180; other units are hz"),
        (((0.0, 1.0), (10.0, 180.0), "hz"), "lies in .40, 1000., got 10"),
        (((0.0, 1.0), (0.1, 0.2), "bark"), "'bark' is unknown"),
        (((0.0, 1.0), ("a", "b")), "must be numbers"),
        ((tuple(np.linspace(0, 1, 20_001)), (0.5,) * 20_001), "20001 points is too long"),
    ],
)
def test_curves_that_cannot_be(arguments, message):
    with pytest.raises(SketchError, match=message):
        Curve(*arguments)


def test_values_at_equal_steps_and_a_level():
    assert Curve.from_values([0.1, None, 0.3]).positions == (0.0, 0.5, 1.0)
    assert math.isnan(Curve.from_values([0.1, None, 0.3]).values[1])
    assert Curve.from_values([0.4]).at([0.0, 0.7]).tolist() == [0.4, 0.4]


def test_smoothing_is_that_of_drawspeech():
    signal = pytest.importorskip("scipy.signal")
    values = np.random.default_rng(0).random(30)
    expected = signal.savgol_filter(signal.savgol_filter(values, 7, 1, mode="nearest"), 4, 1, mode="nearest")
    np.testing.assert_allclose(smoothed_values(values), expected)


def test_smoothing_keeps_gaps_and_calms_the_rest():
    rough = Curve.from_values([0, 1] * 10 + [NAN] * 10 + [0.5] * 10)
    smooth = rough.smoothed(40)
    assert np.isnan(smooth.at([0.6])).all()
    assert np.nanstd(np.diff(smooth.values)) < np.nanstd(np.diff(rough.values)) / 2
    with pytest.raises(SketchError, match="at least 4 points"):
        rough.smoothed(3)


def test_scaling_stays_within_the_unit():
    curve = Curve.from_values([0.2, 0.4])
    assert curve.scaled(2.0).values == pytest.approx((0.1, 0.5))
    assert curve.scaled(1.0, shift=5.0).values == (1.0, 1.0)
    with pytest.raises(SketchError, match="finite"):
        curve.scaled(NAN)


# --- sketches ---------------------------------------------------------------------------------------------------------


def test_a_sketch_over_some_words():
    sketch = Sketch.from_values(pitch=[180, 240], unit="hz", text="Is it true?", words=(2, 3))
    assert repr(sketch) == "Sketch(pitch in hz over words 2-3 of 3)"
    assert sketch.pitch.positions == pytest.approx((2 / 3, 1.0))
    whole = Sketch.from_values(pitch=[0.1, 0.9], energy=[0.5], text="Is it true?", words=(0, 3))
    part = whole.only(1, 2)
    assert part.pitch.positions == pytest.approx((1 / 3, 2 / 3))
    assert part.energy.values == (0.5, 0.5)
    with pytest.raises(SketchError, match="nothing is drawn over the words 0 to 1"):
        sketch.only(0, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sketch(), "needs a curve"),
        (lambda: Sketch(pitch=Curve.from_values([3.0], "db")), "pitch cannot be drawn in 'db'"),
        (lambda: Sketch.from_values(energy=[100.0], energy_unit="hz"), "energy cannot be drawn in 'hz'"),
        (lambda: Sketch.from_values(pitch=[]), "at least one point"),
        (lambda: Sketch.from_values(pitch=5), "a list of numbers, got 5"),
        (lambda: Sketch.from_values(pitch=[0.5], text="one two", words="one"), r"a pair of numbers .* got 'one'"),
        (lambda: Sketch.from_values(pitch=[0.5], text="one two", words=1), r"a pair of numbers .* got 1"),
        (lambda: Sketch.from_values(pitch=[0.5], words=(0, 1)), "give the text"),
        (lambda: Sketch.from_values(pitch=[0.5], text="one two", words=(1, 4)), "no words 1 to 4 in a text of 2"),
        (
            lambda: Sketch(Curve.from_values([0.5]), words=(SketchWord("a", 0.5, 0.9), SketchWord("b", 0.2, 1.0))),
            "'b' lies from 0.2 to 1, behind 0.9",
        ),
    ],
)
def test_sketches_that_cannot_be(make, message):
    with pytest.raises(SketchError, match=message):
        make()


def test_saved_and_loaded(tmp_path):
    sketch = Sketch(
        Curve((0.0, 0.5, 1.0), (120.0, NAN, 300.5), "hz"),
        Curve.from_values([-3.0, 3.0], "db"),
        (SketchWord("olá", 0.0, 0.5), SketchWord("mundo", 0.5, 1.0)),
    )
    path = tmp_path / "sketch.json"
    sketch.save(path)
    loaded = as_sketch(path)
    assert loaded.to_dict() == sketch.to_dict()
    assert math.isnan(loaded.pitch.values[1])
    with pytest.raises(TypeError):
        Sketch(Curve((0.0,), (0.5,), "relative"), words=(SketchWord(b"not text", 0, 1),)).save(path)  # type: ignore
    assert as_sketch(path).to_dict() == sketch.to_dict()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "a sketch is a dictionary"),
        ({"version": 2, "pitch": [0.5]}, "version 2"),
        ({"format": "valetts-prosody", "pitch": [0.5]}, "valetts-prosody"),
        ({"pitch": [0.5], "mood": 1}, "has no 'mood'"),
        ({"pitch": {"values": [0.5], "color": 1}}, "unit, positions and values"),
        ({"pitch": {"values": 3}}, "lists of numbers"),
        ({"pitch": {"values": ["high"]}}, "must be numbers"),
        ({"pitch": [0.5], "words": [{"text": "a"}]}, "text, start and end"),
        ({"pitch": [0.5], "words": "a b"}, "list of at most"),
        ({"pitch": [0.5] * 20_001}, "too long"),
    ],
)
def test_contents_that_are_no_sketch(content, message):
    with pytest.raises(SketchError, match=message):
        Sketch.from_dict(content)


def test_files_that_are_no_sketch(tmp_path):
    path = tmp_path / "sketch.json"
    path.write_text("{")
    with pytest.raises(SketchError, match="no JSON"):
        as_sketch(path)
    path.write_text("[" * 100_000)
    with pytest.raises(SketchError, match="no JSON"):
        as_sketch(path)
    path.write_bytes(b" " * 4_000_001)
    with pytest.raises(SketchError, match="too large"):
        as_sketch(path)
    sketch = Sketch.from_values(pitch=[0.2, 0.9])
    with pytest.raises(OSError, match="sketch '.*nowhere/a.json' cannot be written: No such file"):
        sketch.save(tmp_path / "nowhere" / "a.json")
    with pytest.raises(OSError, match="cannot be written: Is a directory"):
        sketch.save(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["sketch.json"]
    with pytest.raises(FileNotFoundError, match="no sketch"):
        as_sketch(tmp_path / "nothing.json")
    with pytest.raises(TypeError, match="got int"):
        as_sketch(3)


# --- over tokens ------------------------------------------------------------------------------------------------------


WORDS = [[TokenSpan("one", 1, 4), TokenSpan("two", 5, 7)], [TokenSpan("three", 1, 6)]]


def test_without_words_all_tokens_share_the_axis_over_all_pieces():
    first, second = token_curves(Sketch.from_values(pitch=[0.0, 1.0]), WORDS, [8, 7])
    drawn = first.pitch[[1, 2, 3, 5, 6]].tolist() + second.pitch[1:6].tolist()
    assert drawn == pytest.approx([(token + 0.5) / 10 for token in range(10)])
    assert math.isnan(first.pitch[0]) and math.isnan(first.pitch[7]) and math.isnan(second.pitch[6])
    assert float(first.pitch[4]) == pytest.approx(0.3)  # the space lies between its neighbours
    assert np.isnan(first.energy).all()
    assert all(math.isnan(value) for value in first.pitch_range)


def test_with_words_each_word_keeps_its_part():
    words = (SketchWord("one", 0.0, 0.8), SketchWord("two", 0.8, 0.9), SketchWord("three", 0.9, 1.0))
    curve = Curve((0.0, 0.8, 0.9, 1.0), (100.0, 100.0, 400.0, 400.0), "hz")
    first, second = token_curves(Sketch(curve, words=words), WORDS, [8, 7])
    assert first.pitch[1:4].tolist() == [0.0, 0.0, 0.0]
    assert second.pitch[1:6].tolist() == [1.0] * 5
    assert first.pitch_range == pytest.approx((math.log(100), math.log(400)))
    with pytest.raises(SketchError, match=r"over 3 words \('one two three'\), but the text has 2"):
        token_curves(Sketch(curve, words=words), WORDS[:1], [8])


def test_words_said_as_one_and_words_that_go_on():
    joined = [[TokenSpan("I", 1, 4), TokenSpan("am", 1, 4), TokenSpan("here", 5, 9)], [TokenSpan("", 1, 3)]]
    words = (SketchWord("I", 0.0, 0.25), SketchWord("am", 0.25, 0.5), SketchWord("here", 0.5, 1.0))
    first, second = token_curves(Sketch(Curve.from_values([0.0, 1.0]), words=words), joined, [10, 4])
    assert first.pitch[1:4].tolist() == pytest.approx([0.5 / 6, 1.5 / 6, 2.5 / 6])
    assert second.pitch[1:3].tolist() == pytest.approx([0.625, 0.875])


def test_semitones_and_decibels_are_relative():
    sketch = Sketch(Curve.from_values([-12.0, 12.0], "semitones"), Curve.from_values([6.0], "db"))
    (curves,) = token_curves(sketch, WORDS[:1], [8])
    assert curves.pitch_range == pytest.approx((-math.log(2), math.log(2)))
    assert curves.energy_range == pytest.approx((math.log(2), math.log(2)), rel=0.01)
    assert set(curves.energy[1:4].tolist()) == {0.5}
    assert curves.drawn


def test_rows_are_padded():
    (curves,) = token_curves(Sketch.from_values(pitch=[0.2, 0.8]), WORDS[:1], [8])
    arrays = padded_curves([curves, None], 12)
    assert arrays["sketch_pitch"].shape == (2, 12)
    assert np.isnan(arrays["sketch_pitch"][1]).all() and np.isnan(arrays["sketch_pitch_range"]).all()
    np.testing.assert_array_equal(arrays["sketch_pitch"][0, :8], curves.pitch)


# --- plans ------------------------------------------------------------------------------------------------------------


def plan() -> ProsodyPlan:
    phonemes = [PlanPhoneme("a", 0.0, 0.1, 0), PlanPhoneme("b", 0.1, 0.2, 0), PlanPhoneme(" ", 0.2, 0.25, None)]
    phonemes += [PlanPhoneme("c", 0.25, 0.4, 1)]
    words = (PlanWord("ab", 0.0, 0.2, "en-us"), PlanWord("c", 0.25, 0.4, "en-us"))
    pitch = (100.0,) * 10 + (200.0,) * 10 + (0.0,) * 5 + (150.0,) * 15
    return ProsodyPlan("ab c", words, tuple(phonemes), 0.01, pitch, tuple(np.linspace(-30, -10, 40)), 7)


def test_a_plan_becomes_a_sketch_over_its_words():
    sketch = Sketch.from_prosody(plan())
    assert [word.text for word in sketch.words] == ["ab", "c"]
    assert sketch.pitch.unit == "hz" and sketch.energy.unit == "db"
    assert sketch.pitch.positions[0] == 0.0 and sketch.pitch.positions[-1] == pytest.approx(1.0)
    assert 100 < min(sketch.pitch.values) and max(sketch.pitch.values) < 200
    assert Sketch.from_prosody(plan(), energy=False).energy is None
    silent = ProsodyPlan("ab", plan().words[:1], plan().phonemes[:2], 0.01, (0.0,) * 20, (-60.0,) * 20)
    with pytest.raises(SketchError, match="nothing in the text has a pitch"):
        silent.sketch()


def test_loudness_is_measured_within_what_is_spoken_in_one_go():
    first = plan()
    later = [
        PlanPhoneme(one.symbol, one.start + 0.5, one.end + 0.5, one.word and one.word + 2) for one in first.phonemes
    ]
    words = [PlanWord(word.text, word.start + 0.5, word.end + 0.5) for word in first.words]
    energy = (*first.energy, *(-120.0,) * 10, *(level - 30.0 for level in first.energy))
    pitch = (*first.pitch, *(0.0,) * 10, *(hertz / 2 for hertz in first.pitch))
    both = ProsodyPlan("ab c ab c", (*first.words, *words), (*first.phonemes, *later), 0.01, pitch, energy)
    sketch, alone = both.sketch(), first.sketch()
    count = len(alone.energy.values)
    np.testing.assert_allclose(
        sketch.energy.values[:count], alone.energy.values
    )  # a quiet sentence is not made quieter,
    np.testing.assert_allclose(sketch.energy.values[count:], alone.energy.values)
    np.testing.assert_allclose(sketch.pitch.values[:count], alone.pitch.values)  # and neighbours are not averaged
    np.testing.assert_allclose(sketch.pitch.values[count:], np.array(alone.pitch.values) / 2)
    voiced = np.array(first.pitch) > 0
    middle = np.array(first.energy)[25:40].mean() - np.array(first.energy)[voiced].mean()
    assert 0 < alone.energy.values[-1] < middle  # smoothed


def test_a_plan_without_words_that_are_voiced_is_no_sketch():
    with pytest.raises(SketchError, match="no word of the text has a pitch"):
        ProsodyPlan("ab", plan().words, plan().phonemes[2:3], 0.01, plan().pitch, plan().energy).sketch()


def test_a_plan_goes_through_json():
    restored = ProsodyPlan.from_dict(json.loads(plan().to_json()))
    assert restored.words == plan().words and restored.phonemes == plan().phonemes
    assert restored.duration == pytest.approx(0.4)
    with pytest.raises(ValueError, match="no 'valetts-prosody'"):
        ProsodyPlan.from_dict({"format": "other"})
    with pytest.raises(ValueError, match="lacks something"):
        ProsodyPlan.from_dict({"format": "valetts-prosody", "version": 1, "text": ""})


def test_a_plot_shows_words_and_prediction():
    pytest.importorskip("matplotlib")
    sketch = Sketch.from_prosody(plan())
    figure = sketch.plot(plan())
    assert len(figure.axes) == 2
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["ab", "c"]
    assert len(figure.axes[0].lines) >= 2 + 2 and figure.axes[0].get_legend() is not None
    assert {label.get_rotation() for label in figure.axes[-1].get_xticklabels()} == {0.0}
    many = Sketch.from_values(pitch=[0.1, 0.9], text="extraordinary " * 8, words=(0, 8)).plot()
    assert {label.get_rotation() for label in many.axes[-1].get_xticklabels()} == {90.0}
    shares = Sketch.from_values(pitch=[0.1, 0.9]).plot()
    assert len(shares.axes[0].get_xticks()) > 2 and shares.axes[0].get_legend() is None
    with pytest.raises(ValueError, match="2 curves need as many axes"):
        sketch.plot(axes=[figure.axes[0]])
