"""`valetts batch`: a data set in, a data set of speech out; on one machine or many, as often as it takes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from valetts_hf.commands.common import (
    EXIT_FAILED,
    EXIT_OK,
    CommandError,
    HelpFormatter,
    add_device_arguments,
    add_model_arguments,
    isatty,
    note,
    one_line,
    positive_integer,
    print_json,
    quiet_libraries,
)
from valetts_hf.commands.direction_arguments import add_direction_arguments, direction_arguments
from valetts_hf.commands.say import AUDIO_FORMATS


if TYPE_CHECKING:
    from valetts_hf.mass_synthesis import SynthesisReport


_COLUMNS = ("text", "id", "voice", "language")
_LINE_SECONDS = 30.0  # between lines of progress where there is no terminal

_EPILOG = """\
examples:
  valetts batch sentences.txt speech
  valetts batch book.jsonl speech --voice kathleen --format flac --processes 4
  valetts batch table.csv speech --text-column sentence --id-column clip
  valetts batch owner/name speech --split train --shard 0/4
  valetts batch book.jsonl speech --retry-failed

The same command again does what is missing. Exit code 1: some rows could not be spoken, failed.jsonl says which and why.
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "batch",
        help="speak every row of a data set",
        description=(
            "Speak every row of a data set, once, into a folder that `datasets` loads as an audio folder. Can be cut off and run "
            "again; can be shared by processes and machines."
        ),
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "input",
        metavar="INPUT",
        help="a file (.txt: a line is a row; .jsonl, .json, .csv, .tsv, .parquet), a folder, or the id of a data set on the Hub",
    )
    parser.add_argument(
        "output", metavar="OUTPUT", help="folder: a new one, or of an earlier run with the same settings"
    )
    rows = parser.add_argument_group("rows")
    for role in _COLUMNS:
        rows.add_argument(
            f"--{role}-column",
            metavar="NAME",
            help=f"holds the {role} (default: the column of that or a usual name; '': none)",
        )
    rows.add_argument(
        "--column",
        action="append",
        default=[],
        type=_column,
        metavar="WHAT=NAME",
        help="another column: style, sketch, seed, ssml, speaking_rate, pitch_shift, ... (default: columns of these names)",
    )
    rows.add_argument("--split", metavar="NAME", help="of a data set that has several")
    rows.add_argument("--config", metavar="NAME", help="of a data set on the Hub")
    manner = parser.add_argument_group("how rows are spoken that do not say so themselves")
    manner.add_argument(
        "-l", "--language", default="auto", metavar="CODE", help="such as pt-br (default: auto, by sentence)"
    )
    manner.add_argument(
        "-v", "--voice", metavar="NAME|FILE|FOLDER", help="a name from `valetts voices`, a voice or a recording"
    )
    manner.add_argument(
        "--style", metavar="STYLE|FILE", help="a name or tokens from `valetts styles`, a recording, or JSON"
    )
    manner.add_argument("--ssml", action="store_true", help="texts are SSML")
    manner.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="each row draws its own from it, its id and its text (default: 0)",
    )
    add_direction_arguments(manner)
    work = parser.add_argument_group("work")
    work.add_argument("--format", choices=AUDIO_FORMATS, default="wav", help="of the audio (default: wav)")
    work.add_argument(
        "--shard",
        metavar="I/N",
        help="do part I of N, from 0 (default: that of this process under `accelerate launch` or `torchrun`, else all)",
    )
    work.add_argument(
        "--processes",
        type=positive_integer,
        default=1,
        metavar="N",
        help="on this machine, or with --ray actors (default: 1)",
    )
    work.add_argument(
        "--ray",
        nargs="?",
        const="auto",
        metavar="ADDRESS",
        help="work on a Ray cluster: the one this machine is part of, one at an address, or `local`; needs the extra `ray`",
    )
    work.add_argument(
        "--batch",
        type=positive_integer,
        metavar="N",
        help="sentences computed together (default: 8 on a GPU, 1 on a CPU)",
    )
    work.add_argument("--retry-failed", action="store_true", help="try again the rows that failed before")
    add_model_arguments(work)  # type: ignore[arg-type]
    add_device_arguments(work)  # type: ignore[arg-type]
    work.add_argument("--json", action="store_true", help="print the report as JSON")
    work.add_argument("-q", "--quiet", action="store_true", help="errors only")
    return parser


