#!/usr/bin/env python
"""Meta-training (MAML) of the start of few-shot adaptation, on a packed corpus (see docs/data.md).

    accelerate launch training_scripts/run_meta_train.py --corpus corpus/ --output runs/meta --recipe recipes/meta.yaml

Learns the adapter, the style offset and the inner learning rates from which a few steps on a few clips take a new speaker
furthest. Stops at `max_steps`, after `--max_minutes`, or on SIGTERM / Ctrl-C, always with a checkpoint; `--resume latest`
goes on exactly where the run stopped. The result lies in OUTPUT/start (see docs/meta_training.md).
"""

import argparse
from collections import deque
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from tqdm.auto import tqdm

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.meta.meta_training import (
    MetaState,
    build_meta_state,
    make_episodes,
    meta_train_step,
    save_meta_start,
)
from valetts_hf.training.meta.recipe import MetaRecipe, load_meta_recipe
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.run_command import reading
from valetts_hf.training.run.run_folder import RunFolder
from valetts_hf.training.run.run_state import load_run_state, read_extra, save_run_state
from valetts_hf.training.run.sharding import check_replicas
from valetts_hf.training.run.stopping import StopWatch, last_step_of
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--output", required=True, type=Path, help="run folder: checkpoints, log.jsonl, start/")
    parser.add_argument("--model", help="folder or Hub id of the model to adapt; default: the bundled one")
    parser.add_argument("--recipe", help="YAML file of overrides of MetaRecipe")
    parser.add_argument("--resume", help="'latest' or a checkpoint folder")
    parser.add_argument("--max_steps", type=int, help="overrides the recipe")
    parser.add_argument("--stop_at_step", type=int, help="stop with a checkpoint at this step of the schedule")
    parser.add_argument("--max_minutes", type=float, help="stop with a checkpoint after this time")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")
    return parser.parse_args(arguments)


def load_model(name: str | None) -> ValeTTSForSpeech:
    from valetts_hf import BASE_CHECKPOINT

    with reading(name or BASE_CHECKPOINT):
        return ValeTTSForSpeech.from_pretrained(name or BASE_CHECKPOINT, dtype=torch.float32)


def save(state: MetaState, recipe: MetaRecipe, accelerator: Accelerator, folder: RunFolder) -> None:
    """A checkpoint to resume from and the start to use."""
    if accelerator.is_main_process:
        extra = {"recipe": recipe.to_dict(), "base": checkpoint_fingerprint(state.objective.model)}
        save_run_state(folder.checkpoints, state.step, state.objects(), extra=extra)
        save_meta_start(folder.path / "start", state, recipe)
    accelerator.wait_for_everyone()


def resume(state: MetaState, recipe: MetaRecipe, where: str, accelerator: Accelerator, folder: RunFolder) -> None:
    checkpoint = folder.checkpoint(where)
    if checkpoint is None:
        accelerator.print(f"nothing to resume in {folder.checkpoints}: starting at step 0")
        return
    extra = read_extra(checkpoint)
    base = checkpoint_fingerprint(state.objective.model)
    if extra.get("base", base) != base:
        raise ValueError(
            f"cannot resume: the checkpoint belongs to the model {extra['base']}, this one is {base}. Name its --model"
        )
    free = {"max_steps", "save_every", "log_every"}
    old, new = extra["recipe"], recipe.to_dict()
    if changed := [key for key in new if key not in free and old.get(key, new[key]) != new[key]]:
        lines = "; ".join(f"{key}: {old[key]!r} -> {new[key]!r}" for key in changed)
        raise ValueError(
            f"cannot resume: the recipe is not the checkpoint's ({lines}). Use its recipe or another --output"
        )
    state.step, _ = load_run_state(checkpoint, state.objects())
    if accelerator.is_main_process:
        folder.forget_after(state.step)
    accelerator.print(f"resumed {checkpoint} at step {state.step}")


def train(arguments: argparse.Namespace, recipe: MetaRecipe) -> MetaState:
    accelerator = Accelerator(mixed_precision=recipe.mixed_precision, cpu=arguments.cpu)
    check_replicas(accelerator)
    set_seed(recipe.seed)
    model = load_model(arguments.model)
    config = model.config
    corpus = PackedCorpus.load(arguments.corpus)
    mel = LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands)
    sampler, batches, tasks = make_episodes(corpus, recipe, mel, accelerator.device)
    state = build_meta_state(recipe, model, accelerator.device)
    folder = RunFolder(arguments.output)
    last_step = last_step_of(recipe.max_steps, arguments.stop_at_step)
    if arguments.resume:
        resume(state, recipe, arguments.resume, accelerator, folder)
    else:
        folder.check_free()
    trained = sum(value.numel() for value in state.objective.start().values())
    for note in tasks.notes:
        accelerator.print(note)
    accelerator.print(
        f"{len(tasks.tasks)} tasks; {trained / 1e6:.2f} M parameters to start from; {accelerator.device}"
    )

    folder.path.mkdir(parents=True, exist_ok=True)
    recent, first_step = deque(maxlen=recipe.log_every), state.step
    bar = tqdm(total=recipe.max_steps, initial=state.step, disable=not accelerator.is_local_main_process, unit="step")
    with StopWatch(accelerator, arguments.max_minutes, interval=1) as watch:
        while state.step < last_step and not watch.should_stop():
            recent.append(meta_train_step(state, sampler.episodes(state.step), batches, recipe, accelerator))
            bar.update()
            if state.step % recipe.log_every == 0:
                log(state, recent, watch.seconds, first_step, folder, bar, accelerator)
            if state.step % recipe.save_every == 0:
                save(state, recipe, accelerator, folder)
    bar.close()
    if watch.reason:
        accelerator.print(f"stopped at step {state.step}: {watch.reason}; go on with --resume latest")
    save(state, recipe, accelerator, folder)
    return state


def log(state, recent, elapsed, first_step, folder, bar, accelerator) -> None:
    """Means of the recent losses to the progress bar and to log.jsonl."""
    means = {name: float(torch.stack([losses[name] for losses in recent]).mean()) for name in recent[-1]}
    row = {"step": state.step, "seconds": round(elapsed, 1)}
    row["steps_per_second"] = round((state.step - first_step) / elapsed, 4)
    row |= means | {"inner_rate_median": state.learning_rates.median()}
    if accelerator.is_main_process:
        folder.append("log", {key: round(value, 6) for key, value in row.items()})
    bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    with one_line_errors():
        train(parsed, load_meta_recipe(parsed.recipe, max_steps=parsed.max_steps))


if __name__ == "__main__":
    main()
