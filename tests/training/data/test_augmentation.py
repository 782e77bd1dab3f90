"""Augmented batches: a function of seed and step, labels that stay true, targets that stay clean."""

import math

import numpy as np
import pytest
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.training.data.augmentation import Augmenter, make_augmenter
from valetts_hf.training.data.augmentation_config import AugmentationConfig
from valetts_hf.training.data.batches import BatchMaker, speaker_weights
from valetts_hf.training.data.pitch import extract_log_f0


ALL = ("speed", "voice", "room", "noise", "band_limit", "codec", "gain")


def config(**parts):
    return AugmentationConfig.from_dict({name: {"probability": 1.0} | settings for name, settings in parts.items()})


def maker(corpus, augmentation=None, **settings):
    sizes = {"batch_size": 6, "window_frames": 50, "reference_frames": 40} | settings
    augmenter = Augmenter(augmentation) if augmentation else None
    mel = LogMelSpectrogram(24000, 1024, 256, 100)
    return BatchMaker(corpus, mel, speaker_weights(corpus, 0.5), augmenter=augmenter, **sizes)


def tensors(batch):
    return {name: value for name, value in vars(batch).items() if isinstance(value, torch.Tensor)}


def same(one, other):
    return [name for name, value in tensors(one).items() if torch.equal(value, getattr(other, name))]


def test_probability_zero_is_no_augmentation(buzz_corpus):
    assert make_augmenter(AugmentationConfig()) is None
    assert isinstance(make_augmenter(config(gain={"probability": 0.1})), Augmenter)
    plain, zero = maker(buzz_corpus).batch(3), maker(buzz_corpus, AugmentationConfig()).batch(3)
    assert same(plain, zero) == list(tensors(plain))


def test_batches_are_a_function_of_seed_and_step(buzz_corpus):
    everything = config(**{name: {} for name in ALL})
    first, second = (maker(buzz_corpus, everything).batch(7) for _ in range(2))
    assert same(first, second) == list(tensors(first))
    for other in (maker(buzz_corpus, everything).batch(8), maker(buzz_corpus, everything, seed=1).batch(7)):
        assert not torch.equal(first.reference_mel, other.reference_mel)


def test_everything_at_once_stays_in_range(buzz_corpus):
    plain = maker(buzz_corpus).batch(0)
    for step in range(4):
        batch = maker(buzz_corpus, config(**{name: {} for name in ALL})).batch(step)
        for name, value in tensors(batch).items():
            assert torch.isfinite(value.double()).all(), name
        for name in ("waveform", "mel", "pitch", "frame_mask", "reference_mel", "reference_mask"):
            assert getattr(batch, name).shape == getattr(plain, name).shape
        assert batch.waveform.abs().max() <= 1
        assert not batch.waveform.view(6, 50, 256)[~batch.frame_mask].any()


@pytest.mark.parametrize("name", ["room", "noise", "codec", "band_limit", "gain"])
def test_faults_of_recordings_touch_the_reference_alone(buzz_corpus, name):
    plain, batch = maker(buzz_corpus).batch(2), maker(buzz_corpus, config(**{name: {}})).batch(2)
    assert set(tensors(plain)) - set(same(plain, batch)) == {"reference_mel"}


def test_band_and_gain_can_follow_on_the_target(buzz_corpus):
    plain = maker(buzz_corpus).batch(2)
    band = {"low_hz": 4000, "high_hz": 4000, "apply_to": "both"}
    limited = maker(buzz_corpus, config(band_limit=band)).batch(2)
    spectrum = torch.fft.rfft(limited.waveform[limited.frame_mask.all(1)]).abs().square()
    assert spectrum[:, int(0.4 * spectrum.shape[1]) :].sum() < 1e-3 * spectrum.sum()
    quiet = maker(buzz_corpus, config(gain={"low_db": -6, "high_db": -6, "apply_to": "both"})).batch(2)
    torch.testing.assert_close(quiet.waveform, plain.waveform * 10 ** (-0.3))
    shift = (quiet.mel - plain.mel)[plain.frame_mask]
    assert shift.median().item() == pytest.approx(-0.3 * math.log(10), abs=0.01)


def test_speed_keeps_the_labels_true(buzz_corpus):
    fast = config(speed={"low_factor": 1.25, "high_factor": 1.25})
    clips, zeros = np.array([0, 3, 7]), np.zeros(3, int)
    batches = maker(buzz_corpus, fast, batch_size=3, window_frames=120)
    plan = batches.augmenter.plan(0, 0, 3)
    batch = batches.assemble(clips, zeros, clips, zeros, plan)
    frames = np.round(buzz_corpus.frame_lengths[clips] / 1.25)
    assert batch.durations.sum(1).tolist() == batch.frame_mask.sum(1).tolist() == frames.tolist()
    assert (batch.durations >= 1)[batch.token_mask].all() and batch.whole_rows.tolist() == [0, 1, 2]
    assert (batch.pitch[batch.frame_mask] - math.log(150)).abs().max() < 1e-5  # the clips buzz at 120 Hz
    for row in range(3):
        measured = extract_log_f0(batch.waveform[row, : int(frames[row]) * 256].double().numpy())[8:-8]
        assert np.median(np.abs(measured - math.log(150))) < 0.01
    again = batches.assemble(
        clips, np.full(3, 10), clips, zeros, plan
    )  # a window that starts later is cut from the same
    torch.testing.assert_close(again.waveform[:, :8000], batch.waveform[:, 2560:10560], atol=2e-3, rtol=0)


