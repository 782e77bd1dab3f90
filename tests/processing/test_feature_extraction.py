"""Reference audio: every source and format, the cleaning, the spectrogram, and every error message."""

import io
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile
import torch

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.processing import audio_cleanup, audio_input
from valetts_hf.processing.audio_mel import log_mel_spectrogram, mel_filters
from valetts_hf.processing.feature_extraction_valetts import ValeTTSFeatureExtractor


RATE = 24000


def voice(seconds: float = 2.0, rate: int = RATE, level: float = 0.2, seed: int = 0) -> np.ndarray:
    """Something with the pitch, harmonics and syllables of speech, float32 (S,)."""
    time = np.arange(round(seconds * rate)) / rate
    pitch = 120.0 + 15.0 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * 2.0 * time))
    noise = np.random.default_rng(seed).normal(0, 0.01, len(time))
    return (level * (0.3 * tone * syllables + noise)).astype(np.float32)


def wav_bytes(samples: np.ndarray, rate: int = RATE, **options) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **{"format": "WAV", "subtype": "PCM_16", **options})
    return buffer.getvalue()


@pytest.fixture(scope="module")
def extractor():
    return ValeTTSFeatureExtractor()


# ---------------------------------------------------------------------------------------------------------- spectrogram


def test_filters_are_those_of_librosa():
    librosa = pytest.importorskip("librosa")
    expected = librosa.filters.mel(
        sr=RATE, n_fft=1024, n_mels=100, fmin=0, fmax=12000, htk=False, norm="slaney", dtype=np.float64
    )
    np.testing.assert_allclose(mel_filters(), expected.T, atol=1e-12)


