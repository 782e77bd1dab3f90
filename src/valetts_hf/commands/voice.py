"""`valetts voice ...`: make a voice of recordings, see, share and delete the voices of this user.

`valetts voices` is the short form of `valetts voice list`.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valetts_hf.commands import voice_adapt, voices
from valetts_hf.commands.common import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    CommandError,
    add_model_arguments,
    isatty,
    load_model,
    note,
    one_line,
    print_json,
    quiet_libraries,
)
from valetts_hf.commands.consent import ask_for_consent
from valetts_hf.commands.new_voice import how_to_speak, place_of_new_voice, refuse_taken


if TYPE_CHECKING:
    from valetts_hf.voices.voice import Voice


_EPILOG = """\
examples:
  valetts voice enroll ana ana1.wav ana2.wav --consent "Ana Silva agreed in writing on 2026-03-01"
  valetts say "Bom dia!" --voice ana
  valetts voice export ana ana_voice/          a folder to give away
  valetts voice export ana --hub owner/ana     a repository on the Hub
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "voice",
        help="make, list, share and delete voices",
        description="Make voices of recordings and keep them under names.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="what to do", metavar="ACTION", required=True, dest="action")
    added = {
        _add_enroll(actions): _enroll,
        voice_adapt.add_parser(actions): voice_adapt.run,
        voices.add_list(actions, "list"): voices.run,
        _add_show(actions): _show,
        _add_remove(actions): _remove,
        _add_export(actions): _export,
        _add_cache(actions): _cache,
    }
    for action, run_action in added.items():
        # The default is that of `valetts voice`, where `--debug` may stand as well.
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the full traceback")
        action.set_defaults(run_action=run_action)
    return parser


def run(args: argparse.Namespace) -> int:
    return args.run_action(args)


def _add_enroll(actions: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        "enroll",
        help="make a voice of at least 5 s of speech",
        description="Make a voice of recordings of one person: 5-6 s of clean speech, or a few clips of that length.",
    )
    parser.add_argument("name", help="what to call the voice")
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="audio files, addresses of such, or a folder of them")
    parser.add_argument(
        "--consent", metavar="TEXT", help="how the speaker agreed, in your words; asked for if not given"
    )
    parser.add_argument("--source", metavar="TEXT", help="note on where the recordings come from")
    parser.add_argument("-l", "--language", metavar="CODE", help="language of the recordings")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="where to save it (default: among your voices)")
    parser.add_argument("--overwrite", action="store_true", help="replace a voice of this name")
    parser.add_argument("--accept-quality", action="store_true", help="make the voice even if the recordings are poor")
    add_model_arguments(parser)
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, ... (default: a GPU if there is one)")
    parser.add_argument("-q", "--quiet", action="store_true", help="errors only")
    return parser


def _enroll(args: argparse.Namespace) -> int:
    name, folder = place_of_new_voice(args)
    consent = ask_for_consent(args.consent)
    tts = load_model(args.model, args.device, args.debug)
    with quiet_libraries(args.debug), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        voice = tts.enroll(
            args.clips,
            name=name,
            consent=consent,
            language=args.language,
            source=args.source,
            quality="warn" if args.accept_quality else "refuse",
        )
        voice.save_pretrained(folder)
    for warning in said:
        note(f"note: {one_line(str(warning.message))}", args.quiet)
    seconds, clips = voice.metadata["speech_seconds"], voice.metadata["clips"]
    note(f"made {name!r} of {seconds:.1f} s of speech in {clips} clip{'s' * (clips > 1)}: {folder}", args.quiet)
    note(how_to_speak(args), args.quiet)
    return EXIT_OK


