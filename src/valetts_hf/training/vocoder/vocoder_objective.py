"""What a generator learns from in vocoder training: a waveform beside its recording, and the multi-scale mel loss.

B batch, W window frames, G segment frames, S samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.vocoder import ValeTTSVocoder
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.objective import GeneratorObjective
from valetts_hf.training.spectral import MultiScaleMelLoss


SILENT_LOG_MEL = math.log(1e-5)


@dataclass
class WaveformPass:
    """losses (`dict[str, Tensor]`): unweighted, named as in `LossWeights`; generated, target (`Tensor` [B, S])."""

    losses: dict[str, Tensor]
    generated: Tensor
    target: Tensor


class VocoderObjective(nn.Module):
    """Log-mels of whole windows to waveforms."""

    def __init__(self, model: ValeTTSVocoder) -> None:
        super().__init__()
        self.model = model
        self.mel_loss = MultiScaleMelLoss(model.config.sampling_rate)

    def forward(self, batch: TrainingBatch, generator: torch.Generator | None = None) -> WaveformPass:
        """One pass; nothing in it is drawn."""
        # batches hold zeros beyond the end of a clip, which is no silence on a logarithmic scale
        log_mel = torch.where(batch.frame_mask[..., None], batch.mel, SILENT_LOG_MEL)
        generated = self.model(log_mel, check=False).waveform
        return WaveformPass({"mel": self.mel_loss(generated, batch.waveform)}, generated, batch.waveform)


class DecoderObjective(GeneratorObjective):
    """The decoder of a ValeTTS model on latents that do not change: of the posterior, and of the prior (`prior_share`)."""

    def __init__(self, model: ValeTTSForSpeech, segment_frames: int, prior_share: float, context_frames: int) -> None:
        super().__init__(model, segment_frames, prior_share, context_frames)
        model.model.requires_grad_(False)

    def train(self, mode: bool = True) -> DecoderObjective:
        """The frozen part stays as it speaks, without dropout."""
        super().train(mode)
        self.model.model.eval()
        return self

    def forward(self, batch: TrainingBatch, generator: torch.Generator | None = None) -> WaveformPass:
        """One pass; `generator` draws latents and segments."""
        output = super().forward(batch, generator)
        return WaveformPass({"mel": output.losses["mel"]}, output.generated, output.target)
