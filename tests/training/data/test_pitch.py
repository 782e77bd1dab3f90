"""Pitch and energy contours on signals whose contours are known."""

import numpy as np
import pytest

from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE, extract_energy, extract_log_f0


def harmonic(f0: np.ndarray, amplitude: float = 0.1) -> np.ndarray:
    """Pulse-like sum of ten harmonics that follow `f0` (Hz per sample)."""
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLING_RATE
    return amplitude * sum(np.sin(k * phase) / k for k in range(1, 11))


@pytest.mark.parametrize("samples", [0, 255, 256, 24_000, 24_100])
def test_one_value_per_whole_frame(samples):
    waveform = harmonic(np.full(samples, 150.0))
    assert extract_log_f0(waveform).shape == (samples // HOP_LENGTH,)
    assert extract_energy(waveform).shape == (samples // HOP_LENGTH,)


@pytest.mark.parametrize("method", ["dio", "harvest"])
def test_steady_tone_has_its_frequency(method):
    log_f0 = extract_log_f0(harmonic(np.full(24_000, 180.0)), method=method)
    inner = log_f0[5:-5]
    assert (inner > 0).all()
    np.testing.assert_allclose(np.exp(inner), 180.0, rtol=0.01)


def test_a_fundamental_that_rumble_covers_is_found():
    rumble = np.cumsum(np.random.default_rng(0).normal(size=48_000))
    rumble -= np.convolve(rumble, np.ones(2400) / 2400, "same")
    waveform = harmonic(np.full(48_000, 130.0)) + 0.18 * rumble / rumble.std()
    found = {method: extract_log_f0(waveform, method=method) for method in ("dio", "harvest", "auto")}
    assert (found["dio"] > 0).mean() < 0.35
    np.testing.assert_array_equal(found["auto"], found["harvest"])
    voiced = found["auto"] > 0
    assert voiced.mean() > 0.5
    np.testing.assert_allclose(np.median(np.exp(found["auto"][voiced])), 130.0, rtol=0.01)
    clean = harmonic(np.full(24_000, 180.0))
    np.testing.assert_array_equal(extract_log_f0(clean), extract_log_f0(clean, method="dio"))


def test_a_harmonic_is_not_taken_for_the_fundamental():
    time = np.arange(48_000) / SAMPLING_RATE
    amplitudes = (0.03, 1.0, 0.5, 0.5, 0.3, 0.3, 0.2, 0.2)
    waveform = 0.1 * sum(a * np.sin(2 * np.pi * 110 * k * time + k) for k, a in enumerate(amplitudes, 1))
    waveform += np.random.default_rng(0).normal(size=48_000) * 0.01
    level = {method: np.exp(np.median(extract_log_f0(waveform, method=method))) for method in ("dio", "auto")}
    np.testing.assert_allclose((level["dio"], level["auto"]), (220.0, 110.0), rtol=0.02)


def test_frames_are_centred_half_a_hop_in():
    # 100 Hz that rise by 100 Hz per second: a contour that is one frame off is off by 1.07 Hz.
    f0 = 100.0 + 100.0 * np.arange(48_000) / SAMPLING_RATE
    log_f0 = extract_log_f0(harmonic(f0))
    centres = (np.arange(len(log_f0)) + 0.5) * HOP_LENGTH / SAMPLING_RATE
    error = np.exp(log_f0) - (100.0 + 100.0 * centres)
    assert abs(np.median(error[10:-10])) < 0.25


def test_noise_and_silence_are_unvoiced():
    rng = np.random.default_rng(0)
    assert not extract_log_f0(np.zeros(12_000)).any()
    noise = extract_log_f0(rng.normal(size=24_000) * 0.05)
    assert (noise > 0).mean() < 0.3


def test_far_outliers_become_unvoiced():
    f0 = np.full(48_000, 120.0)
    f0[30_000:36_000] = 480.0
    loose, strict = extract_log_f0(harmonic(f0), outlier_octaves=9.0), extract_log_f0(harmonic(f0))
    assert np.exp(loose.max()) > 400.0
    assert np.exp(strict.max()) < 120.0 * 2**1.15


def test_energy_is_log_rms_and_local():
    waveform = np.zeros(24_000, dtype=np.float32)
    waveform[12_000:] = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(12_000) / SAMPLING_RATE)
    energy = extract_energy(waveform)
    assert energy[:40] == pytest.approx(np.log(1e-5))
    assert energy[52:90] == pytest.approx(np.log(0.1), abs=0.02)


@pytest.mark.parametrize(
    ("waveform", "options", "message"),
    [
        (np.zeros((2, 100)), {}, r"\(2, 100\)"),
        (np.zeros(600, dtype=np.int16), {}, "int16"),
        (np.full(600, np.nan), {}, "finite"),
        (np.zeros(600), {"method": "guess"}, "guess"),
        (np.zeros(600), {"min_f0": 500.0, "max_f0": 100.0}, "min_f0=500"),
    ],
)
def test_errors_name_the_value(waveform, options, message):
    with pytest.raises(ValueError, match=message):
        extract_log_f0(waveform, **options)