def _add_show(actions: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser("show", help="what is known about a voice", description="What is known about a voice.")
    parser.add_argument("voice", metavar="NAME|FOLDER|REPO")
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_model_arguments(parser)
    return parser


def _show(args: argparse.Namespace) -> int:
    facts = _brought_by(args.model, args.voice) or _facts_of(_load(args.voice))
    if args.json:
        print_json(facts)
        return EXIT_OK
    for key, value in facts.items():
        if key == "metadata":
            for inner, detail in value.items():
                print(f"{inner}: {detail}")
        else:
            print(f"{key}: {value if value not in (None, '') else '-'}")
    return EXIT_OK


def _brought_by(model: str | None, name: str) -> dict[str, Any] | None:
    """What is known about a voice that a checkpoint brings; None if it is none of them."""
    row = next((row for row in voices.list_voices(model) if row["name"] == name), None)
    if row is None:
        return None
    return row | {
        "default_for": ", ".join(row["default_for"]),
        "base": model or "the bundled checkpoint, which brings it",
    }


def _facts_of(voice: Voice) -> dict[str, Any]:
    adapter = "none"
    if voice.adapter is not None:
        adapter = f"{sum(path.stat().st_size for path in voice.adapter.iterdir()) / 1e6:.2f} MB in {voice.adapter}"
    return {
        "name": voice.name,
        "language": voice.language,
        "base": voice.base_model_name_or_path,
        "checkpoint": voice.checkpoint,
        "style": f"{len(voice.style)} numbers",
        "adapter": adapter,
        "source": voice.source,
        "consent": voice.consent,
        "consent_date": voice.consent_date,
        "content_hash": voice.content_hash,
        "metadata": voice.metadata,
    }


def _add_remove(actions: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        "remove", help="delete one of your voices", description="Delete one of your voices. It cannot be brought back."
    )
    parser.add_argument("name")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    return parser


def _remove(args: argparse.Namespace) -> int:
    from valetts_hf.voices.library import VoiceLibrary

    library = VoiceLibrary()
    library.facts(args.name)  # says so if there is none
    if not args.yes:
        if not isatty(sys.stdin):
            raise CommandError(f"to delete {args.name!r} without being asked add --yes.")
        note(f"Delete the voice {args.name!r} for good? Type yes.")
        if input("> ").strip().lower() not in ("y", "yes"):
            note("nothing was deleted.")
            return EXIT_INTERRUPTED
    note(f"deleted {library.remove(args.name)}")
    return EXIT_OK


def _add_export(actions: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        "export", help="copy a voice to a folder or to the Hub", description="Copy a voice to a folder or to the Hub."
    )
    parser.add_argument("voice", metavar="NAME|FOLDER|REPO")
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="where to")
    parser.add_argument(
        "--hub", metavar="OWNER/NAME", help="repository on the Hub (made if needed) instead of a folder"
    )
    parser.add_argument("--private", action="store_true", help="a new repository is private")
    parser.add_argument("--overwrite", action="store_true", help="replace a voice in the folder")
    return parser


def _export(args: argparse.Namespace) -> int:
    if (args.folder is None) == (args.hub is None):
        raise CommandError("say where to: a folder, or --hub owner/name.")
    voice = _load(args.voice)
    if args.folder is not None:
        refuse_taken(Path(args.folder), args.overwrite)
        note(f"wrote {voice.save_pretrained(args.folder)}")
        return EXIT_OK
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        address = voice.push_to_hub(args.hub, private=args.private or None)
    except HFValidationError as error:
        raise CommandError(f"{args.hub!r} is no name of a repository: {one_line(error)}") from error
    except HfHubHTTPError as error:
        raise CommandError(
            f"{args.hub!r} cannot be written ({one_line(error)}): log in with `hf auth login`.", 1
        ) from error
    note(f"shared: {address}")
    return EXIT_OK


def _add_cache(actions: Any) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        "cache",
        help="what was computed of recordings and kept",
        description="Style vectors of recordings are kept by the content of the audio, so that they are computed once. "
        "VALETTS_CACHE=FOLDER keeps them elsewhere, VALETTS_CACHE=off nowhere.",
    )
    parser.add_argument("--clear", action="store_true", help="delete all of it")
    return parser


def _cache(args: argparse.Namespace) -> int:
    from valetts_hf.voices.cache import VoiceCache

    cache = VoiceCache()
    if cache.folder is None:
        note("the cache is switched off (VALETTS_CACHE).")
        return EXIT_OK
    if args.clear:
        note(f"deleted {cache.clear()} entries of {cache.folder}")
        return EXIT_OK
    entries, size = cache.size()
    print(f"{cache.folder}: {entries} entries, {size / 1e6:.2f} MB of at most {cache.limit / 1e6:.0f} MB")
    return EXIT_OK


def _load(name: str) -> Any:
    """A voice by name, folder or repository."""
    from valetts_hf.voices.library import VoiceLibrary
    from valetts_hf.voices.places import is_voice_folder

    library = VoiceLibrary()
    if not is_voice_folder(name) and (os.sep not in name and "/" not in name):
        if name not in library and _brought_by(None, name):
            raise CommandError(f"{name!r} is a voice of the checkpoint itself: it goes wherever the checkpoint goes.")
        return library.load(name)
    from valetts_hf.voices.voice_folder import load_voice

    return load_voice(name)
