"""Runs the blocks of a page as a reader would type them: one folder, one Python namespace, one shell, in order.

Commands run inside this process: a new one for each would take ten times as long. `valetts serve` and `valetts demo` serve on a free
port while the page lasts, and later blocks find them there.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import io
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, SHELL, Block


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
_PRINTS = re.compile(r"^\s*print\(.*\)  # -> (.+)$", re.MULTILINE)
_ADDRESS = re.compile(r"127\.0\.0\.1:(8000|7860)")
# What sets a machine up is looked at, not done: it is done already where this runs.
SETUP = ("pip", "make", "pytest", "pre-commit", ".")
_LAUNCHERS = ("python", "python3", "accelerate", "torchrun")


@dataclass
class Room:
    """Where the blocks of one page run.

    Args:
        folder (`Path`): the current folder meanwhile, with what a reader is told to have.
        patch: undone when the page is done.
        stack: closed when the page is done: servers.
        namespace (`dict`): of the Python blocks.
        addresses (`dict`): port in the text -> where the server really is.
    """

    folder: Path
    patch: pytest.MonkeyPatch
    stack: contextlib.ExitStack
    namespace: dict = field(default_factory=lambda: {"__name__": "guide"})
    addresses: dict[str, str] = field(default_factory=dict)

    def run(self, block: Block) -> None:
        """One block; what goes wrong is raised."""
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
            sys.modules.pop(path.stem, None)
        if block.reason:
            look_at(block)
        elif block.language == "python":
            self.run_python(block)
        elif block.language in SHELL:
            for line in command_lines(block.body):
                self.run_line(line)
        else:
            parse(block)

    def run_python(self, block: Block) -> None:
        """In the namespace of the page; `print(...)  # -> text` must print that text."""
        if block.file:
            compile(block.body, block.file, "exec")
            return
        code = _ADDRESS.sub(lambda found: self.addresses.get(found[1], found[0]), block.body)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile("\n" * block.line + code, block.page, "exec"), self.namespace)
        for shown in _PRINTS.findall(block.body):
            assert shown in out.getvalue(), f"{block.place} does not print {shown!r} but {out.getvalue()!r}"

    def run_line(self, line: str) -> None:
        """A line of a shell: commands joined by `&&`, a text piped in by `echo`, a file written by `>`."""
        for command in line.split(" && "):
            text, target = "", None
            words = shlex.split(command, comments=True)
            if "|" in words:
                source, words = words[: words.index("|")], words[words.index("|") + 1 :]
                assert source[0] == "echo" and len(source) == 2, f"only `echo TEXT |` is understood: {command}"
                text = source[1] + "\n"
            if ">" in words:
                target, words = words[words.index(">") + 1], words[: words.index(">")]
            self.run_command(words, text, target)

    def run_command(self, words: list[str], text: str, target: str | None) -> None:
        program, *arguments = words
        if program in SETUP:
            look_at_command(words)
        elif program == "export":
            name, _, value = arguments[0].partition("=")
            self.patch.setenv(name, os.path.expandvars(value))
        elif program == "valetts" and arguments[0] in ("serve", "demo") and not manages_keys(arguments):
            self.serve(arguments)
        elif program == "valetts":
            code, out = run_valetts(arguments, text)
            assert code == 0, f"valetts {shlex.join(arguments)} ended with {code}"
            if target:
                (self.folder / target).write_bytes(out)
            self.check_outputs(arguments)
        elif program == "python" and arguments[:2] == ["-m", "venv"]:
            pass
        elif program in _LAUNCHERS:
            script, rest = script_of(words)
            subprocess.run([sys.executable, str(ROOT / script), *rest], cwd=self.folder, check=True, timeout=300)
        else:
            raise AssertionError(f"a block that runs uses {program!r}: teach {__name__} to run it, or mark the block")

    def check_outputs(self, arguments: list[str]) -> None:
        """What `--output` names is there, with something in it."""
        for option in ("--output", "--timestamps", "--json"):
            if option in arguments[:-1] and not arguments[arguments.index(option) + 1].startswith("-"):
                path = self.folder / arguments[arguments.index(option) + 1]
                assert path.is_dir() or path.stat().st_size > 20, path

    def serve(self, arguments: list[str]) -> None:
        """The application of the command on a free port, until the page is done."""
        pytest.importorskip("prometheus_client", reason="pip install 'valetts-hf[serve]'")
        from valetts_hf import ValeTTS
        from valetts_hf.cli import build_parser
        from valetts_hf.serving.app import create_demo_app
        from valetts_hf.serving.server import create_server_app

        given = build_parser().parse_args(arguments)
        if str(given.port) in self.addresses:  # the same command with other options: understood, and there already
            return
        tts = ValeTTS.from_pretrained()
        app = (
            create_demo_app(tts)
            if arguments[0] == "demo"
            else create_server_app(tts, voices_folder=self.folder / "served", demo=given.demo)
        )
        self.addresses[str(given.port)] = self.stack.enter_context(listening(app))


@contextlib.contextmanager
def listening(app) -> Iterator[str]:
    """Serve an application, as its command does, while the context lasts; gives its host and port."""
    import uvicorn

    from valetts_hf.serving.app import demo_config
    from valetts_hf.serving.draining import server_config

    lifecycle = getattr(app.state, "lifecycle", None)  # the server warms up before it answers, the page does not
    server = uvicorn.Server(demo_config(app, port=0) if lifecycle is None else server_config(app, 2, port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started or (lifecycle is not None and lifecycle.stage.value == "starting"):
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def manages_keys(arguments: list[str]) -> bool:
    return any(word in ("--add-key", "--list-keys", "--remove-key") for word in arguments)


def run_valetts(arguments: list[str], text: str = "") -> tuple[int, bytes]:
    """Exit code and standard output of a command, in this process."""
    from valetts_hf import cli

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        patch.setattr(sys, "stdout", out)
        code = cli.main(arguments)
    out.flush()
    return code, out.buffer.getvalue()


def command_lines(body: str) -> list[str]:
    """The lines of a shell block: continued ones joined, comments and blank ones left out."""
    lines = body.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def check_install(arguments: list[str]) -> None:
    """Looked at, not run: extras must be extras of this package."""
    assert arguments[0] == "install", arguments
    for name in re.findall(r"\[([\w,]+)\]", " ".join(arguments)):
        assert set(name.split(",")) <= set(EXTRAS), f"pip {shlex.join(arguments)}: no such extra"


def script_of(words: list[str]) -> tuple[str, list[str]]:
    """The script of a line such as `accelerate launch --x script.py --y`, and the script's own arguments."""
    index = next(number for number, word in enumerate(words) if word.endswith(".py"))
    return words[index], words[index + 1 :]


