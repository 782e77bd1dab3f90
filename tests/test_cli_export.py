"""`valetts export`: what it refuses before work begins, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from valetts_hf.cli import main


pytest.importorskip("onnxscript")


def test_target_that_is_taken(tiny_checkpoint, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["export", "onnx", str(tiny_checkpoint), str(tmp_path)]) == 1
    assert "is there already: name a new or empty folder" in capsys.readouterr().err
    assert main(["export", "onnx", str(tiny_checkpoint), str(tmp_path / "notes.txt"), "--overwrite"]) == 1
    assert "is a file: name a new folder" in capsys.readouterr().err
    assert main(["export", "onnx", str(tiny_checkpoint), str(tmp_path / "notes.txt" / "below")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_nothing_is_reported_to_the_maker_of_the_runtime(tmp_path):
    pytest.importorskip("onnxruntime")
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | home
    code = "from valetts_hf.inference.onnx_sessions import onnx_runtime; onnx_runtime()"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))


def test_source_that_is_none(tmp_path, capsys):
    assert main(["export", "onnx", str(tmp_path / "nowhere"), str(tmp_path / "new")]) == 1
    assert "there is no checkpoint folder" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_libraries_that_are_missing(tiny_checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", "onnx", str(tiny_checkpoint), str(tmp_path / "new")]) == 1
    assert "pip install 'valetts-hf[onnx]'" in capsys.readouterr().err


def test_tensorrt_where_there_is_none(tiny_checkpoint, tmp_path, capsys, monkeypatch):
    import json

    from valetts_hf.inference.onnx_folder import FORMAT_VERSION, OPSET

    assert main(["export", "tensorrt", str(tiny_checkpoint), str(tmp_path / "new")]) == 1
    assert "holds no ONNX graphs" in capsys.readouterr().err
    assert main(["export", "tensorrt", str(tmp_path), str(tmp_path / "new"), "--int8"]) == 2
    assert "belong to `valetts export onnx`" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    manifest = {"format_version": FORMAT_VERSION, "opset": OPSET, "precision": "fp32", "graphs": []}
    (tmp_path / "export.json").write_text(json.dumps(manifest))
    assert main(["export", "tensorrt", str(tmp_path), str(tmp_path / "new")]) == 1
    assert "TensorRT is not installed" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_one_precision_at_a_time(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["export", "onnx", "a", "b", "--int8", "--fp16"])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_how_to_compare_is_checked_before_the_export(tiny_checkpoint, tmp_path, capsys, monkeypatch):
    (tmp_path / "export_judges.py").write_text(
        "def mean_seconds(waveforms, texts, rate):\n    return sum(map(len, waveforms)) / rate\n"
    )
    (tmp_path / "said.txt").write_text("en-us Hi.\nen-us\n")
    monkeypatch.syspath_prepend(tmp_path)
    start = ["export", "onnx", str(tiny_checkpoint), str(tmp_path / "new")]
    assert main([*start, "--judge", "seconds=export_judges:mean_seconds"]) == 2
    assert "give --report too" in capsys.readouterr().err
    for options, words in (
        (["--judge", "export_judges:mean_seconds"], "write it as NAME=MODULE:FUNCTION"),
        (["--judge", "seconds=export_judges:nobody"], "cannot load 'export_judges:nobody'"),
        (["--sentences", str(tmp_path / "said.txt")], "sentence 2: 'en-us' has no text"),
        (["--sentences", str(tmp_path / "none.txt")], "none.txt"),
    ):
        assert main([*start, "--report", *options]) != 0
        assert words in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_judges_and_sentences_reach_the_report(tmp_path, capsys, monkeypatch):
    (tmp_path / "export_judges.py").write_text(
        "def mean_seconds(waveforms, texts, rate):\n    return sum(map(len, waveforms)) / rate\n"
    )
    (tmp_path / "said.txt").write_text("en-us Hi there.\n\npt-br Bom dia.\n")
    monkeypatch.syspath_prepend(tmp_path)
    from valetts_hf.export import onnx_export, parity

    given = {}

    class Report:
        def markdown(self):
            return "a table"

    def parity_report(source, folder, **arguments):
        given.update(arguments)
        return Report()

    monkeypatch.setattr(onnx_export, "export_onnx", lambda *arguments: tmp_path)
    monkeypatch.setattr(parity, "parity_report", parity_report)
    options = ["--report", "--judge", "seconds=export_judges:mean_seconds", "--sentences", str(tmp_path / "said.txt")]
    assert main(["export", "onnx", "base", str(tmp_path / "new"), *options]) == 0
    assert "a table" in capsys.readouterr().out
    assert given["sentences"] == [("en-us", "Hi there."), ("pt-br", "Bom dia.")]
    assert given["measures"]["seconds"]([[0.0] * 24000], ["Hi."], 24000) == 1.0
