"""What a few-shot adaptation minimises: the losses of the support, and the distance to what the model was.

With text it is the generator's objective of pre-training; without, the part of it that needs none (posterior, decoder
and style). Prior preservation (compare DreamBooth, arXiv 2208.12242, section 3.2) keeps how the model reads texts it is
not adapted on: the frame prior and the durations of a few sentences stay close to those of the unadapted model.
B rows, T tokens, F frames, H style width.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from valetts_hf.modeling.lengths import expand_tokens, expansion_index, length_mask, position_in_token
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.prosody_predictor import prosody_features
from valetts_hf.training.adaptation.judgement import judged
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.losses import masked_mean
from valetts_hf.training.objective import GeneratorObjective
from valetts_hf.training.spectral import multi_resolution_stft_loss


# One sentence of everyday words per language, for prior preservation; a language without one is kept by the English one.
SENTENCES = {
    "en": "The morning bus was late again, so we walked along the river and talked about the summer.",
    "pt": "O ônibus da manhã atrasou outra vez, então fomos a pé pela margem do rio e falamos do verão.",
    "es": "El autobús de la mañana llegó tarde otra vez, así que caminamos junto al río y hablamos del verano.",
    "de": "Der Bus kam heute morgen wieder zu spät, also gingen wir am Fluss entlang und sprachen vom Sommer.",
    "fr": "Le bus du matin avait encore du retard, alors nous avons marché le long de la rivière en parlant de l'été.",
    "it": "L'autobus del mattino era di nuovo in ritardo, così abbiamo camminato lungo il fiume parlando dell'estate.",
    "nl": "De bus was vanmorgen weer te laat, dus liepen we langs de rivier en praatten over de zomer.",
}


class SupportObjective(GeneratorObjective):
    """Losses of windows of a support, by the names of `LossWeights`.

    Args:
        model, segment_frames, prior_share: see [`GeneratorObjective`].
        discriminator (*optional*): frozen; adds what it says, see `judgement.py`.
    """

    def __init__(
        self,
        model: ValeTTSForSpeech,
        segment_frames: int = 40,
        prior_share: float = 0.0,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(model, segment_frames, prior_share)
        self.discriminator = discriminator

    def support_losses(
        self, batch: TrainingBatch, style: Tensor, with_text: bool, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Unweighted losses.

        Args:
            batch: windows of the support.
            style (`Tensor` [H]): the style of the voice.
            with_text (`bool`): whether the batch has tokens and durations.
            generator: on the CPU; draws noise and segments.
        """
        style = style.expand(len(batch.mel), -1)
        if with_text:
            output = self(batch, generator, style=style)
            return output.losses | self._judged(output.generated, output.target)
        mean, log_scale = self.model.model.posterior_encoder(batch.mel, style, batch.frame_mask)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        latents = (mean + noise * log_scale.exp()) * batch.frame_mask[..., None]
        generated, target = self._segments(batch, latents, style, generator)
        convergence, log_magnitude = multi_resolution_stft_loss(generated, target)
        losses = {"mel": self.mel_loss(generated, target), "stft": convergence + log_magnitude}
        return losses | self._judged(generated, target)

    def _judged(self, generated: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {} if self.discriminator is None else judged(self.discriminator, generated, target)


class PriorPreservation:
    """Distance of an adapted model to itself before, on sentences that are not in the support.

    Args:
        model: before adaptation.
        processor: reads the sentences.
        style (`Tensor` [H]): the style the adaptation starts from.
        language (`str`, *optional*): code of the language the voice speaks; English is always among the sentences.
        pitch_level (`float`, *optional*): median log-F0 of the voice; the predicted pitch is drawn to it where no
            transcript teaches it.
    """

    def __init__(
        self,
        model: ValeTTSForSpeech,
        processor: Any,
        style: Tensor,
        language: str | None = None,
        pitch_level: float | None = None,
    ):
        codes = dict.fromkeys([code for code in ((language or "en").split("-")[0], "en") if code in SENTENCES])
        tags = {"en": "en-us", "pt": "pt-br"}
        rows = [processor.tokenizer(SENTENCES[code], language=tags.get(code, code)) for code in codes]
        device = model.device

        def padded(key: str) -> Tensor:
            values = [torch.as_tensor(row[key]).long().reshape(-1) for row in rows]
            return torch.nn.utils.rnn.pad_sequence(values, batch_first=True).to(device)

        self.model, self.pitch_level = model, pitch_level
        self.input_ids, self.language_ids = padded("input_ids"), padded("language_ids")
        lengths = torch.tensor([torch.as_tensor(row["input_ids"]).numel() for row in rows], device=device)
        self.token_mask = length_mask(lengths, self.input_ids.shape[1])
        with torch.no_grad():
            output = model.model(
                self.input_ids,
                attention_mask=self.token_mask,
                language_ids=self.language_ids,
                style=style.expand(len(rows), -1),
                noise_scale=0.0,
                duration_noise_scale=0.0,
                return_dict=True,
            )
            self.durations, self.pitch, self.energy = output.durations, output.pitch, output.energy
            self.index = expansion_index(self.durations)
            self.frame_mask = length_mask(output.frame_lengths, self.index.shape[1])
            self.mean, self.log_scale, self.log_durations, _ = self._read(style)

    def _read(self, style: Tensor) -> tuple[Tensor, Tensor, Tensor, Any]:
        network, config = self.model.model, self.model.config
        style = style.expand(len(self.input_ids), -1)
        hidden_states = network.text_encoder(self.input_ids, self.language_ids, style, self.token_mask)
        noise = hidden_states.new_zeros(*hidden_states.shape[:2], config.duration.noise_size)
        log_durations = network.duration_predictor(hidden_states, style, self.token_mask, noise)
        states = network.frame_embedding(
            expand_tokens(hidden_states, self.index), position_in_token(self.durations, self.index)
        )
        token_mean, _ = network.token_prior(hidden_states)
        features = prosody_features(self.pitch, self.energy, config.prosody)
        expanded = expand_tokens(token_mean, self.index)
        mean, log_scale = network.frame_prior(states, features, expanded, style, self.frame_mask)
        prosody = None
        if self.pitch_level is not None:
            prosody = network.prosody_predictor(states, style, self.frame_mask)
        return mean, log_scale, log_durations, prosody

    def losses(self, style: Tensor) -> dict[str, Tensor]:
        """Unweighted distances: "preservation" (nats per frame and channel), "pace" (squared log ratio of the lengths of
        single sounds, their common change left out) and, with a pitch level, "pitch_level" (octaves)."""
        mean, log_scale, log_durations, prosody = self._read(style)
        # KL divergence from the prior as it was to the prior as it is
        ratio = 2 * (self.log_scale - log_scale)
        distance = (self.mean - mean).square() * torch.exp(-2 * log_scale)
        losses = {"preservation": masked_mean(0.5 * (ratio.exp() + distance - 1 - ratio), self.frame_mask)}
        change = log_durations - self.log_durations
        losses["pace"] = masked_mean((change - masked_mean(change, self.token_mask)).square(), self.token_mask)
        if prosody is not None:
            voiced = self.frame_mask & (self.pitch > 0)
            level = masked_mean(prosody.log_pitch, voiced)
            losses["pitch_level"] = (level - self.pitch_level).abs() / math.log(2)
        return losses
