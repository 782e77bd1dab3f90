"""The site builds without a warning, shows docstrings as text, and fetches nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT


pytest.importorskip("mkdocstrings", reason="the site's tools are not installed: pip install '.[docs]'")
pytest.importorskip("material", reason="the site's tools are not installed: pip install '.[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_nothing_comes_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 35
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?(https?:[^\"' >]+)", text)
        assert not loaded, (page.name, loaded)


@pytest.mark.slow
def test_reference(site):
    text = (site / "api" / "speaking.html").read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>", "", text)
    assert "Speak a text of any length." in plain and "speaking_rate (float): 0.25 to 4" in plain
    assert re.search(r'<a [^>]*href="voices\.html#valetts_hf\.Voice"', text), "[`Voice`] does not lead to its entry"
    for page in (site / "api").glob("*.html"):
        body = re.sub(r"<(pre|code|script)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        left = re.findall(r"(?:^|>)\s*(?:Args|Returns|Raises|Yields):|\[<code>|\*optional\*|&gt;&gt;&gt;", body)
        assert not left, (page.name, left)


@pytest.mark.slow
def test_model_card_and_its_picture(site):
    assert "What was measured" in (site / "model_card.html").read_text(encoding="utf-8")
    assert (site / "training_curve.png").stat().st_size > 10_000
