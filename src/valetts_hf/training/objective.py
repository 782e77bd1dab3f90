"""The generator's objective: one pass over a batch gives the losses of VITS2 and the waveforms for the discriminators.

VITS (arXiv 2106.06103) with the priors, prosody and style of ValeTTS. Alignments are either given with the batch
(bootstrapped durations) or found by monotonic alignment search over the whole window.
B batch, T tokens, W window frames, G segment frames, C latent channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from valetts_hf.modeling.lengths import expand_tokens, position_in_token
from valetts_hf.modeling.mel import frame_energy
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.prosody_predictor import prosody_features
from valetts_hf.modeling.source import NOISE_LENGTH
from valetts_hf.training.alignment import gaussian_log_likelihood, monotonic_alignment_search
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.losses import duration_loss, energy_loss, kl_loss, log_durations, pitch_loss
from valetts_hf.training.spectral import MagnitudePair, MultiScaleMelLoss, multi_resolution_stft_loss


@dataclass
class LossWeights:
    """Weights of the generator's losses."""

    mel: float = 15.0
    stft: float = 1.0
    kl: float = 1.0
    token_kl: float = 0.2
    duration: float = 1.0
    pitch: float = 5.0
    voicing: float = 1.0
    energy: float = 0.5
    adversarial: float = 1.0
    feature_matching: float = 2.0
    duration_adversarial: float = 0.05


@dataclass
class GeneratorPass:
    """What one pass gives.

    Args:
        losses (`dict[str, Tensor]`): unweighted losses by the names of `LossWeights`.
        generated, target (`Tensor` [B, G * hop]): segments of waveform.
        token_mask (`Tensor` [N, T]), hidden_states (`Tensor` [N, T, C]), log_durations, predicted_log_durations (`Tensor`
            [N, T]): of the N rows with a transcript, for the duration discriminator.
    """

    losses: dict[str, Tensor]
    generated: Tensor
    target: Tensor
    token_mask: Tensor
    hidden_states: Tensor
    log_durations: Tensor
    predicted_log_durations: Tensor


