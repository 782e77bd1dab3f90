"""`valetts say`: text in, speech out, as a file, on standard output or through the loudspeaker."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valetts_hf.commands.audio_sink import open_file, open_stdout
from valetts_hf.commands.common import (
    EXIT_OK,
    CommandError,
    HelpFormatter,
    add_decoder_argument,
    add_device_arguments,
    add_model_arguments,
    isatty,
    load_model,
    note,
    print_json,
    progress_bar,
    quiet_libraries,
)
from valetts_hf.commands.direction_arguments import add_direction_arguments, direction_arguments
from valetts_hf.commands.text_input import is_ssml_file, read_text
from valetts_hf.commands.voice_argument import resolve_voice


if TYPE_CHECKING:
    from collections.abc import Callable

    from valetts_hf.inference import Speech, ValeTTS, Word

AUDIO_FORMATS = ("wav", "flac", "ogg", "opus", "mp3")
TIMESTAMP_ENDINGS = (".json", ".srt", ".vtt", ".textgrid")

_EPILOG = """\
examples:
  valetts say "The ferry leaves the harbour at seven." --output ferry.wav
  valetts say chapter1.txt --output chapter1.mp3 --json chapter1.json
  valetts say "Bom dia!" --voice my_voice.wav --play
  valetts say "Slowly, please." --speaking-rate 0.8 --pitch-range 1.3
  valetts say letter.ssml --output letter.wav
  echo "Guten Morgen." | valetts say - --output - | aplay
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "say",
        help="speak a text",
        description=(
            "Speak a text of any length. Without --output and --play the speech goes to a new file speech.wav in the "
            "current folder."
        ),
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "text",
        nargs="*",
        metavar="TEXT|FILE|-",
        help="the text; or one existing .txt, .md or .ssml file, which is read aloud; or - (or nothing) for standard input, UTF-8",
    )
    parser.add_argument("--ssml", action="store_true", help="the text is SSML, as is that of an .ssml file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE|-",
        help="audio file (.wav, .flac, .ogg, .opus, .mp3), or - for standard output",
    )
    parser.add_argument(
        "--format", choices=AUDIO_FORMATS, help="audio format (default: by the ending of --output; wav for -)"
    )
    parser.add_argument("--play", action="store_true", help="play through the loudspeaker")
    parser.add_argument(
        "-l",
        "--language",
        default="auto",
        metavar="CODE",
        help="language of the text, for example en-gb or pt-br; `valetts languages` lists them (default: auto, by sentence)",
    )
    parser.add_argument(
        "-v",
        "--voice",
        metavar="NAME|FILE|FOLDER",
        help="a name from `valetts voices`, the folder or Hub repository of a voice, a recording of 5-6 seconds, or a folder of "
        "up to 5 clips of one speaker",
    )
    parser.add_argument(
        "--style",
        metavar="STYLE|FILE",
        help='the manner, while the voice stays: a name or tokens from `valetts styles`, mixed as in "calm*0.5 + token:2*0.5"; '
        "a recording; or a style saved as JSON",
    )
    parser.add_argument(
        "--sketch",
        metavar="FILE",
        help="pitch and energy drawn over the text: a sketch (.json), an .svg, a picture of a line, or a recording to say it like",
    )
    add_direction_arguments(parser)
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same audio")
    parser.add_argument(
        "--json", metavar="FILE|-", help="write the times of the words as JSON to a file, or - for standard output"
    )
    parser.add_argument(
        "--timestamps",
        metavar="FILE",
        help="write when what is said: .json (words, phonemes, pitch, energy), .srt, .vtt (subtitles) or .TextGrid (Praat)",
    )
    add_model_arguments(parser)
    add_decoder_argument(parser)
    add_device_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="errors only")
    return parser


def run(args: argparse.Namespace) -> int:
    _check_targets(args)
    text = read_text(args.text, args.quiet)
    voice = resolve_voice(args.voice)
    if args.threads is not None:
        import torch

        torch.set_num_threads(args.threads)
    tts = load_model(args.model, args.device, args.debug, args.decoder)
    output = _default_output() if args.output is None and not args.play else args.output
    with quiet_libraries(args.debug):
        report = _speak(tts, text, voice, output, args)
    if output not in (None, "-"):
        note(f"wrote {output}: {report['duration']:.2f} s", args.quiet)
    if args.json is not None:
        _write_json(args.json, report)
    return EXIT_OK


