"""What came of asking for kernels: how many layers got one, from where, and why the others did not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KernelReport:
    """
    Args:
        replaced (`int`): layers that run a kernel now.
        total (`int`): layers that could.
        source (`str`): where the kernel comes from.
        mode (`str`): "INFERENCE", "TRAINING", with "|TORCH_COMPILE".
        reason (`str`, *optional*): why not all of them do; they run their PyTorch code instead.
    """

    replaced: int
    total: int
    source: str
    mode: str
    reason: str | None = None

    @property
    def used(self) -> bool:
        """Whether any kernel runs."""
        return self.replaced > 0

    def __str__(self) -> str:
        if self.reason is None:
            return f"kernels: {self.replaced} of {self.total} layers, from {self.source}, for {self.mode}"
        return f"no kernels, PyTorch computes all {self.total} layers: {self.reason}"
