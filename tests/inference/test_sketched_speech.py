"""Speaking with sketches, and looking at what is going to be said."""

from __future__ import annotations

import numpy as np
import pytest

from valetts_hf import ValeTTS
from valetts_hf.direction.prosody_plan import ProsodyPlan
from valetts_hf.direction.sketch import Sketch, SketchError
from valetts_hf.inference.joining import PAUSES


TEXT = "The ferry leaves the harbour at seven."


@pytest.fixture(scope="module")
def tts(tiny_checkpoint) -> ValeTTS:
    """A tiny voice whose frames are all voiced."""
    tts = ValeTTS.from_pretrained(tiny_checkpoint)
    output = tts.model.model.prosody_predictor.output
    output.weight.data.mul_(0.1)
    output.bias.data[1] = 50.0
    return tts


def test_a_plan_has_all_words_phonemes_and_frames(tts):
    plan = tts.predict_prosody(TEXT, seed=1)
    assert [word.text for word in plan.words] == TEXT.split()
    assert plan.words[0].start == 0 and plan.words[-1].end == pytest.approx(plan.duration)
    assert "".join(phoneme.symbol for phoneme in plan.phonemes if phoneme.word == 0)
    assert len(plan.pitch) == len(plan.energy) == round(plan.duration / plan.frame_seconds)
    assert plan.seed == 1
    assert all(first.end <= second.start + 1e-9 for first, second in zip(plan.words, plan.words[1:]))
    assert ProsodyPlan.from_dict(plan.to_dict()).words[0].text == "The"
    speech = tts(TEXT, seed=1)
    lengths = [word.end - word.start for word in speech.words]
    assert lengths == pytest.approx([word.end - word.start for word in plan.words], abs=1e-3)


def test_a_plan_of_two_sentences_counts_the_pause_between_them(tts):
    plan = tts.predict_prosody("One ship came. Nobody knew.", seed=1, language="en", noise_scale=0.0)
    assert plan.phonemes[-1].end == pytest.approx(plan.duration)
    assert plan.words[3].start - plan.words[2].end == pytest.approx(PAUSES["sentence"], abs=0.15)
    louder = tts.predict_prosody("One ship came. Nobody knew.", seed=1, language="en", noise_scale=0.0, energy_shift=6)
    spoken = np.array(plan.energy) > -100
    np.testing.assert_allclose((np.array(louder.energy) - plan.energy)[spoken], 6.0, atol=1e-3)


def test_the_pitch_follows_a_drawing_over_one_word(tts):
    before = tts.predict_prosody(TEXT, seed=1)
    sketch = Sketch.from_values(pitch=[300, 400], unit="hz", text=TEXT, words=(6, 7))
    after = tts.predict_prosody(TEXT, seed=1, sketch=sketch)
    start = round(after.words[6].start / after.frame_seconds)
    assert after.words == before.words
    assert np.mean(after.pitch[start:]) > 280
    np.testing.assert_allclose(after.pitch[: start // 2], before.pitch[: start // 2], rtol=0.01)


def test_a_sketch_lies_over_all_sentences(tts):
    text = "One ship came. Two ships left. Nobody knew."
    plan = tts.predict_prosody(text, seed=0, sketch=Sketch.from_values(pitch=[120, 360], unit="hz"))
    pitch = np.array(plan.pitch)
    frames = np.flatnonzero(pitch > 0)
    assert np.corrcoef(frames, pitch[frames])[0, 1] > 0.9


def test_call_stream_and_batch_agree(tts):
    sketch = {"pitch": [0.1, 0.9], "energy": [0.9, 0.1]}
    called = tts(TEXT, seed=2, sketch=sketch)
    streamed = np.concatenate([chunk.waveform for chunk in tts.stream(TEXT, seed=2, sketch=sketch)])
    np.testing.assert_array_equal(streamed, called.waveform)
    plain, drawn = tts.batch([TEXT, TEXT], seed=2, sketch=[None, sketch])
    np.testing.assert_allclose(drawn.waveform, called.waveform, atol=2e-3)
    assert not np.allclose(plain.waveform, drawn.waveform, atol=1e-3)


def test_the_own_prediction_drawn_again_changes_little(tts):
    plan = tts.predict_prosody(TEXT, seed=1)
    again = tts.predict_prosody(TEXT, seed=1, sketch=Sketch.from_prosody(plan))
    change = np.log(np.array(again.pitch) / np.array(plan.pitch))
    assert float(np.abs(change).mean()) < 0.03


def test_sketches_that_do_not_fit(tts, tmp_path):
    with pytest.raises(SketchError, match="over 2 words"):
        tts(TEXT, sketch=Sketch.from_values(pitch=[0.1, 0.9], text="Two words", words=(0, 2)))
    with pytest.raises(FileNotFoundError, match="no sketch"):
        tts(TEXT, sketch=tmp_path / "nothing.json")
    with pytest.raises(TypeError, match="a sketch is a Sketch"):
        tts(TEXT, sketch=3)
    with pytest.raises(ValueError, match="2 sketches for 1 texts"):
        tts.batch([TEXT], sketch=[None, None])
