"""`valetts demo`: the page to draw prosody on, served from this machine."""

from __future__ import annotations

import argparse
import contextlib
import threading
import webbrowser
from typing import TYPE_CHECKING, Any

from valetts_hf.commands.common import (
    EXIT_FAILED,
    EXIT_OK,
    CommandError,
    HelpFormatter,
    add_decoder_argument,
    add_device_arguments,
    add_model_arguments,
    load_model,
    note,
    one_line,
    positive_integer,
    quiet_libraries,
)
from valetts_hf.commands.listening import LOOPBACK, add_address_arguments, listen, shown_address


if TYPE_CHECKING:
    from valetts_hf.serving.settings import DemoSettings

DEFAULT_PORT = 7860  # what Hugging Face Spaces expects, too

_EPILOG = """\
examples:
  valetts demo                        then open http://127.0.0.1:7860
  valetts demo --open --port 8000
  valetts demo --host 0.0.0.0         others in the network can use it: there is no password
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        "demo",
        help="open a page to draw prosody on",
        description=(
            "Serve a page on this machine: type a sentence, see its words with their pitch and energy, draw over them, and "
            "hear it. Works offline. Needs the extra `demo`. VALETTS_DEMO_HOST and VALETTS_DEMO_PORT set the defaults."
        ),
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add_address_arguments(parser, "VALETTS_DEMO", DEFAULT_PORT)
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--own-voices",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="offer the voices you keep on this machine (default: on loopback only)",
    )
    parser.add_argument(
        "--max-characters", type=positive_integer, default=1000, metavar="N", help="of one text (default: 1000)"
    )
    parser.add_argument(
        "--allow-frame",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a site that may show the page in a frame, for example https://huggingface.co",
    )
    add_model_arguments(parser)
    add_decoder_argument(parser)
    add_device_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="errors only")
    return parser


def run(args: argparse.Namespace) -> int:
    try:
        import uvicorn

        from valetts_hf.serving.app import create_demo_app, demo_config
    except ImportError as error:
        raise CommandError(
            f"the demo needs some libraries more ({one_line(error)}): pip install 'valetts-hf[demo]'", EXIT_FAILED
        ) from error
    settings = _settings(args)
    listener = listen(args.host, args.port)  # before seconds of loading
    with listener:
        address = shown_address(args.host, listener.getsockname()[1])
        note(f"loading the model for {address}", args.quiet)
        if args.threads is not None:
            import torch

            torch.set_num_threads(args.threads)
        tts = load_model(args.model, args.device, args.debug, args.decoder)
        app = create_demo_app(tts, settings)
        server = uvicorn.Server(demo_config(app))
        note(f"the page is at {address} (Ctrl-C ends it)", args.quiet)
        if args.host not in LOOPBACK:
            note("whoever reaches this address can use it: there is no password.", args.quiet)
        if args.open:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        with (
            quiet_libraries(args.debug),
            contextlib.suppress(KeyboardInterrupt),
        ):  # uvicorn passes Ctrl-C on when it is done
            server.run(sockets=[listener])
    return EXIT_OK


def _settings(args: argparse.Namespace) -> DemoSettings:
    from valetts_hf.serving.settings import LOOPBACK_HOSTS, DemoSettings

    local = args.host in LOOPBACK
    return DemoSettings(
        max_characters=args.max_characters,
        own_voices=local if args.own_voices is None else args.own_voices,
        frame_ancestors=tuple(args.allow_frame),
        allowed_hosts=LOOPBACK_HOSTS if local else (),
    )
