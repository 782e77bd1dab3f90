"""The guide to the page names every error there is, and the page says each in both of its languages."""

from __future__ import annotations

import re
from pathlib import Path

from valetts_hf.serving import app, demo_api, errors, middleware, scheduler, session_voices, studio, uploads


ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")


def test_it_names_every_error():
    modules = (app, demo_api, errors, middleware, scheduler, session_voices, studio, uploads)
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in modules)
    raised = set(re.findall(r'ServiceError\(\s*\d{3},\s*"(\w+)"', source)) - {"client_left", "stalled"}
    assert {"busy", "too_large", "no_consent"} <= raised
    missing = {code for code in raised if f"`{code}`" not in GUIDE}
    assert not missing


def test_the_page_says_every_error_in_portuguese():
    strings = (ROOT / "src/valetts_hf/serving/static/js/strings-pt.js").read_text(encoding="utf-8")
    table = GUIDE[GUIDE.index("| Status | Codes |") :]
    codes = set(re.findall(r"`([a-z_]+)`", table)) - {"details", "other_site", "wrong_host", "not_found"}
    missing = {code for code in codes if f'"error.{code}"' not in strings}
    assert not missing


def test_both_languages_of_the_page_have_the_same_words():
    tables = []
    for language in ("en", "pt"):
        path = ROOT / f"src/valetts_hf/serving/static/js/strings-{language}.js"
        tables.append(set(re.findall(r'^  "?([\w.]+)"?:', path.read_text(encoding="utf-8"), flags=re.MULTILINE)))
    english, portuguese = tables
    assert len(english) > 90 and english <= portuguese
    assert {key.split(".")[0] for key in portuguese - english} == {"error", "finding"}
