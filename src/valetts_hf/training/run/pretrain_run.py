"""A training run from its first step to its last: batches, steps, checkpoints, samples, evaluation, reports.

Used by `training_scripts/run_pretrain.py`; works in one process and in many (see `sharding.py`).
"""

from __future__ import annotations

import copy
import logging
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.checkpoint_building import load_judges
from valetts_hf.training.data.augmentation import Augmenter
from valetts_hf.training.data.batches import BatchMaker, TrainingBatch, speaker_weights
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.frozen_parts import freeze_parts
from valetts_hf.training.graphed_step import GraphedStep, can_record
from valetts_hf.training.pretrainer import (
    PretrainState,
    apply_recipe,
    build_state,
    learning_rate_factor,
    pass_numbers,
    pretrain_step,
)
from valetts_hf.training.recipe import PretrainRecipe, check_same_run
from valetts_hf.training.run.run_folder import RunFolder
from valetts_hf.training.run.run_log import RunLog
from valetts_hf.training.run.run_state import (
    DiskFullError,
    load_run_state,
    read_extra,
    save_run_state,
)
from valetts_hf.training.run.samples import choose_sentences, speak_samples
from valetts_hf.training.run.sharding import gradient_bytes, sharded
from valetts_hf.training.run.stopping import StopWatch, last_step_of


logger = logging.getLogger(__name__)

# Called with the averaged model, in evaluation mode on the training device, and the step; returns numbers by name.
Evaluator = Callable[[ValeTTSForSpeech, int], dict[str, float]]


class OutOfMemoryError(RuntimeError):
    """A batch does not fit into memory; the run was saved before."""


