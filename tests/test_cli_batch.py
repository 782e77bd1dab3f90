"""`valetts batch`: what it prints, its exit codes, and that every option arrives."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from valetts_hf.cli import build_parser, main
from valetts_hf.commands.batch import _Progress
from valetts_hf.mass_synthesis import Shard, SynthesisReport


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def batch(tmp_path, tiny_checkpoint, monkeypatch):
    """Runs the command in a folder of its own, on some rows."""
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"id": "a", "text": "One."}\n{"id": "b", "text": "Two."}\n')

    def run(*arguments: str) -> int:
        return main(["batch", *arguments, "--model", str(tiny_checkpoint), "--device", "cpu"])

    return run


def test_it_speaks_and_says_how_fast(batch, capsys):
    assert batch("rows.jsonl", "out") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(
        r"out/shard-00000-of-00001: 2 rows spoken; [\d.]+ min of speech, [\d.]+ x real time, [\d.]+ rows/s\n",
        captured.err,
    )
    assert batch("rows.jsonl", "out", "--json") == 0
    captured = capsys.readouterr()
    assert "0 rows spoken, 2 were done\n" in captured.err
    assert json.loads(captured.out)["done_before"] == 2


def test_failed_rows_are_an_exit_code_and_a_file(batch, capsys):
    with open("rows.jsonl", "a") as file:
        file.write('{"id": "c", "text": "Three.", "voice": "nobody"}\n')
    assert batch("rows.jsonl", "out") == 1
    assert "2 rows spoken, 1 failed" in (said := capsys.readouterr().err)
    assert "out/shard-00000-of-00001/failed.jsonl says which rows and why; --retry-failed" in said
    assert batch("rows.jsonl", "out", "--quiet") == 1 and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.jsonl", "out"], 2, "there is no file or folder 'missing.jsonl'"),
        (
            ["rows.jsonl", "out", "--text-column", "words"],
            2,
            "has no column 'words' for the text; its columns are: id, text",
        ),
        (["rows.jsonl", "out", "--column", "tempo=text"], 2, "no column can be 'tempo'"),
        (["rows.jsonl", "out", "--voice", "nobody"], 2, "unknown voice 'nobody'"),
        (["rows.jsonl", "out", "--language", "xx"], 2, "'xx' is not supported"),
        (["rows.jsonl", "out", "--speaking-rate", "9"], 2, "speaking_rate"),
        (["rows.jsonl", "out", "--shard", "2/2"], 2, "there is no shard 2/2"),
        (["rows.jsonl", "rows.jsonl"], 1, "is a file: name a folder"),
        (["rows.jsonl", "."], 1, "holds something else ('rows.jsonl')"),
    ],
)
def test_what_cannot_be_is_one_line(batch, capsys, arguments, code, message):
    assert batch(*arguments) == code
    said = capsys.readouterr().err
    assert said.startswith("valetts: error: ") and message in said and said.count("\n") == 1


def test_ray_that_is_missing_is_named_with_its_extra(batch, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert batch("rows.jsonl", "out", "--ray") == 1
    assert "needs Ray" in (said := capsys.readouterr().err) and "pip install 'valetts-hf[ray]'" in said


@pytest.mark.parametrize(
    "arguments", [["--column", "style"], ["--column", "=x"], ["--processes", "0"], ["--pitch-shift", "nan"]]
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["batch", "rows.jsonl", "out", *arguments])
    assert ended.value.code == 2 and arguments[0] in capsys.readouterr().err


def test_every_option_arrives(monkeypatch):
    asked = {}

    def remember(source, output, **options):
        asked.update(source=source, output=output, **options)
        return SynthesisReport("out", 0)

    monkeypatch.setattr("valetts_hf.mass_synthesis.synthesize_dataset", remember)
    line = (
        "batch in out --text-column a --id-column  --voice-column b --language-column c --column style=d --column pitch-shift=e "
        "--split train --config f --language PT --voice g --style h --ssml --seed 3 --speaking-rate 1.5 --pitch-shift 1 "
        "--pitch-range 2 --energy-shift 3 --pause-scale 4 --pauses text --noise-scale 0.5 --format mp3 --shard 1/4 "
        "--processes 2 --ray --batch 6 --retry-failed --model i --device cuda:1 --threads 7 --quiet"
    )
    assert main(line.split(" ")) == 0
    assert asked.pop("progress") is None
    assert asked == {
        "source": "in",
        "output": "out",
        "columns": {"text": "a", "id": "", "voice": "b", "language": "c", "style": "d", "pitch_shift": "e"},
        "split": "train",
        "config": "f",
        "language": "PT",
        "voice": "g",
        "style": "h",
        "ssml": True,
        "seed": 3,
        "speaking_rate": 1.5,
        "pitch_shift": 1.0,
        "pitch_range": 2.0,
        "energy_shift": 3.0,
        "pause_scale": 4.0,
        "pauses": "text",
        "noise_scale": 0.5,
        "format": "mp3",
        "shard": Shard(1, 4),
        "processes": 2,
        "ray": "auto",
        "batch_size": 6,
        "retry_failed": True,
        "model": "i",
        "device": "cuda:1",
        "threads": 7,
    }


def test_progress_is_a_bar_on_a_terminal(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    progress = _Progress(terminal=True)
    report = SynthesisReport("out", rows=10, done_before=4)
    for report.spoken, report.failed in ((0, 0), (3, 1), (5, 1)):
        report.seconds, report.audio_seconds = 1.0 + report.spoken, 30.0
        progress(report)
    progress.close()
    last = screen.getvalue().split("\r")[-1]
    assert "10/10" in last and "5.0 x real time, 1 failed" in last


def test_progress_is_a_line_now_and_then_elsewhere(capsys):
    now = [0.0]
    progress = _Progress(terminal=False, clock=lambda: now[0])
    report = SynthesisReport("out", rows=100, done_before=40, spoken=10, failed=2, audio_seconds=60.0, seconds=20.0)
    for now[0] in (10.0, 31.0, 40.0):
        progress(report)
    progress.close()
    assert capsys.readouterr().err == (
        "52 of 100 rows, 2 failed; 1.0 min of speech, 3.0 x real time, 0.50 rows/s, about 2 min left\n"
    )


def test_the_guides_name_only_options_that_there_are():
    lines = [
        line.partition("-m valetts_hf.cli ")[2] or line.removeprefix("valetts ")
        for page in ("batch.md", "cluster.md")
        for line in (ROOT / "docs" / page).read_text().splitlines()
        if line.startswith(("valetts batch", "accelerate launch"))
    ]
    assert len(lines) >= 8
    for line in lines:
        assert build_parser().parse_args(line.split()).processes >= 1


def test_the_guide_names_every_column_and_argument():
    from valetts_hf.mass_synthesis.rows import ROLES

    guide = (ROOT / "docs" / "batch.md").read_text()
    assert all(f"`{name}`" in guide for usual in ROLES.values() for name in usual if name not in ("lang", "locale"))
    cluster = (ROOT / "docs" / "cluster.md").read_text()
    source = (ROOT / "deploy" / "ray_serve.py").read_text()
    fields = re.findall(r"^    (\w+): .* = (?:Field|None)", source, re.MULTILINE)
    assert len(fields) >= 11 and all(f"`{name}`" in cluster for name in fields)
