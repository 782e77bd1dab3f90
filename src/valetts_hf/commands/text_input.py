"""Where the text of `valetts say` comes from: the arguments, a .txt, .md or .ssml file, or standard input."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from valetts_hf.commands.common import CommandError, isatty, note, one_line


SSML_ENDING = ".ssml"
TEXT_ENDINGS = (".txt", ".md", ".markdown", SSML_ENDING)


def read_text(arguments: Sequence[str], quiet: bool = False) -> str:
    """The text to speak.

    Args:
        arguments: what stands on the command line: words; one existing text file; "-" or nothing for standard input.
        quiet (`bool`): do not say which file is read.

    Raises:
        `CommandError`: no text, several files, a missing or unreadable file, one of another kind, text that is neither UTF-8
            nor UTF-16 with its mark.
    """
    if not arguments:
        if isatty(sys.stdin):
            raise CommandError(
                "no text: give it in quotes, name a .txt file, or pipe it in (`echo Hello | valetts say -`)."
            )
        arguments = ["-"]
    if len(arguments) > 1:
        for argument in arguments:
            if argument == "-" or _is_text_file(argument):
                raise CommandError(f"{argument!r} stands beside other text: give one file, or -, or words.")
        return _as_written(" ".join(arguments))
    (argument,) = arguments
    if not argument.strip():
        raise CommandError("the text is empty: there is nothing to speak.")
    if argument == "-":
        return _decode(_read_stdin(), "standard input")
    if _is_text_file(argument):
        note(f"reading {argument}", quiet)
        try:
            text = _decode(Path(argument).read_bytes(), repr(argument))
        except OSError as error:
            raise CommandError(f"{argument!r} cannot be read: {error.strerror or one_line(error)}.") from error
        return text if argument.lower().endswith((".txt", SSML_ENDING)) else strip_markdown(text)
    if argument.lower().endswith(TEXT_ENDINGS) and not re.search(r"\s", argument):
        raise CommandError(
            f"there is no file {argument!r}: check the path. To speak these very characters: `echo {argument} | valetts say -`."
        )
    if _is_file(argument) and Path(argument).suffix:
        raise CommandError(
            f"{argument!r} is a file, but only .txt, .md and .ssml files are read aloud: make one of it, for example with "
            f"`pandoc -t plain`. To speak these very characters: `echo {argument} | valetts say -`."
        )
    return _as_written(argument)


def is_ssml_file(arguments: Sequence[str]) -> bool:
    """Whether the text is a file of SSML."""
    return len(arguments) == 1 and arguments[0].lower().endswith(SSML_ENDING) and _is_text_file(arguments[0])


def strip_markdown(text: str) -> str:
    """What a person would read aloud of a Markdown text: no code blocks, markers, images, comments or link targets."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"^\s*(?:[-*_]\s*){3,}$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t]*(?:>[ \t]?)+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^([ \t]*)[-*+][ \t]+", r"\1", text, flags=re.MULTILINE)
    # A heading is a sentence of its own.
    text = re.sub(r"^#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", _heading, text, flags=re.MULTILINE)
    text = re.sub(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", text)
    return re.sub(r"`+([^`]+)`+", r"\1", text)


def _heading(match: re.Match[str]) -> str:
    title = match[1].rstrip()
    return title if not title or title[-1] in ".?!:…。？！" else title + "."


def _as_written(text: str) -> str:
    """Words of the command line. Bytes that the locale cannot read come as lone surrogates, which would be left out silently."""
    if any("\udc80" <= char <= "\udcff" for char in text):
        return _decode(os.fsencode(text), "the command line")
    return text


def _is_text_file(argument: str) -> bool:
    return argument.lower().endswith(TEXT_ENDINGS) and _is_file(argument)


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except (OSError, ValueError):  # too long for a path, or a null character: text
        return False


def _read_stdin() -> bytes:
    buffer = getattr(sys.stdin, "buffer", None)
    return buffer.read() if buffer is not None else sys.stdin.read().encode()


def _decode(data: bytes, source: str) -> str:
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{source} is not {'UTF-16' if marked else 'UTF-8'} text (byte {data[error.start]:#04x} at position {error.start}): convert it, for "
            "example with `iconv -f LATIN1 -t UTF-8`."
        ) from error
    if not text.strip():
        raise CommandError(f"{source} is empty: there is nothing to speak.")
    return text
