"""The run of a few-shot adaptation: steps, judgements, the best so far.

The model itself is never changed: adaptation works on a private copy of it, so other threads may go on speaking. What it
minimises is in `adaptation_objective.py`. H width of the style vector.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation.adaptation_objective import PriorPreservation, SupportObjective
from valetts_hf.training.adaptation.judgement import discriminator_beside
from valetts_hf.training.adaptation.settings import AdaptationSettings, load_settings
from valetts_hf.training.adaptation.start import Start
from valetts_hf.training.adaptation.support import Support, SupportWindows
from valetts_hf.training.adaptation.transcript_alignment import align_support
from valetts_hf.voices.adapters import (
    adapter_config,
    adapter_parameters,
    adapter_state,
    attach_adapter,
    attached_adapters,
    detach_adapter,
    load_adapter_state,
)


if TYPE_CHECKING:
    from peft import PeftConfig


ADAPTER = "adapted"
_EVALUATION_SEED = 7_777_777


@dataclass
class AdaptationProgress:
    """What the progress callback is told, once before the first step and after every step.

    Args:
        step, max_steps (`int`): steps done, and at most to do.
        losses (`dict[str, float]`): unweighted losses of the step.
        held_out_loss (`float`, *optional*): of the last judgement.
        best_step (`int`): the step that would be kept now.
    """

    step: int
    max_steps: int
    losses: dict[str, float]
    held_out_loss: float | None
    best_step: int


@dataclass
class Adaptation:
    """The result.

    Args:
        style (`Tensor` [H]): the adapted style vector.
        adapter (pair of PEFT configuration and weights, *optional*): None if no step was taken or none helped, and there was
            none to start from.
        steps, best_step (`int`): steps taken, and the one that is kept.
        held_out_losses (`dict[int, float]`): judgement by step.
        alignment_costs (`dict[str, float]`): of the transcripts by clip.
        interrupted (`bool`): Ctrl-C ended it.
        seconds (`float`): wall time.
        notes (`list[str]`): what the user should know.
        clips (`list[str]`): names of the clips that were used.
        language (`str`, *optional*): the one most of the transcripts are in.
    """

    style: Tensor
    adapter: tuple[PeftConfig, dict[str, Tensor]] | None
    steps: int = 0
    best_step: int = 0
    held_out_losses: dict[int, float] = field(default_factory=dict)
    alignment_costs: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    clips: list[str] = field(default_factory=list)
    language: str | None = None


@torch.no_grad()
def mean_style(model: ValeTTSForSpeech, support: Support) -> Tensor:
    """Style [H] of a support: the mean over its clips, weighted by their length."""
    styles = torch.stack([model.encode_style(clip.mel[None].to(model.device))[0] for clip in support.clips])
    weights = torch.tensor([float(clip.frames) for clip in support.clips], device=styles.device)
    return (styles * (weights / weights.sum())[:, None]).sum(dim=0).float()


def private_copy(model: ValeTTSForSpeech) -> ValeTTSForSpeech:
    """A copy of a model in float32, without adapters, with frozen parameters, ready to be adapted."""
    copied = copy.deepcopy(model)
    for name in attached_adapters(copied):
        detach_adapter(copied, name)
    copied.float().eval().requires_grad_(False)
    copied.decoder.train()  # what it adds at inference is not to be learned around; it has no dropout
    return copied


def adapt(
    model: ValeTTSForSpeech,
    processor: Any,
    support: Support,
    *,
    language: str | None = None,
    settings: AdaptationSettings | Mapping[str, Any] | str | Path | None = None,
    start: Start | None = None,
    check_transcripts: bool = True,
    progress: Callable[[AdaptationProgress], Any] | None = None,
    snapshots: Sequence[int] = (),
    on_snapshot: Callable[[int, Tensor, dict[str, Tensor]], Any] | None = None,
) -> Adaptation:
    """Adapt to a voice; [`adapt_voice`] makes a [`Voice`] of the result.

    Args:
        model, processor, language, settings, check_transcripts, progress: as in [`adapt_voice`].
        support: see [`prepare_support`].
        start ([`Start`], *optional*): what to start from instead of an adapter that changes nothing.
        snapshots (sequence of `int`), on_snapshot (*optional*): called as `on_snapshot(step, style, adapter weights)` after
            each of these steps; for measurements.
    """
    settings = load_settings(settings)
    began = time.monotonic()
    copied = private_copy(model)
    first_style = mean_style(copied, support)
    costs = align_support(copied, support, first_style, check_transcripts, settings.seed)
    adapter = None
    if start is not None:
        adapter = (start.config, dict(start.weights))
        if start.style_offset is not None:
            first_style = first_style + start.style_offset.to(first_style)
    result = Adaptation(first_style.cpu(), adapter, alignment_costs=costs, notes=support.notes)
    result.clips = [clip.name for clip in support.clips]
    result.language = _language_of(support, model.config.languages)
    if settings.max_steps:
        with torch.random.fork_rng(devices=[]):
            discriminator, missing = discriminator_beside(model) if settings.judged else (None, None)
            torch.manual_seed(settings.seed)  # the adapter's first weights
            run = _Run(copied, processor, support, first_style, settings, language, start, discriminator)
        if missing is not None:
            result.notes.append(f"adapted without discriminators, which keep the sound crisp: {missing}")
        run.train(result, progress, set(snapshots), on_snapshot)
    result.seconds = time.monotonic() - began
    return result


def _language_of(support: Support, languages: Sequence[str]) -> str | None:
    tokens = [clip.language_ids for clip in support.clips if clip.language_ids is not None]
    return languages[int(torch.cat(tokens).mode().values)] if tokens else None


class _Run:
    """One adaptation under way: the trainable parts and the best of them so far."""

    def __init__(self, model, processor, support, first_style, settings, language, start, discriminator):
        self.model, self.settings = model, settings
        self.first_style = first_style
        voiced = torch.cat([clip.pitch[clip.pitch > 0] for clip in support.clips])
        untaught = not support.transcribed and len(voiced) > 0
        level = float(voiced.median()) if untaught else None
        self.preservation = PriorPreservation(model, processor, first_style, language, level)
        self.start = start
        self.config = start.config if start is not None else adapter_config(settings.preset, model, settings.method)
        self.parameters = attach_adapter(model, self.config, ADAPTER)
        if start is not None:
            load_adapter_state(model, ADAPTER, start.weights, "the adapter to start from")
        self.style = nn.Parameter(first_style.clone())
        self.objective = SupportObjective(model, settings.segment_frames, settings.prior_share, discriminator)
        self.judge = SupportObjective(model, settings.segment_frames, 1.0)
        self.windows = SupportWindows(
            support, settings.batch_size, settings.window_frames, settings.seed, model.config.hop_length, model.device
        )
        self.held_out = self.windows.held_out()
        if start is not None and start.rates is not None:
            self.optimizer, self.rates_at = self._descent(start)
        else:
            self.optimizer, self.rates_at = self._adamw()

    def _adamw(self) -> tuple[torch.optim.Optimizer, Callable[[int], list[float]]]:
        settings = self.settings
        rates = (settings.learning_rate, settings.style_learning_rate)
        groups = [
            {"params": self.parameters, "lr": rates[0], "weight_decay": settings.weight_decay},
            {"params": [self.style], "lr": rates[1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        return optimizer, lambda step: [rate * _factor(step, settings) for rate in rates]

    def _descent(self, start: Start) -> tuple[torch.optim.Optimizer, Callable[[int], list[float]]]:
        """Plain gradient descent at the rates that meta-training has learned, one for each tensor."""
        tensors = {"style": self.style, **adapter_parameters(self.model, ADAPTER)}
        optimizer = torch.optim.SGD([{"params": [value], "lr": 0.0} for value in tensors.values()])
        return optimizer, lambda step: start.rates_at(step, list(tensors))

    def train(self, result: Adaptation, progress, snapshots, on_snapshot) -> None:
        settings = self.settings
        last, best, since = None, math.inf, 0
        kept = (self.style.detach().clone(), result.adapter and result.adapter[1])
        losses: dict[str, float] = {}
        try:
            for step in range(settings.max_steps + 1):
                if step in snapshots and on_snapshot is not None:
                    on_snapshot(step, self.style.detach().cpu().clone(), adapter_state(self.model, ADAPTER))
                if step % settings.evaluate_every == 0 or step == settings.max_steps:
                    last = self._judge()
                    result.held_out_losses[step] = last
                    if last < best:
                        best, since = last, 0
                        result.best_step = step
                        changed = step > 0 or self.start is not None
                        kept = (self.style.detach().clone(), adapter_state(self.model, ADAPTER) if changed else None)
                    else:
                        since += 1
                if progress is not None:
                    progress(AdaptationProgress(step, settings.max_steps, losses, last, result.best_step))
                if step == settings.max_steps or since >= settings.patience:
                    break
                losses = self._step(step)
                result.steps = step + 1
        except KeyboardInterrupt:
            result.interrupted = True
            result.notes.append(
                f"interrupted after {result.steps} steps; the best so far, step {result.best_step}, is kept"
            )
        result.style = kept[0].cpu()
        result.adapter = None if kept[1] is None else (self.config, kept[1])
        if result.adapter is None and not result.interrupted:
            result.notes.append(
                "no step made the held-out speech better; the averaged style is kept without an adapter"
            )

    def _step(self, step: int) -> dict[str, float]:
        settings, weights = self.settings, self.settings.loss_weights
        for group, rate in zip(self.optimizer.param_groups, self.rates_at(step), strict=True):
            group["lr"] = rate
        batch, with_text = self.windows.learned(step)
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        losses = self.objective.support_losses(batch, self.style, with_text, generator)
        total = sum(getattr(weights, name) * loss for name, loss in losses.items())
        kept = self.preservation.losses(self.style)
        total = total + sum(getattr(settings, name) * loss for name, loss in kept.items())
        self.optimizer.zero_grad()
        total.backward()
        norm = nn.utils.clip_grad_norm_([*self.parameters, self.style], settings.clip_norm)
        if not bool(torch.isfinite(norm)):
            raise FloatingPointError(f"the gradient is not finite at step {step}: lower the learning rate")
        self.optimizer.step()
        return {name: float(loss.detach()) for name, loss in (losses | kept).items()}

    @torch.no_grad()
    def _judge(self) -> float:
        """Weighted spectral distance on what is held out, decoded from the prior where there is text."""
        weights = self.settings.loss_weights
        total, rows = 0.0, 0
        for batch, with_text in self.held_out or [self.windows.learned(_EVALUATION_SEED)]:
            generator = torch.Generator().manual_seed(_EVALUATION_SEED)
            losses = self.judge.support_losses(batch, self.style, with_text, generator)
            total += float(weights.mel * losses["mel"] + weights.stft * losses["stft"]) * len(batch.mel)
            rows += len(batch.mel)
        return total / rows


def _factor(step: int, settings: AdaptationSettings) -> float:
    """Linear warm-up to 1, then a cosine down to `final_learning_rate`."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    share = min((step - settings.warmup_steps) / max(settings.max_steps - settings.warmup_steps, 1), 1.0)
    floor = settings.final_learning_rate
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share))
