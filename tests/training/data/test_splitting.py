"""Long recordings become clips: cut in pauses between the right words, once, with a reason for what is left out."""

import json

import numpy as np
import pytest
import soundfile

from tests.training.data.test_clip_features import RATE, speech, wav
from valetts_hf.training.aligner.alignment_units import PHONE, START_UNIT
from valetts_hf.training.data import splitting
from valetts_hf.training.data.clip_features import AudioSettings
from valetts_hf.training.data.preparation import prepare_corpus
from valetts_hf.training.data.quality import findings
from valetts_hf.training.data.quality_thresholds import QualityThresholds
from valetts_hf.training.data.recording_text import read_words
from valetts_hf.training.data.workers import WorkerCrash


WORDS = "mesa luna sopa nido mano tela pino loma sala mina pelota semana manito salado tesoro melodia".split()
FRAME = 256
SETTINGS = AudioSettings(max_seconds=12.0)


def sentences(count, seed):
    """Texts of made-up sentences."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        words = list(rng.choice(WORDS, rng.integers(5, 9)))
        words[len(words) // 2] += ","
        yield f"{' '.join(words).capitalize()}."


def spoken(text, seed=0):
    """(waveform, second at which each written word begins): a tone for every sound, silence at punctuation."""
    rng = np.random.default_rng(seed)
    written = read_words(text, "es")
    pieces, starts, frames = [], [], 0
    firsts = {written.unit_of(token) for token in written.token_starts}
    for index, (key, kind) in enumerate(zip(written.units.keys, written.units.kinds)):
        if index in firsts:
            starts.append(frames * FRAME / RATE)
        if kind == PHONE:
            count = int(rng.integers(6, 14))
            base = 130 + 40 * (sum(map(ord, key)) % 7)
            time = np.arange(count * FRAME) / RATE
            tones = (base, 450 + 150 * (ord(key[0]) % 11), 1800 + 250 * (ord(key[0]) % 5))
            pieces.append(sum(0.1 * np.sin(2 * np.pi * f * time) for f in tones))
        else:
            count = 1 if key == " " else int(rng.integers(14 if kind == START_UNIT else 28, 50))
            pieces.append(np.zeros(count * FRAME) if key != " " else pieces[-1][-FRAME:])
        frames += count
    waveform = np.concatenate(pieces)
    return (waveform + 0.0004 * rng.normal(size=len(waveform))).astype(np.float32), starts


@pytest.fixture
def readings(tmp_path):
    """A folder with one recording of 24 sentences, and where its words begin."""
    folder = tmp_path / "readings"
    folder.mkdir()
    text = " ".join(sentences(24, 0))
    waveform, starts = spoken(text)
    soundfile.write(folder / "long.wav", waveform, RATE)
    describe(folder, [{"file_name": "long.wav", "text": text, "speaker": "ann"}])
    return folder, text, starts


def describe(folder, rows):
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


def add_clips(folder, count):
    """Add short clips to the folder."""
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    for number, text in enumerate(sentences(count, 1)):
        soundfile.write(folder / f"{number}.wav", spoken(text, number)[0], RATE)
        rows.append({"file_name": f"{number}.wav", "text": text, "speaker": "ann"})
    describe(folder, rows)


def run(source, tmp_path, **options):
    options = {"aligner": "none", "settings": SETTINGS, "language": "es", "cache": tmp_path / "cache", **options}
    return prepare_corpus(source, tmp_path / "packed", **options)


def check_pieces(pieces, text, starts, share=1.0):
    """Every piece begins in the silence before its first word and ends in the one behind its last."""
    assert " ".join(clip.text for clip in pieces) == text
    word, right = 0, 0
    for clip in pieces:
        begin = clip.measures["start"]
        right += (starts[word - 1] if word else -1.0) < begin <= starts[word]
        word += len(clip.text.split())
        assert clip.measures["seconds"] <= 12.0 and clip.measures["prepared_seconds"] >= 1.0
    assert word == len(starts) and right >= share * len(pieces)


def test_a_recording_with_its_text_is_split_at_the_right_words(readings, tmp_path, monkeypatch):
    folder, text, starts = readings
    result = run(folder, tmp_path)
    names = [clip.name for clip in result.clips]
    assert len(names) >= 5 and names == [f"readings/long.wav#{n:04d}" for n in range(1, len(names) + 1)]
    assert result.corpus.names == names and result.corpus.transcribed.all()
    check_pieces(result.clips, text, starts)
    assert {(clip.recording, clip.number, clip.speaker) for clip in result.clips} == {("readings/long.wav", 1, "ann")}
    (first,) = [finding for finding in findings(result.clips) if "long recordings" in finding]
    assert first.startswith(f"1 of 1 long recordings was split into {len(names)} clips of ")
    for name in ("fit_monophones", "split_recording", "prepare_pieces"):
        monkeypatch.setattr(splitting, name, None)
    again = run(folder, tmp_path)
    assert again.up_to_date and [clip.name for clip in again.clips] == names


def test_short_clips_teach_the_sounds_where_they_are_enough(readings, tmp_path, monkeypatch):
    folder, text, starts = readings
    add_clips(folder, 12)
    monkeypatch.setattr(splitting, "FEWEST_SECONDS", 20.0)
    monkeypatch.setattr(splitting, "rough_stretches", None)
    result = run(folder, tmp_path, aligner="bootstrap", iterations=4)
    check_pieces([clip for clip in result.clips if clip.recording], text, starts)
    assert len(result.corpus) == len(result.clips)
    for index in range(len(result.corpus)):
        clip = result.corpus.clip(index)
        assert clip["durations"].sum() == len(clip["log_f0"])


def test_an_interrupted_split_goes_on(readings, tmp_path, monkeypatch):
    folder, _, _ = readings

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(splitting, "recording_pieces", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(folder, tmp_path)
    monkeypatch.setattr(splitting, "fit_monophones", None)
    monkeypatch.setattr(splitting, "split_recording", None)
    assert len(run(folder, tmp_path).corpus) >= 5
    assert not list((tmp_path / "cache").glob(".recordings-*"))


def test_settings_of_the_split_are_part_of_the_key(readings, tmp_path):
    folder, _, _ = readings
    longest = {}
    for seconds in (6.5, 11.0):
        result = run(folder, tmp_path, thresholds=QualityThresholds(split_seconds=seconds))
        longest[seconds] = max(clip.measures["seconds"] for clip in result.clips)
        assert longest[seconds] <= seconds
    assert longest[11.0] > 6.5


def test_another_text_is_refused_and_the_others_stay(readings, tmp_path):
    folder, text, starts = readings
    (row,) = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    other, _ = spoken(" ".join(sentences(12, 5)), 5)
    soundfile.write(folder / "other.wav", other, RATE)
    rows = {
        "wrong": " ".join(sentences(16, 9)),
        "far too little": "mesa, luna. sopa",
        "too much": " ".join(sentences(120, 8)),
        "marked": "mesa [[mˈesa]] luna",
        "unreadable": "?!",
    }
    describe(folder, [row, *({"file_name": "other.wav", "text": each, "speaker": "ann"} for each in rows.values())])
    result = run(folder, tmp_path)
    check_pieces([clip for clip in result.clips if clip.number == 1], text, starts)
    refused = [clip for clip in result.clips if clip.number > 1]
    for number, part in {
        2: "its text ",
        3: "its text has 12 sounds for 3",
        4: "its text has 3782 sounds for 3",
        5: "has marks for phonemes or languages",
        6: "nothing to read",
    }.items():
        reasons = [reason.text for clip in refused if clip.number == number for reason in clip.reasons]
        assert reasons and all(part in text for text in reasons[:1]), (number, reasons)
    assert "not split: readings/other.wav (" in " ".join(findings(result.clips))


def test_a_missing_sentence_costs_its_own_piece(readings, tmp_path):
    folder, text, _ = readings
    parts = [f"{part}." for part in text.rstrip(".").split(". ")]
    gone = parts.pop(12)
    add_clips(folder, 14)
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    rows[0]["text"] = " ".join(parts)
    describe(folder, rows)
    result = run(folder, tmp_path, thresholds=QualityThresholds(split_seconds=8.0))
    pieces = [clip for clip in result.clips if clip.recording]
    lost = [clip for clip in pieces if clip.verdict == "drop"]
    assert 1 <= len(lost) <= 2 and "its text is not what is said there" in lost[0].reasons[0].text
    assert gone not in " ".join(clip.text for clip in pieces) and len(pieces) - len(lost) >= 5
    assert "stretches of them were left out" in " ".join(findings(result.clips))


def test_recordings_without_text_are_cut_in_pauses(tmp_path):
    recording = np.concatenate([speech(3.0, seed=n) * (n + 1) / 5 for n in range(5)])
    rows = [
        {"audio": {"array": recording, "sampling_rate": RATE}, "text": ""},
        {"audio": {"bytes": wav(recording[::-1].copy()), "path": "b.wav"}, "text": ""},
        {"audio": {"array": np.tile(speech(0.9)[8000:12000], 90), "sampling_rate": RATE}, "text": ""},
    ]
    result = run(rows, tmp_path, settings=AudioSettings(max_seconds=4.0), num_proc=1)
    names = [clip.name for clip in result.clips if clip.number == 1]
    assert names == [f"data/row 1#{n:04d}" for n in range(1, len(names) + 1)] and len(names) >= 4
    for clip in result.clips[: len(names)]:
        assert clip.measures["prepared_seconds"] <= 4.0 and not clip.text
        # 0.3 s of silence lie around each multiple of three seconds
        assert clip.measures["start"] == pytest.approx(3.0 * round(clip.measures["start"] / 3.0), abs=0.2)
    assert sum(clip.recording == "data/b.wav" for clip in result.clips) >= 4
    (endless,) = [clip for clip in result.clips if clip.number == 3]
    assert endless.verdict == "drop" and "0.0 s to 15.0 s: there is no pause to cut in" in endless.reasons[0].text


def test_the_rule_can_be_switched_off_and_values_are_checked(readings, tmp_path):
    folder, _, _ = readings
    add_clips(folder, 1)
    result = run(folder, tmp_path, thresholds=QualityThresholds(split_seconds=None))
    assert "clips above 12 s are left out (split_seconds is null)" in result.clips[0].reasons[0].text
    assert len(result.corpus) == 1
    for wrong in ({"split_pause": 0.01}, {"split_shortest": 0.1}, {"split_seconds": 5.0}, {"split_seconds": 0.0}):
        with pytest.raises(ValueError, match="split_pause=.*split_shortest=.*split_seconds="):
            QualityThresholds(**wrong)


def test_a_worker_that_dies_costs_its_recording(readings, tmp_path, monkeypatch):
    folder, _, _ = readings
    add_clips(folder, 1)
    real = splitting.map_in_order
    for victim, message in (
        (splitting.split_recording, "that split it crashed"),
        (splitting.prepare_pieces, "that read it crashed"),
    ):

        def crash(function, tasks, num_proc, look_ahead, victim=victim):
            for tag, result in real(function, tasks, num_proc, look_ahead):
                yield tag, WorkerCrash() if function is victim else result

        with monkeypatch.context() as patch:
            patch.setattr(splitting, "map_in_order", crash)
            result = run(folder, tmp_path / message)
        assert message in result.clips[0].reasons[0].text and len(result.corpus) == 1


def test_a_recording_that_breaks_while_it_is_cut_is_reported(readings, tmp_path, monkeypatch):
    folder, _, _ = readings
    add_clips(folder, 1)

    def broken(*arguments):
        raise RuntimeError("odd \n file")

    monkeypatch.setattr(splitting, "recording_pieces", broken)
    result = run(folder, tmp_path)
    assert "not split: odd file" in result.clips[0].reasons[0].text and len(result.corpus) == 1


def test_sounds_that_cannot_be_estimated_are_said(readings, tmp_path, monkeypatch, caplog):
    folder, _, _ = readings
    add_clips(folder, 1)

    def refuse(*arguments):
        raise ValueError("nothing to align")

    monkeypatch.setattr(splitting, "fit_monophones", refuse)
    result = run(folder, tmp_path)
    assert "too little speech to tell the sounds of its language apart" in result.clips[0].reasons[0].text
    assert "the sounds of es cannot be estimated (nothing to align)" in caplog.text
