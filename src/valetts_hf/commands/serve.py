"""`valetts serve`: the speech API for other programs, and the keys they need."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from valetts_hf.commands.common import (
    EXIT_FAILED,
    EXIT_OK,
    CommandError,
    HelpFormatter,
    add_decoder_argument,
    add_device_arguments,
    add_model_arguments,
    isatty,
    load_model,
    note,
    number,
    one_line,
    positive_integer,
    print_table,
    quiet_libraries,
    whole_number,
)
from valetts_hf.commands.listening import LOOPBACK, add_address_arguments, listen, shown_address
from valetts_hf.voices.places import user_folder


if TYPE_CHECKING:
    from valetts_hf.serving.api_keys import KeyFile
    from valetts_hf.serving.server_settings import ServerSettings

DEFAULT_PORT = 8000
_GPU_WORKERS, _GPU_ROWS = 8, 8

_EPILOG = """\
examples:
  valetts serve                                then POST http://127.0.0.1:8000/v1/audio/speech
  valetts serve --demo                         and the page to draw prosody on, at /demo/
  valetts serve --add-key "audio guide"        make a key, shown once
  valetts serve --host 0.0.0.0 --rate 120      for others, with keys, 120 requests a minute each
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "serve",
        help="answer requests of other programs",
        description=(
            "Serve speech over HTTP: OpenAI's /v1/audio/speech, voices, timestamps, health and metrics. On this machine alone "
            "unless --host says otherwise; other machines need API keys. Needs the extra `serve`. VALETTS_HOST, VALETTS_PORT "
            "and VALETTS_KEYS set the defaults."
        ),
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    place = parser.add_argument_group("where")
    add_address_arguments(place, "VALETTS", DEFAULT_PORT)  # type: ignore[arg-type]
    place.add_argument("--demo", action="store_true", help="also serve the page to draw prosody on, at /demo/")
    place.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a site whose pages may ask from a browser, for example https://example.org (default: none)",
    )
    who = parser.add_argument_group("who may ask")
    who.add_argument(
        "--keys",
        default=os.environ.get("VALETTS_KEYS"),
        metavar="FILE",
        help="hashes of API keys (default: api-keys.json with your voices, if it is there)",
    )
    who.add_argument("--add-key", metavar="NAME", help="make a key, print it and end")
    who.add_argument("--remove-key", metavar="NAME", help="make a key worthless and end")
    who.add_argument("--list-keys", action="store_true", help="list names of keys and end")
    who.add_argument(
        "--no-keys", action="store_true", help="answer everybody, on other machines, too: something else keeps watch"
    )
    who.add_argument(
        "--rate", type=_amount, default=0.0, metavar="N", help="requests a minute of one key (default: no limit)"
    )
    who.add_argument(
        "--rate-characters", type=_amount, default=0.0, metavar="N", help="characters a minute (default: no limit)"
    )
    work = parser.add_argument_group("work")
    add_model_arguments(work)  # type: ignore[arg-type]
    add_decoder_argument(work)  # type: ignore[arg-type]
    add_device_arguments(work)  # type: ignore[arg-type]
    work.add_argument(
        "--workers", type=positive_integer, metavar="N", help="requests at the same time (default: by the cores)"
    )
    work.add_argument(
        "--batch",
        type=positive_integer,
        metavar="N",
        help="sentences computed together (default: 8 on a GPU, 1 on a CPU)",
    )
    work.add_argument(
        "--max-waiting",
        type=whole_number,
        default=32,
        metavar="N",
        help="requests that may wait; more get 429 (default: 32)",
    )
    work.add_argument(
        "--max-characters", type=positive_integer, default=100_000, metavar="N", help="of one text (default: 100000)"
    )
    work.add_argument(
        "--deadline", type=_seconds, default=30.0, metavar="S", help="without audio by then: 504 (default: 30)"
    )
    work.add_argument("--cache-mb", type=_amount, default=128.0, metavar="N", help="finished speech (default: 128)")
    work.add_argument(
        "--voice-alias", action="append", default=[], type=_alias, metavar="NEW=VOICE", help="another name for a voice"
    )
    work.add_argument(
        "--drain", type=_amount, default=5.0, metavar="S", help="unready before the door closes (default: 5)"
    )
    work.add_argument(
        "--tracing",
        action="store_true",
        help="OpenTelemetry spans of requests, where OTEL_EXPORTER_OTLP_ENDPOINT says (default: if it is set)",
    )
    work.add_argument("-q", "--quiet", action="store_true", help="errors only: no access log")
    return parser


