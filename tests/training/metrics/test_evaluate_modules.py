"""Every folder of metrics loads with `evaluate.load(<folder>)` without network and gives what its function gives."""

import socket

import numpy as np
import pytest

from valetts_hf.training.metrics import METRICS, metric_path
from valetts_hf.training.metrics.cepstra import mel_cepstral_distortion
from valetts_hf.training.metrics.contours import f0_error, periodicity_error, voicing_f1
from valetts_hf.training.metrics.durations import duration_error
from valetts_hf.training.metrics.perceptual import pesq_score, stoi_score
from valetts_hf.training.metrics.spectra import mel_distance, stft_distance


evaluate = pytest.importorskip("evaluate")


@pytest.fixture
def load(monkeypatch, tmp_path):
    """`evaluate.load` of a metric by name, with no way out."""

    def refuse(*arguments, **keywords):
        raise AssertionError("a metric went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    return lambda name: evaluate.load(metric_path(name), cache_dir=str(tmp_path), keep_in_memory=True)


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(0)
    time = np.arange(12_000) / 24_000
    clean = [sum(np.sin(2 * np.pi * f0 * k * time) / k for k in range(1, 9)) * 0.1 for f0 in (110, 180)]
    references = [waveform.astype(np.float32) for waveform in clean]
    noisy = [(waveform + 0.01 * random.standard_normal(len(time))).astype(np.float32) for waveform in clean]
    return noisy, references


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_loads_and_describes_itself(load, name):
    metric = load(name)
    assert metric.name == name and metric.description and metric.citation


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mel_cepstral_distortion", lambda p, r: {"mel_cepstral_distortion": mel_cepstral_distortion(p, r)}),
        ("f0_error", f0_error),
        ("periodicity_error", lambda p, r: {"periodicity_rmse": periodicity_error(p, r)}),
        ("voicing_f1", lambda p, r: {"voicing_f1": voicing_f1(p, r)}),
        ("mel_distance", lambda p, r: {"mel_distance": mel_distance(p, r)}),
        ("stft_distance", stft_distance),
        ("pesq_score", lambda p, r: {"pesq": pesq_score(p, r)}),
        ("stoi_score", lambda p, r: {"stoi": stoi_score(p, r)}),
    ],
)
def test_metrics_of_recordings_are_means_of_their_functions(load, pairs, name, function):
    for library in {"pesq_score": ["pesq"], "stoi_score": ["pystoi"]}.get(name, []):
        pytest.importorskip(library)
    got = load(name).compute(predictions=pairs[0], references=pairs[1])
    rows = [function(p, r) for p, r in zip(*pairs, strict=True)]
    assert got == pytest.approx({key: np.mean([row[key] for row in rows]) for key in rows[0]}, nan_ok=True)


def test_durations(load):
    got = load("duration_error").compute(predictions=[[1, 2, 3]], references=[[1, 2, 5]])
    assert got == pytest.approx(duration_error([1, 2, 3], [1, 2, 5]))


def test_transcripts_as_text_or_through_a_transcriber(load, pairs):
    metric = load("word_error_rate")
    assert metric.compute(predictions=["hello word 3"], references=["Hello, world three."], language="en-us") == {
        "wer": pytest.approx(1 / 3)
    }
    heard = []

    def transcriber(waveform, sampling_rate, language):
        heard.append((len(waveform), sampling_rate, language))
        return "one"

    options = {"predictions": pairs[0], "references": ["one", "two"], "transcriber": transcriber}
    assert metric.compute(**options, sampling_rate=24_000, language=["de", "en-us"]) == {"wer": 0.5}
    assert heard == [(12_000, 24_000, "de"), (12_000, 24_000, "en-us")]
    assert load("character_error_rate").compute(predictions=["abcd"], references=["abce"]) == {"cer": 0.25}
    with pytest.raises(ValueError, match="waveforms need a transcriber"):
        load("character_error_rate").compute(predictions=pairs[0], references=["one", "two"])


def test_phonemes(load):
    got = load("phoneme_error_rate").compute(predictions=["hɛlo"], references=["hˈɛləʊ"])
    assert got == {"per": pytest.approx(2 / 5)}


def test_speakers(load, pairs):
    metric = load("speaker_similarity")
    options = {"predictions": pairs[0], "references": pairs[1]}
    got = metric.compute(**options, embedder=lambda waveform, rate: np.abs(np.fft.rfft(waveform)))
    assert 0.9 < got["speaker_similarity"] < 1.0
    with pytest.raises(ValueError, match="needs an embedder"):
        load("speaker_similarity").compute(**options)


def test_unknown_metric_names_the_others():
    with pytest.raises(ValueError, match="no metric 'mos'; the metrics are character_error_rate"):
        metric_path("mos")
