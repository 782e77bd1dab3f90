"""The code blocks of the documentation: which there are, and which of them say that they are not run.

A comment directly above a block speaks to the tests and is invisible to readers:

    <!-- not run: needs a GPU -->      the block is only looked at: Python must compile, commands must be understood
    <!-- file: mine.yaml -->           the block is a file that later blocks of the page use; it is saved, and parsed by its name
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


ROOT = Path(__file__).resolve().parents[2]
SHELL = ("console", "bash")
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)```[ ]*$", re.DOTALL | re.MULTILINE
)
_MARK = re.compile(r"<!-- (not run|file): (.+?) -->\s*\Z")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Args:
        page (`str`): of the repository, as `docs/sdk.md`.
        line (`int`): of its first line of code, from 0.
        language (`str`): what stands behind the fence.
        body (`str`): the code, without the indentation of the fence.
        reason (`str`, *optional*): why it is not run.
        file (`str`, *optional*): the name it is saved under.
    """

    page: str
    line: int
    language: str
    body: str
    reason: str | None = None
    file: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line + 1}"


def pages() -> list[str]:
    """Everything written for users, as paths in the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "model_cards" / "base.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    found += sorted((ROOT / "deploy").rglob("*.md")) + sorted((ROOT / "kernels").glob("*/CARD.md"))
    return [str(path.relative_to(ROOT)) for path in found]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", text)


def blocks_of(text: str, page: str = "page") -> list[Block]:
    """The blocks of a text, in order."""
    found = []
    for match in _FENCE.finditer(text):
        mark = _MARK.search(text[: match.start()])
        meant = {mark[1]: mark[2]} if mark else {}
        indent = len(match["indent"])
        body = "".join(line[indent:] if line.strip() else line for line in match["body"].splitlines(keepends=True))
        found.append(
            Block(
                page,
                text[: match.start("body")].count("\n"),
                match["language"],
                body,
                meant.get("not run"),
                meant.get("file"),
            )
        )
    return found


def blocks(page: str, *languages: str) -> list[Block]:
    """The blocks of a page, of some languages or of all."""
    return [block for block in blocks_of(read(page), page) if not languages or block.language in languages]
