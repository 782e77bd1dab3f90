"""Moving average against the recurrence written out, its swap and its state."""

import pytest
import torch
from torch import nn

from valetts_hf.training.ema import ExponentialMovingAverage


def module(value):
    layer = nn.BatchNorm1d(2)
    with torch.no_grad():
        layer.weight.fill_(value)
        layer.bias.fill_(-value)
        layer.running_mean.fill_(10 * value)
    return layer


def test_follows_the_recurrence():
    layer = module(1.0)
    average = ExponentialMovingAverage(layer, decay=0.75, warmup=False)
    expected = 1.0
    for value in (2.0, 5.0, -3.0):
        average.update(module(value))
        expected = 0.75 * expected + 0.25 * value
    average.copy_to(layer)
    assert layer.weight.tolist() == pytest.approx([expected] * 2)
    assert layer.bias.tolist() == pytest.approx([-expected] * 2)
    assert layer.running_mean.tolist() == pytest.approx([10 * expected] * 2)


def test_warmup_rises_to_the_decay():
    average = ExponentialMovingAverage(module(0.0), decay=0.5)
    decays = []
    for _ in range(12):
        decays.append(average.current_decay())
        average.update(module(0.0))
    assert decays[:3] == pytest.approx([0.1, 2 / 11, 3 / 12])
    assert decays == sorted(decays) and decays[-1] == 0.5


def test_average_is_float32_for_a_half_precision_module():
    layer = module(1.0).bfloat16()
    average = ExponentialMovingAverage(layer, decay=0.999, warmup=False)
    for _ in range(3):
        average.update(module(2.0).bfloat16())
    # In bfloat16 a step of 0.001 from 1 would be lost.
    assert average.average["weight"].tolist() == pytest.approx([2 - 0.999**3] * 2)
    average.copy_to(layer)
    assert layer.weight.dtype == torch.bfloat16


def test_swap_gives_the_average_and_then_everything_back():
    layer = module(3.0)
    average = ExponentialMovingAverage(module(1.0))
    with pytest.raises(RuntimeError, match="inside"), average.swap(layer) as swapped:
        assert swapped is layer and layer.weight.tolist() == [1.0, 1.0]
        raise RuntimeError("inside")
    assert layer.weight.tolist() == [3.0, 3.0] and layer.running_mean.tolist() == [30.0, 30.0]


def test_state_round_trip_continues_exactly():
    first = ExponentialMovingAverage(module(1.0), decay=0.9)
    first.update(module(2.0))
    second = ExponentialMovingAverage(module(7.0), decay=0.1)
    second.load_state_dict(first.state_dict())
    for average in (first, second):
        average.update(module(4.0))
    assert first.updates == second.updates == 2 and second.decay == 0.9
    assert all(torch.equal(first.average[name], second.average[name]) for name in first.average)


def test_foreign_modules_and_bad_decays_are_refused():
    average = ExponentialMovingAverage(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"unexpected \['running_mean', 'running_var'\]"):
        average.update(nn.BatchNorm1d(2))
    with pytest.raises(ValueError, match=r"'bias' has shape \(3,\), expected \(2,\)|'weight' has shape"):
        average.load_state_dict(ExponentialMovingAverage(nn.Linear(2, 3)).state_dict())
    with pytest.raises(ValueError, match=r"`decay` must be in \[0, 1\), got 1.0"):
        ExponentialMovingAverage(nn.Linear(2, 2), decay=1.0)
