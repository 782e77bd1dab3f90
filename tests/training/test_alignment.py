"""Alignment search against an enumeration of every monotonic path, and its noise schedule."""

from itertools import combinations

import pytest
import torch

from valetts_hf.training.alignment import (
    annealed_noise_scale,
    gaussian_log_likelihood,
    monotonic_alignment_search,
)


def brute_force(log_likelihood):
    """Best durations of one [T, F] matrix by trying every composition of F into T positive parts."""
    tokens, frames = log_likelihood.shape
    best, best_score = None, -float("inf")
    for cuts in combinations(range(1, frames), tokens - 1):
        edges = (0, *cuts, frames)
        score = sum(log_likelihood[t, edges[t] : edges[t + 1]].double().sum().item() for t in range(tokens))
        if score > best_score:
            best, best_score = [edges[t + 1] - edges[t] for t in range(tokens)], score
    return best


def lengths_to_mask(lengths, size):
    return torch.arange(size)[None] < torch.tensor(lengths)[:, None]


def test_search_equals_brute_force_in_a_ragged_batch():
    generator = torch.Generator().manual_seed(0)
    token_lengths = [1, 2, 3, 4, 5, 5, 4, 1]
    frame_lengths = [9, 9, 8, 4, 9, 5, 7, 1]
    for scale in (1.0, 300.0):
        likelihood = torch.randn(8, 5, 9, generator=generator) * scale - 2000.0
        durations = monotonic_alignment_search(
            likelihood, lengths_to_mask(token_lengths, 5), lengths_to_mask(frame_lengths, 9)
        )
        assert durations.dtype == torch.long
        for row, (tokens, frames) in enumerate(zip(token_lengths, frame_lengths)):
            expected = brute_force(likelihood[row, :tokens, :frames]) + [0] * (5 - tokens)
            assert durations[row].tolist() == expected


def test_padding_never_matters():
    generator = torch.Generator().manual_seed(1)
    likelihood = torch.randn(2, 4, 10, generator=generator)
    token_mask, frame_mask = lengths_to_mask([3, 4], 4), lengths_to_mask([8, 10], 10)
    valid = token_mask[:, :, None] & frame_mask[:, None, :]
    expected = monotonic_alignment_search(likelihood, token_mask, frame_mask)
    for rubbish in (float("nan"), float("inf"), -float("inf"), 1e30):
        dirty = likelihood.masked_fill(~valid, rubbish)
        assert torch.equal(monotonic_alignment_search(dirty, token_mask.long(), frame_mask.float()), expected)


def test_long_utterance_keeps_float32_exact():
    # A clear staircase far from zero: a naive cumulative sum in float32 would lose the differences.
    tokens, frames = 50, 1000
    owner = torch.arange(frames) // 20
    likelihood = torch.full((1, tokens, frames), -1e5)
    likelihood[0, owner, torch.arange(frames)] += 0.5
    durations = monotonic_alignment_search(likelihood, torch.ones(1, tokens), torch.ones(1, frames))
    assert durations[0].tolist() == [20] * tokens


def test_noise_is_seeded_scaled_by_the_deviation_and_off_by_default():
    likelihood = torch.randn(2, 6, 40, generator=torch.Generator().manual_seed(2)) * 50
    masks = torch.ones(2, 6), torch.ones(2, 40)
    clean = monotonic_alignment_search(likelihood, *masks)
    assert torch.equal(clean, monotonic_alignment_search(likelihood, *masks))

    def noisy(values, scale, seed):
        return monotonic_alignment_search(values, *masks, scale, torch.Generator().manual_seed(seed))

    assert torch.equal(noisy(likelihood, 1.0, 3), noisy(likelihood, 1.0, 3))
    assert not torch.equal(noisy(likelihood, 1.0, 3), clean)
    assert torch.equal(noisy(likelihood, 1e-6, 3), clean)
    # The noise follows the scale of the likelihoods, so the answer does not depend on their unit.
    assert torch.equal(noisy(likelihood, 0.5, 4), noisy(likelihood * 1024.0, 0.5, 4))
    durations = noisy(likelihood, 5.0, 5)
    assert durations.min() >= 1 and durations.sum(1).tolist() == [40, 40]


def test_impossible_rows_and_shapes_are_refused():
    with pytest.raises(ValueError, match=r"row 1 has more tokens \(4\) than frames \(3\)"):
        monotonic_alignment_search(torch.zeros(2, 4, 5), torch.ones(2, 4), lengths_to_mask([5, 3], 5))
    with pytest.raises(ValueError, match="row 0 has 0 tokens"):
        monotonic_alignment_search(torch.zeros(1, 2, 3), torch.zeros(1, 2), torch.ones(1, 3))
    with pytest.raises(ValueError, match="masks must be"):
        monotonic_alignment_search(torch.zeros(1, 2, 3), torch.ones(1, 3), torch.ones(1, 2))
    with pytest.raises(ValueError, match=r"\[B, T, F\]"):
        monotonic_alignment_search(torch.zeros(2, 3), torch.ones(1, 2), torch.ones(1, 3))


def test_unchecked_search_gives_the_same_and_trusts_its_caller():
    likelihood = torch.randn(2, 4, 10, generator=torch.Generator().manual_seed(7))
    masks = lengths_to_mask([3, 4], 4), lengths_to_mask([8, 10], 10)
    expected = monotonic_alignment_search(likelihood, *masks)
    assert torch.equal(monotonic_alignment_search(likelihood, *masks, check_lengths=False), expected)


def test_likelihood_equals_torch_distributions():
    generator = torch.Generator().manual_seed(6)
    latents = torch.randn(2, 7, 5, generator=generator)
    mean = torch.randn(2, 3, 5, generator=generator)
    log_scale = torch.randn(2, 3, 5, generator=generator) * 0.5
    expected = torch.distributions.Normal(mean[:, :, None], log_scale.exp()[:, :, None]).log_prob(latents[:, None])
    torch.testing.assert_close(gaussian_log_likelihood(latents, mean, log_scale), expected.sum(-1))
    with torch.autocast("cpu", torch.bfloat16):
        assert gaussian_log_likelihood(latents, mean, log_scale).dtype == torch.float32
    with pytest.raises(ValueError, match="same B and C"):
        gaussian_log_likelihood(latents, mean[:, :, :4], log_scale[:, :, :4])


def test_noise_scale_anneals_to_zero():
    assert annealed_noise_scale(0) == 0.01
    assert annealed_noise_scale(2500) == pytest.approx(0.005)
    assert annealed_noise_scale(5000) == pytest.approx(0.0, abs=1e-12)
    assert annealed_noise_scale(10**6) == 0.0
    with pytest.raises(ValueError, match="`step` must be >= 0, got -1"):
        annealed_noise_scale(-1)