class GeneratorObjective(nn.Module):
    """Holds the model so that Accelerate / DDP wrap one module whose forward is the training pass.

    Args:
        model: the model to train.
        segment_frames (`int`): frames of each window that are decoded and judged.
        prior_share (`float`): share of the rows, in [0, 1], whose segments are decoded from the prior instead of the
            posterior, with recorded durations, pitch and energy. The text side then learns from what is heard, and the
            decoder from what it will be given (compare NaturalSpeech, arXiv 2205.04421).
        context_frames (`int`): frames decoded on either side of a segment and thrown away, since the decoder sees
            nothing beyond its input.
    """

    def __init__(
        self, model: ValeTTSForSpeech, segment_frames: int = 40, prior_share: float = 0.0, context_frames: int = 4
    ):
        super().__init__()
        self.model = model
        self.segment_frames = segment_frames
        self.prior_share = prior_share
        self.context_frames = context_frames
        self.mel_loss = MultiScaleMelLoss(model.config.sampling_rate)

    def forward(
        self,
        batch: TrainingBatch,
        generator: torch.Generator | None = None,
        search_noise: float | None = None,
        style: Tensor | None = None,
    ) -> GeneratorPass:
        """One pass.

        Args:
            batch: what to learn from. Rows without transcript teach style encoder, posterior encoder and decoder alone.
            generator: draws posterior noise, duration noise and segments; best on the device of the batch, where
                nothing then waits for the host.
            search_noise: if given, clips that lie in their window as a whole are aligned anew by monotonic alignment
                search with this much noise; the others keep the durations of the batch.
            style (`Tensor` [B, H]): the style to learn with; without it, that of the batch's references.
        """
        model, config = self.model.model, self.model.config
        if style is None:
            style = model.encode_style(batch.reference_mel, batch.reference_mask)
        text, all_styles, all_frames = batch.with_text, style, batch.frame_mask
        style, mask, frame_mask = style[: len(text.mel)], text.token_mask, text.frame_mask
        hidden_states = model.text_encoder(text.input_ids, text.language_ids, style, mask)
        token_mean, token_log_scale = model.token_prior(hidden_states)
        mean, log_scale = model.posterior_encoder(batch.mel, all_styles, all_frames)
        latents = (mean + _noise(mean, generator) * log_scale.exp()) * all_frames[..., None]
        mean, log_scale = mean[: len(mask)], log_scale[: len(mask)]
        prior_latents = model.flow(latents[: len(mask)], style, frame_mask).float()
        durations = text.durations
        if search_noise is not None:
            durations = self._search(text, prior_latents, token_mean, token_log_scale, search_noise)

        index, position = self._window_index(text, durations)
        frame_states = model.frame_embedding(expand_tokens(hidden_states, index), position)
        energy = frame_energy(text.mel)
        prosody = model.prosody_predictor(frame_states, style, frame_mask)
        expanded_mean = expand_tokens(token_mean, index)
        prior_mean, prior_log_scale = model.frame_prior(
            frame_states, prosody_features(text.pitch, energy, config.prosody), expanded_mean, style, frame_mask
        )
        rows = round(self.prior_share * len(mask))
        if rows:
            drawn = (
                prior_mean[:rows] + _noise(mean[:rows], generator) * config.noise_scale * prior_log_scale[:rows].exp()
            )
            spoken = model.flow(drawn, style[:rows], frame_mask[:rows], inverse=True)
            latents = torch.cat([spoken.to(latents.dtype) * frame_mask[:rows, :, None], latents[rows:]])
        generated, target = self._segments(batch, latents, all_styles, generator)
        noise = _noise(hidden_states[..., :1].expand(-1, -1, config.duration.noise_size), generator)
        predicted_log_durations = model.duration_predictor(hidden_states, style, mask, noise)

        magnitudes = MagnitudePair(generated, target)
        losses = {
            "mel": self.mel_loss(magnitudes),
            "kl": kl_loss(prior_latents, log_scale, prior_mean, prior_log_scale, frame_mask),
            "token_kl": kl_loss(
                prior_latents.detach(),
                log_scale.detach(),
                expanded_mean,
                expand_tokens(token_log_scale, index),
                frame_mask,
            ),
            "duration": duration_loss(predicted_log_durations, durations, mask),
            "energy": energy_loss(prosody.energy, energy, frame_mask),
        }
        losses["pitch"], losses["voicing"] = pitch_loss(
            prosody.log_pitch, prosody.voicing_logit, text.pitch, frame_mask
        )
        convergence, log_magnitude = multi_resolution_stft_loss(magnitudes)
        losses["stft"] = convergence + log_magnitude
        return GeneratorPass(
            losses=losses,
            generated=generated,
            target=target,
            token_mask=mask,
            hidden_states=hidden_states,
            log_durations=log_durations(durations),
            predicted_log_durations=predicted_log_durations,
        )

    @staticmethod
    @torch.no_grad()
    def _search(
        batch: TrainingBatch, prior_latents: Tensor, token_mean: Tensor, token_log_scale: Tensor, noise_scale: float
    ) -> Tensor:
        """Durations [B, T] by alignment search where the window holds the whole clip, else those of the batch."""
        whole = batch.whole_rows
        if whole is None:
            whole = torch.nonzero(batch.frame_mask.sum(dim=1) == batch.durations.sum(dim=1))[:, 0]
        if not len(whole):
            return batch.durations
        likelihood = gaussian_log_likelihood(prior_latents[whole], token_mean[whole], token_log_scale[whole])
        found = monotonic_alignment_search(
            likelihood,
            batch.token_mask[whole],
            batch.frame_mask[whole],
            noise_scale=noise_scale,
            check_lengths=batch.whole_rows is None,
        )
        return batch.durations.index_copy(0, whole, found.to(batch.durations.dtype))

    @staticmethod
    def _window_index(batch: TrainingBatch, durations: Tensor) -> tuple[Tensor, Tensor]:
        """Token of every frame of the window [B, W] and its position in that token [B, W, 2]."""
        ends = torch.cumsum(durations, dim=1)
        frames = batch.window_start[:, None] + torch.arange(batch.mel.shape[1], device=batch.mel.device)
        frames = torch.minimum(frames, ends[:, -1].max() - 1)
        index = torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)
        return index, position_in_token(durations, index, frames)

    def _segments(
        self, batch: TrainingBatch, latents: Tensor, style: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Decoded and recorded segments [B, G * hop] at a random place inside each row's speech."""
        hop = self.model.config.hop_length
        length = min(self.segment_frames + 2 * self.context_frames, latents.shape[1])
        spare = (batch.frame_mask.sum(dim=1) - length).clamp(min=0)
        device = latents.device if generator is None else generator.device
        place, noise_place = torch.rand(2, len(spare), generator=generator, device=device).to(latents.device)
        start = (place * (spare + 1)).long()
        # Always the same stretch of noise would be learnt by heart: by the judges, and by the gains that shape it.
        source = {}
        if self.model.config.decoder.type == "istft":
            source["noise_start"] = (noise_place * NOISE_LENGTH).long()
        frames = start[:, None] + torch.arange(length, device=latents.device)
        decoded = self.model.decoder(
            latents.gather(1, frames[..., None].expand(-1, -1, latents.shape[-1])),
            batch.pitch.gather(1, frames),
            style,
            batch.frame_mask.gather(1, frames),
            **source,
        )
        samples = start[:, None] * hop + torch.arange(length * hop, device=latents.device)
        inner = slice(self.context_frames * hop, (length - self.context_frames) * hop)
        return decoded[:, inner], batch.waveform.gather(1, samples)[:, inner]


def _noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    device = like.device if generator is None else generator.device
    return torch.randn(like.shape, generator=generator, device=device).to(like.device)
