"""Drawn loudness: factors on the waveform that bring the energy that is heard onto a drawing.

The prior follows the energy it is given only in part, and the decoder adds errors of its own, so the speech is measured as it
sounds and moved from there, as its pitch is moved before the prior. B batch, T tokens, F frames, C channels, S samples.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .mel import LogMelSpectrogram, frame_energy
from .prosody_controls import voiced_mean
from .sketch_curves import follow_curve


Decode = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
_MAX_GAIN = 3.5  # log: 30 dB


@dataclass
class DrawnLoudness:
    """A drawn course of loudness.

    Args:
        wanted (`torch.Tensor` [B, T]): log energy as its distance from the mean of the row's voiced frames.
        drawn (`torch.Tensor` [B, T], bool): where it was drawn; anything elsewhere.
        voiced (`torch.Tensor` [B, F], bool): frames that count, see `coarse_curve`.
        durations (`torch.Tensor` [B, T], int64), index (`torch.Tensor` [B, F], int64): how tokens lie over frames.
    """

    wanted: torch.Tensor
    drawn: torch.Tensor
    voiced: torch.Tensor
    durations: torch.Tensor
    index: torch.Tensor

    def gain(self, energy: torch.Tensor) -> torch.Tensor:
        """Factors [B, F] with which speech of a log energy [B, F] follows the drawing; 1 in rows where nothing is drawn.

        Once: a second measurement follows more closely (a correlation of 0.98 instead of 0.94) by a gain that changes faster, which
        is heard as worse speech.
        """
        wanted = self.wanted + voiced_mean(energy, self.voiced)
        moved = follow_curve(energy, self.voiced, wanted, self.drawn, self.durations, self.index)
        return (moved - energy).clamp(-_MAX_GAIN, _MAX_GAIN).exp()


def energy_heard(waveform: torch.Tensor, config: ValeTTSConfig) -> torch.Tensor:
    """Log energy [B, F] of a waveform [B, F * hop_length]; silence before and behind it."""
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    context = (config.n_fft - config.hop_length) // 2
    padded = nn.functional.pad(waveform.float(), (context, context))
    return frame_energy(mel.to(waveform.device).from_padded(padded))
