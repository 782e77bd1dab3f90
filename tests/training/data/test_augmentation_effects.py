"""Effects on waveforms: each reaches the number it is asked for, row by row."""

import numpy as np
import pytest
import soundfile
import torch

from valetts_hf.training.data.augmentation_effects import (
    CEILING,
    add_noise,
    apply_gain,
    band_limit,
    coloured_noise,
    convolve,
    degrade_like_codec,
    load_rooms,
    row_power,
    synthetic_rooms,
)


RATE = 24000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(rows, size, seed=0):
    return 0.1 * torch.randn(rows, size, generator=seeded(seed))


def band_power(waveform, low, high):
    """Power [K] per Hz between two frequencies."""
    spectrum = torch.fft.rfft(waveform.double()).abs().square()
    frequency = torch.linspace(0, RATE / 2, spectrum.shape[1])
    return spectrum[:, (frequency >= low) & (frequency < high)].mean(1)


def test_gain_in_decibels_never_clips():
    waveform = noise(3, 4000)
    louder = apply_gain(waveform, torch.tensor([-6.0, 0.0, 60.0]))
    torch.testing.assert_close(louder[0], waveform[0] * 10 ** (-0.3))
    torch.testing.assert_close(louder[1], waveform[1])
    assert louder[2].abs().max().item() == pytest.approx(CEILING, rel=1e-5)


def test_noise_reaches_the_ratio_over_the_speech():
    speech = noise(2, 8000)
    speech[1, 4000:] = 0  # padding must not count as quiet speech
    count = torch.tensor([8000, 4000])
    unit = coloured_noise(2, 8000, torch.tensor([0.0, 1.0]), RATE, seeded(1))
    ratio = torch.tensor([20.0, 5.0])
    added = add_noise(speech, unit, ratio, count) - speech
    reached = 10 * torch.log10(row_power(speech, count) / added.square().mean(1))
    torch.testing.assert_close(reached, ratio, atol=0.05, rtol=0)


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_colour_of_noise(slope):
    made = coloured_noise(4, 24000, torch.full((4,), slope), RATE, seeded(2))
    fall = 10 * torch.log10(band_power(made, 200, 400) / band_power(made, 2000, 4000)).mean()
    assert fall.item() == pytest.approx(10 * slope, abs=0.8)  # decibels per decade
    torch.testing.assert_close(made.square().mean(1), torch.ones(4))


def test_band_limit_is_seen_in_the_spectrum():
    waveform = noise(2, 9001)  # an odd length too
    limited = band_limit(waveform, torch.tensor([3000.0, 8000.0]), RATE)
    for row, cutoff in enumerate((3000.0, 8000.0)):
        before, after = waveform[row : row + 1], limited[row : row + 1]
        assert band_power(after, 1.06 * cutoff, 12000) < 1e-8 * band_power(before, 1.06 * cutoff, 12000)
        torch.testing.assert_close(
            band_power(after, 0, 0.9 * cutoff), band_power(before, 0, 0.9 * cutoff), rtol=1e-5, atol=0
        )


def test_rooms_have_their_reverberation_time_and_ratio():
    t60, ratio = torch.tensor([0.2, 0.6]), torch.tensor([0.0, 10.0])
    rooms = synthetic_rooms(t60, ratio, RATE, RATE, seeded(3))
    assert (rooms[:, 0] == 1).all() and not rooms[:, 1:60].any()
    tail = rooms[:, 1:].square()
    torch.testing.assert_close(10 * torch.log10(1 / tail.sum(1)), ratio, atol=0.01, rtol=0)
    decay = 10 * torch.log10(tail.flip(1).cumsum(1).flip(1) / tail.sum(1, keepdim=True))  # Schroeder
    for row in range(2):
        five, twentyfive = ((decay[row] > level).sum().item() / RATE for level in (-5, -25))
        assert 3 * (twentyfive - five) == pytest.approx(t60[row].item(), rel=0.1)


def test_convolution_equals_numpy_and_keeps_the_level():
    waveform, responses = noise(2, 1500), noise(2, 400, seed=4)
    wet = convolve(waveform, responses)
    for row in range(2):
        expected = np.convolve(waveform[row].numpy(), responses[row].numpy())[:1500]
        expected *= np.sqrt((waveform[row].numpy() ** 2).sum() / (expected**2).sum())
        np.testing.assert_allclose(wet[row].numpy(), expected, atol=1e-5)
    assert not convolve(torch.zeros(1, 100), responses[:1]).any()


def test_codec_leaves_few_levels_and_nothing_above_its_band():
    waveform = noise(2, 12000)
    coded = degrade_like_codec(
        waveform, torch.tensor([4000.0, 12000.0]), torch.tensor([60.0, 10.0]), torch.tensor([5.0, 12.0]), RATE
    )
    assert coded.shape == waveform.shape and coded.abs().max() <= 1 and torch.isfinite(coded).all()
    assert len(coded[0].unique()) <= 2**5 + 1
    # what the coarse levels add above the band stays far below the speech
    assert band_power(coded[:1], 5000, 12000) < 0.05 * band_power(waveform[:1], 5000, 12000)
    # bins 10 dB under the loudest of a frame are holes
    assert coded[1].square().sum() < 0.8 * waveform[1].square().sum()
    assert not degrade_like_codec(torch.zeros(1, 2000), *(torch.tensor([v]) for v in (4e3, 30.0, 8.0)), RATE).any()


def test_recorded_rooms(tmp_path):
    with pytest.raises(ValueError, match="has no .wav or .flac file of a room"):
        load_rooms(tmp_path, 1000, RATE)
    response = np.zeros(3000)
    response[500], response[900] = -0.5, 0.25  # the direct sound comes late and upside down
    soundfile.write(tmp_path / "hall.wav", response, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "cell.flac", np.stack([response, response], 1), 48000)
    cell, hall = load_rooms(tmp_path, 1000, RATE)
    expected = torch.zeros(1000)
    expected[0], expected[400] = 1.0, -0.5
    torch.testing.assert_close(hall, expected)
    assert cell[0] == 1 and cell.argmin().item() == pytest.approx(200, abs=1)
    soundfile.write(tmp_path / "mute.wav", np.zeros(100), RATE)
    with pytest.raises(ValueError, match="mute.wav' is silent or not finite"):
        load_rooms(tmp_path, 1000, RATE)
    (tmp_path / "broken.wav").write_text("no audio")
    with pytest.raises(ValueError, match="broken.wav' cannot be read as audio"):
        load_rooms(tmp_path, 1000, RATE)
