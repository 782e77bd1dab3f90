"""Speech objects: files, arrays, notebooks, sums, and the errors of bad targets."""

from __future__ import annotations

import io
import os
import threading

import numpy as np
import pytest
import soundfile

from valetts_hf.inference.errors import AudioFileError
from valetts_hf.inference.speech import Speech, Word


RATE = 24000


def tone(seconds: float = 0.5, text: str = "hum", words: list[Word] | None = None, rate: int = RATE) -> Speech:
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    return Speech(samples.astype(np.float32), rate, text, words or [], seed=3)


@pytest.mark.parametrize(("ending", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05), ("mp3", 0.05)])
def test_save_writes_a_file_that_reads_back(tmp_path, ending, tolerance):
    speech = tone(2.0)
    path = tmp_path / f"hum.{ending}"
    speech.save(path)
    samples, rate = soundfile.read(path)
    assert rate == RATE
    assert abs(len(samples) / rate - speech.duration) < 0.1
    middle = slice(RATE // 2, RATE)
    assert abs(np.abs(samples[middle]).max() - 0.5) < max(tolerance, 1e-4)
    assert sorted(os.listdir(tmp_path)) == [path.name]  # no temporary file is left


def test_long_vorbis_is_written_whole(tmp_path):
    tone(120).save(tmp_path / "long.ogg")
    assert soundfile.info(tmp_path / "long.ogg").duration == pytest.approx(120, abs=0.1)


def test_save_to_a_pipe_that_cannot_seek():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb") as writer:
        tone(0.1).save(writer, format="wav")
        writer.close()
        data = reader.read()
    assert soundfile.read(io.BytesIO(data))[1] == RATE


def test_format_of_a_file_object_is_wav_unless_said():
    buffer = io.BytesIO()
    tone().save(buffer)
    assert buffer.getvalue()[:4] == b"RIFF"
    assert tone().to_bytes("flac")[:4] == b"fLaC"


def test_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "hum.wav"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(AudioFileError, match="No space left.*free space"):
        tone().save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["hum.wav"]


def test_saved_files_have_the_usual_permissions(tmp_path):
    tone().save(tmp_path / "a.wav")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "a.wav").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes and links")
def test_pipes_and_links_stay_what_they_are(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe.wav").read_bytes()), daemon=True)
    reader.start()
    tone().save(tmp_path / "pipe.wav")
    reader.join(10)
    assert heard == [tone().to_bytes()]
    os.symlink("hum.wav", tmp_path / "link.wav")
    tone().save(tmp_path / "link.wav")
    assert (tmp_path / "link.wav").is_symlink() and (tmp_path / "hum.wav").read_bytes() == tone().to_bytes()


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("hum.aiff", ValueError, r"'\.aiff'.*wav, flac, ogg, opus, mp3"),
        ("hum", ValueError, r"not a known audio format"),
        ("missing/hum.wav", AudioFileError, r"folder .*missing.* does not exist; create it"),
        ("folder.wav", AudioFileError, r"is a folder; add a file name"),
    ],
)
def test_bad_targets(tmp_path, name, error, message):
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(error, match=message):
        tone().save(tmp_path / name)


def test_unwritable_folder(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(AudioFileError, match="Permission denied; check the permissions"):
        tone().save(tmp_path / "hum.wav")


def test_unknown_format_and_target():
    with pytest.raises(ValueError, match="format 'aac'.*wav, flac, ogg, opus, mp3"):
        tone().save(io.BytesIO(), format="aac")
    with pytest.raises(TypeError, match="path or a binary file object, got StringIO"):
        tone().save(io.StringIO())
    with pytest.raises(TypeError, match="got int"):
        tone().save(7)


def test_array_protocol():
    speech = tone()
    assert np.asarray(speech) is speech.waveform
    assert np.asarray(speech, dtype=np.float64).dtype == np.float64
    assert np.array(speech) is not speech.waveform
    assert np.abs(speech).max() == pytest.approx(0.5, abs=1e-3)
    assert len(speech) == RATE // 2 and speech.duration == 0.5


def test_sum_moves_the_words():
    first = tone(0.5, "one", [Word("one", 0.1, 0.4, "en-us")])
    second = tone(0.25, "two", [Word("two", 0.05, 0.2)])
    both = first + second
    assert both.text == "one two" and both.duration == 0.75 and both.seed == 3
    assert both.words[1] == Word("two", 0.55, 0.7)
    apart = Speech.concatenate([first, second], pause=1.0)
    assert apart.words[1].start == pytest.approx(1.55) and apart.duration == 1.75
    assert not apart.waveform[RATE // 2 : RATE // 2 + RATE].any()


def test_concatenate_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="16000 Hz to speech of 24000 Hz"):
        Speech.concatenate([tone(), tone(rate=16000)])
    with pytest.raises(ValueError, match="nothing to concatenate"):
        Speech.concatenate([])
    with pytest.raises(ValueError, match="pause must be >= 0"):
        Speech.concatenate([tone()], pause=-1)
    with pytest.raises(TypeError):
        tone() + 1


def test_notebook_player_escapes_the_text():
    html = tone(text="<b>a & b</b>")._repr_html_()
    assert "<audio controls" in html and "data:audio/wav;base64," in html
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in html and "<b>" not in html
    assert "data:audio/mpeg" in tone(25)._repr_html_()


def test_repr_is_short():
    assert repr(tone(text="x" * 99)) == f"Speech('{'x' * 37}...', 0.50 s at 24000 Hz, 0 words)"
