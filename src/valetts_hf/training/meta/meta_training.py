"""Meta-training of ValeTTS: what a run holds, one outer step of it, and its result on the disk.

The result is a folder with the adapter to start from (PEFT files), the style offset, the inner learning rates and the
recipe: `load_meta_start` puts it on a model.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.batches import BatchMaker
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.data.pitch import HOP_LENGTH, SAMPLING_RATE
from valetts_hf.training.meta.episodes import Episode, EpisodeSampler, EpisodeTasks, corpus_tasks
from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.training.meta.meta_objective import (
    ADAPTER,
    AdaptationObjective,
    EpisodeBatches,
    episode_task,
    with_meta_adapter,
)
from valetts_hf.training.meta.outer import meta_step, step_weights
from valetts_hf.training.meta.recipe import MetaRecipe, meta_recipe_from
from valetts_hf.training.pretrainer import learning_rate_factor
from valetts_hf.voices.adapters import adapter_config, adapter_state, load_adapter_state, read_adapter, save_adapter


META_FILE, RECIPE_FILE = "meta.safetensors", "meta.json"


class TrainedTensors:
    """The tensors that meta-training changes, as a part of a checkpoint; the frozen model stays out of it."""

    def __init__(self, tensors: dict[str, Tensor]):
        self.tensors = tensors

    def state_dict(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.tensors.items()}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        if missing := set(self.tensors) ^ set(state):
            raise ValueError(f"the checkpoint is of another adapter: {sorted(missing)[:3]} differ")
        for name, value in self.tensors.items():
            value.copy_(state[name])


@dataclass
class MetaState:
    """All that a run needs; `step` and the parts named in `objects` change."""

    objective: AdaptationObjective
    learning_rates: InnerLearningRates
    optimizer: torch.optim.Optimizer
    step: int = 0

    def objects(self) -> dict[str, Any]:
        """Named parts with a `state_dict`, for `save_run_state` and `load_run_state`."""
        return {
            "start": TrainedTensors(self.objective.start()),
            "learning_rates": self.learning_rates,
            "optimizer": self.optimizer,
        }


def build_meta_state(
    recipe: MetaRecipe, model: ValeTTSForSpeech, device: torch.device | str = "cpu", config: Any = None
) -> MetaState:
    """Adapter (that of the recipe, or of a PEFT configuration), objective, learning rates and optimizer around a model."""
    config = config or adapter_config(recipe.preset, model, recipe.adapter_method)
    model = with_meta_adapter(model.to(device).float(), config, recipe.start_scale, recipe.seed)
    objective = AdaptationObjective(model, recipe.loss_weights, recipe.segment_frames, recipe.prior_share).to(device)
    start = objective.start()
    names = [name for name in start if recipe.method != "anil" or any(fnmatchcase(name, p) for p in recipe.head)]
    learned = recipe.learn_inner_rates and recipe.method != "reptile" and recipe.inner_steps > 0
    steps = max(recipe.inner_steps, 1) if recipe.per_step_rates else 1
    rates = InnerLearningRates(names, recipe.inner_learning_rates, steps, learned, recipe.max_inner_learning_rate)
    rates = rates.to(device)
    groups = [{"params": list(start.values()), "lr": recipe.learning_rate, "full": recipe.learning_rate}]
    if learned:
        groups.append(
            {
                "params": list(rates.parameters()),
                "lr": recipe.rates_learning_rate,
                "full": recipe.rates_learning_rate,
            }
        )
    return MetaState(objective, rates, torch.optim.Adam(groups, betas=(0.9, 0.99)))


def meta_train_step(
    state: MetaState,
    episodes: Sequence[Episode],
    batches: EpisodeBatches,
    recipe: MetaRecipe,
    accelerator: Accelerator,
) -> dict[str, Tensor]:
    """Advance by one meta-batch. Returns mean losses over its tasks and the gradient norm."""
    factor = learning_rate_factor(state.step, recipe)
    for group in state.optimizer.param_groups:
        group["lr"] = group["full"] * factor
    mine = range(accelerator.process_index, len(episodes), accelerator.num_processes)
    tasks = (
        episode_task(state.objective, batches, episodes[index], _task_seed(recipe.seed, state.step, index))
        for index in mine
    )
    span = recipe.multi_step_share * recipe.max_steps
    weights = step_weights(recipe.inner_steps, state.step / span if span else 1.0) if recipe.inner_steps else None
    losses = meta_step(
        tasks,
        state.objective.start(),
        state.learning_rates,
        recipe.inner_loop,
        state.optimizer,
        accelerator,
        len(episodes),
        weights,
        recipe.clip_norm,
    )
    state.step += 1
    return losses


def _task_seed(seed: int, step: int, index: int) -> int:
    return int(np.random.default_rng([seed, step, index]).integers(1 << 40))


def make_episodes(
    corpus: PackedCorpus, recipe: MetaRecipe, mel: LogMelSpectrogram, device: torch.device | str = "cpu"
) -> tuple[EpisodeSampler, EpisodeBatches, EpisodeTasks]:
    """Sampler and batches over the training clips of the speakers that are not held out; clips beyond the limit are left out."""
    wanted = recipe.support + recipe.query
    frames = round(recipe.max_clip_seconds * SAMPLING_RATE / HOP_LENGTH)
    found = corpus_tasks(corpus, ("train",), recipe.by_language, recipe.held_out, wanted, recipe.minimum_clips, frames)
    random = np.random.default_rng(recipe.seed)
    kept = np.sort(
        np.concatenate([random.permutation(task.clips)[: recipe.clips_per_speaker] for task in found.tasks])
    )
    corpus = corpus.select(kept)
    # the same tasks again, by the rows of the smaller corpus; who was left out is known already
    again = corpus_tasks(corpus, ("train",), recipe.by_language, (), wanted, recipe.minimum_clips)
    sampler = EpisodeSampler(again.tasks, recipe.support, recipe.query, recipe.tasks_per_batch, recipe.seed)
    return sampler, make_batches(corpus, recipe, mel, device), EpisodeTasks(again.tasks, found.notes)


def make_batches(
    corpus: PackedCorpus, recipe: MetaRecipe, mel: LogMelSpectrogram, device: torch.device | str = "cpu"
) -> EpisodeBatches:
    """Batches of the recipe's sizes over all clips of a corpus (which is copied into memory)."""
    weights = np.full(len(corpus), 1 / len(corpus))  # clips are named by the episodes, never drawn
    maker = BatchMaker(corpus, mel, weights, 1, recipe.window_frames, recipe.reference_frames, recipe.seed, device)
    return EpisodeBatches(maker)


