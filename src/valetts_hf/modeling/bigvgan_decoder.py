"""The `bigvgan` decoder: latents, pitch and style to a waveform by the BigVGAN-v2 generator (arXiv 2206.04658).

It takes what the `istft` decoder takes, so that one prior drives both; it can be trained alone, on frozen latents.
B batch, F frames, C latent channels, H style width, S samples = F * hop.
"""

from collections.abc import Iterator

import torch
from torch import nn

from .bigvgan import BigVGANGenerator
from .configuration_valetts import ValeTTSConfig
from .precision import computing_dtype
from .prosody_predictor import prosody_features


class BigVGANDecoder(nn.Module):
    """Latents [B, F, C], pitch [B, F], style [B, H], mask [B, F] -> waveform [B, F * hop]; interface of `ISTFTDecoder`."""

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        self.config = config
        self.hop_length = config.hop_length
        settings = config.decoder.bigvgan
        self.generator = BigVGANGenerator(settings, config.latent_size + 2)
        # a voice colours every frame, as speakers do in VITS (arXiv 2106.06103, section 2.5)
        self.style = nn.Linear(config.style.hidden_size, settings.upsample_initial_channel)

    @property
    def receptive_field(self) -> int:
        """Frames on each side that influence the samples of a frame."""
        return self.generator.receptive_field

    def _inputs(
        self, latents: torch.Tensor, pitch: torch.Tensor, style: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames [B, C + 2, F], zero where masked, and the condition [B, upsample_initial_channel]."""
        features = prosody_features(pitch.float(), torch.zeros_like(pitch).float(), self.config.prosody)[..., :2]
        frames = torch.cat([latents, features.to(latents.dtype)], dim=-1) * mask[..., None]
        dtype = computing_dtype(self.style)
        return frames.to(dtype).transpose(1, 2), self.style(style.to(dtype))

    def forward(
        self, latents: torch.Tensor, pitch: torch.Tensor, style: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        frames, condition = self._inputs(latents, pitch, style, mask)
        plain = self.training or torch.compiler.is_compiling()
        lengths = None if plain or bool(mask.all()) else mask.sum(dim=1)
        return self._finished(self._decode(frames, check=not plain, condition=condition, lengths=lengths), mask)

    def decode_in_chunks(
        self, latents: torch.Tensor, pitch: torch.Tensor, style: torch.Tensor, mask: torch.Tensor, chunk_frames: int
    ) -> Iterator[torch.Tensor]:
        """Yield the waveform in pieces of `chunk_frames` frames (the last may be shorter); equal to `forward`.

        Each piece is computed with as many frames of context as the generator sees, so memory does not grow with length.
        """
        frames, condition = self._inputs(latents, pitch, style, mask)
        uneven = not bool(mask.all())
        for part, left, right in self.generator.pieces(frames.shape[-1], chunk_frames):
            inner = slice(left, part.stop - part.start - right)
            if uneven:  # rows end within the piece or its context: their ends are exact only if rows are cut there
                whole = self._decode(frames[..., part], condition=condition, lengths=mask[:, part].sum(dim=1))
                waveform = whole[:, inner.start * self.hop_length : inner.stop * self.hop_length]
            else:
                waveform = self._decode(frames[..., part], condition=condition, left=left, right=right)
            yield self._finished(waveform, mask[:, part][:, inner])

    def _decode(self, frames: torch.Tensor, check: bool = True, **options) -> torch.Tensor:
        """Only float16 can overflow, so only there the result is looked at."""
        return self.generator.decode(frames, check=check and frames.dtype == torch.float16, **options)

    def _finished(self, waveform: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """float32, silent where masked."""
        return waveform.float() * mask.repeat_interleave(self.hop_length, dim=1)
