"""Every code block of the documentation runs as it stands there, page by page, or says above itself why not."""

from __future__ import annotations

import contextlib
import shutil
import sys

import pytest
import soundfile

from tests.docs.blocks import blocks, blocks_of, pages
from tests.docs.rooms import FILES, SLOW, TINY, shorten_adaptation
from tests.docs.running import Room


PAGES = [page for page in pages() if blocks(page)]


@pytest.fixture
def room(request, tmp_path, monkeypatch, voice_wav, base_checkpoint, tiny_checkpoint):
    """A folder with what a reader of the page is told to have."""
    page = request.param
    if page in TINY:
        monkeypatch.setattr("valetts_hf.BASE_CHECKPOINT", str(tiny_checkpoint))
    elif base_checkpoint == tiny_checkpoint:
        pytest.skip("the pages speak with the voices and styles of the bundled checkpoint, which is not here")
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    folder = tmp_path / "room"
    folder.mkdir()
    for name, make in FILES.get(page, {}).items():
        if make is None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(voice_wav, folder / name)
        else:
            make(folder / name, request.getfixturevalue)
    if page == "docs/adaptation.md":
        shorten_adaptation(monkeypatch)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    with contextlib.ExitStack() as stack:
        yield Room(folder, monkeypatch, stack)
    for path in folder.rglob("*.py"):
        sys.modules.pop(path.stem, None)  # a module of one page is not that of the next, nor of other tests


@pytest.mark.parametrize(
    ("page", "room"),
    [pytest.param(page, page, marks=[pytest.mark.slow] if page in SLOW else [], id=page) for page in PAGES],
    indirect=["room"],
)
def test_page(page, room):
    for block in blocks(page):
        try:
            room.run(block)
        except Exception as error:
            error.add_note(f"in the block at {block.place}") if hasattr(error, "add_note") else None
            raise
    for path in room.folder.rglob("*"):
        if path.suffix in (".wav", ".mp3", ".ogg", ".flac") and path.stat().st_size:
            assert soundfile.info(path).duration > 0.1, path


def test_most_blocks_run():
    """What is left out has a reason, and is little. `pytest -s -k most_blocks_run` lists it."""
    every = [block for page in PAGES for block in blocks(page)]
    left_out = [block for block in every if block.reason]
    for block in left_out:
        print(f"{block.place}: {block.reason}")
    print(f"{len(every) - len(left_out)} of {len(every)} blocks run")
    assert len(every) > 150 and len(left_out) < 0.25 * len(every)
    assert all(len(block.reason) > 8 for block in left_out)


def test_a_marked_block_is_found_with_its_reason():
    text = (
        "A\n\n<!-- not run: needs a GPU -->\n```python\nx = 1\n```\n\n- b\n\n  ```console\n  valetts doctor\n  ```\n"
    )
    marked, plain = blocks_of(text)
    assert (marked.reason, marked.body, marked.line) == ("needs a GPU", "x = 1\n", 4)
    assert plain.reason is None and plain.body == "valetts doctor\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```python\nprint(1)  # -> 2\n```\n", "does not print '2'"),
        ("```console\nvaletts nonsense\n```\n", ""),
        ("```console\nrm -r everything\n```\n", "teach tests.docs.running to run it"),
        ("```\nwhat is this\n```\n", "no language"),
        ("```json\n{1}\n```\n", ""),
        ("<!-- not run: a reason -->\n```console\npython training_scripts/nothing.py\n```\n", "there is no training"),
        ("<!-- not run: a reason -->\n```console\nvaletts say --nonsense\n```\n", ""),
        ("<!-- not run: a reason -->\n```python\nx =\n```\n", ""),
    ],
)
def test_what_is_wrong_fails(text, wrong, tmp_path, monkeypatch):
    (block,) = blocks_of(text)
    with contextlib.ExitStack() as stack, pytest.raises((Exception, SystemExit)) as caught:
        Room(tmp_path, monkeypatch, stack).run(block)
    assert wrong in str(caught.value)
