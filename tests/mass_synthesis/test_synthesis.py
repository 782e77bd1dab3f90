"""Speaking a data set: each row once, whatever happens in between; failures are reported; the result is a data set."""

from __future__ import annotations

import errno
import json
import os
import sys
from types import ModuleType

import numpy as np
import pytest
import soundfile

from tests.mass_synthesis.conftest import audio, lines
from valetts_hf import Voice, synthesize_dataset
from valetts_hf.inference.errors import AudioFileError, StyleError, VoiceError
from valetts_hf.mass_synthesis import OutputFolderError, SettingsChangedError, Shard, ShardBusyError, SourceError
from valetts_hf.mass_synthesis.output_folder import OutputFolder


ROWS = [{"id": f"row-{number}", "text": f"Number {number}."} for number in range(6)]


def test_every_row_becomes_a_file_and_a_line(tts, tmp_path):
    reports = []
    report = synthesize_dataset(
        ROWS, tmp_path / "out", model=tts, progress=lambda state: reports.append((state.done, state.rows))
    )
    assert (report.rows, report.spoken, report.done_before, report.failed) == (6, 6, 0, 0)
    assert reports[0] == (0, 6) and reports[-1] == (6, 6) and len(reports) == 7
    records = lines(tmp_path / "out")
    assert [record["id"] for record in records] == [row["id"] for row in ROWS]
    for record in records:
        path = next(tmp_path.glob("out/shard-*")) / record["file_name"]
        samples, rate = soundfile.read(path)
        assert rate == tts.sampling_rate and len(samples) / rate == pytest.approx(record["duration"], abs=1e-3)
        assert record["bytes"] == path.stat().st_size
        assert (record["language"], record["voice"]) == ("en-us", "ada")
    assert report.audio_seconds == pytest.approx(sum(record["duration"] for record in records))
    assert report.times_real_time > 0 and report.rows_per_second > 0


def test_a_record_says_how_to_make_the_same_speech(tts, tmp_path):
    rows = [{"id": "a", "text": "Bom dia!", "voice": "rui", "language": "pt", "speaking_rate": 2.0}]
    synthesize_dataset(rows, tmp_path / "out", model=tts, format="flac")
    (record,) = lines(tmp_path / "out")
    speech = tts(record["text"], record["language"], record["voice"], speaking_rate=2.0, seed=record["seed"])
    assert audio(tmp_path / "out") == {"a.flac": speech.to_bytes("flac")}


def test_a_second_run_does_only_what_is_missing_or_has_changed(tts, tmp_path, monkeypatch):
    out = tmp_path / "out"
    synthesize_dataset(ROWS[:4], out, model=tts)
    before = audio(out)
    (file,) = out.glob("shard-*/audio/*/row-0.wav")
    file.unlink()
    (file,) = out.glob("shard-*/audio/*/row-1.wav")
    file.write_bytes(b"cut")  # as after a loss of power
    spoken = []
    batch = tts.batch
    monkeypatch.setattr(
        tts, "batch", lambda texts, *rest, **options: spoken.extend(texts) or batch(texts, *rest, **options)
    )
    rows = [*ROWS[:2], {"id": "row-2", "text": "Changed."}, *ROWS[3:5]]
    report = synthesize_dataset(rows, out, model=tts)
    assert spoken == ["Number 0.", "Number 1.", "Changed.", "Number 4."]
    assert (report.done_before, report.spoken) == (1, 4)
    after = audio(out)
    assert {name for name in before if after[name] == before[name]} == {"row-0.wav", "row-1.wav", "row-3.wav"}
    records = lines(out)
    assert sorted(record["id"] for record in records) == [f"row-{number}" for number in range(5)]
    assert synthesize_dataset(rows, out, model=tts).spoken == 0


