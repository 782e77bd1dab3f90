"""`valetts data validate | prepare`: from recordings and texts to a corpus that can be trained on."""

from __future__ import annotations

import argparse
import os
from contextlib import contextmanager
from typing import Any

from valetts_hf.commands.common import (
    EXIT_OK,
    CommandError,
    HelpFormatter,
    add_model_arguments,
    isatty,
    note,
    one_line,
    print_json,
    quiet_libraries,
)


_SOURCES = """\
sources:
  a folder    metadata.jsonl / .csv / .parquet beside audio files (audio folder), Common Voice, LJ Speech,
              parquet files, `save_to_disk` of datasets, or audio files with .txt files of the same name
  a file      .jsonl, .csv, .tsv, .parquet, or lines of file|text
  owner/name  a data set on the Hub (streamed)
  a .yaml     a list of sources, each with its own location, columns, language, speaker
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "data",
        help="check recordings for training, or prepare them",
        description="Check recordings and their texts for training, or prepare a training corpus of them.",
    )
    parsers = parser.add_subparsers(title="what to do", metavar="ACTION", required=True, dest="action")
    validate = parsers.add_parser(
        "validate",
        help="measure every clip and write a report",
        description="Measure every clip, judge it (keep, fix, drop) and write a report with plots and players.",
        epilog=_SOURCES,
        formatter_class=HelpFormatter,
    )
    prepare = parsers.add_parser(
        "prepare",
        help="make a corpus for training",
        description=(
            "Decode, resample, trim, level and phonemise every clip, compute pitch, energy and durations, and pack what "
            "is good into a corpus. What was computed before is taken from the cache."
        ),
        epilog=_SOURCES,
        formatter_class=HelpFormatter,
    )
    for action in (validate, prepare):
        _add_source_arguments(action)
        # The default is that of `valetts data`, where `--debug` may stand as well.
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the full traceback")
    validate.add_argument(
        "--report", metavar="FOLDER", default="data_report", help="for the report (default: %(default)s)"
    )
    prepare.add_argument("--output", metavar="FOLDER", required=True, help="for the corpus")
    prepare.add_argument("--report", metavar="FOLDER", help="for the report (default: the output with -report)")
    prepare.add_argument("--strict", action="store_true", help="leave out clips to be fixed as well")
    prepare.add_argument(
        "--aligner",
        choices=("auto", "bootstrap", "model", "none"),
        default="auto",
        help="where durations come from: estimated on this corpus (bootstrap), from a trained model, or nowhere; auto "
        "estimates where there are at least 60 s of speech (default: %(default)s)",
    )
    add_model_arguments(prepare)
    prepare.add_argument("--iterations", type=int, default=12, metavar="N", help="rounds of the bootstrap aligner")
    prepare.add_argument(
        "--test-share",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of the texts that becomes the test split of sources without one (default: %(default)s)",
    )
    return parser


def _add_source_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="see below")
    columns = parser.add_argument_group("columns (found by their usual names if not given)")
    for role in ("audio", "text", "speaker", "language", "split"):
        columns.add_argument(f"--{role}-column", metavar="NAME", help=f"column with the {role}")
    columns.add_argument("--speaker", metavar="NAME", help="one speaker for all clips")
    columns.add_argument("--language", metavar="CODE", help="one language for all clips (see `valetts languages`)")
    columns.add_argument("--split", metavar="NAME", help="only this split")
    columns.add_argument("--config", metavar="NAME", help="configuration of a data set on the Hub")
    parser.add_argument("--thresholds", metavar="FILE", help="YAML file of thresholds that differ (docs/data.md)")
    parser.add_argument(
        "--max-seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="longest clip; longer recordings are split at pauses (default: %(default)s)",
    )
    parser.add_argument("--cache", metavar="FOLDER", help="for computed features (default: $HF_HOME/valetts/data)")
    parser.add_argument("--num-proc", type=int, metavar="N", help="processes (default: one for each core, at most 8)")
    parser.add_argument("--title", default="Corpus report", help="of the report")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def run(args: argparse.Namespace) -> int:
    try:
        from valetts_hf.training.data.clip_features import AudioSettings
        from valetts_hf.training.data.columns import ColumnMapping
        from valetts_hf.training.data.quality_thresholds import load_thresholds
        from valetts_hf.training.data.sources import as_sources
    except ImportError as error:
        raise CommandError(
            f"preparing data needs more packages ({one_line(error)}): pip install 'valetts-hf[train]'"
        ) from error

    roles = ("audio", "text", "speaker", "language", "split")
    mapping = ColumnMapping(**{role: getattr(args, f"{role}_column") for role in roles})
    given = {name: getattr(args, name) for name in ("speaker", "language", "split", "config")}
    sources = as_sources(args.sources, columns=mapping, **given)
    thresholds = load_thresholds(args.thresholds)
    settings = AudioSettings(max_seconds=args.max_seconds)
    num_proc = args.num_proc or min(8, os.cpu_count() or 1)
    work = _validate if args.action == "validate" else _prepare
    return work(args, sources, settings, thresholds, num_proc)


def _validate(args: argparse.Namespace, sources: list, settings: Any, thresholds: Any, num_proc: int) -> int:
    from valetts_hf.training.data.analysis import CorpusCache, analyze
    from valetts_hf.training.data.preparation import default_cache
    from valetts_hf.training.data.report import write_report

    cache = CorpusCache(args.cache or default_cache())
    with _counter(args.quiet) as progress:
        clips = analyze(sources, cache, settings, thresholds, num_proc, progress)
    summary = write_report(args.report, clips, cache, args.title)
    _tell(args, summary, {})
    return EXIT_OK


def _prepare(args: argparse.Namespace, sources: list, settings: Any, thresholds: Any, num_proc: int) -> int:
    from valetts_hf.training.data.preparation import describe, prepare_corpus
    from valetts_hf.training.data.report import summarize, write_report

    def load_model() -> Any:
        import valetts_hf
        from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech

        with quiet_libraries(args.debug):
            return ValeTTSForSpeech.from_pretrained(args.model or valetts_hf.BASE_CHECKPOINT)

    with _counter(args.quiet) as progress:
        result = prepare_corpus(
            sources,
            args.output,
            cache=args.cache,
            settings=settings,
            thresholds=thresholds,
            num_proc=num_proc,
            strict=args.strict,
            aligner=args.aligner,
            load_model=load_model,
            iterations=args.iterations,
            test_share=args.test_share,
            progress=progress,
        )
    args.report = args.report or f"{args.output.rstrip('/')}-report"
    if not (result.up_to_date and os.path.isfile(os.path.join(args.report, "report.html"))):
        write_report(args.report, result.clips, result.cache, args.title)
    corpus = result.corpus
    facts = {
        "output": args.output,
        "clips_packed": len(corpus),
        "hours_packed": round(corpus.hours, 3),
        "aligner": result.aligner,
        "up_to_date": result.up_to_date,
    }
    _tell(args, summarize(result.clips), facts)
    if not args.json and not args.quiet:
        print(describe(corpus))
        state = "is up to date" if result.up_to_date else "is ready"
        print(f"{args.output} {state}: {len(corpus)} clips, {corpus.hours:.2f} h, durations: {result.aligner}")
    return EXIT_OK


def _tell(args: argparse.Namespace, summary: Any, facts: dict) -> None:
    if args.json:
        counts = {name: summary.counts[name] for name in ("keep", "fix", "drop")}
        reasons = {name: fix + drop for name, fix, drop, _ in summary.reasons}
        hours = {"hours": round(summary.hours, 3), "usable_hours": round(summary.usable_hours, 3)}
        print_json(
            {**counts, **hours, "reasons": reasons, "findings": summary.findings, "report": args.report, **facts}
        )
        return
    if args.quiet:
        return
    from valetts_hf.training.data.report_page import total_text

    print(total_text(summary))
    print(", ".join(f"{name} {summary.counts[name]}" for name in ("keep", "fix", "drop")))
    for name, fix, drop, _ in summary.reasons[:8]:
        print(f"  {name}: {fix + drop}")
    for finding in summary.findings:
        note(f"note: {finding}")
    print(f"report: {os.path.join(args.report, 'report.html')}")


@contextmanager
def _counter(quiet: bool):
    """A callable that shows how many rows are done, on stderr; None where nobody would see it."""
    import sys

    if quiet or not isatty(sys.stderr):
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc="clips", file=sys.stderr, unit="", leave=False, dynamic_ncols=True) as bar:
        yield lambda done: bar.update(done - bar.n)
