"""The pages about markup and timestamps: every block of code runs as it stands there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from valetts_hf import cli
from valetts_hf.processing.say_as import KINDS
from valetts_hf.processing.ssml import TAGS, parse_ssml


DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = ("markup.md", "timestamps.md")


def blocks(page: str, language: str) -> list[tuple[str, int]]:
    """The blocks of a page in a language, with their lines."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [(match[2], text[: match.start(2)].count("\n")) for match in found if match[1] == language]


@pytest.fixture
def folder(tmp_path, monkeypatch, tiny_checkpoint) -> Path:
    """An empty folder, and a quick checkpoint in the place of the bundled one."""
    monkeypatch.setattr("valetts_hf.BASE_CHECKPOINT", str(tiny_checkpoint))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_python(page, folder, capsys):
    namespace: dict = {"__name__": "guide"}
    for body, line in blocks(page, "python"):
        exec(compile("\n" * line + body, page, "exec"), namespace)
        for shown in re.findall(r"print\(.*\)  # (.*)", body):
            assert shown in capsys.readouterr().out
    if page == "timestamps.md":
        assert {"ferry.json", "ferry.srt", "ferry.vtt", "ferry.TextGrid", "chapter.vtt"} <= set(os.listdir(folder))


@pytest.mark.parametrize(
    "line", [line for page in PAGES for body, _ in blocks(page, "console") for line in body.splitlines() if line]
)
def test_commands(line, folder):
    words = shlex.split(line)
    assert words[0] == "valetts"
    assert cli.main([*words[1:], "--seed", "1"]) == 0
    assert Path(words[words.index("--output") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("body", [body for body, _ in blocks("markup.md", "xml")])
def test_documents(body):
    assert parse_ssml(body)


def test_the_page_names_every_tag_attribute_and_kind():
    text = (DOCS / "markup.md").read_text(encoding="utf-8")
    for name, attributes in TAGS.items():
        assert all(f"`{word}" in text for word in (name, *attributes)), name
    assert all(f"`{kind}`" in text for kind in KINDS)
