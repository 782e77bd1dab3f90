"""What the scripts of long runs share: their arguments, what they wire in the same way, and how a run is driven and ends."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import set_seed

from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.sharding import make_accelerator
from valetts_hf.training.run.trackers import check_trackers


_OVERRIDES = ("max_steps", "batch_size", "gradient_accumulation")


def add_run_arguments(parser: argparse.ArgumentParser, recipe: str, output: str) -> None:
    """Arguments of every long run.

    Args:
        parser (`argparse.ArgumentParser`): of the script.
        recipe (`str`): name of the class whose fields `--recipe` overrides.
        output (`str`): what the run folder holds.
    """
    parser.add_argument("--corpus", required=True, help="folder written by `valetts data prepare`")
    parser.add_argument("--output", required=True, type=Path, help=f"run folder: {output}")
    parser.add_argument("--recipe", help=f"YAML file of overrides of {recipe}")
    parser.add_argument("--resume", help="'latest' or a checkpoint folder")
    parser.add_argument(
        "--allow_changes", action="store_true", help="resume although schedule, losses or data of the recipe differ"
    )
    for name in _OVERRIDES:
        parser.add_argument(f"--{name}", type=int, help="overrides the recipe")
    parser.add_argument("--stop_at_step", type=int, help="stop with a checkpoint at this step of the schedule")
    parser.add_argument("--max_minutes", type=float, help="stop with a checkpoint after this time")
    add_machine_arguments(parser)


def add_machine_arguments(parser: argparse.ArgumentParser) -> None:
    """Where a run is computed and shown; what `seeded_accelerator` reads."""
    parser.add_argument(
        "--tracker", action="append", default=[], help="tensorboard, trackio, wandb, ...; may be repeated"
    )
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")


def recipe_overrides(parsed: argparse.Namespace) -> dict[str, Any]:
    """What the arguments override in the recipe; None where they do not."""
    return {name: getattr(parsed, name) for name in _OVERRIDES}


def seeded_accelerator(parsed: argparse.Namespace, recipe: Any) -> Accelerator:
    """The accelerator that the arguments and the recipe ask for, all random numbers seeded.

    Raises:
        ValueError, ImportError: a tracker or a way of distribution that cannot be used.
    """
    trackers = check_trackers(parsed.tracker)
    accelerator = make_accelerator(
        recipe.mixed_precision, parsed.cpu, log_with=trackers or None, project_dir=parsed.output / "trackers"
    )
    set_seed(recipe.seed)
    return accelerator


@contextmanager
def reading(checkpoint: str | Path) -> Iterator[None]:
    """Around reading a checkpoint: a name that is none is told as what it is, not as a wrong id of a repository.

    Raises:
        FileNotFoundError: there is no such folder, and the Hub does not give it either.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        if Path(checkpoint).is_dir():
            raise
        reason = " ".join(str(error).split())[:200]
        raise FileNotFoundError(
            f"the checkpoint {str(checkpoint)!r} is neither a folder here (now in {os.getcwd()!r}) nor to be had from the "
            f"Hub: check its name ({reason})"
        ) from error


def conduct(
    make_run: Callable[[argparse.Namespace], Any],
    parsed: argparse.Namespace,
    at_end: Callable[[Any], Any] | None = None,
) -> None:
    """Make a run, resume it where asked to, train it, and say why it ended.

    Args:
        make_run: from the arguments to a run.
        parsed (`argparse.Namespace`): of `add_run_arguments` and more.
        at_end (*optional*): called with the run after the training, in every process.

    Raises:
        `SystemExit`: with one line on what went wrong.
    """
    with one_line_errors():
        run = make_run(parsed)
        if parsed.resume:
            run.resume(parsed.resume, parsed.allow_changes)
        command = shlex.join(sys.argv)
        for key, value in run.facts(command).items():
            run.accelerator.print(f"{key}: {value}")
        reason = run.train(parsed.stop_at_step, parsed.max_minutes, command)
        if at_end is not None:
            at_end(run)
    run.accelerator.print(f"ended at step {run.state.step}, since {reason}; saved in {parsed.output}")
    run.accelerator.end_training()
