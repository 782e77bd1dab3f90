"""One optimisation step of VITS2 training: discriminators, then generator, under Accelerate.

`PretrainState` holds everything that a checkpoint must carry; `pretrain_step` advances it by one batch.
"""

import math
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.alignment import annealed_noise_scale
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.ema import ExponentialMovingAverage
from valetts_hf.training.losses import (
    discriminator_loss,
    duration_discriminator_loss,
    duration_generator_loss,
    feature_matching_loss,
    generator_loss,
)
from valetts_hf.training.objective import GeneratorObjective, GeneratorPass
from valetts_hf.training.recipe import PretrainRecipe


@dataclass
class PretrainState:
    """All that changes during a run."""

    objective: nn.Module
    discriminator: nn.Module
    duration_discriminator: nn.Module
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    ema: ExponentialMovingAverage
    step: int = 0

    def objects(self, accelerator: Accelerator) -> dict:
        """Named parts with a `state_dict`, for `save_run_state` and `load_run_state`."""
        return {
            "generator": accelerator.unwrap_model(self.objective).model,
            "discriminator": accelerator.unwrap_model(self.discriminator),
            "duration_discriminator": accelerator.unwrap_model(self.duration_discriminator),
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "ema": self.ema,
        }


def build_state(recipe: PretrainRecipe, accelerator: Accelerator, model: ValeTTSForSpeech) -> PretrainState:
    """Discriminators, optimizers and the moving average around a model, prepared by Accelerate."""
    objective = GeneratorObjective(model, recipe.segment_frames, recipe.prior_share)
    discriminator = Discriminator(discriminator_preset(recipe.discriminator))
    duration_discriminator = DurationDiscriminator(model.config.hidden_size)
    settings = {"betas": recipe.betas, "weight_decay": recipe.weight_decay, "eps": 1e-8, "fused": True}
    judges = [*discriminator.parameters(), *duration_discriminator.parameters()]
    generator_optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, **settings)
    discriminator_optimizer = torch.optim.AdamW(judges, lr=recipe.discriminator_learning_rate, **settings)
    ema = ExponentialMovingAverage(model, recipe.ema_decay)
    prepared = accelerator.prepare(
        objective, discriminator, duration_discriminator, generator_optimizer, discriminator_optimizer
    )
    return PretrainState(*prepared, ema=ema)


def learning_rate_factor(step: int, recipe: PretrainRecipe) -> float:
    """Linear warm-up to 1, then a cosine down to `final_learning_rate` at `max_steps`."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    progress = min((step - recipe.warmup_steps) / max(recipe.max_steps - recipe.warmup_steps, 1), 1.0)
    floor = recipe.final_learning_rate
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = value


def pretrain_step(
    state: PretrainState, batch: TrainingBatch, recipe: PretrainRecipe, accelerator: Accelerator
) -> dict[str, Tensor]:
    """Advance by one batch. Returns the unweighted losses (detached scalars)."""
    factor = learning_rate_factor(state.step, recipe)
    set_learning_rate(state.generator_optimizer, recipe.learning_rate * factor)
    set_learning_rate(state.discriminator_optimizer, recipe.discriminator_learning_rate * factor)
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.step * 1009 + accelerator.process_index)
    adversarial = state.step >= recipe.adversarial_start
    search_noise = None
    if 0 <= recipe.alignment_search_start <= state.step:
        search_noise = annealed_noise_scale(state.step - recipe.alignment_search_start)
    with accelerator.autocast():
        output: GeneratorPass = state.objective(batch, generator, search_noise)
        if adversarial:
            output.losses |= _discriminator_step(state, batch, output, accelerator)
            output.losses |= _adversarial_losses(state, batch, output)
        weights = recipe.loss_weights
        total = sum(getattr(weights, name) * loss for name, loss in output.losses.items() if hasattr(weights, name))
    state.generator_optimizer.zero_grad()
    accelerator.backward(total)
    norm = accelerator.clip_grad_norm_(state.objective.parameters(), recipe.clip_norm)
    if not torch.isfinite(torch.as_tensor(norm)):
        raise FloatingPointError(
            f"the generator's gradient is not finite at step {state.step}: lower the learning rate or use mixed_precision: no"
        )
    state.generator_optimizer.step()
    state.ema.update(accelerator.unwrap_model(state.objective).model)
    state.step += 1
    return {name: loss.detach() for name, loss in output.losses.items()} | {"gradient_norm": torch.as_tensor(norm)}


def _discriminator_step(
    state: PretrainState, batch: TrainingBatch, output: GeneratorPass, accelerator: Accelerator
) -> dict[str, Tensor]:
    """Train the judges on detached speech and durations."""
    _freeze(state, False)
    real, _ = state.discriminator(output.target)
    generated, _ = state.discriminator(output.generated.detach())
    waveform_loss = discriminator_loss(real, generated)
    hidden_states = output.hidden_states.detach()
    duration_loss = duration_discriminator_loss(
        state.duration_discriminator(hidden_states, output.log_durations, batch.token_mask),
        state.duration_discriminator(hidden_states, output.predicted_log_durations.detach(), batch.token_mask),
        batch.token_mask,
    )
    state.discriminator_optimizer.zero_grad()
    accelerator.backward(waveform_loss + duration_loss)
    state.discriminator_optimizer.step()
    return {"judge_waveform": waveform_loss.detach(), "judge_duration": duration_loss.detach()}


def _adversarial_losses(state: PretrainState, batch: TrainingBatch, output: GeneratorPass) -> dict[str, Tensor]:
    """What the judges, frozen, say of the generator's speech and durations."""
    _freeze(state, True)  # else the generator's gradients would leak into the judges' next step
    with torch.no_grad():
        _, real_maps = state.discriminator(output.target)
    scores, maps = state.discriminator(output.generated)
    duration_scores = state.duration_discriminator(
        output.hidden_states.detach(), output.predicted_log_durations, batch.token_mask
    )
    return {
        "adversarial": generator_loss(scores),
        "feature_matching": feature_matching_loss(real_maps, maps),
        "duration_adversarial": duration_generator_loss(duration_scores, batch.token_mask),
    }


def _freeze(state: PretrainState, frozen: bool) -> None:
    for module in (state.discriminator, state.duration_discriminator):
        module.requires_grad_(not frozen)