def save_meta_start(folder: str | Path, state: MetaState, recipe: MetaRecipe) -> None:
    """Write the result of meta-training into a folder that need not exist."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model = state.objective.model
    save_adapter(folder, model.peft_config[ADAPTER], adapter_state(model, ADAPTER))
    tensors = {
        "style_offset": state.objective.style_offset.detach(),
        "log_rates": state.learning_rates.log_rates.detach(),
    }
    _replace(folder / META_FILE, lambda path: save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, path))
    content = {"step": state.step, "rate_names": state.learning_rates.names, "recipe": recipe.to_dict()}
    _replace(folder / RECIPE_FILE, lambda path: path.write_text(json.dumps(content, indent=1), encoding="utf-8"))


def load_meta_start(folder: str | Path, model: ValeTTSForSpeech) -> tuple[MetaState, MetaRecipe]:
    """Put a meta-trained start on a fresh model: the adapter, style offset and inner learning rates of `save_meta_start`.

    Raises:
        FileNotFoundError: the folder does not hold one.
        AdapterError: it was made for another model.
    """
    folder = Path(folder)
    for name in (META_FILE, RECIPE_FILE):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{str(folder)!r} holds no meta-trained start: {name} is missing")
    content = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
    recipe = meta_recipe_from(content["recipe"])
    tensors = load_file(folder / META_FILE)
    config, weights = read_adapter(folder)
    config.inference_mode = False
    state = build_meta_state(recipe, model, next(model.parameters()).device, config)
    load_adapter_state(model, ADAPTER, weights, f"the meta-trained start {str(folder)!r}")
    with torch.no_grad():
        state.objective.style_offset.copy_(tensors["style_offset"])
        state.learning_rates.log_rates.copy_(tensors["log_rates"])
    state.step = content["step"]
    return state, recipe


def read_meta_facts(folder: str | Path) -> tuple[Tensor, InnerLearningRates]:
    """The style offset [H] and the inner learning rates of a meta-trained start, without a model.

    Raises:
        ValueError: the files are damaged or do not belong together.
    """
    folder = Path(folder)
    try:
        content = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
        recipe, tensors = meta_recipe_from(content["recipe"]), load_file(folder / META_FILE)
        steps = len(tensors["log_rates"])
        rates = InnerLearningRates(content["rate_names"], 1e-3, steps, False, recipe.max_inner_learning_rate)
        rates.log_rates.copy_(tensors["log_rates"])
        return tensors["style_offset"], rates
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"the meta-trained start in {str(folder)!r} is damaged ({' '.join(str(error).split())[:200]}): copy it again, or "
            "meta-train anew."
        ) from error


def _replace(path: Path, write) -> None:
    """Write a file under another name first, so that a reader sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}")
    write(temporary)
    temporary.replace(path)
