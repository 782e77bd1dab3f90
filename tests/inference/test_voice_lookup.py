"""Voices: names, recordings, vectors; encoded once; clear errors."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from valetts_hf.inference import VoiceError
from valetts_hf.inference.voice_lookup import VoiceLookup


@pytest.fixture
def lookup(tts):
    return VoiceLookup(tts.model, tts.processor, cache_size=2)


@pytest.fixture
def encodings(tts, monkeypatch):
    """Counts how often a reference is encoded."""
    calls = []
    encode = tts.model.encode_style
    monkeypatch.setattr(tts.model, "encode_style", lambda *inputs: calls.append(1) or encode(*inputs))
    return calls


def test_named_voice(lookup, tts):
    style = lookup("ada")
    assert style.shape == (1, 16)
    np.testing.assert_allclose(style[0], tts.voices["ada"]["style"], atol=1e-6)


def test_default_voices(lookup, tts):
    assert torch.equal(lookup.default("pt-pt"), lookup("rui"))
    bare = VoiceLookup(tts.model, type(tts.processor)(tts.processor.feature_extractor, tts.processor.tokenizer))
    styles = tts.model.model.default_styles
    assert torch.equal(bare.default("de"), styles[[tts.languages.index("de")]])


def test_vectors_and_objects(lookup):
    vector = np.linspace(-1, 1, 16)
    kinds = (
        vector,
        vector[None],
        torch.tensor(vector),
        vector.tolist(),
        {"style": vector},
        SimpleNamespace(style=vector),
    )
    for kind in kinds:
        np.testing.assert_allclose(lookup(kind)[0], vector, atol=1e-6)


def test_a_recording_is_encoded_once(lookup, voice_wav, encodings, tmp_path):
    first = lookup(voice_wav)
    assert torch.equal(first, lookup(str(voice_wav))) and len(encodings) == 1
    copy = tmp_path / "copy.wav"
    shutil.copy(voice_wav, copy)
    assert torch.equal(first, lookup(copy)) and len(encodings) == 1  # the same content under another name


def test_a_changed_recording_is_encoded_again(lookup, voice_wav, encodings, tmp_path):
    path = tmp_path / "voice.wav"
    samples, rate = soundfile.read(voice_wav)
    soundfile.write(path, samples, rate)
    before = lookup(path)
    soundfile.write(path, samples[: 4 * rate], rate)
    os.utime(path, (1, 1))
    assert not torch.equal(before, lookup(path)) and len(encodings) == 2


def test_the_cache_forgets_the_oldest(lookup, voice_wav, encodings):
    samples, rate = soundfile.read(voice_wav)
    clips = [{"array": samples[: seconds * rate], "sampling_rate": rate} for seconds in (3, 4, 5)]
    for clip in clips:
        lookup(clip)
    lookup(clips[2])
    assert len(encodings) == 3
    lookup(clips[0])
    assert len(encodings) == 4


def test_the_audio_of_a_file_and_of_an_array_are_one_voice(lookup, voice_wav):
    samples, rate = soundfile.read(voice_wav, dtype="float32")
    from_array = lookup({"array": samples, "sampling_rate": rate})
    assert torch.allclose(from_array, lookup(voice_wav), atol=1e-3)


def test_audio_as_datasets_and_torch_hand_it_out(lookup, voice_wav, encodings):
    from_file = lookup(voice_wav)
    assert torch.equal(from_file, lookup({"bytes": voice_wav.read_bytes(), "path": None}))
    assert torch.equal(from_file, lookup({"bytes": None, "path": str(voice_wav)}))
    assert len(encodings) == 1, "the same content"
    samples, rate = soundfile.read(voice_wav, dtype="float32")
    trained = torch.from_numpy(samples).requires_grad_()
    assert torch.equal(
        lookup({"array": samples, "sampling_rate": rate}), lookup({"array": trained, "sampling_rate": rate})
    )
    half = lookup({"array": torch.from_numpy(samples).bfloat16(), "sampling_rate": rate})
    assert torch.cosine_similarity(half, from_file).item() > 0.99


def test_speaking_with_a_recording(tts, voice_wav):
    speech = tts("Good morning.", voice=voice_wav, seed=0)
    again = tts("Good morning.", voice=tts.encode_voice(voice_wav), seed=0)
    np.testing.assert_allclose(speech.waveform, again.waveform, atol=1e-5)
    other = tts("Good morning.", voice="ada", seed=0)
    assert len(other) != len(speech) or np.abs(other.waveform - speech.waveform).max() > 1e-4


@pytest.mark.parametrize(
    ("voice", "error", "message"),
    [
        ("nobody", VoiceError, "unknown voice 'nobody'.*Voices: ada, rui"),
        ("Ada", VoiceError, "Did you mean 'ada'"),
        ("missing/clip.wav", VoiceError, "unknown voice 'missing/clip.wav'.*neither a file"),
        ("missing/clip.m4a", VoiceError, "unknown voice 'missing/clip.m4a'.*neither a file"),  # no repository
        ("x" * 5000, VoiceError, "unknown voice"),
        ("a\x00b", VoiceError, "unknown voice"),
        (np.zeros(7), VoiceError, r"shape \(16,\).*got \(7,\)"),
        (np.full(16, np.nan), VoiceError, "not finite"),
        (["ada", "rui"], VoiceError, "16 numbers"),
        ({"audio": 1}, VoiceError, "needs 'array' and 'sampling_rate'"),
        ({"bytes": None, "path": None}, VoiceError, "the audio dictionary is empty"),
        ({"path": "gone.wav"}, VoiceError, "cannot read the reference audio 'gone.wav'"),
        (7, TypeError, "name of a voice.*got int"),
    ],
)
def test_bad_voices(lookup, voice, error, message):
    with pytest.raises(error, match=message):
        lookup(voice)


def test_a_folder_is_no_voice(lookup, tmp_path):
    with pytest.raises(VoiceError, match="is a folder that holds no voice.json; give the folder of a voice"):
        lookup(tmp_path)


def test_files_that_hold_no_voice(lookup, tmp_path):
    (tmp_path / "note.wav").write_text("no audio at all")
    soundfile.write(tmp_path / "silent.wav", np.zeros(48000), 24000)
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(0).normal(0, 0.1, 240), 24000)
    broken = np.random.default_rng(0).normal(0, 0.1, 48000)
    broken[100] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, 24000, subtype="FLOAT")
    for name in ("note.wav", "silent.wav", "short.wav", "nan.wav"):
        with pytest.raises(VoiceError, match=f"cannot use the reference audio .*{name}"):
            lookup(tmp_path / name)
