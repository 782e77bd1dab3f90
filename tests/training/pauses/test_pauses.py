"""Silences of a corpus and the model of them: made-up readers who pause where the test says."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from valetts_hf.processing.pause_features import find_boundaries
from valetts_hf.processing.symbols import ipa_to_ids
from valetts_hf.training.data.corpus import PackedCorpus, offsets_of
from valetts_hf.training.pauses.fitting import (
    fit_pauses,
    judge_pauses,
    judge_punctuation,
    mark_seconds,
    ranking_quality,
)
from valetts_hf.training.pauses.silences import FRAME_SECONDS, Clip, corpus_silences, quiet_runs, silences_between


LOUD, QUIET = -2.0, -9.0


def test_quiet_runs_are_measured_against_the_clip():
    energy = np.full(50, LOUD, np.float32)
    energy[10:20] = QUIET
    energy[40:] = QUIET
    assert quiet_runs(energy) == quiet_runs(energy - 3) == [(10, 20), (40, 50)]
    assert quiet_runs(energy[:0]) == []


def test_a_silence_needs_a_place_and_quiet():
    ids = ipa_to_ids("aba, aba aba")
    boundaries = find_boundaries(ids)
    durations = np.array([5, 8, 8, 8, 20, 1, 8, 8, 8, 20, 8, 8, 8, 5])
    energy = np.full(durations.sum(), LOUD, np.float32)
    energy[29:50] = QUIET  # at the comma
    energy[6:9] = QUIET  # in a word
    first, second = silences_between(boundaries, durations, energy)
    assert first == pytest.approx(21 * FRAME_SECONDS)
    assert second == 0.0, "the alignment has a pause there, the recording has none"
    energy[29:38] = LOUD
    energy[45:50] = LOUD
    assert silences_between(boundaries, durations, energy)[0] == 0.0, "a closure is no pause"


def made_up_corpus(clips: int, seed: int) -> PackedCorpus:
    """Readers who pause at commas and before "ænd", 0.47 s and 0.26 s; "ðə" never follows a pause."""
    random = np.random.default_rng(seed)
    ids, durations, energies = [], [], []
    for _ in range(clips):
        spoken = ["bˈɔl"]
        for _ in range(8):
            spoken.append(str(random.choice([" ðə bˈɔl", " ænd bˈɔl", ", bˈɔl", " kˈæt", " ðə kˈæt"])))
        row = ipa_to_ids("".join(spoken))
        frames = np.full(len(row), 6)
        level = np.full(len(row), LOUD)
        for boundary in find_boundaries(row):
            pause = 38 if boundary.mark == "comma" else 19 if boundary.after == "ænd" else 0
            if pause:
                frames[boundary.end - 1], level[boundary.end - 1] = pause, QUIET
                level[boundary.start] = QUIET
        ids.append(row)
        durations.append(frames)
        energies.append(np.repeat(level, frames) + random.normal(0, 0.1, frames.sum()))
    frames = [int(row.sum()) for row in durations]
    splits = ["validation" if index % 5 == 0 else "train" for index in range(clips)]
    return PackedCorpus(
        waveforms=np.zeros(sum(frames) * 256, np.int16),
        sample_offsets=offsets_of(256 * count for count in frames),
        log_f0=np.zeros(sum(frames), np.float32),
        energy=np.concatenate(energies).astype(np.float32),
        input_ids=np.concatenate(ids).astype(np.int16),
        token_offsets=offsets_of(len(row) for row in ids),
        durations=np.concatenate(durations).astype(np.int16),
        speaker_ids=np.zeros(clips, np.int32),
        language_ids=np.zeros(clips, np.int32),
        texts=["x"] * clips,
        phonemes=["x"] * clips,
        languages=["en-us"] * clips,
        splits=splits,
        names=[f"made/{index}" for index in range(clips)],
        speakers=["ada"],
    )


@pytest.fixture(scope="module")
def corpus() -> PackedCorpus:
    return made_up_corpus(120, seed=0)


@pytest.fixture(scope="module")
def clips(corpus) -> list[Clip]:
    return corpus_silences(corpus)


def test_silences_of_a_corpus(clips):
    assert len(clips) == 120
    for clip in clips:
        for boundary, silence in zip(clip.boundaries, clip.silences):
            expected = 0.47 if boundary.mark == "comma" else 0.26 if boundary.after == "ænd" else 0.0
            assert silence == pytest.approx(expected, abs=0.08)


def test_the_model_learns_where_and_how_long(clips):
    model = fit_pauses([clip for clip in clips if clip.split == "train"])
    held_out = [clip for clip in clips if clip.split != "train"]
    found = judge_pauses(model, held_out)
    assert found["f_score"] > 0.98 and found["space_auc"] > 0.98 and found["length_error"] < 0.1
    assert model.breaks["after:en-us:ænd"] > 1
    lengths = mark_seconds(clips)
    assert lengths["comma"] == pytest.approx(0.47, abs=0.02)
    usual = judge_punctuation(lengths, held_out)
    assert usual["precision"] == 1.0 and usual["recall"] < 0.8 and usual["f_score"] < found["f_score"]


@pytest.mark.parametrize(
    ("true", "false", "expected"), [((2.0, 1.0), (1.0, 0.0), 0.875), ((0.0, 0.0), (0.0,), 0.5), ((1.0,), (), 0.5)]
)
def test_equal_scores_count_half(true, false, expected):
    assert ranking_quality([(score, True) for score in true] + [(score, False) for score in false]) == expected


def test_too_little_to_learn_from(clips):
    with pytest.raises(ValueError, match="too little to learn pauses from"):
        fit_pauses(clips[:2])
    silent = made_up_corpus(2, seed=1)
    silent.durations = np.zeros_like(silent.durations)
    with pytest.raises(ValueError, match="align it first"):
        corpus_silences(silent)


def test_the_script_writes_a_table_that_loads(corpus, tmp_path, capsys):
    path = Path(__file__).parents[3] / "training_scripts" / "train_pauses.py"
    spec = importlib.util.spec_from_file_location("train_pauses", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    corpus.save(tmp_path / "corpus")
    table, report = tmp_path / "weights.py", tmp_path / "report.json"
    script.main(["--corpus", str(tmp_path / "corpus"), "--output", str(table), "--report", str(report)])
    namespace: dict = {}
    exec(table.read_text(encoding="utf-8"), namespace)
    assert namespace["BREAKS"]["after:en-us:ænd"] > 1 and namespace["MARK_SECONDS"]["comma"] == pytest.approx(
        0.47, abs=0.02
    )
    measured = json.loads(report.read_text(encoding="utf-8"))
    assert measured["model"]["f_score"] > measured["punctuation"]["f_score"]
    assert "punctuation" in capsys.readouterr().out
    replace(corpus, splits=["train"] * len(corpus)).save(tmp_path / "corpus")
    with pytest.raises(ValueError, match="holds out no clips to judge pauses by: prepare it with --test-share"):
        script.main(["--corpus", str(tmp_path / "corpus"), "--output", str(tmp_path / "none.py")])
    assert not (tmp_path / "none.py").exists()
