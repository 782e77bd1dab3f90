"""Losses against closed forms, torch.distributions and rows computed one by one."""

import math

import pytest
import torch
from torch.nn import functional

from valetts_hf.training import losses


def random(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


MASK = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])


def test_masked_losses_ignore_padding_even_if_infinite():
    predicted, target = random(0, 2, 4), random(1, 2, 4)
    difference = torch.cat(((predicted - target)[0, :3], (predicted - target)[1]))
    dirty = predicted.masked_fill(MASK == 0, float("inf")).requires_grad_()
    torch.testing.assert_close(losses.masked_l1_loss(dirty, target, MASK), difference.abs().mean())
    loss = losses.masked_l2_loss(dirty, target, MASK)
    torch.testing.assert_close(loss, difference.square().mean())
    loss.backward()
    assert dirty.grad[0, 3] == 0
    channels = torch.stack((predicted, predicted), -1), torch.stack((target, target), -1)
    torch.testing.assert_close(losses.masked_l1_loss(*channels, MASK), difference.abs().mean())
    assert losses.masked_l1_loss(predicted, target, MASK * 0) == 0
    with pytest.raises(ValueError, match="must match the first two sizes"):
        losses.masked_mean(predicted, MASK[:, :3])


def test_least_squares_losses():
    real, fake = [torch.tensor([1.0, 0.0]), torch.tensor([3.0])], [torch.tensor([0.0, 2.0]), torch.tensor([1.0])]
    assert losses.discriminator_loss(real, fake).item() == pytest.approx((0.5 + 2.0) + (4.0 + 1.0))
    assert losses.generator_loss(fake).item() == pytest.approx(1.0 + 0.0)
    assert losses.discriminator_loss([torch.ones(4)], [torch.zeros(9)]) == 0
    assert losses.generator_loss([torch.ones(2, dtype=torch.bfloat16)]).dtype == torch.float32
    with pytest.raises(ValueError, match="scores must pair up, got 1 and 2"):
        losses.discriminator_loss(real[:1], fake)


def test_feature_matching_sums_means_and_spares_the_real_side():
    real = [[random(2, 2, 3).requires_grad_(), random(3, 2, 5)], [random(4, 2, 2)]]
    fake = [[random(5, 2, 3).requires_grad_(), random(6, 2, 5)], [random(7, 2, 2)]]
    loss = losses.feature_matching_loss(real, fake)
    expected = sum((a - b).abs().mean() for x, y in zip(real, fake) for a, b in zip(x, y))
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert real[0][0].grad is None and fake[0][0].grad is not None
    with pytest.raises(ValueError, match="layers must pair up"):
        losses.feature_matching_loss(real, [fake[0][:1], fake[1]])


def test_kl_estimates_the_true_divergence():
    # Averaged over many posterior samples, the VITS estimate is the closed-form KL, with an identity flow.
    mean_q, scale_q, mean_p, scale_p = 0.3, -0.5, -0.2, 0.4
    shape = (8, 5000, 2)
    samples = mean_q + math.exp(scale_q) * random(8, *shape)
    full = [torch.full(shape, value) for value in (scale_q, mean_p, scale_p)]
    loss = losses.kl_loss(samples, *full, torch.ones(shape[:2]))
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(torch.tensor(mean_q), torch.tensor(scale_q).exp()),
        normal(torch.tensor(mean_p), torch.tensor(scale_p).exp()),
    )
    assert loss.item() == pytest.approx(2 * expected.item(), rel=0.02)  # summed over two channels


def test_kl_masks_frames_and_equals_the_formula_of_vits():
    z, logs_q, m, logs_p = (random(seed, 2, 4, 3) for seed in (9, 10, 11, 12))
    mask = MASK[:, :, None].float()
    kl = logs_p - logs_q - 0.5 + 0.5 * (z - m) ** 2 * torch.exp(-2.0 * logs_p)
    expected = (kl * mask).sum() / mask.sum()
    torch.testing.assert_close(losses.kl_loss(z, logs_q, m, logs_p, MASK), expected)


def test_pitch_loss_counts_voiced_frames_only():
    pitch = torch.tensor([[5.0, 0.0, 5.2, 5.9], [0.0, 0.0, 4.8, 4.9]])
    predicted, logits = random(13, 2, 4) + 5.0, random(14, 2, 4)
    value, decision = losses.pitch_loss(predicted, logits, pitch, MASK)
    voiced = (pitch > 0) & (MASK > 0)
    torch.testing.assert_close(value, (predicted - pitch)[voiced].abs().mean())
    real = MASK > 0
    expected = functional.binary_cross_entropy_with_logits(logits[real], (pitch > 0).float()[real])
    torch.testing.assert_close(decision, expected)
    value, decision = losses.pitch_loss(predicted, logits, pitch * 0, MASK)  # a whispered batch
    assert value == 0 and torch.isfinite(decision)


def test_energy_and_duration_losses():
    assert losses.energy_loss(torch.full((2, 4), 1.5), torch.ones(2, 4), MASK).item() == pytest.approx(0.5)
    durations = torch.tensor([[1, 2, 4, 0], [8, 1, 1, 2]])
    log_durations = losses.log_durations(durations)
    assert log_durations[0].tolist() == pytest.approx([0.0, math.log(2), math.log(4), 0.0])
    assert losses.duration_loss(log_durations, durations, MASK) == 0
    assert losses.duration_loss(log_durations + 0.5, durations, MASK).item() == pytest.approx(0.25)


def test_duration_gan_losses_mask_tokens():
    real, fake = random(15, 2, 4), random(16, 2, 4)
    valid = MASK > 0
    expected = (1 - real[valid]).square().mean() + fake[valid].square().mean()
    torch.testing.assert_close(losses.duration_discriminator_loss(real, fake, MASK), expected)
    torch.testing.assert_close(losses.duration_generator_loss(fake, MASK), (1 - fake[valid]).square().mean())