def run(args: argparse.Namespace) -> int:
    from valetts_hf.serving.memory import limit_prepared_shapes

    limit_prepared_shapes()  # before anything is computed, here or in other processes
    try:
        from valetts_hf.mass_synthesis import Shard, synthesize_dataset
    except ImportError as error:
        raise CommandError(
            f"a library cannot be imported ({one_line(error)}): `valetts doctor` says which and what to do.",
            EXIT_FAILED,
        ) from error
    columns = dict(args.column)
    for role in _COLUMNS:
        if (name := getattr(args, f"{role}_column")) is not None:
            columns[role] = name
    progress = None if args.quiet else _Progress(isatty(sys.stderr))
    try:
        with quiet_libraries(args.debug):
            report = synthesize_dataset(
                args.input,
                args.output,
                model=args.model,
                device=None if args.device == "auto" else args.device,
                columns=columns,
                split=args.split,
                config=args.config,
                format=args.format,
                voice=args.voice,
                language=None if args.language.lower() == "auto" else args.language,
                style=args.style,
                seed=args.seed,
                ssml=args.ssml,
                shard=None if args.shard is None else Shard.of(args.shard),
                processes=args.processes,
                threads=args.threads,
                batch_size=args.batch,
                retry_failed=args.retry_failed,
                ray=args.ray,
                progress=progress,
                **direction_arguments(args),
            )
    finally:
        if progress is not None:
            progress.close()
    note(_summary(report), args.quiet)
    if report.failed:
        note(f"{report.output}/failed.jsonl says which rows and why; --retry-failed tries them again.", args.quiet)
    if args.json:
        print_json(_as_json(report))
    return EXIT_FAILED if report.failed else EXIT_OK


def _summary(report: SynthesisReport) -> str:
    parts = [f"{report.spoken} rows spoken"]
    if report.done_before:
        parts.append(f"{report.done_before} were done")
    if report.failed:
        parts.append(f"{report.failed} failed")
    text = f"{report.output}: {', '.join(parts)}"
    return f"{text}; {_speed(report)}" if report.spoken else text


def _speed(report: SynthesisReport) -> str:
    return (
        f"{report.audio_seconds / 60:.1f} min of speech, {report.times_real_time:.1f} x real time, "
        f"{report.rows_per_second:.2f} rows/s"
    )


def _as_json(report: SynthesisReport) -> dict[str, Any]:
    from dataclasses import asdict

    speeds = {"times_real_time": report.times_real_time, "rows_per_second": report.rows_per_second}
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in (asdict(report) | speeds).items()
    }


class _Progress:
    """A bar on a terminal; elsewhere a line now and then, for logs."""

    def __init__(self, terminal: bool, clock: Callable[[], float] = time.monotonic):
        self._terminal = terminal
        self._clock = clock
        self._bar: Any = None
        self._next = clock() + _LINE_SECONDS

    def __call__(self, report: SynthesisReport) -> None:
        if self._terminal:
            if self._bar is None:
                from tqdm import tqdm

                # What was done before says nothing about the time that is left.
                self._bar = tqdm(
                    total=report.rows,
                    initial=report.done,
                    desc="speaking",
                    unit="row",
                    file=sys.stderr,
                    dynamic_ncols=True,
                )
            failed = f", {report.failed} failed" if report.failed else ""
            self._bar.set_postfix_str(f"{report.times_real_time:.1f} x real time{failed}", refresh=False)
            self._bar.update(report.done - self._bar.n)
        elif self._clock() >= self._next:
            self._next = self._clock() + _LINE_SECONDS
            left = report.rows - report.done
            worked = report.spoken / report.seconds if report.seconds else 0.0
            remaining = f", about {left / worked / 60:.0f} min left" if worked else ""
            note(f"{report.done} of {report.rows} rows, {report.failed} failed; {_speed(report)}{remaining}")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _column(text: str) -> tuple[str, str]:
    role, sign, name = text.partition("=")
    if not role or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not WHAT=NAME, such as style=manner")
    return role.strip().replace("-", "_"), name.strip()
