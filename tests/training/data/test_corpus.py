"""The packed corpus on disk, and its preparation from small made-up audio folders."""

import json
import os

import numpy as np
import pytest

from valetts_hf.processing.symbols import ipa_to_ids
from valetts_hf.training.data.corpus import ARRAYS_FILE, TABLE_FILE, PackedCorpus, offsets_of
from valetts_hf.training.data.corpus_preparation import (
    attach_durations,
    attach_text,
    level_waveform,
    prepare,
    prepare_audio,
    read_metadata,
)
from valetts_hf.training.data.pitch import SAMPLING_RATE


def small_corpus() -> PackedCorpus:
    """Three clips of 4, 6 and 5 frames; the last has no transcript."""
    rng = np.random.default_rng(0)
    frames, tokens = [4, 6, 5], [3, 2, 0]
    return PackedCorpus(
        waveforms=rng.integers(-9000, 9000, 15 * 256).astype(np.int16),
        sample_offsets=offsets_of([256 * f for f in frames]),
        log_f0=rng.random(15).astype(np.float32),
        energy=rng.random(15).astype(np.float32),
        input_ids=np.array([2, 30, 3, 2, 3], dtype=np.int16),
        token_offsets=offsets_of(tokens),
        durations=np.array([1, 2, 1, 3, 3], dtype=np.int16),
        speaker_ids=np.array([1, 0, 1], dtype=np.int32),
        language_ids=np.array([0, 5, 0], dtype=np.int32),
        texts=["a", "ö", ""],
        phonemes=["a", "ø", ""],
        languages=["en-us", "de", "en-us"],
        splits=["train", "test", "train"],
        names=["x/1", "x/2", "x/3"],
        speakers=["ann", "bob"],
    )


def babble(seconds: float, seed: int, rate: int = SAMPLING_RATE) -> np.ndarray:
    """Syllable-like bursts of a harmonic tone between silences, `rate` Hz."""
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 8))
    gate = (np.sin(2 * np.pi * 3 * time + seed) > -0.5) & (time > 0.15) & (time < seconds - 0.15)
    return (0.2 * tone * gate + 0.001 * np.random.default_rng(seed).normal(size=len(time))).astype(np.float32)


@pytest.fixture
def source(tmp_path):
    import soundfile

    folder = tmp_path / "talk"
    (folder / "audio").mkdir(parents=True)
    texts = ["hello there", "one two three", "", "ni hao", "broken", "absent", "far too long a text for this " * 4]
    rows = []
    for i, text in enumerate(texts):
        name = f"audio/{i}.wav"
        if i == 4:
            (folder / name).write_bytes(b"RIFF no audio at all")
        elif i != 5:
            rate = 16_000 if i == 1 else SAMPLING_RATE
            soundfile.write(folder / name, babble(0.8 if i == 6 else 1.4, i, rate), rate)
        rows.append(
            {"file_name": name, "text": text, "language": "zh-CN" if i == 3 else "en-US", "speaker_id": f"s{i % 2}"}
        )
    rows[0]["split"] = "validation"
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def test_clip_returns_its_own_pieces():
    corpus = small_corpus()
    clip = corpus.clip(1)
    assert clip["waveform"].shape == (6 * 256,)
    np.testing.assert_allclose(clip["waveform"], corpus.waveforms[1024:2560] / 32767.0, rtol=1e-6)
    np.testing.assert_array_equal(clip["log_f0"], corpus.log_f0[4:10])
    assert clip["input_ids"].tolist() == [2, 3] and clip["durations"].tolist() == [3, 3]
    assert (clip["speaker"], clip["language"], clip["split"], clip["text"]) == ("ann", "de", "test", "ö")
    assert corpus.transcribed.tolist() == [True, True, False]
    assert corpus.clip(2)["input_ids"].shape == (0,)


def test_save_and_load_are_exact_and_memory_mapped(tmp_path):
    corpus = small_corpus()
    corpus.save(tmp_path / "packed")
    loaded = PackedCorpus.load(tmp_path / "packed")
    assert isinstance(loaded.waveforms, np.memmap)
    for name in vars(corpus):
        original, copy = getattr(corpus, name), getattr(loaded, name)
        if isinstance(original, np.ndarray):
            assert original.dtype == copy.dtype
            np.testing.assert_array_equal(original, copy)
        else:
            assert original == copy


def test_saving_again_replaces_whole_and_leaves_open_maps_alone(tmp_path):
    corpus = small_corpus()
    corpus.save(tmp_path / "packed")
    old = PackedCorpus.load(tmp_path / "packed")
    corpus.select([2]).save(tmp_path / "packed")
    assert len(PackedCorpus.load(tmp_path / "packed")) == 1
    np.testing.assert_array_equal(old.waveforms, corpus.waveforms)
    assert os.listdir(tmp_path) == ["packed"]


def test_a_failed_save_keeps_the_old_corpus(tmp_path, monkeypatch):
    corpus = small_corpus()
    corpus.save(tmp_path / "packed")
    broken = corpus.select([0])
    broken.notes = {"not": object()}
    with pytest.raises(TypeError):
        broken.save(tmp_path / "packed")
    assert len(PackedCorpus.load(tmp_path / "packed")) == 3
    assert os.listdir(tmp_path) == ["packed"]


