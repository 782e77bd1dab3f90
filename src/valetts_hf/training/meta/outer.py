"""The outer step of MAML, first-order MAML, ANIL and Reptile over a meta-batch of tasks.

MAML: arXiv 1703.03400. Multi-step loss: MAML++, arXiv 1810.09502. ANIL: arXiv 1909.09157. Reptile: Nichol et al., arXiv
1803.02999. Tasks are spread over the processes of Accelerate; their gradients are averaged once per outer step. K inner steps.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recompute

from valetts_hf.training.meta.inner_loop import LearningRates, LossFunction, Parameters, unroll


METHODS = ("maml", "fomaml", "anil", "reptile")


@dataclass(frozen=True)
class Task:
    """The two losses of an episode.

    Args:
        support: (parameters, inner step) -> scalar, what the inner loop descends.
        query: parameters -> scalar, what the outer loop descends.
    """

    support: LossFunction
    query: Callable[[Parameters], Tensor]


@dataclass(frozen=True)
class InnerLoop:
    """How a task is adapted to.

    Args:
        method (`str`): "maml" differentiates through the inner steps; "fomaml" takes their gradients as constants; "anil" is
            "maml" with learning rates for a head only; "reptile" moves towards the adapted parameters and has no query loss.
        steps (`int`): inner steps K. 0 with "maml" is joint training without adaptation, the usual baseline.
        checkpoint (`bool`): recompute inner steps in the backward pass, see `unroll`.
    """

    method: str = "maml"
    steps: int = 5
    checkpoint: bool = False

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {list(METHODS)}, got {self.method!r}")
        if self.steps < 0 or (self.steps == 0 and self.method != "maml"):
            raise ValueError(f"inner steps must be at least 1 (0 only with 'maml'), got {self.steps}")


@dataclass
class TaskLoss:
    """What to differentiate, and detached values for logs: support losses [K], query loss after the last step."""

    loss: Tensor
    support_losses: Tensor
    query_loss: Tensor


def step_weights(steps: int, progress: float) -> list[float]:
    """Weights of the query losses after each of K inner steps: equal at `progress` 0, all on the last step at 1."""
    progress = min(max(progress, 0.0), 1.0)
    return [(1 - progress) / steps + progress * (step == steps - 1) for step in range(steps)]


def task_loss(
    task: Task,
    parameters: Parameters,
    learning_rates: LearningRates,
    loop: InnerLoop,
    weights: Sequence[float] | None = None,
) -> TaskLoss:
    """The outer loss of one task.

    The inner loop runs in float32 whatever autocast says; the query loss follows autocast.

    Args:
        task, parameters, learning_rates, loop: the task, the start of the inner loop, and how it runs.
        weights (sequence of `float` [K], *optional*): of the query losses after each step; without them the last one counts.
    """
    if weights is not None and len(weights) != loop.steps:
        raise ValueError(f"{len(weights)} weights of query losses for {loop.steps} inner steps")
    support = _in_float32(task.support)
    if loop.method == "reptile":
        return _reptile_loss(task, support, parameters, learning_rates, loop)
    weights = weights or [0.0] * (loop.steps - 1) + [1.0]
    several = sum(weight > 0 for weight in weights) > 1  # a single one is let go before any inner step is recomputed
    query = partial(recompute, task.query, use_reentrant=False) if loop.checkpoint and several else task.query
    first_order = loop.method == "fomaml"
    adapted, total, support_losses, last = parameters, 0.0, [], None
    steps = unroll(support, parameters, learning_rates, loop.steps, first_order, loop.checkpoint)
    for weight, (adapted, loss) in zip(weights, steps, strict=False):
        support_losses.append(loss)
        if weight:
            last = query(adapted)
            total = total + weight * last
    if loop.steps == 0:
        total = last = query(parameters)
    elif not weights[-1]:
        with torch.no_grad():
            last = task.query(adapted)
    return TaskLoss(total, _stack(support_losses, last), last.detach())


def _reptile_loss(
    task: Task, support: LossFunction, parameters: Parameters, learning_rates: LearningRates, loop: InnerLoop
) -> TaskLoss:
    """A linear function of the start whose gradient is start - end, the direction of Reptile."""
    with torch.no_grad():
        steps = list(unroll(support, parameters, learning_rates, loop.steps, first_order=True))
        adapted = steps[-1][0]
        query_loss = task.query(adapted)
    total = sum(((value * (value - adapted[name]).detach()).sum() for name, value in parameters.items()), 0.0)
    return TaskLoss(total, _stack([loss for _, loss in steps], query_loss), query_loss)


def meta_step(
    tasks: Iterable[Task],
    parameters: Parameters,
    learning_rates: LearningRates,
    loop: InnerLoop,
    optimizer: torch.optim.Optimizer,
    accelerator: Accelerator,
    num_tasks: int,
    weights: Sequence[float] | None = None,
    clip_norm: float | None = None,
) -> dict[str, Tensor]:
    """One step of the outer loop; the tasks are made and let go one by one.

    Args:
        tasks (iterable of `Task`): those of this process.
        parameters (`dict[str, nn.Parameter]`): the start of the inner loop, to be trained; the same on all processes.
        learning_rates, loop, weights: see `task_loss`.
        optimizer: of the parameters and, if they are learned, of the learning rates; not wrapped by Accelerate.
        num_tasks (`int`): tasks of the meta-batch over all processes.
        clip_norm (`float`, *optional*): the norm of the averaged gradient is clipped here.

    Returns:
        `dict[str, Tensor]`: means over the tasks of all processes: `query`, `support_first` and `support_last` (before the
        first and the last inner step), and `gradient_norm`.

    Raises:
        FloatingPointError: if the gradient is not finite.
    """
    trained = [value for group in optimizer.param_groups for value in group["params"]]
    optimizer.zero_grad()
    sums = torch.zeros(3, device=accelerator.device)
    for task in tasks:
        with accelerator.autocast():
            result = task_loss(task, parameters, learning_rates, loop, weights)
        accelerator.backward(result.loss / num_tasks)
        losses = result.support_losses
        sums += torch.stack([result.query_loss.float(), losses[0].float(), losses[-1].float()]).to(sums)
    _sum_over_processes(trained, sums, accelerator)
    gradients = [value.grad for value in trained]
    norm = torch.nn.utils.get_total_norm(gradients)
    if not torch.isfinite(norm):
        raise FloatingPointError(
            "the meta-gradient is not finite: lower the inner learning rates, take fewer inner steps, or use "
            "mixed_precision: no"
        )
    if clip_norm is not None:
        torch.nn.utils.clip_grads_with_norm_(trained, clip_norm, norm)
    optimizer.step()
    names = ("query", "support_first", "support_last")
    return dict(zip(names, sums / num_tasks, strict=True)) | {"gradient_norm": norm.detach()}


def _sum_over_processes(trained: list[Tensor], sums: Tensor, accelerator: Accelerator) -> None:
    """Give every process the sum of all gradients (in one transfer) and of `sums`."""
    for value in trained:
        if value.grad is None:
            value.grad = torch.zeros_like(value)
    if accelerator.num_processes == 1:
        return
    flat = torch.cat([value.grad.flatten() for value in trained] + [sums])
    flat = accelerator.reduce(flat, reduction="sum")
    pieces = flat.split([value.numel() for value in trained] + [len(sums)])
    for value, piece in zip(trained, pieces, strict=False):
        value.grad.copy_(piece.view_as(value))
    sums.copy_(pieces[-1])


def _in_float32(support: LossFunction) -> LossFunction:
    def loss_function(parameters: Parameters, step: int) -> Tensor:
        device = next(iter(parameters.values())).device
        with torch.autocast(device.type, enabled=False):
            return support(parameters, step)

    return loss_function


def _stack(losses: list[Tensor], instead: Tensor) -> Tensor:
    return torch.stack(losses) if losses else instead.detach()[None]
