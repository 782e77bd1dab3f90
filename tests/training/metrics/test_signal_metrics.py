"""Metrics of pairs of waveforms, each against a slow and plain reference. S samples, F frames."""

import sys

import numpy as np
import pytest

from valetts_hf.training.metrics import cepstra, contours, perceptual, spectra
from valetts_hf.training.metrics.audio_pairs import checked_pair, mean_over_pairs
from valetts_hf.training.metrics.durations import duration_error
from valetts_hf.training.metrics.speakers import cosine_similarity, speaker_similarity


RATE = 24_000


def glide(seconds=0.6, f0=120.0, stretch=1.0, seed=0) -> np.ndarray:
    """A vowel-like buzz whose pitch and formant move; float64 [S]."""
    time = np.arange(round(seconds * stretch * RATE)) / RATE / stretch
    pitch = f0 * (1 + 0.2 * np.sin(2 * np.pi * 1.5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    audio = np.zeros_like(time)
    for harmonic in range(1, 30):
        centre = 500 + 900 * time / seconds
        audio += np.exp(-(((harmonic * f0 - centre) / 300) ** 2)) * np.sin(harmonic * phase)
    audio += 0.01 * np.random.default_rng(seed).standard_normal(len(time))
    return 0.5 * audio / np.abs(audio).max()


@pytest.mark.parametrize("alpha", [0.0, 0.46])
def test_warping_keeps_the_spectrum_on_the_warped_axis(alpha):
    cepstrum = np.random.default_rng(0).standard_normal(9) * 0.5 ** np.arange(9)
    warped = cepstra.warping_matrix(9, 60, alpha) @ cepstrum
    omega = np.linspace(0, np.pi, 50)
    axis = omega + 2 * np.arctan2(alpha * np.sin(omega), 1 - alpha * np.cos(omega))
    before = sum(c * np.cos(m * omega) for m, c in enumerate(cepstrum))
    after = sum(c * np.cos(m * axis) for m, c in enumerate(warped))
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_mel_cepstrum_describes_the_envelope():
    import pyworld

    waveform = glide()
    cepstrum = cepstra.mel_cepstrum(waveform, RATE, order=60)
    assert cepstrum.shape == (len(waveform) // 120, 61)
    frame = len(cepstrum) // 2
    log_f0 = contours.extract_log_f0(waveform, RATE, 120).astype(np.float64)
    times = (np.arange(len(log_f0)) + 0.5) * 120 / RATE
    envelope = pyworld.cheaptrick(waveform, np.where(log_f0 > 0, np.exp(log_f0), 0.0), times, RATE)[frame]
    omega = np.linspace(0, np.pi, len(envelope))
    axis = omega + 2 * np.arctan2(0.46 * np.sin(omega), 1 - 0.46 * np.cos(omega))
    described = sum(c * np.cos(m * axis) for m, c in enumerate(cepstrum[frame]))
    # the highest frequencies, which the warping crowds, are described most coarsely
    assert np.abs(described - 0.5 * np.log(envelope)).mean() < 0.15


def test_cepstral_distance_is_the_published_formula():
    predicted, reference = np.array([[9.0, 1.0, 2.0]]), np.array([[0.0, 0.0, 4.0]])
    expected = 10 / np.log(10) * np.sqrt(2 * (1.0 + 4.0))
    np.testing.assert_allclose(cepstra.cepstral_distance(predicted, reference), [expected])


def test_distortion_ignores_the_level_and_hears_the_spectrum():
    waveform = glide()
    same = cepstra.mel_cepstral_distortion(waveform * 0.5, waveform, RATE)
    other = cepstra.mel_cepstral_distortion(glide(f0=190.0, seed=1), waveform, RATE)
    assert same < 0.05 < 1.0 < other


def test_alignment_forgives_another_timing():
    waveform, slow = glide(), glide(stretch=1.3)
    aligned = cepstra.mel_cepstral_distortion(slow, waveform, RATE)
    assert aligned < 0.7 * cepstra.mel_cepstral_distortion(slow, waveform, RATE, align=False)


def test_warping_path_is_the_cheapest():
    random = np.random.default_rng(3)
    first, second = random.standard_normal((9, 2)), random.standard_normal((7, 2))
    cost = np.linalg.norm(first[:, None] - second[None], axis=2)
    total = np.full((10, 8), np.inf)
    total[0, 0] = 0.0
    for i in range(9):
        for j in range(7):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i + 1, j], total[i, j + 1])
    path = cepstra.warping_path(first, second)
    assert tuple(path[0]) == (0, 0) and tuple(path[-1]) == (8, 6)
    assert set(map(tuple, np.diff(path, axis=0))) <= {(0, 1), (1, 0), (1, 1)}
    assert cost[path[:, 0], path[:, 1]].sum() == pytest.approx(total[9, 7])


def test_cepstra_of_what_has_none():
    with pytest.raises(ValueError, match="no warping is known for 8000 Hz"):
        cepstra.mel_cepstrum(glide(), 8000)
    with pytest.raises(ValueError, match="shorter than one frame of 120"):
        cepstra.mel_cepstrum(np.zeros(50), RATE)


def test_f0_comparison_by_hand():
    predicted = np.log([100.0, 200.0, 1.0, 150.0, 1.0])
    reference = np.log([100.0, 100.0, 120.0, 1.0, 1.0])
    result = contours.compare_f0(predicted, reference)
    assert result["f0_rmse_hz"] == pytest.approx(np.sqrt((0 + 100**2) / 2))
    assert result["f0_rmse_cents"] == pytest.approx(np.sqrt(1200**2 / 2))
    assert np.isnan(result["f0_correlation"])  # the reference is flat where both are voiced
    assert result["voicing_error"] == pytest.approx(2 / 5)
    assert result["voicing_f1"] == pytest.approx(2 * 2 / (3 + 3))
    rising, falling = np.log([100.0, 110, 120]), np.log([130.0, 120, 110])
    assert contours.compare_f0(rising, falling)["f0_correlation"] == pytest.approx(-1.0, abs=0.01)
    nothing = contours.compare_f0(np.zeros(3), np.zeros(3))
    assert np.isnan(nothing["f0_rmse_hz"]) and np.isnan(nothing["voicing_f1"]) and nothing["voicing_error"] == 0.0
    with pytest.raises(ValueError, match="align first"):
        contours.compare_f0(np.zeros(3), np.zeros(4))


def test_periodicity_agrees_with_plain_loops():
    waveform = np.concatenate([glide(0.15), 0.3 * np.random.default_rng(0).standard_normal(2400), np.zeros(2400)])
    values = contours.periodicity(waveform, RATE)
    window, shortest, longest = 600, int(RATE / 550), 400
    left = (window + longest - 120) // 2
    padded = np.concatenate([np.zeros(left), waveform, np.zeros(2000)])
    for frame in (5, 15, 37):
        piece = padded[frame * 120 : frame * 120 + window + longest]
        head, best = piece[:window], 0.0
        for lag in range(shortest, longest + 1):
            tail = piece[lag : lag + window]
            best = max(best, head @ tail / np.sqrt((head @ head) * (tail @ tail)))
        assert values[frame] == pytest.approx(min(best, 1.0), abs=1e-6)
    assert values[15] > 0.9 and values[37] < 0.5 and values[-1] == 0.0
    assert len(values) == len(waveform) // 120


def test_f0_error_of_recordings():
    waveform, slow = glide(), glide(stretch=1.3)
    same = contours.f0_error(waveform, waveform, RATE)
    assert same["f0_rmse_cents"] == 0.0 and same["periodicity_rmse"] == 0.0 and same["voicing_f1"] == 1.0
    aligned = contours.f0_error(slow, waveform, RATE)
    assert aligned["f0_rmse_cents"] < 60 and aligned["f0_correlation"] > 0.9
    assert aligned["voicing_error"] < 0.05 < contours.f0_error(slow, waveform, RATE, align=False)["voicing_error"]


def test_periodicity_and_voicing_of_copies():
    voiced = glide()
    half = voiced.copy()
    half[: len(half) // 2] = 0.1 * np.random.default_rng(1).standard_normal(len(half) // 2)  # where WORLD hears pitch
    whole = contours.f0_error(half, voiced, align=False)
    assert contours.periodicity_error(half, voiced) == whole["periodicity_rmse"] > 0.2
    assert contours.voicing_f1(half, voiced) == whole["voicing_f1"] < 0.9
    assert contours.periodicity_error(voiced, voiced[:-500]) < 0.05 and contours.voicing_f1(voiced, voiced) == 1.0


def test_duration_error_by_hand():
    result = duration_error([2, 4, 6], [1, 4, 8], milliseconds_per_frame=10.0)
    assert result["duration_mae_ms"] == pytest.approx(10.0)
    assert result["duration_rmse_ms"] == pytest.approx(10 * np.sqrt(5 / 3))
    assert result["duration_ratio"] == pytest.approx(12 / 13)
    assert result["duration_correlation"] == pytest.approx(np.corrcoef([2, 4, 6], [1, 4, 8])[0, 1])
    assert np.isnan(duration_error([2, 2], [1, 3])["duration_correlation"])
    with pytest.raises(ValueError, match="one shape"):
        duration_error([1, 2], [1])
    with pytest.raises(ValueError, match="0 frames or more"):
        duration_error([1], [0])


def test_stft_distance_agrees_with_plain_loops():
    predicted, reference = glide(0.2), glide(0.2, f0=150.0)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)

    def magnitudes(signal):
        padded = np.pad(signal, 256, mode="reflect")
        rows = [np.abs(np.fft.rfft(padded[i : i + 512] * window)) for i in range(0, len(padded) - 511, 128)]
        return np.maximum(np.array(rows), 1e-5)

    got, wanted = magnitudes(predicted), magnitudes(reference)
    result = spectra.stft_distance(predicted, reference, resolutions=((512, 128),))
    assert result["spectral_convergence"] == pytest.approx(
        np.linalg.norm(wanted - got) / np.linalg.norm(wanted), rel=1e-3
    )
    assert result["log_stft_distance"] == pytest.approx(np.abs(np.log(got) - np.log(wanted)).mean(), rel=1e-3)
    assert result["stft_distance"] == pytest.approx(result["spectral_convergence"] + result["log_stft_distance"])


def test_mel_distance_is_in_natural_logarithms():
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE // 2)
    assert spectra.mel_distance(noise, noise) == 0.0
    assert spectra.mel_distance(noise * np.e, noise) == pytest.approx(1.0, abs=1e-3)


def test_pesq_and_stoi_are_those_of_the_libraries(voice_wav):
    pesq, pystoi = pytest.importorskip("pesq"), pytest.importorskip("pystoi")
    import soundfile
    import soxr

    recording, rate = soundfile.read(voice_wav)
    recording = soxr.resample(recording, rate, 16_000)[: 2 * 16_000]
    noisy = recording + 0.02 * np.random.default_rng(0).standard_normal(len(recording))
    expected = pesq.pesq(16_000, recording.astype(np.float32), noisy.astype(np.float32), "wb")
    assert perceptual.pesq_score(noisy, recording, 16_000) == pytest.approx(expected)
    assert perceptual.pesq_score(recording, recording, 16_000) > 4.5 > expected
    assert perceptual.stoi_score(noisy, recording, 16_000) == pytest.approx(pystoi.stoi(recording, noisy, 16_000))
    assert perceptual.stoi_score(noisy, recording, 16_000, extended=True) < 1.0
    assert np.isnan(perceptual.pesq_score(np.zeros(16_000), np.zeros(16_000), 16_000))
    with pytest.raises(ValueError, match="mode='full' is unknown"):
        perceptual.pesq_score(noisy, recording, 16_000, mode="full")


@pytest.mark.parametrize(("module", "function"), [("pesq", "pesq_score"), ("pystoi", "stoi_score")])
def test_optional_libraries_are_named_when_missing(monkeypatch, module, function):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"pip install {module}"):
        getattr(perceptual, function)(glide(), glide(), RATE)


