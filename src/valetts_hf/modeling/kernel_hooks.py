"""Where fused kernels enter a model: `use_kernels=True`, `model.use_kernels()`, `model.use_kernels = False`.

transformers keeps a flag `use_kernels` on every model and applies kernels when it is set, and again when a model changes
between training and inference. Models with `KernelHooks` do the same through whoever has called `set_kernelizer` (the
`valetts_hf` package does, docs/kernels.md), also follow the model to another device, never fail for want of a kernel, and
keep what happened in `kernel_report`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers.utils import logging


logger = logging.get_logger(__name__)

# (model, mode or None) -> a report that prints as one line; it leaves the model able to run whatever happens.
Kernelizer = Callable[[nn.Module, Any], Any]
_kernelizer: Kernelizer | None = None


def set_kernelizer(kernelizer: Kernelizer | None) -> None:
    """Name what puts kernels into models (None: nothing does)."""
    global _kernelizer
    _kernelizer = kernelizer


def remove_kernels(model: nn.Module) -> None:
    """Give every layer of a model its own forward back."""
    for module in model.modules():
        if hasattr(type(module), "kernel_layer_name"):
            module.__dict__.pop("forward", None)


class KernelSwitch(int):
    """Whether a model wants kernels: a truth value, as in transformers, that can also be called to want them."""

    model: "KernelHooks"

    def __new__(cls, model: "KernelHooks", value: bool) -> "KernelSwitch":
        switch = super().__new__(cls, value)
        switch.model = model
        return switch

    def __call__(self, mode: Any = None) -> Any:
        """Use kernels from now on.

        Args:
            mode (`kernels.Mode`, *optional*): by default that of `model.training`.

        Returns:
            The report of what was replaced, or why nothing was.
        """
        self.model.set_use_kernels(True, mode=mode)
        return self.model.kernel_report

    def __repr__(self) -> str:
        return repr(bool(self))


class KernelHooks:
    """Mix into a `PreTrainedModel`, before it."""

    kernel_report: Any = None
    _use_kernels = False
    _kernel_mode: Any = None

    @property
    def use_kernels(self) -> KernelSwitch:
        return KernelSwitch(self, self._use_kernels)

    @use_kernels.setter
    def use_kernels(self, value: bool) -> None:
        self.set_use_kernels(bool(value))

    def set_use_kernels(self, use_kernels: bool, kernel_config: Any = None, mode: Any = None) -> None:
        """Use fused kernels where they can be used, or stop using them.

        Args:
            use_kernels (`bool`): whether to.
            kernel_config (`transformers.KernelConfig`, *optional*): kernels of one's own; transformers then does it all.
            mode (`kernels.Mode`, *optional*): by default that of `model.training`, which transformers follows: it calls
                this again when the model changes between training and inference.
        """
        if use_kernels and (kernel_config is not None or self._has_own_kernels()):
            super().set_use_kernels(True, kernel_config, mode)
            return
        self._use_kernels, self._kernel_mode = bool(use_kernels), mode
        if use_kernels:
            self._apply_kernels()
        elif self.kernel_report is not None:
            remove_kernels(self)
            self.kernel_report = None

    def _has_own_kernels(self) -> bool:
        """Whether transformers was given kernels for this model, which are then none of our business."""
        return getattr(self, "kernel_config", None) is not None

    def _apply_kernels(self) -> None:
        if _kernelizer is None:
            self.kernel_report = (
                "no kernels: they come with the package valetts-hf, and this model is not of its classes"
            )
        else:
            self.kernel_report = _kernelizer(self, self._kernel_mode)
        logger.warning_once(str(self.kernel_report))

    def _apply(self, function: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> nn.Module:
        """Of `to`, `cuda`, `half`, ...: what can run a kernel may have changed."""
        super()._apply(function, recurse)
        if self._use_kernels and not self._has_own_kernels():
            self._apply_kernels()
        return self
