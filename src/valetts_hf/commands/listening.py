"""What commands that serve share: a socket that listens before the model is loaded, addresses, and their arguments."""

from __future__ import annotations

import argparse
import os
import socket

from valetts_hf.commands.common import EXIT_FAILED, CommandError, one_line, whole_number


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def add_address_arguments(parser: argparse.ArgumentParser, variables: str, default_port: int) -> None:
    """`--host` and `--port`, whose defaults the variables `<variables>_HOST` and `<variables>_PORT` set."""
    parser.add_argument(
        "--host",
        default=os.environ.get(f"{variables}_HOST", "127.0.0.1"),
        metavar="ADDRESS",
        help="where to listen (default: 127.0.0.1, this machine alone)",
    )
    parser.add_argument(
        "--port",
        default=os.environ.get(f"{variables}_PORT", str(default_port)),
        type=tcp_port,
        metavar="N",
        help=f"0 takes any free one (default: {default_port})",
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, or a message that says why not."""
    listener = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise CommandError(
            f"cannot listen on {host}:{port}: {error.strerror or one_line(error)}. Give another --port (0 takes any free one) "
            "or --host.",
            EXIT_FAILED,
        ) from error
    return listener


def shown_address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def tcp_port(text: str) -> int:
    """A port in an argument; 0 is any free one."""
    value = whole_number(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return value
