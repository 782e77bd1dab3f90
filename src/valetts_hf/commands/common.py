"""What the commands share: exit codes, errors, model arguments, a progress bar, quiet libraries, table printing."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import json
import math
import os
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO


if TYPE_CHECKING:
    from valetts_hf.inference import ValeTTS


EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class CommandError(Exception):
    """An error whose message is all a person needs.

    Args:
        message (`str`): what is wrong with which value, and the remedy.
        exit_code (`int`): what the command returns.
    """

    def __init__(self, message: str, exit_code: int = EXIT_BAD_INPUT):
        super().__init__(message)
        self.exit_code = exit_code


class HelpFormatter(argparse.HelpFormatter):
    """Fits help to the terminal line by line: examples, which begin with a blank, stay as they are written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        return "\n".join(line if line[:1] == " " else textwrap.fill(line, width) for line in lines) + "\n"


def one_line(error: BaseException | str) -> str:
    """The message of an error on one line; the name of its class where it has none."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


def note(message: str, quiet: bool = False) -> None:
    """Tell a person something, on stderr: stdout belongs to the result."""
    if not quiet:
        print(message, file=sys.stderr)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """`--model`, as `load_model` and `read_voices` understand it."""
    parser.add_argument(
        "--model",
        metavar="FOLDER|REPO",
        help="checkpoint: a folder or a repository name on the Hub (default: the one bundled with the package)",
    )


def add_decoder_argument(parser: argparse.ArgumentParser) -> None:
    """`--decoder`, for commands that speak."""
    parser.add_argument(
        "--decoder",
        choices=("istft", "bigvgan"),
        help="which decoder makes the sound, if the checkpoint carries several (default: its own)",
    )


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """`--device` and `--threads`."""
    parser.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="cpu, cuda, cuda:1, mps (default: auto, a GPU if there is one)",
    )
    parser.add_argument(
        "--threads", type=positive_integer, metavar="N", help="processor threads (default: PyTorch's choice)"
    )


def number(text: str) -> float:
    """For `type=` of an argument: a finite number.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def whole_number(text: str) -> int:
    """For `type=` of an argument.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def positive_integer(text: str) -> int:
    """For `type=` of an argument: 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    value = whole_number(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return value


def load_model(model: str | None, device: str | None, debug: bool = False, decoder: str | None = None) -> ValeTTS:
    """The SDK object for `--model`, `--device` and `--decoder`, loaded without the chatter of the libraries below, its memory flat.

    Args:
        model (`str`, *optional*): folder or Hub repository; None is the bundled checkpoint.
        device (`str`, *optional*): "cpu", "cuda", "cuda:1", "mps"; None or "auto" is left to the SDK.
        debug (`bool`): let the libraries talk.
        decoder (`str`, *optional*): a kind; None is the checkpoint's own.

    Raises:
        `CommandError`: torch or transformers cannot be imported. Errors of `ValeTTS.from_pretrained` pass.
    """
    from valetts_hf.serving.memory import limit_prepared_shapes

    limit_prepared_shapes()  # before anything is computed
    try:
        with quiet_libraries(debug):
            from valetts_hf.inference import ValeTTS

            device = None if device == "auto" else device
            return ValeTTS.from_pretrained(model, device=device, decoder=decoder)
    except ImportError as error:
        raise CommandError(
            f"a library cannot be imported ({one_line(error)}): `valetts doctor` says which and what to do.",
            EXIT_FAILED,
        ) from error


@contextlib.contextmanager
def quiet_libraries(debug: bool = False) -> Iterator[None]:
    """Inside, transformers logs errors only and shows no loading bar; afterwards everything is as it was."""
    if debug:
        yield
        return
    from transformers.utils import logging as transformers_logging

    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


@contextlib.contextmanager
def progress_bar(label: str, show: bool) -> Iterator[Any]:
    """A callable `progress(done, total)` that draws a bar on stderr; None where nobody would see it."""
    if not show:
        yield None
        return
    from tqdm import tqdm

    bar = tqdm(desc=label, file=sys.stderr, leave=False, dynamic_ncols=True, bar_format="{l_bar}{bar}| {remaining}")

    def update(done: float, total: float) -> None:
        bar.total = total
        bar.n = done
        bar.refresh()

    try:
        yield update
    finally:
        bar.close()


def isatty(stream: TextIO | None) -> bool:
    """Whether a person is at the other end (False for a closed stream)."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def print_json(value: object) -> None:
    """JSON on stdout; with escapes for letters that stdout does not have."""
    utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    print(json.dumps(value, ensure_ascii=not utf8, indent=2))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns on stdout, two blanks between them; wide (CJK) and combining characters count as drawn."""
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(_cells(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        line = "  ".join(cell + " " * (width - _cells(cell)) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def _cells(text: str) -> int:
    """Columns a terminal needs for a text."""
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def read_checkpoint_json(model: str | None, name: str) -> dict[str, Any]:
    """A JSON file of a checkpoint, without loading the model.

    Args:
        model (`str`, *optional*): folder or Hub repository; None is the bundled checkpoint.
        name (`str`): file name, for example "processor_config.json".

    Raises:
        `CommandError`: the folder or file is missing, or is not JSON.
    """
    folder = bundled_checkpoint() if model is None else os.path.expanduser(model)
    path = os.path.join(folder, name)
    if not os.path.isdir(folder):
        if model is None:
            raise CommandError(
                f"the bundled checkpoint is missing ({folder!r}): reinstall valetts-hf or give --model.", EXIT_FAILED
            )
        path = _download(model, name)
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except FileNotFoundError as error:
        raise CommandError(f"{folder!r} holds no {name}: it is not a ValeTTS checkpoint.", EXIT_FAILED) from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{path!r} cannot be read ({one_line(error)}): fetch it again.", EXIT_FAILED) from error
    if not isinstance(value, dict):
        raise CommandError(f"{path!r} is not a configuration: it holds a {type(value).__name__}.", EXIT_FAILED)
    return value


def bundled_checkpoint() -> str:
    """Path of the checkpoint inside the package, whether or not it is there."""
    import valetts_hf

    return valetts_hf.BASE_CHECKPOINT


def _download(repo: str, name: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return hf_hub_download(repo, name)
    except HFValidationError as error:
        raise CommandError(f"{repo!r} is neither a folder nor the name of a repository on the Hub.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CommandError(
            f"{name} of {repo!r} cannot be fetched ({one_line(error)}): check the name and the network, or give a "
            "folder.",
            EXIT_FAILED,
        ) from error
