"""Measured tables inside hand-written Markdown: the block between `<!-- name -->` and `<!-- /name -->` is replaced."""

from __future__ import annotations

from pathlib import Path

from valetts_hf.training.model_card import write_atomically


def replace_block(path: Path, name: str, content: str) -> None:
    """Put new content into a block of a Markdown file.

    Args:
        path (`Path`): the file. name (`str`): of the block. content (`str`): Markdown.

    Raises:
        ValueError: the file has no such block, or not exactly one. OSError: it cannot be read or written.
    """
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = path.read_text(encoding="utf-8")
    if text.count(opening) != 1 or text.count(closing) != 1 or text.index(opening) > text.index(closing):
        raise ValueError(f"{str(path)!r} must have one block {opening} ... {closing} to put the new tables into")
    before, rest = text.split(opening)
    write_atomically(path, f"{before}{opening}\n\n{content.strip()}\n\n{closing}{rest.split(closing)[1]}")