def test_voice_moves_pitch_and_label_and_keeps_durations(buzz_corpus):
    plain = maker(buzz_corpus).batch(1)
    up = {"low_semitones": 3, "high_semitones": 3, "low_formant": 1, "high_formant": 1}
    batch = maker(buzz_corpus, config(voice=up)).batch(1)
    assert set(tensors(plain)) - set(same(plain, batch)) == {"waveform", "mel", "pitch", "reference_mel"}
    wanted = math.log(120) + 3 * math.log(2) / 12
    assert (batch.pitch[batch.frame_mask] - wanted).abs().max() < 1e-5
    row = int(batch.frame_mask.sum(1).argmax())
    measured = extract_log_f0(batch.waveform[row].double().numpy())[4:-4]
    assert np.median(np.abs(measured - wanted)) < 0.02


def test_one_probability_changes_nothing_about_the_others():
    often, seldom = config(noise={}, room={}, gain={}), config(noise={}, room={"probability": 0.0}, gain={})
    one, other = (Augmenter(item).plan(0, 5, 16) for item in (often, seldom))
    assert len(other.rows["room"]) == 0 and len(one.rows["room"]) == 16
    for name in ("noise", "gain"):
        np.testing.assert_array_equal(one.rows[name], other.rows[name])
        np.testing.assert_array_equal(one.values[name], other.values[name])
    some = Augmenter(config(noise={"probability": 0.3}))
    share = np.mean([len(some.plan(0, step, 16).rows["noise"]) / 16 for step in range(100)])
    assert share == pytest.approx(0.3, abs=0.05)


def test_rooms_from_a_folder_are_used(buzz_corpus, tmp_path):
    import soundfile

    echo = np.zeros(2400)
    echo[0], echo[2000] = 1.0, 0.9
    soundfile.write(tmp_path / "echo.wav", echo, 24000, subtype="FLOAT")
    augmenter = Augmenter(config(room={"folder": str(tmp_path), "folder_share": 1.0}))
    impulse = torch.zeros(2, 4000)
    impulse[:, 100] = 0.5
    heard = augmenter.degrade_reference(impulse, torch.tensor([4000, 4000]), augmenter.plan(0, 0, 2))
    torch.testing.assert_close(heard[:, 2100] / heard[:, 100], torch.tensor([0.9, 0.9]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"echo": {}}, r"augmentation: unknown \['echo'\]; known are \['speed'"),
        ({"noise": {"snr": 1}}, r"augmentation.noise: unknown \['snr'\]; known are \['probability'"),
        ({"noise": 0.5}, "augmentation.noise must be a mapping of settings, got 0.5"),
        (["noise"], "augmentation must be a mapping of .*got list"),
        ({"noise": {"probability": 1.5}}, r"augmentation.noise: probability must be in \[0, 1\], got 1.5"),
        ({"noise": {"low_snr_db": 50}}, "augmentation.noise: low_snr_db must be at most high_snr_db, got 50"),
        ({"gain": {"apply_to": "target"}}, r"apply_to must be one of \['reference', 'both'\], got 'target'"),
        ({"speed": {"low_factor": 0.5}}, "low_factor must be at least 0.667, got 0.5"),
        ({"speed": {"high_factor": 2}}, "high_factor must be at most 1.5, got 2"),
        ({"voice": {"low_semitones": -9}}, "low_semitones must be at least -6, got -9"),
        ({"voice": {"high_semitones": 9}}, "high_semitones must be at most 6, got 9"),
        ({"voice": {"low_formant": 0.5}}, "low_formant must be at least 0.75, got 0.5"),
        ({"voice": {"high_formant": 2}}, "high_formant must be at most 1.33, got 2"),
        ({"room": {"low_t60": 0}}, "low_t60 must be greater than 0, got 0"),
        ({"room": {"high_t60": 9}}, "high_t60 must be at most 5 seconds, got 9"),
        ({"room": {"folder_share": 2}}, r"folder_share must be in \[0, 1\], got 2"),
        ({"band_limit": {"low_hz": 100}}, "band_limit: low_hz must be at least 500, got 100"),
        ({"codec": {"low_hz": 100}}, "codec: low_hz must be at least 500, got 100"),
        ({"codec": {"low_bits": 1}}, "low_bits must be at least 2, got 1"),
        ({"codec": {"low_depth_db": 0}}, "low_depth_db must be greater than 0, got 0"),
    ],
)
def test_settings_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        AugmentationConfig.from_dict(values)