def test_speaker_similarity_is_the_cosine_of_the_embeddings():
    def embedder(waveform, sampling_rate):
        assert sampling_rate == RATE and waveform.dtype == np.float32
        return np.array([waveform[0], waveform[1]])

    first, second = np.array([3.0, 4.0]) / 10, np.array([4.0, 3.0]) / 10
    assert speaker_similarity([first], [second], embedder, RATE) == pytest.approx([24 / 25])
    assert cosine_similarity([1.0, 0.0], [-2.0, 0.0]) == -1.0
    with pytest.raises(ValueError, match="1 predictions cannot be compared with 0"):
        speaker_similarity([first], [], embedder)
    with pytest.raises(ValueError, match="two vectors"):
        cosine_similarity([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="all zeros"):
        cosine_similarity([0.0], [1.0])


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        (np.zeros((1, 5)), "predicted has shape \\(1, 5\\)"),
        (np.zeros(0), "predicted has shape \\(0,\\)"),
        (np.zeros(5, dtype=np.int16), "predicted has dtype int16"),
        (np.full(5, np.nan), "not finite"),
        (np.zeros(4), "4 samples and reference 5: this metric needs speech with the timing"),
    ],
)
def test_waveforms_that_cannot_be_compared(predicted, message):
    with pytest.raises(ValueError, match=message):
        checked_pair(predicted, np.zeros(5), same_length=True)


def test_means_leave_out_what_a_pair_does_not_have():
    nan = float("nan")
    means = mean_over_pairs([{"a": 1.0, "b": nan}, {"a": nan, "b": nan}, {"a": 4.0, "b": nan}])
    assert means["a"] == 2.5 and np.isnan(means["b"])
    with pytest.raises(ValueError, match="no pair"):
        mean_over_pairs([])
