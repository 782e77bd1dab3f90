"""Pitch and energy over frames, from hidden states expanded to frames.

Predicted explicitly (as in FastSpeech 2, arXiv 2006.04558) so that changing them changes the speech.
B batch, F frames, C channels.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtStack


PITCH_LIMITS = (3.5, 7.0)  # log-F0, 33 to 1097 Hz: what is predicted, directed or drawn stays within


@dataclass
class ProsodyPrediction:
    """log_pitch [B, F] (natural log of Hz, also where unvoiced), voicing_logit [B, F], energy [B, F] (log)."""

    log_pitch: torch.Tensor
    voicing_logit: torch.Tensor
    energy: torch.Tensor

    @property
    def pitch(self) -> torch.Tensor:
        """log-F0 [B, F] with 0 where the frame is unvoiced."""
        return torch.where(self.voicing_logit > 0, self.log_pitch, torch.zeros_like(self.log_pitch))


class ProsodyPredictor(nn.Module):
    """hidden_states [B, F, C], style [B, H], mask [B, F] -> ProsodyPrediction."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.prosody = config.prosody
        self.stack = ConvNeXtStack(config.hidden_size, config.prosody, config.style.hidden_size)
        self.output = nn.Linear(config.prosody.hidden_size, 3)

    def forward(self, hidden_states: torch.Tensor, style: torch.Tensor, mask: torch.Tensor) -> ProsodyPrediction:
        states = self.stack(hidden_states, style, mask[..., None].to(hidden_states.dtype))
        pitch, voicing_logit, energy = self.output(states).float().unbind(dim=-1)
        return ProsodyPrediction(
            log_pitch=(pitch * self.prosody.pitch_std + self.prosody.pitch_mean).clamp(*PITCH_LIMITS),
            voicing_logit=voicing_logit,
            energy=energy * self.prosody.energy_std + self.prosody.energy_mean,
        )


def prosody_features(pitch: torch.Tensor, energy: torch.Tensor, prosody) -> torch.Tensor:
    """Normalised pitch, voicing and energy as network input.

    Args:
        pitch (`torch.Tensor` [B, F]): log-F0, 0 = unvoiced.
        energy (`torch.Tensor` [B, F]): log energy.
        prosody (`ValeTTSProsodyConfig`): the normalisation.

    Returns:
        `torch.Tensor` [B, F, 3].
    """
    voiced = (pitch > 0).to(pitch.dtype)
    normalized_pitch = (pitch - prosody.pitch_mean) / prosody.pitch_std * voiced
    normalized_energy = (energy - prosody.energy_mean) / prosody.energy_std
    return torch.stack([normalized_pitch, voiced, normalized_energy], dim=-1)
