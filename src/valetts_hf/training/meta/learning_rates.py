"""Learned learning rates of the inner loop, one per tensor and, if wanted, per inner step.

MAML++ (Antoniou et al., arXiv 1810.09502, section 4, "per-layer per-step learning rates"). Their logarithms are learned, so
that they stay positive. K inner steps, N tensors.
"""

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn


class InnerLearningRates(nn.Module):
    """Inner step -> learning rates of the adapted tensors by name.

    Args:
        names (sequence of `str`, N): the tensors that the inner loop adapts.
        initial (`float` or mapping of pattern to `float`): value at the start, > 0; of several patterns (shell style, as in
            `fnmatch`) the first that matches a name counts.
        steps (`int`): inner steps K with learning rates of their own; 1 shares one set among all. Steps beyond the last use
            those of the last.
        learned (`bool`): whether the outer loop trains them.
        maximum (`float`): no rate is used above it. Without a ceiling they can grow until the inner loop diverges: the
            outer loss hardly rises before it does.
    """

    def __init__(
        self,
        names: Sequence[str],
        initial: float | Mapping[str, float] = 0.01,
        steps: int = 1,
        learned: bool = True,
        maximum: float = math.inf,
    ):
        super().__init__()
        if not names:
            raise ValueError("no tensor to adapt: check the names of the inner loop's parameters")
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        self.names = list(names)
        values = [_value_of(name, initial) for name in self.names]
        if min(values) <= 0:
            raise ValueError(f"inner learning rates must be greater than 0, got {min(values)}")
        if max(values) > maximum:
            raise ValueError(f"inner learning rates must be at most the maximum of {maximum}, got {max(values)}")
        self.maximum = maximum
        self.log_rates = nn.Parameter(torch.tensor(values).log().repeat(steps, 1), requires_grad=learned)  # [K, N]

    @property
    def rates(self) -> Tensor:
        """All of them [K, N]."""
        return self.log_rates.exp().clamp(max=self.maximum)

    def forward(self, step: int) -> dict[str, Tensor]:
        return dict(zip(self.names, self.rates[min(step, len(self.log_rates) - 1)].unbind(), strict=True))

    def median(self) -> float:
        """The rate in the middle of all, for logs."""
        return float(self.rates.detach().median())

    def table(self) -> dict[str, list[float]]:
        """Learning rates of every tensor by inner step, for logs."""
        columns = self.rates.detach().T.tolist()
        return dict(zip(self.names, columns, strict=True))


def _value_of(name: str, initial: float | Mapping[str, float]) -> float:
    if not isinstance(initial, Mapping):
        return float(initial)
    for pattern, value in initial.items():
        if fnmatchcase(name, pattern):
            return float(value)
    raise ValueError(f"no inner learning rate for {name!r}: add a pattern '*' after {list(initial)}")
