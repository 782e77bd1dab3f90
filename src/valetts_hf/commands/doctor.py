"""`valetts doctor`: is everything there that speaking needs, and if not, how to get it.

Every check looks for itself and never raises, so one broken library does not hide the state of the others. Nothing
touches the network.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from valetts_hf.commands.common import EXIT_FAILED, EXIT_OK, bundled_checkpoint, one_line, print_json
from valetts_hf.commands.integrity import CHECKSUMS, checkpoint_problems
from valetts_hf.version import __version__


Status = Literal["ok", "info", "warning", "error"]
# What speaking cannot do without; the bounds are read from the metadata of the installed package.
CORE = (
    "torch transformers huggingface-hub safetensors numpy soundfile soxr phonemizer espeakng-loader num2words babel "
    "py3langid tqdm"
).split()
EXTRAS = {
    "train": ["accelerate", "datasets", "evaluate", "peft", "torchaudio", "pyworld-prebuilt"],
    "kernels": ["kernels"],
    "play": ["sounddevice"],
    "demo": ["fastapi", "uvicorn", "python-multipart"],
    "serve": ["fastapi", "uvicorn", "python-multipart", "prometheus-client", "h11", "websockets"],
    "onnx": ["onnx", "onnxscript", "onnx-ir", "onnxruntime"],
}
# The same module under another name.
_SAME = {"pyworld-prebuilt": "pyworld", "onnxruntime": "onnxruntime-gpu"}


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Args:
        name (`str`): what was looked at.
        status (`str`): "ok", "info" (nothing to do), "warning" (a part will not work), "error" (speaking will not work).
        detail (`str`): what was found.
        remedy (`str`, *optional*): what to do about it.
    """

    name: str
    status: Status
    detail: str
    remedy: str | None = None


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "doctor",
        help="check the installation",
        description=(
            "Check versions, devices, matched pairs of libraries, espeak-ng, audio formats and the bundled checkpoint. "
            "Returns 1 if speaking will not work. Does not use the network."
        ),
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    checks = diagnose()
    failed = any(check.status == "error" for check in checks)
    if args.json:
        print_json({"version": __version__, "ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        _print_report(checks)
    return EXIT_FAILED if failed else EXIT_OK


def diagnose() -> list[Check]:
    """All checks, in the order of the report."""
    groups: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("python", check_python),
        ("packages", check_packages),
        ("torch", check_torch),
        ("transformers", check_transformers),
        ("pairs", check_pairs),
        ("espeak-ng", check_espeak),
        ("audio formats", check_audio),
        ("playback", check_playback),
        ("kernels", check_kernels),
        ("onnx runtime", check_onnx_runtime),
        ("checkpoint", check_checkpoint),
        ("hub", check_hub),
    )
    checks: list[Check] = []
    for name, group in groups:
        try:
            checks.extend(group())
        except Exception as error:  # a diagnosis that falls over is itself a finding
            checks.append(Check(name, "error", f"{type(error).__name__}: {one_line(error)}", "please report this"))
    return checks


def check_python() -> Iterator[Check]:
    detail = f"{platform.python_version()} ({sys.executable}), {platform.system()} {platform.machine()}"
    if (3, 10) <= sys.version_info < (3, 13):
        yield Check("python", "ok", detail)
    else:
        yield Check("python", "warning", detail, "use Python 3.10, 3.11 or 3.12: others are not tested")
    yield Check(
        "processor", "info", f"{os.cpu_count()} threads, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '-')}"
    )


def check_packages() -> Iterator[Check]:
    bounds = _declared_bounds()
    for name in CORE:
        installed = _version(name)
        if installed is None:
            yield Check(name, "error", "not installed", _install([name]))
        elif not _inside(installed, bounds.get(name, "")):
            yield Check(name, "warning", f"{installed}, tested with {bounds[name]}", _install([name]))
        else:
            yield Check(name, "ok", installed)
    for extra, names in EXTRAS.items():
        found = {name: _version(name) or _version(_SAME.get(name, name)) for name in names}
        missing = [name for name, version in found.items() if version is None]
        bounds = {name: _requirement_of("valetts-hf", name, extra) for name in names}
        unfit = [name for name, version in found.items() if version and not _inside(version, bounds[name])]
        listed = ", ".join(f"{name} {version}" for name, version in found.items() if version)
        if missing:
            detail = f"not complete, missing: {', '.join(missing)}"
            yield Check(f"[{extra}]", "info", detail, _install(missing, extra))
        elif unfit:
            wanted = ", ".join(name + bounds[name] for name in unfit)
            yield Check(f"[{extra}]", "warning", f"{listed}; tested with {wanted}", _install(unfit, extra))
        else:
            yield Check(f"[{extra}]", "ok", listed)


def check_torch() -> Iterator[Check]:
    try:
        import torch
    except Exception as error:
        yield Check(
            "torch", "error", f"cannot be imported: {one_line(error)}", 'pip install --force-reinstall "torch<2.12"'
        )
        return
    yield Check("cpu", "ok", f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            gpu = torch.cuda.get_device_properties(index)
            yield Check(
                f"cuda:{index}",
                "ok",
                f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB, sm_{gpu.major}{gpu.minor}, CUDA {torch.version.cuda}",
            )
    else:
        built = (
            f"torch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "torch is built without CUDA"
        )
        yield Check("cuda", "info", f"no device; {built}. Speaking works on the CPU")
    if torch.backends.mps.is_available():
        yield Check("mps", "ok", "available")


def check_transformers() -> Iterator[Check]:
    try:
        from transformers import AutoConfig, PreTrainedModel  # noqa: F401 - the part of it that pulls in everything
    except Exception as error:
        yield Check(
            "transformers",
            "error",
            f"cannot be imported: {one_line(error)}",
            "often a torchaudio or torchvision that does not match torch: see the pairs below",
        )


def check_pairs() -> Iterator[Check]:
    """torch with torchaudio / torchvision, transformers with kernels: mismatched ones fail in confusing places."""
    torch_version = _version("torch")
    torchaudio = _version("torchaudio")
    if torch_version and torchaudio:
        same = _minor(torch_version) == _minor(torchaudio)
        yield Check(
            "torch + torchaudio",
            "ok" if same else "error",
            f"{torch_version} + {torchaudio}",
            None
            if same
            else f'pip install "torchaudio=={_minor(torch_version)}.*", or uninstall it: speaking needs none',
        )
    torchvision = _version("torchvision")
    if torch_version and torchvision:
        # torch 2.x goes with torchvision 0.(x + 15).
        wanted = f"0.{int(_minor(torch_version).split('.')[1]) + 15}"
        same = _minor(torchvision) == wanted
        yield Check(
            "torch + torchvision",
            "ok" if same else "warning",
            f"{torch_version} + {torchvision}",
            None if same else f'pip install "torchvision=={wanted}.*", or uninstall it: nothing here needs it',
        )
    kernels = _version("kernels")
    transformers = _version("transformers")
    if kernels and transformers:
        accepted = _requirement_of("transformers", "kernels")
        fits = _inside(kernels, accepted)
        yield Check(
            "transformers + kernels",
            "ok" if fits else "warning",
            f"{transformers} + {kernels}" + ("" if fits else f", accepted are {accepted}"),
            None if fits else f'pip install "kernels{accepted}": without it no GPU kernels are used',
        )


def check_espeak() -> Iterator[Check]:
    remedy = "pip install --force-reinstall espeakng-loader phonemizer"
    try:
        import espeakng_loader

        library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    except Exception as error:
        yield Check("espeak-ng", "error", f"the library is missing: {one_line(error)}", remedy)
        return
    if not library.is_file() or not data.is_dir():
        yield Check("espeak-ng", "error", f"files are missing: {library} or {data}", remedy)
        return
    try:
        from valetts_hf.processing.phonemization import phonemize

        ipa = phonemize("ferry", "en-us")
    except Exception as error:
        yield Check("espeak-ng", "error", f"{library} does not work: {one_line(error)}", remedy)
        return
    if ipa.strip():
        yield Check("espeak-ng", "ok", f"ferry -> {ipa.strip()} ({library})")
    else:
        yield Check("espeak-ng", "error", f"{library} gives no phonemes", remedy)


def check_audio() -> Iterator[Check]:
    try:
        import soundfile
    except Exception as error:
        yield Check(
            "audio formats", "error", f"soundfile: {one_line(error)}", "pip install --force-reinstall soundfile"
        )
        return
    known = soundfile.available_formats()
    missing = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name not in known]
    detail = f"wav, flac, ogg, opus, mp3 through libsndfile {soundfile.__libsndfile_version__}"
    if missing:
        detail = f"libsndfile {soundfile.__libsndfile_version__} lacks {', '.join(missing)}"
        yield Check("audio formats", "warning", detail, 'pip install --force-reinstall "soundfile>=0.12.1"')
    else:
        yield Check("audio formats", "ok", detail)


def check_playback() -> Iterator[Check]:
    from valetts_hf.commands.playback import find_player, why_not_sounddevice

    player = find_player()
    if player:
        yield Check("playback", "ok", player)
    else:
        reason, remedy = why_not_sounddevice()
        yield Check("playback", "info", f"no player for --play ({reason})", f"{remedy}, or install aplay or sox")


def check_kernels() -> Iterator[Check]:
    """Whether the fused kernels of the BigVGAN decoder would be used, and why not; PyTorch computes the same without."""
    from valetts_hf.kernels.diagnosis import diagnose_kernels

    for finding in diagnose_kernels():
        yield Check(finding.name, finding.status, finding.detail, finding.remedy)


def check_onnx_runtime() -> Iterator[Check]:
    """Where exported models could be computed; nothing where ONNX Runtime is not installed."""
    packages = [name for name in ("onnxruntime", "onnxruntime-gpu") if _version(name) is not None]
    if not packages:
        return
    remedy = f'pip uninstall -y onnxruntime onnxruntime-gpu && pip install "{packages[-1]}"'
    if len(packages) > 1:
        yield Check("onnx runtime", "warning", "onnxruntime and onnxruntime-gpu overwrite each other's files", remedy)
        return
    try:
        from valetts_hf.inference.onnx_sessions import onnx_runtime

        runtime = onnx_runtime()
        providers = runtime.get_available_providers()
    except Exception as error:
        yield Check("onnx runtime", "warning", f"cannot be imported: {one_line(error)}", remedy)
        return
    yield Check("onnx runtime", "ok", f"{runtime.__version__}, providers: {', '.join(providers)}")


def check_checkpoint() -> Iterator[Check]:
    folder = Path(bundled_checkpoint())
    remedy = "install the package again, with pip's --force-reinstall --no-deps"
    if not folder.is_dir():
        yield Check("checkpoint", "error", f"not there: {folder}", f"{remedy}; or use --model with another one")
        return
    if problems := checkpoint_problems(folder):
        yield Check("checkpoint", "error", f"{folder}: {'; '.join(problems)}", remedy)
        return
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    summed = "checksums right" if (folder / CHECKSUMS).is_file() else "complete"
    yield Check("checkpoint", "ok", f"{folder}, {size / 1e6:.1f} MB, {summed}")


def check_hub() -> Iterator[Check]:
    try:
        from huggingface_hub import constants
    except Exception as error:
        yield Check("hub", "warning", f"cannot be imported: {one_line(error)}", "pip install huggingface-hub")
        return
    cache = Path(constants.HF_HUB_CACHE)
    existing = next((path for path in (cache, *cache.parents) if path.exists()), cache)
    mode = "offline (HF_HUB_OFFLINE)" if constants.HF_HUB_OFFLINE else constants.ENDPOINT
    if os.access(existing, os.W_OK):
        yield Check("hub", "info", f"{mode}, cache {cache}. Speaking with the bundled checkpoint needs no network")
    else:
        yield Check("hub", "warning", f"{mode}, cannot write to the cache {cache}", "set HF_HOME to a folder of yours")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _minor(version: str) -> str:
    return ".".join(version.split("+")[0].split(".")[:2])


def _declared_bounds() -> dict[str, str]:
    """Requirement name -> version bounds, from our own metadata; empty when run from a source tree not installed."""
    return {name: bounds for name in CORE if (bounds := _requirement_of("valetts-hf", name))}


def _requirement_of(package: str, dependency: str, extra: str | None = None) -> str:
    """The bounds a package's metadata puts on one of its dependencies, first of all for an extra; "" where it says nothing."""
    try:
        lines = importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    if extra is not None:
        lines = sorted(lines, key=lambda line: re.search(rf"extra == ['\"]{extra}['\"]", line) is None)
    for line in lines:
        match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)", line)
        if match and match[1].lower().replace("_", "-") == dependency:
            return match[2].replace(" ", "")
    return ""


