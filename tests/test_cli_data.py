"""`valetts data`: what it prints and writes, its exit codes and messages."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from tests.conftest import voice_like
from valetts_hf import cli
from valetts_hf.training.data.corpus import PackedCorpus


@pytest.fixture
def talk(tmp_path, monkeypatch):
    """Three recordings, a broken one, and nothing else."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "talk"
    folder.mkdir()
    lines = ["file_name,text"]
    for number, text in enumerate(["the ferry leaves at eight", "we are all here", "come back soon"]):
        soundfile.write(folder / f"{number}.wav", voice_like(1.5 + 0.2 * number, 16_000, 110 + 5 * number), 16_000)
        lines.append(f"{number}.wav,{text}")
    (folder / "9.wav").write_bytes(b"noise")
    (folder / "metadata.csv").write_text("\n".join([*lines, "9.wav,broken"]))
    return folder


def valetts(*words: object) -> int:
    common = ("--cache", "cache", "--num-proc", 1, "--language", "en")
    try:
        return cli.main(["data", *map(str, words), *map(str, common)])
    except SystemExit as leaving:
        return leaving.code


def test_validate_writes_a_report(talk, capsys):
    assert valetts("validate", talk) == 0
    out = capsys.readouterr().out
    assert out.startswith("4 clips, ") and "drop 1" in out and "cannot be used: 1" in out
    assert "report: data_report/report.html" in out
    assert (talk.parent / "data_report" / "report.html").is_file()


def test_prepare_makes_a_corpus_once(talk, capsys):
    arguments = ("prepare", talk, "--output", "packed", "--aligner", "none", "--speaker", "ada", "--json")
    assert valetts(*arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["clips_packed"] == 3 and not result["up_to_date"] and result["report"] == "packed-report"
    corpus = PackedCorpus.load("packed")
    assert corpus.speakers == ["ada"] and len(corpus) == 3 and np.abs(corpus.waveforms).max() > 1000
    assert valetts(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["up_to_date"]
    assert (talk.parent / "packed-report" / "report.md").is_file()
    assert valetts(*arguments[:-1]) == 0
    assert "packed is up to date: 3 clips" in capsys.readouterr().out
    assert valetts(*arguments[:-1], "--quiet") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words, message",
    [
        (
            ["talk", "--text-column", "said"],
            "'talk' has no column 'said' for the text; its columns are 'file_name', 'text'",
        ),
        (["nowhere"], "'nowhere' is neither a file nor a folder"),
        (["talk", "--language", "xx"], "Language 'xx' is not supported"),
        (["talk", "--thresholds", "t.yaml"], "unknown thresholds ['fix_srn']"),
        (["talk", "--max-seconds", "0.1"], "max_seconds=0.1"),
    ],
)
def test_what_cannot_be_done_is_said(talk, capsys, words, message):
    (talk.parent / "t.yaml").write_text("fix_srn: 3\n")
    language = [] if "--language" in words else ["--language", "en"]
    code = cli.main(["data", "validate", *words, *language, "--cache", "cache", "--num-proc", "1"])
    assert code in (1, 2) and message in capsys.readouterr().err
    assert not (talk.parent / "data_report").exists()


def test_usage_names_the_actions(capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["data"])
    assert leaving.value.code == 2 and "ACTION" in capsys.readouterr().err
