"""Speed, pitch and formants: measured on speech-like signals, with WORLD where it is about pitch."""

import math

import numpy as np
import pytest
import torch

from valetts_hf.modeling.source import pulse_train
from valetts_hf.training.data.augmentation_time import change_voice, read_at
from valetts_hf.training.data.pitch import extract_log_f0


RATE, HOP, FRAMES = 24000, 256, 120
EDGE = 8  # frames at both ends that lack context


def vowel(f0, formant=1000.0, frames=FRAMES):
    """Pulses with a gliding pitch through one broad resonance: waveform [1, S] and log-F0 [1, F]."""
    contour = math.log(f0) + 0.1 * torch.sin(torch.arange(frames) / 15.0)[None]
    pulses = pulse_train(contour, HOP, RATE)
    frequency = torch.linspace(0, RATE / 2, pulses.shape[1] // 2 + 1)
    envelope = 1 / (1 + ((frequency - formant) / 250.0) ** 2) + 0.02
    waveform = torch.fft.irfft(torch.fft.rfft(pulses) * envelope, n=pulses.shape[1])
    return 0.3 * waveform / waveform.abs().max(), contour


def measured_log_f0(waveform):
    return extract_log_f0(waveform[0].double().numpy())[EDGE:-EDGE]


def resonance(waveform):
    """Frequency of the peak of the smoothed spectrum."""
    power = torch.fft.rfft(waveform[0, EDGE * HOP : -EDGE * HOP] * 1.0).abs().square()
    width = int(2 * 300 * len(power) / (RATE / 2)) | 1
    smooth = torch.nn.functional.avg_pool1d(power[None, None], width, 1, width // 2)[0, 0]
    return smooth.argmax().item() * RATE / 2 / len(power)


def factor(value):
    return torch.tensor([value], dtype=torch.float64)


def test_factors_of_one_change_nothing():
    waveform, contour = vowel(130.0)
    contour[:, 40:60] = 0  # an unvoiced stretch
    same = change_voice(waveform, contour, factor(1.0), factor(1.0), RATE)
    torch.testing.assert_close(same[:, 500:-500], waveform[:, 500:-500], atol=2e-3, rtol=0)


@pytest.mark.parametrize("f0", [95.0, 210.0])
@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_pitch_moves_and_formants_stay(f0, semitones):
    waveform, contour = vowel(f0)
    ratio = 2 ** (semitones / 12)
    changed = change_voice(waveform, contour, factor(ratio), factor(1.0), RATE)
    measured, wanted = measured_log_f0(changed), contour[0, EDGE:-EDGE].numpy() + math.log(ratio)
    assert (measured > 0).mean() > 0.95
    error = 12 / math.log(2) * np.abs(measured - wanted)[measured > 0]
    assert np.median(error) < 0.15 and np.mean(error < 0.5) > 0.95  # semitones
    assert resonance(changed) == pytest.approx(resonance(waveform), rel=0.06)
    assert changed.square().mean().item() == pytest.approx(waveform.square().mean().item(), rel=0.5)


@pytest.mark.parametrize("formant", [0.85, 1.18])
def test_formants_move_and_pitch_stays(formant):
    waveform, contour = vowel(120.0)
    changed = change_voice(waveform, contour, factor(1.0), factor(formant), RATE)
    assert resonance(changed) == pytest.approx(formant * resonance(waveform), rel=0.1)
    measured = measured_log_f0(changed)
    assert np.median(np.abs(measured - contour[0, EDGE:-EDGE].numpy())) < 0.01


def test_a_pitch_contour_with_errors_is_corrected_by_the_waveform():
    waveform, contour = vowel(120.0)
    changed = change_voice(
        waveform, contour + 0.02, factor(2 ** (2 / 12)), factor(1.0), RATE
    )  # a third of a semitone off
    wanted = contour[0, EDGE:-EDGE].numpy() + math.log(2) / 6
    assert np.median(np.abs(measured_log_f0(changed) - wanted)) < 0.008


def test_rows_are_independent_and_noise_stays_finite():
    waveform, contour = vowel(120.0)
    hiss = 0.1 * torch.randn(waveform.shape, generator=torch.Generator().manual_seed(0))
    rows = torch.cat([waveform, hiss, torch.zeros_like(hiss)])
    contours = torch.cat([contour, torch.zeros_like(contour), torch.zeros_like(contour)])
    together = change_voice(
        rows, contours, factor(1.2).expand(3), torch.tensor([1.0, 1.1, 1.1], dtype=torch.float64), RATE
    )
    alone = change_voice(waveform, contour, factor(1.2), factor(1.0), RATE)
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=1e-4)
    assert torch.isfinite(together).all() and together[1].std() > 0.05 and not together[2].any()


def test_reading_faster_moves_tones_and_does_not_alias():
    time = torch.arange(12000) / RATE
    tones = torch.stack([torch.sin(2 * torch.pi * 300 * time), torch.sin(2 * torch.pi * 11000 * time)])
    speed = torch.tensor([1.2, 1.2], dtype=torch.float64)
    positions = torch.arange(9000)[None] * speed[:, None]
    read = read_at(tones, positions, speed)
    expected = torch.sin(2 * torch.pi * 360 * torch.arange(9000) / RATE)
    torch.testing.assert_close(read[0, 200:-200], expected[200:-200], atol=5e-3, rtol=0)
    assert read[1, 200:-200].abs().max() < 0.05  # 13.2 kHz is beyond the new Nyquist frequency
    whole = read_at(tones, torch.arange(12000.0).double().expand(2, -1), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(whole, tones, atol=1e-4, rtol=0)
