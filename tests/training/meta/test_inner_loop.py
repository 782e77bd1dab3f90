"""The inner loop is differentiated exactly: finite differences in float64, through LoRA on linear and weight-normed layers."""

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn
from torch.func import functional_call

from valetts_hf.training.meta.inner_loop import adapt, inner_step, unroll
from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.training.meta.outer import InnerLoop, Task, step_weights, task_loss


class TinyNetwork(nn.Module):
    """Signals [B, N] to [B]: a weight-normed convolution and a linear layer, both with adapters, and a free vector."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.utils.parametrizations.weight_norm(nn.Conv1d(1, 3, 3, padding=1))
        self.linear = nn.Linear(3, 4)
        self.output = nn.Linear(4, 1)
        self.style = nn.Parameter(torch.zeros(4))

    def forward(self, signals):
        states = torch.tanh(self.convolution(signals[:, None])).mean(dim=2)
        return self.output(torch.tanh(self.linear(states) + self.style))[:, 0]


@pytest.fixture
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = inject_adapter_in_model(
            LoraConfig(r=2, lora_alpha=2, target_modules=["convolution", "linear"]), TinyNetwork()
        ).double()
        network.style.requires_grad_()
        for name, parameter in network.named_parameters():
            if "lora_B" in name:
                parameter.data.normal_(std=0.3)
    return network


@pytest.fixture
def task(network):
    random = torch.Generator().manual_seed(1)
    support = torch.randn(5, 8, generator=random, dtype=torch.float64)
    query = torch.randn(5, 8, generator=random, dtype=torch.float64)

    def loss(parameters, signals):
        target = torch.sin(3 * signals.sum(dim=1))
        return (functional_call(network, parameters, (signals,)) - target).square().mean()

    return Task(lambda parameters, step: loss(parameters, support.roll(step, 1)), lambda p: loss(p, query))


def trained(network):
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


HEAD = ("style",)


def outer_value(vector, network, task, loop, rates, weights):
    """The outer loss as a function of all meta-parameters and logarithms of learning rates in one vector."""
    start = trained(network)
    sizes = [value.numel() for value in start.values()]
    *pieces, logarithms = vector.split([*sizes, rates.log_rates.numel()])
    parameters = {name: piece.view_as(value) for (name, value), piece in zip(start.items(), pieces, strict=True)}
    table = logarithms.view_as(rates.log_rates).exp()

    def learning_rates(step):
        return dict(zip(rates.names, table[min(step, len(table) - 1)].unbind(), strict=True))

    return task_loss(task, parameters, learning_rates, loop, weights).loss


@pytest.mark.parametrize("checkpoint", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize("method", ["maml", "anil"])
@pytest.mark.parametrize("progress", [0.5, 1.0])
def test_second_order_gradients_equal_finite_differences(network, task, method, checkpoint, progress):
    names = HEAD if method == "anil" else list(trained(network))
    rates = InnerLearningRates(names, 0.5, steps=3).double()
    loop, weights = InnerLoop(method, steps=3, checkpoint=checkpoint), step_weights(3, progress)
    start = torch.cat([value.detach().flatten() for value in (*trained(network).values(), rates.log_rates)])
    start.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda vector: outer_value(vector, network, task, loop, rates, weights), start, eps=1e-6, atol=1e-8, rtol=1e-5
    )


def gradients(network, task, rates, loop, weights=None):
    start = trained(network)
    loss = task_loss(task, start, rates, loop, weights).loss
    return torch.autograd.grad(loss, [*start.values(), rates.log_rates], allow_unused=True)


def test_first_order_gradients_are_those_at_the_end_and_exact_for_learning_rates(network, task):
    """Section 5.2 of the paper: the query's gradient at the adapted parameters, wherever it was reached from."""
    rates = InnerLearningRates(list(trained(network)), 0.5).double()
    first = gradients(network, task, rates, InnerLoop("fomaml", steps=3))
    parameters = {name: value.detach() for name, value in trained(network).items()}
    *_, (reached, _) = adapt(task.support, parameters, rates, 3)
    end = {name: value.requires_grad_() for name, value in reached.items()}
    expected = torch.autograd.grad(task.query(end), list(end.values()))
    for got, want in zip(first, expected, strict=False):
        torch.testing.assert_close(got, want)
    second = gradients(network, task, rates, InnerLoop("maml", steps=3))
    assert not torch.allclose(first[0], second[0], rtol=1e-2)
    # with one step there is nothing behind the learning rates that first order would ignore
    one = [gradients(network, task, rates, InnerLoop(method, steps=1))[-1] for method in ("maml", "fomaml")]
    torch.testing.assert_close(*one)


def test_reptile_moves_towards_the_adapted_parameters(network, task):
    rates = InnerLearningRates(list(trained(network)), 0.5, learned=False).double()
    start = trained(network)
    result = task_loss(task, start, rates, InnerLoop("reptile", steps=3))
    found = torch.autograd.grad(result.loss, list(start.values()))
    *_, (end, _) = adapt(task.support, start, rates, 3)
    for gradient, name in zip(found, start, strict=True):
        torch.testing.assert_close(gradient, start[name].detach() - end[name])
    torch.testing.assert_close(result.query_loss, task.query(end).detach())


