"""`valetts doctor`: sees what is there, sees what is broken, and never falls over itself."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import valetts_hf
from valetts_hf import cli
from valetts_hf.commands import doctor, integrity


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def whole(tiny_checkpoint, tmp_path, monkeypatch) -> Path:
    """A copy of the tiny checkpoint in the place of the bundled one."""
    folder = tmp_path / "base"
    shutil.copytree(tiny_checkpoint, folder)
    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(folder))
    return folder


def checkpoint_check() -> doctor.Check:
    (check,) = doctor.check_checkpoint()
    return check


def test_bundled_checkpoint_is_whole_and_small():
    folder = Path(valetts_hf.BASE_CHECKPOINT)
    assert folder.is_dir(), "no checkpoint is bundled"
    assert integrity.checkpoint_problems(folder) == []
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 40e6


def test_report_of_a_healthy_installation(whole, capsys):
    assert cli.main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert report.splitlines()[0] == f"valetts-hf {valetts_hf.__version__}"
    for part in ("python", "torch", "transformers", "espeak-ng", "ferry -> f", "libsndfile", "complete", "hub"):
        assert part in report
    assert "FAIL" not in report


def test_report_as_json(whole, capsys):
    assert cli.main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True and report["version"] == valetts_hf.__version__
    names = [check["name"] for check in report["checks"]]
    assert len(names) == len(set(names)) and {"python", "torch", "checkpoint"} <= set(names)
    assert {check["status"] for check in report["checks"]} <= {"ok", "info", "warning", "error"}


def test_every_problem_has_a_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(tmp_path / "nowhere"))
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    bad = [check for check in doctor.diagnose() if check.status in ("warning", "error")]
    assert {"torch", "checkpoint"} <= {check.name for check in bad}
    assert all(check.remedy for check in bad), [check for check in bad if not check.remedy]


def test_missing_checkpoint(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(valetts_hf, "BASE_CHECKPOINT", str(tmp_path / "nowhere"))
    assert cli.main(["doctor"]) == 1
    assert "nowhere" in capsys.readouterr().out


def test_truncated_weights(whole):
    path = whole / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    check = checkpoint_check()
    assert check.status == "error" and "bytes instead of" in check.detail and check.remedy


@pytest.mark.parametrize("content", [b"", b"12", b"\xff" * 64, b"\x10" + b"\0" * 7 + b"not json, really"])
def test_files_that_are_no_safetensors(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert "model.safetensors" in integrity.safetensors_problem(path)


@pytest.mark.parametrize("name", integrity.CHECKPOINT_FILES)
def test_missing_files(whole, name):
    (whole / name).unlink()
    check = checkpoint_check()
    assert check.status == "error" and f"{name} is missing" in check.detail


def test_broken_json(whole):
    (whole / "config.json").write_text('{"model_type": ')
    assert "config.json is not JSON" in checkpoint_check().detail


def test_checksums(whole):
    files = sorted(path for path in whole.iterdir() if path.suffix in (".json", ".safetensors"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]
    (whole / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    assert checkpoint_check().status == "ok" and "checksums right" in checkpoint_check().detail
    config = whole / "config.json"
    config.write_text(config.read_text() + " ")
    assert "config.json is damaged" in checkpoint_check().detail
    (whole / "SHA256SUMS").write_text("\n".join([*lines, "0" * 64 + "  absent.bin", "nonsense"]))
    assert "absent.bin is missing" in checkpoint_check().detail and "strange line" in checkpoint_check().detail


def versions(monkeypatch, **installed: str) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: installed.get(name))


@pytest.mark.parametrize(
    ("torch", "torchaudio", "status"),
    [("2.11.0", "2.11.0", "ok"), ("2.11.0+cu130", "2.11.0", "ok"), ("2.11.0", "2.9.1", "error")],
)
def test_torch_and_torchaudio_are_a_pair(monkeypatch, torch, torchaudio, status):
    versions(monkeypatch, torch=torch, torchaudio=torchaudio)
    (check,) = doctor.check_pairs()
    assert check.status == status and (check.remedy is None) == (status == "ok")


@pytest.mark.parametrize(("torchvision", "status"), [("0.26.0", "ok"), ("0.24.1", "warning")])
def test_torch_and_torchvision_are_a_pair(monkeypatch, torchvision, status):
    versions(monkeypatch, torch="2.11.0", torchvision=torchvision)
    (check,) = doctor.check_pairs()
    assert check.status == status


@pytest.mark.parametrize(("kernels", "status"), [("0.17.2", "ok"), ("0.18.2", "warning")])
def test_transformers_and_kernels_are_a_pair(monkeypatch, kernels, status):
    """The range is the one that the installed transformers declares."""
    versions(monkeypatch, transformers="5.22.2", kernels=kernels)
    (check,) = doctor.check_pairs()
    assert check.status == status


def test_versions_outside_the_tested_bounds(monkeypatch):
    monkeypatch.setattr(doctor, "_requirement_of", lambda package, name, extra=None: ">=99" if name == "numpy" else "")
    checks = {check.name: check for check in doctor.check_packages()}
    assert checks["numpy"].status == "warning" and checks["numpy"].remedy == 'pip install "numpy>=99"'
    assert checks["torch"].status == "ok"


def test_bounds_come_from_the_metadata(monkeypatch):
    lines = ["torch<2.12,>=2.6", "accelerate<2,>=1.10 ; extra == 'train'", "datasets[audio] (>=4)", "torchaudio"]
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda package: lines)
    assert doctor._requirement_of("valetts-hf", "torch") == "<2.12,>=2.6"
    assert doctor._requirement_of("valetts-hf", "accelerate") == "<2,>=1.10"
    assert doctor._requirement_of("valetts-hf", "datasets") == ">=4"
    assert doctor._requirement_of("valetts-hf", "torchaudio") == ""


def test_bounds_of_extras(monkeypatch):
    lines = [
        'uvicorn<1,>=0.30; extra == "demo"',
        "uvicorn<1,>=0.35; extra == 'serve'",
        'onnx<2,>=1.18; extra == "onnx"',
    ]
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda package: lines)
    assert doctor._requirement_of("valetts-hf", "uvicorn", "demo") == "<1,>=0.30"
    assert doctor._requirement_of("valetts-hf", "uvicorn", "serve") == "<1,>=0.35"
    installed = {
        "uvicorn": "0.32.0",
        "onnx": "1.23.2",
        "onnxscript": "0.7.2",
        "onnx-ir": "1.1.0",
        "onnxruntime-gpu": "1.22.0",
    }
    monkeypatch.setattr(doctor, "_version", lambda name: installed.get(name, "0.115"))
    checks = {check.name: check for check in doctor.check_packages()}
    assert checks["[demo]"].status == "ok" and "uvicorn 0.32.0" in checks["[demo]"].detail
    assert checks["[serve]"].status == "warning" and "tested with uvicorn<1,>=0.35" in checks["[serve]"].detail
    assert checks["[serve]"].remedy == 'pip install "uvicorn<1,>=0.35"'
    assert checks["[onnx]"].status == "ok"  # onnxruntime under its other name
    del installed["onnx"]
    monkeypatch.setattr(doctor, "_version", lambda name: installed.get(name))
    checks = {check.name: check for check in doctor.check_packages()}
    assert checks["[onnx]"].status == "info" and checks["[onnx]"].detail == "not complete, missing: onnx"
    assert checks["[onnx]"].remedy == 'pip install "onnx<2,>=1.18"'


@pytest.mark.parametrize("extra", ["demo", "serve", "onnx"])
def test_extras_are_those_of_the_package(extra):
    """All libraries of an extra, those of the extras it is made of included, but for what speaking itself needs."""
    tomllib = pytest.importorskip("tomllib", reason="in Python since 3.11")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    def names(lines: list[str]) -> set[str]:
        found = set()
        for line in lines:
            name = re.match(r"[\w-]+", line)[0]
            inner = re.match(r"valetts-hf\[([\w,]+)\]", line)
            found |= names([each for other in inner[1].split(",") for each in extras[other]]) if inner else {name}
        return found

    assert set(doctor.EXTRAS[extra]) == names(extras[extra]) - set(doctor.CORE)


def test_onnx_runtime_and_its_providers(monkeypatch):
    versions(monkeypatch, onnxruntime="1.22.0")
    runtime = SimpleNamespace(__version__="1.22.0", get_available_providers=lambda: ["CUDAExecutionProvider"])
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    (check,) = doctor.check_onnx_runtime()
    assert (check.status, check.detail) == ("ok", "1.22.0, providers: CUDAExecutionProvider")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (check,) = doctor.check_onnx_runtime()
    assert check.status == "warning" and "cannot be imported" in check.detail and check.remedy
    versions(monkeypatch, onnxruntime="1.22.0", **{"onnxruntime-gpu": "1.22.0"})
    (check,) = doctor.check_onnx_runtime()
    assert check.status == "warning" and "overwrite" in check.detail and "onnxruntime-gpu" in check.remedy
    versions(monkeypatch)
    assert list(doctor.check_onnx_runtime()) == []


def test_a_library_that_cannot_be_imported_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (check,) = doctor.check_torch()
    assert check.status == "error" and check.remedy
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    (check,) = doctor.check_espeak()
    assert check.status == "error" and "espeakng-loader" in check.remedy
    monkeypatch.setitem(sys.modules, "soundfile", None)
    (check,) = doctor.check_audio()
    assert check.status == "error"


def test_a_check_that_raises_does_not_hide_the_others(monkeypatch):
    def raises():
        raise RuntimeError("as if")
        yield

    monkeypatch.setattr(doctor, "check_audio", raises)
    checks = doctor.diagnose()
    assert any(check.status == "error" and "as if" in check.detail for check in checks)
    assert checks[-1].name == "hub"


def test_playback_says_why_not(monkeypatch):
    import sys
    import types

    from valetts_hf.commands import doctor, playback

    monkeypatch.setattr(playback, "find_player", lambda: None)

    def found(module) -> str:
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        (check,) = doctor.check_playback()
        return f"{check.detail} -> {check.remedy}"

    def no_device(kind):
        raise RuntimeError("Error querying device -1")

    assert "pip install sounddevice" in found(None)
    assert "querying device -1" in found(types.SimpleNamespace(query_devices=no_device))

    def no_library(kind):
        raise OSError("PortAudio library not found")

    assert "apt-get install libportaudio2" in found(types.SimpleNamespace(query_devices=no_library))