def test_a_torn_line_is_spoken_anew(tts, tmp_path):
    out = tmp_path / "out"
    synthesize_dataset(ROWS[:3], out, model=tts)
    (path,) = out.glob("shard-*/metadata.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    (out / next(out.glob("shard-*")).name / "audio/0000/.row-1-xyz.wav.part").write_bytes(b"half")
    assert synthesize_dataset(ROWS[:3], out, model=tts).spoken == 1
    assert path.read_bytes() == whole
    assert not list(out.rglob("*.part"))


def test_failures_are_reported_and_the_rest_is_done(tts, tmp_path):
    source = tmp_path / "rows.jsonl"
    bad = [
        '{"id": "empty", "text": ""}',
        '{"id": "voice", "text": "Hm.", "voice": "nobody"}',
        '{"id": "language", "text": "Hm.", "language": "xx"}',
        '{"id": "style", "text": "Hm.", "style": "no such style"}',
        '{"id": "dots", "text": "..."}',
        "{broken",
        '{"id": "sketch", "text": "Hm.", "sketch": "missing.json"}',
    ]
    source.write_text("\n".join([json.dumps(ROWS[0]), *bad, json.dumps(ROWS[1])]))
    out = tmp_path / "out"
    report = synthesize_dataset(source, out, model=tts)
    assert (report.rows, report.spoken, report.failed, report.done) == (9, 2, 7, 9)
    failures = {failure["row"]: failure for failure in lines(out, "failed.jsonl")}
    assert {row: (failure["id"], failure["column"]) for row, failure in failures.items()} == {
        2: ("empty", "text"),
        3: ("voice", "voice"),
        4: ("language", "language"),
        5: ("style", "style"),
        6: ("dots", "text"),
        7: ("0000007", None),
        8: ("sketch", "sketch"),
    }
    assert "unknown voice 'nobody'" in failures[3]["error"] and failures[3]["type"] == "VoiceError"
    assert failures[7]["error"].startswith("line 7 is not JSON")
    assert {record["id"] for record in lines(out)} == {"row-0", "row-1"}


def test_failed_rows_are_tried_again_when_asked_or_changed(tts, tmp_path, monkeypatch):
    out = tmp_path / "out"
    batch = tts.batch
    tried = []

    def fails(texts, *rest, **options):
        tried.extend(texts)
        if "Number 1." in texts:
            raise RuntimeError("out of\nmemory")
        return batch(texts, *rest, **options)

    monkeypatch.setattr(tts, "batch", fails)
    assert synthesize_dataset(ROWS[:3], out, model=tts).failed == 1
    (failure,) = lines(out, "failed.jsonl")
    assert (failure["id"], failure["error"], failure["type"]) == ("row-1", "out of memory", "RuntimeError")
    tried.clear()
    report = synthesize_dataset(ROWS[:3], out, model=tts)
    assert (report.failed, report.spoken, tried) == (1, 0, [])
    assert synthesize_dataset(ROWS[:3], out, model=tts, retry_failed=True).failed == 1 and tried == ["Number 1."]
    assert len(lines(out, "failed.jsonl")) == 1
    changed = synthesize_dataset([{**ROWS[1], "text": "Number one."}], tmp_path / "out", model=tts)
    assert (changed.failed, changed.spoken) == (0, 1)
    assert synthesize_dataset(ROWS[:3], out, model=tts).failed == 1
    monkeypatch.undo()
    assert synthesize_dataset(ROWS[:3], out, model=tts, retry_failed=True).spoken == 1
    assert not list(out.glob("shard-*/failed.jsonl")) and len(lines(out)) == 3


def test_a_row_that_spoils_a_batch_fails_alone(tiny_checkpoint, tmp_path):
    from valetts_hf.inference import ValeTTS

    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu", batch_size=4)
    rows = [*ROWS, {"id": "bad", "text": "Hm.", "voice": "nobody"}, {"id": "fast", "text": "Hm.", "speaking_rate": 2}]
    report = synthesize_dataset(rows, tmp_path / "batches", model=tts)
    assert (report.spoken, report.failed) == (7, 1)
    alone = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    synthesize_dataset(rows, tmp_path / "alone", model=alone)
    one, other = audio(tmp_path / "batches"), audio(tmp_path / "alone")
    assert one.keys() == other.keys()
    for name in one:  # 16 bits, give or take the last
        samples = [np.frombuffer(content[44:], np.int16).astype(int) for content in (one[name], other[name])]
        assert samples[0].shape == samples[1].shape and np.abs(samples[0] - samples[1]).max() <= 1


def test_other_settings_do_not_mix(tts, tmp_path):
    synthesize_dataset(ROWS[:1], tmp_path / "out", model=tts)
    with pytest.raises(SettingsChangedError, match="format 'wav' there, 'mp3' now.*choose another output folder"):
        synthesize_dataset(ROWS[:1], tmp_path / "out", model=tts, format="mp3")
    with pytest.raises(SettingsChangedError, match="manner {} there, {'pitch_shift': 2.0} now"):
        synthesize_dataset(ROWS[:1], tmp_path / "out", model=tts, pitch_shift=2.0)


@pytest.mark.parametrize("format", ["flac", "ogg", "opus", "mp3"])
def test_formats(tts, tmp_path, format):
    synthesize_dataset(ROWS[:1], tmp_path / "out", model=tts, format=format)
    (path,) = tmp_path.glob(f"out/shard-*/audio/*/row-0.{format}")
    assert (
        soundfile.info(path).subtype
        == {"flac": "PCM_16", "ogg": "VORBIS", "opus": "OPUS", "mp3": "MPEG_LAYER_III"}[format]
    )


def test_shards_share_the_rows_and_may_change_in_number(tts, tmp_path, monkeypatch):
    out = tmp_path / "out"
    spoken = []
    batch = tts.batch
    monkeypatch.setattr(
        tts, "batch", lambda texts, *rest, **options: spoken.extend(texts) or batch(texts, *rest, **options)
    )
    synthesize_dataset(ROWS, out, model=tts, shard="0/2")
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "3")
    synthesize_dataset(ROWS, out, model=tts)
    for shard in ("1/2", Shard(0, 3), "0/1"):
        report = synthesize_dataset(ROWS, out, model=tts, shard=shard)
    assert (report.rows, report.done_before + report.spoken) == (6, 6)
    assert sorted(spoken) == sorted(row["text"] for row in ROWS)
    assert sorted(record["id"] for record in lines(out)) == [row["id"] for row in ROWS]
    changed = [{**row, "text": row["text"] + " Again."} for row in ROWS]
    assert synthesize_dataset(changed, out, model=tts, shard="0/1").spoken == 6
    assert sorted(record["text"] for record in lines(out)) == [row["text"] for row in changed]
    assert len(audio(out)) == 6 and len(list(out.glob("shard-*/audio/*/*.wav"))) == 6


