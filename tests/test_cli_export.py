"""`valetts export`: what it refuses before work begins, and its exit codes."""

from __future__ import annotations

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
