"""From sources to a packed corpus: what is computed once, what survives damage and interruption, what is left out."""

import errno
import json
import os
import shutil
from collections import namedtuple

import numpy as np
import pytest
import soundfile

from tests.training.data.test_clip_features import speech, wav
from valetts_hf.processing.languages import register_language
from valetts_hf.processing.symbols import ipa_to_ids
from valetts_hf.training.data import analysis, preparation
from valetts_hf.training.data.analysis import CorpusCache, analyze
from valetts_hf.training.data.clip_features import AudioSettings
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.preparation import attach_durations, prepare_corpus
from valetts_hf.training.data.sources import as_sources
from valetts_hf.training.data.text_features import read_text
from valetts_hf.training.data.workers import WorkerCrash, map_in_order


TEXTS = ["hello there", "one two three", "", "the ferry leaves", "we are here"]


@pytest.fixture
def talk(tmp_path):
    """Five good clips (the third without text) of two speakers."""
    folder = tmp_path / "talk"
    (folder / "audio").mkdir(parents=True)
    rows = []
    for number, text in enumerate(TEXTS):
        name = f"audio/{number}.wav"
        rate = 16_000 if number == 1 else 24_000
        soundfile.write(folder / name, speech(1.3 + 0.1 * number, rate, seed=number), rate)
        rows.append({"file_name": name, "text": text, "language": "en-US", "speaker_id": f"s{number % 2}"})
    write(folder, rows)
    return folder


def write(folder, rows):
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def rows_of(folder):
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


@pytest.fixture
def counted(monkeypatch):
    """Number of clips whose audio was really computed."""
    calls = []
    real = analysis.prepare_clip

    def prepare_clip(*arguments):
        calls.append(arguments[0])
        return real(*arguments)

    monkeypatch.setattr(analysis, "prepare_clip", prepare_clip)
    return calls


def run(folder, tmp_path, **options):
    options = {"aligner": "bootstrap", "iterations": 2, "cache": tmp_path / "cache", **options}
    return prepare_corpus(folder, tmp_path / "packed", **options)


