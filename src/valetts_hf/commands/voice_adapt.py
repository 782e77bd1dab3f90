"""`valetts voice adapt`: make a voice resemble its speaker more, from up to five clips in at most 100 steps."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from valetts_hf.commands.common import EXIT_OK, CommandError, add_model_arguments, load_model, note, one_line
from valetts_hf.commands.consent import ask_for_consent
from valetts_hf.commands.new_voice import how_to_speak, place_of_new_voice


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "adapt",
        help="adapt a voice to up to five clips (style vector and adapter)",
        description="Adapt a voice to up to five clips of one speaker. "
        "With the text of the clips (--transcripts) more of the voice is learned. Ctrl-C keeps the best so far.",
    )
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `valetts voice adapt`."""
    parser.add_argument("name", help="name of the voice")
    parser.add_argument(
        "clips", nargs="+", metavar="CLIP", help="audio files of one speaker, 5-6 s each, or a folder of them"
    )
    parser.add_argument(
        "--transcripts",
        metavar="FILE",
        help="text file with one line per clip, in their order (an empty line where the text is unknown); default: NAME.txt "
        "beside each clip NAME.wav, where there is one",
    )
    parser.add_argument("--consent", help="how the speaker agreed, in your words; asked for if not given")
    parser.add_argument("--source", help="note on where the recordings come from")
    parser.add_argument("-l", "--language", metavar="CODE", help="language of the transcripts (default: detected)")
    parser.add_argument("--preset", choices=("tiny", "default", "max"), help="size of the adapter (default: default)")
    parser.add_argument("--method", choices=("lora", "dora", "loha", "ia3"), help="kind of adapter (default: lora)")
    parser.add_argument("--steps", type=int, help="at most so many steps, 0 to 100 (default: 100)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same voice (default: 0)")
    parser.add_argument("--settings", metavar="FILE", help="YAML file of settings, see docs/adaptation.md")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="where to save it (default: among your voices)")
    parser.add_argument("--overwrite", action="store_true", help="replace a voice of this name")
    parser.add_argument("--trust-transcripts", action="store_true", help="do not check text against speech")
    parser.add_argument("--accept-quality", action="store_true", help="make the voice even if the recordings are poor")
    add_model_arguments(parser)
    parser.add_argument("--device", help="cpu, cuda, ... (default: a GPU if there is one)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no notes")


def run(args: argparse.Namespace) -> int:
    name, folder = place_of_new_voice(args)
    clips = _files(args.clips)
    transcripts = _transcripts(args.transcripts, clips)
    consent = ask_for_consent(args.consent)
    tts = load_model(args.model, args.device, getattr(args, "debug", False))
    with _Bar(args.quiet) as bar, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        voice = tts.adapt(
            clips,
            transcripts,
            name=name,
            consent=consent,
            source=args.source,
            language=args.language,
            preset=args.preset,
            method=args.method,
            max_steps=args.steps,
            seed=args.seed,
            settings=args.settings,
            check_transcripts=not args.trust_transcripts,
            quality="warn" if args.accept_quality else "refuse",
            progress=bar,
            folder=folder,
        )
    facts = voice.metadata["adaptation"]
    for text in dict.fromkeys([*(one_line(str(item.message)) for item in said), *facts["notes"]]):
        note(f"note: {text}", args.quiet)
    note(
        f"{facts['steps']} steps in {facts['seconds']:.0f} s, step {facts['best_step']} is kept. Saved in {str(folder)!r}.",
        args.quiet,
    )
    note(how_to_speak(args), args.quiet)
    return EXIT_OK


def _files(names: list[str]) -> list[Path]:
    from valetts_hf.voices.enrolment import list_clips

    files = [Path(name) for name in list_clips(names)]
    for file in files:
        if not file.is_file():
            raise CommandError(f"there is no file {str(file)!r}: give audio files, or a folder of them.")
    return files


def _transcripts(file: str | None, clips: list[Path]) -> list[str | None] | None:
    if file is None:
        texts = [_beside(clip) for clip in clips]
        return texts if any(texts) else None
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the transcripts {file!r} cannot be read: {one_line(error)}") from error
    while len(lines) > len(clips) and not lines[-1].strip():
        lines.pop()
    if len(lines) != len(clips):
        raise CommandError(f"{file!r} has {len(lines)} lines for {len(clips)} clips: give one line per clip.")
    return [line.strip() or None for line in lines]


def _beside(clip: Path) -> str | None:
    file = clip.with_suffix(".txt")
    try:
        return " ".join(file.read_text(encoding="utf-8-sig").split()) or None if file.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the transcript {str(file)!r} cannot be read: {one_line(error)}") from error


class _Bar:
    """A progress bar fed by `adapt_voice`; silent where nobody watches."""

    def __init__(self, quiet: bool):
        self.quiet = quiet
        self.bar: Any = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, progress: Any) -> None:
        if self.quiet or not sys.stderr.isatty():
            return
        if self.bar is None:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=progress.max_steps, desc="adapting", unit="step", leave=False)
        self.bar.update(progress.step - self.bar.n)
        if progress.held_out_loss is not None:
            self.bar.set_postfix(held_out=f"{progress.held_out_loss:.2f}", best=progress.best_step)
