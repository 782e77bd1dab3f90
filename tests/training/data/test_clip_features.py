"""Measures and features of single recordings, made so that the right answer is known."""

import io

import numpy as np
import pytest
import soundfile

from valetts_hf.training.data.clip_features import (
    AudioSettings,
    audio_key,
    content_digest,
    length_of,
    prepare_clip,
)
from valetts_hf.voices.clip_measures import bandwidth, measure


RATE = 24_000


def speech(seconds: float, rate: int = RATE, seed: int = 0, level: float = 0.2) -> np.ndarray:
    """Syllables of a 140 Hz tone with overtones and a little hiss; 0.15 s of pause at both ends."""
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 8))
    gate = (np.sin(2 * np.pi * 3 * time + seed) > -0.5) & (time > 0.15) & (time < seconds - 0.15)
    return (level * tone * gate + 0.001 * np.random.default_rng(seed).normal(size=len(time))).astype(np.float32)


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def measures_of(samples: np.ndarray, rate: int = RATE) -> dict:
    return measure(samples[:, None], samples, rate)


def test_noise_is_measured_against_speech():
    clean = speech(3.0)
    quiet_part = 0.2 * np.sqrt(0.5 * sum(1 / k**2 for k in range(1, 8)))
    for sigma in (0.003, 0.03):
        noisy = clean + np.random.default_rng(1).normal(0, sigma, len(clean)).astype(np.float32)
        expected = 20 * np.log10(quiet_part / np.hypot(sigma, 0.001))
        assert measures_of(noisy)["snr"] == pytest.approx(expected, abs=2.5)


def test_clipping_level_and_silence():
    clean = speech(3.0)
    assert measures_of(clean)["clipped"] == 0.0
    assert measures_of(np.clip(clean * 8, -0.99, 0.99))["clipped"] > 0.1
    assert measures_of(0.01 * clean)["clipped"] == 0.0
    assert measures_of(0.1 * clean)["level"] == pytest.approx(measures_of(clean)["level"] - 20, abs=0.3)
    padded = measures_of(np.concatenate([np.zeros(RATE, np.float32), clean, np.zeros(RATE, np.float32)]))
    assert padded["edge_silence"] == pytest.approx(2.3, abs=0.1) and padded["silence"] > 0.4
    paused = measures_of(np.concatenate([clean, np.zeros(2 * RATE, np.float32), clean]))
    assert paused["longest_pause"] == pytest.approx(2.3, abs=0.1)


@pytest.mark.parametrize("limit", [3400, 5500, 11_000])
def test_upsampled_audio_shows_where_it_ended(limit):
    import soxr

    noise = np.random.default_rng(0).normal(0, 0.1, 2 * 2 * limit).astype(np.float32)
    upsampled = soxr.resample(noise, 2 * limit, 48_000)
    assert bandwidth(upsampled, 48_000) == pytest.approx(limit, rel=0.08)
    assert bandwidth(np.zeros(1000, np.float32), RATE) == 0.0


def test_features_are_trimmed_levelled_and_whole_frames():
    clip = np.concatenate([np.zeros(RATE, np.float32), 0.05 * speech(2.0, 16_000), np.zeros(RATE, np.float32)])
    meta, arrays = prepare_clip(wav(clip, 16_000), AudioSettings())
    (piece,) = meta["pieces"]
    assert piece["sampling_rate"] == 16_000 and piece["seconds"] == pytest.approx(5.0, abs=0.01)
    assert 1.9 < piece["prepared_seconds"] < 2.1  # 1.7 s of speech with 0.15 s on both sides
    assert len(arrays["waveform"]) == 256 * piece["frames"] == 256 * len(arrays["energy"])
    assert np.exp(np.median(arrays["log_f0"][arrays["log_f0"] > 0])) == pytest.approx(140, abs=2)
    loud, _ = prepare_clip(wav(clip * 15, 16_000), AudioSettings())
    assert np.allclose(loud["pieces"][0]["contour"], piece["contour"], atol=0.5)
    kept, _ = prepare_clip(wav(clip, 16_000), AudioSettings(trim=False))
    assert kept["pieces"][0]["prepared_seconds"] == pytest.approx(5.0, abs=0.02)


def test_stereo_and_arrays_are_taken():
    mono = speech(1.0)
    stereo, _ = prepare_clip(wav(np.stack([mono, 0 * mono], axis=1)), AudioSettings())
    array, _ = prepare_clip({"array": mono, "sampling_rate": RATE}, AudioSettings())
    assert stereo["pieces"][0]["channels"] == 2 and array["pieces"][0]["channels"] == 1
    assert stereo["pieces"][0]["frames"] == array["pieces"][0]["frames"]


@pytest.mark.parametrize(
    "samples, message",
    [
        (speech(0.1), "only 0.10 s long, at least 0.3 s"),
        (np.zeros(RATE), "nothing in it but silence"),
        (np.full(RATE, np.nan), "NaN or infinite"),
    ],
)
def test_clips_that_cannot_be_used(samples, message):
    with pytest.raises(ValueError, match=message):
        prepare_clip(wav(samples), AudioSettings())


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_clips_of_the_shortest_length_are_taken(rate):
    time = np.arange(round(0.3 * rate)) / rate
    _, arrays = prepare_clip(wav(0.2 * np.sin(2 * np.pi * 150 * time), rate), AudioSettings())
    assert len(arrays["waveform"]) == 7168, "all of the whole frames in 0.3 s"


def test_lengths_are_told_by_headers_and_too_long_files_are_not_read():
    settings = AudioSettings(max_seconds=4.0, max_file_seconds=20.0)
    long = speech(15.0)
    assert length_of(wav(long), settings) == length_of({"array": long, "sampling_rate": RATE}, settings) == 15.0
    assert length_of(b"no audio", settings) == 0.0
    for audio in (wav(speech(21.0)), {"array": speech(21.0), "sampling_rate": RATE}):
        with pytest.raises(ValueError, match="minutes long, files above 0 minutes are not read: cut it into parts"):
            length_of(audio, settings)
    with pytest.raises(ValueError, match="15 s long, which its header does not say"):
        prepare_clip(wav(long), settings)


def test_keys_depend_on_content_and_settings(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert content_digest(tmp_path / "a") == content_digest(b"abc") != content_digest(b"abd")
    keys = {
        audio_key("a", AudioSettings()),
        audio_key("b", AudioSettings()),
        audio_key("a", AudioSettings(target_level=-20.0)),
    }
    assert len(keys) == 3
    with pytest.raises(ValueError, match="min_seconds=3.0 < max_seconds=2.0"):
        AudioSettings(min_seconds=3.0, max_seconds=2.0)
