"""Training of the sketch networks: what they learn from, that they learn, and how they get into a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config, voice_like
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus, offsets_of
from valetts_hf.training.sketch.contours import ContourSet, usable_clips
from valetts_hf.training.sketch.settings import SketchSettings, load_sketch_settings
from valetts_hf.training.sketch.sketch_objective import draw_sketches, sketch_losses
from valetts_hf.training.sketch.sketch_run import SketchTraining, learning_rate, write_sketch


SKETCH = {"hidden_size": 8, "intermediate_size": 8, "num_layers": 1, "num_refiner_layers": 1}
SETTINGS = SketchSettings(steps=6, batch_clips=4, warmup_steps=1, save_every=3, ema_decay=0.5)


@pytest.fixture(scope="module")
def corpus() -> PackedCorpus:
    """Eight clips of one second, with tokens of ten frames and a pitch."""
    clips, frames, tokens = 8, 90, 9
    wave = voice_like(1.0, 24_000)[: frames * 256]
    random = np.random.default_rng(0)
    pitch = np.log(120 + 30 * np.sin(np.arange(frames) / 8)).astype(np.float32)
    pitch[:5] = 0
    return PackedCorpus(
        waveforms=np.tile((wave * 32767).astype(np.int16), clips),
        sample_offsets=offsets_of([frames * 256] * clips),
        log_f0=np.tile(pitch, clips),
        energy=np.zeros(frames * clips, np.float32),
        input_ids=random.integers(10, 60, tokens * clips).astype(np.int16),
        token_offsets=offsets_of([tokens] * clips),
        durations=np.full(tokens * clips, 10, np.int16),
        speaker_ids=np.array([0] * 4 + [1] * 4, np.int32),
        language_ids=np.zeros(clips, np.int32),
        texts=["a b c"] * clips,
        phonemes=["abc"] * clips,
        languages=["en-us"] * clips,
        splits=["train"] * 6 + ["test"] * 2,
        names=[f"clip {number}" for number in range(clips)],
        speakers=["ada", "eva"],
    )


@pytest.fixture
def model() -> ValeTTSForSpeech:
    config = tiny_config()
    config.sketch = type(config.sketch)(**SKETCH)
    torch.manual_seed(0)
    return ValeTTSForSpeech(config).eval()


@pytest.fixture
def contours(model, corpus, tmp_path) -> ContourSet:
    return ContourSet.open(tmp_path / "train.safetensors", model, corpus, usable_clips(corpus, "train", SETTINGS))


def test_contours_are_computed_once_for_one_base(model, corpus, tmp_path):
    path, clips, calls = tmp_path / "cache.safetensors", [0, 1, 5], []
    first = ContourSet.open(path, model, corpus, clips, progress=lambda *call: calls.append(call))
    again = ContourSet.open(path, model, corpus, clips, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(first.arrays["hidden"], again.arrays["hidden"])
    with torch.no_grad():
        model.model.text_encoder.embed_tokens.weight.mul_(2)
    ContourSet.open(path, model, corpus, clips, progress=lambda *call: calls.append(call))
    assert len(calls) == 6
    with pytest.raises(ValueError, match="no transcribed clips"):
        ContourSet.open(path, model, corpus, [])


def test_batches_hold_what_the_base_says_beside_the_recording(model, corpus, contours):
    batch = contours.batch([0, 3])
    assert batch.frame_states.shape == (2, 90, 16)
    assert batch.target.shape == batch.base.shape == (2, 90, 2)
    assert bool((batch.target[..., 0] > 4).all())  # continued where unvoiced
    assert not bool(batch.voiced[:, :5].any())
    output = model(
        torch.from_numpy(corpus.clip(0)["input_ids"])[None],
        durations=batch.durations[:1],
        style=batch.style[:1],
        seed=0,
    )
    torch.testing.assert_close(output.energy[0], batch.base[0, :, 1], atol=1e-3, rtol=1e-3)


def test_usable_clips_are_timed_and_voiced(corpus):
    assert usable_clips(corpus, "train", SETTINGS) == [0, 1, 2, 3, 4, 5]
    assert len(usable_clips(corpus, "train", SketchSettings(max_clips=2))) == 2
    assert usable_clips(corpus, "train", SketchSettings(min_seconds=2.0)) == []


def test_sketches_are_left_out_as_often_as_said(contours):
    batch, random = contours.batch([0, 1, 2, 3] * 16), torch.Generator().manual_seed(0)
    _, drawn, ranges = draw_sketches(batch, SketchSettings(drop_curve=0.5, drop_sketch=0.0, partial=0.0), random)
    share = drawn.float().mean(dim=1).round()  # of each row and curve
    assert 0.35 < float(share.mean()) < 0.65
    assert bool((ranges[..., 1] >= ranges[..., 0]).all())
    _, drawn, _ = draw_sketches(batch, SketchSettings(drop_sketch=1.0), random)
    assert not bool(drawn.any())
    curves, drawn, _ = draw_sketches(batch, SketchSettings(drop_curve=0, drop_sketch=0, partial=1.0, rough=0), random)
    assert 0.1 < float(drawn.float().mean()) < 0.6
    error = (curves - batch.target)[..., 0][drawn[..., 0]]
    assert float(error.abs().mean()) < 0.2  # it is the recording's own curve, smoothed


def test_training_learns_stops_and_goes_on_exactly(model, contours, tmp_path):
    whole = SketchTraining(model.config, contours, SETTINGS, tmp_path / "whole")
    records = []
    assert whole.run(log=lambda step, losses: records.append((step, losses)))
    assert records[-1][0] == 6 and np.isfinite(records[-1][1]["loss"])
    part = SketchTraining(model.config, contours, SETTINGS, tmp_path / "part")
    for _ in range(3):
        part.train_step()
    part.save()
    resumed = SketchTraining(model.config, contours, SETTINGS, tmp_path / "part")
    assert resumed.step == 3
    assert resumed.run()
    for name, value in whole.averaged().state_dict().items():
        torch.testing.assert_close(resumed.averaged().state_dict()[name], value)
    assert not SketchTraining(model.config, contours, SETTINGS, tmp_path / "new").run(max_minutes=0)
    with pytest.raises(ValueError, match="max_minutes must not be negative, got -1"):
        SketchTraining(model.config, contours, SETTINGS, tmp_path / "new").run(max_minutes=-1)
    with pytest.raises(ValueError, match="other settings or clips"):
        SketchTraining(model.config, contours, SketchSettings(steps=7, batch_clips=4), tmp_path / "part")
    contours.base = "another"
    assert SketchTraining(model.config, contours, SETTINGS, tmp_path / "part").step == 0


def test_losses_fall(model, contours, tmp_path):
    settings = SketchSettings(steps=60, batch_clips=6, warmup_steps=5, learning_rate=1e-2)
    training = SketchTraining(model.config, contours, settings, tmp_path)
    before = training.evaluate(contours)
    training.run()
    after = training.evaluate(contours)
    assert after["predictor"] < 0.8 * before["predictor"]
    assert after["refiner"] < before["refiner"]


def test_all_parts_get_gradients(model, contours, tmp_path):
    training = SketchTraining(model.config, contours, SETTINGS, tmp_path)
    losses = sketch_losses(training.control, contours.batch([0, 1]), SETTINGS, training.random)
    losses["loss"].backward()
    missing = [name for name, value in training.control.named_parameters() if value.grad is None]
    assert missing == []


def test_written_into_a_checkpoint(model, contours, tmp_path):
    base, output = tmp_path / "base", tmp_path / "with"
    model.save_pretrained(base)
    (base / "README.md").write_text("card")
    training = SketchTraining(model.config, contours, SETTINGS, tmp_path / "run")
    training.run()
    write_sketch(base, training.averaged(), output)
    assert ValeTTSForSpeech.from_pretrained(base).model.sketch is None
    loaded, info = ValeTTSForSpeech.from_pretrained(output, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert (output / "README.md").read_text() == "card"
    assert loaded.config.sketch.pitch_scale == pytest.approx(training.config.sketch.pitch_scale)
    for name, value in training.averaged().state_dict().items():
        torch.testing.assert_close(loaded.model.sketch.state_dict()[name], value, atol=2e-3, rtol=2e-3)
    write_sketch(output, training.averaged())  # again, in place
    assert {path.name for path in output.iterdir()} == {path.name for path in base.iterdir()}  # nothing is left over
    with pytest.raises(FileNotFoundError, match="no model.safetensors"):
        write_sketch(tmp_path / "nothing", training.averaged())


def test_learning_rate():
    settings = SketchSettings(steps=100, warmup_steps=10, learning_rate=1.0)
    assert learning_rate(0, settings) == pytest.approx(0.1)
    assert learning_rate(100, settings) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"drop_curve": 1.5}, "drop_curve"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"min_seconds": 20}, "min_seconds"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"batch_clips": 1.5}, "batch_clips must be a whole number, got 1.5"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"speed": 1}, "unknown settings .'speed'."),
    ],
)
def test_settings_that_cannot_be(values, message):
    with pytest.raises(ValueError, match=message):
        load_sketch_settings(values)


def test_settings_of_the_recipe(tmp_path):
    from pathlib import Path

    recipe = Path(__file__).parents[3] / "training_scripts" / "recipes" / "sketch.yaml"
    assert load_sketch_settings(recipe) == SketchSettings()
    assert load_sketch_settings(recipe, steps=3, seed=None).steps == 3
    (tmp_path / "text.yaml").write_text("learning_rate: 1e-3")  # text to YAML, without a point
    assert load_sketch_settings(tmp_path / "text.yaml").learning_rate == 1e-3
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(ValueError, match="mapping"):
        load_sketch_settings(tmp_path / "list.yaml")
