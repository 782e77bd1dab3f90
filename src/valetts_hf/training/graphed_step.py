"""Whole training steps as CUDA graphs: recorded once for every shape of batch, replayed without Python.

A step of a small network is thousands of short kernels, and Python takes longer to ask for them than a GPU to run them. A
recorded step (both turns, both optimizers) is one request. Everything that changes from step to step is written to
tensors of fixed addresses before: the batch, the learning rates, the seeds. The first step of every shape runs as
always, so that libraries make their plans; the second is recorded. Random numbers, and with them the run, are those of
steps that are not recorded, up to the rounding of sums in another order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import torch
from accelerate import Accelerator
from torch import Tensor

from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.pretrainer import (
    PretrainState,
    check_gradient,
    count_step,
    learning_rates,
    move_weights,
    pass_numbers,
    pass_seed,
    pretrain_step,
)
from valetts_hf.training.recipe import PretrainRecipe


logger = logging.getLogger(__name__)


def can_record(accelerator: Accelerator) -> bool:
    """Whether steps can be recorded here: by one process on a CUDA device."""
    return accelerator.device.type == "cuda" and accelerator.num_processes == 1


@dataclass
class _Recording:
    """A graph with the tensors it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batch: TrainingBatch
    losses: dict[str, Tensor]


class GraphedStep:
    """Advances a run like `pretrain_step`, by replaying recordings of it.

    A gradient that is not finite is noticed one step late, since the host does not wait for the step it has just asked for;
    call `settle` before the weights are kept.

    Args:
        state: the run, changed in place; resume before, since nothing else may put other tensors in the place of its own.
        recipe: the numbers, with `cuda_graphs`.
        accelerator: the one that prepared the state; see `can_record`.
    """

    def __init__(self, state: PretrainState, recipe: PretrainRecipe, accelerator: Accelerator) -> None:
        self.state, self.recipe, self.accelerator = state, recipe, accelerator
        device = accelerator.device
        self._generator = torch.Generator(device=device)
        self._rates = [torch.zeros((), device=device) for _ in range(2)]
        self._pool = torch.cuda.graph_pool_handle()
        self._recordings: dict[tuple, _Recording] = {}
        self._warm: set[tuple] = set()
        self._unchecked: tuple[int, Tensor] | None = None

    def __call__(self, batches: Sequence[TrainingBatch]) -> dict[str, Tensor]:
        """Advance by one step; see `pretrain_step`."""
        (batch,) = batches
        batch = replace(batch, whole_rows=None)  # for the alignment search alone, and never of the same size
        kind = self._kind(batch)
        if kind not in self._warm:
            self._warm.add(kind)
            self.settle()
            return pretrain_step(self.state, batch, self.recipe, self.accelerator)
        if kind not in self._recordings:
            self._recordings[kind] = self._record(batch)
        recording = self._recordings[kind]
        for name, tensor in _tensors(batch).items():
            getattr(recording.batch, name).copy_(tensor, non_blocking=True)
        for tensor, rate in zip(self._rates, learning_rates(self.state.step, self.recipe), strict=True):
            tensor.fill_(rate)
        (number,) = pass_numbers(self.state.step, 1, self.accelerator)
        seed = pass_seed(self.recipe.seed, number)
        torch.manual_seed(seed)
        self._generator.manual_seed(seed)
        recording.graph.replay()
        losses = {name: loss.clone() for name, loss in recording.losses.items()}
        self.settle()
        self._unchecked = (self.state.step, losses["gradient_norm"])
        count_step(self.state, self.accelerator)
        return losses

    def settle(self) -> None:
        """Wait for the last step that was not checked; FloatingPointError if its gradient was not finite."""
        if self._unchecked is not None:
            step, norm = self._unchecked
            self._unchecked = None
            check_gradient(norm, step, self.accelerator)

    def _kind(self, batch: TrainingBatch) -> tuple:
        """What decides which kernels a step is made of."""
        shapes = tuple((name, tuple(tensor.shape)) for name, tensor in _tensors(batch).items())
        return shapes, batch.text_rows, self.state.step >= self.recipe.adversarial_start

    def _record(self, batch: TrainingBatch) -> _Recording:
        """Record the step of a batch; nothing is computed and no weight moves."""
        kept = replace(batch, **{name: tensor.clone() for name, tensor in _tensors(batch).items()})
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self._generator)
        with self._recordable_optimizers(), torch.cuda.graph(graph, pool=self._pool):
            losses = move_weights(
                self.state, [kept], [lambda: self._generator], self.recipe, self.accelerator, check=lambda norm: None
            )
        logger.info("recorded step %d: rows of %d tokens", self.state.step, batch.input_ids.shape[1])
        return _Recording(graph, kept, losses)

    @contextmanager
    def _recordable_optimizers(self) -> Iterator[None]:
        """While it lasts, optimizers read their learning rates from tensors."""
        optimizers = (self.state.generator_optimizer, self.state.discriminator_optimizer)
        groups = [
            (group, rate) for item, rate in zip(optimizers, self._rates, strict=True) for group in item.param_groups
        ]
        before = [(group["lr"], group["capturable"]) for group, _ in groups]
        for group, rate in groups:
            group["lr"], group["capturable"] = rate, True
        try:
            yield
        finally:
            for (group, _), (rate, capturable) in zip(groups, before, strict=True):
                group["lr"], group["capturable"] = rate, capturable


def _tensors(batch: TrainingBatch) -> dict[str, Tensor]:
    values = {item.name: getattr(batch, item.name) for item in fields(batch)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}
