"""Losses of the sketch networks, and the sketches that are drawn for them over recorded contours.

The predictor learns the mean contour (Huber loss), the refiner the distribution around it (EDM, arXiv 2206.00364, section 5),
both from one set of conditions. Curves are left out at random so that every way of drawing is known, and none at all for
classifier-free guidance (arXiv 2207.12598). B batch, T tokens, F frames.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from valetts_hf.modeling.lengths import expand_tokens
from valetts_hf.modeling.sketch_control import SketchControl
from valetts_hf.modeling.sketch_curves import coarse_curve, curve_over_frames, curve_range, fill_gaps
from valetts_hf.modeling.sketch_predictor import NUM_CURVES, SketchConditions, to_patches
from valetts_hf.training.sketch.contours import ContourBatch, ContourSet
from valetts_hf.training.sketch.settings import SketchSettings


_HUBER = 3.0  # in typical corrections: octave errors of the pitch tracker are not worth more
_UNVOICED = 0.05  # weight of the continued pitch between voiced stretches: nobody hears it
_RANGE_WEIGHT = 0.1


def measure_scales(contours: ContourSet, clips: int = 400) -> tuple[float, float]:
    """Standard deviations of recorded log-F0 (voiced frames) and log energy from what the base predicts, without outliers."""
    numbers = np.linspace(0, len(contours) - 1, min(clips, len(contours))).astype(int)
    batches = [contours.batch([number]) for number in numbers]
    scales = []
    for curve, least in enumerate((0.02, 0.1)):
        errors = torch.cat([(one.target - one.base)[..., curve][one.mask if curve else one.voiced] for one in batches])
        low, high = torch.quantile(errors, torch.tensor([0.01, 0.99])).tolist()
        scales.append(max(float(errors.clamp(low, high).std()), least))
    return scales[0], scales[1]


def draw_sketches(
    batch: ContourBatch, settings: SketchSettings, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Sketches of recorded contours, as somebody might have drawn them.

    Returns:
        Over frames the curves [B, F, 2] in physical units and where they are drawn, bool [B, F, 2]; the true ranges
        [B, 2, 2] of the coarse curves.
    """
    rows, num_tokens = batch.durations.shape

    def chance(probability: float, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=random) < probability

    whole = ~chance(settings.drop_curve, rows, 1, NUM_CURVES) & ~chance(settings.drop_sketch, rows, 1, 1)
    position = torch.arange(num_tokens)[None]
    lengths = batch.token_mask.sum(dim=1, keepdim=True)
    ends = torch.sort(torch.rand(rows, 2, generator=random), dim=1).values * lengths
    stretch = (position >= ends[:, :1]) & (position <= ends[:, 1:]) | ~chance(settings.partial, rows, 1)
    drawn = whole & (stretch & batch.token_mask)[..., None]
    # points of a hand-drawn line: every fourth token on average, straight between them
    points = chance(0.25, rows, num_tokens) | ~chance(settings.rough, rows, 1)
    curves, ranges = [], []
    for curve in range(NUM_CURVES):
        coarse, known = coarse_curve(batch.target[..., curve], batch.voiced, batch.index, num_tokens)
        ranges.append(curve_range(coarse, known))
        own = points & drawn[..., curve]
        own |= drawn[..., curve] & ~own.any(dim=1, keepdim=True)
        curves.append(curve_over_frames(fill_gaps(coarse, own)[0], batch.durations, batch.index))
    over_frames = expand_tokens(drawn.float(), batch.index).bool() & batch.mask[..., None]
    return torch.stack(curves, dim=-1), over_frames, torch.stack(ranges, dim=1)


def sketch_losses(
    control: SketchControl, batch: ContourBatch, settings: SketchSettings, random: torch.Generator
) -> dict[str, Tensor]:
    """Losses of one batch.

    Args:
        control ([`SketchControl`]): the networks.
        batch ([`ContourBatch`]), settings ([`SketchSettings`]).
        random (`torch.Generator`): draws sketches, noise levels and noise.

    Returns:
        `dict` of scalars: "predictor", "range", "refiner", their sum "loss", and "pitch_spread" and "energy_spread", the
        standard deviations of what the predictor leaves (to be compared with the configuration's `sigma_data`).
    """
    sketch, drawn, ranges = draw_sketches(batch, settings, random)
    conditions = SketchConditions(
        batch.frame_states, batch.style, batch.base, batch.base_voiced, sketch, drawn, batch.mask
    )
    predictor, refiner = control.predictor, control.refiner
    scales = batch.base.new_tensor(predictor.scales)
    mean, context = predictor(conditions)
    residual = (batch.target - mean) / scales
    weights = weights_of(batch)
    total = weights.sum()
    bounded = residual.detach().clamp(-8, 8)
    huber = nn.functional.huber_loss(residual, torch.zeros_like(residual), reduction="none", delta=_HUBER)
    losses = {"predictor": (huber * weights).sum() / total}
    squares = (bounded.square() * weights).sum(dim=(0, 1)) / weights.sum(dim=(0, 1))

    base_ranges = torch.stack(
        [
            curve_range(
                *coarse_curve(batch.base[..., curve], batch.base_voiced, batch.index, batch.durations.shape[1])
            )
            for curve in range(NUM_CURVES)
        ],
        dim=1,
    )
    some = batch.base_voiced.any(dim=1)[:, None, None]  # without a voiced frame there is no range to start from
    error = (predictor.ranges(batch.style, base_ranges) - ranges) / scales[:, None]
    losses["range"] = (nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none") * some).mean()

    patch, data = predictor.sketch.patch_frames, predictor.sketch.sigma_data
    clean = to_patches(bounded * batch.mask[..., None], patch)
    weights = to_patches(weights, patch)
    keep = to_patches(batch.mask[..., None].float().expand(-1, -1, NUM_CURVES), patch)
    level = torch.randn(len(clean), generator=random) * settings.noise_std + settings.noise_mean
    sigma = level.exp().clamp(0.005, 2 * predictor.sketch.sigma_max)
    noise = torch.randn(clean.shape, generator=random) * keep
    denoised = refiner(
        clean + sigma[:, None, None] * noise,
        sigma,
        refiner.context(context.detach()),
        batch.style,
        keep.amax(dim=2, keepdim=True),
    )
    importance = ((sigma**2 + data**2) / (sigma * data) ** 2)[:, None, None]
    losses["refiner"] = ((denoised - clean).square() * weights * importance).sum() / total
    losses["loss"] = losses["predictor"] + _RANGE_WEIGHT * losses["range"] + losses["refiner"]
    losses["pitch_spread"], losses["energy_spread"] = squares.sqrt()
    return losses


def weights_of(batch: ContourBatch) -> Tensor:
    """Weight [B, F, 2] of each value: voiced pitch and all energies count fully, padding not at all."""
    pitch = torch.where(batch.voiced, 1.0, _UNVOICED)
    return torch.stack([pitch, torch.ones_like(pitch)], dim=-1) * batch.mask[..., None]
