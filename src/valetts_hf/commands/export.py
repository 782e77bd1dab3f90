"""`valetts export`: a checkpoint for other runtimes, ONNX graphs and TensorRT engines of them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from valetts_hf.commands.common import EXIT_FAILED, EXIT_OK, CommandError, bundled_checkpoint, note, quiet_libraries


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "export",
        help="write ONNX graphs or TensorRT engines of a checkpoint",
        description="Turn a checkpoint into a folder of ONNX graphs that ValeTTS.from_pretrained speaks with, or such a "
        "folder into TensorRT engines. DST appears when all is written, or not at all.",
    )
    parser.add_argument("kind", choices=["onnx", "tensorrt"], help="what to write")
    parser.add_argument(
        "source",
        metavar="SRC",
        help="onnx: checkpoint, a folder, a repository or `base` for the bundled one; tensorrt: folder of ONNX graphs",
    )
    parser.add_argument("target", metavar="DST", help="new folder")
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument("--int8", action="store_true", help="matrix products in 8-bit integers (ONNX only)")
    precision.add_argument(
        "--fp16", action="store_true", help="half precision: of the weights (ONNX) or of all (TensorRT)"
    )
    parser.add_argument(
        "--voice", metavar="FOLDER", help="make the adapter of this voice part of the weights (ONNX only)"
    )
    parser.add_argument("--report", action="store_true", help="compare with PyTorch: report.json and report.md in DST")
    parser.add_argument(
        "--judge",
        metavar="NAME=MODULE:FUNCTION",
        action="append",
        default=[],
        help="with --report: a function (waveforms, texts, sampling rate) -> number on PYTHONPATH, such as a word error rate",
    )
    parser.add_argument(
        "--sentences", metavar="FILE", help="with --report: what to say, a language code and a text on each line"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace DST if it is an export")
    parser.add_argument("--quiet", "-q", action="store_true", help="say nothing")
    return parser


def run(args: argparse.Namespace) -> int:
    return _run_onnx(args) if args.kind == "onnx" else _run_tensorrt(args)


def _run_onnx(args: argparse.Namespace) -> int:
    source = bundled_checkpoint() if args.source == "base" else os.path.expanduser(args.source)
    if (args.judge or args.sentences) and not args.report:
        raise CommandError("--judge and --sentences say how to compare: give --report too.")
    precision = "int8" if args.int8 else "fp16" if args.fp16 else "fp32"
    with quiet_libraries(args.debug):
        from valetts_hf.export.onnx_export import check_export_libraries, export_onnx

        check_export_libraries()
        comparison = _comparison(args.judge, args.sentences) if args.report else {}
        note("exporting takes a minute or two ...", args.quiet)
        folder = export_onnx(source, args.target, precision, args.voice, args.overwrite)
        size = sum(path.stat().st_size for path in folder.glob("*.onnx")) / 1e6
        note(
            f"{args.target}: {precision}, {size:.1f} MB. Load it with ValeTTS.from_pretrained({args.target!r}).",
            args.quiet,
        )
        if args.report:
            from valetts_hf.export.parity import parity_report

            print(parity_report(source, folder, voice=args.voice, **comparison).markdown())
    return EXIT_OK


def _comparison(judges: list[str], sentences: str | None) -> dict[str, Any]:
    """What `parity_report` is told; everything is looked up before the export takes its time."""
    from valetts_hf.training.evaluation.evaluator import load_callable

    arguments: dict[str, Any] = {"measures": {}}
    for judge in judges:
        name, separator, function = judge.partition("=")
        if not separator or not name:
            raise CommandError(
                f"--judge {judge!r}: write it as NAME=MODULE:FUNCTION, as in wer=my_judges:word_errors."
            )
        arguments["measures"][name] = load_callable(function)
    if sentences is not None:
        lines = Path(sentences).expanduser().read_text(encoding="utf-8").splitlines()
        arguments["sentences"] = pairs = [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]
        for number, pair in enumerate(pairs, 1):
            if len(pair) < 2:
                raise CommandError(f"{sentences}, sentence {number}: {pair[0]!r} has no text, write `en-us A text.`")
    return arguments


def _run_tensorrt(args: argparse.Namespace) -> int:
    if args.int8 or args.voice or args.report or args.judge or args.sentences:
        raise CommandError(
            "--int8, --voice and --report, --judge, --sentences belong to `valetts export onnx`: give them there."
        )
    from valetts_hf.export.tensorrt_engines import TensorRTUnavailable, build_engines

    try:
        engines = build_engines(Path(args.source).expanduser(), Path(args.target), args.fp16, args.overwrite)
    except TensorRTUnavailable as error:
        raise CommandError(str(error), EXIT_FAILED) from error
    note(f"{args.target}: {len(engines)} engines, for this GPU and this TensorRT only.", args.quiet)
    return EXIT_OK
