"""Every snippet of the README runs as it stands there, and everything it points to exists."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import soundfile

from valetts_hf import cli


ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    (match[1], match[2], README[: match.start(2)].count("\n"))
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
]
COMMANDS = [
    line for language, body, _ in BLOCKS if language == "console" for line in body.splitlines() if line.strip()
]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def folder(tmp_path, monkeypatch, voice_wav, base_checkpoint) -> Path:
    """An empty folder with what a reader of the README is told to have: a recording, and some text."""
    shutil.copy(voice_wav, tmp_path / "my_voice.wav")
    (tmp_path / "story.txt").write_text("The ferry was late. Nobody minded.", encoding="utf-8")
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_two_commands():
    assert 'pip install . && valetts say "The ferry leaves the harbour at seven." --output ferry.wav' in COMMANDS
    assert 'pip install ".[dev]" && pytest' in COMMANDS


def test_every_block_is_run_here():
    assert {language for language, _, _ in BLOCKS} == {"console", "python"}
    assert sum(language == "python" for language, _, _ in BLOCKS) >= 3


def test_python_snippets(folder, capsys):
    """In the order of the page and in one namespace, as someone would type them."""
    namespace: dict = {"__name__": "readme"}
    for language, body, line in BLOCKS:
        if language == "python":
            exec(compile("\n" * line + body, "README.md", "exec"), namespace)
    out = namespace["out"]
    assert out["sampling_rate"] == 24000 and out["audio"].size > 2400
    words = [text.split()[-1] for text in capsys.readouterr().out.splitlines() if " - " in text]
    assert [word.strip(".,") for word in words] == "The ferry leaves the harbour at seven".split()
    for name in ("ferry.flac", "cloned.wav"):
        assert soundfile.info(name).samplerate == 24000 and soundfile.info(name).duration > 0.2


def runnable() -> list[str]:
    """The `valetts` part of each command line; what installs is looked at, not run."""
    return [part for line in COMMANDS for part in line.split(" && ") if "valetts " in part]


@pytest.mark.parametrize("line", runnable())
def test_commands(line, folder, base_checkpoint, monkeypatch, capsysbinary):
    words = shlex.split(line)
    target = None
    if words[0] == "echo":
        text = words[1]
        assert words[2] == "|"
        words = words[3:]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{text}\n".encode())))
    if ">" in words:
        target = words[words.index(">") + 1]
        words = words[: words.index(">")]
    assert words[0] == "valetts"
    if "--voice maria" in line:  # a reader has made her with the line before
        (enroll,) = (other for other in runnable() if other.startswith("valetts voice enroll"))
        assert cli.main(shlex.split(enroll)[1:]) == 0
    assert cli.main(words[1:]) == 0
    out = capsysbinary.readouterr().out
    if target:
        Path(target).write_bytes(out)
    outputs = [
        word
        for word in [target, *words]
        if word and word.endswith((".wav", ".mp3", ".ogg")) and word != "my_voice.wav"
    ]
    for name in outputs:
        assert soundfile.info(name).samplerate == 24000, name
    assert outputs or out or (folder / "home" / "voices" / "maria" / "voice.json").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken, f"{page.name} points to what is not there: {broken}"


def test_the_map_shows_places_that_exist():
    places = [
        place
        for row in re.findall(r"^\| (`.*?) \|", README, flags=re.MULTILINE)
        for place in re.findall(r"`([^`]+)`", row)
    ]
    assert len(places) >= 10
    missing = [
        place for place in places if not (ROOT / place).exists() and not (ROOT / "src/valetts_hf" / place).exists()
    ]
    assert not missing, missing