def test_two_runs_do_not_work_on_the_same_rows(tts, tmp_path):
    out = OutputFolder(tmp_path / "out")
    synthesize_dataset(ROWS, out.path, model=tts, shard="0/2")
    with out.planning(), out.held(Shard(0, 2)):
        pass
    held = out.held(Shard(0, 2))
    with held:
        with pytest.raises(ShardBusyError, match="another run is at work on shard 0/2"):
            synthesize_dataset(ROWS, out.path, model=tts, shard="0/2")
        with pytest.raises(ShardBusyError, match="give each run a shard of the same number"):
            synthesize_dataset(ROWS, out.path, model=tts, shard="1/3")
        assert synthesize_dataset(ROWS, out.path, model=tts, shard="1/2").spoken > 0


def test_ids_that_would_be_one_file_are_refused(tts, tmp_path):
    for other in ("row-0", "ROW-0"):
        with pytest.raises(SourceError, match=r"the rows 1 and 2 of 'the rows' have the same id '\w+-0'"):
            synthesize_dataset([ROWS[0], {"id": other, "text": "Hm."}], tmp_path / "out", model=tts)
    assert not lines(tmp_path / "out")


def test_odd_ids_are_files_all_the_same(tts, tmp_path):
    ids = ["a/b", "../up", ".hidden", "a b", "ação", "x" * 300, "x" * 301, "a%2Fb", "test 1", 7, "nul\0l", "\ud800"]
    rows = [{"id": name, "text": "Hm."} for name in ids]
    assert synthesize_dataset(rows, tmp_path / "out", model=tts).spoken == len(ids)
    (folder,) = tmp_path.glob("out/shard-*")
    records = lines(tmp_path / "out")
    assert [record["id"] for record in records] == [str(name).strip() for name in ids]
    paths = {(folder / record["file_name"]).resolve() for record in records}
    assert not any(path.name.startswith(".") for path in paths)  # hidden files are overlooked
    assert len(paths) == len(ids) and {path.parent for path in paths} == {(folder / "audio/0000").resolve()}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"voice": "nobody"}, VoiceError, "unknown voice 'nobody'"),
        ({"style": "no such style"}, StyleError, "no such style"),
        ({"language": "xx"}, ValueError, "'xx' is not supported"),
        ({"format": "aac"}, ValueError, "not a known audio format"),
        ({"columns": {"text": "words"}}, SourceError, "has no column 'words'"),
        ({"speaking_rate": 9.0}, ValueError, "speaking_rate"),
        ({"tempo": 1.0}, TypeError, "tempo"),
        ({"processes": 0}, ValueError, "processes must be 1 or more, got 0"),
        ({"processes": 2}, ValueError, "several processes load the model themselves"),
        ({"shard": "2/2"}, ValueError, "there is no shard 2/2"),
        ({"source": "missing.jsonl"}, SourceError, "there is no file or folder 'missing.jsonl'"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(tts, tmp_path, options, error, message):
    source = options.pop("source", ROWS)
    with pytest.raises(error, match=message):
        synthesize_dataset(source, tmp_path / "out", model=tts, **options)
    assert not audio(tmp_path / "out")


def test_a_voice_may_be_a_recording_or_a_saved_voice(tts, tmp_path, voice_wav):
    tts_voice = Voice(name="own", style=tts.encode_voice("rui"), checkpoint=_fingerprint(tts))
    tts_voice.save_pretrained(tmp_path / "own")
    rows = [{"text": "Hm.", "voice": str(tmp_path / "own")}, {"text": "Hm.", "voice": "rui", "seed": 1}]
    report = synthesize_dataset(rows, tmp_path / "out", model=tts, voice=str(voice_wav), format="flac")
    assert report.spoken == 2


def _fingerprint(tts) -> str:
    from valetts_hf.voices.fingerprint import checkpoint_fingerprint

    return checkpoint_fingerprint(tts.model)


# --- places that cannot be written to --------------------------------------------------------------------------------


def test_the_output_must_be_ours(tts, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputFolderError, match="is a file: name a folder"):
        synthesize_dataset(ROWS, tmp_path / "file", model=tts)
    with pytest.raises(OutputFolderError, match="holds something else"):
        synthesize_dataset(ROWS, tmp_path, model=tts)
    with pytest.raises(OutputFolderError, match="cannot write .*Not a directory"):
        synthesize_dataset(ROWS, tmp_path / "file" / "out", model=tts)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "synthesis.json").write_text("[")
    with pytest.raises(OutputFolderError, match="synthesis.json' cannot be read"):
        synthesize_dataset(ROWS, tmp_path / "out", model=tts)


