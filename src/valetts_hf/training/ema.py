"""Exponential moving average of the parameters of a module.

The averaged generator is what is evaluated and saved (Polyak and Juditsky 1992; for GANs Yazici et al.,
arXiv:1806.04498). The decay rises with the number of updates, so that a young average forgets its random start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from valetts_hf.training.run.sharding import gathered, like, local


class ExponentialMovingAverage:
    """Average of the floating point parameters and buffers of a module, in float32, on the module's device.

    Of a sharded module (FSDP2) each process averages its own part; `state_dict` then gathers, called by all of them.

    Args:
        module (`nn.Module`): What is averaged. It is not kept: every call names the module again.
        decay (`float`): Weight of the old average at each update, in [0, 1).
        warmup (`bool`): Use min(decay, (1 + n) / (10 + n)) at update n.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999, warmup: bool = True) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"`decay` must be in [0, 1), got {decay}")
        self.decay = decay
        self.warmup = warmup
        self.updates = 0
        self.average = {name: value.detach().float().clone() for name, value in _tensors(module).items()}

    def current_decay(self) -> float:
        """Decay that the next update will use."""
        return min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.warmup else self.decay

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the present values of `module`; call after each optimizer step."""
        values = self._matching(module)
        weight = 1.0 - self.current_decay()
        # One fused call: the average of a 20 M parameter model would otherwise cost hundreds of kernel launches.
        torch._foreach_lerp_(
            [local(average) for average in self.average.values()],
            [local(values[name]).float() for name in self.average],
            weight,
        )
        self.updates += 1

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Overwrite the parameters of `module` with the average."""
        values = self._matching(module)
        for name, average in self.average.items():
            values[name].copy_(average)

    @contextmanager
    def swap(self, module: nn.Module) -> Iterator[nn.Module]:
        """Context in which `module` holds the averaged values; on leaving, it has its own back exactly."""
        own = {name: value.detach().clone() for name, value in self._matching(module).items()}
        self.copy_to(module)
        try:
            yield module
        finally:
            values = _tensors(module)
            with torch.no_grad():
                for name, value in own.items():
                    values[name].copy_(value)

    def state_dict(self) -> dict:
        """Averages, number of updates and settings."""
        return {
            "average": gathered(self.average),
            "updates": self.updates,
            "decay": self.decay,
            "warmup": self.warmup,
        }

    def load_state_dict(self, state: dict) -> None:
        """Restore what `state_dict` gave; names and shapes must be those of the module."""
        loaded: dict[str, Tensor] = state["average"]
        _check_names(set(self.average), set(loaded))
        for name, average in self.average.items():
            if average.shape != loaded[name].shape:
                raise ValueError(
                    f"the average of {name!r} has shape {tuple(loaded[name].shape)}, expected {tuple(average.shape)}"
                )
            average.copy_(like(loaded[name], average))
        self.updates, self.decay, self.warmup = state["updates"], state["decay"], state["warmup"]

    def _matching(self, module: nn.Module) -> dict[str, Tensor]:
        values = _tensors(module)
        _check_names(set(self.average), set(values))
        return values


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    named = dict(module.named_parameters())
    named.update(module.named_buffers())
    return {name: value for name, value in named.items() if value.is_floating_point()}


def _check_names(expected: set[str], found: set[str]) -> None:
    if expected != found:
        raise ValueError(
            f"the module is not the averaged one: missing {sorted(expected - found)[:5]}, "
            f"unexpected {sorted(found - expected)[:5]}"
        )
