#!/usr/bin/env python
"""Joint VITS2 training of ValeTTS on a packed corpus (see prepare_corpus.py).

    accelerate launch training_scripts/run_pretrain.py --corpus corpus/ --output runs/base --recipe recipes/base.yaml

Stops at `max_steps`, after `--max_minutes`, or on SIGTERM / Ctrl-C, always with a checkpoint; `--resume latest` goes on
exactly where the run stopped. The averaged generator is exported to OUTPUT/model as a folder `from_pretrained` reads.
"""

import argparse
import json
import signal
import time
from collections import deque
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from tqdm.auto import tqdm

from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.batches import BatchMaker, speaker_weights
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.pretrainer import PretrainState, build_state, pretrain_step
from valetts_hf.training.recipe import PretrainRecipe, load_recipe
from valetts_hf.training.run_state import latest, load_run_state, save_run_state


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--output", required=True, type=Path, help="run folder: checkpoints, log.jsonl, model/")
    parser.add_argument("--recipe", help="YAML file of overrides of PretrainRecipe")
    parser.add_argument("--init_from", help="folder or Hub id of a model whose weights to start from")
    parser.add_argument("--init_discriminators", help="checkpoint whose discriminators to start from")
    parser.add_argument("--resume", help="'latest' or a checkpoint folder")
    parser.add_argument("--max_steps", type=int, help="overrides the recipe")
    parser.add_argument("--batch_size", type=int, help="overrides the recipe")
    parser.add_argument("--stop_at_step", type=int, help="stop with a checkpoint at this step of the schedule")
    parser.add_argument("--max_minutes", type=float, help="stop with a checkpoint after this time")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")
    return parser.parse_args(arguments)


class StopRequest:
    """Set by SIGTERM and SIGINT, so that the loop can end with a checkpoint."""

    def __init__(self):
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self)

    def __call__(self, number, frame):
        self.requested = True


def make_model(arguments: argparse.Namespace, recipe: PretrainRecipe) -> ValeTTSForSpeech:
    if arguments.init_from:
        return ValeTTSForSpeech.from_pretrained(arguments.init_from, dtype=torch.float32)
    return ValeTTSForSpeech(recipe.model_config)


def make_batches(corpus: PackedCorpus, recipe: PretrainRecipe, model: ValeTTSForSpeech, accelerator: Accelerator):
    config = model.config
    return BatchMaker(
        corpus,
        LogMelSpectrogram(config.sampling_rate, config.n_fft, config.hop_length, config.num_mel_bands),
        speaker_weights(corpus, recipe.speaker_exponent, recipe.speaker_boosts),
        recipe.batch_size,
        recipe.window_frames,
        recipe.reference_frames,
        seed=recipe.seed * 1000 + accelerator.process_index,
        device=accelerator.device,
    )


def save(state: PretrainState, recipe: PretrainRecipe, accelerator: Accelerator, output: Path) -> None:
    """A checkpoint to resume from and the averaged generator to use."""
    if not accelerator.is_main_process:
        return
    save_run_state(output / "checkpoints", state.step, state.objects(accelerator), extra={"recipe": recipe.to_dict()})
    model = accelerator.unwrap_model(state.objective).model
    with state.ema.swap(model):
        model.save_pretrained(output / "model")


def resume(state: PretrainState, where: str, accelerator: Accelerator, output: Path) -> None:
    checkpoint = latest(output / "checkpoints") if where == "latest" else Path(where)
    if checkpoint is None:
        accelerator.print(f"nothing to resume in {output / 'checkpoints'}: starting at step 0")
        return
    state.step, _ = load_run_state(checkpoint, state.objects(accelerator))
    accelerator.print(f"resumed {checkpoint} at step {state.step}")


def train(arguments: argparse.Namespace, recipe: PretrainRecipe) -> PretrainState:
    accelerator = Accelerator(mixed_precision=recipe.mixed_precision, cpu=arguments.cpu)
    set_seed(recipe.seed)
    model = make_model(arguments, recipe)
    state = build_state(recipe, accelerator, model)
    if arguments.init_discriminators:
        judges = {name: part for name, part in state.objects(accelerator).items() if name.endswith("discriminator")}
        load_run_state(arguments.init_discriminators, judges, restore_random_states=False)
    if arguments.resume:
        resume(state, arguments.resume, accelerator, arguments.output)
    corpus = PackedCorpus.load(arguments.corpus)
    batches = make_batches(corpus, recipe, model, accelerator)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    accelerator.print(
        f"{len(corpus)} clips, {corpus.hours:.1f} h; {parameters / 1e6:.1f} M parameters; {accelerator.device}"
    )

    arguments.output.mkdir(parents=True, exist_ok=True)
    stop, started, recent = StopRequest(), time.monotonic(), deque(maxlen=recipe.log_every)
    bar = tqdm(total=recipe.max_steps, initial=state.step, disable=not accelerator.is_local_main_process, unit="step")
    first_step = state.step
    state.objective.train()
    last_step = min(recipe.max_steps, arguments.stop_at_step or recipe.max_steps)
    while state.step < last_step and not stop.requested:
        elapsed = time.monotonic() - started
        if arguments.max_minutes is not None and elapsed > 60 * arguments.max_minutes:
            break
        losses = pretrain_step(state, batches.batch(state.step), recipe, accelerator)
        recent.append(losses)
        bar.update()
        if state.step % recipe.log_every == 0:
            log(state, recipe, recent, time.monotonic() - started, first_step, arguments.output, bar, accelerator)
        if state.step % recipe.save_every == 0:
            save(state, recipe, accelerator, arguments.output)
    bar.close()
    save(state, recipe, accelerator, arguments.output)
    return state


def log(state, recipe, recent, elapsed, first_step, output, bar, accelerator) -> None:
    """Means of the recent losses to the progress bar and to log.jsonl."""
    names = recent[-1].keys()
    means = {name: float(torch.stack([losses[name] for losses in recent if name in losses]).mean()) for name in names}
    rate = (state.step - first_step) / elapsed
    row = {"step": state.step, "seconds": round(elapsed, 1), "steps_per_second": round(rate, 3), **means}
    row["audio_seconds_per_second"] = rate * recipe.batch_size * recipe.window_frames / 93.75
    if accelerator.is_main_process:
        with open(output / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({key: round(value, 5) for key, value in row.items()}) + "\n")
    shown = ("mel", "kl", "duration", "pitch", "adversarial")
    bar.set_postfix({name: f"{means[name]:.3f}" for name in shown if name in means})


def main(arguments: list[str] | None = None) -> None:
    parsed = parse_arguments(arguments)
    recipe = load_recipe(parsed.recipe, max_steps=parsed.max_steps, batch_size=parsed.batch_size)
    train(parsed, recipe)


if __name__ == "__main__":
    main()
