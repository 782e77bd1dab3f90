"""A ripple that is the same in every frame is measured in speech and taken out of the decoder's head."""

import numpy as np
import pytest
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.spectral_ripple import remove_ripple, spectral_ripple


RATE, FFT, HOP = 24000, 1024, 256
FIRST = 43  # bin of 1 kHz


def in_dB(ripple):
    return ripple * 20 / np.log(10)


def colored_noise(gains, seconds=6, seed=0):
    """White noise through a filter that has the given amplitudes at the bins."""
    noise = np.random.default_rng(seed).standard_normal(seconds * RATE)
    response = np.fft.irfft(gains)
    return np.convolve(noise, np.roll(response, FFT // 2), "same").astype(np.float32)


def test_noise_shows_the_filter_it_went_through():
    places = np.arange(60, 500, 20)
    gains = np.ones(FFT // 2 + 1)
    gains[places] = 2.0
    gains[10] = 4.0  # below 1 kHz nothing counts
    ripple = spectral_ripple([colored_noise(gains, seed=seed) for seed in range(3)], FFT, HOP, RATE)
    assert ripple.shape == gains.shape and not ripple[: FIRST - 1].any()
    between = places[:-1] + 10
    assert (in_dB(ripple)[places].mean() - in_dB(ripple)[between].mean()) > 2.5
    assert np.abs(in_dB(ripple)[between]).max() < 1.5


def test_slopes_and_formants_are_no_ripple():
    frequency = np.arange(FFT // 2 + 1) * RATE / FFT
    smooth = np.exp(-frequency / 4000) + np.exp(-(((frequency - 3000) / 1500) ** 2))
    ripple = spectral_ripple([colored_noise(smooth, 20)], FFT, HOP, RATE)
    assert in_dB(ripple)[FIRST:400].std() < 0.5


def test_the_end_of_a_band_is_no_ripple():
    """Recordings of 16 kHz end at 8 kHz; another voice tells what the bins there are like."""
    places = np.arange(300, 400, 10)
    plain, ending = np.ones(FFT // 2 + 1), np.ones(FFT // 2 + 1)
    plain[places] = ending[places] = 2.0
    ending[342:] *= 1e-3
    waveforms = [colored_noise(gains, 10, seed) for seed, gains in enumerate((ending, plain, ending))]
    expected = in_dB(spectral_ripple(waveforms[1:2], FFT, HOP, RATE))
    found = in_dB(spectral_ripple(waveforms, FFT, HOP, RATE))
    assert np.abs(found - expected)[330:360].max() < 1.5
    alone = in_dB(spectral_ripple(waveforms[:1], FFT, HOP, RATE))
    assert not alone[338:346].any() and np.abs(alone[300:320]).max() > 1


def test_it_is_taken_out_of_the_head(tiny_checkpoint, buzz_corpus):
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    model.config.decoder.emphasis = 0.5
    bins = FFT // 2 + 1
    pattern = torch.zeros(bins)
    pattern[60:480:8] = 1.0
    with torch.no_grad():
        model.decoder.head.bias[: 2 * bins] += pattern.repeat(2)
    bias = model.decoder.head.bias.clone()
    found = remove_ripple(model, buzz_corpus)
    left = remove_ripple(model, buzz_corpus)
    assert found > 1.2 and left < 0.5 * found, (found, left)
    assert model.config.decoder.emphasis == 0.5
    change = (model.decoder.head.bias - bias).detach()
    torch.testing.assert_close(change[:bins], change[bins : 2 * bins])
    assert not change[2 * bins :].any()
    assert not change[: FIRST - 1].any()


def test_what_cannot_be_measured(tiny_checkpoint, buzz_corpus):
    with pytest.raises(ValueError, match="no speech to measure"):
        spectral_ripple([], FFT, HOP, RATE)
    with pytest.raises(ValueError, match="waveform 1 is silent"):
        spectral_ripple([np.random.default_rng(0).standard_normal(RATE), np.zeros(RATE)], FFT, HOP, RATE)
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    with pytest.raises(ValueError, match="no speech to measure"):
        remove_ripple(model, buzz_corpus.select([]))
    model.config.decoder.type = "bigvgan"
    with pytest.raises(ValueError, match="'bigvgan'"):
        remove_ripple(model, buzz_corpus)