def test_a_corpus_is_made_and_a_second_run_computes_nothing(talk, tmp_path, counted, monkeypatch):
    result = run(talk, tmp_path)
    corpus = result.corpus
    assert corpus.names == [f"talk/audio/{n}.wav" for n in range(5)] and not result.up_to_date
    assert corpus.texts == TEXTS and corpus.speakers == ["s0", "s1"] and corpus.notes["aligner"] == "bootstrap"
    assert corpus.transcribed.tolist() == [True, True, False, True, True]
    for index in np.flatnonzero(corpus.transcribed):
        clip = corpus.clip(index)
        assert clip["input_ids"].tolist() == ipa_to_ids(clip["phonemes"])
        assert clip["durations"].sum() == len(clip["log_f0"]) and clip["durations"].min() >= 1
    assert len(counted) == 5
    before = (tmp_path / "packed" / "corpus.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(analysis, "read_text", None)
    monkeypatch.setattr(analysis, "content_digest", None)
    again = run(talk, tmp_path)
    assert again.up_to_date and len(counted) == 5
    assert (tmp_path / "packed" / "corpus.safetensors").stat().st_mtime_ns == before


def test_only_what_changed_is_computed(talk, tmp_path, counted):
    run(talk, tmp_path)
    rows = rows_of(talk)
    rows[0]["text"] = "quite another text"
    soundfile.write(talk / "audio" / "1.wav", speech(1.8, seed=9), 24_000)
    write(talk, rows)
    result = run(talk, tmp_path)
    assert [path.name for path in counted[5:]] == ["1.wav"] and not result.up_to_date
    assert result.corpus.texts[0] == "quite another text"
    run(talk, tmp_path, settings=AudioSettings(target_level=-20.0))
    assert len(counted) == 11


def test_an_interrupted_run_goes_on_where_it_was(talk, tmp_path, counted, monkeypatch):
    def interrupt(done):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(talk, tmp_path, progress=interrupt)
    assert not (tmp_path / "packed").exists() and len(counted) == 3
    run(talk, tmp_path)
    assert len(counted) == 5


def test_a_damaged_shard_is_computed_again(talk, tmp_path, counted):
    first = run(talk, tmp_path).corpus
    waveforms = np.array(first.waveforms)
    (shard,) = (tmp_path / "cache" / "audio").glob("shard-*")
    content = bytearray(shard.read_bytes())
    content[-1000] ^= 255
    shard.write_bytes(content)
    shutil.rmtree(tmp_path / "packed")
    again = run(talk, tmp_path)
    assert len(counted) == 6 and np.array_equal(again.corpus.waveforms, waveforms)
    shard.write_bytes(content[:500])
    shutil.rmtree(tmp_path / "packed")
    assert np.array_equal(run(talk, tmp_path).corpus.waveforms, waveforms) and len(counted) > 6


def test_a_lost_or_foreign_corpus_is_made_anew(talk, tmp_path):
    run(talk, tmp_path)
    path = tmp_path / "packed" / "corpus.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert not run(talk, tmp_path).up_to_date
    PackedCorpus.load(tmp_path / "packed")


def test_bad_rows_are_reported_and_the_rest_is_used(talk, tmp_path):
    rows = rows_of(talk)
    (talk / "audio" / "broken.wav").write_bytes(b"RIFF no audio at all")
    (talk / "audio" / "empty.wav").write_bytes(b"")
    long = AudioSettings(max_seconds=4.0)
    soundfile.write(talk / "audio" / "long.wav", np.concatenate([speech(3.0, seed=n) for n in range(3)]), 24_000)
    good = rows[0]
    extra = [
        {**good, "file_name": "audio/broken.wav"},
        {**good, "file_name": "audio/empty.wav"},
        {**good, "file_name": "audio/absent.wav"},
        {**good, "file_name": "audio/long.wav"},
        {**good, "file_name": "audio/3.wav", "text": "!!! ..."},
        {**good, "file_name": "audio/long.wav", "text": ""},
        {**good, "language": "xx"},
    ]
    write(talk, rows + extra)
    result = run(talk, tmp_path, settings=long, aligner="none")
    faults = {clip.number: clip.reasons[0].text for clip in result.clips if clip.verdict == "drop"}
    for number, part in {
        6: "cannot read",
        7: "",
        8: "absent.wav",
        9: "9 s long and not split: its text",
        10: "nothing to read",
        12: "language 'xx' has no reader",
    }.items():
        assert part in faults.pop(number)
    assert not faults
    pieces = [name for name in result.corpus.names if "long" in name]
    again = "talk/audio/long.wav (2)"  # the second row of this file
    assert pieces == [f"{again}#{n:04d}" for n in range(1, len(pieces) + 1)] and len(pieces) >= 3
    assert len(result.corpus.notes["skipped"]) == 6 and not result.corpus.durations.any()


def test_pieces_hold_their_own_samples(talk, tmp_path):
    recording = np.concatenate([speech(3.0, seed=n) * (n + 1) / 3 for n in range(3)])
    source = [{"audio": {"array": recording, "sampling_rate": 24_000}, "text": ""}]
    result = run(source, tmp_path, language="en", settings=AudioSettings(max_seconds=4.0))
    store = CorpusCache(tmp_path / "cache")
    whole = store.audio.arrays(result.clips[0].audio_key)["waveform"]
    assert np.array_equal(result.corpus.waveforms, whole) and len(result.corpus) == len(result.clips) >= 3


def test_strict_leaves_clips_to_be_fixed_out(talk, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.03, 40_000)
    soundfile.write(talk / "audio" / "0.wav", speech(1.5)[:36_000] + noise[:36_000], 24_000)
    assert len(run(talk, tmp_path, aligner="none").corpus) == 5
    strict = run(talk, tmp_path, aligner="none", strict=True)
    assert strict.corpus.names[0] == "talk/audio/1.wav" and strict.clips[0].verdict == "fix"


def test_texts_for_testing_are_shared_out(talk, tmp_path):
    assert set(run(talk, tmp_path, aligner="none", test_share=0.999).corpus.splits) == {"test"}
    rows = rows_of(talk)
    rows[0]["split"] = "validation"
    write(talk, rows)
    assert run(talk, tmp_path, aligner="none", test_share=0.999).corpus.splits == ["validation"] + ["train"] * 4


def test_streaming_data_sets_in_two_processes(tmp_path):
    def rows():
        for number, text in enumerate(TEXTS * 2):
            audio = b"nothing" if number == 3 else wav(speech(1.3 + 0.05 * number, seed=number))
            yield {"audio": {"bytes": audio, "path": f"{number}.wav"}, "text": text, "who": "ann"}

    from valetts_hf.training.data.columns import ColumnMapping

    options = {"language": "en", "columns": ColumnMapping(speaker="who"), "aligner": "none", "num_proc": 2}
    result = run(rows(), tmp_path, **options)
    assert [clip.name for clip in result.clips] == [f"data/{n}.wav" for n in range(10)]
    assert result.corpus.names == [f"data/{n}.wav" for n in range(10) if n != 3]


def test_a_model_aligns_what_is_too_little_to_estimate_an_aligner_on(talk, tmp_path, tiny_checkpoint):
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.training.data.model_alignment import align_with_model

    loaded = []

    def load_model():
        loaded.append(ValeTTSForSpeech.from_pretrained(tiny_checkpoint).train())
        return loaded[-1]

    corpus = run(talk, tmp_path, aligner="none").corpus
    found = align_with_model(corpus, load_model())
    assert found[2] is None and loaded[0].training
    for durations, frames, tokens in zip(found, corpus.frame_lengths, corpus.token_lengths):
        assert durations is None or (durations.sum() == frames and len(durations) == tokens and durations.min() >= 1)
    with pytest.raises(ValueError, match="needs load_model"):
        run(talk, tmp_path, aligner="model")
    loaded[0].config.hop_length = 128
    with pytest.raises(ValueError, match="hop 128, the corpus 24000 Hz and hop 256"):
        align_with_model(corpus, loaded[0])


def test_another_model_aligns_anew(talk, tmp_path, tiny_checkpoint, monkeypatch):
    from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
    from valetts_hf.training.data import model_alignment

    aligned = []

    def align_with_model(corpus, model):
        aligned.append(model)
        return [
            np.full(tokens, frames // tokens) for frames, tokens in zip(corpus.frame_lengths, corpus.token_lengths)
        ]

    monkeypatch.setattr(model_alignment, "align_with_model", align_with_model)
    monkeypatch.setattr(preparation, "attach_durations", lambda corpus, durations: corpus)
    first, second = (ValeTTSForSpeech.from_pretrained(tiny_checkpoint) for _ in range(2))
    second.model.text_encoder.embed_tokens.weight.data += 1.0
    write(talk, [row for row in rows_of(talk) if row["text"]])
    models = iter([first, first, second])
    runs = [run(talk, tmp_path, aligner="model", load_model=lambda: next(models)) for _ in range(3)]
    assert [result.up_to_date for result in runs] == [False, True, False] and aligned == [first, second]


def test_the_aligner_depends_on_how_much_speech_there_is(caplog):
    choose = preparation._choose_aligner
    assert choose("auto", 1000.0, True) == "bootstrap" and choose("auto", 50.0, True) == "model"
    assert choose("none", 1000.0, True) == "none"
    assert choose("auto", 50.0, False) == "bootstrap" and "little to estimate" in caplog.text


def test_clips_that_cannot_be_aligned_are_left_out(talk, tmp_path, monkeypatch):
    from valetts_hf.training.aligner import bootstrap_alignment

    def align_corpus(corpus, **options):
        return [
            None if index in (1, 2) else np.full(tokens, frames // tokens) + (np.arange(tokens) < frames % tokens)
            for index, (frames, tokens) in enumerate(zip(corpus.frame_lengths, np.maximum(corpus.token_lengths, 1)))
        ]

    monkeypatch.setattr(bootstrap_alignment, "align_corpus", align_corpus)
    for up_to_date in (False, True):
        result = run(talk, tmp_path)
        assert result.up_to_date == up_to_date
        assert result.corpus.names == [f"talk/audio/{n}.wav" for n in (0, 2, 3, 4)]
        assert [reason.code for reason in result.clips[1].reasons] == ["not_aligned"]
    monkeypatch.setattr(bootstrap_alignment, "align_corpus", lambda corpus, **options: [None] * len(corpus))
    write(talk, rows_of(talk)[:2])
    with pytest.raises(ValueError, match="none of the 2 clips could be aligned"):
        run(talk, tmp_path)


def test_nothing_usable_says_why(tmp_path):
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.wav", "language": "zh-CN", "text": "x"}\n')
    with pytest.raises(ValueError, match="no clip of 1 is left; first reasons: .*'zh-CN' has no reader"):
        run(tmp_path, tmp_path / "out")


def test_wrong_options_are_named(tmp_path):
    with pytest.raises(ValueError, match="aligner='magic' is unknown"):
        run(tmp_path, tmp_path, aligner="magic")
    with pytest.raises(ValueError, match="test_share=1.5"):
        run(tmp_path, tmp_path, test_share=1.5)
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="holds other files"):
        run(tmp_path, tmp_path)


def test_a_full_disk_is_said_before_packing_and_features_stay(talk, tmp_path, counted, monkeypatch):
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: usage(10, 10, 0))
        with pytest.raises(OSError, match="0.0 GiB free, packing needs .* features are kept in the cache"):
            run(talk, tmp_path)
    with monkeypatch.context() as patch:

        def save(self, folder):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(PackedCorpus, "save", save)
        with pytest.raises(OSError, match="no space left to write .*run the same command again"):
            run(talk, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["cache", "talk"]
    run(talk, tmp_path)
    assert len(counted) == 5


def test_attach_durations_checks_sums(talk, tmp_path):
    corpus = run(talk, tmp_path, aligner="none").corpus
    good = [np.bincount(np.arange(f) % t) if t else None for f, t in zip(corpus.frame_lengths, corpus.token_lengths)]
    assert attach_durations(corpus, good).clip(0)["durations"].sum() == corpus.frame_lengths[0]
    with pytest.raises(ValueError, match="talk/audio/0.wav' are .* values summing to"):
        attach_durations(corpus, [good[0][:-1], *good[1:]])
    with pytest.raises(ValueError, match="1 durations were given for 5 clips"):
        attach_durations(corpus, good[:1])


def test_a_worker_that_dies_costs_its_own_item_only():
    tasks = [(n, None if n == 1 else (f"{n} * 10",)) for n in range(6)]
    tasks[3] = (3, ("__import__('os')._exit(1)",))
    results = dict(map_in_order(eval, tasks, 2))
    assert isinstance(results.pop(3), WorkerCrash)
    assert results == {0: 0, 1: None, 2: 20, 4: 40, 5: 50}


def test_workers_read_the_languages_of_a_grown_checkpoint(languages_put_back):
    register_language("da", "da", "Danish")
    tasks = [(n, ("Hvad hedder du?", "da")) for n in range(2)]
    assert all(reading["input_ids"] for _, reading in map_in_order(read_text, tasks, 2))


def test_a_crash_is_reported_as_a_bad_row(talk, tmp_path, monkeypatch):
    def crash(function, tasks, num_proc):
        return ((tag, WorkerCrash()) for tag, _ in tasks)

    monkeypatch.setattr(analysis, "map_in_order", crash)
    clips = analyze(as_sources(talk), CorpusCache(tmp_path / "cache"))
    assert {clip.reasons[0].text for clip in clips} == {"the process that read it crashed or ran out of memory"}


def test_faults_of_the_front_end_stay_with_their_row(talk, tmp_path, monkeypatch):
    def read_text(text, language):
        raise RuntimeError("odd \n text")

    monkeypatch.setattr(analysis, "read_text", read_text)
    clips = analyze(as_sources(talk), CorpusCache(tmp_path / "cache"))
    assert [clip.verdict for clip in clips] == ["drop", "drop", "keep", "drop", "drop"]
    assert clips[0].reasons[0].text == "odd text"
