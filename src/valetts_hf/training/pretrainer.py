"""One optimisation step of VITS2 training: discriminators, then generator, under Accelerate.

`PretrainState` holds everything that a checkpoint must carry; `pretrain_step` advances it by one step. All randomness
of a step (dropout, posterior noise, segments) follows from the seed and the number of the pass, so that a resumed run
continues exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.alignment import annealed_noise_scale
from valetts_hf.training.data.batches import TrainingBatch
from valetts_hf.training.discriminators import Discriminator, discriminator_preset
from valetts_hf.training.duration_discriminator import DurationDiscriminator
from valetts_hf.training.ema import ExponentialMovingAverage
from valetts_hf.training.fast_path import allow_tf32, begin_step, compile_fixed_shapes
from valetts_hf.training.losses import (
    discriminator_loss,
    duration_discriminator_loss,
    duration_generator_loss,
    feature_matching_loss,
    generator_loss,
)
from valetts_hf.training.objective import GeneratorObjective, GeneratorPass
from valetts_hf.training.recipe import PretrainRecipe
from valetts_hf.training.run.sharding import WholeState, check_supported, gathered, register_output, shard, sharded
from valetts_hf.training.smooth_gains import SmoothGains


@dataclass
class PretrainState:
    """All that changes during a run."""

    objective: nn.Module
    discriminator: nn.Module
    duration_discriminator: nn.Module
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    ema: ExponentialMovingAverage
    smooth_gains: SmoothGains | None = None
    step: int = 0

    def objects(self, accelerator: Accelerator) -> dict:
        """Named parts with a `state_dict`, for `save_run_state` and `load_run_state`."""
        parts = {
            "generator": self.generator(accelerator),
            "discriminator": accelerator.unwrap_model(self.discriminator),
            "duration_discriminator": accelerator.unwrap_model(self.duration_discriminator),
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        if sharded(accelerator):
            parts = {name: WholeState(part) for name, part in parts.items()}
        return parts | {"ema": self.ema}

    def generator(self, accelerator: Accelerator) -> ValeTTSForSpeech:
        """The model that learns, without its wrappers."""
        return accelerator.unwrap_model(self.objective).model

    def networks(self) -> tuple[nn.Module, ...]:
        """Those whose gradients processes exchange."""
        return self.objective, self.discriminator, self.duration_discriminator


def build_state(recipe: PretrainRecipe, accelerator: Accelerator, model: ValeTTSForSpeech) -> PretrainState:
    """Discriminators, optimizers and the moving average around a model, prepared for one or many processes."""
    check_supported(accelerator)
    objective = GeneratorObjective(model, recipe.segment_frames, recipe.prior_share)
    discriminator = Discriminator(discriminator_preset(recipe.discriminator))
    duration_discriminator = DurationDiscriminator(model.config.hidden_size)
    compile_fixed_shapes([model.decoder, discriminator], recipe.compile)
    allow_tf32(recipe.tf32)
    if recipe.smooth_gains and sharded(accelerator):
        raise ValueError("smooth_gains needs the decoder's head in one piece: train with DDP, or leave it out")
    smooth_gains = SmoothGains(model) if recipe.smooth_gains else None
    networks = (objective, discriminator, duration_discriminator)
    if sharded(accelerator):
        register_output(GeneratorPass)
        networks = tuple(shard(network, accelerator) for network in networks)
    else:
        networks = accelerator.prepare(*networks)
    objective, discriminator, duration_discriminator = networks
    settings = {"betas": recipe.betas, "weight_decay": recipe.weight_decay, "eps": 1e-8, "fused": True}
    judges = [*discriminator.parameters(), *duration_discriminator.parameters()]
    optimizers = accelerator.prepare(
        torch.optim.AdamW(objective.parameters(), lr=recipe.learning_rate, **settings),
        torch.optim.AdamW(judges, lr=recipe.discriminator_learning_rate, **settings),
    )
    # After the model has reached its device, so that the average lives there too.
    ema = ExponentialMovingAverage(accelerator.unwrap_model(objective).model, recipe.ema_decay)
    return PretrainState(*networks, *optimizers, ema=ema, smooth_gains=smooth_gains)


def apply_recipe(state: PretrainState, recipe: PretrainRecipe) -> None:
    """Give a state that was just loaded the recipe's settings, which loading replaces by the checkpoint's."""
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        for group in optimizer.param_groups:
            group["betas"], group["weight_decay"] = recipe.betas, recipe.weight_decay
    state.ema.decay = recipe.ema_decay


def learning_rate_factor(step: int, recipe: PretrainRecipe) -> float:
    """Linear warm-up to 1, a plateau, and a cosine down to `final_learning_rate` at `max_steps`; see the recipe."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    start = recipe.warmup_steps
    if recipe.decay_steps >= 0:
        start = max(start, recipe.max_steps - recipe.decay_steps)
    if step < start or recipe.decay_steps == 0:
        return 1.0
    progress = min((step - start) / max(recipe.max_steps - start, 1), 1.0)
    floor = recipe.final_learning_rate
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def learning_rates(step: int, recipe: PretrainRecipe) -> tuple[float, float]:
    """Learning rates of generator and discriminators at a step."""
    factor = learning_rate_factor(step, recipe)
    return recipe.learning_rate * factor, recipe.discriminator_learning_rate * factor


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = value


