#!/usr/bin/env python
"""Write texts for recordings that have none, with any speech recogniser.

    python training_scripts/transcribe.py readers --output readers.jsonl --transcriber my_judges:transcribe
    valetts data prepare readers.jsonl ... --output corpus

The recogniser is a function (waveform float32 [S], sampling rate, language) -> text in a module on PYTHONPATH. Texts that
are there stay; an interrupted run goes on. See docs/data.md for what machine-made texts are good for.
"""

import argparse

from tqdm import tqdm

from valetts_hf.training.data.transcribing import transcribe_sources
from valetts_hf.training.evaluation.evaluator import load_callable
from valetts_hf.training.run.one_line_errors import one_line_errors


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="+", help="as for `valetts data prepare`; the audio must be files")
    parser.add_argument("--output", required=True, help="table to write, a .jsonl file")
    parser.add_argument("--transcriber", required=True, help="module:function")
    parser.add_argument("--language", help="of all recordings, where no column says it")
    parser.add_argument("--speaker", help="of all recordings, where no column says it")
    parsed = parser.parse_args(arguments)
    try:
        with tqdm(unit=" rows") as bar:
            transcriber = load_callable(parsed.transcriber)
            said = {"language": parsed.language, "speaker": parsed.speaker}
            result = transcribe_sources(parsed.source, parsed.output, transcriber, lambda _: bar.update(), **said)
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    for reason in result.skipped:
        print(f"skipped {reason}")
    print(f"{parsed.output}: {result}")


if __name__ == "__main__":
    with one_line_errors():
        main()