def _install(names: list[str], extra: str | None = None) -> str:
    """The pip command for some of our dependencies, within their bounds."""
    wanted = [name + _requirement_of("valetts-hf", name, extra) for name in names]
    return "pip install " + " ".join(f'"{item}"' if set("<>!~*") & set(item) else item for item in wanted)


def _inside(version: str, bounds: str) -> bool:
    if not bounds:
        return True
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return True
    return SpecifierSet(bounds).contains(version, prereleases=True)


def _print_report(checks: list[Check]) -> None:
    print(f"valetts-hf {__version__}")
    signs = {"ok": "ok", "info": "--", "warning": "WARN", "error": "FAIL"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"  {signs[check.status]:<4}  {check.name:<{width}}  {check.detail}")
        if check.remedy:
            print(f"  {'':<4}  {'':<{width}}  -> {check.remedy}")
    errors = sum(check.status == "error" for check in checks)
    warnings = sum(check.status == "warning" for check in checks)
    if errors:
        print(
            f"Speaking will not work before {errors} problem{'s' if errors > 1 else ''} marked FAIL {'are' if errors > 1 else 'is'} solved."
        )
    elif warnings:
        print(f"Speaking works; {warnings} warning{'s' if warnings > 1 else ''}.")
    else:
        print("Everything speaking needs is there.")