def pretrain_step(
    state: PretrainState,
    batches: TrainingBatch | Sequence[TrainingBatch],
    recipe: PretrainRecipe,
    accelerator: Accelerator,
) -> dict[str, Tensor]:
    """Advance by one step.

    Args:
        state: the run, changed in place.
        batches: those of `pass_numbers`: one, or several whose gradients are averaged into this step (gradient accumulation). The judges
            then see all of them before the generator is judged, just as in one large batch, for the price of a second
            pass of the generator without gradients.
        recipe: the numbers.
        accelerator: the one that prepared the state.

    Returns:
        `dict[str, Tensor]`: unweighted losses and `gradient_norm`, detached scalars, means over the batches.

    Raises:
        FloatingPointError: if the generator's gradient is not finite.
    """
    batches = [batches] if isinstance(batches, TrainingBatch) else list(batches)
    begin_step(recipe.compile)
    for optimizer, rate in zip(
        (state.generator_optimizer, state.discriminator_optimizer), learning_rates(state.step, recipe), strict=True
    ):
        set_learning_rate(optimizer, rate)
    numbers = pass_numbers(state.step, len(batches), accelerator)
    draws = [partial(seeded_generator, pass_seed(recipe.seed, number), accelerator.device) for number in numbers]

    def check(norm: float | Tensor) -> None:
        check_gradient(norm, state.step, accelerator)

    losses = move_weights(state, batches, draws, recipe, accelerator, check)
    count_step(state, accelerator)
    return losses


def move_weights(
    state: PretrainState,
    batches: Sequence[TrainingBatch],
    draws: Sequence[Callable[[], torch.Generator]],
    recipe: PretrainRecipe,
    accelerator: Accelerator,
    check: Callable[[float | Tensor], None],
) -> dict[str, Tensor]:
    """The part of a step that the device does: both turns, from batches to moved weights.

    Args:
        draws: for every batch what gives the generator of its noise, and seeds the dropout; called before each pass.
        check: sees the norm of the generator's gradient before its weights move.

    Returns:
        `dict[str, Tensor]`: as `pretrain_step`.
    """
    adversarial = state.step >= recipe.adversarial_start
    logged: list[dict[str, Tensor]] = [{} for _ in batches]

    kept: GeneratorPass | None = None
    if adversarial:
        _freeze(state, False)
        state.discriminator_optimizer.zero_grad()
        for index, batch in enumerate(batches):
            with torch.set_grad_enabled(len(batches) == 1):
                output = _forward(state, batch, draws[index], recipe, accelerator)
            judged = _judged_rows(batch, recipe.judged_share)
            last = index == len(batches) - 1
            with _accumulating(accelerator, last, state.discriminator, state.duration_discriminator):
                with accelerator.autocast():
                    losses = _judges_losses(state, batch, output, judged)
                accelerator.backward(sum(losses.values()) / len(batches))
            logged[index] |= losses
        state.discriminator_optimizer.step()
        kept = output if len(batches) == 1 else None
        _freeze(state, True)  # else the generator's gradients would leak into the judges' next step

    state.generator_optimizer.zero_grad()
    for index, batch in enumerate(batches):
        with _accumulating(accelerator, index == len(batches) - 1, state.objective):
            output = _forward(state, batch, draws[index], recipe, accelerator) if kept is None else kept
            losses = output.losses
            if adversarial:
                judged = _judged_rows(batch, recipe.judged_share)
                with accelerator.autocast():
                    losses |= _adversarial_losses(state, batch, output, judged, accelerator)
            accelerator.backward(_weighted(losses, recipe) / len(batches))
        logged[index] |= losses
    norm = gathered(accelerator.clip_grad_norm_(state.objective.parameters(), recipe.clip_norm))
    check(norm)
    state.generator_optimizer.step()
    if state.smooth_gains is not None:
        state.smooth_gains.apply()
    means = {name: torch.stack([losses[name].detach() for losses in logged]).mean() for name in logged[0]}
    return means | {"gradient_norm": torch.as_tensor(norm)}


def count_step(state: PretrainState, accelerator: Accelerator) -> None:
    """What follows once the weights of a step have moved."""
    state.ema.update(state.generator(accelerator))
    state.step += 1


