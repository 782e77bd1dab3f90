"""The namespace of this build's operators; a compiled build brings its own, with the compiled ones in it."""

import torch


_NAMESPACE = "_anti_aliased_snake_triton_1"

ops = getattr(torch.ops, _NAMESPACE)


def add_op_namespace_prefix(op_name: str) -> str:
    """`op_name` as it is called in `torch.ops`."""
    return f"{_NAMESPACE}::{op_name}"
