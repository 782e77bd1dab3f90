"""Docstrings as transformers writes them, as the Markdown of the reference."""

from __future__ import annotations

import importlib.util

import pytest

from tests.docs.blocks import ROOT


pytest.importorskip("griffe", reason="the site's tools are not installed: pip install '.[docs]'")


@pytest.fixture(scope="module")
def tools():
    path = ROOT / "docs" / "tools" / "hugging_face_docstrings.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_arguments_and_errors(tools):
    text = (
        "Speak.\n\nArgs:\n    text (`str`, *optional*): what to say,\n        in words.\n    a, b (`int`): two numbers.\n\n"
        "Raises:\n    `ValueError`: no text. `VoiceError` (a `ValueError`): no\n    such voice.\n"
    )
    markdown = tools.to_markdown(text, {})
    assert "**Arguments**" in markdown and "- **`text`** (`str`, *optional*): what to say, in words.\n" in markdown
    assert "- **`a`**, **`b`** (`int`): two numbers." in markdown
    mixed = tools.to_markdown("Args:\n    a (`int`), b (`str`, *optional*): two things.", {})
    assert "- **`a`** (`int`), **`b`** (`str`, *optional*): two things." in mixed
    assert "- **`ValueError`**: no text.\n- **`VoiceError`** (a `ValueError`): no such voice." in markdown


def test_links(tools):
    entries = {"Voice": "valetts_hf.Voice"}
    markdown = tools.to_markdown(
        "[`Voice`], [`Voice.mix`], [`Unknown`], [`~a.b.Voice`], [`Voice`](x.md), x[`0`][0]", entries
    )
    assert markdown == (
        "[`Voice`][valetts_hf.Voice], [`Voice.mix`][valetts_hf.Voice.mix], `Unknown`, [`Voice`][valetts_hf.Voice], "
        "[`Voice`](x.md), x[`0`][0]"
    )


def test_examples_lose_their_prompts(tools):
    text = "A.\n\nExample:\n\n```python\n>>> f(1)\n... # more\n2\n```\n\nExample:\n    >>> g()\n    3\n"
    markdown = tools.to_markdown(text, {})
    assert ">>>" not in markdown and "f(1)\n# more\n# 2\n" in markdown and "```python\ng()\n# 3\n" in markdown


def test_sentences_stay_sentences(tools):
    markdown = tools.to_markdown("A.\n\nReturns:\n    Iterator of parts: put together\n    they are all.\n\nMore.", {})
    assert "**Returns**\n\nIterator of parts: put together\nthey are all." in markdown and markdown.endswith("More.")


def test_types_of_the_signature_stand_in(tools):
    import griffe

    given = {"x": griffe.Parameter("x", annotation="int | None")}
    assert "- **`x`** (`int | None`): a number." in tools.to_markdown("Args:\n    x: a number.", {}, given)
