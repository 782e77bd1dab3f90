"""Sessions of ONNX Runtime: providers by short names, threads, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from valetts_hf.inference.errors import CheckpointError


PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
_FALLBACKS = {"cpu": [], "tensorrt": ["CUDAExecutionProvider", "CPUExecutionProvider"]}


def onnx_runtime() -> ModuleType:
    """The module `onnxruntime`.

    Raises:
        ImportError: it is not installed, or broken.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported; it would report to its maker
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(f"ONNX models need ONNX Runtime ({error}): pip install 'valetts-hf[onnx]'") from error
    return onnxruntime


def resolve_provider(provider: str | None) -> list[str]:
    """The execution providers to try, by their full names, the CPU last.

    Args:
        provider (`str`, *optional*): "cpu" (also for None), "cuda", "tensorrt", "coreml", "directml", or a full name.

    Raises:
        ValueError: an unknown one, or one that this installation does not have.
    """
    name = PROVIDERS.get(provider or "cpu", provider or "")
    if name not in PROVIDERS.values() and not name.endswith("ExecutionProvider"):
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)} or a full name, got {provider!r}.")
    available = onnx_runtime().get_available_providers()
    if name not in available:
        remedy = "install onnxruntime-gpu in the place of onnxruntime" if "Dml" not in name else "see its manual"
        raise ValueError(
            f"provider {provider!r} is not in this ONNX Runtime (it has {', '.join(available)}): {remedy}, or use 'cpu'."
        )
    following = _FALLBACKS.get(provider or "cpu", ["CPUExecutionProvider"])
    return [name, *(other for other in following if other in available and other != name)]


def open_session(
    path: Path,
    providers: list[str],
    num_threads: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """A session of one graph.

    Args:
        path (`Path`): the .onnx file.
        providers (`list[str]`): full names, in order.
        num_threads (`int`, *optional*): within an operation; default: all cores, or `OMP_NUM_THREADS`.
        options (*optional*): options of providers, by full name.

    Raises:
        CheckpointError: the graph is damaged, or newer than this ONNX Runtime.
    """
    runtime = onnx_runtime()
    settings = runtime.SessionOptions()
    settings.log_severity_level = 3  # errors: its warnings about folded constants help nobody who speaks
    settings.intra_op_num_threads = num_threads or int(os.environ.get("OMP_NUM_THREADS", "0") or 0)
    settings.inter_op_num_threads = 1
    # Each graph has threads of its own: those of one must not spin while another computes.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen = [(name, dict((options or {}).get(name, {}))) for name in providers]
    try:
        return runtime.InferenceSession(str(path), settings, providers=chosen)
    except Exception as error:  # its exceptions have no common class that is public
        raise CheckpointError(
            f"the graph {str(path)!r} cannot be loaded by ONNX Runtime {runtime.__version__}: "
            f"{' '.join(str(error).split())[:300]} Export it again, or update ONNX Runtime."
        ) from error


def run_session(session: Any, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs of a graph, in order.

    Raises:
        RuntimeError: the runtime failed; what it said, on one line.
    """
    try:
        return session.run(None, feeds)
    except Exception as error:
        raise RuntimeError(f"ONNX Runtime failed: {' '.join(str(error).split())[:300]}") from error
