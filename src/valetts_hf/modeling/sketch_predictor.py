"""Conditions of drawn prosody, and the deterministic predictor: hidden states, style and sketch to a mean contour.

After the sketch-to-contour predictor of DrawSpeech (arXiv 2501.04256, section 3.3), but over frames and as a correction of
the contour that the base predicts. It is the baseline of the diffusion refiner and gives it mean and context.
B batch, F frames, P = ceil(F / patch) patches, C channels of the hidden states, W width, H width of the style.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtBlock
from .normalization import StyleAdaptiveNorm
from .precision import computing_dtype


NUM_CURVES = 2  # pitch and energy, in this order wherever the last dimension is 2
_FRAME_FEATURES = 3 + 2 * NUM_CURVES


@dataclass
class SketchConditions:
    """What drawn prosody depends on.

    Args:
        frame_states (`torch.Tensor` [B, F, C]): hidden states over frames.
        style (`torch.Tensor` [B, H]).
        base (`torch.Tensor` [B, F, 2]): log-F0 (also where unvoiced) and log energy that the base predicts.
        voiced (`torch.Tensor` [B, F], bool): its voicing.
        sketch (`torch.Tensor` [B, F, 2]): the drawn curves in the units of `base`; anything where not drawn.
        drawn (`torch.Tensor` [B, F, 2], bool): where they are drawn.
        mask (`torch.Tensor` [B, F], bool): frames that are no padding.
    """

    frame_states: torch.Tensor
    style: torch.Tensor
    base: torch.Tensor
    voiced: torch.Tensor
    sketch: torch.Tensor
    drawn: torch.Tensor
    mask: torch.Tensor

    def without_sketch(self) -> "SketchConditions":
        """The same with nothing drawn."""
        values = dict(vars(self))
        values["drawn"] = torch.zeros_like(self.drawn)
        return SketchConditions(**values)

    def followed_by(self, other: "SketchConditions") -> "SketchConditions":
        """The rows of both, one batch after the other."""
        return SketchConditions(**{name: torch.cat([value, vars(other)[name]]) for name, value in vars(self).items()})


def to_patches(values: torch.Tensor, patch_frames: int) -> torch.Tensor:
    """[B, F, C] -> [B, P, patch_frames * C]; the last patch is filled with zeros."""
    batch, frames, channels = values.shape
    values = nn.functional.pad(values, (0, 0, 0, -frames % patch_frames))
    return values.reshape(batch, -1, patch_frames * channels)


def from_patches(patches: torch.Tensor, patch_frames: int, num_frames: int) -> torch.Tensor:
    """[B, P, patch_frames * C] -> [B, num_frames, C]."""
    return patches.reshape(len(patches), patches.shape[1] * patch_frames, -1)[:, :num_frames]


def conv_blocks(sketch, num_layers: int, style_size: int) -> nn.ModuleList:
    """Style-adaptive ConvNeXt blocks of the sizes in a [`ValeTTSSketchConfig`]."""
    return nn.ModuleList(
        ConvNeXtBlock(sketch.hidden_size, sketch.intermediate_size, sketch.kernel_size, style_size, 1 / num_layers)
        for _ in range(num_layers)
    )


class SketchPredictor(nn.Module):
    """SketchConditions -> mean contour [B, F, 2] (units of `base`) and context [B, P, W] for the refiner.

    One network for every way of drawing: each curve comes with a mask, and both may be absent.
    """

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        sketch = config.sketch
        self.sketch, self.prosody = sketch, config.prosody
        self.features = nn.Linear(sketch.patch_frames * _FRAME_FEATURES, sketch.hidden_size)
        self.hidden = nn.Linear(config.hidden_size, sketch.hidden_size)
        self.blocks = conv_blocks(sketch, sketch.num_layers, config.style.hidden_size)
        self.norm = StyleAdaptiveNorm(sketch.hidden_size, config.style.hidden_size)
        self.output = nn.Linear(sketch.hidden_size, sketch.patch_frames * NUM_CURVES)
        # a small first layer only: the range of a curve is a matter of voice and sentence
        self.range_hidden = nn.Linear(config.style.hidden_size + 2 * NUM_CURVES, sketch.hidden_size)
        self.range_output = nn.Linear(sketch.hidden_size, 2 * NUM_CURVES)

    @property
    def scales(self) -> list[float]:
        """Size of a typical correction of pitch and energy."""
        return [self.sketch.pitch_scale, self.sketch.energy_scale]

    def forward(self, conditions: SketchConditions) -> tuple[torch.Tensor, torch.Tensor]:
        sketch, num_frames = self.sketch, conditions.base.shape[1]
        dtype = computing_dtype(self.features)
        mask = conditions.mask[..., None].to(dtype)
        patch_mask = to_patches(mask, sketch.patch_frames)
        features = to_patches(self._frame_features(conditions).to(dtype) * mask, sketch.patch_frames)
        states = to_patches(conditions.frame_states.to(dtype) * mask, sketch.patch_frames)
        states = states.unflatten(2, (sketch.patch_frames, -1)).sum(dim=2)
        states = states / patch_mask.sum(dim=2, keepdim=True).clamp(min=1)
        context = self.features(features) + self.hidden(states)
        style, patch_mask = conditions.style.to(dtype), patch_mask.amax(dim=2, keepdim=True)
        for block in self.blocks:
            context = block(context, style, patch_mask)
        context = self.norm(context, style)
        correction = from_patches(self.output(context).float(), sketch.patch_frames, num_frames)
        return conditions.base + correction * correction.new_tensor(self.scales), context

    def ranges(self, style: torch.Tensor, base_range: torch.Tensor) -> torch.Tensor:
        """Lowest and highest value of the coarse curves of this voice in this sentence.

        Args:
            style (`torch.Tensor` [B, H]).
            base_range (`torch.Tensor` [B, 2, 2]): those of the base's contour: (pitch, energy) x (low, high).

        Returns:
            `torch.Tensor` [B, 2, 2], the same with what the base smooths away.
        """
        dtype = computing_dtype(self.range_hidden)
        scales = base_range.new_tensor(self.scales)[:, None]
        centre = base_range.new_tensor([self.prosody.pitch_mean, self.prosody.energy_mean])[:, None]
        spread = base_range.new_tensor([self.prosody.pitch_std, self.prosody.energy_std])[:, None]
        inputs = torch.cat([style.to(dtype), ((base_range - centre) / spread).flatten(1).to(dtype)], dim=1)
        correction = self.range_output(nn.functional.gelu(self.range_hidden(inputs), approximate="tanh"))
        return base_range + correction.float().view_as(base_range) * scales

    def _frame_features(self, conditions: SketchConditions) -> torch.Tensor:
        """[B, F, 7]: the base's contour and voicing, and the sketch as seen from it with its masks."""
        base, drawn = conditions.base, conditions.drawn.to(conditions.base.dtype)
        centre = base.new_tensor([self.prosody.pitch_mean, self.prosody.energy_mean])
        spread = base.new_tensor([self.prosody.pitch_std, self.prosody.energy_std])
        distance = torch.where(conditions.drawn, conditions.sketch - base, torch.zeros_like(base))
        distance = (distance / base.new_tensor(self.scales)).clamp(-8, 8)
        voiced = conditions.voiced[..., None].to(base.dtype)
        return torch.cat([(base - centre) / spread, voiced, distance, drawn], dim=-1)
