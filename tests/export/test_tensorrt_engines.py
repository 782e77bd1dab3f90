"""Engines are built of what TensorRT is told: profiles, flags, errors; a stand-in takes its place."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import valetts_hf.export.tensorrt_engines as engines
from valetts_hf.export.tensorrt_engines import TensorRTUnavailable, build_engines, require_tensorrt
from valetts_hf.inference.onnx_folder import FORMAT_VERSION, MANIFEST, OPSET, file_hash
from valetts_hf.inference.onnx_profiles import optimization_profile, tensorrt_options


GRAPH = {
    "name": "decoder",
    "file": "decoder.onnx",
    "inputs": [{"name": "latents", "shape": ["B", "F", 8]}, {"name": "style", "shape": ["B", 16]}],
    "outputs": [],
}


def test_profiles_are_ascending_and_keep_fixed_sizes():
    profile = optimization_profile(GRAPH, {"B": (1, 2, 4)})
    assert profile["style"] == ([1, 16], [2, 16], [4, 16])
    least, usual, greatest = profile["latents"]
    assert least[2] == usual[2] == greatest[2] == 8
    assert all(a <= b <= c for a, b, c in zip(least, usual, greatest))


def test_profiles_of_unknown_dimensions():
    graph = {"name": "x", "inputs": [{"name": "y", "shape": ["Q"]}]}
    with pytest.raises(ValueError, match="dimension 'Q' of input 'y' has no limits"):
        optimization_profile(graph)
    with pytest.raises(ValueError, match="least <= usual <= greatest"):
        optimization_profile(graph, {"Q": (3, 2, 4)})


def test_options_of_the_provider():
    options = tensorrt_options(GRAPH, "/cache")
    assert options["trt_profile_min_shapes"] == "latents:1x4x8,style:1x16"
    assert options["trt_engine_cache_path"] == "/cache"


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "onnx"
    folder.mkdir()
    (folder / "decoder.onnx").write_bytes(b"graph")
    graph = {**GRAPH, "sha256": file_hash(folder / "decoder.onnx")}
    content = {"format_version": FORMAT_VERSION, "opset": OPSET, "precision": "fp32", "graphs": [graph]}
    (folder / MANIFEST).write_text(json.dumps(content))
    return folder


class FakeTensorRT:
    """Notes what it is told, and builds an engine of a few bytes."""

    __version__ = "0"
    BuilderFlag = SimpleNamespace(FP16="fp16")

    class Logger:
        ERROR = 0

        def __init__(self, level):
            pass

    def __init__(self, takes=True, plan=b"engine"):
        self.shapes, self.flags, self.takes, self.plan = {}, [], takes, plan
        self.profile = SimpleNamespace(set_shape=lambda name, *sizes: self.shapes.update({name: sizes}))
        settings = SimpleNamespace(set_flag=self.flags.append, add_optimization_profile=lambda profile: None)
        self.builder = SimpleNamespace(
            create_network=lambda flags: "network",
            create_builder_config=lambda: settings,
            create_optimization_profile=lambda: self.profile,
            build_serialized_network=lambda network, config: self.plan,
        )

    def Builder(self, logger):
        return self.builder

    def OnnxParser(self, network, logger):
        return SimpleNamespace(parse=lambda content: self.takes, num_errors=1, get_error=lambda index: "bad node")


def test_builds_an_engine_of_each_graph(export, tmp_path, monkeypatch):
    fake = FakeTensorRT()
    monkeypatch.setattr(engines, "require_tensorrt", lambda: fake)
    (path,) = build_engines(export, tmp_path / "engines", half=True)
    assert path.read_bytes() == b"engine" and path.name == "decoder.engine"
    assert fake.flags == ["fp16"] and set(fake.shapes) == {"latents", "style"}
    with pytest.raises(FileExistsError, match="is there already"):
        build_engines(export, tmp_path / "engines")
    build_engines(export, tmp_path / "engines", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["engines", "onnx"]


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (FakeTensorRT(takes=False), "does not take decoder.onnx: bad node"),
        (FakeTensorRT(plan=None), "could not build"),
    ],
)
def test_what_tensorrt_refuses(export, tmp_path, monkeypatch, fake, message):
    monkeypatch.setattr(engines, "require_tensorrt", lambda: fake)
    with pytest.raises(RuntimeError, match=message):
        build_engines(export, tmp_path / "engines")
    assert not (tmp_path / "engines").exists()


def test_quantised_graphs_are_for_cpus(export, tmp_path):
    content = json.loads((export / MANIFEST).read_text())
    (export / MANIFEST).write_text(json.dumps({**content, "precision": "int8"}))
    with pytest.raises(ValueError, match="build engines of the float32 export"):
        build_engines(export, tmp_path / "engines")


def test_without_tensorrt(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(TensorRTUnavailable, match="TensorRT is not installed"):
        require_tensorrt()


def test_without_a_gpu(monkeypatch):
    import sys

    import torch

    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TensorRTUnavailable, match="there is none here"):
        require_tensorrt()
