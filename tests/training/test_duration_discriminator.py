"""Duration discriminator: masks, detachment from the text encoder, and learning."""

import pytest
import torch

from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.losses import duration_discriminator_loss


def test_scores_do_not_depend_on_padding():
    torch.manual_seed(0)
    discriminator = DurationDiscriminator(8, channels=12).eval()
    hidden_states, log_durations = torch.randn(2, 6, 8), torch.rand(2, 6)
    mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    scores = discriminator(hidden_states, log_durations, mask)
    assert scores.shape == (2, 6) and torch.equal(scores[0, 4:], torch.zeros(2))
    alone = discriminator(hidden_states[:1, :4], log_durations[:1, :4], mask[:1, :4])
    torch.testing.assert_close(scores[:1, :4], alone)


def test_gradient_flows_to_durations_but_not_to_text():
    discriminator = DurationDiscriminator(8, channels=12)
    hidden_states = torch.randn(1, 5, 8, requires_grad=True)
    log_durations = torch.rand(1, 5, requires_grad=True)
    discriminator(hidden_states, log_durations, torch.ones(1, 5)).sum().backward()
    assert hidden_states.grad is None
    assert log_durations.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in discriminator.parameters())


def test_learns_durations_that_belong_to_the_text():
    torch.manual_seed(1)
    discriminator = DurationDiscriminator(4, channels=16, dropout=0.0)
    optimizer = torch.optim.AdamW(discriminator.parameters(), 1e-2)
    mask = torch.ones(16, 8)
    losses = []
    for _ in range(200):
        hidden_states = torch.randn(16, 8, 4)
        real = discriminator(hidden_states, hidden_states[:, :, 0], mask)
        fake = discriminator(hidden_states, torch.randn(16, 8), mask)  # right on average, wrong for the token
        loss = duration_discriminator_loss(real, fake, mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # 0.5 is what constant scores reach.
    assert sum(losses[-5:]) / 5 < 0.25


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`kernel_size` must be odd, got 4"):
        DurationDiscriminator(8, kernel_size=4)
    with pytest.raises(ValueError, match="must match hidden_states"):
        DurationDiscriminator(8)(torch.zeros(1, 5, 8), torch.zeros(1, 4), torch.ones(1, 5))
