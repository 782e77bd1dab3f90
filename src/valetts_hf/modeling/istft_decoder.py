"""The `istft` decoder: ConvNeXt frames that filter a harmonic and a noise source in the short-time Fourier domain.

Backbone and inverse-STFT head after Vocos (arXiv 2306.00814); instead of inventing phase, the head shapes the
spectrum of the excitation (`source.py`): a complex gain on the harmonic source and a real gain on the noise.
B batch, F frames, S samples = F * hop, Q = n_fft / 2 + 1 frequency bins.
"""

from collections.abc import Iterator

import torch
from torch import nn

from .configuration_valetts import ValeTTSConfig
from .convnext import ConvNeXtStack
from .precision import computing_dtype
from .prosody_predictor import prosody_features
from .source import Excitation
from .style_spectrum import StyleSpectrum


MAX_LOG_GAIN = 5.0
MAX_COLOR = 1.4  # logarithm of amplitude, 12 dB
EMPHASIS_LEVEL = 0.36  # what an emphasis of 1 adds to the loudness of speech (3 dB, measured), as a logarithm


def split_frames(waveform: torch.Tensor, window: torch.Tensor, hop_length: int) -> torch.Tensor:
    """waveform [B, S] -> windowed frames [B, S // hop, n_fft], frame t centred at (t + 1/2) * hop (zeros outside)."""
    n_fft = window.shape[0]
    padding = (n_fft - hop_length) // 2
    return nn.functional.pad(waveform, (padding, padding)).unfold(-1, n_fft, hop_length) * window


def overlap_add(frames: torch.Tensor, window: torch.Tensor, hop_length: int, mask: torch.Tensor) -> torch.Tensor:
    """Inverse of `split_frames` (least squares): frames [B, F, n_fft] -> waveform [B, F * hop].

    `mask` [B, F]: masked frames neither sound nor count in the normalisation, so padding changes nothing.
    """
    batch, count, n_fft = frames.shape
    blocks = n_fft // hop_length
    padding = (n_fft - hop_length) // 2

    def accumulate(framed: torch.Tensor) -> torch.Tensor:
        framed = framed.reshape(batch, count, blocks, hop_length)
        total = framed.new_zeros(batch, count + blocks - 1, hop_length)
        for block in range(blocks):
            total[:, block : block + count] += framed[:, :, block]
        return total.flatten(1)[:, padding : padding + count * hop_length]

    weights = mask[..., None].to(frames.dtype) * window
    return accumulate(frames * weights) / accumulate(weights * window).clamp(min=1e-3)


