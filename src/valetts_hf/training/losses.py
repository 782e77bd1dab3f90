"""Training losses of the joint model, as pure functions that return float32 scalars.

Least-squares GAN (Mao et al., arXiv:1611.04076) and feature matching as in HiFi-GAN (Kong et al., arXiv:2010.05646,
section 2.3); the KL term of VITS (Kim et al., arXiv:2106.06103, equations 3 and 4); the duration terms of VITS2 (Kong
et al., arXiv:2307.16430, section 2.1). Masked means run over the valid positions of the whole batch.

B batch, T tokens, F frames, C channels; a "score" or "feature map" list has one entry per sub-discriminator.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` holds; 0 if it holds nowhere.

    Args:
        values (`Tensor` [B, N] or [B, N, C]): What is averaged; with channels, the mean runs over them too.
        mask (`Tensor` [B, N]): True or 1 at valid positions.
    """
    if tuple(mask.shape) != tuple(values.shape[:2]):
        raise ValueError(f"mask {tuple(mask.shape)} must match the first two sizes of values {tuple(values.shape)}")
    mask = mask.bool()
    channels = 1
    if values.dim() == 3:
        channels, mask = values.shape[2], mask[:, :, None]
    # masked_fill, not a product: what stands in the padding may be infinite.
    total = values.float().masked_fill(~mask, 0.0).sum()
    return total / (mask.sum() * channels).clamp_min(1)


def masked_l1_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error over valid positions; shapes as in `masked_mean`."""
    return masked_mean(_valid_difference(predicted, target, mask).abs(), mask)


def masked_l2_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over valid positions; shapes as in `masked_mean`."""
    return masked_mean(_valid_difference(predicted, target, mask).square(), mask)


def discriminator_loss(real_scores: Sequence[Tensor], generated_scores: Sequence[Tensor]) -> Tensor:
    """Least-squares loss of the discriminators: real towards 1, generated towards 0; summed over the list."""
    _check_pairs("scores", real_scores, generated_scores)
    terms = [
        (1.0 - real.float()).square().mean() + generated.float().square().mean()
        for real, generated in zip(real_scores, generated_scores, strict=True)
    ]
    return torch.stack(terms).sum()


def generator_loss(generated_scores: Sequence[Tensor]) -> Tensor:
    """Least-squares loss of the generator: its scores towards 1; summed over the list."""
    return torch.stack([(1.0 - scores.float()).square().mean() for scores in generated_scores]).sum()


def feature_matching_loss(real_maps: Sequence[Sequence[Tensor]], generated_maps: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean absolute difference of every feature map, summed over layers and sub-discriminators.

    The real maps get no gradient. HiFi-GAN weighs this sum by 2.
    """
    _check_pairs("feature maps", real_maps, generated_maps)
    terms = []
    for real_layers, generated_layers in zip(real_maps, generated_maps, strict=True):
        _check_pairs("layers", real_layers, generated_layers)
        for real, generated in zip(real_layers, generated_layers, strict=True):
            terms.append(functional.l1_loss(generated.float(), real.detach().float()))
    return torch.stack(terms).sum()


def kl_loss(
    prior_latents: Tensor, posterior_log_scale: Tensor, prior_mean: Tensor, prior_log_scale: Tensor, mask: Tensor
) -> Tensor:
    """KL divergence from the posterior sample to the Gaussian prior, per frame, as in VITS.

    One posterior sample, mapped by a volume-preserving flow, stands for the expectation of the prior term; the entropy
    of the posterior is taken in closed form. A single estimate can therefore be slightly negative.

    Args:
        prior_latents (`Tensor` [B, F, C]): The posterior sample after the flow.
        posterior_log_scale (`Tensor` [B, F, C]): Log standard deviation of the posterior, before the flow.
        prior_mean (`Tensor` [B, F, C]): Mean of the prior, expanded to frames.
        prior_log_scale (`Tensor` [B, F, C]): Log standard deviation of the prior.
        mask (`Tensor` [B, F]): True or 1 for real frames.

    Returns:
        `Tensor` []: Nats per frame, summed over the channels.
    """
    prior_latents, posterior_log_scale = prior_latents.float(), posterior_log_scale.float()
    prior_mean, prior_log_scale = prior_mean.float(), prior_log_scale.float()
    divergence = prior_log_scale - posterior_log_scale - 0.5
    divergence = divergence + 0.5 * (prior_latents - prior_mean).square() * torch.exp(-2.0 * prior_log_scale)
    return masked_mean(divergence, mask) * prior_latents.shape[-1]


def pitch_loss(predicted_pitch: Tensor, voiced_logits: Tensor, pitch: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Error of the log-F0 on voiced frames, and of the voiced/unvoiced decision on all frames.

    Args:
        predicted_pitch (`Tensor` [B, F]): Predicted log-F0 (log of Hertz).
        voiced_logits (`Tensor` [B, F]): Predicted log-odds of the frame being voiced.
        pitch (`Tensor` [B, F]): Recorded log-F0, 0 where unvoiced.
        mask (`Tensor` [B, F]): True or 1 for real frames.

    Returns:
        `tuple[Tensor, Tensor]`: Mean absolute log-F0 error (0.0578 is one semitone), mean binary cross-entropy (nats).
    """
    voiced = pitch > 0
    decision = functional.binary_cross_entropy_with_logits(voiced_logits.float(), voiced.float(), reduction="none")
    return masked_l1_loss(predicted_pitch, pitch, voiced & mask.bool()), masked_mean(decision, mask)


def energy_loss(predicted_energy: Tensor, energy: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error of the energy [B, F] over real frames, in the unit of the energy."""
    return masked_l1_loss(predicted_energy, energy, mask)


def duration_loss(predicted_log_durations: Tensor, durations: Tensor, token_mask: Tensor) -> Tensor:
    """Mean squared error of the logarithm of the durations over real tokens.

    Args:
        predicted_log_durations (`Tensor` [B, T]): Predicted natural log of the frames per token.
        durations (`Tensor` [B, T]): Frames per token from the alignment, >= 1 at real tokens.
        token_mask (`Tensor` [B, T]): True or 1 for real tokens.
    """
    return masked_l2_loss(predicted_log_durations, log_durations(durations), token_mask)


def log_durations(durations: Tensor) -> Tensor:
    """Natural log of frames per token [B, T] as float32; padding (0 frames) becomes 0."""
    return durations.float().clamp_min(1.0).log()


def duration_discriminator_loss(real_scores: Tensor, predicted_scores: Tensor, token_mask: Tensor) -> Tensor:
    """Least-squares loss of the duration discriminator over real tokens; scores [B, T]."""
    return masked_mean((1.0 - real_scores.float()).square() + predicted_scores.float().square(), token_mask)


def duration_generator_loss(predicted_scores: Tensor, token_mask: Tensor) -> Tensor:
    """Least-squares adversarial loss of the duration predictor over real tokens; scores [B, T]."""
    return masked_mean((1.0 - predicted_scores.float()).square(), token_mask)


def _valid_difference(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Difference with the padding at 0 before any function of it: the slope at an infinite padding would be NaN."""
    padding = ~mask.bool()
    difference = predicted.float() - target.float()
    return difference.masked_fill(padding[:, :, None] if difference.dim() == 3 else padding, 0.0)


def _check_pairs(name: str, real: Sequence, generated: Sequence) -> None:
    if len(real) != len(generated) or not len(real):
        raise ValueError(f"real and generated {name} must pair up, got {len(real)} and {len(generated)}")
