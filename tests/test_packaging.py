"""The package metadata tells the truth: bounds, constraints, declared imports, and what wheel and sdist contain."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "valetts_hf"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# module -> distribution, where the names differ
DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "huggingface_hub": "huggingface-hub",
    "espeakng_loader": "espeakng-loader",
    "pyworld": "pyworld-prebuilt",
    "prometheus_client": "prometheus-client",
    "opentelemetry": "opentelemetry-api",
    "starlette": "fastapi",  # these two: FastAPI is built on them and exposes them
    "pydantic": "fastapi",
}
# Asked for only where they are: their absence is handled. (`packaging` comes with transformers.)
OPTIONAL = {
    "onnxruntime",
    "uvicorn",
    "prometheus-client",
    "sounddevice",
    "kernels",
    "packaging",
    "IPython",
    "torchvision",
}


def requirements(*extras: str) -> dict[str, Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    parsed = [Requirement(line) for line in lines]
    return {item.name.lower(): item for item in parsed if item.name != PROJECT["name"]}


def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def test_every_requirement_has_a_lower_bound():
    for item in requirements(
        "train", "dev", "play", "kernels", "onnx", "serve", "demo", "docs", "batch", "ray"
    ).values():
        assert any(spec.operator in (">=", "==", "~=") for spec in item.specifier), str(item)


def test_torch_is_held_to_the_pair_that_torchaudio_has():
    core, train = requirements(), requirements("train")
    assert core["torch"].specifier == train["torchaudio"].specifier
    assert "2.11.0" in core["torch"].specifier and "2.12.0" not in core["torch"].specifier
    assert "torchaudio" not in core, "a mismatched torchaudio breaks transformers: speaking must not bring it"


def test_dev_brings_what_the_tests_need():
    (own,) = (
        Requirement(line) for line in PROJECT["optional-dependencies"]["dev"] if line.startswith(PROJECT["name"])
    )
    assert own.extras == {"train", "onnx", "serve", "kernels", "docs", "otel"}


def test_constraints_lie_inside_the_bounds():
    bounds = requirements("train", "dev", "play", "kernels", "onnx", "serve", "demo", "docs", "batch", "ray", "otel")
    pinned = constraints()
    for item in pinned:
        (spec,) = item.specifier
        assert spec.operator == "==" and item.url is None, str(item)
        if item.name in bounds:
            assert Version(spec.version) in bounds[item.name].specifier, f"{item} is outside {bounds[item.name]}"
    missing = set(bounds) - {item.name for item in pinned}
    assert not missing, f"constraints.txt does not pin {sorted(missing)}"


def imported_modules(rooms: list[str]) -> dict[str, set[str]]:
    """Top-level module -> the files that import it, in these rooms of the package."""
    found: dict[str, set[str]] = {}
    for room in rooms:
        target = PACKAGE / room
        for path in sorted(target.rglob("*.py")) if target.is_dir() else [target.with_suffix(".py")]:
            if not path.is_file():
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module or ""]
                for name in names:
                    found.setdefault(name.split(".")[0], set()).add(str(path.relative_to(PACKAGE)))
    return found


@pytest.mark.parametrize(
    ("rooms", "extras"),
    [
        (["modeling", "processing", "inference", "commands", "cli", "__init__", "registration", "version"], []),
        (["voices"], ["adapters"]),
        (["training"], ["train", "metrics", "trackio"]),
        (["serving"], ["demo", "serve", "otel"]),
        (["mass_synthesis"], ["batch", "ray"]),
    ],
    ids=["speaking", "voices", "training", "serving", "mass_synthesis"],
)
def test_what_is_imported_is_declared(rooms: list[str], extras: list[str]):
    declared = set(requirements(*extras)) | OPTIONAL
    for module, files in imported_modules(rooms).items():
        if module in sys.stdlib_module_names or module == "valetts_hf":
            continue
        name = DISTRIBUTIONS.get(module, module).lower()
        assert name in declared, f"{module} is imported by {sorted(files)} but not a dependency of {extras or 'core'}"


def test_core_dependencies_are_used():
    """Only what speaking needs: a core dependency that nothing of it imports has no place there."""
    used = imported_modules(["modeling", "processing", "inference", "commands", "cli", "__init__", "registration"])
    names = {DISTRIBUTIONS.get(module, module).lower() for module in used}
    # transformers reads weights through safetensors; it is named for its bound.
    unused = set(requirements()) - names - {"safetensors"}
    assert not unused, sorted(unused)


def test_console_script_exists():
    module, _, function = PROJECT["scripts"]["valetts"].partition(":")
    tree = ast.parse((PACKAGE.parent / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_ci_runs_the_commands_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line.strip() for line in script.read_text(encoding="utf-8").splitlines()]
    assert any(line.endswith('pip install --quiet -c constraints.txt ".[dev]"') for line in lines)
    assert "pytest" in lines
    assert any(line.startswith('valetts say "The ferry leaves the harbour at seven." --output') for line in lines)


def test_no_package_index_is_named():
    """Whoever installs decides where from."""
    names = ["pyproject.toml", "constraints.txt", ".ci/run", "Makefile", ".pre-commit-config.yaml"]
    for name in [*names, ".github/workflows/ci.yml"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"index-url|find-links|https?://", text), name


def build(kind: str, folder: Path) -> Path:
    pytest.importorskip("hatchling", reason="hatchling builds the package; it is in the dev extra")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = folder.iterdir()
    return path


def tracked_sources() -> set[str]:
    """Files under src/valetts_hf that belong to the package, relative to src/."""
    return {
        str(path.relative_to(PACKAGE.parent))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_the_whole_package(tmp_path: Path):
    with zipfile.ZipFile(build("wheel", tmp_path)) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        text = wheel.read(metadata).decode()
        # the kernel that needs no compiler: whole files where the checkout has links
        kernel = ROOT / "kernels" / "anti_aliased_snake" / "build" / "torch-cuda"
        for path in sorted(path for path in kernel.iterdir() if path.is_file()):
            packed = wheel.read(f"valetts_hf/kernels/builds/anti_aliased_snake/build/torch-cuda/{path.name}")
            assert packed == path.read_bytes(), path.name
    missing = tracked_sources() - names
    assert not missing, f"left out of the wheel: {sorted(missing)[:10]}"
    assert "valetts_hf/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not [name for name in names if not name.startswith(("valetts_hf/", "valetts_hf-"))], "stray files"
    assert "License-Expression: Apache-2.0" in text


def test_sdist_can_build_and_test_itself(tmp_path: Path):
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    missing = {f"src/{name}" for name in tracked_sources()} - names
    assert not missing, f"left out of the sdist: {sorted(missing)[:10]}"
    kernel = "kernels/anti_aliased_snake/build/torch-cuda/triton_kernels.py"
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "NOTICE",
        "constraints.txt",
        "mkdocs.yml",
        "tests/test_packaging.py",
        kernel,
    ):
        assert name in names, name
    assert not [name for name in names if name.startswith((".venv", "runs/", "data/"))]