class PretrainRun:
    """One run in one folder.

    Args:
        recipe: the numbers.
        corpus: with durations.
        model: what to train, on the CPU.
        folder: of the run.
        accelerator: from `make_accelerator`.
        evaluator (*optional*): called every `evaluate_every` steps on the main process.
        pictures (`bool`): draw the losses at every checkpoint (a second or so of the main process).
    """

    def __init__(
        self,
        recipe: PretrainRecipe,
        corpus: PackedCorpus,
        model: ValeTTSForSpeech,
        folder: str | Path,
        accelerator: Accelerator,
        evaluator: Evaluator | None = None,
        pictures: bool = True,
    ) -> None:
        self.pictures = pictures
        self.recipe, self.corpus, self.accelerator, self.evaluator = recipe, corpus, accelerator, evaluator
        self.folder, self.config = RunFolder(Path(folder)), model.config
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self.batches = self._make_batches(model)
        self.state = self._make_state(model)
        self._saved_step = -1
        self._graphed: GraphedStep | None = None

    def _make_batches(self, model: ValeTTSForSpeech) -> BatchMaker:
        return make_batches(self.corpus, self.recipe, model, self.accelerator.device)

    def _make_state(self, model: ValeTTSForSpeech) -> PretrainState:
        freeze_parts(model, self.recipe.freeze)
        return build_state(self.recipe, self.accelerator, model)

    def start_judges_from(self, source: str | Path) -> None:
        """Take the discriminators, and nothing else, of a published checkpoint or a training state (see `load_judges`).

        Raises:
            ValueError: there are none, they are damaged, or of other sizes than the recipe's.
        """
        judges = load_judges(source, self.config.hidden_size)
        if judges is None:
            raise ValueError(
                f"no discriminators in {str(source)!r}: give a checkpoint that has some, or start without"
            )
        if judges.preset != self.recipe.discriminator:
            raise ValueError(
                f"the discriminators in {str(source)!r} have the sizes {judges.preset!r}, the recipe asks for "
                f"{self.recipe.discriminator!r}: set `discriminator: {judges.preset}`"
            )
        parts = self.state.objects(self.accelerator)
        for name, module in judges.modules().items():
            parts[name].load_state_dict(module.state_dict())

    def resume(self, where: str | Path = "latest", allow_changes: bool = False) -> Path | None:
        """Continue from a checkpoint.

        Args:
            where: a checkpoint, or "latest" for the newest undamaged one of this folder. Those after it go with the next
                save.
            allow_changes (`bool`): accept another recipe, see `check_same_run`.

        Returns:
            `Path`: the checkpoint; None if there is none yet, and the run begins.

        Raises:
            FileNotFoundError: it is no checkpoint.
            FileExistsError: see `RunFolder.checkpoint`.
            ValueError: it is of another recipe or network.
        """
        checkpoint = self.folder.checkpoint(where)
        if checkpoint is None:
            self.accelerator.print(f"nothing to resume in {self.folder.checkpoints}: starting at step 0")
            return None
        extra = read_extra(checkpoint)
        for change in check_same_run(extra.get("recipe", {}), self.recipe, allow_changes):
            self.accelerator.print(f"changed: {change}")
        theirs, ours = extra.get("model_config"), _comparable(self.config.to_diff_dict())
        if theirs is not None and theirs != ours:
            keys = sorted(key for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key))
            raise ValueError(f"cannot resume: the model is not the checkpoint's, they differ in {keys}")
        self.state.step, _ = load_run_state(checkpoint, self.state.objects(self.accelerator))
        apply_recipe(self.state, self.recipe)
        self._saved_step = self.state.step
        if self.accelerator.is_main_process:
            self.folder.forget_after(self.state.step)
        self.accelerator.print(f"resumed {checkpoint} at step {self.state.step}")
        return checkpoint

    def train(self, stop_at_step: int | None = None, max_minutes: float | None = None, command: str = "") -> str:
        """Train until `max_steps`, `stop_at_step`, `max_minutes` or a signal, and save.

        Returns:
            `str`: why it ended.

        Raises:
            ValueError: `stop_at_step` is not at least 1.
            FileExistsError: the folder holds a run that was not resumed.
            OutOfMemoryError: naming the batch size; what had been trained was saved.
            DiskFullError: if the last checkpoint could not be written.
        """
        recipe, state, accelerator = self.recipe, self.state, self.accelerator
        last_step = last_step_of(recipe.max_steps, stop_at_step)
        if self._saved_step < 0:
            self.folder.check_free()
        if accelerator.is_main_process:
            self.folder.describe(recipe, self.facts(command))
        frame_rate = self.config.sampling_rate / self.config.hop_length
        log = RunLog(self.folder, recipe, accelerator, state.step, frame_rate)
        state.objective.train()
        if recipe.cuda_graphs:
            self._record_steps()
        reason = f"step {last_step} is reached"
        try:
            with StopWatch(accelerator, max_minutes) as watch:
                while state.step < last_step:
                    if watch.should_stop():
                        reason = str(watch.reason)
                        break
                    losses = self._guarded_step()
                    log.add(state.step, losses, recipe.learning_rate * learning_rate_factor(state.step - 1, recipe))
                    self._after_step(log)
                self.save(log, must=True)
        finally:
            log.close()
        return reason

    def facts(self, command: str = "") -> dict[str, Any]:
        """What the README of the folder says."""
        recipe, accelerator = self.recipe, self.accelerator
        windows = recipe.batch_size * recipe.gradient_accumulation * accelerator.num_processes
        device = accelerator.device
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "CPU"
        facts = {
            "Command": f"`{command}`" if command else "(called from Python)",
            "Started": f"{time.strftime('%Y-%m-%d %H:%M:%S %z')} at step {self.state.step} of {recipe.max_steps}",
            "Data": f"{len(self.corpus)} clips, {self.corpus.hours:.1f} h, {len(self.corpus.speakers)} speakers",
            "Model": f"{self.parameters / 1e6:.1f} M parameters",
            "Batch": f"{windows} windows of {recipe.window_frames} frames a step",
            "Machine": f"{accelerator.num_processes} process(es), {device.type} ({name}), {recipe.mixed_precision}",
            "Software": f"Python {platform.python_version()}, torch {torch.__version__}",
        }
        if accelerator.num_processes > 1:
            facts["Exchanged"] = f"gradients of {gradient_bytes(*self.state.networks()) / 2**20:.0f} MiB a step"
        return facts

    def save(self, log: RunLog | None = None, must: bool = False) -> None:
        """A checkpoint to resume from, the averaged model to use, and the pictures; called by all processes.

        With a full disk a run goes on and tries again at the next checkpoint, unless this one `must` be written.
        """
        state, accelerator = self.state, self.accelerator
        if self._graphed is not None:
            self._graphed.settle()
        parts, averages = state.objects(accelerator), None
        if sharded(accelerator):  # gathering takes all processes, writing one
            parts = {name: _Snapshot(part.state_dict()) for name, part in parts.items()}
            averages = parts["ema"].state_dict()["average"]
        if accelerator.is_main_process and self._saved_step != state.step:
            extra = {"recipe": self.recipe.to_dict(), "model_config": _comparable(self.config.to_diff_dict())}
            try:
                keep = self.recipe.keep_checkpoints or None
                save_run_state(self.folder.checkpoints, state.step, parts, extra=extra, keep=keep)
                self._saved_step = state.step
                self.folder.export(self._averaged(averages))
            except DiskFullError as error:
                if must:
                    raise
                logger.warning("%s. Training goes on; the next try is %s steps away", error, self.recipe.save_every)
            if log is not None and self.pictures:
                log.plot_losses()
        accelerator.wait_for_everyone()

    def averaged_model(self) -> ValeTTSForSpeech | None:
        """A copy of the model with averaged weights, ready to speak; None but on the main process. Called by all."""
        averages = self.state.ema.state_dict()["average"]
        if not self.accelerator.is_main_process:
            return None
        return self._averaged(averages).to(self.accelerator.device).eval()

    def _averaged(self, averages: dict[str, torch.Tensor] | None = None) -> ValeTTSForSpeech:
        averages = averages if averages is not None else self.state.ema.state_dict()["average"]
        model = ValeTTSForSpeech(copy.deepcopy(self.config))
        names = model.state_dict().keys()
        model.load_state_dict({name: value for name, value in averages.items() if name in names}, strict=False)
        return model

    def _step(self, batches: list[TrainingBatch]) -> dict[str, torch.Tensor]:
        if self._graphed is not None:
            return self._graphed(batches)
        return pretrain_step(self.state, batches, self.recipe, self.accelerator)

    def _record_steps(self) -> None:
        if can_record(self.accelerator):
            self._graphed = GraphedStep(self.state, self.recipe, self.accelerator)
        else:
            logger.warning("cuda_graphs needs one process on a CUDA device: steps run one kernel at a time")

    def _guarded_step(self) -> dict[str, torch.Tensor]:
        """One step; running out of memory saves the run and explains itself."""
        problem = None
        try:
            numbers = pass_numbers(self.state.step, self.recipe.gradient_accumulation, self.accelerator)
            batches = [self.batches.batch(number) for number in numbers]
            return self._step(batches)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        # Outside of the handler, whose traceback holds on to the tensors of the step.
        self.state.generator_optimizer.zero_grad(set_to_none=True)
        self.state.discriminator_optimizer.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        saved = "the other processes do not answer, so the last regular checkpoint stands"
        if self.accelerator.num_processes == 1:
            self.save()
            saved = f"step {self.state.step} was saved in {self.folder.checkpoints}"
        recipe = self.recipe
        raise OutOfMemoryError(
            f"step {self.state.step} ran out of memory with batch_size {recipe.batch_size} and window_frames "
            f"{recipe.window_frames} on {self.accelerator.device} ({problem}); {saved}. Resume with --batch_size "
            f"{max(recipe.batch_size // 2, 1)} --gradient_accumulation {2 * recipe.gradient_accumulation} "
            "--allow_changes: the same windows a step in half the memory"
        )

    def _after_step(self, log: RunLog) -> None:
        step, recipe = self.state.step, self.recipe
        if step % recipe.save_every == 0:
            self.save(log)
        sampling = recipe.sample_every and step % recipe.sample_every == 0
        evaluating = self.evaluator is not None and recipe.evaluate_every and step % recipe.evaluate_every == 0
        if not sampling and not evaluating:
            return
        model = self.averaged_model()
        if model is not None:
            # What only looks at a run must not end it.
            try:
                if sampling:
                    self._speak(model, log)
                if evaluating:
                    log.metrics(step, self.evaluator(model, step))
            except Exception:
                logger.warning("samples or evaluation of step %s failed; training goes on", step, exc_info=True)
        self.accelerator.wait_for_everyone()

    def _speak(self, model: ValeTTSForSpeech, log: RunLog) -> None:
        step, folder = self.state.step, self.folder.samples(self.state.step)
        clips = choose_sentences(self.corpus, self.recipe.num_samples)
        spoken = speak_samples(model, self.corpus, clips, folder, self.folder.recordings, f"step {step} · ")
        log.samples(step, folder, spoken, self.config.sampling_rate)


