"""From a drawn sketch to the pitch and energy that condition the prior.

A sketch is given over tokens in [0, 1], NaN where nothing is drawn. 0 and 1 stand for the lowest and highest point that the
coarse curve of this voice would reach in this sentence (DrawSpeech, arXiv 2501.04256), or for values given with it. Voicing
stays the base's. B batch, T tokens, F frames, C channels, H width of the style.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .lengths import expand_tokens
from .prosody_controls import voiced_mean
from .prosody_predictor import PITCH_LIMITS, ProsodyPrediction
from .random_noise import row_noise
from .sketch_curves import coarse_curve, curve_over_frames, curve_range, fill_gaps, follow_curve
from .sketch_loudness import DrawnLoudness
from .sketch_predictor import NUM_CURVES, SketchConditions, SketchPredictor, to_patches
from .sketch_refiner import SketchRefiner


REFINEMENTS = ("diffusion", "predictor", "shift")
_RELATIVE_PITCH = 3.0  # log-F0 below 20 Hz is no pitch but a distance from the sentence's mean
_LEAST_SPANS = (0.23, 0.7)  # 4 semitones, 6 dB: a drawing over a monotonous sentence should be heard as well
_LEAST_CORRELATION = 0.9  # of the pitch with what was drawn, frame by frame
_SEED_OFFSET = 0x5EED  # the contours draw from a stream of their own: a sketch leaves all other noise as it was


@dataclass
class TokenSketch:
    """A sketch over tokens.

    Args:
        curves (`torch.Tensor` [B, T, 2]): pitch and energy in [0, 1], NaN where not drawn.
        ranges (`torch.Tensor` [B, 2, 2]): values of (pitch, energy) at (0, 1), NaN for the model's own. Log-F0, or, below
            3, its distance from the sentence's mean; the log energy's distance from its mean.
    """

    curves: torch.Tensor
    ranges: torch.Tensor

    @classmethod
    def from_arguments(
        cls,
        shape: tuple[int, int],
        device: torch.device,
        pitch: torch.Tensor | None = None,
        energy: torch.Tensor | None = None,
        pitch_range: torch.Tensor | None = None,
        energy_range: torch.Tensor | None = None,
        refine: str | None = None,
    ) -> "TokenSketch | None":
        """The sketch of the arguments of `forward`, checked; None where there is none and nothing is to be refined.

        Raises:
            ValueError: a shape that does not fit, a value outside of [0, 1], an infinite one, or a range without curve.
        """
        if pitch is None and energy is None:
            if pitch_range is not None or energy_range is not None:
                raise ValueError(
                    "sketch_pitch_range and sketch_energy_range need the sketch_pitch or sketch_energy they are of"
                )
            return None if refine is None else cls.empty(shape, device)
        curves, ranges = [], []
        for name, curve, limits in (("pitch", pitch, pitch_range), ("energy", energy, energy_range)):
            nothing = torch.full(shape, float("nan"), device=device)
            curve = nothing if curve is None else curve.to(device, torch.float32)
            if curve.shape != shape:
                raise ValueError(
                    f"sketch_{name} must have one value per token, {tuple(shape)}, got {tuple(curve.shape)}"
                )
            if bool(((curve < 0) | (curve > 1)).any()):
                outside = curve[(curve < 0) | (curve > 1)][0]
                raise ValueError(
                    f"sketch_{name} must lie in [0, 1] (NaN: not drawn), got {float(outside):g}; name other values of "
                    f"0 and 1 by sketch_{name}_range"
                )
            limits = nothing[:, :1].expand(-1, 2) if limits is None else limits.to(device, torch.float32)
            if limits.shape != (shape[0], 2):
                raise ValueError(f"sketch_{name}_range must be [{shape[0]}, 2] (low, high), got {tuple(limits.shape)}")
            given = ~limits.isnan()
            if bool((given.any(dim=1) != given.all(dim=1)).any()) or bool((limits[:, 1] < limits[:, 0]).any()):
                raise ValueError(f"sketch_{name}_range must be low <= high, or NaN twice, got {limits.tolist()}")
            if bool(limits.isinf().any()):
                raise ValueError(f"sketch_{name}_range must be finite or NaN, got {limits.tolist()}")
            curves.append(curve)
            ranges.append(limits)
        return cls(torch.stack(curves, dim=-1), torch.stack(ranges, dim=1))

    @classmethod
    def empty(cls, shape: tuple[int, int], device: torch.device) -> "TokenSketch":
        """A sketch with nothing drawn."""
        nan = float("nan")
        curves = torch.full((*shape, NUM_CURVES), nan, device=device)
        return cls(curves, torch.full((shape[0], NUM_CURVES, 2), nan, device=device))


class SketchControl(nn.Module):
    """Predictor and refiner of drawn prosody, as a checkpoint holds them."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.predictor = SketchPredictor(config)
        self.refiner = SketchRefiner(config)

    def forward(self, conditions: SketchConditions, refine: str, generators: list[torch.Generator]) -> torch.Tensor:
        """Contours [B, F, 2] (log-F0 also where unvoiced, log energy), predicted or drawn from their distribution."""
        sketch = self.predictor.sketch
        if refine == "predictor":
            return self.predictor(conditions)[0]
        guided = sketch.guidance_scale != 1 and bool(conditions.drawn.any())
        both = conditions.followed_by(conditions.without_sketch()) if guided else conditions
        means, context = self.predictor(both)
        scales = means.new_tensor(self.predictor.scales)
        lengths = -(-conditions.mask.sum(dim=1) // sketch.patch_frames)
        num_patches = -(-conditions.mask.shape[1] // sketch.patch_frames)
        noise = row_noise(_own_generators(generators), lengths, num_patches, sketch.patch_frames * NUM_CURVES)
        keep = to_patches(conditions.mask[..., None].float().expand(-1, -1, NUM_CURVES), sketch.patch_frames)
        contour = self.refiner.sample(
            noise.to(means.device) * keep,
            means / scales,
            context,
            conditions.style,
            conditions.mask,
            sketch.guidance_scale,
            sketch.num_steps,
        )
        own = means[: len(contour)]
        temperature = means.new_tensor([sketch.pitch_temperature, sketch.energy_temperature])
        return own + (contour * scales - own) * temperature


@dataclass
class DrawnProsody:
    """Log-F0 [B, F] (0 = unvoiced), log energy [B, F] for the prior, and the loudness that was drawn.

    The prior follows its energy only in part, so the drawn course of the loudness becomes a gain on the waveform, and only
    the detail of the contour goes through the prior.
    """

    pitch: torch.Tensor
    energy: torch.Tensor
    loudness: DrawnLoudness


def drawn_prosody(
    control: SketchControl | None,
    sketch: TokenSketch,
    prediction: ProsodyPrediction,
    frame_states: torch.Tensor,
    style: torch.Tensor,
    durations: torch.Tensor,
    index: torch.Tensor,
    mask: torch.Tensor,
    generators: list[torch.Generator],
    refine: str | None = None,
) -> DrawnProsody:
    """Prosody that follows a sketch.

    Args:
        control ([`SketchControl`], *optional*): the trained networks; without them the base's own contour is moved.
        sketch ([`TokenSketch`]).
        prediction ([`ProsodyPrediction`]): of the base.
        frame_states (`torch.Tensor` [B, F, C]), style (`torch.Tensor` [B, H]), mask (`torch.Tensor` [B, F], bool).
        durations (`torch.Tensor` [B, T]), index (`torch.Tensor` [B, F]): how tokens lie over frames.
        generators: one per row, see `row_generators`; they are not advanced.
        refine (`str`, *optional*): "diffusion" draws a natural contour, "predictor" takes the mean of all, "shift" moves
            the base's own. Default: diffusion where pitch is drawn and the networks are there, else shift; a drawing of
            energy alone leaves the melody as it was.

    Raises:
        ValueError: an unknown refinement, or one that needs networks which the checkpoint lacks.
    """
    _check_refinement(control, refine)
    base = torch.stack([prediction.log_pitch, prediction.energy], dim=-1)
    voiced = (prediction.voicing_logit > 0) & mask
    drawn = ~sketch.curves.isnan()
    coarse = [coarse_curve(base[..., curve], voiced, index, drawn.shape[1]) for curve in range(NUM_CURVES)]
    wanted = _physical_curves(control, sketch, base, coarse, voiced, style)
    rows = torch.ones_like(mask[:, 0]) if refine is not None else drawn[..., 0].any(dim=1)
    if refine is None:
        refine = "shift" if control is None else "diffusion"
    contour = base
    if control is not None and refine != "shift" and bool(rows.any()):
        over_frames = [
            curve_over_frames(fill_gaps(wanted[..., curve], drawn[..., curve])[0], durations, index)
            for curve in range(NUM_CURVES)
        ]
        drawn_frames = expand_tokens(drawn.float(), index).bool() & mask[..., None]
        conditions = SketchConditions(
            frame_states, style, base, voiced, torch.stack(over_frames, dim=-1), drawn_frames, mask
        )
        contour = control(conditions, refine, generators)
    pitch = follow_curve(contour[..., 0], voiced, wanted[..., 0], drawn[..., 0], durations, index, _LEAST_CORRELATION)
    pitch = torch.where(voiced, pitch.clamp(*PITCH_LIMITS), torch.zeros_like(pitch))
    energy = follow_curve(contour[..., 1], voiced, coarse[1][0], drawn[..., 1], durations, index)
    course = wanted[..., 1] - voiced_mean(base[..., 1], voiced)
    return DrawnProsody(
        torch.where(rows[:, None], pitch, prediction.pitch),
        torch.where(rows[:, None], energy, prediction.energy),
        DrawnLoudness(course, drawn[..., 1], voiced, durations, index),
    )


def _physical_curves(control, sketch, base, coarse, voiced, style) -> torch.Tensor:
    """The sketch [B, T, 2] in the units of the contours (anything where not drawn)."""
    ranges = torch.stack([curve_range(*pair) for pair in coarse], dim=1)
    if control is not None:
        ranges = control.predictor.ranges(style, ranges)
    centre, span = ranges.mean(dim=2), ranges[..., 1] - ranges[..., 0]
    span = torch.maximum(span, span.new_tensor(_LEAST_SPANS))
    own = torch.stack([centre - span / 2, centre + span / 2], dim=2)
    counted = voiced[..., None].to(base.dtype)
    mean = (base * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1)
    relative = sketch.ranges[..., 1:] < base.new_tensor([_RELATIVE_PITCH, float("inf")])[:, None]
    given = sketch.ranges + torch.where(relative, mean[..., None], torch.zeros_like(mean[..., None]))
    low, high = torch.where(sketch.ranges.isnan(), own, given)[:, None].unbind(dim=3)
    return low + sketch.curves.nan_to_num(0.5) * (high - low)


def _own_generators(generators: list[torch.Generator]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(generator.initial_seed() ^ _SEED_OFFSET) for generator in generators]


def _check_refinement(control: SketchControl | None, refine: str | None) -> None:
    if refine is not None and refine not in REFINEMENTS:
        raise ValueError(f"refine must be one of {', '.join(REFINEMENTS)}, got {refine!r}")
    if control is None and refine in ("diffusion", "predictor"):
        raise ValueError(
            f"refine={refine!r} needs networks that this checkpoint does not have: train them with "
            "training_scripts/train_sketch.py, or use refine='shift'"
        )
