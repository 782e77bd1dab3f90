"""The inner loop of MAML as pure functions: gradient steps on a dictionary of parameters that can be differentiated.

MAML: Finn et al., arXiv 1703.03400, section 2.2. The parameters of a task are values, never written into a module: the loss
function puts them in place (`torch.func.functional_call`). Gradient steps either stay in the graph (second order) or count
as constants (first order, section 5.2 of the paper). Parameters without a learning rate are not adapted, which is ANIL
(Raghu et al., arXiv 1909.09157) when the learning rates cover only a head.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor


Parameters = dict[str, Tensor]
LossFunction = Callable[[Parameters, int], Tensor]
LearningRates = Callable[[int], Mapping[str, Tensor]]


def inner_step(
    loss_function: LossFunction,
    parameters: Parameters,
    learning_rates: Mapping[str, Tensor],
    step: int = 0,
    first_order: bool = False,
) -> tuple[Parameters, Tensor]:
    """One step of gradient descent, `parameters - learning_rates * gradient`.

    Args:
        loss_function: (parameters, step) -> scalar. What it depends on otherwise gets no gradient from a checkpointed
            step, and it must give the same value when it is called again (draw noise from a seed).
        parameters (`dict[str, Tensor]`): all that the loss function takes.
        learning_rates (mapping): of the adapted parameters by name, each a tensor that broadcasts against its parameter.
        step (`int`): passed on to the loss function.
        first_order (`bool`): treat the gradient as a constant.

    Returns:
        The new parameters, and the loss before the step (detached).
    """
    if unknown := set(learning_rates) - set(parameters):
        raise ValueError(f"learning rates for {sorted(unknown)}, which are not among the parameters")
    inputs = dict(parameters)
    for name in learning_rates:
        if first_order or not parameters[name].requires_grad:
            inputs[name] = parameters[name].detach().requires_grad_()
    if first_order:
        inputs = {name: value if name in learning_rates else value.detach() for name, value in inputs.items()}
    adapted = [inputs[name] for name in learning_rates]
    with torch.enable_grad():
        loss = loss_function(inputs, step)
        gradients = torch.autograd.grad(loss, adapted, create_graph=not first_order, allow_unused=True)
    updated = dict(parameters)
    for (name, rate), gradient in zip(learning_rates.items(), gradients, strict=True):
        if gradient is not None:  # a parameter that this task's loss does not use stays as it is
            updated[name] = parameters[name] - rate * gradient
    return updated, loss.detach()


def unroll(
    loss_function: LossFunction,
    parameters: Parameters,
    learning_rates: LearningRates,
    steps: int,
    first_order: bool = False,
    checkpoint: bool = False,
) -> Iterator[tuple[Parameters, Tensor]]:
    """Take `steps` inner steps; yields parameters and the loss before the step, after each.

    Args:
        loss_function, parameters, first_order: as in `inner_step`.
        learning_rates: inner step -> learning rates of that step.
        checkpoint (`bool`): keep only the parameters of each step and compute its graph again in the backward pass. The
            gradients are the same; every support loss is evaluated twice.
    """
    for step in range(steps):
        rates = learning_rates(step)
        if checkpoint and not first_order:  # a first-order step keeps no graph of the loss in the first place
            parameters, loss = _checkpointed_step(loss_function, parameters, rates, step)
        else:
            parameters, loss = inner_step(loss_function, parameters, rates, step, first_order)
        yield parameters, loss


@torch.no_grad()
def adapt(
    loss_function: LossFunction, parameters: Parameters, learning_rates: LearningRates, steps: int
) -> Iterator[tuple[Parameters, Tensor]]:
    """`unroll` for use instead of meta-training: no graph reaches from one step to the next."""
    yield from unroll(loss_function, parameters, learning_rates, steps, first_order=True)


def _checkpointed_step(
    loss_function: LossFunction, parameters: Parameters, learning_rates: Mapping[str, Tensor], step: int
) -> tuple[Parameters, Tensor]:
    names, adapted = list(parameters), list(learning_rates)

    def run(tensors: tuple[Tensor, ...], first_order: bool) -> tuple[list[Tensor], Tensor]:
        values = dict(zip(names, tensors[: len(names)], strict=True))
        rates = dict(zip(adapted, tensors[len(names) :], strict=True))
        updated, loss = inner_step(loss_function, values, rates, step, first_order)
        return [updated[name] for name in adapted], loss

    *updated, loss = _Recomputed.apply(run, *parameters.values(), *learning_rates.values())
    return {**parameters, **dict(zip(adapted, updated, strict=True))}, loss


class _Recomputed(torch.autograd.Function):
    """An inner step that keeps its inputs only.

    `torch.utils.checkpoint` gives the same gradients, but recomputes a step in the forward pass as well, as soon as the
    inner gradient asks for the tensors that it hides.
    """

    @staticmethod
    def forward(ctx, run, *tensors):
        ctx.run = run
        ctx.save_for_backward(*tensors)
        updated, loss = run(tuple(tensor.detach() for tensor in tensors), True)
        ctx.mark_non_differentiable(loss)
        return (*(value.detach() for value in updated), loss)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients):
        needed = ctx.needs_input_grad[1:]
        tensors = tuple(
            tensor.detach().requires_grad_(need) for tensor, need in zip(ctx.saved_tensors, needed, strict=True)
        )
        with torch.enable_grad():
            updated, _ = ctx.run(tensors, False)
        wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
        pairs = [(value, slope) for value, slope in zip(updated, gradients, strict=False) if value.requires_grad]
        found = iter(
            torch.autograd.grad(
                [value for value, _ in pairs], wanted, [slope for _, slope in pairs], allow_unused=True
            )
        )
        return (None, *(next(found) if need else None for need in needed))