def emphasize(
    harmonic: torch.Tensor,
    noise: torch.Tensor,
    amount: float,
    width: int,
    level: float | torch.Tensor = EMPHASIS_LEVEL,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Raise the contrast of the spectral envelope: its distance to the mean of `width` bins grows by `amount`.

    Both log gains [B, F, Q] change alike, by the contrast of their common power: which of the two sources carries a bin is
    no contrast of the envelope. `level`, what an `amount` of 1 would add on average, is taken off again, so that speech
    stays as loud as it was (and, with a level for every bin [B, 1, Q], keeps its colour). Holding every frame to its
    loudness was tried: it is understood less well.
    """
    envelope = 0.5 * torch.logaddexp(2 * harmonic, 2 * noise)
    batch, frames, bins = envelope.shape
    padded = nn.functional.pad(envelope.reshape(-1, 1, bins), (width // 2, width // 2), mode="replicate")
    local_mean = nn.functional.avg_pool1d(padded, width, stride=1).view(batch, frames, bins)
    change = amount * (envelope - local_mean - level)
    return harmonic + change, noise + change


class ISTFTDecoder(nn.Module):
    """Latents [B, F, C], pitch [B, F], style [B, H], mask [B, F] -> waveform [B, F * hop].

    The interface every decoder of ValeTTS offers: `forward` and `decode_in_chunks`. With `color_points`, the style also
    gives the long-term spectrum directly: `color` is added to the log gains of all frames, and `emphasis_color` is what an
    emphasis of 1 adds to the long-term spectrum beyond `EMPHASIS_LEVEL`. The latter is fitted and not trained, as
    emphasis has no part in training (`training/spectral_color.py` fits both).
    """

    def __init__(self, config: ValeTTSConfig):
        super().__init__()
        decoder = config.decoder
        self.config = config
        self.hop_length = config.hop_length
        bins = config.n_fft // 2 + 1
        self.excitation = Excitation(config.hop_length, config.sampling_rate)
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)
        self.stack = ConvNeXtStack(config.latent_size + 2, decoder, config.style.hidden_size)
        self.head = nn.Linear(decoder.hidden_size, 3 * bins)
        self.color = self.emphasis_color = None
        if decoder.color_points:
            sizes = (config.style.hidden_size, decoder.color_points, bins, config.sampling_rate)
            self.color = StyleSpectrum(*sizes, MAX_COLOR)
            self.emphasis_color = StyleSpectrum(*sizes, MAX_COLOR).requires_grad_(False)

    @staticmethod
    def initial_head_bias(bins: int) -> torch.Tensor:
        """Start as a plausible voice: harmonics fall with frequency, noise rises; no phase change. [3 * bins]"""
        slope = torch.linspace(0, 1, bins)
        return torch.cat([-2.0 - 5.0 * slope, -5.0 + 1.0 * slope, torch.zeros(bins)])

    def _spectrum(
        self, latents: torch.Tensor, pitch: torch.Tensor, style: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Log gains of harmonic and noise source and the phase of the former, each [B, F, Q], float32."""
        features = prosody_features(pitch, torch.zeros_like(pitch), self.config.prosody)[..., :2]
        inputs = torch.cat([latents, features.to(latents.dtype)], dim=-1).to(computing_dtype(self.head))
        states = self.stack(inputs, style, mask[..., None].to(inputs.dtype))
        harmonic, noise, phase = self.head(states).float().chunk(3, dim=-1)
        if self.color is not None:
            color = self.color(style)
            harmonic, noise = harmonic + color, noise + color
        amount, width = self.config.decoder.emphasis, self.config.decoder.emphasis_bins
        if amount and not self.training:
            level = EMPHASIS_LEVEL
            if self.emphasis_color is not None:
                level = level + self.emphasis_color(style)
            harmonic, noise = emphasize(harmonic, noise, amount, width, level)
        return harmonic.clamp(max=MAX_LOG_GAIN), noise.clamp(max=MAX_LOG_GAIN), phase

    def _source_frames(
        self, pitch: torch.Tensor, mask: torch.Tensor, noise_start: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Framed harmonic and noise source [B, F, n_fft]; silent past the end of each row."""
        last = mask.sum(dim=1, keepdim=True).clamp(min=1) - 1
        position = torch.arange(pitch.shape[1], device=pitch.device)[None]
        held = pitch.gather(1, torch.minimum(position, last))  # padding must not bend the last frame's pitch
        audible = mask.repeat_interleave(self.hop_length, dim=1)
        window = self.window.float()
        harmonic, noise = self.excitation(held, noise_start)
        return (
            split_frames(harmonic * audible, window, self.hop_length),
            split_frames(noise * audible, window, self.hop_length),
        )

    def _synthesize(
        self,
        spectrum: tuple[torch.Tensor, ...],
        harmonic_frames: torch.Tensor,
        noise_frames: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        harmonic, noise, phase = spectrum
        shaped = torch.fft.rfft(harmonic_frames) * torch.polar(harmonic.exp(), phase)
        shaped = shaped + torch.fft.rfft(noise_frames) * noise.exp()
        waveform = overlap_add(torch.fft.irfft(shaped), self.window.float(), self.hop_length, mask)
        return waveform * mask.repeat_interleave(self.hop_length, dim=1)

    def forward(
        self,
        latents: torch.Tensor,
        pitch: torch.Tensor,
        style: torch.Tensor,
        mask: torch.Tensor,
        noise_start: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """`noise_start` (`torch.Tensor` [B], *optional*), for training: see `Excitation`."""
        pitch = pitch.float()
        spectrum = self._spectrum(latents, pitch, style, mask)
        return self._synthesize(spectrum, *self._source_frames(pitch, mask, noise_start), mask)

    def decode_in_chunks(
        self, latents: torch.Tensor, pitch: torch.Tensor, style: torch.Tensor, mask: torch.Tensor, chunk_frames: int
    ) -> Iterator[torch.Tensor]:
        """Yield the waveform in pieces of `chunk_frames` frames (the last may be shorter); equal to `forward`.

        Each piece is computed with as many frames of context as the network sees, so memory does not grow with length.
        """
        if chunk_frames < 1:
            raise ValueError(f"chunk_frames must be at least 1, got {chunk_frames}")
        pitch = pitch.float()
        length = latents.shape[1]
        overlap = self.config.n_fft // self.hop_length  # frames whose windows reach into a piece
        context = self.stack.receptive_field + overlap
        harmonic_frames, noise_frames = self._source_frames(pitch, mask)
        for start in range(0, length, chunk_frames):
            stop = min(start + chunk_frames, length)
            wide = slice(max(start - context, 0), min(stop + context, length))
            narrow = slice(max(start - overlap, 0), min(stop + overlap, length))
            spectrum = self._spectrum(latents[:, wide], pitch[:, wide], style, mask[:, wide])
            inner = slice(narrow.start - wide.start, narrow.stop - wide.start)
            waveform = self._synthesize(
                tuple(part[:, inner] for part in spectrum),
                harmonic_frames[:, narrow],
                noise_frames[:, narrow],
                mask[:, narrow],
            )
            yield waveform[:, (start - narrow.start) * self.hop_length : (stop - narrow.start) * self.hop_length]
