"""Operations of the model that PyTorch's exporter has no ONNX translation for. N positions along the last dimension."""

import torch


_DOUBLINGS = 17  # running maxima reach over 2^17 positions: more than any sentence has tokens or frames


def translations() -> dict:
    """What `torch.onnx.export` takes as `custom_translation_table`."""
    from onnxscript import opset20 as op

    def cummax(values, dim: int):
        """Running maximum along dimension 1 of a matrix: each step looks twice as far back."""
        for step in range(_DOUBLINGS):
            reach = op.Constant(value_ints=[1 << step])
            rows = op.Shape(values, start=0, end=1)
            width = op.Shape(values, start=1, end=2)
            first = op.Slice(
                values, op.Constant(value_ints=[0]), op.Constant(value_ints=[1]), op.Constant(value_ints=[1])
            )
            before = op.Expand(first, op.Concat(rows, reach, axis=0))
            shifted = op.Slice(
                op.Concat(before, values, axis=1), op.Constant(value_ints=[0]), width, op.Constant(value_ints=[1])
            )
            values = op.Max(values, shifted)
        return values, values

    def searchsorted(sorted_sequence, values, out_int32: bool = False, right: bool = False, side=None, sorter=None):
        """How many of the sorted values are at most each value (`right=True`)."""
        at_most = op.LessOrEqual(
            op.Unsqueeze(sorted_sequence, op.Constant(value_ints=[-2])),
            op.Unsqueeze(values, op.Constant(value_ints=[-1])),
        )
        return op.ReduceSum(op.Cast(at_most, to=7), op.Constant(value_ints=[-1]), keepdims=0)

    return {torch.ops.aten.cummax.default: cummax, torch.ops.aten.searchsorted.Tensor: searchsorted}
