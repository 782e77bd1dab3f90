"""The `valetts` command: parser, error messages and exit codes; each subcommand is a module of `valetts_hf.commands`.

Nothing here or at the top of a command module imports torch or transformers, so `valetts --help` answers at once and
`valetts doctor` still works where one of them is broken.

Exit codes: 0 done, 1 it went wrong while working (checkpoint, device, disk, network), 2 the request cannot be
fulfilled as given (usage, text, voice, language), 130 interrupted with Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

from valetts_hf.commands import (
    batch,
    convert,
    data,
    demo,
    doctor,
    export,
    languages,
    say,
    serve,
    styles,
    voice,
    voices,
)
from valetts_hf.commands.common import (
    EXIT_BAD_INPUT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    CommandError,
    HelpFormatter,
    one_line,
)
from valetts_hf.version import __version__


_EPILOG = """\
exit codes:
  0    done
  1    it went wrong while working: checkpoint, device, disk, network
  2    the request cannot be fulfilled as given: usage, text, voice, language
  130  interrupted with Ctrl-C

`valetts COMMAND --help` explains each command. `valetts doctor` says what is missing and how to get it.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of `valetts` with all subcommands; each sets `run`, a function from parsed arguments to exit code."""
    parser = argparse.ArgumentParser(
        prog="valetts",
        description="Text to speech: speaks out of the box, in the voice of a recording if you give one.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"valetts {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (say, batch, voice, voices, styles, demo, serve, data, convert, export, languages, doctor):
        subparser = command.add_parser(subparsers)
        subparser.add_argument("--debug", action="store_true", help="show the full traceback of an error")
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv (sequence of `str`, *optional*): arguments after the program name; default `sys.argv[1:]`.

    Returns:
        `int`: the exit code, see the top of this file.

    Raises:
        SystemExit: from `--help`, `--version` (0) and usage errors (2), as argparse does.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # letters that the locale does not have are escaped, as on stderr
        sys.stdout.reconfigure(errors="backslashreplace")
    args = build_parser().parse_args(argv)
    try:
        exit_code = args.run(args)
        sys.stdout.flush()  # here a broken pipe can still be told from a success
        return exit_code
    except KeyboardInterrupt:
        return _fail(args, "interrupted.", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of the pipe has gone (`... | head`): nobody is there to be told. Python would complain once more
        # when it flushes stdout at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except CommandError as error:
        return _fail(args, error, error.exit_code)
    except (ValueError, TypeError) as error:
        return _fail(args, error, EXIT_BAD_INPUT)
    except (OSError, RuntimeError, MemoryError, ImportError) as error:
        return _fail(args, error, EXIT_FAILED)
    except Exception as error:
        message = f"unexpected {type(error).__name__}: {one_line(error)}; `--debug` shows where, please report it."
        return _fail(args, message, EXIT_FAILED)


def _fail(args: argparse.Namespace, error: BaseException | str, exit_code: int) -> int:
    if args.debug and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    print(f"valetts: error: {one_line(error)}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