def run(args: argparse.Namespace) -> int:
    from valetts_hf.serving.memory import limit_heaps, limit_prepared_shapes

    limit_prepared_shapes()  # before anything is computed
    try:
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401

        from valetts_hf.serving.api_keys import KeyFile
        from valetts_hf.serving.draining import serve
        from valetts_hf.serving.server import create_server_app
    except ImportError as error:
        raise CommandError(
            f"the server needs some libraries more ({one_line(error)}): pip install 'valetts-hf[serve]'", EXIT_FAILED
        ) from error
    keys = KeyFile(args.keys or user_folder() / "api-keys.json")
    if args.add_key is not None or args.remove_key is not None or args.list_keys:
        return _manage(args, keys)
    asked_for = None if args.no_keys else _required(args, keys)
    settings = _settings(args)
    limit_heaps()  # before there are threads
    tracer = _tracer(args)
    listener = listen(args.host, args.port)  # before seconds of loading
    with listener:
        address = shown_address(args.host, listener.getsockname()[1])
        note(f"loading the model for {address}", args.quiet)
        tts = load_model(args.model, args.device, args.debug, args.decoder)
        settings = _fitted(args, settings, tts.device.type == "cpu")
        app = create_server_app(tts, settings, asked_for, demo=args.demo, tracer=tracer)
        _log_to_stdout(args.quiet)
        note(f"answering at {address}/v1/audio/speech (Ctrl-C ends it)", args.quiet)
        if args.demo:
            note(f"the page is at {address}/demo/", args.quiet)
        with (
            quiet_libraries(args.debug),
            contextlib.suppress(KeyboardInterrupt),
        ):  # uvicorn passes Ctrl-C on when it is done
            serve(app, listener, 0.0 if isatty(sys.stdin) else args.drain, finish_seconds=30)
    return EXIT_OK


def _manage(args: argparse.Namespace, keys: KeyFile) -> int:
    if args.add_key is not None:
        key = keys.add(args.add_key)
        note(f"the key of {args.add_key!r}, kept as a hash in {str(keys.path)!r}; it is not shown again:")
        print(key)
    elif args.remove_key is not None:
        keys.remove(args.remove_key)
        note(f"the key of {args.remove_key!r} opens nothing any more.")
    else:
        print_table(("NAME", "CREATED", "OWNER"), [(one.name, one.created, one.owner) for one in keys.keys()])
    return EXIT_OK


def _required(args: argparse.Namespace, keys: KeyFile) -> KeyFile | None:
    """The keys to ask for: always where there are any or a file was named, and never none beyond this machine."""
    if not keys.keys() and args.host not in LOOPBACK:
        raise CommandError(
            f"{args.host} can be reached from other machines, and there are no API keys in {str(keys.path)!r}: make one with "
            "`valetts serve --add-key NAME`, or pass --no-keys if something else keeps watch."
        )
    return keys if keys.keys() or args.keys else None


def _settings(args: argparse.Namespace) -> ServerSettings:
    from valetts_hf.serving.server_settings import ServerSettings
    from valetts_hf.serving.settings import LOOPBACK_HOSTS

    local = args.host in LOOPBACK
    return ServerSettings(
        max_characters=args.max_characters,
        max_waiting=args.max_waiting,
        allowed_hosts=LOOPBACK_HOSTS if local else (),
        first_audio_seconds=args.deadline,
        cache_bytes=round(args.cache_mb * (1 << 20)),
        requests_per_minute=args.rate,
        characters_per_minute=args.rate_characters,
        allowed_origins=tuple(args.allow_origin),
        voice_aliases=tuple(args.voice_alias),
    )


def _fitted(args: argparse.Namespace, settings: ServerSettings, on_cpu: bool) -> ServerSettings:
    """Workers, threads and batches that fit the machine. On a CPU a batch saves nothing; there workers share the cores."""
    from dataclasses import replace

    import torch

    from valetts_hf.serving.cores import share_cores, usable_cores

    if on_cpu:
        workers, threads = share_cores(usable_cores(), args.workers, args.threads)
    else:
        workers, threads = args.workers or _GPU_WORKERS, args.threads or 1
    torch.set_num_threads(threads)
    return replace(settings, workers=workers, batch_rows=args.batch or (1 if on_cpu else _GPU_ROWS))


def _tracer(args: argparse.Namespace) -> Any:
    """What makes spans, if that is asked for."""
    from valetts_hf.serving.tracing import asked_by_environment, make_tracer

    if not args.tracing and not asked_by_environment():
        return None
    try:
        return make_tracer()
    except ImportError as error:
        message = f"tracing needs some libraries more ({one_line(error)}): pip install 'valetts-hf[otel]'"
        raise CommandError(message, EXIT_FAILED) from error
    except ValueError as error:
        raise CommandError(str(error)) from error


def _log_to_stdout(quiet: bool) -> None:
    """One JSON object a line for each request; errors go to stderr as ever."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("valetts_hf.serving.access")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.ERROR if quiet else logging.INFO)


def _amount(text: str) -> float:
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or more")
    return value


def _seconds(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not more than 0 seconds")
    return value


def _alias(text: str) -> tuple[str, str]:
    alias, _, name = text.partition("=")
    if not alias or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NEW=VOICE, such as alloy=kathleen")
    return alias, name
