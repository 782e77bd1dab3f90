"""The kernel project: Triton by its interpreter and by its compiler, the CUDA kernel by a host compiler and by nvcc."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.kernels.conftest import PROJECT
from valetts_hf.modeling.anti_aliased_activation import anti_aliased_snake
from valetts_hf.modeling.resampling_filter import TAPS


PACKAGE = PROJECT / "torch-ext" / "anti_aliased_snake"
BUILD = PROJECT / "build" / "torch-cuda"


def load(path: Path, name: str):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


local_build = load(PROJECT / "local" / "build.py", "anti_aliased_snake_local_build")


@pytest.mark.slow
def test_interpreted_kernels_equal_the_equations(tmp_path: Path):
    pytest.importorskip("triton")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(PROJECT / "tests" / "test_triton.py")],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"\b6 passed", done.stdout), done.stdout[-500:]


def compile_triton(kernel, capability: int, element: str):
    """Machine code of a Triton kernel for rows whose length is a multiple of 16, on a machine without a GPU."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    lanes, names = 128, kernel.arg_names
    of_samples = {"x_ptr", "z_ptr", "gradient_ptr", "of_x_ptr"}
    constants = {"LOGSCALE": True, "L": lanes, "stride_sample": 1}
    signature = {
        name: "constexpr"
        if name in constants
        else ("*" + (element if name in of_samples else "fp32") if name.endswith("_ptr") else "i32")
        for name in names
    }
    aligned = {"samples", "stride_batch", "stride_channel"}
    attributes = {
        (index,): [["tt.divisibility", 16]]
        for index, name in enumerate(names)
        if name.endswith("_ptr") or name in aligned
    }
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=attributes)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": lanes // 32})


@pytest.mark.slow
@pytest.mark.parametrize("capability", [80, 90, 100])
@pytest.mark.parametrize("element", ["fp32", "bf16"])
def test_triton_compiles_to_vector_loads(capability: int, element: str):
    """Without a GPU: the compiler's output shows one load and one store of 16 bytes per lane and tile, nothing shared."""
    pytest.importorskip("triton")
    kernels = load(PACKAGE / "triton_kernels.py", "anti_aliased_snake_triton_kernels")
    forward = compile_triton(kernels.forward_kernel, capability, element)
    assert forward.metadata.shared == 0
    wide = {"fp32": (6, 2), "bf16": (3, 1)}[element]  # three windows of eight samples in, one out
    listing = forward.asm["ptx"]
    assert (len(re.findall(r"ld\.global\.v4", listing)), len(re.findall(r"st\.global\.v4", listing))) == wide
    backward = compile_triton(kernels.backward_kernel, capability, element)
    assert "cubin" in backward.asm and "atom" not in backward.asm["ptx"]


def test_cuda_tile_on_the_host(tmp_path: Path):
    """The phases of the CUDA kernel, compiled as C++ and run thread by thread: the arithmetic and every edge."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    library = tmp_path / "tile.so"
    source = PROJECT / "tests" / "host" / "tile_on_host.cpp"
    command = [
        compiler,
        "-O1",
        "-shared",
        "-fPIC",
        "-std=c++17",
        "-Wno-unknown-pragmas",
        "-o",
        str(library),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True)
    tile_rows = ctypes.CDLL(str(library)).tile_rows

    def pointer(tensor: torch.Tensor) -> ctypes.c_void_p:
        return ctypes.c_void_p(tensor.data_ptr())

    generator = torch.Generator().manual_seed(0)
    for samples in (1, 2, 3, 4, 5, 8, 1012, 1013, 1015, 1016, 1017, 1020, 1021, 2032, 2033, 4097):
        for stride, aligned in ((1, 1), (1, 0), (3, 1)):
            x = torch.randn(3, samples, stride, generator=generator)
            alpha, beta = torch.randn(2, 3, generator=generator) / 2
            z = torch.full((3, samples), float("nan"))
            tile_rows(pointer(x), pointer(alpha), pointer(beta), pointer(z), 3, samples, stride, aligned)
            expected = anti_aliased_snake(x[None, ..., 0].double(), alpha.double(), beta.double())[0]
            torch.testing.assert_close(z.double(), expected, rtol=0, atol=1e-5, msg=f"{samples} samples, {stride=}")


@pytest.mark.parametrize("capability", local_build.CAPABILITIES)
def test_cuda_kernel_compiles(capability: str, tmp_path: Path):
    if local_build.find_nvcc() is None:
        pytest.skip("nvcc is not installed")
    local_build.compile_kernel(tmp_path / "kernel.cubin", capability)
    assert (tmp_path / "kernel.cubin").stat().st_size > 10_000


@pytest.mark.slow
def test_local_build_is_preferred_and_has_the_cuda_kernel(tmp_path: Path):
    pytest.importorskip("kernels")
    if local_build.find_nvcc() is None or torch.version.cuda is None:
        pytest.skip("needs nvcc and a torch that is built for CUDA")
    shutil.copytree(PROJECT / "build", tmp_path / "build")
    variant = local_build.build(tmp_path)
    code = f"""
from pathlib import Path
from kernels import get_local_kernel
kernel = get_local_kernel(Path({str(tmp_path)!r}))
print(kernel.__file__, kernel.HAS_CUDA_KERNEL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(variant / "__init__.py"), "True"], done.stderr[-2000:]


def test_one_source_of_everything():
    """The build without compiled code links to the sources; the taps stand in three languages and must be the same."""
    for path in PACKAGE.glob("*.py"):
        assert (BUILD / path.name).resolve() == path, f"{path.name} of the build is a copy"
    assert {path.name for path in BUILD.iterdir() if not path.is_symlink()} - {"__pycache__"} == {
        "_ops.py",
        "metadata.json",
    }
    half = list(TAPS[:6])
    triton_source = (PACKAGE / "triton_kernels.py").read_text()
    cuda_source = (PROJECT / "anti_aliased_snake_cuda" / "tile.cuh").read_text()
    assert [float(value) for value in re.findall(r"^T\d = tl\.constexpr\((.*)\)", triton_source, re.M)] == half
    assert [float(value) for value in re.findall(r"float kT\d = (.*)f;", cuda_source)] == half
    metadata = json.loads((BUILD / "metadata.json").read_text())
    described = (PROJECT / "build.toml").read_text()
    assert f'name = "{metadata["name"]}"' in described and f"version = {metadata['version']}" in described
    assert metadata["id"] in (BUILD / "_ops.py").read_text()
