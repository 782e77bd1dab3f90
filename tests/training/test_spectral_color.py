"""The colour of every voice is measured in recordings and given to the decoder as a function of the style."""

import dataclasses

import numpy as np
import pytest
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.style_spectrum import mel_points
from valetts_hf.training.said_clips import clips_to_say, emphasis_of, say_clip
from valetts_hf.training.spectral_color import fit_color, long_term_spectrum


POINTS = mel_points(20, 513, 24000).double().numpy()


def test_long_term_spectrum_shows_a_filter_and_not_how_much_silence_there_is():
    noise = np.random.default_rng(0).standard_normal(48000)
    plain = long_term_spectrum(noise, POINTS, 256)
    spectrum = np.fft.rfft(noise)
    spectrum[: len(spectrum) // 2] *= 0.5
    halved = long_term_spectrum(np.fft.irfft(spectrum), POINTS, 256)
    np.testing.assert_allclose((halved - plain)[:14], np.log(0.5), atol=0.05)
    np.testing.assert_allclose((halved - plain)[-3:], 0, atol=0.05)
    with_silence = long_term_spectrum(np.concatenate([noise, np.zeros(48000)]), POINTS, 256)
    np.testing.assert_allclose(with_silence, plain, atol=0.05)
    with pytest.raises(ValueError, match="silent"):
        long_term_spectrum(np.zeros(4800), POINTS, 256)
    with pytest.raises(ValueError, match="at least 1024 samples, got 100"):
        long_term_spectrum(np.ones(100), POINTS, 256)


@pytest.fixture
def many_voices(buzz_corpus):
    """The clips as one speaker each, every other one of them dull."""
    waveforms = buzz_corpus.waveforms.copy()
    for clip in range(0, 12, 2):
        place = slice(*buzz_corpus.sample_offsets[clip : clip + 2])
        spectrum = np.fft.rfft(waveforms[place].astype(np.float64))
        frequency = np.linspace(0, 12000, len(spectrum))
        waveforms[place] = np.fft.irfft(spectrum / (1 + (frequency / 6000) ** 2), place.stop - place.start)
    return dataclasses.replace(
        buzz_corpus,
        waveforms=waveforms,
        speaker_ids=np.arange(12, dtype=np.int32),
        speakers=[f"speaker{clip}" for clip in range(12)],
    )


def test_voices_get_the_colour_of_their_recordings(tiny_checkpoint, many_voices, monkeypatch):
    monkeypatch.setattr("valetts_hf.training.spectral_color.SHORTEST", 0.5)
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    model.config.decoder.emphasis = 0.6
    points = model.decoder.color.basis.double().numpy()

    def tilt(clip):
        """How much louder the low half is, as the text of a clip is said."""
        spectrum = long_term_spectrum(say_clip(model, many_voices, clip).waveform, points, 256)
        return spectrum[2:15].mean() - spectrum[25:].mean()

    fit = fit_color(model, many_voices, clips=1)
    assert fit.speakers == 12 and model.config.decoder.emphasis == 0.6
    assert fit.after < 0.6 * fit.before, fit
    assert fit.emphasis_before > 0 and fit.emphasis_after < fit.emphasis_before
    dull, bright = np.mean([tilt(clip) for clip in range(0, 12, 2)]), np.mean([tilt(clip) for clip in range(1, 12, 2)])
    recorded = [long_term_spectrum(many_voices.waveform(clip), points, 256) for clip in range(12)]
    asked = np.mean([(-1) ** clip * (level[2:15].mean() - level[25:].mean()) for clip, level in enumerate(recorded)])
    assert 0.3 * asked < (dull - bright) / 2 < 1.5 * asked, "a part of it: a dozen voices are few"


def test_what_cannot_be_fitted(tiny_checkpoint, buzz_corpus):
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    with pytest.raises(
        ValueError, match="at least 10 speakers with 3 s of transcribed training clips, this corpus has 2"
    ):
        fit_color(model, buzz_corpus)
    model.decoder.color = None
    with pytest.raises(ValueError, match="set color_points"):
        fit_color(model, buzz_corpus)


def test_clips_to_say(buzz_corpus, tiny_checkpoint):
    chosen = clips_to_say(buzz_corpus, None, 2)
    assert list(chosen) == ["ada", "rui", "eva"] and [len(clips) for clips in chosen.values()] == [2, 2, 1]
    lengths = buzz_corpus.frame_lengths
    assert lengths[chosen["ada"][0]] == lengths[:6].max()
    assert list(clips_to_say(buzz_corpus, 2, 1)) == ["ada", "eva"]
    together = [lengths[clips].sum() * 256 / 24000 for clips in clips_to_say(buzz_corpus, None, 6).values()]
    long_enough = [name for name, seconds in zip(chosen, together) if seconds > min(together)]
    assert list(clips_to_say(buzz_corpus, None, 6, min(together) + 0.01)) == long_enough
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()
    first, again = say_clip(model, buzz_corpus, 0), say_clip(model, buzz_corpus, 0)
    assert first.style.shape == (model.config.style.hidden_size,) and np.array_equal(first.waveform, again.waveform)
    with pytest.raises(RuntimeError), emphasis_of(model, 0.9):
        assert model.config.decoder.emphasis == 0.9
        raise RuntimeError
    assert model.config.decoder.emphasis == 0.0
    assert torch.is_grad_enabled()