def test_spectrogram_matches_a_rewrite_in_torch():
    waveform = torch.from_numpy(voice(1.3)).double()
    padded = torch.nn.functional.pad(waveform[None, None], (384, 384), mode="reflect")[0, 0]
    spectrum = torch.stft(
        padded, 1024, 256, window=torch.hann_window(1024, dtype=torch.float64), center=False, return_complex=True
    )
    magnitude = torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)
    expected = torch.log(torch.clamp(torch.from_numpy(mel_filters().copy()).T @ magnitude, min=1e-5)).T
    np.testing.assert_allclose(log_mel_spectrogram(waveform.numpy()), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("samples", [24000, 24001, 24255, 24256, 400])
def test_spectrogram_is_that_of_the_model(samples):
    waveform = voice(1.5)[:samples]
    ours = log_mel_spectrogram(waveform)
    theirs = LogMelSpectrogram(RATE, 1024, 256, 100)(torch.from_numpy(waveform)[None])[0].numpy()
    assert ours.shape == (samples // 256, 100) == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=2e-4)  # theirs is computed in float32


def test_spectrogram_refuses_what_it_cannot_pad():
    with pytest.raises(ValueError, match="more than 384 samples, got 384"):
        log_mel_spectrogram(np.zeros(384))
    with pytest.raises(ValueError, match=r"shape \(2, 500\)"):
        log_mel_spectrogram(np.zeros((2, 500)))


# --------------------------------------------------------------------------------------------------------------- sources


def sources(tmp_path):
    """The same clip in every shape a person may hold it in: name -> (source, sampling_rate)."""
    clip = (np.round(voice() * 32767) / 32767).astype(np.float32)  # exact in 16 bits
    path = tmp_path / "voice.wav"
    soundfile.write(path, clip, RATE, subtype="FLOAT")
    torchaudio_style = torch.from_numpy(clip)[None]
    int16 = np.round(clip * 32768).astype(np.int16)

    class Decoder:  # what a `datasets` Audio column yields when torchcodec is installed
        def get_all_samples(self):
            return type("Samples", (), {"data": torchaudio_style, "sample_rate": RATE})()

    return {
        "path": (str(path), None),
        "pathlib": (path, None),
        "path and its rate": (path, RATE),
        "bytes": (path.read_bytes(), None),
        "file object": (io.BytesIO(path.read_bytes()), None),
        "float64": (clip.astype(np.float64), RATE),
        "float16": (clip.astype(np.float16), RATE),
        "int16": (int16, RATE),
        "int32": ((clip * 2.0**31).astype(np.int32), RATE),
        "list": (clip.tolist(), RATE),
        "tensor": (torchaudio_style, RATE),
        "bfloat16 tensor with gradient": (torchaudio_style.bfloat16().requires_grad_(), RATE),
        "datasets array": ({"array": clip, "sampling_rate": RATE, "path": None}, None),
        "datasets bytes": ({"bytes": path.read_bytes(), "path": "voice.wav"}, None),
        "datasets path": ({"bytes": None, "path": str(path)}, None),
        "decoder": (Decoder(), None),
    }


SOURCE_NAMES = (
    "path|pathlib|path and its rate|bytes|file object|float64|float16|int16|int32|list|tensor|"
    "bfloat16 tensor with gradient|datasets array|datasets bytes|datasets path|decoder"
).split("|")


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_sources_agree(name, tmp_path, extractor):
    source, rate = sources(tmp_path)[name]
    expected = extractor.load(voice(), RATE)
    loaded = extractor.load(source, rate)
    assert loaded.dtype == np.float32 and loaded.shape == expected.shape
    tolerance = {"float16": 2e-3, "bfloat16 tensor with gradient": 5e-3}.get(name, 2e-4)
    np.testing.assert_allclose(loaded, expected, atol=tolerance)


def test_every_source_is_tested(tmp_path):
    assert set(sources(tmp_path)) == set(SOURCE_NAMES)


@pytest.mark.parametrize("options", [{"format": "FLAC"}, {"format": "OGG", "subtype": "VORBIS"}, {"format": "MP3"}])
def test_compressed_files(options, extractor):
    data = wav_bytes(voice(), **{"subtype": None, **options})
    mel = extractor(data, return_tensors="np")["reference_mel"][0]
    expected = extractor(voice(), RATE, return_tensors="np")["reference_mel"][0]
    frames = min(len(mel), len(expected))
    assert abs(len(mel) - len(expected)) < 10  # encoders add some milliseconds
    assert np.abs(mel[:frames].mean(0) - expected[:frames].mean(0))[:60].max() < 0.5


def test_unsigned_8_bit_rests_at_128():
    floats = audio_cleanup.as_float(np.array([0, 128, 255], dtype=np.uint8))
    np.testing.assert_allclose(floats, [-1.0, 0.0, 127 / 128])


class _Answer(BaseHTTPRequestHandler):
    def __init__(self, data, *args):
        self.data = data
        super().__init__(*args)

    def do_GET(self):
        found = self.path == "/voice.wav"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(self.data if found else b"no")

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answer, wav_bytes(voice())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_url(web, extractor, monkeypatch):
    np.testing.assert_allclose(extractor.load(f"{web}/voice.wav"), extractor.load(voice(), RATE), atol=2e-4)
    with pytest.raises(ConnectionError, match="none.wav.*404.*check the address"):
        extractor.load(f"{web}/none.wav")
    monkeypatch.setattr(audio_input, "URL_MAX_BYTES", 1 << 10)
    with pytest.raises(ValueError, match="more than 0 MB"):
        extractor.load(f"{web}/voice.wav")


# -------------------------------------------------------------------------------------------------------------- cleaning


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_any_rate(rate, extractor):
    mel = extractor(voice(rate=rate), rate, return_tensors="np")["reference_mel"][0]
    expected = extractor(voice(), RATE, return_tensors="np")["reference_mel"][0]
    assert abs(len(mel) - len(expected)) <= 2
    assert np.abs(mel.mean(0) - expected[: len(mel)].mean(0))[:40].max() < 0.2  # below 2.6 kHz


@pytest.mark.parametrize("channels_first", [True, False])
def test_stereo_and_eight_channels(channels_first, extractor):
    expected = extractor.load(voice(), RATE)
    for gains in ([1, 1], [1, 0], [0.5, 0, 0, 0, 0, 0, 0, 0], [1, 1e-3, 1, 1, 1e-3, 1, 1, 1], [1, -1]):
        samples = np.outer(np.array(gains, dtype=np.float32), voice())
        loaded = extractor.load(samples if channels_first else samples.T, RATE)
        np.testing.assert_allclose(loaded, expected, atol=1e-4, err_msg=str(gains))


def test_stereo_file(extractor):
    data = wav_bytes(np.stack([voice(), 0 * voice()], axis=1))
    np.testing.assert_allclose(extractor.load(data), extractor.load(voice(), RATE), atol=2e-4)


@pytest.mark.parametrize("gain", [0.003, 0.1, 1.0, 50.0])
def test_level_does_not_matter(gain, extractor):
    loaded = extractor.load(voice() * np.float32(gain), RATE)
    np.testing.assert_allclose(loaded, extractor.load(voice(), RATE), atol=1e-4)
    levels = audio_cleanup.frame_levels(loaded, RATE)
    active = levels[levels > levels.max() - 30]
    assert abs(10 * np.log10(np.mean(10 ** (active / 10))) - -23.0) < 0.3


def test_level_can_be_kept_and_never_clips():
    kept = ValeTTSFeatureExtractor(target_level=None, trim_silence=False).load(voice(), RATE)
    np.testing.assert_allclose(kept, voice() - voice().mean(), atol=1e-6)
    assert np.abs(ValeTTSFeatureExtractor(target_level=-3.0).load(voice(), RATE)).max() <= 0.99


def test_offset_is_removed(extractor):
    np.testing.assert_allclose(extractor.load(voice() + 0.25, RATE), extractor.load(voice(), RATE), atol=1e-4)


def test_silence_at_the_ends_is_trimmed_to_a_margin(extractor):
    rest = np.random.default_rng(1).normal(0, 1e-5, RATE).astype(np.float32)
    click = rest.copy()
    click[4000:4100] = np.random.default_rng(2).uniform(0.0, 0.9, 100)
    for padding in (rest, click, 0 * rest):
        loaded = extractor.load(np.concatenate([padding, voice(), padding]), RATE)
        assert abs(len(loaded) / RATE - 2.2) < 0.05  # 2 s of speech and twice 0.1 s
    untrimmed = ValeTTSFeatureExtractor(trim_silence=False).load(np.concatenate([rest, voice(), rest]), RATE)
    assert len(untrimmed) == 4 * RATE


def test_short_speech_in_a_long_silence_is_found(extractor):
    silence = np.zeros(20 * RATE, dtype=np.float32)
    loaded = extractor.load(np.concatenate([silence, voice(1.0), silence]), RATE)
    assert abs(len(loaded) / RATE - 1.2) < 0.05


@pytest.mark.parametrize("as_file", [True, False])
def test_long_audio_is_cut_to_the_part_with_the_most_speech(as_file, extractor):
    long = np.zeros(600 * 8000, dtype=np.float32)
    long[300 * 8000 : 330 * 8000] = voice(30, rate=8000)
    long[100 * 8000 : 101 * 8000] = voice(1, rate=8000, level=0.9)  # louder, but short
    source, rate = (wav_bytes(long, 8000), None) if as_file else (np.stack([long, long]), 8000)
    with pytest.warns(UserWarning, match=r"600 s long \(more than 60 s\): only the 30 s .* from 300.0 s on"):
        loaded = extractor.load(source, rate)
    assert len(loaded) == 30 * RATE
    reference = extractor.load(voice(30, rate=8000), 8000)
    assert abs(np.corrcoef(loaded, reference[: len(loaded)])[0, 1]) > 0.99


def test_clipped_audio_warns(extractor):
    clipped = np.clip(voice() * 20, -0.8, 0.8)
    with pytest.warns(UserWarning, match="% of the reference audio is clipped .* record it again with less gain"):
        extractor.load(clipped, RATE)


def test_clean_audio_does_not_warn(extractor, recwarn):
    extractor.load(voice(), RATE)
    extractor.load(np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE), RATE)
    assert not recwarn.list


# ---------------------------------------------------------------------------------------------------------------- batch


def test_batch_is_padded_and_masked(extractor):
    batch = extractor([voice(1.0), voice(2.0)], RATE, return_tensors="pt")
    mel, mask = batch["reference_mel"], batch["reference_mask"]
    assert mel.dtype == torch.float32 and mask.dtype == torch.int64
    assert mel.shape == (2, mask.shape[1], 100)
    short = extractor(voice(1.0), RATE, return_tensors="pt")["reference_mel"][0]
    assert mask[0].sum() == len(short) and mask[1].sum() == mask.shape[1]
    torch.testing.assert_close(mel[0, : len(short)], short, rtol=0, atol=0)
    assert (mel[0, len(short) :] == 0).all()


def test_padding_options(extractor):
    clips = [voice(1.0), voice(2.0)]
    ragged = extractor(clips, RATE, padding=False)
    assert [len(row) for row in ragged["reference_mel"]] == [len(row) for row in ragged["reference_mask"]]
    assert len(ragged["reference_mel"][0]) < len(ragged["reference_mel"][1])
    fixed = extractor(clips, RATE, padding="max_length", max_length=50, truncation=True, return_tensors="np")
    assert fixed["reference_mel"].shape == (2, 50, 100) and fixed["reference_mask"].shape == (2, 50)
    multiple = extractor(clips, RATE, pad_to_multiple_of=64, return_tensors="np")
    assert multiple["reference_mel"].shape[1] % 64 == 0
    assert "reference_mask" not in extractor(clips, RATE, return_attention_mask=False)


def test_saved_settings_come_back(tmp_path):
    first = ValeTTSFeatureExtractor(target_level=None, min_seconds=0.3)
    first.save_pretrained(tmp_path)
    second = ValeTTSFeatureExtractor.from_pretrained(tmp_path)
    assert second.to_dict() == first.to_dict()
    np.testing.assert_array_equal(second.load(voice(), RATE), first.load(voice(), RATE))


# --------------------------------------------------------------------------------------------------------------- errors

BAD_ARRAYS = [
    (np.zeros(0), RATE, ValueError, r"the audio is empty \(shape \(0,\)\): give at least 0.5 s"),
    (np.zeros((2, 0)), RATE, ValueError, "empty"),
    (np.zeros(RATE), RATE, ValueError, r"silent \(largest amplitude 0.0e\+00 of 1.0\): record it again, louder"),
    (np.full(RATE, 0.3), RATE, ValueError, "silent"),
    (voice(0.1), RATE, ValueError, r"only 0.\d+ s of speech \(0.10 s in all\): give at least 0.5 s, best 5-6 s"),
    (voice()[:3], RATE, ValueError, "0.00 s of speech"),
    (
        voice(),
        None,
        ValueError,
        r"sampling rate of the audio array of shape \(48000,\) is not known: pass sampling_rate=",
    ),
    (voice(), 24, ValueError, "2000 to 768000 Hz, got 24: 24 kHz is 24000"),
    (voice(), "24000", TypeError, "whole number in Hz such as 24000, got '24000'"),
    (voice(), 22050.5, TypeError, "whole number in Hz"),
    (voice(), True, TypeError, "whole number in Hz"),
    (np.zeros((2, 3, 4)), RATE, ValueError, r"shape \(samples,\) or \(channels, samples\), got \(2, 3, 4\)"),
    (np.zeros((500, 100)), RATE, ValueError, "would have 100 channels, at most 32"),
    (np.array("hello"), RATE, TypeError, "is not audio"),
    (np.zeros(RATE, dtype=complex), RATE, TypeError, "dtype complex128 is not audio"),
    (np.ones(RATE, dtype=bool), RATE, TypeError, "dtype bool is not audio"),
    (17, RATE, TypeError, "int is not audio: pass a path"),
    ({"samples": 1}, None, ValueError, r"needs \"array\" and .* got the keys \['samples'\]"),
    ({"array": voice()}, None, ValueError, "sampling rate"),
    (
        {"array": voice(), "sampling_rate": 16000},
        RATE,
        ValueError,
        "sampling_rate=24000 was declared, .* says 16000 Hz",
    ),
    (wav_bytes(voice(), 16000), RATE, ValueError, "sampling_rate=24000 was declared, .* says 16000 Hz"),
    (b"", None, ValueError, "is empty"),
    (b"no audio at all" * 9, None, ValueError, "cannot read '135 bytes' as audio .* use WAV, FLAC, Ogg or MP3"),
    ([], RATE, ValueError, "empty list"),
    (io.StringIO("text"), None, TypeError, "gives str, not bytes: open it with mode 'rb'"),
]


@pytest.mark.parametrize("audio,rate,error,message", BAD_ARRAYS, ids=[row[3][:40] for row in BAD_ARRAYS])
def test_bad_audio(audio, rate, error, message, extractor):
    with pytest.raises(error, match=message):
        extractor(audio, rate)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number(value, extractor):
    bad = voice()
    bad[[1234, 2000]] = value
    with pytest.raises(
        ValueError, match=r"2 samples that are NaN or infinite \(first: .* at sample 1234\): repair it"
    ):
        extractor(bad, RATE)
    with pytest.raises(ValueError, match="4 samples that are NaN or infinite .* at sample 1234"):
        extractor(np.stack([bad, bad]), RATE)


def test_bad_files(tmp_path, extractor):
    with pytest.raises(FileNotFoundError, match="no audio file at '.*none.wav': check the path"):
        extractor(tmp_path / "none.wav")
    with pytest.raises(IsADirectoryError, match="is a folder, not an audio file"):
        extractor(str(tmp_path))
    (tmp_path / "notes.wav").write_text("these are notes")
    with pytest.raises(ValueError, match="cannot read '.*notes.wav' as audio .*ffmpeg"):
        extractor(tmp_path / "notes.wav")
    flac = wav_bytes(voice(3), format="FLAC")
    (tmp_path / "cut.flac").write_bytes(flac[:40])
    with pytest.raises(ValueError, match="cut.flac"):
        extractor(tmp_path / "cut.flac")
    (tmp_path / "empty.wav").write_bytes(wav_bytes(np.zeros(0)))
    with pytest.raises(ValueError, match="empty"):
        extractor(tmp_path / "empty.wav")


def test_bad_settings():
    with pytest.raises(ValueError, match="hop_length must be 1 to n_fft = 1024 samples, got 0"):
        ValeTTSFeatureExtractor(hop_length=0)
    with pytest.raises(ValueError, match="min_seconds <= crop_seconds <= max_seconds"):
        ValeTTSFeatureExtractor(min_seconds=40.0)


@pytest.mark.parametrize(
    "missing,call", [("soxr", (voice(rate=16000), 16000)), ("soundfile", (wav_bytes(voice()), None))]
)
def test_missing_packages_are_named(missing, call, extractor, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    with pytest.raises(ImportError, match=f"pip install {missing}"):
        extractor(*call)
