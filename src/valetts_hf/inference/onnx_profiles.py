"""How large the dimensions of the graphs are: least, usual and greatest, for runtimes that plan memory and kernels ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


# Letter of a dimension -> (least, usual, greatest). Batches come from servers, tokens and frames from the pieces of a
# text (`processing/text_analysis.MAX_TOKENS`), frames of the decoder from its chunks and their context.
LIMITS: dict[str, tuple[int, int, int]] = {
    "B": (1, 1, 8),
    "T": (2, 80, 512),
    "F": (4, 400, 4096),
    "R": (16, 512, 2048),
}
DECODER_FRAMES = (4, 256, 2048)


def optimization_profile(
    graph: Mapping[str, Any], limits: Mapping[str, tuple[int, int, int]] | None = None
) -> dict[str, tuple[list[int], list[int], list[int]]]:
    """Shapes of each input of a graph: least, usual, greatest.

    Args:
        graph: entry of a graph in `export.json`: "name", and "inputs" with "name" and "shape" (letters and sizes).
        limits (*optional*): of the letters, instead of `LIMITS`.

    Raises:
        ValueError: a letter without limits, or limits that are not ascending.
    """
    known = dict(LIMITS)
    if graph["name"] == "decoder":
        known["F"] = DECODER_FRAMES
    known.update(limits or {})
    for letter, sizes in known.items():
        if len(sizes) != 3 or not 1 <= sizes[0] <= sizes[1] <= sizes[2]:
            raise ValueError(f"limits of {letter!r} must be least <= usual <= greatest, all 1 or more, got {sizes!r}")
    profile = {}
    for port in graph["inputs"]:
        missing = [size for size in port["shape"] if isinstance(size, str) and size not in known]
        if missing:
            raise ValueError(f"dimension {missing[0]!r} of input {port['name']!r} has no limits: name them")
        least, usual, greatest = (
            [known[size][rank] if isinstance(size, str) else size for size in port["shape"]] for rank in range(3)
        )
        profile[port["name"]] = (least, usual, greatest)
    return profile


def tensorrt_options(graph: Mapping[str, Any], cache: str) -> dict[str, Any]:
    """Options of ONNX Runtime's TensorRT provider for a graph: its profile, and where engines are kept.

    Args:
        graph: entry of a graph in `export.json`.
        cache (`str`): folder for engines, which take minutes to build.
    """
    profile = optimization_profile(graph)

    def written(rank: int) -> str:
        return ",".join(f"{name}:{'x'.join(map(str, shapes[rank]))}" for name, shapes in profile.items())

    return {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": cache,
        "trt_profile_min_shapes": written(0),
        "trt_profile_opt_shapes": written(1),
        "trt_profile_max_shapes": written(2),
    }


def graphs_by_name(graphs: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Entries of `export.json` by the name of the graph."""
    return {graph["name"]: graph for graph in graphs}