def test_foreign_folders_are_not_overwritten(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="holds other files"):
        small_corpus().save(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_load_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="prepare_corpus"):
        PackedCorpus.load(tmp_path / "nothing")
    small_corpus().save(tmp_path / "packed")
    table = json.loads((tmp_path / "packed" / TABLE_FILE).read_text())
    (tmp_path / "packed" / TABLE_FILE).write_text(json.dumps({**table, "format_version": 99}))
    with pytest.raises(ValueError, match="99"):
        PackedCorpus.load(tmp_path / "packed")
    (tmp_path / "packed" / TABLE_FILE).write_text(json.dumps(table))
    (tmp_path / "packed" / ARRAYS_FILE).write_bytes(b"\xff" * 20)
    with pytest.raises(ValueError, match="damaged"):
        PackedCorpus.load(tmp_path / "packed")


def test_inconsistent_arrays_are_refused():
    corpus = small_corpus()
    fields = dict(vars(corpus))
    with pytest.raises(ValueError, match="log_f0 has 14"):
        PackedCorpus(**{**fields, "log_f0": corpus.log_f0[:-1]})
    with pytest.raises(ValueError, match="multiples of 256"):
        PackedCorpus(**{**fields, "sample_offsets": np.array([0, 1000, 2560, 3840])})
    with pytest.raises(ValueError, match="splits has 2"):
        PackedCorpus(**{**fields, "splits": ["train", "test"]})


def test_select_reorders_clips():
    corpus = small_corpus()
    chosen = corpus.select([1, 0])
    assert chosen.texts == ["ö", "a"]
    for new, old in enumerate([1, 0]):
        for key, value in corpus.clip(old).items():
            np.testing.assert_array_equal(chosen.clip(new)[key], value)
    assert len(corpus.select([])) == 0


def test_attach_durations_drops_what_has_none_and_checks_sums():
    corpus = small_corpus()
    kept = attach_durations(corpus, [None, np.array([2, 4]), None])
    assert kept.names == ["x/2", "x/3"]
    assert kept.clip(0)["durations"].tolist() == [2, 4]
    assert "x/1" in kept.notes["skipped"][0]
    with pytest.raises(ValueError, match="summing to 5"):
        attach_durations(corpus, [np.array([1, 2, 2]), None, None])
    with pytest.raises(ValueError, match="1 durations"):
        attach_durations(corpus, [None])


def test_attach_text_uses_the_given_reader_per_language():
    calls = []

    def reader(texts, language):
        calls.append((language, texts))
        return [(text.upper(), [2, *[7] * len(text), 3]) for text in texts]

    corpus = attach_text(small_corpus(), reader)
    assert calls == [("de", ["ö"]), ("en-us", ["a"])]
    assert corpus.phonemes == ["A", "Ö", ""]
    assert corpus.token_lengths.tolist() == [3, 3, 0]


def test_level_has_common_loudness_and_never_clips():
    loud, soft = babble(1.0, 0), 0.01 * babble(1.0, 0)
    np.testing.assert_allclose(level_waveform(loud), level_waveform(soft), atol=1e-4)
    click = np.zeros(24_000, dtype=np.float32)
    click[::4800] = 0.5
    assert np.abs(level_waveform(click)).max() == pytest.approx(0.95)
    assert not level_waveform(np.zeros(1000)).any()


def test_prepare_audio_reads_what_it_can_and_names_the_rest(source):
    corpus = prepare_audio([source], workers=1)
    assert corpus.names == [f"talk/audio/{i}.wav" for i in (0, 1, 2, 6)]
    assert corpus.splits == ["validation", "train", "train", "train"]
    assert corpus.speakers == ["s0", "s1"] and corpus.speaker_ids.tolist() == [0, 1, 0, 0]
    # 1.4 s and 0.8 s in whole frames, whatever the sampling rate of the file was.
    assert corpus.frame_lengths.tolist() == [131, 131, 131, 75]
    skipped = "\n".join(corpus.notes["skipped"])
    for part in ("talk/audio/4.wav", "talk/audio/5.wav", "'zh-CN'"):
        assert part in skipped
    voiced = np.exp(corpus.log_f0[corpus.log_f0 > 0])
    assert np.median(voiced) == pytest.approx(140, abs=2)


def test_prepare_end_to_end(source):
    corpus = prepare([source], workers=2, iterations=2)
    # The long text has more tokens than its clip has frames.
    assert corpus.names == [f"talk/audio/{i}.wav" for i in (0, 1, 2)]
    assert corpus.transcribed.tolist() == [True, True, False]
    for i in (0, 1):
        clip = corpus.clip(i)
        assert clip["input_ids"].tolist() == ipa_to_ids(clip["phonemes"])
        assert clip["durations"].sum() == len(clip["log_f0"]) and clip["durations"].min() >= 1


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.wav", "language": "zh-CN", "text": "x"}\n')
    with pytest.raises(ValueError, match="no reader"):
        prepare_audio([tmp_path], workers=1)


def test_metadata_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="no metadata"):
        read_metadata(tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,text\na.wav,hello\n")
    assert read_metadata(tmp_path) == [{"file_name": "a.wav", "text": "hello"}]
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.wav"}\n{"file_name"\n')
    with pytest.raises(ValueError, match="row 2"):
        read_metadata(tmp_path)
