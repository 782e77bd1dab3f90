"""One optimisation step of vocoder training: discriminators, then generator, as in BigVGAN (arXiv 2206.04658, section 4).

All randomness of a step follows from the seed and the number of the pass, so that a resumed run continues exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.modeling.vocoder import ValeTTSVocoder
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.ema import ExponentialMovingAverage
from valetts_hf.training.fast_path import allow_tf32, begin_step, compile_fixed_shapes
from valetts_hf.training.losses import discriminator_loss, feature_matching_loss, generator_loss
from valetts_hf.training.pretrainer import (
    check_gradient,
    learning_rate_factor,
    pass_numbers,
    pass_seed,
    set_learning_rate,
)
from valetts_hf.training.run.sharding import sharded
from valetts_hf.training.vocoder.vocoder_objective import DecoderObjective, VocoderObjective, WaveformPass
from valetts_hf.training.vocoder.vocoder_recipe import VocoderRecipe


@dataclass
class VocoderState:
    """All that changes during a run."""

    objective: nn.Module
    discriminator: nn.Module
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    ema: ExponentialMovingAverage
    step: int = 0

    def objects(self, accelerator: Accelerator) -> dict[str, Any]:
        """Named parts with a `state_dict`, for `save_run_state` and `load_run_state`; what is frozen stays out."""
        return {
            "generator": self.generator(accelerator),
            "discriminator": accelerator.unwrap_model(self.discriminator),
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "ema": self.ema,
        }

    def generator(self, accelerator: Accelerator) -> nn.Module:
        """What learns, without its wrappers: the vocoder, or the decoder of a model."""
        model = accelerator.unwrap_model(self.objective).model
        return model.decoder if isinstance(model, ValeTTSForSpeech) else model

    def networks(self) -> tuple[nn.Module, ...]:
        """Those whose gradients processes exchange."""
        return self.objective, self.discriminator


def build_vocoder_state(
    recipe: VocoderRecipe, accelerator: Accelerator, model: ValeTTSVocoder | ValeTTSForSpeech
) -> VocoderState:
    """Objective, discriminators, optimizers and the moving average around a model.

    Raises:
        ValueError: sharded training (FSDP), which is for networks that do not fit one card.
    """
    if sharded(accelerator):
        raise ValueError("vocoder training knows data parallelism only: run it without FSDP")
    if isinstance(model, ValeTTSForSpeech):
        learns: nn.Module = model.decoder
        objective: nn.Module = DecoderObjective(
            model, recipe.segment_frames, recipe.prior_share, recipe.context_frames
        )
    else:
        learns, objective = model, VocoderObjective(model)
    discriminator = Discriminator(discriminator_preset(recipe.discriminator))
    compile_fixed_shapes([learns, discriminator], recipe.compile)
    allow_tf32(recipe.tf32)
    objective, discriminator = accelerator.prepare(objective, discriminator)
    settings = {"betas": recipe.betas, "weight_decay": recipe.weight_decay, "eps": 1e-8, "fused": True}
    optimizers = accelerator.prepare(
        torch.optim.AdamW(learns.parameters(), lr=recipe.learning_rate, **settings),
        torch.optim.AdamW(discriminator.parameters(), lr=recipe.discriminator_learning_rate, **settings),
    )
    state = VocoderState(objective, discriminator, *optimizers, ema=None)
    state.ema = ExponentialMovingAverage(state.generator(accelerator), recipe.ema_decay)
    return state


def vocoder_step(
    state: VocoderState, batches: Sequence[TrainingBatch], recipe: VocoderRecipe, accelerator: Accelerator
) -> dict[str, Tensor]:
    """Advance by one step.

    Args:
        state: the run, changed in place.
        batches: those of `pass_numbers`, whose gradients are averaged into this step.
        recipe: the numbers.
        accelerator: the one that prepared the state.

    Returns:
        `dict[str, Tensor]`: unweighted losses, `gradient_norm` and `judge_gradient_norm`, detached scalars, means over the
        batches.

    Raises:
        FloatingPointError: if the generator's gradient is not finite.
    """
    begin_step(recipe.compile)
    factor = learning_rate_factor(state.step, recipe)
    set_learning_rate(state.generator_optimizer, recipe.learning_rate * factor)
    set_learning_rate(state.discriminator_optimizer, recipe.discriminator_learning_rate * factor)
    numbers = pass_numbers(state.step, len(batches), accelerator)
    adversarial = state.step >= recipe.adversarial_start
    logged: list[dict[str, Tensor]] = [{} for _ in batches]
    norms: dict[str, Tensor] = {}
    kept: WaveformPass | None = None
    if adversarial:
        state.discriminator.requires_grad_(True)
        state.discriminator_optimizer.zero_grad()
        for index, batch in enumerate(batches):
            with torch.set_grad_enabled(len(batches) == 1):
                output = _forward(state, batch, numbers[index], recipe, accelerator)
            with accelerator.autocast():
                both = torch.cat([output.target, output.generated.detach()])
                scores, _ = state.discriminator(both)
                loss = discriminator_loss(*zip(*(score.chunk(2) for score in scores), strict=True))
            accelerator.backward(loss / len(batches))
            logged[index]["judge_waveform"] = loss
        norm = accelerator.clip_grad_norm_(state.discriminator.parameters(), recipe.judge_clip_norm)
        norms["judge_gradient_norm"] = torch.as_tensor(norm)
        state.discriminator_optimizer.step()
        kept = output if len(batches) == 1 else None
        state.discriminator.requires_grad_(False)  # else the generator's gradients would leak into the next step
    state.generator_optimizer.zero_grad()
    for index, batch in enumerate(batches):
        output = kept or _forward(state, batch, numbers[index], recipe, accelerator)
        losses = dict(output.losses)
        if adversarial:
            with accelerator.autocast():
                losses |= _judgement(accelerator.unwrap_model(state.discriminator), output)
        weights = recipe.loss_weights
        total = sum(getattr(weights, name) * loss for name, loss in losses.items())
        accelerator.backward(total / len(batches))
        logged[index] |= losses
    norm = accelerator.clip_grad_norm_(state.generator(accelerator).parameters(), recipe.clip_norm)
    check_gradient(norm, state.step, accelerator)
    state.generator_optimizer.step()
    state.ema.update(state.generator(accelerator))
    state.step += 1
    means = {name: torch.stack([losses[name].detach() for losses in logged]).mean() for name in logged[0]}
    return means | norms | {"gradient_norm": torch.as_tensor(norm)}


def _judgement(discriminator: nn.Module, output: WaveformPass) -> dict[str, Tensor]:
    """What the judges, frozen, say of the generated waveforms."""
    with torch.no_grad():
        _, real_maps = discriminator(output.target)
    scores, maps = discriminator(output.generated)
    return {"adversarial": generator_loss(scores), "feature_matching": feature_matching_loss(real_maps, maps)}


def _forward(
    state: VocoderState, batch: TrainingBatch, number: int, recipe: VocoderRecipe, accelerator: Accelerator
) -> WaveformPass:
    """The generator's pass over a batch; called again with the same number, it draws the same."""
    seed = pass_seed(recipe.seed, number)
    torch.manual_seed(seed)
    with accelerator.autocast():
        return state.objective(batch, torch.Generator(device=accelerator.device).manual_seed(seed))
