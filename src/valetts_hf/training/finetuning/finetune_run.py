"""A fine-tuning run: the loop, checkpoints and reports of pre-training around a checkpoint that exists already."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import Judges
from valetts_hf.training.data.batches import BatchMaker
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe
from valetts_hf.training.finetuning.growth import Growth
from valetts_hf.training.finetuning.parts import build_finetuning, finetune_step
from valetts_hf.training.pretrainer import PretrainState
from valetts_hf.training.run.pretrain_run import Evaluator, PretrainRun, make_batches
from valetts_hf.voices.adapters import adapter_config, adapter_state, attach_adapter


ADAPTER = "voice"


class FinetuneRun(PretrainRun):
    """One run in one folder.

    Args:
        recipe: the numbers.
        corpus: with durations and the checkpoint's own tokens; rehearsal included.
        weights (`np.ndarray` [N]): how likely each clip is drawn.
        model: the checkpoint, on the CPU; for the method "peft" an adapter is attached.
        folder: of the run.
        accelerator: from `make_accelerator`.
        judges: trained discriminators; None starts with fresh ones, which judge after `judge_warmup` steps.
        growth: what was added to the checkpoint's tables.
        evaluator (*optional*): called every `evaluate_every` steps.
    """

    def __init__(
        self,
        recipe: FinetuneRecipe,
        corpus: PackedCorpus,
        weights: np.ndarray,
        model: ValeTTSForSpeech,
        folder: str | Path,
        accelerator: Accelerator,
        judges: Judges | None = None,
        growth: Growth | None = None,
        evaluator: Evaluator | None = None,
    ) -> None:
        self.recipe: FinetuneRecipe = recipe
        self.warm, self.weights = judges is not None, weights
        self._judges, self._growth = judges, growth
        if judges is not None:
            recipe.discriminator = judges.preset  # sizes that the weights have
        if recipe.method == "peft":
            if growth is not None:
                raise ValueError("a new language changes the network's tables: it needs the method full, not peft")
            self._attach(model)
        super().__init__(recipe, corpus, model, folder, accelerator, evaluator)
        self._judges = None  # the state has them now

    def resume(self, where: str | Path = "latest", allow_changes: bool = False) -> Path | None:
        """Continue from a checkpoint, see `PretrainRun.resume`."""
        groups = self.state.generator_optimizer.param_groups
        protected = [parameter for group in groups if group["weight_decay"] == 0 for parameter in group["params"]]
        found = super().resume(where, allow_changes)
        if self.recipe.weight_decay:
            for group in self.state.generator_optimizer.param_groups:
                if any(parameter is kept for kept in protected for parameter in group["params"]):
                    group["weight_decay"] = 0.0
        return found

    def judges(self) -> Judges | None:
        """The discriminators as they are now; None if they have not learned enough to judge yet."""
        if not self.warm and self.state.step <= max(self.recipe.judge_warmup, self.recipe.adversarial_start):
            return None
        unwrap = self.accelerator.unwrap_model
        parts = (unwrap(self.state.discriminator), unwrap(self.state.duration_discriminator))
        return Judges(*(copy.deepcopy(part).cpu() for part in parts), preset=self.recipe.discriminator)

    def adapter(self, model: ValeTTSForSpeech) -> tuple:
        """PEFT configuration and weights of a model from `averaged_model`."""
        return model.peft_config[ADAPTER], adapter_state(model, ADAPTER)

    def _make_batches(self, model: ValeTTSForSpeech) -> BatchMaker:
        return make_batches(self.corpus, self.recipe, model, self.accelerator.device, self.weights)

    def _make_state(self, model: ValeTTSForSpeech) -> PretrainState:
        return build_finetuning(self.recipe, self.accelerator, model, self._judges, self._growth)

    def _step(self, batches: list) -> dict[str, torch.Tensor]:
        return finetune_step(self.state, batches, self.recipe, self.accelerator, self.warm)

    def _attach(self, model: ValeTTSForSpeech) -> None:
        attach_adapter(model, adapter_config(self.recipe.preset, method=self.recipe.adapter_method), ADAPTER)

    def _averaged(self, averages: dict[str, torch.Tensor] | None = None) -> ValeTTSForSpeech:
        if self.recipe.method == "full":
            return super()._averaged(averages)
        averages = averages if averages is not None else self.state.ema.state_dict()["average"]
        model = ValeTTSForSpeech(copy.deepcopy(self.config))
        with torch.random.fork_rng(devices=[]):
            self._attach(model)
        names = model.state_dict().keys()
        model.load_state_dict({name: value for name, value in averages.items() if name in names}, strict=False)
        return model
