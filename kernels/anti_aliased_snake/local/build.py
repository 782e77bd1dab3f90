"""Compile the CUDA kernel for the torch of this environment, without Nix: `python local/build.py DESTINATION`.

Leaves DESTINATION/build/torch211-cxx11-cu130-x86_64-linux (or what fits the torch at hand) in the layout of a kernel
repository, which `kernels` prefers to the build without compiled code. No GPU is needed. For publishing, kernel-builder
makes the builds for all versions of torch.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sysconfig
from pathlib import Path


PROJECT = Path(__file__).resolve().parents[1]
CAPABILITIES = ("8.0", "9.0", "10.0")
OPS = '''"""The namespace of this build's operators."""

import glob
import os

import torch


_NAMESPACE = "{namespace}"

(_library,) = glob.glob(os.path.join(os.path.dirname(__file__), "*.so"))
torch.ops.load_library(_library)

ops = getattr(torch.ops, _NAMESPACE)


def add_op_namespace_prefix(op_name: str) -> str:
    """`op_name` as it is called in `torch.ops`."""
    return f"{{_NAMESPACE}}::{{op_name}}"
'''


def find_nvcc() -> str | None:
    """Path of nvcc, by CUDA_HOME or PATH."""
    home = os.environ.get("CUDA_HOME")
    return shutil.which("nvcc", path=f"{home}/bin") if home else shutil.which("nvcc")


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} ... failed:\n{done.stderr[-4000:]}")


def compile_kernel(output: Path, capability: str) -> None:
    """Machine code of the kernel alone for one capability ("9.0"): needs nvcc and nothing else."""
    nvcc = find_nvcc()
    if nvcc is None:
        raise RuntimeError("nvcc was not found; install the CUDA toolkit or set CUDA_HOME")
    architecture = f"sm_{capability.replace('.', '')}"
    source = PROJECT / "anti_aliased_snake_cuda" / "forward.cu"
    run([nvcc, "-std=c++17", "-O3", f"-arch={architecture}", "-cubin", "-o", str(output), str(source)])


def build(destination: Path) -> Path:
    """Compile everything and return the folder of the build variant."""
    import torch
    from torch.utils.cpp_extension import include_paths, library_paths

    nvcc = find_nvcc()
    if nvcc is None or torch.version.cuda is None:
        raise RuntimeError("a local build needs nvcc and a torch that is built for CUDA")
    major, minor = torch.__version__.split(".")[:2]
    cuda = "".join(torch.version.cuda.split(".")[:2])
    system = f"{platform.machine()}-{platform.system().lower()}"
    variant = destination / "build" / f"torch{major}{minor}-cxx11-cu{cuda}-{system}"
    variant.mkdir(parents=True, exist_ok=True)
    namespace = "_anti_aliased_snake_cuda_local_1"

    includes = [f"-I{path}" for path in (*include_paths("cuda"), PROJECT / "local", sysconfig.get_paths()["include"])]
    libraries = [f"-L{path}" for path in library_paths("cuda") if Path(path).is_dir()]
    numbers = [capability.replace(".", "") for capability in CAPABILITIES]
    code = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in numbers]
    common = [nvcc, "-std=c++17", "-O3", "-Xcompiler", "-fPIC"]
    objects = [variant / "forward.o", variant / "torch_binding.o"]
    kernel, binding = PROJECT / "anti_aliased_snake_cuda" / "forward.cu", PROJECT / "torch-ext" / "torch_binding.cpp"
    run([*common, *code, "-c", "-o", str(objects[0]), str(kernel)])
    run([*common, f"-DTORCH_EXTENSION_NAME={namespace}", *includes, "-c", "-o", str(objects[1]), str(binding)])
    library = variant / f"{namespace}.abi3.so"
    linked = ["-lc10", "-ltorch_cpu", "-ltorch", "-lc10_cuda"]
    run([nvcc, "-shared", "-cudart", "shared", "-o", str(library), *map(str, objects), *libraries, *linked])
    for made in objects:
        made.unlink()

    for source in (PROJECT / "torch-ext" / "anti_aliased_snake").glob("*.py"):
        shutil.copyfile(source, variant / source.name)
    (variant / "_ops.py").write_text(OPS.format(namespace=namespace), encoding="utf-8")
    metadata = json.loads((PROJECT / "build" / "torch-cuda" / "metadata.json").read_text(encoding="utf-8"))
    metadata["id"] = namespace
    metadata["backend"]["archs"] = list(CAPABILITIES)
    (variant / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    return variant


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("destination", type=Path, help="folder of the kernel repository to make")
    print(build(parser.parse_args().destination))


if __name__ == "__main__":
    main()