def test_a_full_disk_ends_the_work_and_leaves_nothing_half(tts, tmp_path, monkeypatch):
    out = tmp_path / "out"
    replace, count = os.replace, 0

    def full(source, target):
        nonlocal count
        count += str(target).endswith(".wav")
        if count > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("valetts_hf.inference.audio_files.os.replace", full)
    with pytest.raises(AudioFileError, match="No space left on device; check the permissions and the free space"):
        synthesize_dataset(ROWS, out, model=tts)
    monkeypatch.undo()
    assert len(lines(out)) == len(audio(out)) == 2 and not list(out.rglob("*.part"))
    assert synthesize_dataset(ROWS, out, model=tts).spoken == 4


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_line_that_does_not_fit_is_taken_back(tmp_path):
    import resource

    out = OutputFolder(tmp_path / "out")
    with out.planning(), out.held(Shard()) as folder:
        folder.add_done([{"id": "a"}])
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
        try:
            with pytest.raises(OutputFolderError, match="cannot write .*metadata.jsonl"):
                folder.add_done([{"id": "b" * 50}])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (folder.path / "metadata.jsonl").read_text() == '{"id": "a"}\n'


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_output_is_said(tts, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputFolderError, match="cannot write .*check the permissions"):
        synthesize_dataset(ROWS, tmp_path / "locked" / "out", model=tts)


# --- the result is a data set ----------------------------------------------------------------------------------------


def test_datasets_reads_all_shards_as_an_audio_folder(tts, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    # `datasets` imports this before it takes the path of a file, even where nothing is decoded; it needs FFmpeg.
    encoders = ModuleType("torchcodec.encoders")
    encoders.AudioEncoder = object
    monkeypatch.setitem(sys.modules, "torchcodec", ModuleType("torchcodec"))
    monkeypatch.setitem(sys.modules, "torchcodec.encoders", encoders)
    rows = [*ROWS, {"id": "test-1", "text": "Hm."}, {"id": "dev", "text": "Hm."}, {"id": "bad", "text": ""}]
    for shard in ("0/2", "1/2"):
        synthesize_dataset(rows, tmp_path / "out", model=tts, shard=shard)
    found = datasets.load_dataset("audiofolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["train"]  # not one of names that look like splits
    table = found["train"].cast_column("audio", datasets.Audio(decode=False))
    assert sorted(table["id"]) == sorted(row["id"] for row in rows if row["text"])
    for row in table:
        assert soundfile.info(row["audio"]["path"]).duration == pytest.approx(row["duration"], abs=1e-3)