def make_batches(
    corpus: PackedCorpus,
    recipe: PretrainRecipe,
    model: ValeTTSForSpeech,
    device: torch.device,
    weights: np.ndarray | None = None,
) -> BatchMaker:
    """The batches of a recipe; batch `n` is the same in every process. `weights` [N] replace those of the recipe."""
    if weights is None:
        weights = speaker_weights(corpus, recipe.speaker_exponent, recipe.speaker_boosts)
    config = model.config
    augmentation = recipe.augmentation_config
    speech_only_rows = min(round(recipe.speech_only_share * recipe.batch_size), recipe.batch_size - 1)
    speech_only = None
    if speech_only_rows:
        speech_only = speaker_weights(corpus, recipe.speaker_exponent, transcribed=False)
    return BatchMaker(
        corpus,
        LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands),
        weights,
        recipe.batch_size,
        recipe.window_frames,
        recipe.reference_frames,
        seed=recipe.seed * 1000,
        device=device,
        length_buckets=recipe.length_buckets,
        pad_to_bucket=recipe.cuda_graphs,
        augmenter=Augmenter(augmentation, config.sampling_rate, device) if augmentation.active else None,
        speech_only_rows=speech_only_rows,
        speech_only_weights=speech_only,
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python says that memory is used up."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


class _Snapshot:
    """A state that was gathered already."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        return self.state


def _comparable(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without what says nothing about the network."""
    return {key: value for key, value in config.items() if key not in ("transformers_version", "dtype", "auto_map")}
