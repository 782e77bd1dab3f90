"""The Portuguese pages keep step with the English ones: same sections, tables and code but for texts and names."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from tests.docs.blocks import SHELL, blocks, prose, read
from tests.docs.running import command_lines


PAIRS = [("docs/quick_start.md", "docs/pt/inicio_rapido.md"), ("docs/voices.md", "docs/pt/vozes.md")]


class _Shape(ast.NodeTransformer):
    """A program without the texts and names that a translation changes."""

    def visit_Constant(self, node):
        return ast.Constant("..." if isinstance(node.value, str) else node.value)

    def visit_JoinedStr(self, node):
        return ast.Constant("...")

    def visit_Name(self, node):
        return ast.Name(
            node.id if node.id in ("ValeTTS", "direct", "pipeline", "valetts_hf", "tts") else "_", node.ctx
        )


def shape(block) -> str:
    """What must be alike in both languages."""
    if block.language == "python":
        return ast.dump(_Shape().visit(ast.parse(block.body)))
    if block.language in SHELL:
        lines = [shlex.split(line) for line in command_lines(block.body)]
        return repr([[words[0], *(word for word in words if word.startswith("-")), len(words)] for words in lines])
    return block.body


def structure(page: str) -> list[str]:
    """Levels of headings and numbers of columns, in order."""
    found = re.findall(r"^(#+) |^(\|.*\|)$", prose(read(page)), re.MULTILINE)
    return [level or str(row.count(" |")) for level, row in found]


@pytest.mark.parametrize(("english", "portuguese"), PAIRS)
def test_sections_and_tables(english, portuguese):
    assert structure(english) == structure(portuguese)


@pytest.mark.parametrize(("english", "portuguese"), PAIRS)
def test_code(english, portuguese):
    first, second = blocks(english), blocks(portuguese)
    assert [(block.language, block.reason) for block in first] == [(block.language, block.reason) for block in second]
    for one, other in zip(first, second):
        assert shape(one) == shape(other), f"{one.place} and {other.place}"


@pytest.mark.parametrize(("english", "portuguese"), PAIRS)
def test_numbers_of_the_tables(english, portuguese):
    def numbers(page: str) -> list[str]:
        cells = "\n".join(re.findall(r"^\|.*\|$", read(page), re.MULTILINE))
        return re.findall(r"\d+(?:\.\d+)?", re.sub(r"(\d),(\d)", r"\1.\2", cells))

    assert numbers(english) == numbers(portuguese)


def test_texts_are_translated():
    for english, portuguese in PAIRS:
        same = set(prose(read(english)).splitlines()) & set(prose(read(portuguese)).splitlines())
        assert not [line for line in same if len(line) > 40 and "---" not in line and "<!--" not in line]
