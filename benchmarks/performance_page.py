"""`docs/performance.md` out of `benchmarks/results/*.json`: every number of the page stands in one of those files.

    python benchmarks/load.py --seconds 60 --output load.json
    python benchmarks/performance_page.py --keep load.json      keeps the result, then writes the page
    python benchmarks/performance_page.py --check               fails where the page is not what the results say

A result is kept under the name of its file: `load`, `soak` (one long round of `load.py`), `export_speed`, `speech_speed`,
`vocoder_speed`, `training_speed`, the last three also with `_gpu` behind it, for a run on a GPU. Machine and date are noted
where the benchmark has not done so itself.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import machine


ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks" / "results", ROOT / "docs" / "performance.md"
HEAD = """\
# Performance

What was measured, with which program, on which machine, and when. This page is written by `benchmarks/performance_page.py` from
the files in `benchmarks/results/`; other machines give other numbers, and each program says how to get yours.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown; the first column holds names."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def count(row: dict[str, Any], keep: Callable[[int], bool]) -> int:
    return sum(many for status, many in row["statuses"].items() if keep(int(status)))


def load(result: dict[str, Any]) -> str:
    """Rounds of the load benchmark."""
    rows = [
        [
            f"{row['clients']}",
            number(row["seconds"], 0),
            number(row["answers_per_second"]),
            number(row["speech_seconds_per_second"], 1),
            number(row["processor_seconds_per_second"]),
            " / ".join(number(row[f"first_byte_p{share}"], 1) for share in (50, 95, 99)),
            " / ".join(number(row[f"whole_p{share}"], 1) for share in (50, 95, 99)),
            f"{count(row, lambda status: status == 429)}",
            f"{count(row, lambda status: status >= 500) + row['broken']}",
            f"{row['left']}",
            f"{row['checked']} / {row['foreign']}",
            "-".join(map(str, row.get("memory_mb", ["?"]))),
        ]
        for row in result["rounds"]
    ]
    head = [
        *("clients", "seconds", "answers/s", "speech s/s", "cores", "first audio p50 / p95 / p99, s"),
        *("whole answer p50 / p95 / p99, s", "429", "errors", "left early", "checked / wrong", "memory, MB"),
    ]
    return table(head, rows)


def soak(result: dict[str, Any]) -> str:
    """One long round: what memory does."""
    (row,) = result["rounds"]
    minutes = row["seconds"] / 60
    tenths = ["median memory, MB", *(number(value, 0) for value in row["memory_mb_tenths"])]
    share = 100 * (row["memory_end_of_5_minutes"] - 1)
    return "\n\n".join(
        [
            load(result),
            table(["tenth of the run", *map(str, range(1, 11))], [tenths]),
            f"{minutes:.0f} minutes: {row['memory_mb_at_5_minutes']:.0f} MB after five minutes, {row['memory_mb_at_end']:.0f} MB at "
            f"the end ({share:+.1f} %), {row['memory_mb_per_hour']:+.0f} MB an hour by least squares from the fifth minute on.",
        ]
    )


def export_speed(result: dict[str, Any]) -> str:
    """Real-time factors of all contestants, a column for each number of threads."""
    threads = sorted({row["threads"] for row in result["rows"]})
    found = {(row["system"], row["threads"]): row for row in result["rows"]}
    systems = list(dict.fromkeys(row["system"] for row in result["rows"]))
    rows = [
        [
            system,
            *(number(found[system, many]["rtf"], 4) if (system, many) in found else "-" for many in threads),
            *(number(found[system, many]["of_piper"], 2) if (system, many) in found else "-" for many in threads),
        ]
        for system in systems
    ]
    head = ["", *(f"RTF, {many} thread(s)" for many in threads), *(f"of Piper's, {many}" for many in threads)]
    return table(head, rows)


def speech_speed(result: dict[str, Any]) -> str:
    """The SDK and VitsModel, case by case."""
    rows = [
        [
            f"{row['text']} text, batch {row['batch']}, {row['threads']} thread(s), {row['system']}",
            number(row["rtf"], 4),
            number(1000 * row["first_audio_seconds"], 0),
            number(row["peak_rss_mb"], 0),
        ]
        for row in result["rows"]
        if "error" not in row
    ]
    parts = [table(["", "RTF", "first audio, ms", "most memory, MB"], rows)] if rows else []
    on_gpu = [[row["what"], f"{row['value']:.1f} {row['unit']}"] for row in result.get("gpu", {}).get("rows", [])]
    if on_gpu:
        parts.append(table(["on the GPU", ""], on_gpu))
    return "\n\n".join(parts)


