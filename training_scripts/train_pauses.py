"""Learn pauses from the silences of a packed corpus, compare them with punctuation alone, and write the table of weights.

python training_scripts/train_pauses.py --corpus corpus --output src/valetts_hf/processing/pause_weights.py
"""

from __future__ import annotations

import argparse
import json
import os
import textwrap
from pathlib import Path

from valetts_hf.processing.pause_prediction import PauseModel
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.pauses.fitting import fit_pauses, judge_pauses, judge_punctuation, mark_seconds
from valetts_hf.training.pauses.silences import corpus_silences
from valetts_hf.training.run.one_line_errors import one_line_errors


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder made by `valetts data prepare`, with durations")
    parser.add_argument("--output", help="Python file for the weights")
    parser.add_argument("--report", help="JSON file for the comparison")
    options = parser.parse_args(arguments)
    clips = corpus_silences(PackedCorpus.load(options.corpus))
    known = [clip for clip in clips if clip.split == "train"]
    unknown = [clip for clip in clips if clip.split != "train"]
    if not unknown:
        raise ValueError("the corpus holds out no clips to judge pauses by: prepare it with --test-share 0.02")
    model, lengths = fit_pauses(known), mark_seconds(known)
    report = {
        "clips": {"train": len(known), "held out": len(unknown)},
        "weights": len(model.breaks) + len(model.lengths),
        "model": judge_pauses(model, unknown),
        "punctuation": judge_punctuation(lengths, unknown),
        "seconds": lengths,
    }
    print(f"{len(known)} clips to learn from, {len(unknown)} held out; {report['weights']} weights")
    print(f"{'':14}{'F':>8}{'precision':>11}{'recall':>8}{'AUC: spaces':>13}{'marks':>8}{'error of log seconds':>22}")
    for name in ("model", "punctuation"):
        f_score, precision, recall, space, mark, error = report[name].values()
        print(f"{name:14}{f_score:8.3f}{precision:11.3f}{recall:8.3f}{space:13.3f}{mark:8.3f}{error:22.3f}")
    if options.report:
        _write(options.report, json.dumps(report, indent=2) + "\n")
    if options.output:
        _write(options.output, table(model, lengths))


def table(model: PauseModel, lengths: dict[str, float]) -> str:
    """The weights as a Python file."""
    parts = [
        '"""The weights of the pause model, made by `training_scripts/train_pauses.py`; see `pause_prediction`."""\n\n',
        "# fmt: off\n",
        "# Seconds of silence at a mark: what readers make of it in the median.\n",
        _dictionary("MARK_SECONDS", lengths),
        f"THRESHOLD = {model.threshold}\nBREATH = {model.breath}\n",
        _dictionary("BREAKS", model.breaks),
        _dictionary("LENGTHS", model.lengths),
    ]
    return "".join(parts)


def _dictionary(name: str, values: dict[str, float]) -> str:
    items = ", ".join(f'"{key}":\u00a0{value}' for key, value in values.items())
    lines = textwrap.wrap(items, 110, break_long_words=False, break_on_hyphens=False)
    body = "\n".join(f"    {line}" for line in lines).replace("\u00a0", " ")
    return f"{name} = {{\n{body},\n}}\n"


def _write(target: str, content: str) -> None:
    path = Path(target)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    scratch.write_text(content, encoding="utf-8")
    os.replace(scratch, path)


if __name__ == "__main__":
    with one_line_errors():
        main()
