"""Sketches inside the model: coarse curves, the refiner and the predictor, and what reaches the speech."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.lengths import expansion_index
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.sketch_control import SketchControl, TokenSketch
from valetts_hf.modeling.sketch_curves import (
    coarse_curve,
    curve_over_frames,
    curve_range,
    fill_gaps,
    follow_curve,
    smooth,
    token_means,
)
from valetts_hf.modeling.sketch_loudness import DrawnLoudness, energy_heard
from valetts_hf.modeling.sketch_predictor import from_patches, to_patches


SKETCH = {"enabled": True, "hidden_size": 8, "intermediate_size": 8, "num_layers": 1, "num_refiner_layers": 1}


def speaking_model(**sketch) -> ValeTTSForSpeech:
    """A tiny model with sketch networks whose voice is audible: every frame voiced, some movement in the pitch."""
    config = tiny_config()
    config.sketch = type(config.sketch)(**{**SKETCH, **sketch})
    torch.manual_seed(0)
    model = ValeTTSForSpeech(config).eval()
    with torch.no_grad():
        output = model.model.prosody_predictor.output
        output.weight.mul_(0.1)
        output.bias[1] = 50.0
        if model.model.sketch is not None:
            for output in (model.model.sketch.predictor.output, model.model.sketch.refiner.output):
                output.weight.mul_(0.1)
    return model


@pytest.fixture(scope="module")
def model() -> ValeTTSForSpeech:
    return speaking_model()


@pytest.fixture
def plain() -> ValeTTSForSpeech:
    """A tiny model without sketch networks."""
    return speaking_model(enabled=False)


IDS = torch.tensor([[2, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 3]])
DURATIONS = torch.tensor([[3, 4, 5, 4, 6, 5, 4, 7, 5, 4, 6, 5, 3]])


# --- coarse curves ---------------------------------------------------------------------------------------------------


def test_smoothing_is_the_savitzky_golay_filter_of_drawspeech():
    signal = pytest.importorskip("scipy.signal")
    values = np.random.default_rng(0).standard_normal(23)
    expected = values
    for window in (7, 4):
        expected = signal.savgol_filter(expected, window, 1, mode="nearest")
    np.testing.assert_allclose(smooth(torch.from_numpy(values)[None])[0].numpy(), expected, atol=1e-12)


def test_means_count_voiced_frames_only():
    index = torch.tensor([[0, 0, 1, 1, 2]])
    values = torch.tensor([[1.0, 3.0, 5.0, 100.0, 100.0]])
    counted = torch.tensor([[True, True, True, False, False]])
    means, known = token_means(values, counted, index, 3)
    assert means.tolist() == [[2.0, 5.0, 0.0]]
    assert known.tolist() == [[True, True, False]]


def test_gaps_are_filled_by_lines_and_by_the_nearest_value():
    values = torch.tensor([[9.0, 1.0, 9.0, 3.0, 9.0]])
    known = torch.tensor([[False, True, False, True, False]])
    filled, distance = fill_gaps(values, known)
    assert filled.tolist() == [[1.0, 1.0, 2.0, 3.0, 3.0]]
    assert distance.tolist() == [[1, 0, 1, 0, 1]]
    nothing, _ = fill_gaps(values, torch.zeros_like(known))
    assert nothing.tolist() == [[0.0] * 5]


def test_a_curve_over_frames_goes_through_the_middles_of_tokens():
    durations = torch.tensor([[4, 2, 6]])
    frames = curve_over_frames(torch.tensor([[0.0, 3.0, 7.0]]), durations, expansion_index(durations))
    assert frames[0, 0] == 0  # before the first middle
    assert float(frames[0, 2]) == pytest.approx(0.5)  # time 2.5, a sixth of the way from 2 to 5
    assert frames[0, -1] == 7
    assert bool((frames[0].diff() >= 0).all())


def test_following_a_curve_makes_it_the_coarse_curve_and_keeps_detail():
    durations, index = DURATIONS, expansion_index(DURATIONS)
    torch.manual_seed(0)
    values = torch.randn(1, index.shape[1]) * 0.3
    voiced = torch.rand(1, index.shape[1]) > 0.2
    wanted = torch.linspace(0, 4, 13)[None]
    drawn = torch.ones(1, 13, dtype=torch.bool)
    moved = follow_curve(values, voiced, wanted, drawn, durations, index)
    coarse, _ = coarse_curve(moved, voiced, index, 13)
    assert np.corrcoef(coarse[0].numpy(), wanted[0].numpy())[0, 1] > 0.99
    assert abs(float(coarse[0, 6] - wanted[0, 6])) < 0.3  # half a token late, like the filter
    detail = (moved - values)[0].diff().abs().max()
    assert float(detail) < 0.25  # what was added is smooth


def test_a_weak_drawing_is_followed_frame_by_frame_at_the_cost_of_accents():
    durations, index = DURATIONS, expansion_index(DURATIONS)
    torch.manual_seed(0)
    accents = curve_over_frames(torch.randn(1, 13), durations, index)
    wanted, drawn = torch.linspace(0, 3, 13)[None], torch.ones(1, 13, dtype=torch.bool)
    voiced = torch.ones_like(index, dtype=torch.bool)
    target = curve_over_frames(wanted, durations, index)[0].numpy()

    def correlation(least: float) -> float:
        moved = follow_curve(accents, voiced, wanted, drawn, durations, index, least)
        return float(np.corrcoef(moved[0].numpy(), target)[0, 1])

    assert correlation(0.0) < 0.9 <= correlation(0.9)


def test_nothing_moves_far_from_what_was_drawn():
    durations, index = DURATIONS, expansion_index(DURATIONS)
    values = torch.zeros(1, index.shape[1])
    drawn = torch.zeros(1, 13, dtype=torch.bool)
    drawn[0, :2] = True
    moved = follow_curve(values, torch.ones_like(values).bool(), torch.ones(1, 13), drawn, durations, index)
    assert float(moved[0, 2]) == pytest.approx(1.0, abs=0.05)
    assert float(moved[0, -1].abs()) < 0.02
    silent = follow_curve(values, torch.zeros_like(values).bool(), torch.ones(1, 13), drawn, durations, index)
    assert bool((silent == 0).all())


def test_the_range_of_a_curve_is_that_of_its_known_tokens():
    curve = torch.tensor([[1.0, 5.0, -9.0], [1.0, 2.0, 3.0]])
    known = torch.tensor([[True, True, False], [False, False, False]])
    assert curve_range(curve, known).tolist() == [[1.0, 5.0], [0.0, 0.0]]


def test_patches_come_back():
    values = torch.arange(2 * 7 * 3.0).view(2, 7, 3)
    assert to_patches(values, 4).shape == (2, 2, 12)
    assert torch.equal(from_patches(to_patches(values, 4), 4, 7), values)


# --- speaking -----------------------------------------------------------------------------------------------------------


def spoken(model, **arguments):
    with torch.inference_mode():
        return model(IDS, durations=DURATIONS, seed=3, **arguments)


@pytest.mark.parametrize("refine", ["diffusion", "predictor", "shift"])
def test_pitch_and_loudness_follow_the_drawing(model, refine):
    rising, falling = torch.linspace(0, 1, 13)[None], torch.linspace(1, 0, 13)[None]
    output = spoken(model, sketch_pitch=rising, sketch_energy=falling, refine=refine)
    index = expansion_index(DURATIONS)
    assert bool((output.pitch > 0).all())
    coarse = coarse_curve(output.pitch, output.pitch > 0, index, 13)[0][0]
    assert np.corrcoef(coarse.numpy(), rising[0].numpy())[0, 1] > 0.97
    assert float(coarse[-1] - coarse[0]) > 0.15  # the least span is 4 semitones
    assert float(output.gain[0, :9].mean()) > 1.05 > 0.95 > float(output.gain[0, -9:].mean())


def test_a_drawing_of_loudness_alone_leaves_the_melody_as_it_was(model):
    rising = torch.linspace(0, 1, 13)[None]
    plain, drawn = spoken(model), spoken(model, sketch_energy=rising)
    assert torch.equal(drawn.pitch, plain.pitch) and torch.equal(drawn.latents, plain.latents)
    assert not torch.equal(spoken(model, sketch_energy=rising, refine="diffusion").pitch, plain.pitch)


def heard_energy(model, output) -> np.ndarray:
    """Coarse energy of a waveform over the 13 tokens."""
    energy = energy_heard(output.waveform, model.config)
    return coarse_curve(energy, output.pitch > 0, expansion_index(DURATIONS), 13)[0][0].numpy()


def test_drawn_energy_is_what_is_heard(model):
    hill = torch.tensor([[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0]])
    limits = torch.tensor([[-0.7, 0.7]])  # 12 dB
    plain = spoken(model)
    drawn = spoken(model, sketch_energy=hill, sketch_energy_range=limits, refine="shift")
    wanted = hill[0].numpy() * 1.4
    assert np.abs(np.corrcoef(heard_energy(model, plain), wanted)[0, 1]) < 0.9
    assert np.corrcoef(heard_energy(model, drawn), wanted)[0, 1] > 0.93
    smoothed = smooth(1.4 * hill)[0].numpy()  # the coarse curve of a line is smoother than the line
    assert float(np.std(heard_energy(model, drawn))) == pytest.approx(float(np.std(smoothed)), rel=0.2)
    louder = spoken(model, sketch_energy=hill, sketch_energy_range=limits, refine="shift", energy_shift=6.0)
    torch.testing.assert_close(louder.gain, drawn.gain * 10 ** (6 / 20))


def test_drawn_loudness_is_bounded():
    index = expansion_index(DURATIONS)
    for size in (-100.0, 100.0):
        drawn = torch.arange(13)[None] < 6
        wanted = DrawnLoudness(torch.full((1, 13), size), drawn, torch.ones_like(index).bool(), DURATIONS, index)
        gain = wanted.gain(torch.zeros(index.shape))
        assert float(gain[0, 0].log()) == pytest.approx(3.5 if size > 0 else -3.5)


def test_energy_drawn_over_a_part_leaves_the_rest_as_loud_as_it_was(model):
    partial = torch.full((1, 13), float("nan"))
    partial[0, 10:] = 1.0
    gain = spoken(model, sketch_energy=partial, sketch_energy_range=torch.tensor([[0.0, 1.0]])).gain
    assert float((gain[0, :10] - 1).abs().max()) < 0.05
    assert float(gain[0, -8:].min()) > 1.2


def test_without_a_decoder_drawn_energy_follows_the_predicted_one(model):
    rising = torch.linspace(0, 1, 13)[None]
    with torch.inference_mode():
        latents = model.model(IDS, durations=DURATIONS, seed=3, sketch_energy=rising)
    assert float(latents.gain[0, -9:].mean()) > 1.05 > float(latents.gain[0, :9].mean())
    assert float((latents.gain - spoken(model, sketch_energy=rising).gain).abs().max()) > 1e-2


def test_hertz_are_obeyed(model):
    limits = torch.tensor([[np.log(120.0), np.log(240.0)]], dtype=torch.float32)
    output = spoken(model, sketch_pitch=torch.linspace(0, 1, 13)[None], sketch_pitch_range=limits, refine="shift")
    hertz = output.pitch[0].exp()
    assert float(hertz[0]) == pytest.approx(120, rel=0.12)
    assert float(hertz[-1]) == pytest.approx(240, rel=0.12)
    relative = torch.tensor([[0.0, 0.5]])
    higher = spoken(model, sketch_pitch=torch.ones(1, 13), sketch_pitch_range=relative, refine="shift")
    assert float((higher.pitch - spoken(model).pitch).mean()) == pytest.approx(0.5, abs=0.02)


def test_a_sketch_leaves_the_rest_as_it_was(model):
    before = spoken(model)
    partial = torch.full((1, 13), float("nan"))
    partial[0, 9:] = 1.0
    after = spoken(model, sketch_pitch=partial, refine="shift")
    assert torch.equal(after.durations, before.durations)
    assert torch.equal(after.energy, before.energy)
    assert float((after.pitch - before.pitch)[0, :15].abs().max()) < 0.02
    assert float((after.pitch - before.pitch)[0, -5:].mean()) > 0.05
    nothing = spoken(model, sketch_pitch=torch.full((1, 13), float("nan")))
    assert torch.equal(nothing.waveform, before.waveform)


def test_the_same_seed_draws_the_same_contour_alone_and_in_a_batch(model):
    sketch = torch.linspace(0, 1, 13)[None]
    alone = spoken(model, sketch_pitch=sketch, sketch_energy=sketch)
    other = spoken(model, sketch_pitch=sketch, sketch_energy=sketch)
    assert torch.equal(alone.pitch, other.pitch)
    with torch.inference_mode():
        batch = model(
            torch.nn.functional.pad(IDS, (0, 4)).repeat(2, 1),
            attention_mask=torch.tensor([[1] * 13 + [0] * 4, [1] * 17]),
            durations=torch.nn.functional.pad(DURATIONS, (0, 4), value=5).repeat(2, 1),
            sketch_pitch=torch.nn.functional.pad(sketch, (0, 4), value=float("nan")).repeat(2, 1),
            sketch_energy=torch.nn.functional.pad(sketch, (0, 4), value=float("nan")).repeat(2, 1),
            seed=[3, 4],
        )
        different = model(IDS, durations=DURATIONS, seed=4, sketch_pitch=sketch)
    frames = alone.pitch.shape[1]
    torch.testing.assert_close(batch.pitch[:1, :frames], alone.pitch, atol=1e-4, rtol=0)
    torch.testing.assert_close(batch.gain[:1, :frames], alone.gain, atol=1e-4, rtol=0)
    assert float((different.pitch - alone.pitch).abs().max()) > 1e-3


def test_controls_come_on_top(model):
    sketch = torch.linspace(0, 1, 13)[None]
    plain, higher = spoken(model, sketch_pitch=sketch), spoken(model, sketch_pitch=sketch, pitch_shift=2.0)
    assert float((higher.pitch - plain.pitch).mean()) == pytest.approx(2 * np.log(2) / 12, abs=1e-4)


def test_a_natural_contour_without_a_drawing(model):
    drawn = spoken(model, refine="diffusion")
    assert float((drawn.pitch - spoken(model).pitch).abs().max()) > 1e-3


def test_guidance_changes_the_contour():
    sketch = torch.linspace(0, 1, 13)[None]
    guided = spoken(speaking_model(guidance_scale=3.0), sketch_pitch=sketch)
    unguided = spoken(speaking_model(guidance_scale=1.0), sketch_pitch=sketch)
    assert float((guided.pitch - unguided.pitch).abs().max()) > 1e-5


def test_without_temperature_the_contour_is_the_mean():
    sketch = torch.linspace(0, 1, 13)[None]
    cold = speaking_model(pitch_temperature=0, energy_temperature=0)
    mean = spoken(cold, sketch_pitch=sketch, refine="predictor")
    torch.testing.assert_close(spoken(cold, sketch_pitch=sketch).pitch, mean.pitch, atol=1e-5, rtol=0)
    assert float((spoken(speaking_model(), sketch_pitch=sketch).pitch - mean.pitch).abs().max()) > 1e-3


def test_one_step_of_sampling_is_the_estimate(model):
    config = speaking_model(num_steps=1).config
    control = SketchControl(config).eval()
    assert control.refiner.noise_levels(1) == [pytest.approx(config.sketch.sigma_max)]
    levels = control.refiner.noise_levels(5)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == pytest.approx(config.sketch.sigma_min)


# --- checkpoints and errors ----------------------------------------------------------------------------------------------


def test_a_checkpoint_without_networks_speaks_sketches_by_moving_its_own_contour(plain, tmp_path):
    plain.save_pretrained(tmp_path)
    loaded, info = ValeTTSForSpeech.from_pretrained(tmp_path, output_loading_info=True)
    assert not info["missing_keys"]
    assert loaded.model.sketch is None
    sketch = torch.linspace(0, 1, 13)[None]
    moved = spoken(loaded.eval(), sketch_pitch=sketch)
    assert torch.equal(moved.pitch, spoken(loaded, sketch_pitch=sketch, refine="shift").pitch)
    with pytest.raises(ValueError, match="train_sketch.py"):
        spoken(loaded, sketch_pitch=sketch, refine="diffusion")


def test_a_checkpoint_with_networks_comes_back(model, tmp_path):
    model.save_pretrained(tmp_path)
    loaded, info = ValeTTSForSpeech.from_pretrained(tmp_path, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    sketch = torch.linspace(0, 1, 13)[None]
    again = spoken(loaded.eval(), sketch_pitch=sketch).pitch
    torch.testing.assert_close(again, spoken(model, sketch_pitch=sketch).pitch, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sketch_pitch": torch.zeros(1, 5)}, r"one value per token, \(1, 13\), got \(1, 5\)"),
        ({"sketch_pitch": torch.full((1, 13), 1.5)}, r"\[0, 1\].*got 1.5"),
        ({"sketch_energy": torch.full((1, 13), float("inf"))}, "sketch_energy must lie"),
        ({"sketch_pitch_range": torch.ones(1, 2)}, "need the sketch_pitch"),
        ({"sketch_pitch": torch.ones(1, 13), "sketch_pitch_range": torch.ones(2, 2)}, r"\[1, 2\]"),
        ({"sketch_pitch": torch.ones(1, 13), "sketch_pitch_range": torch.tensor([[5.0, 4.0]])}, "low <= high"),
        ({"sketch_pitch": torch.ones(1, 13), "sketch_pitch_range": torch.tensor([[5.0, float("inf")]])}, "finite"),
        ({"sketch_pitch": torch.ones(1, 13), "refine": "magic"}, "'magic'"),
        ({"sketch_pitch": torch.ones(1, 13), "pitch": torch.ones(1, 61)}, "either those or the sketch"),
    ],
)
def test_sketches_that_cannot_be(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        spoken(model, **arguments)


def test_an_empty_sketch_is_none():
    shape, device = (1, 4), torch.device("cpu")
    assert TokenSketch.from_arguments(shape, device) is None
    assert bool(TokenSketch.empty(shape, device).curves.isnan().all())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_steps", 9),
        ("num_steps", 0),
        ("sigma_max", 0.01),
        ("patch_frames", 0),
        ("kernel_size", 4),
        ("guidance_scale", -1),
        ("pitch_temperature", 3),
    ],
)
def test_configurations_that_cannot_be(field, value):
    from valetts_hf.modeling.configuration_valetts import ValeTTSSketchConfig

    with pytest.raises(Exception, match=field):
        ValeTTSSketchConfig(**{field: value})
