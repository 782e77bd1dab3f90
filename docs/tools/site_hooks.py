"""MkDocs hooks: what the site shows of files that lie outside of `docs/`, and links that GitHub and the site both follow.

The model card lives beside the checkpoint and becomes a page; links out of `docs/` lead to the repository if `repo_url` is set,
else they become plain code. Pages are written for GitHub, too, so nothing in them is special to MkDocs.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


# file of the repository -> its place in the site
INCLUDED = {
    "model_cards/base.md": "model_card.md",
    "model_cards/training_curve.png": "training_curve.png",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The included files join the pages."""
    root = Path(config.config_file_path).parent
    for source, target in INCLUDED.items():
        files.append(File.generated(config, target, abs_src_path=str(root / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Links out of the folder are turned, shell lines without prompts are coloured as what they are, the home page is wide."""
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]
    source = next((origin for origin, place in INCLUDED.items() if place == page.file.src_uri), None)
    folder = posixpath.dirname(source or f"docs/{page.file.src_uri}")

    def turned(found: re.Match[str]) -> str:
        mark, text, target, anchor = found[1], found[2], found[3], found[4] or ""
        if "://" in target or target.startswith(("mailto:", "/")):
            return found[0]
        place = posixpath.normpath(posixpath.join(folder, target))
        if place in INCLUDED or place.startswith("docs/"):
            here = posixpath.dirname(page.file.src_uri)
            there = INCLUDED.get(place) or place.removeprefix("docs/")
            return f"{mark}[{text}]({posixpath.relpath(there, here or '.')}{anchor})"
        if config.repo_url:
            return f"{mark}[{text}]({config.repo_url.rstrip('/')}/blob/main/{place}{anchor})"
        return f"{text} (`{place}`)"

    out, inside = [], False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
            line = line.replace("```console", "```bash")
        elif not inside:
            line = LINK.sub(turned, line)
        out.append(line)
    return "\n".join(out)
