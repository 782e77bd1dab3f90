"""Smaller graphs: weights stored in half precision, and matrix products in 8-bit integers.

- fp16: large weights are stored as float16 and cast back when the graph is loaded; everything is computed in float32, as
  ONNX Runtime's CPU kernels want it. Half the size, the same speed.
- int8: post-training dynamic quantisation (arXiv 1712.05877): weights per channel, activations per call. Matrix products
  of the latents and the decoder only: 8-bit convolutions are slower than float32 ones in ONNX Runtime on CPUs, and what
  decides durations and pitch stays as it is, because there an error is not noise but another sentence. Fourier matrices
  and last layers stay, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from valetts_hf.export.quiet import quiet
from valetts_hf.inference.onnx_folder import MANIFEST
from valetts_hf.inference.onnx_sessions import onnx_runtime


PRECISIONS = ("fp32", "fp16", "int8")
QUANTIZED_GRAPHS = ("latents", "decoder")
_SCOPES = "pkg.torch.onnx.name_scopes"
_LEAST_VALUES = 1024  # of a weight that is worth storing in half
_KEPT = (
    "fourier",
    "decoder.head",
    ".output",
    "prosody",
    "token_prior",
)  # in names of modules or constants: stay float32


def convert(folder: Path, precision: str) -> None:
    """Bring a float32 export, in place, into another precision.

    Raises:
        ValueError: an unknown precision, or the folder is not in float32.
    """
    from valetts_hf.export.onnx_export import write_manifest

    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest["precision"] != "fp32":
        raise ValueError(f"{str(folder)!r} is in {manifest['precision']} already: convert the float32 export")
    if precision == "fp32":
        return
    for graph in manifest["graphs"]:
        path = folder / graph["file"]
        if precision == "fp16":
            halve_weights(path)
        elif graph["name"] in QUANTIZED_GRAPHS:
            quantize_products(path)
    manifest["precision"] = precision
    write_manifest(folder, manifest)


def halve_weights(path: Path) -> None:
    """Store the large float32 constants of a graph as float16, each with a cast back.

    Values that float16 cannot hold (noise of the source is none, but a weight might be) stay in float32.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    casts = []
    for initializer in model.graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(initializer)
        if values.size < _LEAST_VALUES or any(part in initializer.name for part in ("fourier", "noise", "window")):
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, path)


def quantize_products(path: Path) -> None:
    """Matrix products of a graph with 8-bit weights and activations, in place."""
    import onnx

    onnx_runtime()  # as everywhere, without reports to its maker
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(path)
    kept = _kept_products(model)
    with quiet():
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=kept,
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def _kept_products(model: Any) -> list[str]:
    """Names of the products that stay in float32; the exporter notes at each node which module it comes from."""
    kept = []
    for node in model.graph.node:
        scopes = "".join(entry.value for entry in node.metadata_props if entry.key == _SCOPES)
        if node.op_type == "MatMul" and any(part in name for part in _KEPT for name in (scopes, *node.input)):
            kept.append(node.name)
    return kept
