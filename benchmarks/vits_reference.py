"""The training step of a VITS of the published configuration, to measure our own against (`training_speed.py`).

VITS (Kim et al., arXiv:2106.06103): transformer text encoder 6 x 192, posterior encoder of 16 WaveNet layers over linear
spectrograms, flow of 4 couplings x 4 WaveNet layers, stochastic duration predictor, HiFi-GAN decoder of 512 channels
(upsampling 8, 8, 2, 2; kernels 16, 16, 4, 4), monotonic alignment search, multi-period and scale discriminators.

The generator's parts are those of transformers' VITS, so that nobody can say we wrote a slow one. Simplified, each time in its
favour: the alignment search is our vectorised one; the judges are frozen and see recordings without gradients in the
generator's turn; AdamW is fused; the spectrograms are made from samples in memory; every row has the same length, so that
nothing is padded; the loss terms are unweighted except for mel and duration, which costs nothing.
B batch, T tokens, F frames, S samples, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm
from transformers import VitsConfig
from transformers.audio_utils import mel_filter_bank
from transformers.models.vits.modeling_vits import (
    VitsHifiGan,
    VitsPosteriorEncoder,
    VitsResidualCouplingBlock,
    VitsStochasticDurationPredictor,
    VitsTextEncoder,
)

from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search
from valetts_hf.training.losses import discriminator_loss, feature_matching_loss, generator_loss, kl_loss


SAMPLING_RATE, HOP, N_FFT, SEGMENT = 22050, 256, 1024, 8192


@dataclass
class VitsBatch:
    """`input_ids` [B, T], `waveform` [B, S] at 22.05 kHz with S a multiple of 256, `spectrogram` [B, 513, F]."""

    input_ids: Tensor
    waveform: Tensor
    spectrogram: Tensor


def linear_spectrogram(waveform: Tensor) -> Tensor:
    """Magnitudes [B, 513, F] of [B, S], F = S / 256."""
    window = torch.hann_window(N_FFT, device=waveform.device)
    padded = functional.pad(waveform[:, None], ((N_FFT - HOP) // 2,) * 2, mode="reflect")[:, 0]
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-6)


class VitsGenerator(nn.Module):
    """Everything that is trained to speak."""

    def __init__(self):
        super().__init__()
        config = VitsConfig(vocab_size=256, speaker_embedding_size=0, sampling_rate=SAMPLING_RATE)
        self.text_encoder = VitsTextEncoder(config)
        self.posterior_encoder = VitsPosteriorEncoder(config)
        self.flow = VitsResidualCouplingBlock(config)
        self.duration_predictor = VitsStochasticDurationPredictor(config)
        self.decoder = VitsHifiGan(config)
        self.decoder.apply_weight_norm()
        bank = mel_filter_bank(N_FFT // 2 + 1, 80, 0.0, SAMPLING_RATE / 2, SAMPLING_RATE, "slaney", "slaney")
        self.register_buffer("bank", torch.from_numpy(bank).float(), persistent=False)

    def log_mel(self, spectrogram: Tensor) -> Tensor:
        with torch.autocast(spectrogram.device.type, enabled=False):
            return torch.log((self.bank.t() @ spectrogram.float()).clamp(min=1e-5))

    @torch.no_grad()
    def search(self, prior_latents: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
        """Durations [B, T]."""
        masks = (torch.ones(part.shape[:2], device=part.device) for part in (mean, prior_latents))
        return monotonic_alignment_search(gaussian_log_likelihood(prior_latents, mean, log_scale), *masks)

    def forward(self, batch: VitsBatch) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Generated and recorded segment [B, 8192], and the losses."""
        rows, _, frames = batch.spectrogram.shape
        token_mask = torch.ones(*batch.input_ids.shape, 1, device=batch.waveform.device)
        text = self.text_encoder(batch.input_ids, padding_mask=token_mask, attention_mask=token_mask[..., 0])
        hidden_states = text.last_hidden_state.transpose(1, 2)
        frame_mask = torch.ones(rows, 1, frames, device=batch.waveform.device)
        latents, _, posterior_log_scale = self.posterior_encoder(batch.spectrogram, frame_mask)
        prior_latents = self.flow(latents, frame_mask).transpose(1, 2)
        durations = self.search(prior_latents, text.prior_means, text.prior_log_variances)
        owner = torch.searchsorted(
            durations.cumsum(1),
            torch.arange(frames, device=durations.device).expand(rows, -1).contiguous(),
            right=True,
        )
        owner = owner.clamp(max=durations.shape[1] - 1)[..., None].expand(-1, -1, prior_latents.shape[2])
        duration = self.duration_predictor(
            hidden_states, token_mask.transpose(1, 2), durations=durations[:, None].float()
        )
        start = (torch.rand(rows, device=latents.device) * (frames - SEGMENT // HOP + 1)).long()[:, None]
        window = start + torch.arange(SEGMENT // HOP, device=latents.device)
        generated = self.decoder(latents.gather(2, window[:, None].expand(-1, latents.shape[1], -1)))[:, 0]
        target = batch.waveform.gather(1, start * HOP + torch.arange(SEGMENT, device=latents.device))
        mel = self.log_mel(batch.spectrogram).gather(2, window[:, None].expand(-1, 80, -1))
        losses = {
            "mel": 45 * functional.l1_loss(self.log_mel(linear_spectrogram(generated.float())), mel),
            "duration": duration.sum() / token_mask.sum(),
            "kl": kl_loss(
                prior_latents,
                posterior_log_scale.transpose(1, 2),
                text.prior_means.gather(1, owner),
                text.prior_log_variances.gather(1, owner),
                frame_mask[:, 0],
            ),
        }
        return generated, target, losses


class _Member(nn.Module):
    """One discriminator: folded to a period (2-D kernels) or not (1-D, period 1)."""

    def __init__(self, period: int):
        super().__init__()
        self.period = period
        if period > 1:
            widths = (1, 32, 128, 512, 1024, 1024)
            layers = [
                nn.Conv2d(one, two, (5, 1), (3 if two != one else 1, 1), (2, 0))
                for one, two in zip(widths, widths[1:], strict=False)
            ]
            head = nn.Conv2d(1024, 1, (3, 1), 1, (1, 0))
        else:
            shapes = ((1, 16, 15, 1, 1), (16, 64, 41, 4, 4), (64, 256, 41, 4, 16), (256, 1024, 41, 4, 64))
            shapes += ((1024, 1024, 41, 4, 256), (1024, 1024, 5, 1, 1))
            layers = [nn.Conv1d(a, b, k, stride, k // 2, groups=groups) for a, b, k, stride, groups in shapes]
            head = nn.Conv1d(1024, 1, 3, 1, 1)
        self.layers, self.head = nn.ModuleList(weight_norm(layer) for layer in layers), weight_norm(head)

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        states = waveform[:, None]
        if self.period > 1:
            states = functional.pad(states, (0, -states.shape[-1] % self.period), mode="reflect")
            states = states.view(len(states), 1, -1, self.period)
        maps = []
        for layer in self.layers:
            states = functional.leaky_relu(layer(states), 0.1)
            maps.append(states)
        return self.head(states).flatten(1), maps


class VitsDiscriminator(nn.Module):
    """Multi-period (2, 3, 5, 7, 11) and one scale discriminator."""

    def __init__(self):
        super().__init__()
        self.members = nn.ModuleList(_Member(period) for period in (1, 2, 3, 5, 7, 11))

    def forward(self, waveform: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        results = [member(waveform) for member in self.members]
        return [scores for scores, _ in results], [maps for _, maps in results]


class VitsTraining:
    """Generator, discriminators, their optimizers, and one step of all."""

    def __init__(self, device: torch.device, precision: torch.dtype | None):
        torch.manual_seed(0)
        self.device, self.precision = device, precision
        self.generator, self.discriminator = VitsGenerator().to(device), VitsDiscriminator().to(device)
        settings = {"lr": 2e-4, "betas": (0.8, 0.99), "weight_decay": 0.01, "fused": True}
        self.generator_optimizer = torch.optim.AdamW(self.generator.parameters(), **settings)
        self.discriminator_optimizer = torch.optim.AdamW(self.discriminator.parameters(), **settings)

    def batch(self, input_ids: Tensor, waveform: Tensor) -> VitsBatch:
        """From samples that already have 22.05 kHz."""
        return VitsBatch(input_ids, waveform, linear_spectrogram(waveform))

    def step(self, batch: VitsBatch) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, self.precision, enabled=self.precision is not None):
            generated, target, losses = self.generator(batch)
            self.discriminator.requires_grad_(True)
            real, _ = self.discriminator(target)
            fake, _ = self.discriminator(generated.detach())
            judges_loss = discriminator_loss(real, fake)
        self.discriminator_optimizer.zero_grad()
        judges_loss.backward()
        self.discriminator_optimizer.step()
        self.discriminator.requires_grad_(False)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision is not None):
            with torch.no_grad():
                _, real_maps = self.discriminator(target)
            scores, maps = self.discriminator(generated)
            losses |= {
                "adversarial": generator_loss(scores),
                "feature_matching": 2 * feature_matching_loss(real_maps, maps),
            }
        self.generator_optimizer.zero_grad()
        sum(losses.values()).backward()
        self.generator_optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}
