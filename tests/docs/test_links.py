"""Links and pictures of the documentation lead somewhere: files, headings, and every page from the navigation."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import ROOT, pages, prose, read


_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_PICTURE = re.compile(r"<img[^>]*\bsrc=\"([^\"]+)\"")


def anchors(text: str) -> set[str]:
    """The anchors that GitHub, and this site, make of the headings of a page."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", lambda link: link[1] or "", heading)
        slug = re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", plain).lower()).strip().replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {f"{slug}-{number}" if number else slug for slug, last in found.items() for number in range(last + 1)}


def targets(text: str) -> list[str]:
    plain = re.sub(r"`[^`\n]*`", "", prose(text))
    return _LINK.findall(plain) + _PICTURE.findall(plain)


def broken(page: str, text: str) -> list[str]:
    """Links of a page that lead nowhere; addresses of the web are not asked for."""
    wrong = []
    for target in targets(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = Path(os.path.normpath((ROOT / page).parent / path)) if path else ROOT / page
        if not place.exists() or ROOT not in (place, *place.parents):
            wrong.append(target)
        elif anchor and (
            place.suffix != ".md" or anchor not in anchors(text if not path else place.read_text("utf-8"))
        ):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    assert not broken(page, read(page))


def test_a_broken_link_is_found():
    text = (
        "# One\n\n[a](#one) [b](#two) [c](sdk.md#loading) [d](sdk.md#nothing) ![e](images/no.png) [f](https://x.y)\n"
    )
    assert broken("docs/index.md", text) == ["#two", "sdk.md#nothing", "images/no.png"]


def test_anchors():
    assert anchors("# What `valetts` says\n## A\n## A\n### Ação: já\n") == {"what-valetts-says", "a", "a-1", "ação-já"}


def test_every_page_is_in_the_navigation():
    class Loader(yaml.SafeLoader):
        """Leaves the tags of Python alone."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)
    navigation = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)["nav"]

    def files(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [name for value in (entry.values() if isinstance(entry, dict) else entry) for name in files(value)]

    listed = files(navigation)
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert len(listed) == len(set(listed)) and set(listed) == there | {"model_card.md"}


def test_every_picture_is_used_and_small():
    text = "".join(read(page) for page in pages())
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.name in text, f"no page shows {picture.name}"
        assert picture.stat().st_size <= 300_000, picture.name