def check_gradient(norm: float | Tensor, step: int, accelerator: Accelerator) -> None:
    """Raise a FloatingPointError if the norm of the generator's gradient is not finite.

    With fp16 the loss scaler meets such gradients now and then, and skips them.
    """
    if accelerator.scaler is None and not torch.isfinite(torch.as_tensor(norm)):
        raise FloatingPointError(
            f"the generator's gradient is not finite at step {step}: lower the learning rate or use mixed_precision: no"
        )


def pass_numbers(step: int, passes: int, accelerator: Accelerator) -> list[int]:
    """Numbers of this process's passes in a step, counted over all steps and processes.

    A batch and everything drawn on it follow from its number, so that two processes do what one does that accumulates
    two passes, up to rounding.
    """
    first = step * passes * accelerator.num_processes + accelerator.process_index
    return [first + index * accelerator.num_processes for index in range(passes)]


def pass_seed(seed: int, number: int) -> int:
    """Seed of everything drawn in pass `number` of a run with `seed`, in [0, 2 ** 63)."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)


def _forward(
    state: PretrainState,
    batch: TrainingBatch,
    draw: Callable[[], torch.Generator],
    recipe: PretrainRecipe,
    accelerator: Accelerator,
) -> GeneratorPass:
    """The generator's pass over a batch."""
    generator = draw()
    search_noise = None
    if 0 <= recipe.alignment_search_start <= state.step:
        search_noise = annealed_noise_scale(state.step - recipe.alignment_search_start)
    # A context of its own, since autocast keeps casts of weights: those of a pass without gradients, or from before an
    # optimizer's step, must not be met again.
    with accelerator.autocast():
        return state.objective(batch, generator, search_noise)


def seeded_generator(seed: int, device: torch.device) -> torch.Generator:
    """A generator of the seed; everything drawn without one (dropout) follows from the seed, too."""
    torch.manual_seed(seed)
    return torch.Generator(device=device).manual_seed(seed)


def _weighted(losses: dict[str, Tensor], recipe: PretrainRecipe) -> Tensor:
    weights = recipe.loss_weights
    return sum(getattr(weights, name) * loss for name, loss in losses.items() if hasattr(weights, name))


def _judged_rows(batch: TrainingBatch, share: float) -> slice | Tensor:
    """The rows whose waveforms the judges see: all, or evenly spread ones."""
    rows = len(batch.waveform)
    if share == 1:
        return slice(None)
    count, device = max(round(rows * share), 1), batch.waveform.device
    return torch.linspace(0, rows - 1, count, device=device).round().long()


def _judges_losses(
    state: PretrainState, batch: TrainingBatch, output: GeneratorPass, judged: slice | Tensor
) -> dict[str, Tensor]:
    """What the judges learn from: recorded and detached generated speech and durations."""
    # in one pass: half the kernel launches, and one exchange of gradients between processes
    scores, _ = state.discriminator(torch.cat([output.target[judged], output.generated[judged].detach()]))
    real, generated = zip(*(score.chunk(2) for score in scores), strict=True)
    hidden_states = output.hidden_states.detach()
    duration_loss = duration_discriminator_loss(
        state.duration_discriminator(hidden_states, output.log_durations, output.token_mask),
        state.duration_discriminator(hidden_states, output.predicted_log_durations.detach(), output.token_mask),
        output.token_mask,
    )
    return {"judge_waveform": discriminator_loss(real, generated), "judge_duration": duration_loss}


def _adversarial_losses(
    state: PretrainState,
    batch: TrainingBatch,
    output: GeneratorPass,
    judged: slice | Tensor,
    accelerator: Accelerator,
) -> dict[str, Tensor]:
    """What the judges, frozen, say of the generator's speech and durations."""
    # Without the wrapper of DDP, which would wait for gradients of the judges that never come.
    discriminator = accelerator.unwrap_model(state.discriminator)
    duration_discriminator = accelerator.unwrap_model(state.duration_discriminator)
    with torch.no_grad():
        _, real_maps = discriminator(output.target[judged])
    scores, maps = discriminator(output.generated[judged])
    duration_scores = duration_discriminator(
        output.hidden_states.detach(), output.predicted_log_durations, output.token_mask
    )
    return {
        "adversarial": generator_loss(scores),
        "feature_matching": feature_matching_loss(real_maps, maps),
        "duration_adversarial": duration_generator_loss(duration_scores, output.token_mask),
    }


@contextmanager
def _accumulating(accelerator: Accelerator, last: bool, *modules: nn.Module) -> Iterator[None]:
    """Gradients stay on their process until the last pass of a step; shards exchange theirs every time."""
    if last or sharded(accelerator):
        yield
        return
    module, *others = modules
    with accelerator.no_sync(module):
        if others:
            with _accumulating(accelerator, last, *others):
                yield
        else:
            yield


def _freeze(state: PretrainState, frozen: bool) -> None:
    for module in (state.discriminator, state.duration_discriminator):
        module.requires_grad_(not frozen)
