"""From a checkpoint to a folder of ONNX graphs that `ValeTTS.from_pretrained` speaks with.

Versions, and why: opset 20 (see `inference/onnx_folder.OPSET`) and PyTorch's exporter over `torch.export`, the one that is
maintained, which needs onnxscript. Graphs hold float32 weights; see `precision.py` for smaller ones.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers.utils.hub import cached_file

from valetts_hf.direction.style_effect import token_offsets
from valetts_hf.direction.style_table import STYLES_FILE
from valetts_hf.export.graphs import Graph, ISTFTDecoderGraph, Port, graphs_of
from valetts_hf.export.precision import PRECISIONS, convert
from valetts_hf.export.quiet import quiet
from valetts_hf.export.translations import translations
from valetts_hf.export.voice_folding import fold_voice
from valetts_hf.inference.checkpoint import load_checkpoint
from valetts_hf.inference.onnx_folder import FORMAT_VERSION, MANIFEST, OPSET, SKETCH, STYLES, file_hash, is_export
from valetts_hf.modeling.decoders import replace_folder
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.voice import Voice


# Sizes that the exporter sees: different from each other and from 1, or it would take them for one or for a constant.
EXAMPLE_SIZES = {"B": 2, "T": 7, "F": 23, "R": 50}


def export_onnx(
    source: str | os.PathLike,
    target: str | os.PathLike,
    precision: str = "fp32",
    voice: str | os.PathLike | Voice | None = None,
    overwrite: bool = False,
    **hub_options: Any,
) -> Path:
    """Write the ONNX graphs of a checkpoint, all of the folder or nothing.

    Args:
        source: folder or Hub repository of the checkpoint.
        target: folder to write.
        precision (`str`): "fp32", "fp16" (weights in the file; computed in float32) or "int8" (matrix products).
        voice (*optional*): a [`Voice`] or the folder of one: its adapter becomes part of the weights, and it speaks where no
            other voice is asked for.
        overwrite (`bool`): replace the folder if it holds an export.
        hub_options: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`.

    Returns:
        `Path`: the folder.

    Raises:
        ValueError: an unknown precision, a decoder without graph, a voice of another checkpoint.
        OSError: the checkpoint cannot be read, or the target not be written.
        ImportError: onnx or onnxscript is missing.
    """
    check_export_libraries()
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    folder = Path(target).expanduser().absolute()
    check_target(folder, overwrite)
    network, processor = load_checkpoint(source, torch.device("cpu"), torch.float32, **hub_options)
    network.fuse_weight_norm()
    facts: dict[str, Any] = {"source": str(source), "checkpoint": checkpoint_fingerprint(network), "voice": None}
    if voice is not None:
        facts["voice"] = fold_voice(network, voice)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    try:
        temporary.mkdir(parents=True)
        write_folder(network, processor, temporary, facts)
        convert(temporary, precision)
        replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def check_export_libraries() -> None:
    """Say at once what exporting lacks.

    Raises:
        ImportError: naming the extra to install.
    """
    try:
        for name in ("onnx", "onnxruntime", "onnxscript"):
            import_module(name)
    except ImportError as error:
        raise ImportError(f"exporting needs the ONNX libraries ({error}): pip install 'valetts-hf[onnx]'") from error


def check_target(folder: Path, overwrite: bool = False) -> None:
    """Nothing but an export is ever replaced, and that only if asked for.

    Raises:
        FileExistsError: something is there. NotADirectoryError, PermissionError: nothing can be written there.
    """
    if folder.exists():
        if not folder.is_dir():
            raise FileExistsError(f"{str(folder)!r} is a file: name a new folder")
        if any(folder.iterdir()) and not (overwrite and is_export(folder)):
            remedy = "add --overwrite, or name a new folder" if is_export(folder) else "name a new or empty folder"
            raise FileExistsError(f"{str(folder)!r} is there already: {remedy}")
    parent = next(parent for parent in folder.parents if parent.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} cannot be written: {str(parent)!r} is a file")
    if not os.access(parent, os.W_OK):
        raise PermissionError(f"{str(folder)!r} cannot be written: no permission in {str(parent)!r}")


def write_folder(network: ValeTTSForSpeech, processor: Any, folder: Path, facts: dict[str, Any]) -> None:
    """Graphs in float32, configuration, processor, styles and manifest of a model into an existing folder."""
    graphs = graphs_of(network)
    for graph in graphs:
        write_graph(graph, folder / graph.file)
    network.config.save_pretrained(folder)
    processor.save_pretrained(folder)
    save_file(style_tensors(network), folder / STYLES)
    if network.model.sketch is not None:
        weights = {name: value.contiguous() for name, value in network.model.sketch.state_dict().items()}
        save_file(weights, folder / SKETCH)
    _copy_style_table(network, folder)
    for path in folder.iterdir():
        if path.suffix == ".py":  # code for `trust_remote_code`, which has no use beside graphs
            path.unlink()
        else:
            path.chmod(0o644)
    files = [{"file": name} for name in (STYLES, SKETCH) if (folder / name).is_file()]
    write_manifest(folder, {**manifest_of(network, graphs), **facts, "files": files})


def manifest_of(network: ValeTTSForSpeech, graphs: list[Graph]) -> dict[str, Any]:
    """What `export.json` says about graphs, before they are files."""
    (decoder,) = (graph for graph in graphs if isinstance(graph, ISTFTDecoderGraph))
    return {
        "format_version": FORMAT_VERSION,
        "precision": "fp32",
        "opset": OPSET,
        "versions": {name: version(name) for name in ("valetts-hf", "torch", "onnx", "onnxscript", "onnxruntime")},
        "sampling_rate": network.config.sampling_rate,
        "decoder_context": decoder.context,
        "graphs": [graph.entry() for graph in graphs],
    }


@torch.no_grad()
def style_tensors(network: ValeTTSForSpeech) -> dict[str, torch.Tensor]:
    """Default styles, and what the style tokens do: see `inference/onnx_folder.py`."""
    tokens = network.model.style_encoder.style_tokens
    styles = {
        "default_styles": network.model.default_styles,
        "token_values": tokens.mix(torch.eye(len(tokens.tokens))),
        "token_offsets": token_offsets(network),
    }
    return {name: value.float().contiguous() for name, value in styles.items()}


def _copy_style_table(network: ValeTTSForSpeech, folder: Path) -> None:
    """The names of styles, if the checkpoint has any, as they are."""
    path = cached_file(
        os.path.expanduser(network.name_or_path),
        STYLES_FILE,
        revision=getattr(network.config, "_commit_hash", None),
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    if path is not None:
        shutil.copyfile(path, folder / STYLES_FILE)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """`export.json`, with the hashes and sizes that its files have now."""
    for entry in [*manifest["graphs"], *manifest["files"]]:
        path = folder / entry["file"]
        entry["sha256"], entry["bytes"] = file_hash(path), path.stat().st_size
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def write_graph(graph: Graph, path: Path) -> None:
    """One graph as a file, with every lettered dimension free."""
    graph = graph.eval().requires_grad_(False)
    with torch.no_grad(), quiet():
        program = torch.onnx.export(
            graph,
            tuple(port.example(EXAMPLE_SIZES) for port in graph.inputs),
            dynamo=True,
            opset_version=OPSET,
            input_names=[port.name for port in graph.inputs],
            output_names=[port.name for port in graph.outputs],
            dynamic_shapes=tuple(_free_dimensions(port) for port in graph.inputs),
            custom_translation_table=translations(),
            verbose=False,
        )
    program.save(str(path), external_data=False)


def _free_dimensions(port: Port) -> dict[int, Any]:
    return {axis: torch.export.Dim.DYNAMIC for axis, size in enumerate(port.shape) if isinstance(size, str)}
