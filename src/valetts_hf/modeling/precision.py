"""The number format in which a layer computes."""

import torch
from torch import nn


def computing_dtype(layer: nn.Linear) -> torch.dtype:
    """What the input of a linear layer has to be: its weight may be stored otherwise, as integers if it is quantised."""
    return layer.bias.dtype