def test_no_inner_steps_is_joint_training(network, task):
    rates = InnerLearningRates(list(trained(network))).double()
    found = gradients(network, task, rates, InnerLoop("maml", steps=0))[:-1]
    expected = torch.autograd.grad(task.query(trained(network)), list(trained(network).values()))
    torch.testing.assert_close(found, expected)


def test_adaptation_lowers_the_loss_and_leaves_the_rest_alone(network, task):
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    rates = InnerLearningRates(HEAD, 0.2, learned=False).double()
    steps = list(adapt(lambda parameters, step: task.support(parameters, 0), trained(network), rates, 10))
    losses = [float(loss) for _, loss in steps]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    end, _ = steps[-1]
    assert not any(value.requires_grad for name, value in end.items() if name in HEAD)
    assert [name for name in end if not torch.equal(end[name], before[name])] == list(HEAD)
    assert all(torch.equal(value, before[name]) for name, value in network.named_parameters())


def test_parameters_that_the_loss_does_not_use_stay():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    for checkpoint in (False, True):
        ((updated, loss),) = unroll(
            lambda parameters, step: parameters["used"].square().sum(),
            {"used": used, "unused": unused},
            lambda step: {"used": torch.tensor(0.25), "unused": torch.tensor(0.25)},
            1,
            checkpoint=checkpoint,
        )
        assert float(loss) == 2.0
        assert updated["used"].tolist() == [0.5, 0.5] and updated["unused"].tolist() == [1.0, 1.0]
        gradient, nothing = torch.autograd.grad(updated["used"].sum(), [used, unused], allow_unused=True)
        assert gradient.tolist() == [0.5, 0.5] and (nothing is None or not nothing.any())


def test_recomputed_steps_evaluate_each_loss_twice_and_keep_no_graph(network, task):
    calls = []

    def support(parameters, step):
        calls.append(step)
        return task.support(parameters, step)

    rates = InnerLearningRates(list(trained(network)), 0.1).double()
    loss = task_loss(Task(support, task.query), trained(network), rates, InnerLoop("maml", 4, checkpoint=True)).loss
    assert calls == [0, 1, 2, 3]
    loss.backward()
    assert calls == [0, 1, 2, 3, 3, 2, 1, 0]


def test_step_weights_go_from_equal_to_the_last():
    assert step_weights(4, 0.0) == [0.25] * 4
    assert step_weights(4, 0.5) == [0.125, 0.125, 0.125, 0.625]
    assert step_weights(4, 2.0) == [0.0, 0.0, 0.0, 1.0]


def test_learning_rates_by_pattern_and_step():
    rates = InnerLearningRates(["style", "a.lora_A", "b.lora_B"], {"style": 0.5, "*": 0.01}, steps=2)
    assert list(rates(0)) == ["style", "a.lora_A", "b.lora_B"]
    torch.testing.assert_close(torch.stack([*rates(0).values()]).detach(), torch.tensor([0.5, 0.01, 0.01]))
    with torch.no_grad():
        rates.log_rates[1] += 1
    assert torch.equal(rates(7)["style"], rates(1)["style"])
    assert rates.table()["style"] == pytest.approx([0.5, 0.5 * 2.718281828])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InnerLearningRates([]), "no tensor to adapt"),
        (lambda: InnerLearningRates(["a"], steps=0), "steps must be at least 1, got 0"),
        (lambda: InnerLearningRates(["a"], 0.0), "must be greater than 0, got 0.0"),
        (lambda: InnerLearningRates(["a"], {"b*": 1.0}), "no inner learning rate for 'a': add a pattern"),
        (lambda: InnerLoop("mamal"), "method must be one of .*got 'mamal'"),
        (lambda: InnerLoop("fomaml", 0), "inner steps must be at least 1 .*got 0"),
        (lambda: inner_step(lambda p, s: p["a"], {"a": torch.ones(())}, {"b": 1.0}), r"learning rates for \['b'\]"),
        (lambda: task_loss(None, {}, None, InnerLoop("maml", 3), [1.0]), "1 weights of query losses for 3 inner"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_learned_rates_have_a_ceiling():
    rates = InnerLearningRates(["a", "b"], {"a": 0.05, "*": 0.01}, maximum=0.05)
    with torch.no_grad():
        rates.log_rates.add_(10.0)
    assert {name: pytest.approx(float(value.detach())) for name, value in rates(0).items()} == {"a": 0.05, "b": 0.05}
    assert rates.median() == pytest.approx(0.05) and rates.table() == {
        "a": pytest.approx([0.05]),
        "b": pytest.approx([0.05]),
    }
    with pytest.raises(ValueError, match="at most the maximum of 0.05, got 0.1"):
        InnerLearningRates(["a"], 0.1, maximum=0.05)
