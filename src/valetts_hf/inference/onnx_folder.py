"""Folders that `valetts export onnx` writes: recognised, checked and loaded.

    export.json               what is there: graphs with their ports, opset, versions, sizes, hashes
    *.onnx                    the graphs
    styles.safetensors        "default_styles" [L, H], "token_values" [K, H], "token_offsets" [K, H]
    sketch.safetensors        networks for drawn prosody, if the checkpoint has them
    config.json, processor_config.json, tokenizer_config.json, vocab.json, styles.json    as in the checkpoint

L languages, K style tokens, H style width.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valetts_hf.inference.errors import CheckpointError


MANIFEST = "export.json"
STYLES = "styles.safetensors"
SKETCH = "sketch.safetensors"
FORMAT_VERSION = 1
# 20 is what the graphs were written and tested with; ONNX Runtime reads such files since 1.18 (1.17 refuses IR version 10).
OPSET = 20
_AGAIN = "Export it again with `valetts export onnx`."


def is_export(source: str | os.PathLike) -> bool:
    """Whether a path is a folder of ONNX graphs."""
    return (Path(source).expanduser() / MANIFEST).is_file()


def chosen_backend(
    source: str,
    backend: str | None,
    device: Any = None,
    dtype: Any = None,
    provider: str | None = None,
    decoder: str | None = None,
) -> str:
    """ "torch" or "onnx": what is asked for, else what a folder holds.

    Raises:
        ValueError: an unknown backend, or options that belong to the other one.
    """
    if backend not in (None, "torch", "onnx"):
        raise ValueError(f"backend must be 'torch' or 'onnx', or None for what the folder holds, got {backend!r}.")
    if backend is None:
        backend = "onnx" if is_export(source) else "torch"
    if backend == "onnx":
        if str(device or "cpu") != "cpu":
            raise ValueError(f"with ONNX Runtime the device is chosen by `provider`, got device={device!r}.")
        if dtype is not None:
            raise ValueError(
                f"the number format of ONNX graphs is chosen when they are exported, got dtype={dtype!r}."
            )
        if decoder is not None:
            raise ValueError(
                f"ONNX graphs hold the decoder of the checkpoint they were made of, got decoder={decoder!r}: leave it out."
            )
    elif provider is not None:
        raise ValueError(
            f"provider={provider!r} is for ONNX graphs; {source!r} is computed by PyTorch: give `device`."
        )
    return backend


def local_export(source: str, **hub_options: Any) -> Path:
    """The folder of an export: as it is, or fetched from the Hub.

    Raises:
        CheckpointError: it is neither.
    """
    folder = Path(source)
    if folder.is_dir() or source.startswith((".", "/", "~")) or source.count("/") != 1:
        if not folder.is_dir():
            raise CheckpointError(f"there is no folder {source!r}: check the path (now in {os.getcwd()!r}).")
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, **hub_options))
    except Exception as error:  # the Hub's, the network's and the cache's have no common class
        raise CheckpointError(
            f"{source!r} is neither a folder here nor reachable on the Hub: {' '.join(str(error).split())[:300]}"
        ) from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """`export.json` of a folder.

    Raises:
        CheckpointError: missing, damaged, of another kind, or newer than this package.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version, opset, graphs = manifest["format_version"], manifest["opset"], manifest["graphs"]
        complete = all({"name", "file", "sha256", "inputs", "outputs"} <= set(graph) for graph in graphs)
        if not complete or not isinstance(version, int) or not isinstance(opset, int):
            raise ValueError("its entries are incomplete")
    except FileNotFoundError as error:
        raise CheckpointError(
            f"the folder {str(folder)!r} holds no {MANIFEST}, so it holds no ONNX graphs: make them with `valetts export "
            f"onnx {str(folder)!r} DST` and load DST."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{str(path)!r} is damaged ({' '.join(str(error).split())}). {_AGAIN}") from error
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{str(folder)!r} has the format {version}, this package reads {FORMAT_VERSION}: update valetts-hf, or export again."
        )
    if opset != OPSET:
        raise CheckpointError(
            f"the graphs in {str(folder)!r} use opset {opset}, this package was tested with {OPSET}. {_AGAIN}"
        )
    return manifest


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Every file of an export is there and as it was written.

    Raises:
        CheckpointError: naming the first that is not.
    """
    for entry in [*manifest["graphs"], *manifest.get("files", [])]:
        path = folder / entry["file"]
        try:
            found = file_hash(path)
        except OSError as error:
            raise CheckpointError(f"{str(path)!r} cannot be read ({error.strerror or error}). {_AGAIN}") from error
        if found != entry["sha256"]:
            raise CheckpointError(f"{str(path)!r} is damaged: it is not the file that was written. {_AGAIN}")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def load_export(folder: Path, provider: str | None = None, num_threads: int | None = None) -> tuple[Any, Any, Any]:
    """Model, processor and folded-in voice of an export.

    Args:
        folder (`Path`): the export.
        provider (`str`, *optional*): see [`~valetts_hf.inference.onnx_sessions.resolve_provider`].
        num_threads (`int`, *optional*): within an operation.

    Returns:
        `tuple`: [`OnnxSpeechModel`], `ValeTTSProcessor`, and a [`Voice`] or None.

    Raises:
        CheckpointError: damaged or incomplete. ValueError: an unknown provider. ImportError: ONNX Runtime is missing.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from valetts_hf.inference.onnx_model import OnnxSpeechModel
    from valetts_hf.inference.onnx_profiles import tensorrt_options
    from valetts_hf.inference.onnx_sessions import open_session, resolve_provider
    from valetts_hf.modeling.configuration_valetts import ValeTTSConfig
    from valetts_hf.processing.processing_valetts import ValeTTSProcessor
    from valetts_hf.voices.fingerprint import keep_fingerprint

    providers = resolve_provider(provider)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    try:
        config = ValeTTSConfig.from_pretrained(folder)
        processor = ValeTTSProcessor.from_pretrained(folder)
        styles = load_file(folder / STYLES)
        sketch = load_file(folder / SKETCH) if (folder / SKETCH).is_file() else None
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"{str(folder)!r} is damaged: {' '.join(str(error).split())[:300]} {_AGAIN}") from error
    cache = str(folder / "tensorrt")
    sessions = {
        graph["name"]: open_session(
            folder / graph["file"],
            providers,
            num_threads,
            {"TensorrtExecutionProvider": tensorrt_options(graph, cache)},
        )
        for graph in manifest["graphs"]
    }
    config._name_or_path = str(folder)
    model = OnnxSpeechModel(config, manifest, sessions, styles, sketch).eval()
    keep_fingerprint(model, manifest["checkpoint"])
    return model, processor, folded_voice(manifest)


def folded_voice(manifest: Mapping[str, Any]) -> Any:
    """The voice whose adapter the graphs contain, as a style vector, or None."""
    entry = manifest.get("voice")
    if entry is None:
        return None
    from valetts_hf.voices.voice import Voice

    return Voice(
        name=entry["name"], style=entry["style"], checkpoint=manifest["checkpoint"], language=entry.get("language")
    )
