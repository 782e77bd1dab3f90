"""Voices keep their height in the languages that their speakers were never recorded in."""

import dataclasses

import numpy as np
import pytest
import torch

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training import voice_pitch
from valetts_hf.training.voice_pitch import VoicePitchFit, keep_voice_pitch


@pytest.fixture
def two_languages(buzz_corpus):
    """Two speakers, ada at 100 Hz in one language and rui at 200 Hz, buzzing brighter, in another; every clip has its sounds."""
    waveforms, speakers = buzz_corpus.waveforms.copy(), np.minimum(buzz_corpus.speaker_ids, 1)
    for clip in np.flatnonzero(speakers == 1):
        place = slice(*buzz_corpus.sample_offsets[clip : clip + 2])
        waveforms[place] = np.diff(waveforms[place].astype(np.float64), prepend=0) / 2
    log_f0 = np.log(np.where(speakers == 0, 100.0, 200.0)).astype(np.float32)
    languages = ["en-us" if speaker == 0 else "de" for speaker in speakers]
    return dataclasses.replace(
        buzz_corpus,
        waveforms=waveforms,
        log_f0=np.repeat(log_f0, buzz_corpus.frame_lengths),
        speaker_ids=speakers.astype(np.int32),
        speakers=["ada", "rui"],
        languages=languages,
        language_ids=speakers.astype(np.int32),
    )


@pytest.fixture
def model(tiny_checkpoint):
    return ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()


def test_only_the_height_is_learned_and_only_by_the_predictor(model, two_languages, monkeypatch):
    monkeypatch.setattr(voice_pitch, "LEARNING_RATE", 5e-3)
    monkeypatch.setattr(voice_pitch, "FEWEST_VOICED", 10)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():  # as `build_checkpoint.py` calls it
        fit = keep_voice_pitch(model, two_languages, steps=150)
    assert isinstance(fit, VoicePitchFit) and fit.speakers == 2
    assert fit.after < 0.5 * fit.before, fit
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("model.prosody_predictor.") for name in changed)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_course_of_the_pitch_and_all_else_are_kept(model, two_languages, monkeypatch):
    """The loss is 0 for a predictor that gives what the one before gave, moved to the height of the voice, and not for others."""
    monkeypatch.setattr(voice_pitch, "FEWEST_VOICED", 10)
    voices = voice_pitch._references(model, two_languages, 0)
    assert set(voices.heights.exp().round().tolist()) == {100.0, 200.0} and set(voices.languages) == {"en-us", "de"}
    texts = voice_pitch._texts_by_language(two_languages)
    groups = voice_pitch._Groups(model, two_languages, voices, texts)
    taught, rows = model.model.prosody_predictor, np.arange(len(voices.styles))
    wanted = {
        tuple(style.tolist()): float(height) for style, height in zip(voices.styles, voices.heights, strict=True)
    }

    def moved(bend=0.0, louder=0.0):
        def predict(states, styles, mask):
            old = taught(states, styles, mask)
            heights = torch.tensor([wanted[tuple(style.tolist())] for style in styles[:: voice_pitch.TEXTS]])
            shift = (heights - voice_pitch._heights(old, mask)).repeat_interleave(voice_pitch.TEXTS)[:, None]
            ramp = torch.linspace(-bend, bend, old.log_pitch.shape[1])
            return dataclasses.replace(old, log_pitch=old.log_pitch + shift + ramp, energy=old.energy + louder)

        return predict

    def loss(predictor):
        return float(groups.loss(predictor, taught, rows, np.random.default_rng(0)).detach())

    assert loss(moved()) == pytest.approx(0, abs=1e-5)
    assert loss(moved(bend=0.1)) > 0.02 and loss(moved(louder=0.5)) == pytest.approx(0.1, abs=1e-4)
    assert loss(taught) > 0.1


def test_one_language_has_nothing_to_learn_from(model, buzz_corpus):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert keep_voice_pitch(model, buzz_corpus, steps=2) is None
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_speakers_with_few_recordings_are_left_out_and_measured(model, two_languages, monkeypatch):
    """One of eight who were heard once; never one who was heard often."""
    monkeypatch.setattr(voice_pitch, "FEWEST_VOICED", 10)
    monkeypatch.setattr(voice_pitch, "REFERENCES", 4)
    corpus = dataclasses.replace(
        two_languages,
        speaker_ids=np.array([*range(8), 8, 8, 8, 8], dtype=np.int32),
        speakers=[f"reader{number}" for number in range(9)],
    )
    seen = {}

    class Groups(voice_pitch._Groups):
        def loss(self, predictor, taught, learned, random):
            seen["learned"] = set(self.voices.speakers[learned].tolist())
            return super().loss(predictor, taught, learned, random)

        def error(self, predictor, measured, seed):
            seen["measured"] = set(self.voices.speakers[measured].tolist())
            return super().error(predictor, measured, seed)

    monkeypatch.setattr(voice_pitch, "_Groups", Groups)
    keep_voice_pitch(model, corpus, steps=1)
    assert seen == {"learned": {*range(7), 8}, "measured": {7}}
