"""Exports of the tiny checkpoint: the graphs as PyTorch modules behind the interface of sessions, and a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from valetts_hf import ValeTTS, Voice
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, keep_fingerprint


pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


class ModuleSession:
    """A graph computed by PyTorch, so that what lies around sessions is tested in a second."""

    def __init__(self, graph):
        self.graph = graph.eval()

    def run(self, names, feeds):
        with torch.no_grad():
            found = self.graph(*(torch.from_numpy(feeds[port.name]) for port in self.graph.inputs))
        return [value.numpy() for value in ((found,) if isinstance(found, torch.Tensor) else found)]


@pytest.fixture(scope="session")
def tiny_checkpoint(steady_checkpoint) -> Path:
    """All that is exported here has a steady pitch."""
    return steady_checkpoint


@pytest.fixture(scope="session")
def torch_tts(tiny_checkpoint):
    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")


@pytest.fixture(scope="session")
def graph_tts(tiny_checkpoint):
    """The SDK over the graphs of the tiny checkpoint, without ONNX."""
    from valetts_hf.export.graphs import graphs_of
    from valetts_hf.export.onnx_export import manifest_of, style_tensors
    from valetts_hf.inference.onnx_model import OnnxSpeechModel

    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    graphs = graphs_of(tts.model)
    manifest = {**manifest_of(tts.model, graphs), "voice": None}
    sessions = {graph.name: ModuleSession(graph) for graph in graphs}
    model = OnnxSpeechModel(tts.model.config, manifest, sessions, style_tensors(tts.model)).eval()
    keep_fingerprint(model, checkpoint_fingerprint(tts.model))
    return ValeTTS(model, tts.processor)


@pytest.fixture(scope="session")
def adapted_voice(tiny_checkpoint, tmp_path_factory) -> Path:
    """Folder of a voice with an adapter that is heard."""
    from valetts_hf.voices.adapters import adapter_config, adapter_state, attach_adapter

    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    config = adapter_config("default", tts.model)
    fingerprint = checkpoint_fingerprint(tts.model)
    attach_adapter(tts.model, config, "made")
    generator = torch.Generator().manual_seed(0)
    state = {
        key: torch.randn(value.shape, generator=generator) * 0.1
        for key, value in adapter_state(tts.model, "made").items()
    }
    style = np.random.default_rng(1).standard_normal(16)
    voice = Voice("vera", style, fingerprint, consent="made up for tests", adapter=(config, state))
    folder = tmp_path_factory.mktemp("voices") / "vera"
    voice.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_export(tiny_checkpoint, tmp_path_factory) -> Path:
    """A folder of real graphs; takes a minute."""
    from valetts_hf.export.onnx_export import export_onnx

    return export_onnx(tiny_checkpoint, tmp_path_factory.mktemp("exports") / "tiny")
