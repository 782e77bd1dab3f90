"""Real graphs in ONNX Runtime: equal to PyTorch at any length, smaller on request, with a voice folded in."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from valetts_hf import ValeTTS
from valetts_hf.export.graphs import graphs_of
from valetts_hf.export.onnx_export import export_onnx, write_graph
from valetts_hf.export.parity import parity_report, signal_to_error
from valetts_hf.export.precision import convert
from valetts_hf.export.voice_folding import fold_voice
from valetts_hf.inference import CheckpointError
from valetts_hf.inference.onnx_folder import MANIFEST, load_export


pytestmark = pytest.mark.slow
TEXT = "The ferry leaves at seven."


@pytest.fixture(scope="module")
def onnx_tts(tiny_export):
    return ValeTTS.from_pretrained(tiny_export)


def same(first, second, tolerance=1e-5):
    assert first.shape == second.shape
    np.testing.assert_allclose(first, second, atol=tolerance)


@pytest.mark.parametrize(
    "text", ["No.", TEXT, "When the wind turned, the old captain looked at the sky for a long while."]
)
def test_any_length_equals_pytorch(torch_tts, onnx_tts, text):
    same(*(tts(text, "en", seed=1).waveform for tts in (torch_tts, onnx_tts)))


def test_everything_a_call_can_ask_for(torch_tts, onnx_tts, voice_wav):
    options = {"speaking_rate": 1.2, "pitch_shift": 2, "pitch_range": 1.3, "energy_shift": 3, "pause_scale": 2}
    same(*(tts(TEXT, "en", seed=2, **options).waveform for tts in (torch_tts, onnx_tts)))
    same(*(tts("Hi.", "en", str(voice_wav), style="token:1", seed=2).waveform for tts in (torch_tts, onnx_tts)))
    same(*(tts("Hi.", "en", sketch={"pitch": [0.1, 0.9]}, seed=2).waveform for tts in (torch_tts, onnx_tts)))


def test_streams_and_batches(torch_tts, onnx_tts):
    chunks = [chunk.waveform for chunk in onnx_tts.stream(TEXT, "en", seed=5)]
    same(np.concatenate(chunks), onnx_tts(TEXT, "en", seed=5).waveform)
    batched = ValeTTS(onnx_tts.model, onnx_tts.processor, batch_size=3)
    for speech, text in zip(batched.batch([TEXT, "No."], seed=2), [TEXT, "No."]):
        same(speech.waveform, torch_tts(text, seed=2).waveform)


def test_uneven_rows_and_pauses_in_the_text_graph(torch_tts, onnx_tts):
    mask = torch.arange(11)[None] < torch.tensor([[11], [8], [5]])
    pauses = torch.full((3, 11), float("nan"))
    pauses[0, 3], pauses[1, 2] = 0.2, 0.0
    ids = torch.randint(10, 40, (3, 11), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = [
            tts.model.generate_latents(ids, attention_mask=mask, pauses=pauses, seed=1)
            for tts in (torch_tts, onnx_tts)
        ]
    assert torch.equal(found[0].durations, found[1].durations)
    same(found[0].latents.numpy(), found[1].latents.numpy())


def test_half_precision_weights(torch_tts, onnx_tts, tiny_export, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(tiny_export, folder)
    convert(folder, "fp16")
    before, after = (sum(p.stat().st_size for p in f.glob("*.onnx")) for f in (tiny_export, folder))
    assert after < before
    half_tts = ValeTTS.from_pretrained(folder)
    ids = torch.randint(10, 40, (1, 9), generator=torch.Generator().manual_seed(0))
    durations = torch.full((1, 9), 3)
    with torch.inference_mode():
        reference, single, half = (
            tts.model.generate_latents(ids, durations=durations, seed=1).latents.numpy()
            for tts in (torch_tts, onnx_tts, half_tts)
        )
    assert 40 < signal_to_error(reference, half) < signal_to_error(reference, single) - 12  # two bits at least


def test_integers(torch_tts, tiny_export, tmp_path):
    """Lengths and pitch are those of PyTorch, and the sound is close to it."""
    import onnx

    folder = tmp_path / "integers"
    shutil.copytree(tiny_export, folder)
    convert(folder, "int8")
    kinds = {node.op_type for node in onnx.load(folder / "decoder.onnx").graph.node}
    assert kinds & {"MatMulInteger", "DynamicQuantizeMatMul"}
    tts = ValeTTS.from_pretrained(folder)
    first, second = (t(TEXT, "en", seed=1) for t in (torch_tts, tts))
    assert len(first.waveform) == len(second.waveform)
    assert 10 < signal_to_error(first.waveform, second.waveform) < 100
    with pytest.raises(ValueError, match="is in int8 already"):
        convert(folder, "fp16")


def test_a_damaged_graph_is_found(tiny_export, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_export, folder)
    graph = folder / "decoder.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    with pytest.raises(CheckpointError, match="decoder.onnx' is damaged"):
        ValeTTS.from_pretrained(folder)
    graph.unlink()
    with pytest.raises(CheckpointError, match="decoder.onnx' cannot be read"):
        ValeTTS.from_pretrained(folder)


def test_what_the_runtime_cannot_read(tiny_export, tmp_path):
    from valetts_hf.export.onnx_export import write_manifest

    folder = tmp_path / "unreadable"
    shutil.copytree(tiny_export, folder)
    (folder / "style.onnx").write_bytes(b"no graph")
    write_manifest(folder, json.loads((folder / MANIFEST).read_text()))
    with pytest.raises(CheckpointError, match="cannot be loaded by ONNX Runtime"):
        load_export(folder)


def test_a_report(tiny_checkpoint, tiny_export, tmp_path):
    folder = tmp_path / "reported"
    shutil.copytree(tiny_export, folder)
    loudness = {
        "loudness": lambda waveforms, texts, rate: sum(float(np.abs(w).mean()) for w in waveforms) / len(texts)
    }
    report = parity_report(tiny_checkpoint, folder, [("en-us", "Hello."), ("xx", "?")], measures=loudness)
    (row,) = report.sentences
    assert row.same_length and row.signal_to_error > 80 and row.decoder_signal_to_error > 80
    first, second = report.measures["loudness"]
    assert first == pytest.approx(second, rel=1e-4) and first > 0
    assert json.loads((folder / "report.json").read_text())["opset"] == report.opset
    assert "| Hello. |" in (folder / "report.md").read_text()
    with pytest.raises(ValueError, match="speaks none of the sentences"):
        parity_report(tiny_checkpoint, folder, [("xx", "?")])


def test_a_voice_folded_in(tiny_checkpoint, tiny_export, adapted_voice, tmp_path):
    """Only the decoder is exported anew: its adapter is heard, and the folder speaks with the voice by itself."""
    from valetts_hf.export.onnx_export import write_manifest

    network = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu").model
    facts = fold_voice(network, adapted_voice)
    folder = tmp_path / "vera"
    shutil.copytree(tiny_export, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    for graph in graphs_of(network):
        if graph.name in ("decoder", "text", "prosody", "latents"):
            write_graph(graph, folder / graph.file)
    write_manifest(folder, {**manifest, "voice": facts})
    wanted = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")(TEXT, "en", str(adapted_voice), seed=1)
    tts = ValeTTS.from_pretrained(folder)
    same(tts(TEXT, "en", seed=1).waveform, wanted.waveform, 1e-4)
    same(tts(TEXT, "en", str(adapted_voice), seed=1).waveform, wanted.waveform, 1e-4)


def test_a_hidden_folder_of_half_an_export_is_not_left(tiny_checkpoint, tmp_path, monkeypatch):
    import valetts_hf.export.onnx_export as module

    def fail(graph, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(module, "write_graph", fail)
    with pytest.raises(OSError, match="disk full"):
        export_onnx(tiny_checkpoint, tmp_path / "new")
    assert not list(tmp_path.iterdir())
