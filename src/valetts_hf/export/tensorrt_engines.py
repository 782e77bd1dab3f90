"""TensorRT engines of ONNX graphs, each with an optimisation profile: least, usual and greatest size of every input.

Engines belong to one kind of GPU and one version of TensorRT. The easy road is ONNX Runtime's TensorRT provider, which
builds the same engines by itself when first used: `ValeTTS.from_pretrained(FOLDER, provider="tensorrt")`.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

from valetts_hf.inference.onnx_folder import check_files, read_manifest
from valetts_hf.inference.onnx_profiles import optimization_profile
from valetts_hf.modeling.decoders import replace_folder


ENGINES_FILE = "engines.json"


class TensorRTUnavailable(RuntimeError):
    """TensorRT or the GPU is missing."""


def require_tensorrt() -> ModuleType:
    """The module `tensorrt`, where there is a GPU for it.

    Raises:
        TensorRTUnavailable: saying what is missing and what to do.
    """
    other = "or use the ONNX graphs as they are: ValeTTS.from_pretrained(FOLDER, backend='onnx')"
    try:
        import tensorrt
    except ImportError as error:
        raise TensorRTUnavailable(
            f"TensorRT is not installed ({error}): pip install tensorrt on the machine with the GPU, {other}."
        ) from error
    import torch

    if not torch.cuda.is_available():
        raise TensorRTUnavailable(
            f"engines are built on the GPU they run on, and there is none here: go to one, {other}."
        )
    return tensorrt


def build_engines(folder: Path, target: Path, half: bool = False, overwrite: bool = False) -> list[Path]:
    """Build an engine of every graph, all of the folder or nothing.

    Args:
        folder (`Path`): a float32 export.
        target (`Path`): folder to write.
        half (`bool`): let TensorRT compute in half precision where it is faster.
        overwrite (`bool`): replace a folder of engines.

    Returns:
        `list[Path]`: the engines, named like their graphs.

    Raises:
        CheckpointError: the export is missing or damaged. ValueError: it is not in float32.
        FileExistsError: something is there. TensorRTUnavailable: see [`require_tensorrt`].
        RuntimeError: TensorRT refuses a graph; what it said.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    if manifest["precision"] == "int8":
        raise ValueError(f"{str(folder)!r} is quantised for CPUs: build engines of the float32 export")
    target = Path(target).expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        if not (overwrite and (target / ENGINES_FILE).is_file()):
            raise FileExistsError(
                f"{str(target)!r} is there already: name a new folder, or add --overwrite for engines"
            )
    tensorrt = require_tensorrt()
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        temporary.mkdir(parents=True)
        for graph in manifest["graphs"]:
            plan = build_engine(tensorrt, folder / graph["file"], optimization_profile(graph), half)
            (temporary / f"{graph['name']}.engine").write_bytes(plan)
        facts = {
            "tensorrt": tensorrt.__version__,
            "half": half,
            "source": os.fspath(folder),
            "graphs": manifest["graphs"],
        }
        (temporary / ENGINES_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        replace_folder(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return sorted(target.glob("*.engine"))


def build_engine(
    tensorrt: Any, path: Path, profile: dict[str, tuple[list[int], list[int], list[int]]], half: bool = False
) -> bytes:
    """The serialised engine of one graph.

    Args:
        tensorrt: the module. path (`Path`): of the graph.
        profile: shapes of each input, see [`~valetts_hf.inference.onnx_profiles.optimization_profile`].
        half (`bool`): allow half precision.

    Raises:
        RuntimeError: TensorRT refuses the graph.
    """
    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    builder = tensorrt.Builder(logger)
    network = builder.create_network(0)
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(path.read_bytes()):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise RuntimeError(f"TensorRT {tensorrt.__version__} does not take {path.name}: {errors}")
    settings = builder.create_builder_config()
    if half:
        settings.set_flag(tensorrt.BuilderFlag.FP16)
    shapes = builder.create_optimization_profile()
    for name, (least, usual, greatest) in profile.items():
        shapes.set_shape(name, least, usual, greatest)
    settings.add_optimization_profile(shapes)
    plan = builder.build_serialized_network(network, settings)
    if plan is None:
        raise RuntimeError(f"TensorRT {tensorrt.__version__} could not build an engine of {path.name}")
    return bytes(plan)
