"""Long recordings read a part at a time."""

import tracemalloc

import numpy as np
import pytest
import soundfile

from tests.training.data.test_clip_features import RATE, speech, wav
from valetts_hf.training.aligner.alignment_features import alignment_features, normalize_by_speaker
from valetts_hf.training.data.clip_features import AudioSettings, prepare_clip
from valetts_hf.training.data.recordings import recording_features, recording_pieces


@pytest.mark.parametrize("rate", [RATE, 16_000, 44_100])
def test_parts_give_what_the_whole_gives(rate):
    import soxr

    samples = speech(75.3, rate)
    meta, arrays = recording_features(wav(np.stack([samples, samples], axis=1), rate))
    whole = soxr.resample(samples, rate, RATE, quality="HQ").astype(np.float32)
    expected = normalize_by_speaker([alignment_features(whole)], [0])[0]
    assert meta == {"pieces": [], "recording_seconds": 75.3}
    assert abs(len(expected) - len(arrays["features"])) <= 1 and arrays["features"].dtype == np.float16
    count = min(len(expected), len(arrays["features"])) - 3
    # the constant offset is taken from each part, so that silence differs a little
    assert np.abs(expected[:count, 0] - arrays["features"][:count, 0]).mean() < 0.02


def test_stretches_are_prepared_like_clips(tmp_path):
    recording = np.concatenate([speech(3.0, seed=n) * (n + 1) / 3 for n in range(3)])
    soundfile.write(tmp_path / "long.wav", recording, RATE, subtype="FLOAT")
    spans = [(0.0, 3.0), (6.0, 9.0)]
    settings = AudioSettings()
    for audio in (tmp_path / "long.wav", wav(recording), {"array": recording, "sampling_rate": RATE}):
        meta, arrays = recording_pieces(audio, spans, settings)
        assert [(piece["span"], piece["start"]) for piece in meta["pieces"]] == [(0, 0.0), (1, 6.0)]
        parts = [
            prepare_clip({"array": recording[a * RATE : (a + 3) * RATE], "sampling_rate": RATE}, settings)
            for a in (0, 6)
        ]
        for name in ("waveform", "log_f0", "energy"):
            assert np.array_equal(arrays[name], np.concatenate([part[1][name] for part in parts]))
    meta, arrays = recording_pieces(wav(np.zeros(9 * RATE)), [(1.0, 4.0), (20.0, 22.0)], settings)
    assert meta == {"pieces": []} and len(arrays["waveform"]) == len(arrays["energy"]) == 0


def test_memory_does_not_grow_with_the_recording(tmp_path):
    path = tmp_path / "long.wav"
    part = speech(30.0)
    with soundfile.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        for _ in range(20):
            file.write(part)
    tracemalloc.start()
    meta, arrays = recording_features(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    recording_pieces(path, [(15.0 * n, 15.0 * n + 15.0) for n in (0, 20, 39)], AudioSettings())
    cut = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert meta["recording_seconds"] == 600.0 and len(arrays["features"]) == 56250
    assert peak < 130e6 and cut < 130e6, (
        f"{peak / 1e6:.0f} and {cut / 1e6:.0f} MB"
    )  # the samples alone are 58 MB as floats


@pytest.mark.parametrize(
    "samples, message",
    [(np.zeros(40 * RATE), "nothing in it but silence"), (np.full(40 * RATE, np.nan), "NaN or infinite")],
)
def test_recordings_that_cannot_be_used(samples, message):
    with pytest.raises(ValueError, match=message):
        recording_features(wav(samples))


def test_a_file_that_is_cut_off_is_said(tmp_path):
    path = tmp_path / "cut.flac"
    soundfile.write(path, speech(40.0), RATE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cannot read all of it as audio"):
        recording_features(path)
