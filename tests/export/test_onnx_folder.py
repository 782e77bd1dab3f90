"""Folders of graphs and everything that is no such folder; providers; what is asked of the wrong backend."""

from __future__ import annotations

import builtins
import json

import pytest

from valetts_hf import ValeTTS
from valetts_hf.inference import CheckpointError
from valetts_hf.inference.onnx_folder import FORMAT_VERSION, MANIFEST, OPSET, is_export, read_manifest
from valetts_hf.inference.onnx_sessions import onnx_runtime, resolve_provider


ENTRY = {"name": "style", "file": "style.onnx", "sha256": "0", "inputs": [], "outputs": []}


def manifest(tmp_path, **changes):
    content = {"format_version": FORMAT_VERSION, "opset": OPSET, "graphs": [ENTRY], **changes}
    (tmp_path / MANIFEST).write_text(json.dumps(content))
    return tmp_path


def test_reads_what_it_writes(tmp_path):
    assert not is_export(tmp_path)
    assert read_manifest(manifest(tmp_path))["graphs"] == [ENTRY]
    assert is_export(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opset": 99}, "use opset 99, this package was tested with 20"),
        ({"format_version": 7}, "has the format 7, this package reads 1"),
        ({"graphs": [{"name": "style"}]}, "is damaged .*incomplete"),
        ({"graphs": 3}, "is damaged"),
        ({"opset": "20"}, "is damaged"),
    ],
)
def test_refuses_other_manifests(tmp_path, changes, message):
    with pytest.raises(CheckpointError, match=message):
        ValeTTS.from_pretrained(manifest(tmp_path, **changes))


def test_refuses_broken_json(tmp_path):
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(CheckpointError, match="is damaged"):
        ValeTTS.from_pretrained(tmp_path)


def test_a_checkpoint_is_no_export(tiny_checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match="make them with `valetts export onnx"):
        ValeTTS.from_pretrained(tiny_checkpoint, backend="onnx")
    with pytest.raises(CheckpointError, match="there is no folder"):
        ValeTTS.from_pretrained(tmp_path / "nowhere", backend="onnx")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "tflite"}, "backend must be 'torch' or 'onnx', or None .*got 'tflite'"),
        ({"backend": "onnx", "device": "cuda"}, "the device is chosen by `provider`, got device='cuda'"),
        ({"backend": "onnx", "dtype": "float16"}, "chosen when they are exported, got dtype='float16'"),
        ({"backend": "onnx", "decoder": "bigvgan"}, "hold the decoder of the checkpoint .*got decoder='bigvgan'"),
        ({"provider": "cpu"}, "provider='cpu' is for ONNX graphs"),
    ],
)
def test_options_of_the_other_backend(tiny_checkpoint, options, message):
    with pytest.raises(ValueError, match=message):
        ValeTTS.from_pretrained(tiny_checkpoint, **options)


def test_providers():
    assert resolve_provider(None) == resolve_provider("cpu") == ["CPUExecutionProvider"]
    assert resolve_provider("CPUExecutionProvider") == ["CPUExecutionProvider"]
    with pytest.raises(ValueError, match="provider must be one of cpu, cuda, tensorrt.*got 'npu'"):
        resolve_provider("npu")


def test_a_provider_that_is_not_here(tmp_path):
    available = onnx_runtime().get_available_providers()
    if "TensorrtExecutionProvider" in available:
        pytest.skip("this ONNX Runtime has TensorRT")
    with pytest.raises(ValueError, match="'tensorrt' is not in this ONNX Runtime .*or use 'cpu'"):
        ValeTTS.from_pretrained(manifest(tmp_path), provider="tensorrt")


def test_without_the_runtime(tmp_path, monkeypatch):
    plain = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "onnxruntime":
            raise ImportError("No module named 'onnxruntime'")
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'valetts-hf\[onnx\]'"):
        ValeTTS.from_pretrained(manifest(tmp_path))
