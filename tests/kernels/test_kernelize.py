"""Kernels in models: what is replaced, and every reason why nothing is."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch

from tests.kernels.conftest import make_repository
from valetts_hf.kernels import KernelSource, bundled_repository, kernel_source, kernelize
from valetts_hf.kernels.diagnosis import diagnose_kernels
from valetts_hf.modeling import kernel_hooks
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta
from valetts_hf.modeling.configuration_vocoder import ValeTTSVocoderConfig
from valetts_hf.modeling.vocoder import ValeTTSVocoder


kernels = pytest.importorskip("kernels")


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(AntiAliasedSnakeBeta(3), torch.nn.Identity(), AntiAliasedSnakeBeta(3)).eval()


@pytest.fixture
def vocoder() -> ValeTTSVocoder:
    return ValeTTSVocoder(ValeTTSVocoderConfig.preset("24khz_100band_256x_tiny")).eval()


def replaced(model: torch.nn.Module) -> int:
    return sum("forward" in module.__dict__ for module in model.modules())


def test_layers_of_a_folder_replace_ours(model, seeming_gpu, tmp_path: Path):
    repository = make_repository(tmp_path / "repository")
    x = torch.randn(2, 3, 20)
    expected = model(x)
    report = kernelize(model, source=str(repository), device="cuda")
    assert (report.replaced, report.total, report.mode, report.reason) == (2, 2, "INFERENCE", None)
    assert report.used and str(report) == f"kernels: 2 of 2 layers, from {repository}, for INFERENCE"
    assert model[0].forward.__func__.__module__.startswith("_made_for_tests")
    torch.testing.assert_close(model(x), expected)
    torch.testing.assert_close(copy.deepcopy(model)(x), expected)


@pytest.mark.parametrize("mode", ["INFERENCE", "TRAINING", "INFERENCE|TORCH_COMPILE", "TRAINING|TORCH_COMPILE"])
def test_every_mode_has_a_layer(model, seeming_gpu, tmp_path: Path, mode: str):
    flags = [kernels.Mode[name] for name in mode.split("|")]
    wanted = flags[0] if len(flags) == 1 else flags[0] | flags[1]
    report = kernelize(model, mode=wanted, source=str(make_repository(tmp_path / "repository")), device="cuda")
    assert report.used, report
    layer = model[0].forward.__func__.__qualname__
    assert layer.startswith("AntiAliasedSnakeBetaInference." if "INFERENCE" in mode else "AntiAliasedSnakeBeta.")


def test_the_mode_follows_the_model(model, seeming_gpu, tmp_path: Path):
    report = kernelize(model.train(), source=str(make_repository(tmp_path / "repository")), device="cuda")
    assert report.mode == "TRAINING" and report.used


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return hidden_states", "computes something else than PyTorch"),
        ("return hidden_states * float('nan')", "computes something else than PyTorch"),
        ("raise RuntimeError('no kernel image is available')", "does not run here: RuntimeError: no kernel image"),
    ],
)
def test_the_trial_finds_damaged_kernels(model, seeming_gpu, tmp_path: Path, body: str, reason: str):
    repository = make_repository(tmp_path / "repository", body)
    report = kernelize(model, source=str(repository), device="cuda")
    assert reason in report.reason and not report.used and replaced(model) == 0
    assert str(report).startswith("no kernels, PyTorch computes all 2 layers: ")
    assert kernelize(model, source=str(repository), device="cuda", trial=False).used


def test_repositories_that_cannot_be_loaded(model, seeming_gpu, tmp_path: Path):
    other_machine = make_repository(tmp_path / "other", variant="torch29-cxx11-cu126-aarch64-linux")
    broken_code = make_repository(tmp_path / "code", body="return (")
    broken_metadata = make_repository(tmp_path / "metadata")
    (broken_metadata / "build" / "torch-cuda" / "metadata.json").write_text("{")
    no_layers = make_repository(tmp_path / "layers")
    (no_layers / "build" / "torch-cuda" / "layers.py").write_text("")
    empty = tmp_path / "empty"
    empty.mkdir()
    for repository, reason in (
        (other_machine, "Cannot find a build variant"),
        (broken_code, "SyntaxError"),
        (broken_metadata, "Cannot parse metadata"),
        (no_layers, "not found in kernel repo"),
        (empty, "Cannot find a build variant"),
    ):
        report = kernelize(model, source=str(repository), device="cuda")
        assert not report.used and replaced(model) == 0
        assert reason in report.reason and str(repository) in report.reason, report


def test_reasons_before_anything_is_loaded(model, monkeypatch: pytest.MonkeyPatch):
    assert "the model is on cpu" in kernelize(model).reason
    assert "switched off" in kernelize(model, source="off").reason
    assert "no layer of this model has a kernel" in kernelize(torch.nn.Linear(2, 2)).reason
    assert "not torch.float64" in kernelize(model.double(), device="cuda").reason
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        assert "Triton is not installed" in kernelize(model, device="cuda").reason
    monkeypatch.setitem(sys.modules, "kernels", None)
    assert 'pip install "valetts-hf[kernels]"' in kernelize(model, device="cuda").reason


def test_old_gpus_are_named(model, monkeypatch: pytest.MonkeyPatch):
    from valetts_hf.kernels.kernelize import _obstacle

    class OnGpu:
        device, dtype = torch.device("cuda"), torch.float32

    class Layer:
        alpha = OnGpu()

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Old GPU")
    reason = _obstacle([Layer()], KernelSource("folder", "here"), None)
    assert reason == "Old GPU has compute capability 7.0, and the kernels need 8.0"


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("VALETTS_KERNELS", "VALETTS_KERNELS_TRUST", "VALETTS_KERNELS_LOCK"):
        monkeypatch.delenv(name, raising=False)
    assert kernel_source() == KernelSource("folder", str(bundled_repository()))
    assert kernel_source("off").kind == "off"
    assert kernel_source(str(tmp_path)) == KernelSource("folder", str(tmp_path.resolve()))
    assert kernel_source("hub") == KernelSource("hub", "valetts/anti-aliased-snake", "v1")
    assert str(kernel_source("someone/their-kernel@0a1b")) == "someone/their-kernel@0a1b"
    monkeypatch.setenv("VALETTS_KERNELS_TRUST", "1")
    assert kernel_source("hub").repository("AntiAliasedSnakeBeta")._trust_remote_code == ["valetts/anti-aliased-snake"]
    monkeypatch.setenv("VALETTS_KERNELS_LOCK", "kernels.lock")
    assert str(kernel_source("hub")) == "valetts/anti-aliased-snake (locked by kernels.lock)"
    monkeypatch.setenv("VALETTS_KERNELS", "/no/such/folder")
    with pytest.raises(ValueError, match="neither bundled, off, hub, a folder that exists, nor organisation/name"):
        kernel_source()


def test_models_take_kernels_and_give_them_back(vocoder, seeming_gpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    repository = make_repository(tmp_path / "repository")
    monkeypatch.setattr(
        kernel_hooks,
        "_kernelizer",
        lambda model, mode: kernelize(model, mode, source=str(repository), device="cuda"),
    )
    log_mel = torch.full((1, 4, 100), -6.0)
    expected = vocoder(log_mel).waveform
    assert not vocoder.use_kernels
    report = vocoder.use_kernels()
    assert report.used and vocoder.use_kernels and replaced(vocoder) == report.total > 5
    torch.testing.assert_close(vocoder(log_mel).waveform, expected)
    vocoder.train()
    assert vocoder.kernel_report.mode == "TRAINING"
    vocoder.eval()
    assert vocoder.kernel_report.mode == "INFERENCE"
    vocoder.double()
    assert "not torch.float64" in vocoder.kernel_report.reason and replaced(vocoder) == 0
    vocoder.float()
    assert replaced(vocoder) == report.total
    vocoder.use_kernels = False
    assert replaced(vocoder) == 0 and vocoder.kernel_report is None and repr(vocoder.use_kernels) == "False"
    vocoder.save_pretrained(tmp_path / "vocoder")
    loaded = ValeTTSVocoder.from_pretrained(tmp_path / "vocoder", use_kernels=True)
    assert loaded.kernel_report.used
    torch.testing.assert_close(loaded.eval()(log_mel).waveform, expected)


def test_models_without_kernels_keep_working(vocoder, monkeypatch: pytest.MonkeyPatch):
    assert "the model is on cpu" in vocoder.use_kernels().reason
    assert vocoder(torch.full((1, 2, 100), -6.0)).waveform.shape == (1, 512)
    monkeypatch.setattr(kernel_hooks, "_kernelizer", None)
    assert "valetts-hf" in vocoder.use_kernels()


def test_doctor_says_what_is_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VALETTS_KERNELS", raising=False)
    source, use = diagnose_kernels()
    assert (source.status, source.detail) == ("ok", str(bundled_repository()))
    if not torch.cuda.is_available():
        assert use.status == "info" and "no CUDA device" in use.detail
    monkeypatch.setenv("VALETTS_KERNELS", "nowhere")
    (only,) = diagnose_kernels()
    assert only.status == "warning" and "VALETTS_KERNELS='nowhere'" in only.detail