def vocoder_speed(result: dict[str, Any]) -> str:
    """Decoding with BigVGAN: times real time."""
    rows = [
        [
            f"{row['seconds']:g} s x {row['batch']}, {row['system']}",
            number(row["times_real_time"], 1),
            number(row.get("peak_mb"), 0),
        ]
        for row in result["decoding"]
    ]
    parts = [
        f"{result['preset']}, {result['dtype']}, {result['device']}.",
        table(["", "times real time", "most memory, MB"], rows),
    ]
    chunks = [[name, number(value, 1)] for name, value in result.get("chunk_milliseconds", {}).items()]
    if chunks:
        parts.append(table(["a chunk of 64 frames with its context", "ms"], chunks))
    return "\n\n".join(parts)


def training_speed(result: dict[str, Any]) -> str:
    """A step of training."""
    rows = [
        [
            name,
            number(item["seconds_per_step"], 3),
            number(item["window_audio_seconds_per_second"], 2),
            number(item["decoded_audio_seconds_per_second"], 3),
            f"{100 * item['shares']['data']:.1f} %",
        ]
        for name, item in result["systems"].items()
    ]
    return table(["", "s/step", "window audio s/s", "decoded audio s/s", "data"], rows)


# File of results: (heading, the program and what it does, its section).
SECTIONS: dict[str, tuple[str, str, Callable[[dict[str, Any]], str]]] = {
    "load": (
        "The server under load",
        "`benchmarks/load.py`: clients on loopback that ask one thing after the other, a third of the texts long, a tenth of the "
        "clients leaving after the first bytes. `cores` is what the server got of the machine; 429 are refusals, which clients "
        "repeat after the time they were told; `wrong` are answers that are not what the same request got alone.",
        load,
    ),
    "soak": (
        "Memory over time",
        "One long round of `benchmarks/load.py`: half of the texts are ever new ones, and every answer is computed.",
        soak,
    ),
    "export_speed": (
        "Exports beside other systems",
        "`benchmarks/export_speed.py`: one sentence, all contestants in turns in one run, the fastest round of each. RTF is seconds of "
        "work per second of audio.",
        export_speed,
    ),
    "speech_speed": ("The SDK", "`benchmarks/speech_speed.py`, beside transformers' VitsModel.", speech_speed),
    "vocoder_speed": ("The BigVGAN decoder", "`benchmarks/vocoder_speed.py`.", vocoder_speed),
    "training_speed": ("Training", "`benchmarks/training_speed.py`, beside VITS.", training_speed),
    "speech_speed_gpu": ("The SDK on a GPU", "`benchmarks/speech_speed.py --gpu-only`.", speech_speed),
    "vocoder_speed_gpu": (
        "The BigVGAN decoder on a GPU",
        "`benchmarks/vocoder_speed.py`: `published` is the original layout of the computation, `triton` and `cuda` have the fused "
        "kernels; with `graph`, chunks of 64 frames are decoded one after the other, as in streaming.",
        vocoder_speed,
    ),
    "training_speed_gpu": (
        "Training on a GPU",
        "`benchmarks/training_speed.py --device cuda --tf32 --batch-size 64 --discriminator medium`, beside VITS; "
        "`valetts-graphs` records whole steps.",
        training_speed,
    ),
}


def where(result: dict[str, Any]) -> str:
    """The line about the machine."""
    facts = result["machine"]
    if not isinstance(facts, dict):
        return f"{result['date']}, {facts}."
    parts = [f"{result['date']}", *([facts["gpu"]] if "gpu" in facts else [])]
    parts.append(f"{facts['processor']}, {facts['cores']} cores")
    if "memory_gb" in facts:
        parts.append(f"{facts['memory_gb']} GB")
    parts += [f"{name} {facts[name]}" for name in ("torch", "onnxruntime") if name in facts]
    if facts.get("load_average", 0.0) > facts["cores"]:
        parts.append(f"shared with other programs (load average {facts['load_average']:g} at the end)")
    return f"{', '.join(parts)}."


def page(results: dict[str, dict[str, Any]]) -> str:
    """The page of some results, by the names of their files."""
    parts = [HEAD.rstrip()]
    for name, (heading, description, section) in SECTIONS.items():
        if name in results:
            parts += [f"## {heading}", description, where(results[name]), section(results[name])]
    return "\n\n".join(parts) + "\n"


def kept() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}


def keep(path: Path) -> None:
    """Take a result into the folder.

    Raises:
        `ValueError`: a name that the page has no section for.
    """
    if path.stem not in SECTIONS:
        raise ValueError(f"{path.name!r} is none of {', '.join(SECTIONS)}: rename it to the benchmark that made it.")
    result = json.loads(path.read_text(encoding="utf-8"))
    result.setdefault("date", time.strftime("%Y-%m-%d", time.localtime(path.stat().st_mtime)))
    if not isinstance(result.get("machine"), dict):
        result["machine"] = machine()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / path.name).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, nargs="+", default=[], help="results to take in, from this machine")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    options = parser.parse_args(arguments)
    for path in options.keep:
        keep(path)
    text = page(kept())
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        raise SystemExit("docs/performance.md is not what benchmarks/results say: run benchmarks/performance_page.py.")


if __name__ == "__main__":
    main()
