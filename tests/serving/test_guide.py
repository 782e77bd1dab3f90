"""The guide to the page: its program runs, its pictures are there and small, and its table of errors names those there are."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import soundfile

from valetts_hf.serving import app, demo_api, errors, middleware, session_voices, studio, uploads, worker


ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")


def test_its_program_runs_as_it_stands(base_checkpoint, tmp_path, monkeypatch):
    import uvicorn

    from valetts_hf.inference import ValeTTS

    server = uvicorn.Server(
        uvicorn.Config(app.create_demo_app(ValeTTS.from_pretrained()), port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
    try:
        exec(compile(program.replace("7860", str(port)), "docs/demo.md", "exec"), {"__name__": "guide"})
    finally:
        server.should_exit = True
        thread.join(20)
    audio, rate = soundfile.read(tmp_path / "true.wav")
    assert rate == 24000 and len(audio) > 2400


def test_its_pictures_are_there_and_small():
    pictures = re.findall(r"images/\w+\.png", GUIDE)
    assert len(pictures) == 2
    assert all(0 < (ROOT / "docs" / picture).stat().st_size <= 300_000 for picture in pictures)


def test_it_names_every_error():
    modules = (app, demo_api, errors, middleware, session_voices, studio, uploads, worker)
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in modules)
    raised = set(re.findall(r'ServiceError\(\s*\d{3},\s*"(\w+)"', source)) - {"client_left"}
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