class Understood(BaseException):
    """Raised in the place of work: the arguments were parsed."""

    def __init__(self, arguments: argparse.Namespace):
        self.arguments = arguments


def understand(script: str, arguments: list[str]) -> argparse.Namespace:
    """What a script of the repository makes of its arguments; it gets no further than that."""
    parse_args = argparse.ArgumentParser.parse_args

    def stop(self, *given, **named):
        raise Understood(parse_args(self, *given, **named))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(sys, "argv", [script, *arguments])
        patch.syspath_prepend(str((ROOT / script).parent))  # as Python does
        try:
            runpy.run_path(str(ROOT / script), run_name="__main__")
        except Understood as understood:
            return understood.arguments
    raise AssertionError(f"{script} parsed no arguments")


def look_at(block: Block) -> None:
    """What can be said of a block without running it: Python compiles, commands exist and take these options."""
    if block.language == "python":
        ast.parse(block.body)
    elif block.language not in SHELL:
        parse(block)
    else:
        for line in command_lines(block.body):
            for command in re.split(r" && | \| ", line):
                look_at_command(shlex.split(command, comments=True))


def look_at_command(words: list[str]) -> None:
    from valetts_hf.cli import build_parser

    if words[0] == "valetts":
        build_parser().parse_args(words[1:])
    elif words[0] == "pip":
        check_install(words[1:])
    elif words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(words[1:]) <= set(targets), f"make {shlex.join(words[1:])}: no such target"
    elif words[0] in _LAUNCHERS and any(word.endswith(".py") for word in words):
        script, arguments = script_of(words)
        assert (ROOT / script).is_file(), f"there is no {script}"
        if "..." in arguments:
            return
        given = understand(script, arguments)
        recipe = getattr(given, "recipe", None)
        if isinstance(recipe, (str, Path)) and "/" in str(recipe):
            assert (ROOT / recipe).is_file(), f"there is no recipe {recipe}"
    elif words[0].endswith(".sh"):
        assert os.access(ROOT / words[0], os.X_OK), f"there is no program {words[0]}"


def parse(block: Block) -> None:
    """A block that is data: it must be what it says it is."""
    if block.language == "json":
        json.loads(block.body)
    elif block.language == "jsonl":
        assert [json.loads(line) for line in block.body.splitlines()]
    elif block.language == "yaml":
        import yaml

        assert yaml.safe_load(block.body)
    elif block.language == "toml":
        assert tomllib.loads(block.body)
    elif block.language == "xml":
        from valetts_hf.processing.ssml import parse_ssml

        assert parse_ssml(block.body)
    elif block.language == "csv":
        assert len({len(row) for row in csv.reader(io.StringIO(block.body))}) == 1, "rows of different lengths"
    elif block.language != "text":
        raise AssertionError(f"{block.place}: a block of {block.language or 'no language'!r}: name one, or `text`")
