#!/usr/bin/env python
"""Few-shot adaptation of voices, one after the other or shared among processes.

    accelerate launch training_scripts/run_adapt.py --clips ana/ --name ana --consent "Ana agreed on 2026-03-01" --output voices/ana
    accelerate launch training_scripts/run_adapt.py --list voices.jsonl --output voices/ --settings training_scripts/recipes/adapt.yaml

A line of the list is {"name": ..., "clips": [...], "transcripts": [...] or null, "consent": ..., "language": ...}; every
process takes its share of the lines. A voice that fails is reported and leaves the others alone.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from tqdm.auto import tqdm
from transformers import AutoProcessor

import valetts_hf
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation.adapt_voice import adapt_voice
from valetts_hf.training.adaptation.settings import load_settings
from valetts_hf.training.run.one_line_errors import one_line_errors
from valetts_hf.training.run.run_command import reading


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=valetts_hf.BASE_CHECKPOINT, help="folder or Hub id of the base")
    parser.add_argument("--output", required=True, type=Path, help="folder of the voice; with --list of all voices")
    parser.add_argument("--list", type=Path, help="JSON lines: one voice each")
    parser.add_argument("--clips", nargs="+", help="audio files of one speaker, or a folder of them")
    parser.add_argument("--transcripts", nargs="+", help="what is said in each clip")
    parser.add_argument("--name", help="of the voice")
    parser.add_argument("--consent", help="how the speaker agreed")
    parser.add_argument("--language", help="of the transcripts")
    parser.add_argument("--settings", help="YAML file of AdaptationSettings")
    parser.add_argument("--preset", choices=("tiny", "default", "max"))
    parser.add_argument("--max_steps", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--cpu", action="store_true", help="adapt on the CPU even if there is a GPU")
    options = parser.parse_args(arguments)
    if (options.list is None) == (options.clips is None):
        parser.error("give either --list, or --clips with --name and --consent")
    if options.clips is not None and not (options.name and options.consent):
        parser.error("--clips needs --name and --consent")
    return options


def read_jobs(options: argparse.Namespace) -> list[dict]:
    """One dictionary per voice: name, clips, transcripts, consent, language, folder."""
    if options.list is None:
        names = ("name", "clips", "transcripts", "consent", "language")
        return [{key: getattr(options, key) for key in names} | {"folder": options.output}]
    jobs = [json.loads(line) for line in options.list.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, job in enumerate(jobs, 1):
        if missing := {"name", "clips", "consent"} - set(job):
            raise SystemExit(f"{options.list}, line {number}: {sorted(missing)} missing")
        job["folder"] = options.output / job["name"]
    return jobs


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    settings = load_settings(options.settings, preset=options.preset, max_steps=options.max_steps, seed=options.seed)
    jobs = read_jobs(options)
    state = PartialState(cpu=options.cpu)
    with reading(options.model):
        model = ValeTTSForSpeech.from_pretrained(options.model, dtype=torch.float32).eval().to(state.device)
        processor = AutoProcessor.from_pretrained(options.model)
    failed = 0
    with state.split_between_processes(jobs) as share:
        for job in share:
            with tqdm(total=settings.max_steps, desc=job["name"], disable=not state.is_local_main_process) as bar:

                def show(progress, bar=bar):
                    bar.update(progress.step - bar.n)
                    bar.set_postfix({"held out": progress.held_out_loss, "best": progress.best_step})

                try:
                    voice = adapt_voice(
                        model,
                        processor,
                        job["clips"],
                        job.get("transcripts"),
                        name=job["name"],
                        consent=job["consent"],
                        language=job.get("language"),
                        settings=settings,
                        progress=show,
                        folder=job["folder"],
                    )
                except (ValueError, OSError) as error:
                    failed += 1
                    print(f"{job['name']}: {error}", file=sys.stderr)
                    continue
            facts = voice.metadata["adaptation"]
            print(
                f"{job['name']}: step {facts['best_step']} of {facts['steps']} kept, {facts['seconds']} s", flush=True
            )
            if facts["interrupted"]:
                return 130
    return 1 if failed else 0


if __name__ == "__main__":
    with one_line_errors():
        sys.exit(main())
