"""Texts for recordings without: what is kept, made, resumed and refused."""

import json

import numpy as np
import pytest
import soundfile

from valetts_hf.training.data.sources import as_sources, iterate
from valetts_hf.training.data.transcribing import transcribe_sources


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "readers"
    source.mkdir()
    rows = [("a.wav", "Good morning.", "anna"), ("b.wav", "", "ben"), ("c.wav", "", "cleo"), ("gone.wav", "", "dora")]
    for index, (name, _, _) in enumerate(rows[:3]):
        tone = 0.1 * np.sin(np.arange(16000) * (0.02 + 0.01 * index))
        soundfile.write(source / name, tone, 16000)
    with (source / "metadata.jsonl").open("w") as file:
        for name, text, speaker in rows:
            row = {"file_name": name, "text": text, "language": "en", "speaker_id": speaker, "split": "train"}
            file.write(json.dumps(row) + "\n")
    return source


class Recogniser:
    def __init__(self, fails_at=None):
        self.calls, self.fails_at = 0, fails_at

    def __call__(self, waveform, sampling_rate, language):
        if self.calls == self.fails_at:
            raise KeyboardInterrupt
        self.calls += 1
        assert (
            waveform.shape == (16000,)
            and waveform.dtype == np.float32
            and sampling_rate == 16000
            and language == "en-us"
        )
        return f" heard  {self.calls} "


def test_rows_without_text_get_one(folder, tmp_path):
    (folder / "gone.wav").write_bytes((folder / "c.wav").read_bytes())
    result = transcribe_sources(folder, tmp_path / "out" / "texts.jsonl", Recogniser())
    assert (result.kept, result.transcribed, result.silent, result.skipped) == (1, 3, 0, [])
    rows = {row.speaker: row for row in iterate(as_sources(tmp_path / "out" / "texts.jsonl"))}
    assert rows["anna"].text == "Good morning." and rows["ben"].text == "heard 1"
    assert rows["cleo"].audio.samefile(folder / "c.wav") and rows["cleo"].language == "en-us"
    machine = [json.loads(line).get("text_source") for line in (tmp_path / "out" / "texts.jsonl").open()]
    assert machine == [None, "machine", "machine", "machine"]


def test_recordings_without_a_column_of_texts_get_some(folder, tmp_path):
    (folder / "metadata.jsonl").write_text('{"file_name": "a.wav"}\n{"file_name": "b.wav"}\n')
    with pytest.raises(ValueError, match="the language of 'readers' is not given .*--language CODE"):
        transcribe_sources(folder, tmp_path / "texts.jsonl", Recogniser())
    result = transcribe_sources(folder, tmp_path / "texts.jsonl", Recogniser(), language="English", speaker="anna")
    assert (result.kept, result.transcribed) == (0, 2)
    rows = list(iterate(as_sources(tmp_path / "texts.jsonl")))
    assert [(row.text, row.language, row.speaker) for row in rows] == [
        ("heard 1", "en-us", "anna"),
        ("heard 2", "en-us", "anna"),
    ]


def test_channels_that_cancel_are_heard(tmp_path):
    wave = 0.3 * np.sin(np.arange(16_000) / 10)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -wave], axis=1), 16_000)
    rows = [{"audio": str(tmp_path / "a.wav"), "text": "", "language": "en"}]
    peaks = []
    transcribe_sources(rows, tmp_path / "texts.jsonl", lambda samples, *_: peaks.append(np.abs(samples).max()) or "")
    assert peaks[0] > 0.1


def test_an_interrupted_run_goes_on(folder, tmp_path):
    (folder / "gone.wav").write_bytes((folder / "c.wav").read_bytes())
    output = tmp_path / "texts.jsonl"
    with pytest.raises(KeyboardInterrupt):
        transcribe_sources(folder, output, Recogniser(fails_at=1))
    assert not output.exists()
    part = output.with_name("texts.jsonl.part")
    with part.open("a") as file:
        file.write('{"name": "readers/c.wav", "te')  # cut off by a crash
    second = Recogniser()
    assert transcribe_sources(folder, output, second).transcribed == 3
    assert second.calls == 2  # ben was heard by the first run
    assert not part.exists() and len(output.read_text().splitlines()) == 4


def test_what_was_corrected_since_an_interruption_counts(folder, tmp_path):
    (folder / "gone.wav").write_bytes((folder / "c.wav").read_bytes())
    with pytest.raises(KeyboardInterrupt):
        transcribe_sources(folder, tmp_path / "texts.jsonl", Recogniser(fails_at=2))
    lines = [line for line in (folder / "metadata.jsonl").read_text().splitlines() if "c.wav" not in line]
    (folder / "metadata.jsonl").write_text(
        "\n".join(lines).replace("Good morning.", "Good evening.").replace("ben", "bo")
    )
    transcribe_sources(folder, tmp_path / "texts.jsonl", Recogniser())
    rows = [(row.text, row.speaker) for row in iterate(as_sources(tmp_path / "texts.jsonl"))]
    assert rows == [("Good evening.", "anna"), ("heard 1", "bo"), ("heard 1", "dora")]


def test_what_cannot_be_transcribed_is_said(folder, tmp_path):
    (folder / "c.wav").write_bytes(b"no audio")
    result = transcribe_sources(folder, tmp_path / "texts.jsonl", Recogniser())
    assert result.transcribed == 1 and [reason.split(":")[0] for reason in result.skipped] == [
        "readers/c.wav",
        "readers/gone.wav",
    ]
    assert str(result) == "1 texts made, 1 kept, nothing recognised in 0, 2 rows skipped"
    with pytest.raises(ValueError, match=r"\.jsonl file, got .*texts\.csv"):
        transcribe_sources(folder, tmp_path / "texts.csv", Recogniser())
    rows = [{"audio": {"array": np.zeros(100, np.float32), "sampling_rate": 16000}, "text": "", "language": "en"}]
    with pytest.raises(ValueError, match="not a file; save the clips as files first"):
        transcribe_sources(rows, tmp_path / "texts.jsonl", Recogniser())