def _speak(tts: ValeTTS, text: str, voice: Any, output: str | None, args: argparse.Namespace) -> dict[str, Any]:
    """Send the speech, chunk by chunk, wherever it is wanted; returns what `--json` writes."""
    language = None if args.language.lower() == "auto" else args.language
    ssml = args.ssml or is_ssml_file(args.text)
    # Before any file is opened: the arguments are checked here.
    stream = tts.stream(
        text,
        language=language,
        voice=voice,
        style=args.style,
        sketch=args.sketch,
        seed=args.seed,
        ssml=ssml,
        **direction_arguments(args),
    )
    from valetts_hf.inference.long_text import TextPlan
    from valetts_hf.inference.speech import Speech
    from valetts_hf.inference.timestamps import Timeline, save_timestamps

    if not ssml and not args.play:  # what is listened to should begin at once
        TextPlan(text, tts.processor, language).check_readable()
    timeline, timed = Timeline(), args.timestamps is not None or args.json is not None
    letters = 0
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(progress_bar("speaking", isatty(sys.stderr) and not args.quiet))
        consumers: list[Callable[[Speech], Any]] = []
        if output == "-":
            consumers.append(stack.enter_context(open_stdout(args.format, tts.sampling_rate)))
        elif output is not None:
            consumers.append(stack.enter_context(open_file(output, args.format, tts.sampling_rate)))
        if args.play:
            from valetts_hf.commands.playback import open_player

            consumers.append(stack.enter_context(open_player(tts.sampling_rate)))
        for chunk in stream:
            for consumer in consumers:
                consumer(chunk)
            # The times of a book are a hundred megabytes.
            timeline.add(chunk if timed else Speech(chunk.waveform, chunk.sampling_rate, seed=chunk.seed))
            letters += len(chunk.text) + 1
            if progress is not None:
                progress(min(letters, len(text)), len(text))
        if progress is not None:
            progress(len(text), len(text))
    timeline.text = text
    if args.timestamps is not None:
        save_timestamps(timeline, args.timestamps)
    return {
        "text": text,
        "output": output,
        "sampling_rate": tts.sampling_rate,
        "duration": round(timeline.duration, 4),
        "seed": timeline.seed,
        "words": [_timed(word) for word in timeline.words],
    }


def _timed(word: Word) -> dict[str, Any]:
    """Times in seconds from the beginning of the audio."""
    return {"text": word.text, "start": round(word.start, 4), "end": round(word.end, 4), "language": word.language}


def _check_targets(args: argparse.Namespace) -> None:
    """Refuse before minutes of work what would fail after them."""
    if args.play:
        from valetts_hf.commands.playback import require_player

        require_player()
    if args.output == "-" and args.json == "-":
        raise CommandError("--output - and --json - both want standard output: give one of them a file name.")
    if args.output == "-" and isatty(sys.stdout):
        raise CommandError(
            "--output - would write audio to the terminal: pipe it into a player or redirect it to a file."
        )
    if args.output not in (None, "-"):
        if args.format is None:
            _check_ending(args.output)
        _check_folder(args.output)
    if args.sketch is not None and not Path(args.sketch).expanduser().exists():
        raise CommandError(f"--sketch: there is no file {args.sketch!r}.")
    if args.json not in (None, "-"):
        _check_folder(args.json)
    if args.timestamps is not None:
        if Path(args.timestamps).suffix.lower() not in TIMESTAMP_ENDINGS:
            raise CommandError(f"--timestamps {args.timestamps!r} ends with none of {', '.join(TIMESTAMP_ENDINGS)}.")
        _check_folder(args.timestamps)


def _check_ending(output: str) -> None:
    ending = Path(output).suffix.lower().lstrip(".")
    if ending not in (*AUDIO_FORMATS, "wave", "oga"):
        said = f"the ending .{ending}" if ending else "no ending"
        raise CommandError(
            f"--output {output!r} has {said}: use one of {', '.join('.' + name for name in AUDIO_FORMATS)}, or say which "
            "with --format."
        )


def _check_folder(target: str) -> None:
    path = Path(target).expanduser()
    if path.exists() and not path.is_file() and not path.is_dir():  # a device or a pipe
        return
    if path.is_dir():
        raise CommandError(f"{target!r} is a folder: add a file name to it.")
    if not path.parent.is_dir():
        raise CommandError(
            f"{target!r} cannot be written: the folder {str(path.parent)!r} does not exist; create it first."
        )
    if not os.access(path.parent, os.W_OK):
        raise CommandError(f"{target!r} cannot be written: no permission to write in {str(path.parent)!r}.")


def _default_output() -> str:
    """speech.wav, or speech-2.wav and so on: without --output nothing is ever overwritten."""
    number = 1
    while True:
        name = "speech.wav" if number == 1 else f"speech-{number}.wav"
        if not os.path.exists(name):
            return name
        number += 1


def _write_json(target: str, report: dict[str, Any]) -> None:
    if target == "-":
        print_json(report)
        return
    content = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    from valetts_hf.inference.audio_files import write_bytes

    write_bytes(target, content.encode("utf-8"), "the times")
