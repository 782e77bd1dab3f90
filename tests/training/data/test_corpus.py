"""The packed corpus on disk."""

import json
import os

import numpy as np
import pytest

from valetts_hf.training.data.corpus import ARRAYS_FILE, TABLE_FILE, PackedCorpus, offsets_of


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
    with pytest.raises(FileNotFoundError, match="valetts data prepare"):
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


def test_files_and_safetensors_understand_each_other(tmp_path):
    from safetensors.numpy import load_file, save_file

    corpus = small_corpus()
    corpus.save(tmp_path / "packed")
    arrays = load_file(tmp_path / "packed" / ARRAYS_FILE)
    np.testing.assert_array_equal(arrays["waveforms"], corpus.waveforms)
    save_file(arrays, tmp_path / "packed" / ARRAYS_FILE)
    np.testing.assert_array_equal(PackedCorpus.load(tmp_path / "packed").log_f0, corpus.log_f0)


def test_a_file_cut_short_is_named(tmp_path):
    small_corpus().save(tmp_path / "packed")
    path = tmp_path / "packed" / ARRAYS_FILE
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="damaged: .* bytes instead of .*prepare the corpus again"):
        PackedCorpus.load(tmp_path / "packed")
